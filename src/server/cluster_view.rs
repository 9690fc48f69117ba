//! The cluster as one listener shows it: which brokers a client can reach there, and what each partition looks like to it.
//!
//! Metadata, DescribeTopicPartitions and DescribeCluster say the same things in different messages; this is what they say.

use crate::base::ids::{LeaderEpoch, NodeId, Uuid};
use crate::base::random;
use crate::metadata::cluster::BrokerImage;
use crate::metadata::image::MetadataImage;
use crate::metadata::topics::PartitionImage;

/// Directory ids below this are no directories: unassigned 0, lost 1, migrating 2.
const FIRST_DIRECTORY_ID: u128 = 100;
/// The directory of a replica whose directory failed.
const LOST_DIRECTORY_ID: u128 = 1;

/// Every operation on a topic, as bits: what a client may do where there is no authorizer.
pub const TOPIC_OPERATIONS: i32 =
    bits(&[READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS]);
/// Every operation on the cluster, as bits.
pub const CLUSTER_OPERATIONS: i32 =
    bits(&[CREATE, ALTER, DESCRIBE, CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE]);
/// Operations were not asked for.
pub const OPERATIONS_OMITTED: i32 = i32::MIN;

// Kafka's numbers of the operations (`AclOperation`).
const READ: u32 = 3;
const WRITE: u32 = 4;
const CREATE: u32 = 5;
const DELETE: u32 = 6;
const ALTER: u32 = 7;
const DESCRIBE: u32 = 8;
const CLUSTER_ACTION: u32 = 9;
const DESCRIBE_CONFIGS: u32 = 10;
const ALTER_CONFIGS: u32 = 11;
const IDEMPOTENT_WRITE: u32 = 12;

const fn bits(operations: &[u32]) -> i32 {
    let mut bits = 0;
    let mut i = 0;
    while i < operations.len() {
        bits |= 1 << operations[i];
        i += 1;
    }
    bits
}

/// A broker as a client reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerView {
    /// Who.
    pub id: NodeId,
    /// Where: the host that the listener advertises.
    pub host: String,
    /// And the port.
    pub port: i32,
    /// `broker.rack`
    pub rack: Option<String>,
    /// A fenced broker leads nothing; only DescribeCluster shows it, and only on request.
    pub fenced: bool,
}

/// A partition as a client sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionView {
    /// Its leader, if that is alive and has the listener.
    pub leader: Option<NodeId>,
    /// The leader's epoch.
    pub leader_epoch: LeaderEpoch,
    /// True if there is no leader because the one that there is lacks the listener.
    pub lacks_listener: bool,
    /// Replicas that no client of the listener can reach.
    pub offline: Vec<NodeId>,
}

/// The brokers that have the listener, fenced ones too, by id.
pub fn brokers(image: &MetadataImage, listener: &str) -> Vec<BrokerView> {
    image.brokers().iter().filter_map(|broker| view(broker, listener)).collect()
}

/// One broker, if it is alive and has the listener.
pub fn alive_broker(image: &MetadataImage, id: NodeId, listener: &str) -> Option<BrokerView> {
    view(image.brokers().get(id)?, listener).filter(|broker| !broker.fenced)
}

fn view(broker: &BrokerImage, listener: &str) -> Option<BrokerView> {
    let endpoint = broker.endpoint(listener)?;
    Some(BrokerView {
        id: broker.broker_id,
        host: endpoint.host.clone(),
        port: i32::from(endpoint.port),
        rack: broker.rack.clone(),
        fenced: broker.fenced,
    })
}

/// The brokers that a client of the listener is told of.
pub fn alive_brokers(image: &MetadataImage, listener: &str) -> Vec<BrokerView> {
    brokers(image, listener).into_iter().filter(|broker| !broker.fenced).collect()
}

/// Whom clients are told to be the controller: any live broker, since each hands requests on to the real one (KIP-590).
pub fn controller_of(brokers: &[BrokerView]) -> NodeId {
    let alive: Vec<_> = brokers.iter().filter(|broker| !broker.fenced).collect();
    match alive.len() {
        0 => NodeId::NONE,
        n => alive[(random::u64() % n as u64) as usize].id,
    }
}

/// True if a client of the listener can reach the broker.
pub fn is_reachable(image: &MetadataImage, id: NodeId, listener: &str) -> bool {
    image.brokers().get(id).is_some_and(|broker| !broker.fenced && broker.endpoint(listener).is_some())
}

/// What a client of the listener sees of a partition.
pub fn partition(image: &MetadataImage, partition: &PartitionImage, listener: &str) -> PartitionView {
    let leader = image.brokers().get(partition.leader);
    let reachable = leader.is_some_and(|broker| broker.endpoint(listener).is_some());
    PartitionView {
        leader: reachable.then_some(partition.leader),
        leader_epoch: partition.leader_epoch,
        lacks_listener: leader.is_some() && !reachable,
        offline: partition.replicas.iter().copied().filter(|id| is_offline(image, partition, *id, listener)).collect(),
    }
}

fn is_offline(image: &MetadataImage, partition: &PartitionImage, id: NodeId, listener: &str) -> bool {
    let Some(broker) = image.brokers().get(id) else { return true };
    let place = partition.replicas.iter().position(|replica| *replica == id);
    let directory = place.and_then(|place| partition.directories.get(place)).copied().unwrap_or(Uuid::ZERO);
    broker.fenced || broker.endpoint(listener).is_none() || !has_online(broker, directory)
}

fn has_online(broker: &BrokerImage, directory: Uuid) -> bool {
    match u128::from_be_bytes(directory.0) {
        LOST_DIRECTORY_ID => false,
        reserved if reserved < FIRST_DIRECTORY_ID => true,
        _ => broker.log_dirs.is_empty() || broker.log_dirs.contains(&directory),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_without_an_authorizer_are_kafkas_bits() {
        assert_eq!(TOPIC_OPERATIONS, 3576);
        assert_eq!(CLUSTER_OPERATIONS, 8096);
    }

    #[test]
    fn nobody_is_the_controller_of_no_brokers() {
        assert_eq!(controller_of(&[]), NodeId::NONE);
        let fenced = BrokerView { id: NodeId(1), host: "h".into(), port: 1, rack: None, fenced: true };
        assert_eq!(controller_of(std::slice::from_ref(&fenced)), NodeId::NONE);
        assert_eq!(controller_of(&[fenced.clone(), BrokerView { id: NodeId(2), fenced: false, ..fenced }]), NodeId(2));
    }
}
