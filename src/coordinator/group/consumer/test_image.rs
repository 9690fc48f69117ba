//! Images of metadata for tests, made of the records that a controller would write.

use std::sync::Arc;

use crate::base::ids::{BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionEpoch, PartitionIndex, Uuid};
use crate::metadata::configs::ResourceType;
use crate::metadata::image::MetadataImage;
use crate::metadata::record::{Config, MetadataRecord, Partition, RegisterBroker, Topic};

/// An image that grows.
#[derive(Default)]
pub struct TestImage {
    image: MetadataImage,
    next: i64,
}

impl TestImage {
    fn apply(&mut self, record: MetadataRecord) -> &mut Self {
        self.image.apply(Offset(self.next), &record).unwrap();
        self.next += 1;
        self
    }

    /// The image as it is now.
    pub fn image(&self) -> Arc<MetadataImage> {
        Arc::new(self.image.clone())
    }

    /// A broker joins.
    pub fn broker(&mut self, id: i32, rack: Option<&str>) -> &mut Self {
        self.apply(MetadataRecord::RegisterBroker(RegisterBroker {
            broker_id: NodeId(id),
            incarnation_id: Uuid::ZERO,
            broker_epoch: BrokerEpoch(self.next),
            endpoints: Vec::new(),
            features: Vec::new(),
            rack: rack.map(str::to_owned),
            fenced: false,
            in_controlled_shutdown: false,
            log_dirs: Vec::new(),
            cordoned_log_dirs: None,
        }))
    }

    /// A topic is made; its id is its name's bytes.
    pub fn topic(&mut self, name: &str, partitions: usize) -> &mut Self {
        self.topic_with(name, id(name).0, &vec![&[0][..]; partitions])
    }

    /// A topic is made.
    pub fn topic_with(&mut self, name: &str, id: [u8; 16], replicas: &[&[i32]]) -> &mut Self {
        self.apply(MetadataRecord::Topic(Topic { name: name.into(), topic_id: Uuid(id) }));
        for (index, replicas) in replicas.iter().enumerate() {
            self.partition(Uuid(id), index, replicas);
        }
        self
    }

    /// A topic gets another partition.
    pub fn partition(&mut self, topic_id: Uuid, index: usize, replicas: &[i32]) -> &mut Self {
        let replicas: Vec<NodeId> = replicas.iter().map(|id| NodeId(*id)).collect();
        self.apply(MetadataRecord::Partition(Partition {
            partition: PartitionIndex(index as i32),
            topic_id,
            isr: replicas.clone(),
            removing: Vec::new(),
            adding: Vec::new(),
            leader: replicas[0],
            leader_recovery_state: 0,
            leader_epoch: LeaderEpoch(0),
            partition_epoch: PartitionEpoch(0),
            directories: Vec::new(),
            eligible_leader_replicas: Vec::new(),
            last_known_elr: Vec::new(),
            replicas,
        }))
    }

    /// A setting of a broker or a group is set.
    pub fn setting(&mut self, of: ResourceType, name: &str, key: &str, value: &str) -> &mut Self {
        self.apply(MetadataRecord::Config(Config {
            resource_type: of.id(),
            resource_name: name.into(),
            name: key.into(),
            value: Some(value.into()),
        }))
    }

    /// A topic is deleted.
    pub fn remove(&mut self, name: &str) -> &mut Self {
        self.apply(MetadataRecord::RemoveTopic { topic_id: id(name) })
    }
}

/// The id that a topic of this name gets here.
pub fn id(name: &str) -> Uuid {
    let mut bytes = [0; 16];
    bytes[..name.len()].copy_from_slice(name.as_bytes());
    Uuid(bytes)
}
