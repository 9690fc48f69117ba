//! The uniform assignor where all members subscribe to the same topics: everybody gets as many partitions as everybody
//! else, or one more, and keeps what it has as far as that allows. One pass over members and partitions.

use super::Spec;
use super::owners::{NOBODY, Owners};

/// A member that may still get partitions.
struct Unfilled {
    member: u32,
    quota: usize,
}

/// Who should own what. There must be a member.
pub(super) fn assign(spec: &Spec<'_>) -> Owners {
    let mut owners = Owners::previous(spec);
    let partitions: usize = owners.by_topic.iter().map(Vec::len).sum();
    let count = spec.members.len();
    let (least, mut extra) = (partitions / count, partitions % count);

    let mut free: Vec<(usize, usize)> = Vec::new();
    let mut held: Vec<Vec<(usize, usize)>> = vec![Vec::new(); count];
    for (topic, by_partition) in owners.by_topic.iter().enumerate() {
        for (partition, owner) in by_partition.iter().enumerate() {
            match *owner {
                NOBODY => free.push((topic, partition)),
                owner => held[owner as usize].push((topic, partition)),
            }
        }
    }

    let mut unfilled = Vec::new();
    for (at, held) in held.into_iter().enumerate() {
        let mut has_extra = extra > 0;
        let mut quota = least + usize::from(has_extra);
        for (topic, partition) in held {
            if quota > 0 {
                quota -= 1;
            } else {
                owners.by_topic[topic][partition] = NOBODY;
                free.push((topic, partition));
            }
        }
        // Whoever has one more already may keep it: others give theirs up while enough of them are left to take the rest.
        if quota > 0 && has_extra && count - at > extra {
            quota -= 1;
            has_extra = false;
        }
        if quota > 0 {
            unfilled.push(Unfilled { member: at as u32, quota });
        }
        extra -= usize::from(has_extra);
    }

    let mut free = free.into_iter();
    for Unfilled { member, quota } in unfilled {
        for (topic, partition) in free.by_ref().take(quota) {
            owners.by_topic[topic][partition] = member;
        }
    }
    debug_assert_eq!(free.next(), None, "quotas sum up to the partitions");
    owners
}
