//! A follower's side of an incremental fetch session (KIP-227): only what changed since the last request is named. Pure.

use std::collections::HashMap;

use crate::base::ids::{PartitionIndex, TopicName, Uuid};
use crate::replica::edges::{FetchWish, FollowedPartition};

/// A partition as the session names it.
type Key = (Uuid, PartitionIndex);

/// What the leader is told with the next fetch.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// The session's id, or 0.
    pub id: i32,
    /// 0 opens a session, more goes on with one.
    pub epoch: i32,
    /// Partitions that are new or asked for otherwise.
    pub named: Vec<(Key, FetchWish)>,
    /// Partitions that are not wanted any more.
    pub forgotten: Vec<Key>,
}

/// The session with one leader.
#[derive(Debug, Default)]
pub(super) struct FollowerSession {
    id: i32,
    epoch: i32,
    known: HashMap<Key, (TopicName, FetchWish)>,
}

impl FollowerSession {
    /// What to tell so that the leader answers `wishes`. What is told is taken to have arrived; if it has not, [`Self::lost`].
    pub fn next(&mut self, wishes: &[(FollowedPartition, FetchWish)]) -> Told {
        let mut named = Vec::new();
        let mut forgotten = Vec::new();
        if self.epoch == 0 {
            self.known.clear();
        }
        for (partition, wish) in wishes {
            let key = (partition.topic_id, partition.partition);
            if self.known.get(&key).is_none_or(|(_, before)| before != wish) {
                named.push((key, *wish));
                self.known.insert(key, (partition.topic.clone(), *wish));
            }
        }
        if self.known.len() > wishes.len() {
            let wanted: std::collections::HashSet<_> = wishes.iter().map(|(p, _)| (p.topic_id, p.partition)).collect();
            forgotten.extend(self.known.keys().filter(|key| !wanted.contains(key)));
            self.known.retain(|key, _| wanted.contains(key));
        }
        Told { id: self.id, epoch: self.epoch, named, forgotten }
    }

    /// The leader has answered under the session `id`, or under none.
    pub fn answered(&mut self, id: i32) {
        self.epoch = match (id, self.epoch) {
            (0, _) => 0,
            (_, i32::MAX) => 1,
            (_, epoch) => epoch + 1,
        };
        self.id = id;
    }

    /// The leader does not know the session as we do: a new one takes its place.
    pub fn refused(&mut self) {
        self.epoch = 0;
    }

    /// The connection is gone, and what was told may have arrived or not.
    pub fn lost(&mut self) {
        (self.id, self.epoch) = (0, 0);
    }

    /// The topic's name of a partition in the session.
    pub fn topic(&self, key: &Key) -> Option<&TopicName> {
        self.known.get(key).map(|(topic, _)| topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::{LeaderEpoch, Offset};

    fn wish(partition: i32, from: i64) -> (FollowedPartition, FetchWish) {
        let partition =
            FollowedPartition { topic_id: Uuid([7; 16]), topic: "t".into(), partition: PartitionIndex(partition) };
        let (log_start, leader_epoch, last_fetched_epoch) = (Offset(0), LeaderEpoch(1), LeaderEpoch(1));
        (partition, FetchWish { from: Offset(from), log_start, leader_epoch, last_fetched_epoch })
    }

    fn indexes(told: &[(Key, FetchWish)]) -> Vec<i32> {
        told.iter().map(|((_, index), _)| index.0).collect()
    }

    #[test]
    fn only_news_is_told_once_a_session_stands() {
        let mut session = FollowerSession::default();
        let first = session.next(&[wish(0, 0), wish(1, 0)]);
        assert_eq!((first.id, first.epoch, indexes(&first.named)), (0, 0, vec![0, 1]));
        session.answered(42);
        let second = session.next(&[wish(0, 5), wish(1, 0)]);
        assert_eq!((second.id, second.epoch, indexes(&second.named)), (42, 1, vec![0]));
        session.answered(42);
        let third = session.next(&[wish(1, 0), wish(2, 0)]);
        assert_eq!((third.epoch, indexes(&third.named)), (2, vec![2]));
        assert_eq!(third.forgotten, [(Uuid([7; 16]), PartitionIndex(0))]);
    }

    #[test]
    fn without_a_session_everything_is_told_each_time() {
        let mut session = FollowerSession::default();
        session.next(&[wish(0, 0)]);
        session.answered(0);
        assert_eq!(indexes(&session.next(&[wish(0, 0)]).named), [0]);
        session.answered(9);
        session.refused();
        let again = session.next(&[wish(0, 0)]);
        assert_eq!(
            (again.id, again.epoch, indexes(&again.named)),
            (9, 0, vec![0]),
            "the old session is named to be closed"
        );
        session.lost();
        assert_eq!(session.next(&[wish(0, 0)]).id, 0);
    }
}
