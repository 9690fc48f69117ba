//! Offsets committed inside transactions that have not ended.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::base::ids::{Offset, PartitionIndex, ProducerId};
use crate::coordinator::group::record::{OffsetKey, OffsetValue};

/// Where the record stands, and what it says.
pub type Waiting = (Offset, OffsetValue);

/// By producer, and by what is committed.
#[derive(Debug, Default, PartialEq)]
pub struct Pending {
    by_producer: HashMap<ProducerId, BTreeMap<OffsetKey, Waiting>>,
    /// The producers whose open transactions commit it.
    open: BTreeMap<OffsetKey, BTreeSet<ProducerId>>,
}

impl Pending {
    /// How many offsets are committed by open transactions; one that several commit counts once.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Whether an open transaction commits this offset.
    pub fn contains(&self, at: &OffsetKey) -> bool {
        self.open.contains_key(at)
    }

    /// Whether an open transaction commits any offset of the group.
    pub fn has_group(&self, group: &Arc<str>) -> bool {
        self.of_group(group).next().is_some()
    }

    /// The offsets of a group that open transactions commit.
    pub fn of_group<'a>(&'a self, group: &'a Arc<str>) -> impl Iterator<Item = &'a OffsetKey> {
        let first = OffsetKey { group: Arc::clone(group), topic: Arc::default(), partition: PartitionIndex(i32::MIN) };
        self.open.range(first..).map(|(at, _)| at).take_while(move |at| at.group == *group)
    }

    /// All offsets that open transactions commit, and what each would commit.
    pub fn iter(&self) -> impl Iterator<Item = (&OffsetKey, &OffsetValue)> {
        self.by_producer.values().flatten().map(|(at, (_, value))| (at, value))
    }

    pub(super) fn put(&mut self, producer: ProducerId, at: &OffsetKey, written_at: Offset, value: &OffsetValue) {
        self.by_producer.entry(producer).or_default().insert(at.clone(), (written_at, value.clone()));
        self.open.entry(at.clone()).or_default().insert(producer);
    }

    /// The offset is deleted: no transaction commits it any more.
    pub(super) fn remove(&mut self, at: &OffsetKey) {
        for producer in self.open.remove(at).into_iter().flatten() {
            if let Some(offsets) = self.by_producer.get_mut(&producer) {
                offsets.remove(at);
                if offsets.is_empty() {
                    self.by_producer.remove(&producer);
                }
            }
        }
    }

    /// The producer's transaction has ended: what it was to commit.
    pub(super) fn end(&mut self, producer: ProducerId) -> BTreeMap<OffsetKey, Waiting> {
        let ended = self.by_producer.remove(&producer).unwrap_or_default();
        for at in ended.keys() {
            if let Some(producers) = self.open.get_mut(at) {
                producers.remove(&producer);
                if producers.is_empty() {
                    self.open.remove(at);
                }
            }
        }
        ended
    }
}
