//! Where the high watermark may stand. Pure.
//!
//! A record is committed once every replica that may be in the in-sync set has it, and the committed in-sync set is
//! not smaller than `min.insync.replicas` (KAFKA-15583). With one replica that is the leader's own log end.

use crate::base::ids::Offset;

/// What the leader knows of its followers, reduced to what decides.
#[derive(Debug, Clone, Copy)]
pub struct Replicated {
    /// The leader's own log end, as far as it counts: where `flush.messages` asks for an fsync, as far as that has come.
    pub leader_end: Offset,
    /// The lowest log end among the followers that count, each as fetched in the leader's current epoch; -1 where one of them
    /// has not fetched in it yet; none where no follower counts.
    pub lowest_follower_end: Option<Offset>,
    /// The size of the committed in-sync set.
    pub isr_size: usize,
    /// `min.insync.replicas`, capped by the number of replicas.
    pub min_isr: usize,
}

/// The next high watermark: never below `current`.
pub fn advance(current: Offset, state: Replicated) -> Offset {
    if state.isr_size < state.min_isr {
        return current;
    }
    let lowest = state.lowest_follower_end.map_or(state.leader_end, |end| end.min(state.leader_end));
    lowest.max(current)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(leader_end: i64, lowest: Option<i64>, isr_size: usize, min_isr: usize) -> Replicated {
        Replicated { leader_end: Offset(leader_end), lowest_follower_end: lowest.map(Offset), isr_size, min_isr }
    }

    #[test]
    fn a_single_replica_commits_what_it_has() {
        assert_eq!(advance(Offset(3), state(7, None, 1, 1)), Offset(7));
    }

    #[test]
    fn the_slowest_follower_bounds_it_and_it_never_goes_back() {
        assert_eq!(advance(Offset(3), state(9, Some(5), 3, 2)), Offset(5));
        assert_eq!(advance(Offset(6), state(9, Some(5), 2, 1)), Offset(6));
        assert_eq!(advance(Offset(6), state(9, Some(-1), 2, 1)), Offset(6), "one has not fetched in this epoch");
        assert_eq!(advance(Offset(6), state(8, Some(9), 2, 1)), Offset(8), "the leader's own disk is behind");
    }

    #[test]
    fn below_min_isr_nothing_commits() {
        assert_eq!(advance(Offset(3), state(9, None, 1, 2)), Offset(3));
    }
}
