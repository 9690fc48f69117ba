//! The cluster as its brokers describe it: who they are, what topics there are, who leads their partitions.

use std::collections::BTreeMap;

use kafka_protocol::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};
use kafka_protocol::messages::metadata_response::{MetadataResponse, MetadataResponsePartition, MetadataResponseTopic};

use super::address::Address;
use super::connection::Connection;
use super::error::PeerError;
use super::wire;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{LeaderEpoch, NodeId, PartitionIndex, Uuid};

/// A cluster at some moment.
#[derive(Debug, Clone, Default)]
pub struct Cluster {
    /// Its id.
    pub id: Option<String>,
    /// The broker that was named as the controller.
    pub controller: NodeId,
    /// Its live brokers.
    pub brokers: BTreeMap<NodeId, Broker>,
    /// The topics that were asked for, those that do not exist with their error.
    pub topics: BTreeMap<String, Topic>,
}

/// A broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// Its id.
    pub id: NodeId,
    /// What it advertises.
    pub address: Address,
    /// Its rack (`broker.rack`).
    pub rack: Option<String>,
}

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Its id; zero from a broker that gives none.
    pub id: Uuid,
    /// Whether it is Kafka's own, such as `__consumer_offsets`.
    pub internal: bool,
    /// What is wrong with it.
    pub error: ErrorCode,
    /// Its partitions, by index.
    pub partitions: Vec<Partition>,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its index.
    pub index: PartitionIndex,
    /// What is wrong with it.
    pub error: ErrorCode,
    /// Its leader, or none.
    pub leader: NodeId,
    /// The leader's epoch.
    pub leader_epoch: LeaderEpoch,
    /// All that hold it, the preferred leader first.
    pub replicas: Vec<NodeId>,
    /// Those in sync.
    pub isr: Vec<NodeId>,
    /// Those that are down.
    pub offline: Vec<NodeId>,
}

/// Which topics to ask for.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// Every topic.
    All,
    /// These, none at all included.
    These(&'a [String]),
}

/// Asks one broker. `create` lets it create topics that do not exist (`auto.create.topics.enable`).
pub(super) async fn ask(connection: &Connection, wanted: Wanted<'_>, create: bool) -> Result<Cluster, PeerError> {
    // From version 4 on the request can forbid creation; from version 1 on "none" and "all" can be told apart.
    let version = connection.version::<MetadataRequest>(i16::MAX)?;
    let request =
        MetadataRequest::default().with_allow_auto_topic_creation(create || version < 4).with_topics(match wanted {
            Wanted::All if version == 0 => Some(Vec::new()),
            Wanted::All => None,
            Wanted::These(names) => Some(
                names.iter().map(|name| MetadataRequestTopic::default().with_name(Some(wire::topic(name)))).collect(),
            ),
        });
    let response = connection.send(version, &request).await?.answer().await?;
    Ok(cluster(&response))
}

fn cluster(response: &MetadataResponse) -> Cluster {
    let brokers = response.brokers.iter().map(|broker| {
        let id = NodeId(broker.node_id.0);
        // A port out of range cannot be dialled: 0 makes the attempt fail with the address in its message.
        let address = Address { host: broker.host.to_string(), port: u16::try_from(broker.port).unwrap_or(0) };
        (id, Broker { id, address, rack: wire::string(broker.rack.as_ref()) })
    });
    Cluster {
        id: wire::string(response.cluster_id.as_ref()),
        controller: NodeId(response.controller_id.0),
        brokers: brokers.collect(),
        topics: response.topics.iter().map(topic).map(|topic| (topic.name.clone(), topic)).collect(),
    }
}

fn topic(topic: &MetadataResponseTopic) -> Topic {
    let mut partitions: Vec<_> = topic.partitions.iter().map(partition).collect();
    partitions.sort_by_key(|partition| partition.index);
    Topic {
        name: topic.name.as_ref().map(|name| name.0.to_string()).unwrap_or_default(),
        id: wire::id(topic.topic_id),
        internal: topic.is_internal,
        error: wire::code(topic.error_code),
        partitions,
    }
}

fn partition(partition: &MetadataResponsePartition) -> Partition {
    let nodes = |ids: &[kafka_protocol::messages::BrokerId]| ids.iter().map(|id| NodeId(id.0)).collect();
    Partition {
        index: PartitionIndex(partition.partition_index),
        error: wire::code(partition.error_code),
        leader: NodeId(partition.leader_id.0),
        leader_epoch: LeaderEpoch(partition.leader_epoch),
        replicas: nodes(&partition.replica_nodes),
        isr: nodes(&partition.isr_nodes),
        offline: nodes(&partition.offline_replicas),
    }
}

impl Cluster {
    /// The topic, if it exists and can be used; else what the broker said of it.
    pub fn topic(&self, name: &str) -> Result<&Topic, PeerError> {
        let what = || format!("find topic {name:?}");
        let topic = self
            .topics
            .get(name)
            .ok_or_else(|| PeerError::refused(what(), ErrorCode::UnknownTopicOrPartition, None))?;
        match topic.error {
            ErrorCode::None => Ok(topic),
            code => Err(PeerError::refused(what(), code, None)),
        }
    }

    /// The partition's leader.
    pub fn leader(&self, topic: &str, partition: PartitionIndex) -> Result<&Partition, PeerError> {
        let found = self.topic(topic)?.partitions.iter().find(|p| p.index == partition);
        let found = found.ok_or_else(|| {
            PeerError::refused(
                format!("find partition {partition} of topic {topic:?}"),
                ErrorCode::UnknownTopicOrPartition,
                None,
            )
        })?;
        if found.leader.is_none() {
            return Err(PeerError::NoLeader { topic: topic.to_string(), partition: partition.0 });
        }
        Ok(found)
    }
}
