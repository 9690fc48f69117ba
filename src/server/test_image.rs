//! Metadata for the tests of handlers: one broker, and topics that it leads.

use crate::base::ids::{BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionEpoch, PartitionIndex, TopicName, Uuid};
use crate::metadata::image::MetadataImage;
use crate::metadata::record::{BrokerEndpoint, MetadataRecord, Partition, RegisterBroker, Topic};

/// The broker of the image.
pub const BROKER: NodeId = NodeId(1);

/// The id of a topic of the image.
pub fn topic_id(name: &str) -> Uuid {
    let mut id = [7; 16];
    for (to, from) in id.iter_mut().zip(name.bytes()) {
        *to = from;
    }
    Uuid(id)
}

/// Topics with so many partitions each, led by [`BROKER`], which is at localhost:9092 on the listener PLAINTEXT.
pub fn with_topics(topics: &[(&str, i32)]) -> MetadataImage {
    let mut records = vec![MetadataRecord::RegisterBroker(RegisterBroker {
        broker_id: BROKER,
        incarnation_id: Uuid([1; 16]),
        broker_epoch: BrokerEpoch(1),
        endpoints: vec![BrokerEndpoint {
            name: "PLAINTEXT".into(),
            host: "localhost".into(),
            port: 9092,
            security_protocol: 0,
        }],
        features: Vec::new(),
        rack: None,
        fenced: false,
        in_controlled_shutdown: false,
        log_dirs: Vec::new(),
        cordoned_log_dirs: None,
    })];
    for (name, partitions) in topics {
        records.push(MetadataRecord::Topic(Topic { name: TopicName::from(*name), topic_id: topic_id(name) }));
        records.extend((0..*partitions).map(|index| {
            MetadataRecord::Partition(Partition {
                partition: PartitionIndex(index),
                topic_id: topic_id(name),
                replicas: vec![BROKER],
                isr: vec![BROKER],
                removing: Vec::new(),
                adding: Vec::new(),
                leader: BROKER,
                leader_recovery_state: 0,
                leader_epoch: LeaderEpoch(0),
                partition_epoch: PartitionEpoch(0),
                directories: vec![Uuid::ZERO],
                eligible_leader_replicas: Vec::new(),
                last_known_elr: Vec::new(),
            })
        }));
    }
    let mut image = MetadataImage::default();
    for (offset, record) in records.iter().enumerate() {
        image.apply(Offset(offset as i64), record).expect("records that fit");
    }
    image
}
