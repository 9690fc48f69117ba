//! The rules of election, one test for each rule in the head of `partition_change.rs`.

use super::*;
use crate::base::ids::{LeaderEpoch, PartitionEpoch};

fn ids(list: &[i32]) -> Vec<NodeId> {
    list.iter().copied().map(NodeId).collect()
}

fn partition(replicas: &[i32], isr: &[i32], leader: i32) -> PartitionImage {
    PartitionImage {
        replicas: ids(replicas),
        isr: ids(isr),
        leader: NodeId(leader),
        leader_epoch: LeaderEpoch(3),
        partition_epoch: PartitionEpoch(5),
        removing: Vec::new(),
        adding: Vec::new(),
        directories: vec![Uuid::ZERO; replicas.len()],
        leader_recovery_state: 0,
        eligible_leader_replicas: Vec::new(),
        last_known_elr: Vec::new(),
    }
}

/// Builds with eligible leaders kept, min ISR 2, and these brokers alive.
fn change(
    partition: &PartitionImage,
    alive: &[i32],
    want: impl FnOnce(PartitionChangeBuilder<'_>) -> PartitionChangeBuilder<'_>,
) -> Option<PartitionChange> {
    let acceptable = |id: NodeId| alive.contains(&id.0);
    let directory = |_| Uuid::ZERO;
    let builder = PartitionChangeBuilder::new(partition, Uuid([1; 16]), PartitionIndex(0), &acceptable, &directory);
    want(builder.eligible_leaders(true, 2)).build()
}

#[test]
fn nothing_wanted_is_no_record() {
    let p = partition(&[1, 2, 3], &[1, 2, 3], 1);
    assert_eq!(change(&p, &[1, 2, 3], |b| b), None);
    assert_eq!(change(&p, &[1, 2, 3], |b| b.election(Election::Preferred)), None);
    assert_eq!(change(&p, &[1, 2, 3], |b| b.election(Election::Unclean)), None);
}

#[test]
fn the_preferred_leader_takes_over_only_when_asked() {
    let p = partition(&[1, 2, 3], &[1, 2, 3], 2);
    assert_eq!(change(&p, &[1, 2, 3], |b| b), None);
    let taken = change(&p, &[1, 2, 3], |b| b.election(Election::Preferred)).unwrap();
    assert_eq!((taken.leader, taken.isr), (Some(NodeId(1)), None));
    assert_eq!(
        change(&partition(&[1, 2], &[2], 2), &[1, 2], |b| b.election(Election::Preferred)),
        None,
        "1 is not in sync"
    );
}

#[test]
fn a_dead_leader_is_followed_by_the_first_in_sync_that_lives() {
    let p = partition(&[1, 2, 3], &[1, 2, 3], 1);
    let next = change(&p, &[2, 3], |b| b.isr(ids(&[2, 3]))).unwrap();
    assert_eq!((next.leader, next.isr, next.eligible_leader_replicas), (Some(NodeId(2)), Some(ids(&[2, 3])), None));
}

#[test]
fn who_falls_out_below_the_min_isr_stays_eligible() {
    let p = partition(&[1, 2, 3], &[1, 2], 1);
    let next = change(&p, &[1], |b| b.isr(ids(&[1]))).unwrap();
    assert_eq!((next.leader, next.isr, next.eligible_leader_replicas), (None, Some(ids(&[1])), Some(ids(&[2]))));
    let mut last = partition(&[1, 2, 3], &[1], 1);
    last.eligible_leader_replicas = ids(&[2]);
    let gone = change(&last, &[], |b| b.isr(Vec::new())).unwrap();
    assert_eq!((gone.leader, gone.isr), (Some(NodeId::NONE), Some(Vec::new())));
    assert_eq!((gone.eligible_leader_replicas, gone.last_known_elr), (Some(ids(&[2, 1])), Some(ids(&[1]))));
}

#[test]
fn an_eligible_replica_leads_alone_and_cleanly() {
    let mut p = partition(&[1, 2, 3], &[], -1);
    p.eligible_leader_replicas = ids(&[2, 3]);
    p.last_known_elr = ids(&[1]);
    let next = change(&p, &[3], |b| b).unwrap();
    assert_eq!((next.leader, next.isr, next.leader_recovery_state), (Some(NodeId(3)), Some(ids(&[3])), None));
    assert_eq!((next.eligible_leader_replicas, next.last_known_elr), (Some(ids(&[2])), Some(Vec::new())));
}

#[test]
fn an_unclean_election_has_to_recover() {
    let mut p = partition(&[1, 2], &[1], -1);
    assert_eq!(change(&p, &[2], |b| b), None, "nobody in sync lives");
    let next = change(&p, &[2], |b| b.election(Election::Unclean)).unwrap();
    assert_eq!((next.leader, next.isr, next.leader_recovery_state), (Some(NodeId(2)), Some(ids(&[2])), Some(1)));
    // The one that led last, once nobody else is known to hold anything.
    p.isr.clear();
    p.last_known_elr = ids(&[1]);
    assert_eq!(change(&p, &[2], |b| b), None);
    let back = change(&p, &[1, 2], |b| b).unwrap();
    assert_eq!((back.leader, back.leader_recovery_state), (Some(NodeId(1)), Some(1)));
}

#[test]
fn a_move_is_completed_once_the_new_replicas_are_in_sync() {
    let mut p = partition(&[3, 4, 1], &[1], 1);
    (p.adding, p.removing) = (ids(&[3, 4]), ids(&[1]));
    let half = change(&p, &[1, 3, 4], |b| b.isr(ids(&[1, 3]))).unwrap();
    assert_eq!((half.replicas, half.leader), (None, None));
    let done = change(&p, &[1, 3, 4], |b| b.isr(ids(&[1, 3, 4]))).unwrap();
    assert_eq!((done.replicas, done.isr), (Some(ids(&[3, 4])), Some(ids(&[3, 4]))));
    assert_eq!((done.adding, done.removing), (Some(Vec::new()), Some(Vec::new())));
    assert_eq!(done.leader, Some(NodeId(3)), "the old leader left");
}

#[test]
fn a_replica_that_leaves_starts_an_epoch_even_if_the_leader_stays() {
    let p = partition(&[1, 2, 3], &[1, 2, 3], 1);
    let next = change(&p, &[1, 2, 3], |b| b.replicas(ids(&[1, 2])).isr(ids(&[1, 2]))).unwrap();
    assert_eq!(next.leader, Some(NodeId(1)));
}
