//! Topics and their partitions.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::ids::{LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, TopicName, Uuid};
use crate::metadata::image::ApplyError;
use crate::metadata::record::{MetadataRecord, Partition, PartitionChange, Topic};

/// One partition's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionImage {
    /// In order of preference.
    pub replicas: Vec<NodeId>,
    /// The replicas that are in sync; a subset of `replicas`.
    pub isr: Vec<NodeId>,
    /// Who leads; -1 if nobody.
    pub leader: NodeId,
    /// Grows with each election.
    pub leader_epoch: LeaderEpoch,
    /// Grows with each change.
    pub partition_epoch: PartitionEpoch,
    /// Replicas that a reassignment takes away.
    pub removing: Vec<NodeId>,
    /// Replicas that a reassignment adds.
    pub adding: Vec<NodeId>,
    /// Per replica: the id of its log directory; zero is not yet assigned.
    pub directories: Vec<Uuid>,
    /// 1 while recovering from an unclean election.
    pub leader_recovery_state: i8,
    /// Replicas that may lead though not in sync (KIP-966).
    pub eligible_leader_replicas: Vec<NodeId>,
    /// The last that could lead (KIP-966).
    pub last_known_elr: Vec<NodeId>,
}

impl PartitionImage {
    /// True while replicas are being moved.
    pub fn is_reassigning(&self) -> bool {
        !self.removing.is_empty() || !self.adding.is_empty()
    }

    /// The replica that should lead when it can.
    pub fn preferred_leader(&self) -> NodeId {
        self.replicas.first().copied().unwrap_or(NodeId::NONE)
    }

    fn of(record: &Partition) -> Self {
        Self {
            replicas: record.replicas.clone(),
            isr: record.isr.clone(),
            leader: record.leader,
            leader_epoch: record.leader_epoch,
            partition_epoch: record.partition_epoch,
            removing: record.removing.clone(),
            adding: record.adding.clone(),
            directories: record.directories.clone(),
            leader_recovery_state: record.leader_recovery_state,
            eligible_leader_replicas: record.eligible_leader_replicas.clone(),
            last_known_elr: record.last_known_elr.clone(),
        }
    }

    fn merge(&mut self, change: &PartitionChange) {
        let set = |field: &mut Vec<NodeId>, to: &Option<Vec<NodeId>>| {
            if let Some(to) = to {
                field.clone_from(to);
            }
        };
        set(&mut self.replicas, &change.replicas);
        set(&mut self.isr, &change.isr);
        set(&mut self.removing, &change.removing);
        set(&mut self.adding, &change.adding);
        set(&mut self.eligible_leader_replicas, &change.eligible_leader_replicas);
        set(&mut self.last_known_elr, &change.last_known_elr);
        if let Some(directories) = &change.directories {
            self.directories.clone_from(directories);
        }
        if let Some(state) = change.leader_recovery_state {
            self.leader_recovery_state = state;
        }
        if let Some(leader) = change.leader {
            self.leader = leader;
            // Wrapping keeps a damaged log from ending the process; 2^31 elections do not happen.
            self.leader_epoch = LeaderEpoch(self.leader_epoch.0.wrapping_add(1));
        }
        self.partition_epoch = PartitionEpoch(self.partition_epoch.0.wrapping_add(1));
    }

    /// The record that says all of it.
    fn record(&self, topic_id: Uuid, partition: PartitionIndex) -> MetadataRecord {
        MetadataRecord::Partition(Partition {
            partition,
            topic_id,
            replicas: self.replicas.clone(),
            isr: self.isr.clone(),
            removing: self.removing.clone(),
            adding: self.adding.clone(),
            leader: self.leader,
            leader_recovery_state: self.leader_recovery_state,
            leader_epoch: self.leader_epoch,
            partition_epoch: self.partition_epoch,
            directories: self.directories.clone(),
            eligible_leader_replicas: self.eligible_leader_replicas.clone(),
            last_known_elr: self.last_known_elr.clone(),
        })
    }
}

/// One topic. Pointer equality between two images means that nothing of it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicImage {
    /// Its name.
    pub name: TopicName,
    /// Its id.
    pub id: Uuid,
    /// By index: indexes have no gaps.
    pub partitions: Vec<PartitionImage>,
}

impl TopicImage {
    /// The partition with this index.
    pub fn partition(&self, index: PartitionIndex) -> Option<&PartitionImage> {
        usize::try_from(index.0).ok().and_then(|i| self.partitions.get(i))
    }
}

/// All topics, by name and by id.
#[derive(Debug, Clone, Default)]
pub struct TopicsImage {
    by_name: Arc<BTreeMap<TopicName, Arc<TopicImage>>>,
    by_id: Arc<HashMap<Uuid, Arc<TopicImage>>>,
}

impl TopicsImage {
    /// In the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<TopicImage>> {
        self.by_name.values()
    }

    /// Topics whose name comes after `name`, or is it, in order.
    pub fn from_name<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Arc<TopicImage>> + use<'a> {
        let start = TopicName::from(name);
        self.by_name.range(start..).map(|(_, topic)| topic)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// The topic of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<TopicImage>> {
        self.by_name.get(name)
    }

    /// The topic of this id.
    pub fn by_id(&self, id: Uuid) -> Option<&Arc<TopicImage>> {
        self.by_id.get(&id)
    }

    /// True if no topic was made, changed or removed between the two.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.by_name, &other.by_name)
    }

    pub(super) fn create(&mut self, record: &Topic) -> Result<(), ApplyError> {
        if self.by_name.contains_key(&record.name) || self.by_id.contains_key(&record.topic_id) {
            return Err(ApplyError::TopicExists(record.name.clone()));
        }
        self.put(TopicImage { name: record.name.clone(), id: record.topic_id, partitions: Vec::new() });
        Ok(())
    }

    pub(super) fn set_partition(&mut self, record: &Partition) -> Result<(), ApplyError> {
        let image = PartitionImage::of(record);
        let unknown = ApplyError::UnknownPartition(record.topic_id, record.partition);
        let at = usize::try_from(record.partition.0).unwrap_or(usize::MAX);
        self.edit(record.topic_id, |partitions| {
            match at.cmp(&partitions.len()) {
                Ordering::Less => partitions[at] = image,
                Ordering::Equal => partitions.push(image),
                Ordering::Greater => return Err(unknown),
            }
            Ok(())
        })
    }

    pub(super) fn change_partition(&mut self, record: &PartitionChange) -> Result<(), ApplyError> {
        let unknown = ApplyError::UnknownPartition(record.topic_id, record.partition);
        self.edit(record.topic_id, |partitions| {
            let partition = usize::try_from(record.partition.0).ok().and_then(|i| partitions.get_mut(i));
            partition.ok_or(unknown)?.merge(record);
            Ok(())
        })
    }

    pub(super) fn remove(&mut self, id: Uuid) -> Result<Arc<TopicImage>, ApplyError> {
        let topic = Arc::make_mut(&mut self.by_id).remove(&id).ok_or(ApplyError::UnknownTopic(id))?;
        Arc::make_mut(&mut self.by_name).remove(&topic.name);
        Ok(topic)
    }

    pub(super) fn records(&self, out: &mut Vec<MetadataRecord>) {
        for topic in self.iter() {
            out.push(MetadataRecord::Topic(Topic { name: topic.name.clone(), topic_id: topic.id }));
            for (index, partition) in topic.partitions.iter().enumerate() {
                out.push(partition.record(topic.id, PartitionIndex(index as i32)));
            }
        }
    }

    /// Changes a topic's partitions: in place where no other image shares them, so that a topic of many partitions is made
    /// in one pass, else on a copy.
    fn edit(
        &mut self,
        id: Uuid,
        change: impl FnOnce(&mut Vec<PartitionImage>) -> Result<(), ApplyError>,
    ) -> Result<(), ApplyError> {
        let by_id = Arc::make_mut(&mut self.by_id);
        let mut topic = by_id.remove(&id).ok_or(ApplyError::UnknownTopic(id))?;
        // The table by name would count as a second owner.
        Arc::make_mut(&mut self.by_name).remove(&topic.name);
        let changed = change(&mut Arc::make_mut(&mut topic).partitions);
        Arc::make_mut(&mut self.by_name).insert(topic.name.clone(), Arc::clone(&topic));
        Arc::make_mut(&mut self.by_id).insert(id, topic);
        changed
    }

    fn put(&mut self, topic: TopicImage) {
        let topic = Arc::new(topic);
        Arc::make_mut(&mut self.by_name).insert(topic.name.clone(), Arc::clone(&topic));
        Arc::make_mut(&mut self.by_id).insert(topic.id, topic);
    }
}
