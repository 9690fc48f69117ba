//! Every kind comes back from its bytes; foreign versions are read; damage is refused.

use super::*;
use crate::base::ids::{BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, ProducerId, Uuid};
use crate::metadata::record::*;
use proptest::prelude::*;

fn bytes(record: &MetadataRecord) -> Vec<u8> {
    let mut out = Writer::new();
    encode(record, &mut out);
    out.into_vec()
}

fn partition() -> Partition {
    Partition {
        partition: PartitionIndex(2),
        topic_id: Uuid([7; 16]),
        replicas: vec![NodeId(1), NodeId(2)],
        isr: vec![NodeId(1)],
        removing: vec![],
        adding: vec![NodeId(2)],
        leader: NodeId(1),
        leader_recovery_state: 0,
        leader_epoch: LeaderEpoch(3),
        partition_epoch: PartitionEpoch(4),
        directories: vec![Uuid([1; 16]), Uuid([2; 16])],
        eligible_leader_replicas: vec![],
        last_known_elr: vec![NodeId(2)],
    }
}

fn every_kind() -> Vec<MetadataRecord> {
    let id = Uuid([9; 16]);
    vec![
        MetadataRecord::RegisterBroker(RegisterBroker {
            broker_id: NodeId(1),
            incarnation_id: id,
            broker_epoch: BrokerEpoch(12),
            endpoints: vec![BrokerEndpoint { name: "A".into(), host: "h".into(), port: 65535, security_protocol: 1 }],
            features: vec![BrokerFeature { name: "metadata.version".into(), min: 7, max: 30 }],
            rack: Some("r1".into()),
            fenced: true,
            in_controlled_shutdown: false,
            log_dirs: vec![id],
            cordoned_log_dirs: Some(vec![]),
        }),
        MetadataRecord::UnregisterBroker(UnregisterBroker { broker_id: NodeId(1), broker_epoch: BrokerEpoch(12) }),
        MetadataRecord::Topic(Topic { name: "t".into(), topic_id: id }),
        MetadataRecord::Partition(partition()),
        MetadataRecord::Config(Config { resource_type: 2, resource_name: "t".into(), name: "k".into(), value: None }),
        MetadataRecord::PartitionChange(PartitionChange {
            partition: PartitionIndex(0),
            topic_id: id,
            isr: Some(vec![]),
            leader: Some(NodeId::NONE),
            leader_recovery_state: Some(1),
            directories: Some(vec![id]),
            ..PartitionChange::default()
        }),
        MetadataRecord::RemoveTopic { topic_id: id },
        MetadataRecord::UserScramCredential(UserScramCredential {
            name: "u".into(),
            mechanism: 1,
            salt: vec![1, 2],
            stored_key: vec![3],
            server_key: vec![],
            iterations: 4096,
        }),
        MetadataRecord::FeatureLevel(FeatureLevel { name: "metadata.version".into(), level: 30 }),
        MetadataRecord::ClientQuota(ClientQuota {
            entity: vec![("user".into(), None), ("client-id".into(), Some("c".into()))],
            key: "producer_byte_rate".into(),
            value: Some(1024.5),
        }),
        MetadataRecord::ProducerIds(ProducerIds {
            broker_id: NodeId(1),
            broker_epoch: BrokerEpoch(5),
            next_producer_id: ProducerId(2000),
        }),
        MetadataRecord::BrokerRegistrationChange(BrokerRegistrationChange {
            broker_id: NodeId(1),
            broker_epoch: BrokerEpoch(5),
            fenced: Some(false),
            in_controlled_shutdown: true,
            log_dirs: vec![id],
            cordoned_log_dirs: None,
        }),
        MetadataRecord::AccessControlEntry(AccessControlEntry {
            id,
            resource_type: 2,
            resource_name: "t".into(),
            pattern_type: 3,
            principal: "User:a".into(),
            host: "*".into(),
            operation: 3,
            permission_type: 3,
        }),
        MetadataRecord::RemoveAccessControlEntry { id },
        MetadataRecord::NoOp,
        MetadataRecord::RemoveUserScramCredential { name: "u".into(), mechanism: 2 },
    ]
}

#[test]
fn every_kind_comes_back_and_no_cut_is_read_as_another_record() {
    for record in every_kind() {
        let bytes = bytes(&record);
        assert_eq!(decode(&bytes).as_ref(), Ok(&record));
        for cut in 0..bytes.len() {
            assert!(decode(&bytes[..cut]).is_err(), "{record:?} cut at {cut}");
        }
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(decode(&longer), Err(RecordCodecError::Trailing(1)));
    }
}

#[test]
fn a_feature_level_has_the_bytes_that_kafka_writes() {
    let record = MetadataRecord::FeatureLevel(FeatureLevel { name: "ab".into(), level: 30 });
    assert_eq!(bytes(&record), [1, 12, 0, 3, b'a', b'b', 0, 30, 0]);
}

#[test]
fn older_versions_are_read() {
    let mut old = Writer::new();
    old.bytes(&[1, 3, 0]);
    old.i32(2);
    old.uuid(Uuid([7; 16]));
    old.bytes(&[2, 0, 0, 0, 1, 2, 0, 0, 0, 1, 1, 1]);
    old.i32(1);
    old.i32(3);
    old.i32(4);
    old.uvarint(0);
    let Ok(MetadataRecord::Partition(read)) = decode(old.as_slice()) else { panic!("not read") };
    assert_eq!((read.replicas, read.directories, read.partition_epoch), (vec![NodeId(1)], vec![], PartitionEpoch(4)));
}

#[test]
fn unknown_frames_kinds_and_versions_are_named() {
    assert_eq!(decode(&[2, 12, 0]), Err(RecordCodecError::FrameVersion(2)));
    assert_eq!(decode(&[1, 99, 0]), Err(RecordCodecError::Kind(99)));
    assert_eq!(decode(&[1, 12, 1]), Err(RecordCodecError::Version { kind: 12, version: 1 }));
}

#[test]
fn a_tag_from_a_newer_version_is_passed_over() {
    assert_eq!(decode(&[1, 20, 0, 1, 99, 2, 5, 5]), Ok(MetadataRecord::NoOp));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(mut body: Vec<u8>, kind in 0u8..23, version in 0u8..5) {
        let mut framed = vec![1, kind, version];
        framed.append(&mut body);
        let _ = decode(&framed);
    }
}
