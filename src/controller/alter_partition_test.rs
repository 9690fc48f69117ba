//! What a leader that wants another in-sync set is refused for: one thing wrong at a time.

use super::*;
use crate::base::ids::{Millis, Offset, TopicName};
use crate::config::server::ServerConfig;
use crate::controller::context::SystemChance;
use crate::metadata::record::{Partition, RegisterBroker, Topic};

const TOPIC: Uuid = Uuid([7; 16]);
const LEADER: NodeId = NodeId(1);
const FOLLOWER: NodeId = NodeId(2);
const FENCED: NodeId = NodeId(3);
const STOPPING: NodeId = NodeId(4);
const STRANGER: NodeId = NodeId(5);
const LEADER_EPOCH: LeaderEpoch = LeaderEpoch(6);
const PARTITION_EPOCH: PartitionEpoch = PartitionEpoch(8);

fn epoch(id: NodeId) -> BrokerEpoch {
    BrokerEpoch(i64::from(id.0) + 100)
}

fn registered(id: NodeId) -> MetadataRecord {
    MetadataRecord::RegisterBroker(RegisterBroker {
        broker_id: id,
        incarnation_id: Uuid([id.0 as u8; 16]),
        broker_epoch: epoch(id),
        endpoints: Vec::new(),
        features: Vec::new(),
        rack: None,
        fenced: id == FENCED,
        in_controlled_shutdown: id == STOPPING,
        log_dirs: vec![Uuid([id.0 as u8; 16])],
        cordoned_log_dirs: None,
    })
}

/// A partition on four brokers, in sync on its leader alone, which is recovering if `recovery` is 1.
fn image(recovery: i8) -> MetadataImage {
    let replicas = vec![LEADER, FOLLOWER, FENCED, STOPPING];
    let partition = Partition {
        partition: PartitionIndex(0),
        topic_id: TOPIC,
        directories: replicas.iter().map(|id| Uuid([id.0 as u8; 16])).collect(),
        replicas,
        isr: vec![LEADER],
        removing: Vec::new(),
        adding: Vec::new(),
        leader: LEADER,
        leader_recovery_state: recovery,
        leader_epoch: LEADER_EPOCH,
        partition_epoch: PARTITION_EPOCH,
        eligible_leader_replicas: Vec::new(),
        last_known_elr: Vec::new(),
    };
    let mut records: Vec<_> = [LEADER, FOLLOWER, FENCED, STOPPING, STRANGER].into_iter().map(registered).collect();
    records.push(MetadataRecord::Topic(Topic { name: TopicName::from("t"), topic_id: TOPIC }));
    records.push(MetadataRecord::Partition(partition));
    let mut image = MetadataImage::default();
    for (offset, record) in records.iter().enumerate() {
        image.apply(Offset(offset as i64), record).expect("a record that fits");
    }
    image
}

fn members(ids: &[NodeId]) -> Vec<(NodeId, BrokerEpoch)> {
    ids.iter().map(|id| (*id, epoch(*id))).collect()
}

/// A wish with nothing wrong: the follower joins.
fn wish() -> AlterPartition {
    let wanted = WantedIsr {
        topic_id: TOPIC,
        partition: PartitionIndex(0),
        leader_epoch: LEADER_EPOCH,
        partition_epoch: PARTITION_EPOCH,
        isr: members(&[LEADER, FOLLOWER]),
        leader_recovery_state: 0,
    };
    AlterPartition { broker_id: LEADER, broker_epoch: epoch(LEADER), partitions: vec![wanted] }
}

fn decided(image: &MetadataImage, operation: &AlterPartition) -> Decision<Result<AlterPartitionReply, ApiError>> {
    let context = Context {
        now: Millis(0),
        next_offset: Offset(200),
        node_id: LEADER,
        cluster_id: "c".to_owned(),
        config: std::sync::Arc::new(ServerConfig::quickstart()),
        chance: std::sync::Arc::new(SystemChance),
        gone: Default::default(),
    };
    decide(image, &context, operation)
}

/// What a wish comes to with one thing changed.
fn refused(recovery: i8, change: impl FnOnce(&mut WantedIsr)) -> ErrorCode {
    let mut operation = wish();
    change(&mut operation.partitions[0]);
    let Decision { records, reply } = decided(&image(recovery), &operation);
    assert!(records.is_empty(), "a refusal changes nothing");
    reply.expect("the asker is known").remove(0).2.expect_err("it is refused")
}

#[test]
fn a_wish_with_nothing_wrong_is_granted_and_told() {
    let Decision { records, reply } = decided(&image(0), &wish());
    assert_eq!(records.len(), 1);
    let now = reply.unwrap().remove(0).2.unwrap();
    let expected = PartitionNow {
        leader: LEADER,
        leader_epoch: LEADER_EPOCH,
        isr: vec![LEADER, FOLLOWER],
        leader_recovery_state: 0,
        partition_epoch: PartitionEpoch(PARTITION_EPOCH.0 + 1),
    };
    assert_eq!(now, expected);
}

#[test]
fn who_speaks_under_another_registration_is_not_heard() {
    for (id, registration) in [(LEADER, BrokerEpoch(epoch(LEADER).0 - 1)), (NodeId(9), epoch(LEADER))] {
        let operation = AlterPartition { broker_id: id, broker_epoch: registration, ..wish() };
        let Decision { records, reply } = decided(&image(0), &operation);
        assert_eq!((records.len(), reply.unwrap_err().code), (0, ErrorCode::StaleBrokerEpoch));
    }
}

#[test]
fn each_epoch_fences_by_itself() {
    let leader_epoch = |by| refused(0, |wanted| wanted.leader_epoch = LeaderEpoch(LEADER_EPOCH.0 + by));
    assert_eq!(leader_epoch(-1), ErrorCode::FencedLeaderEpoch);
    assert_eq!(leader_epoch(1), ErrorCode::NotController, "the asker knows more than this controller");
    let partition_epoch = |by| refused(0, |wanted| wanted.partition_epoch = PartitionEpoch(PARTITION_EPOCH.0 + by));
    assert_eq!(partition_epoch(-1), ErrorCode::InvalidUpdateVersion);
    assert_eq!(partition_epoch(1), ErrorCode::NotController);
}

#[test]
fn only_the_leader_is_heard_and_only_on_what_there_is() {
    let mut operation = AlterPartition { broker_id: FOLLOWER, broker_epoch: epoch(FOLLOWER), ..wish() };
    let reply = decided(&image(0), &operation).reply.unwrap();
    assert_eq!(reply[0].2, Err(ErrorCode::InvalidRequest), "a broker that does not lead");
    operation.partitions[0].leader_epoch = LeaderEpoch(LEADER_EPOCH.0 - 1);
    let reply = decided(&image(0), &operation).reply.unwrap();
    assert_eq!(reply[0].2, Err(ErrorCode::FencedLeaderEpoch), "it led once: that is what it is told");
    assert_eq!(refused(0, |wanted| wanted.topic_id = Uuid([8; 16])), ErrorCode::UnknownTopicId);
    assert_eq!(refused(0, |wanted| wanted.partition = PartitionIndex(1)), ErrorCode::UnknownTopicOrPartition);
}

#[test]
fn a_set_that_cannot_be_is_refused() {
    for isr in [&[][..], &[FOLLOWER], &[LEADER, LEADER], &[LEADER, STRANGER]] {
        assert_eq!(refused(0, |wanted| wanted.isr = members(isr)), ErrorCode::InvalidRequest, "{isr:?}");
    }
}

#[test]
fn who_could_not_lead_may_not_join() {
    for id in [FENCED, STOPPING] {
        assert_eq!(refused(0, |wanted| wanted.isr = members(&[LEADER, id])), ErrorCode::IneligibleReplica, "{id}");
    }
    let earlier_life = |wanted: &mut WantedIsr| wanted.isr[1].1 = BrokerEpoch(epoch(FOLLOWER).0 - 1);
    assert_eq!(refused(0, earlier_life), ErrorCode::IneligibleReplica);
    let mut not_said = wish();
    not_said.partitions[0].isr[1].1 = BrokerEpoch::NONE;
    assert!(
        decided(&image(0), &not_said).reply.unwrap()[0].2.is_ok(),
        "who does not know the epoch cannot be held to it"
    );
}

#[test]
fn who_recovers_is_alone_until_it_has() {
    let recovering = |isr: &[NodeId]| {
        let isr = members(isr);
        move |wanted: &mut WantedIsr| (wanted.isr, wanted.leader_recovery_state) = (isr, 1)
    };
    assert_eq!(refused(1, recovering(&[LEADER, FOLLOWER])), ErrorCode::InvalidRequest);
    assert_eq!(refused(0, recovering(&[LEADER])), ErrorCode::InvalidRequest, "nobody begins to recover by wish");
    assert_eq!(refused(0, |wanted| wanted.leader_recovery_state = 2), ErrorCode::InvalidRequest);
    let granted = decided(&image(1), &wish()).reply.unwrap().remove(0).2.unwrap();
    assert_eq!(granted.leader_recovery_state, 0);
}
