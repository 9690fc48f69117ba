//! Which replica a consumer should read from: one in its own rack, if that has what it asks for (KIP-392).
//!
//! Followers of the in-sync set are candidates, as far as they have told in the current leader epoch what they hold. A consumer
//! whose rack the leader stands in, or in which no candidate does, stays with the leader.

use crate::base::ids::{Millis, NodeId, Offset};
use crate::replica::partition::Partition;

/// A follower that has the asked offset.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    node: NodeId,
    log_end: Offset,
    caught_up_at: Option<Millis>,
    rack: Option<String>,
}

/// The follower to which a consumer of `rack` that asks for `from` is sent; none if the leader is as near.
pub fn preferred(partition: &Partition, rack: &str, from: Offset) -> Option<NodeId> {
    let home = &partition.home;
    if rack.is_empty() || home.rack(home.node).as_deref() == Some(rack) {
        return None;
    }
    let candidates = partition.with_leading(|leading| {
        let in_sync = leading.followers().filter(|(node, _)| leading.isr().committed().contains(node));
        let holds = in_sync.filter(|(_, f)| f.log_end >= from && f.log_start <= from && !f.log_end.is_none());
        let candidate = |(node, f): (NodeId, &crate::replica::follower::Follower)| Candidate {
            node,
            log_end: f.log_end,
            caught_up_at: f.caught_up_at,
            rack: home.rack(node),
        };
        holds.map(candidate).collect::<Vec<_>>()
    })?;
    nearest(candidates, rack)
}

/// Of those in the rack: who has most, then who was caught up last, then the highest number, as in Kafka.
fn nearest(candidates: Vec<Candidate>, rack: &str) -> Option<NodeId> {
    let near = candidates.into_iter().filter(|c| c.rack.as_deref() == Some(rack));
    near.max_by_key(|c| (c.log_end, c.caught_up_at, c.node)).map(|c| c.node)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(node: i32, log_end: i64, caught_up_at: i64, rack: &str) -> Candidate {
        let (log_end, caught_up_at) = (Offset(log_end), Some(Millis(caught_up_at)));
        Candidate { node: NodeId(node), log_end, caught_up_at, rack: Some(rack.to_owned()) }
    }

    #[test]
    fn the_best_of_the_rack_is_chosen_and_nobody_from_outside() {
        let all = || {
            vec![candidate(2, 10, 5, "a"), candidate(3, 12, 5, "b"), candidate(4, 12, 9, "b"), candidate(5, 12, 9, "b")]
        };
        assert_eq!(nearest(all(), "a"), Some(NodeId(2)));
        assert_eq!(nearest(all(), "b"), Some(NodeId(5)));
        assert_eq!(nearest(all(), "c"), None);
    }
}
