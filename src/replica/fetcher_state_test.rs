//! A follower's book-keeping by examples, and where to cut.

use super::*;
use crate::base::ids::{PartitionIndex, Uuid};

const NOW: Millis = Millis(1000);

fn partition(index: i32) -> FollowedPartition {
    FollowedPartition { topic_id: Uuid([7; 16]), topic: "t".into(), partition: PartitionIndex(index) }
}

fn at(log_end: i64, last_epoch: i32) -> Position {
    Position { log_end: Offset(log_end), last_epoch: LeaderEpoch(last_epoch) }
}

fn following(at: Position) -> FetcherState<()> {
    let mut state = FetcherState::new(Millis(1000));
    state.follow(partition(0), (), LeaderEpoch(5), at);
    state
}

fn wish(state: &mut FetcherState<()>) -> FetchWish {
    state.plan(NOW, |_| Offset(0)).fetches[0].1
}

#[test]
fn an_answer_counts_only_for_what_is_still_asked() {
    let mut state = following(at(10, 4));
    let asked = wish(&mut state);
    assert_eq!(
        (asked.from, asked.leader_epoch, asked.last_fetched_epoch),
        (Offset(10), LeaderEpoch(5), LeaderEpoch(4))
    );
    assert_eq!(state.answered(&partition(0), &asked, ErrorCode::None, None, NOW), Step::Append);
    state.moved(&partition(0), LeaderEpoch(5), at(20, 5));
    assert_eq!(state.answered(&partition(0), &asked, ErrorCode::None, None, NOW), Step::Nothing, "it came before");
    let asked = wish(&mut state);
    state.follow(partition(0), (), LeaderEpoch(6), at(20, 5));
    assert_eq!(state.answered(&partition(0), &asked, ErrorCode::None, None, NOW), Step::Nothing, "another epoch since");
    state.moved(&partition(0), LeaderEpoch(5), at(30, 5));
    assert_eq!(wish(&mut state).from, Offset(20));
}

#[test]
fn a_leader_that_is_not_ready_is_asked_again_soon_and_then_less_often() {
    let mut state = following(at(10, 4));
    let mut now = NOW;
    let mut pauses = Vec::new();
    for _ in 0..8 {
        let asked = state.plan(now, |_| Offset(0)).fetches[0].1;
        state.answered(&partition(0), &asked, ErrorCode::UnknownLeaderEpoch, None, now);
        let plan = state.plan(now, |_| Offset(0));
        assert!(plan.fetches.is_empty());
        pauses.push(plan.next_due.unwrap().since(now).0);
        now = plan.next_due.unwrap();
    }
    assert_eq!(pauses, [20, 40, 80, 160, 320, 640, 1000, 1000]);
}

#[test]
fn out_of_range_asks_for_the_ends_and_fenced_waits_for_the_metadata() {
    let mut state = following(at(10, 4));
    let asked = wish(&mut state);
    state.answered(&partition(0), &asked, ErrorCode::OffsetOutOfRange, None, NOW);
    let plan = state.plan(NOW, |_| Offset(0));
    assert_eq!((plan.fetches.len(), plan.ask_ends), (0, vec![(partition(0), LeaderEpoch(5))]));
    state.moved(&partition(0), LeaderEpoch(5), at(50, 4));
    let asked = wish(&mut state);
    assert_eq!(asked.from, Offset(50));
    state.answered(&partition(0), &asked, ErrorCode::FencedLeaderEpoch, None, NOW);
    let plan = state.plan(NOW, |_| Offset(0));
    assert!(plan.fetches.is_empty() && plan.next_due.is_none());
    state.follow(partition(0), (), LeaderEpoch(6), at(50, 4));
    assert_eq!(wish(&mut state).leader_epoch, LeaderEpoch(6));
}

#[test]
fn the_cut_is_at_the_end_of_what_both_have() {
    // Ours: epoch 2 ends at 10, epoch 4 at 25; the log ends at 30 in epoch 7.
    let ours = |epoch: LeaderEpoch| match epoch.0 {
        ..2 => (LeaderEpoch::NONE, Offset::NONE),
        2..4 => (LeaderEpoch(2), Offset(10)),
        4..7 => (LeaderEpoch(4), Offset(25)),
        _ => (LeaderEpoch(7), Offset(30)),
    };
    let cut = |epoch, end| truncation_point((LeaderEpoch(epoch), Offset(end)), ours, Offset(30)).0;
    assert_eq!(cut(4, 20), 20, "the leader's part of the epoch is shorter");
    assert_eq!(cut(4, 28), 25, "ours is shorter");
    assert_eq!(cut(5, 40), 25, "we never had that epoch: back to the end of the one before, and ask again");
    assert_eq!(cut(1, 3), 3, "older than all we know");
    assert_eq!(cut(7, 99), 30, "never beyond our end");
}
