//! What a registration says of the replicas that a broker held before.

use super::*;
use crate::base::ids::{LeaderEpoch, Millis, PartitionEpoch, PartitionIndex, TopicName};
use crate::config::server::ServerConfig;
use crate::controller::context::SystemChance;
use crate::metadata::record::{Partition, PartitionChange, Topic};

const TOPIC: Uuid = Uuid([7; 16]);
const ONE: NodeId = NodeId(1);
const TWO: NodeId = NodeId(2);
/// The registration of both before.
const BEFORE: BrokerEpoch = BrokerEpoch(5);

fn registered(id: NodeId) -> MetadataRecord {
    MetadataRecord::RegisterBroker(record::RegisterBroker {
        broker_id: id,
        incarnation_id: Uuid([id.0 as u8; 16]),
        broker_epoch: BEFORE,
        endpoints: Vec::new(),
        features: Vec::new(),
        rack: None,
        fenced: id == TWO,
        in_controlled_shutdown: false,
        log_dirs: vec![Uuid([id.0 as u8; 16])],
        cordoned_log_dirs: None,
    })
}

/// A partition that is in sync on ONE alone; TWO is down, and eligible to lead. `known` are registered.
fn image(known: &[NodeId]) -> MetadataImage {
    let partition = Partition {
        partition: PartitionIndex(0),
        topic_id: TOPIC,
        replicas: vec![ONE, TWO],
        isr: vec![ONE],
        removing: Vec::new(),
        adding: Vec::new(),
        leader: ONE,
        leader_recovery_state: 0,
        leader_epoch: LeaderEpoch(3),
        partition_epoch: PartitionEpoch(3),
        directories: vec![Uuid([1; 16]), Uuid([2; 16])],
        eligible_leader_replicas: vec![TWO],
        last_known_elr: Vec::new(),
    };
    let mut records: Vec<MetadataRecord> = known.iter().map(|id| registered(*id)).collect();
    records.push(MetadataRecord::Topic(Topic { name: TopicName::from("t"), topic_id: TOPIC }));
    records.push(MetadataRecord::Partition(partition));
    let mut image = MetadataImage::default();
    for (offset, record) in records.iter().enumerate() {
        image.apply(Offset(offset as i64), record).expect("a record that fits");
    }
    image
}

/// A controller that is node 3, and has not heard of `gone`.
fn context(gone: &[NodeId]) -> Context {
    Context {
        now: Millis(0),
        next_offset: Offset(100),
        node_id: NodeId(3),
        cluster_id: "c".to_owned(),
        config: std::sync::Arc::new(ServerConfig::quickstart()),
        chance: std::sync::Arc::new(SystemChance),
        gone: gone.iter().copied().collect(),
    }
}

/// A new process that calls itself `id`.
fn registration(id: NodeId, directory: Uuid, previous_epoch: BrokerEpoch) -> RegisterBroker {
    let endpoint =
        BrokerEndpoint { name: "PLAINTEXT".to_owned(), host: "localhost".to_owned(), port: 9092, security_protocol: 0 };
    RegisterBroker {
        broker_id: id,
        cluster_id: "c".to_owned(),
        incarnation_id: Uuid([9; 16]),
        endpoints: vec![endpoint],
        features: vec![BrokerFeature { name: METADATA_VERSION.to_owned(), min: 7, max: 30 }],
        rack: None,
        log_dirs: vec![directory],
        previous_epoch,
    }
}

/// The replicas that are eligible to lead once TWO has registered, if that changes.
fn eligible_after(known: &[NodeId], previous_epoch: BrokerEpoch) -> Option<Vec<NodeId>> {
    let operation = registration(TWO, Uuid([9; 16]), previous_epoch);
    let (records, _) = try_register(&image(known), &context(&[TWO]), &operation).expect("it may register");
    records.into_iter().find_map(|record| match record {
        MetadataRecord::PartitionChange(PartitionChange { eligible_leader_replicas, .. }) => eligible_leader_replicas,
        _ => None,
    })
}

#[test]
fn who_stopped_in_order_stays_eligible_and_nobody_else() {
    assert_eq!(eligible_after(&[ONE, TWO], BEFORE), None, "its last stop was clean");
    assert_eq!(eligible_after(&[ONE, TWO], BrokerEpoch::NONE), Some(Vec::new()), "it was not");
}

/// A broker that was unregistered may come back with an empty disk.
#[test]
fn who_was_unregistered_is_eligible_no_more() {
    assert_eq!(eligible_after(&[ONE], BEFORE), Some(Vec::new()));
    assert_eq!(eligible_after(&[ONE], BrokerEpoch::NONE), Some(Vec::new()));
}

/// ONE is not fenced. Its directory is [1; 16].
#[test]
fn a_number_is_taken_over_by_who_has_the_directory_of_one_that_is_not_heard_of() {
    let refused = |gone: &[NodeId], directory: u8| {
        let operation = registration(ONE, Uuid([directory; 16]), BrokerEpoch::NONE);
        try_register(&image(&[ONE, TWO]), &context(gone), &operation)
            .map(|(_, epoch)| epoch)
            .map_err(|error| error.code)
    };
    let taken = Err(ErrorCode::DuplicateBrokerRegistration);
    assert_eq!(refused(&[], 9), taken);
    assert_eq!(refused(&[], 1), taken, "its directory was copied");
    assert_eq!(refused(&[ONE], 9), taken, "its connection may come back");
    assert_eq!(refused(&[ONE], 1), Ok(BrokerEpoch(100)));
}
