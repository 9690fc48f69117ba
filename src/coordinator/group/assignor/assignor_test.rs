//! Balance, stickiness, and one owner for each partition.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Members by number, what each subscribes to and what it was to own; topics by number and how many partitions each has.
struct Case {
    topics: Vec<i32>,
    members: Vec<(Vec<usize>, Partitions)>,
}

fn id(topic: usize) -> Uuid {
    let mut bytes = [0; 16];
    bytes[14..].copy_from_slice(&(topic as u16).to_be_bytes());
    Uuid(bytes)
}

fn run(assignor: Assignor, case: &Case) -> Vec<Partitions> {
    let names: Vec<String> = (0..case.members.len()).map(|m| format!("member-{m:05}")).collect();
    let subscribed: BTreeSet<usize> = case.members.iter().flat_map(|(topics, _)| topics.iter().copied()).collect();
    let places: Vec<usize> = subscribed.into_iter().collect();
    let topics = places.iter().map(|t| Topic { id: id(*t), partitions: case.topics[*t] }).collect();
    let member = |(name, (topics, previous)): (&'static str, &(Vec<usize>, Partitions))| Member {
        id: name,
        instance_id: None,
        topics: topics.iter().map(|t| places.binary_search(t).unwrap()).collect(),
        previous: Arc::new(previous.clone()),
    };
    let names = names.into_iter().map(|name| &*name.leak());
    let members = names.zip(&case.members).map(member).collect();
    let homogeneous = case.members.windows(2).all(|pair| pair[0].0 == pair[1].0);
    let spec = Spec { topics, members, homogeneous };
    assignor.assign(&spec).into_iter().map(|share| (*share).clone()).collect()
}

/// Everything that somebody subscribes to has one owner, and that is a subscriber.
fn check(case: &Case, shares: &[Partitions]) {
    let mut owned = BTreeSet::new();
    for ((topics, _), share) in case.members.iter().zip(shares) {
        for (topic, partitions) in share {
            assert!(!partitions.is_empty() && partitions.is_sorted());
            assert!(topics.iter().any(|t| id(*t) == *topic), "not subscribed");
            for partition in partitions {
                assert!(owned.insert((*topic, *partition)), "owned twice");
            }
        }
    }
    for (topic, partitions) in case.topics.iter().enumerate() {
        if case.members.iter().any(|(topics, _)| topics.contains(&topic)) {
            assert!((0..*partitions).all(|p| owned.contains(&(id(topic), p))), "not owned");
        }
    }
}

fn size(share: &Partitions) -> usize {
    share.values().map(Vec::len).sum()
}

fn moved(before: &[Partitions], after: &[Partitions]) -> usize {
    let kept = |(a, b): (&Partitions, &Partitions)| {
        a.iter().map(|(t, ps)| ps.iter().filter(|p| b.get(t).is_some_and(|b| b.contains(p))).count()).sum::<usize>()
    };
    before.iter().map(size).sum::<usize>() - before.iter().zip(after).map(kept).sum::<usize>()
}

fn share(lists: &[(usize, &[i32])]) -> Partitions {
    lists.iter().map(|(topic, partitions)| (id(*topic), partitions.to_vec())).collect()
}

#[test]
fn range_gives_runs_that_meet_across_topics_and_the_first_get_more() {
    let case = Case { topics: vec![5, 3], members: vec![(vec![0, 1], Partitions::new()); 2] };
    let expected = [share(&[(0, &[0, 1, 2]), (1, &[0, 1])]), share(&[(0, &[3, 4]), (1, &[2])])];
    assert_eq!(run(Assignor::Range, &case), expected);
}

#[test]
fn range_counts_the_subscribers_of_each_topic_and_puts_lasting_names_first() {
    let topics = vec![Topic { id: id(0), partitions: 2 }, Topic { id: id(1), partitions: 2 }];
    let member =
        |id, instance_id, topics: &[usize]| Member { id, instance_id, topics: topics.into(), previous: Arc::default() };
    let members = vec![member("a", None, &[0, 1]), member("b", Some("z"), &[0]), member("c", Some("y"), &[])];
    let shares = Assignor::Range.assign(&Spec { topics, members, homogeneous: false });
    let shares: Vec<Partitions> = shares.iter().map(|share| (**share).clone()).collect();
    assert_eq!(shares, [share(&[(0, &[1]), (1, &[0, 1])]), share(&[(0, &[0])]), Partitions::new()]);
}

#[test]
fn uniform_takes_no_more_than_a_newcomer_needs() {
    let members =
        vec![(vec![0], share(&[(0, &[0, 1, 2])])), (vec![0], share(&[(0, &[3, 4, 5])])), (vec![0], Partitions::new())];
    let case = Case { topics: vec![6], members };
    let expected = [share(&[(0, &[0, 1])]), share(&[(0, &[3, 4])]), share(&[(0, &[2, 5])])];
    assert_eq!(run(Assignor::Uniform, &case), expected);
}

#[test]
fn uniform_lets_whoever_has_one_more_keep_it() {
    let members =
        vec![(vec![0], share(&[(0, &[0])])), (vec![0], share(&[(0, &[1])])), (vec![0], share(&[(0, &[2, 3])]))];
    let case = Case { topics: vec![4], members };
    assert_eq!(run(Assignor::Uniform, &case), case.members.iter().map(|m| m.1.clone()).collect::<Vec<_>>());
}

#[test]
fn uniform_drops_what_is_not_subscribed_or_does_not_exist_and_keeps_one_of_two_claims() {
    let claims = share(&[(0, &[0, 9]), (1, &[0])]);
    let case = Case { topics: vec![2, 1], members: vec![(vec![0], claims.clone()), (vec![0], claims)] };
    assert_eq!(run(Assignor::Uniform, &case), [share(&[(0, &[0])]), share(&[(0, &[1])])]);
}

#[test]
fn a_share_that_stays_is_the_very_same_value() {
    let previous = Arc::new(share(&[(0, &[0, 1])]));
    let members = vec![Member { id: "a", instance_id: None, topics: [0].into(), previous: Arc::clone(&previous) }];
    let spec = Spec { topics: vec![Topic { id: id(0), partitions: 2 }], members, homogeneous: true };
    for assignor in [Assignor::Uniform, Assignor::Range] {
        assert!(Arc::ptr_eq(&assignor.assign(&spec)[0], &previous));
    }
}

proptest! {
    #[test]
    fn uniform_is_even_and_moves_only_what_it_must(topics in vec(0..20i32, 1..6), members in 1..12usize, leaving in 0..12usize, joining in 0..5usize) {
        let all: Vec<usize> = (0..topics.len()).collect();
        let fresh = |n: usize| vec![(all.clone(), Partitions::new()); n];
        let mut case = Case { topics, members: fresh(members) };
        let before = run(Assignor::Uniform, &case);
        check(&case, &before);

        // Some leave, some join: nothing moves but what those who left had, and what those who join need.
        case.members = before.iter().map(|share| (all.clone(), share.clone())).collect();
        if case.members.len() > 1 {
            case.members.remove(leaving % case.members.len());
        }
        case.members.extend(fresh(joining));
        let previous: Vec<Partitions> = case.members.iter().map(|m| m.1.clone()).collect();
        let after = run(Assignor::Uniform, &case);
        check(&case, &after);
        let sizes: Vec<usize> = after.iter().map(size).collect();
        prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
        let total: usize = sizes.iter().sum();
        let quota = total / sizes.len();
        let extras = previous.iter().filter(|p| size(p) > quota).count().min(total % sizes.len());
        let must: usize = previous.iter().map(|p| size(p).saturating_sub(quota)).sum::<usize>() - extras;
        prop_assert_eq!(moved(&previous, &after), must);
    }

    #[test]
    fn mixed_subscriptions_are_served_and_a_second_look_changes_nothing(
        topics in vec(0..15i32, 1..6),
        subscriptions in vec(vec(any::<bool>(), 6), 1..10),
    ) {
        let wants = |wants: &Vec<bool>| (0..topics.len()).filter(|t| wants[*t]).collect::<Vec<usize>>();
        let members = subscriptions.iter().map(|s| (wants(s), Partitions::new())).collect();
        let mut case = Case { topics: topics.clone(), members };
        for assignor in [Assignor::Uniform, Assignor::Range] {
            let first = run(assignor, &case);
            check(&case, &first);
            for (member, share) in case.members.iter_mut().zip(&first) {
                member.1 = share.clone();
            }
            let second = run(assignor, &case);
            check(&case, &second);
            prop_assert_eq!(moved(&first, &second), 0);
        }
    }
}

#[test]
fn mixed_subscriptions_are_balanced_where_they_overlap() {
    // The first two could share what both want, but all of it lies with the first; the third wants only what is its own.
    let members = vec![
        (vec![0, 1], share(&[(0, &[0, 1, 2, 3]), (1, &[0, 1])])),
        (vec![0], Partitions::new()),
        (vec![2], Partitions::new()),
    ];
    let case = Case { topics: vec![4, 2, 5], members };
    let shares = run(Assignor::Uniform, &case);
    check(&case, &shares);
    assert_eq!(shares.iter().map(size).collect::<Vec<_>>(), [3, 3, 5]);
}
