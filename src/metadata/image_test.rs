//! Records add up; clones share; a snapshot gives the same image again.

use super::*;
use crate::base::ids::{BrokerEpoch, LeaderEpoch, PartitionEpoch, ProducerId};
use crate::metadata::features;
use crate::metadata::record::*;

const TOPIC: Uuid = Uuid([5; 16]);

fn partition(index: i32) -> MetadataRecord {
    MetadataRecord::Partition(Partition {
        partition: PartitionIndex(index),
        topic_id: TOPIC,
        replicas: vec![NodeId(1)],
        isr: vec![NodeId(1)],
        removing: vec![],
        adding: vec![],
        leader: NodeId(1),
        leader_recovery_state: 0,
        leader_epoch: LeaderEpoch(0),
        partition_epoch: PartitionEpoch(0),
        directories: vec![Uuid([1; 16])],
        eligible_leader_replicas: vec![],
        last_known_elr: vec![],
    })
}

fn config(resource: (ResourceType, &str), name: &str, value: Option<&str>) -> MetadataRecord {
    MetadataRecord::Config(Config {
        resource_type: resource.0.id(),
        resource_name: resource.1.into(),
        name: name.into(),
        value: value.map(str::to_owned),
    })
}

fn filled() -> MetadataImage {
    let mut records = features::bootstrap_records();
    records.push(MetadataRecord::Topic(Topic { name: "t".into(), topic_id: TOPIC }));
    records.extend((0..3).map(partition));
    records.push(config((ResourceType::Topic, "t"), "retention.ms", Some("1")));
    records.push(config((ResourceType::Broker, ""), "log.retention.ms", Some("2")));
    records.push(MetadataRecord::ProducerIds(ProducerIds {
        broker_id: NodeId(1),
        broker_epoch: BrokerEpoch(0),
        next_producer_id: ProducerId(1000),
    }));
    let mut image = MetadataImage::default();
    for (at, record) in records.iter().enumerate() {
        image.apply(Offset(at as i64), record).unwrap();
    }
    image
}

#[test]
fn a_snapshot_gives_the_same_image_again() {
    let image = filled();
    let records = image.to_records();
    let mut again = MetadataImage::default();
    for record in &records {
        again.apply(image.offset(), record).unwrap();
    }
    assert_eq!(again.to_records(), records);
    assert_eq!(again.offset(), image.offset());
    let Some(MetadataRecord::FeatureLevel(first)) = records.first() else { panic!("not a feature") };
    assert_eq!((first.name.as_str(), first.level), (features::METADATA_VERSION, 30));
}

#[test]
fn a_change_to_one_copy_leaves_the_other_and_shares_the_rest() {
    let before = filled();
    let mut after = before.clone();
    let other = Uuid([6; 16]);
    after.apply(Offset(90), &MetadataRecord::Topic(Topic { name: "u".into(), topic_id: other })).unwrap();
    assert!(before.topic("u").is_none());
    assert!(Arc::ptr_eq(before.topic("t").unwrap(), after.topic_by_id(TOPIC).unwrap()));
    assert!(before.shares_configs_with(&after));
}

#[test]
fn an_election_moves_both_epochs_and_an_isr_change_only_one() {
    let mut image = filled();
    let change = |leader| PartitionChange { topic_id: TOPIC, leader, isr: Some(vec![]), ..PartitionChange::default() };
    image.apply(Offset(50), &MetadataRecord::PartitionChange(change(None))).unwrap();
    let state = image.topic("t").unwrap().partitions[0].clone();
    assert_eq!((state.leader_epoch, state.partition_epoch, state.isr.len()), (LeaderEpoch(0), PartitionEpoch(1), 0));
    image.apply(Offset(51), &MetadataRecord::PartitionChange(change(Some(NodeId::NONE)))).unwrap();
    let state = image.topic("t").unwrap().partitions[0].clone();
    assert_eq!(
        (state.leader_epoch, state.partition_epoch, state.leader),
        (LeaderEpoch(1), PartitionEpoch(2), NodeId::NONE)
    );
}

#[test]
fn a_topic_takes_its_settings_along() {
    let mut image = filled();
    image.apply(Offset(60), &MetadataRecord::RemoveTopic { topic_id: TOPIC }).unwrap();
    assert!(image.topics().is_empty());
    assert!(image.configs().of(ResourceType::Topic, "t").is_empty());
    assert_eq!(image.configs().of(ResourceType::Broker, "").len(), 1);
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let mut image = filled();
    let records = image.to_records();
    let gap = partition(7);
    assert_eq!(image.apply(Offset(70), &gap), Err(ApplyError::UnknownPartition(TOPIC, PartitionIndex(7))));
    assert!(image.apply(Offset(70), &partition(-1)).is_err());
    assert!(image.apply(Offset(70), &MetadataRecord::RemoveTopic { topic_id: Uuid([8; 16]) }).is_err());
    let same_name = MetadataRecord::Topic(Topic { name: "t".into(), topic_id: Uuid([8; 16]) });
    assert!(image.apply(Offset(70), &same_name).is_err());
    assert_eq!(image.to_records(), records);
}

#[test]
fn the_last_setting_taken_away_takes_the_resource_away() {
    let mut image = filled();
    image.apply(Offset(80), &config((ResourceType::Topic, "t"), "retention.ms", None)).unwrap();
    assert_eq!(image.configs().names(ResourceType::Topic).count(), 0);
    assert_eq!(features::metadata_version_name(30), Some("4.3-IV0"));
    assert_eq!(image.features().level(features::KRAFT_VERSION), 1);
}
