//! What a member owns: partitions by topic, each with the epoch at which the member was given it.

use std::collections::BTreeMap;

use crate::base::ids::Uuid;
use crate::coordinator::group::assignor::Partitions;
use crate::coordinator::group::record::TopicPartitions;

/// Partitions and their epochs, in the order of the partitions.
pub type PartitionEpochs = Vec<(i32, i32)>;

/// Owned partitions by topic; no list is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Owned(BTreeMap<Uuid, PartitionEpochs>);

impl Owned {
    /// By topic, in the order of the ids.
    pub fn iter(&self) -> impl Iterator<Item = (Uuid, &[(i32, i32)])> {
        self.0.iter().map(|(topic, partitions)| (*topic, partitions.as_slice()))
    }

    /// Those of one topic.
    pub fn of(&self, topic: Uuid) -> &[(i32, i32)] {
        self.0.get(&topic).map_or(&[], Vec::as_slice)
    }

    /// The epoch at which a partition was given, if it is here.
    pub fn epoch(&self, topic: Uuid, partition: i32) -> Option<i32> {
        let partitions = self.of(topic);
        let at = partitions.binary_search_by_key(&partition, |(p, _)| *p).ok()?;
        Some(partitions[at].1)
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds partitions of a topic; a partition that is here already takes the new epoch.
    pub fn add(&mut self, topic: Uuid, partitions: impl IntoIterator<Item = (i32, i32)>) {
        let mut partitions = partitions.into_iter().peekable();
        if partitions.peek().is_none() {
            return;
        }
        let list = self.0.entry(topic).or_default();
        list.extend(partitions);
        // The sort is stable: of two for one partition, the one added later comes last.
        list.sort_by_key(|(partition, _)| *partition);
        list.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                earlier.1 = later.1;
            }
            same
        });
    }

    /// Takes a topic's partitions away.
    pub fn remove(&mut self, topic: Uuid) -> PartitionEpochs {
        self.0.remove(&topic).unwrap_or_default()
    }

    /// The same partitions, all of epoch 0.
    pub fn with_epoch_zero(&self) -> Self {
        let reset = |(topic, partitions): (&Uuid, &PartitionEpochs)| {
            (*topic, partitions.iter().map(|(partition, _)| (*partition, 0)).collect())
        };
        Self(self.0.iter().map(reset).collect())
    }

    /// The words of a record.
    pub fn to_record(&self) -> Vec<TopicPartitions> {
        let topic = |(topic_id, partitions): (&Uuid, &PartitionEpochs)| TopicPartitions {
            topic_id: *topic_id,
            partitions: partitions.iter().map(|(partition, _)| *partition).collect(),
            assignment_epochs: Some(partitions.iter().map(|(_, epoch)| *epoch).collect()),
        };
        self.0.iter().map(topic).collect()
    }

    /// What a record says; partitions without an epoch get `default_epoch`.
    pub fn from_record(topics: &[TopicPartitions], default_epoch: i32) -> Self {
        let mut owned = Self::default();
        for topic in topics {
            let epochs = topic.assignment_epochs.as_ref().filter(|epochs| epochs.len() == topic.partitions.len());
            let epoch = |at: usize| epochs.map_or(default_epoch.max(0), |epochs| epochs[at]);
            owned.add(
                topic.topic_id,
                topic.partitions.iter().enumerate().map(|(at, partition)| (*partition, epoch(at))),
            );
        }
        owned
    }
}

/// A target assignment in the words of a record.
pub fn target_to_record(target: &Partitions) -> Vec<TopicPartitions> {
    let topic = |(topic_id, partitions): (&Uuid, &Vec<i32>)| TopicPartitions {
        topic_id: *topic_id,
        partitions: partitions.clone(),
        assignment_epochs: None,
    };
    target.iter().map(topic).collect()
}

/// The target assignment that a record tells.
pub fn target_from_record(topics: &[TopicPartitions]) -> Partitions {
    let mut target = Partitions::new();
    for topic in topics.iter().filter(|topic| !topic.partitions.is_empty()) {
        let partitions = target.entry(topic.topic_id).or_default();
        partitions.extend_from_slice(&topic.partitions);
        partitions.sort_unstable();
        partitions.dedup();
    }
    target
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_without_epochs_or_with_too_few_gets_the_members_epoch() {
        let topic_id = Uuid([7; 16]);
        let topic = |assignment_epochs| TopicPartitions { topic_id, partitions: vec![3, 1], assignment_epochs };
        assert_eq!(Owned::from_record(&[topic(None)], 5).of(topic_id), [(1, 5), (3, 5)]);
        assert_eq!(Owned::from_record(&[topic(Some(vec![2]))], -2).of(topic_id), [(1, 0), (3, 0)]);
        assert_eq!(Owned::from_record(&[topic(Some(vec![2, 4]))], 5).of(topic_id), [(1, 4), (3, 2)]);
    }

    #[test]
    fn adding_a_partition_again_takes_the_later_epoch() {
        let mut owned = Owned::default();
        owned.add(Uuid([1; 16]), [(2, 9), (0, 9)]);
        owned.add(Uuid([1; 16]), [(2, 11)]);
        assert_eq!(owned.of(Uuid([1; 16])), [(0, 9), (2, 11)]);
        assert_eq!(owned.epoch(Uuid([1; 16]), 2), Some(11));
    }
}
