//! The offsets of one partition of `__consumer_offsets`, in as little memory as they need: 40 bytes for each, and more only
//! where there is a note, a time of its own at which it expires, or another id than the topic's.
//!
//! ```text
//!  group ─> topics by name ─> partitions by number ─> Committed
//! ```

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::pending::Pending;
use super::soft::{DeletedTopic, Sweep};
use crate::base::ids::{LeaderEpoch, Millis, Offset, PartitionIndex, Uuid};
use crate::coordinator::group::record::{GroupId, OffsetKey, OffsetValue};

/// A committed offset, packed.
#[derive(Debug, PartialEq)]
pub struct Committed {
    offset: Offset,
    commit_timestamp: Millis,
    /// Where its record stands: of two commits the later one counts.
    written_at: Offset,
    partition: i32,
    leader_epoch: LeaderEpoch,
    more: Option<Box<More>>,
}

/// What most committed offsets do not have.
#[derive(Debug, PartialEq)]
struct More {
    metadata: Arc<str>,
    expire_timestamp: Option<Millis>,
    topic_id: Uuid,
}

impl Committed {
    fn new(topic_id: Uuid, partition: i32, written_at: Offset, value: &OffsetValue) -> Self {
        let plain = value.metadata.is_empty() && value.expire_timestamp.is_none() && value.topic_id == topic_id;
        let more = (!plain).then(|| {
            let (metadata, topic_id) = (Arc::clone(&value.metadata), value.topic_id);
            Box::new(More { metadata, expire_timestamp: value.expire_timestamp, topic_id })
        });
        let OffsetValue { offset, commit_timestamp, leader_epoch, .. } = *value;
        Self { offset, commit_timestamp, written_at, partition, leader_epoch, more }
    }
}

/// A committed offset as it is read.
#[derive(Debug, Clone, Copy)]
pub struct CommittedView<'a> {
    topic_id: Uuid,
    committed: &'a Committed,
}

impl CommittedView<'_> {
    /// Of which partition.
    pub fn partition(self) -> PartitionIndex {
        PartitionIndex(self.committed.partition)
    }
    /// The next record to consume.
    pub fn offset(self) -> Offset {
        self.committed.offset
    }
    /// The epoch of the last record consumed.
    pub fn leader_epoch(self) -> LeaderEpoch {
        self.committed.leader_epoch
    }
    /// The client's own words.
    pub fn metadata(self) -> Arc<str> {
        self.committed.more.as_ref().map_or_else(Arc::default, |more| Arc::clone(&more.metadata))
    }
    /// When it was committed.
    pub fn commit_timestamp(self) -> Millis {
        self.committed.commit_timestamp
    }
    /// When it expires, if it says so itself.
    pub fn expire_timestamp(self) -> Option<Millis> {
        self.committed.more.as_ref()?.expire_timestamp
    }
    /// The topic's id; zero where it is not known.
    pub fn topic_id(self) -> Uuid {
        self.committed.more.as_ref().map_or(self.topic_id, |more| more.topic_id)
    }
    /// Where its record stands.
    pub fn written_at(self) -> Offset {
        self.committed.written_at
    }
}

/// The offsets of one topic.
#[derive(Debug, PartialEq)]
pub struct TopicOffsets {
    name: Arc<str>,
    /// The id that its offsets have but for those that say otherwise.
    id: Uuid,
    /// By partition, ascending.
    partitions: Vec<Committed>,
}

impl TopicOffsets {
    /// The topic.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The offsets, by partition.
    pub fn partitions(&self) -> impl ExactSizeIterator<Item = CommittedView<'_>> {
        self.partitions.iter().map(|committed| CommittedView { topic_id: self.id, committed })
    }

    /// One offset.
    pub fn partition(&self, partition: PartitionIndex) -> Option<CommittedView<'_>> {
        let at = self.partitions.binary_search_by_key(&partition.0, |c| c.partition).ok()?;
        Some(CommittedView { topic_id: self.id, committed: &self.partitions[at] })
    }

    fn put(&mut self, partition: i32, written_at: Offset, value: &OffsetValue) -> bool {
        let at = self.partitions.binary_search_by_key(&partition, |c| c.partition);
        if value.topic_id != self.id && self.partitions.len() == usize::from(at.is_ok()) {
            self.id = value.topic_id;
        }
        let committed = Committed::new(self.id, partition, written_at, value);
        match at {
            Ok(at) => self.partitions[at] = committed,
            Err(at) => {
                if self.partitions.len() == self.partitions.capacity() {
                    // By a quarter instead of double: topics do not gain partitions often.
                    self.partitions.reserve_exact(1 + self.partitions.len() / 4);
                }
                self.partitions.insert(at, committed);
            }
        }
        at.is_err()
    }
}

/// All committed offsets, and what is under way with them.
#[derive(Debug, Default)]
pub struct OffsetStore {
    groups: HashMap<GroupId, Vec<TopicOffsets>>,
    /// Every topic's name once.
    names: HashSet<Arc<str>>,
    len: usize,
    /// Those that wait for a transaction's end.
    pub(super) pending: Pending,
    /// The search for expired offsets that is under way.
    pub(super) sweep: Option<Sweep>,
    /// Topics that are gone, and whose offsets go.
    pub(super) deleted: Vec<DeletedTopic>,
}

impl OffsetStore {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The groups that have any.
    pub fn groups(&self) -> impl Iterator<Item = (&GroupId, &[TopicOffsets])> {
        self.groups.iter().map(|(group, topics)| (group, topics.as_slice()))
    }

    /// Those of a group, by topic.
    pub fn of(&self, group: &str) -> &[TopicOffsets] {
        self.groups.get(group).map_or(&[], Vec::as_slice)
    }

    /// Those of a group and a topic.
    pub fn of_topic(&self, group: &str, topic: &str) -> Option<&TopicOffsets> {
        let topics = self.of(group);
        topics.binary_search_by(|t| (*t.name).cmp(topic)).ok().map(|at| &topics[at])
    }

    /// One offset.
    pub fn find(&self, at: &OffsetKey) -> Option<CommittedView<'_>> {
        self.of_topic(&at.group, &at.topic)?.partition(at.partition)
    }

    /// Those that wait for a transaction's end.
    pub fn pending(&self) -> &Pending {
        &self.pending
    }

    pub(super) fn put(&mut self, at: &OffsetKey, written_at: Offset, value: &OffsetValue) {
        if !self.groups.contains_key(&at.group) {
            self.groups.insert(Arc::clone(&at.group), Vec::new());
        }
        let Some(topics) = self.groups.get_mut(&at.group) else { return };
        let place = topics.binary_search_by(|t| t.name.cmp(&at.topic)).unwrap_or_else(|place| {
            let name = match self.names.get(&at.topic) {
                Some(known) => Arc::clone(known),
                None => {
                    self.names.insert(Arc::clone(&at.topic));
                    Arc::clone(&at.topic)
                }
            };
            if topics.len() == topics.capacity() {
                topics.reserve_exact(1 + topics.len() / 2);
            }
            topics.insert(place, TopicOffsets { name, id: value.topic_id, partitions: Vec::new() });
            place
        });
        self.len += usize::from(topics[place].put(at.partition.0, written_at, value));
    }

    pub(super) fn remove(&mut self, at: &OffsetKey) {
        let Some(topics) = self.groups.get_mut(&at.group) else { return };
        let Ok(place) = topics.binary_search_by(|t| t.name.cmp(&at.topic)) else { return };
        let partitions = &mut topics[place].partitions;
        let Ok(partition) = partitions.binary_search_by_key(&at.partition.0, |c| c.partition) else { return };
        partitions.remove(partition);
        self.len -= 1;
        if partitions.is_empty() {
            let gone = topics.remove(place);
            // The set's own, and the one just taken out.
            if Arc::strong_count(&gone.name) <= 2 {
                self.names.remove(&gone.name);
            }
        }
        if topics.is_empty() {
            self.groups.remove(&at.group);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(topic: &str, partition: i32) -> OffsetKey {
        OffsetKey { group: "g".into(), topic: topic.into(), partition: PartitionIndex(partition) }
    }

    fn value(offset: i64, metadata: &str, id: u8) -> OffsetValue {
        OffsetValue {
            offset: Offset(offset),
            leader_epoch: LeaderEpoch(4),
            metadata: metadata.into(),
            commit_timestamp: Millis(9),
            expire_timestamp: None,
            topic_id: Uuid([id; 16]),
        }
    }

    fn read(store: &OffsetStore, topic: &str, partition: i32) -> Option<(i64, String, u8)> {
        let view = store.find(&key(topic, partition))?;
        Some((view.offset().0, view.metadata().to_string(), view.topic_id().0[0]))
    }

    #[test]
    fn an_offset_takes_forty_bytes_and_says_all_that_was_put() {
        assert_eq!(size_of::<Committed>(), 40);
        let mut store = OffsetStore::default();
        for (partition, offset) in [(3, 30), (1, 10), (2, 20)] {
            store.put(&key("t", partition), Offset(0), &value(offset, "", 1));
        }
        store.put(&key("t", 2), Offset(5), &value(21, "note", 2));
        assert_eq!(read(&store, "t", 1), Some((10, String::new(), 1)));
        assert_eq!(read(&store, "t", 2), Some((21, "note".into(), 2)), "made anew with another id");
        assert_eq!(store.find(&key("t", 2)).map(CommittedView::written_at), Some(Offset(5)));
        let order: Vec<i32> = store.of("g")[0].partitions().map(|p| p.partition().0).collect();
        assert_eq!((order, store.len()), (vec![1, 2, 3], 3));
    }

    #[test]
    fn what_is_removed_leaves_nothing_behind() {
        let mut store = OffsetStore::default();
        store.put(&key("a", 0), Offset(0), &value(1, "", 1));
        store.put(&key("b", 0), Offset(1), &value(2, "", 1));
        store.remove(&key("a", 7));
        store.remove(&key("a", 0));
        assert_eq!((read(&store, "a", 0), store.names.len(), store.len()), (None, 1, 1));
        store.remove(&key("b", 0));
        assert!(store.groups.is_empty() && store.names.is_empty() && store.is_empty());
    }
}
