//! Records that Apache Kafka 4.3.1 wrote into its own `__consumer_offsets`, older versions, and noise.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::base::ids::{LeaderEpoch, Millis, Offset, Uuid};
use crate::coordinator::group::record::{ConsumerGroupValue, OffsetValue, ResolvedRegexValue};

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

fn decode(key: &str, value: Option<&str>) -> Result<Option<GroupRecord>, DecodeError> {
    GroupRecord::decode(Some(&bytes(key)), value.map(bytes).as_deref())
}

/// Key, value, and what it says.
const OF_KAFKA: &[(&str, Option<&str>, &str)] = &[
    (
        "00010009672d636c617373696300066f726465727300000001",
        Some("000400000000000000030000000001000001a1fe787deb010010313cbb0be70047b4973c807f7177dc67"),
        "Offset(g-classic: orders-1, Some(3 of epoch 0 at 1795270671851 ms of MTy7C-cAR7SXPIB_cXfcZw))",
    ),
    (
        "00020009672d636c6173736963",
        Some(
            "00030008636f6e73756d657200000001000572616e6765002769312d30663232663536322d643036302d346434392d396662622d61\
             3063356362326332666663000001a1fe78780a00000001002769312d30663232663536322d643036302d346434392d396662622d61\
             30633563623263326666630002693100026331000a2f3132372e302e302e31000493e00000afc80000001c00030000000100066f72\
             64657273ffffffff00000000ffffffffffff0000001e00030000000100066f7264657273000000020000000000000001ffffffff",
        ),
        "Classic(\"g-classic\", Some(ClassicGroupValue { protocol_type: \"consumer\", generation: 1, protocol: \
         Some(\"range\"), leader: Some(\"i1-0f22f562-d060-4d49-9fbb-a0c5cb2c2ffc\"), current_state_timestamp: \
         Millis(1795270670346), members: [ClassicMemberValue { member_id: \"i1-0f22f562-d060-4d49-9fbb-a0c5cb2c2ffc\", \
         instance_id: Some(\"i1\"), client_id: \"c1\", client_host: \"/127.0.0.1\", rebalance_timeout_ms: 300000, \
         session_timeout_ms: 45000, subscription: \
         b\"\\0\\x03\\0\\0\\0\\x01\\0\\x06orders\\xff\\xff\\xff\\xff\\0\\0\\0\\0\\xff\\xff\\xff\\xff\\xff\\xff\", \
         assignment: \
         b\"\\0\\x03\\0\\0\\0\\x01\\0\\x06orders\\0\\0\\0\\x02\\0\\0\\0\\0\\0\\0\\0\\x01\\xff\\xff\\xff\\xff\" }] }))",
    ),
    (
        "0003000a672d636f6e73756d6572",
        Some("000000000002010008fa9c33c85c4a3e1d"),
        "ConsumerGroup(\"g-consumer\", Some(ConsumerGroupValue { epoch: 2, metadata_hash: -388378532225860067 }))",
    ),
    (
        "0005000b672d636f6e73756d657232001667724a694d4e6e3851726d3046444e4a495331693351",
        Some("0000000372310363320b2f3132372e302e302e3102076f726465727301000493e00001000100"),
        "ConsumerMember(\"g-consumer2\", \"grJiMNn8Qrm0FDNJIS1i3Q\", Some(ConsumerMemberValue { instance_id: None, \
         rack_id: Some(\"r1\"), client_id: \"c2\", client_host: \"/127.0.0.1\", subscribed_topic_names: [\"orders\"], \
         subscribed_topic_regex: Some(\"\"), rebalance_timeout_ms: 300000, server_assignor: None, classic: None }))",
    ),
    (
        "0005000a672d636f6e73756d657200163755786d775a4c58515869467a6c6f68686232564a67",
        None,
        "ConsumerMember(\"g-consumer\", \"7UxmwZLXQXiFzlohhb2VJg\", None)",
    ),
    (
        "0006000a672d636f6e73756d6572",
        Some("000000000002010008000001a1fe787b91"),
        "ConsumerTargetEpoch(\"g-consumer\", Some(TargetEpochValue { assignment_epoch: 2, assignment_timestamp: \
         Millis(1795270671249) }))",
    ),
    (
        "0007000a672d636f6e73756d657200163755786d775a4c58515869467a6c6f68686232564a67",
        Some("000002313cbb0be70047b4973c807f7177dc670300000000000000010000"),
        "ConsumerTarget(\"g-consumer\", \"7UxmwZLXQXiFzlohhb2VJg\", Some([TopicPartitions { topic_id: \
         Uuid(MTy7C-cAR7SXPIB_cXfcZw), partitions: [0, 1], assignment_epochs: None }]))",
    ),
    (
        "0008000a672d636f6e73756d657200163755786d775a4c58515869467a6c6f68686232564a67",
        Some("000000000002000000000002313cbb0be70047b4973c807f7177dc670300000000000000010100090300000002000000020100"),
        "ConsumerCurrent(\"g-consumer\", \"7UxmwZLXQXiFzlohhb2VJg\", Some(CurrentAssignmentValue { member_epoch: 2, \
         previous_member_epoch: 0, state: 0, assigned: [TopicPartitions { topic_id: Uuid(MTy7C-cAR7SXPIB_cXfcZw), \
         partitions: [0, 1], assignment_epochs: Some([2, 2]) }], pending_revocation: [] }))",
    ),
];

#[test]
fn what_kafka_wrote_is_read_and_written_again_byte_for_byte() {
    for (key, value, says) in OF_KAFKA {
        let record = decode(key, *value).unwrap().expect("a known kind");
        assert_eq!(&format!("{record:?}"), says);
        let again = record.encode().unwrap();
        assert_eq!((again.key, again.value), (bytes(key), value.map(bytes)), "{says}");
    }
}

#[test]
fn older_versions_are_read() {
    let key = "0001 0001 67 0001 74 00000007";
    let offset = |value| match decode(key, Some(value)) {
        Ok(Some(GroupRecord::Offset(_, Some(value)))) => value,
        other => panic!("{other:?}"),
    };
    let plain = offset("0000 0000000000000005 0001 6d 0000000000000009");
    assert_eq!((plain.offset, &*plain.metadata, plain.commit_timestamp), (Offset(5), "m", Millis(9)));
    assert_eq!((plain.leader_epoch, plain.expire_timestamp), (LeaderEpoch(-1), None));
    let expires = offset("0001 0000000000000005 0001 6d 0000000000000009 000000000000000b");
    assert_eq!(expires, OffsetValue { expire_timestamp: Some(Millis(11)), ..plain.clone() });
    assert_eq!(offset("0002 0000000000000005 0001 6d 0000000000000009"), plain);
    let led = offset("0003 0000000000000005 00000003 0001 6d 0000000000000009");
    assert_eq!(led, OffsetValue { leader_epoch: LeaderEpoch(3), ..plain });
    assert!(matches!(
        decode("0000 0001 67 0001 74 00000007", Some("0000 0000000000000005 0000 0000000000000009")),
        Ok(Some(GroupRecord::Offset(..)))
    ));
    // A classic group: the oldest version without three fields, the flexible one with all.
    let oldest =
        "0000 0001 63 00000002 0001 72 0001 6d 00000001 0001 6d 0001 63 0001 68 0000000a 00000001 aa 00000001 bb";
    let newest =
        "0004 02 63 00000002 02 72 02 6d 0000000000000005 02 02 6d 00 02 63 02 68 ffffffff 0000000a 02 aa 02 bb 00 00";
    let [oldest, newest] = [oldest, newest].map(|value| match decode("0002 0001 67", Some(value)) {
        Ok(Some(GroupRecord::Classic(_, Some(value)))) => value,
        other => panic!("{other:?}"),
    });
    assert_eq!((oldest.members[0].rebalance_timeout_ms, oldest.current_state_timestamp), (-1, Millis(-1)));
    assert_eq!(oldest.members, newest.members);
    let group = decode("0003 0001 67", Some("0000 00000002 00")).unwrap();
    let Some(GroupRecord::ConsumerGroup(_, Some(value))) = group else { panic!("{group:?}") };
    assert_eq!(value, ConsumerGroupValue { epoch: 2, metadata_hash: 0 });
}

#[test]
fn an_offset_that_expires_by_itself_and_one_without_an_id_come_back() {
    let at = OffsetKey { group: "g".into(), topic: "t".into(), partition: PartitionIndex(0) };
    for expire_timestamp in [None, Some(Millis(7))] {
        let value = OffsetValue {
            offset: Offset(1),
            leader_epoch: LeaderEpoch(-1),
            metadata: "grüße".into(),
            commit_timestamp: Millis(2),
            expire_timestamp,
            topic_id: Uuid::ZERO,
        };
        let bytes = GroupRecord::Offset(at.clone(), Some(value.clone())).encode().unwrap();
        let read = GroupRecord::decode(Some(&bytes.key), bytes.value.as_deref()).unwrap();
        assert!(matches!(read, Some(GroupRecord::Offset(k, Some(v))) if k == at && v == value));
    }
    let regex = ResolvedRegexValue { topics: vec!["a".into(), "b".into()], version: 7, timestamp: Millis(8) };
    let bytes = GroupRecord::ConsumerRegex("g".into(), "[ab]".into(), Some(regex.clone())).encode().unwrap();
    let read = GroupRecord::decode(Some(&bytes.key), bytes.value.as_deref()).unwrap();
    assert!(matches!(read, Some(GroupRecord::ConsumerRegex(_, _, Some(value))) if value == regex));
}

#[test]
fn unknown_kinds_are_skipped_and_unknown_versions_are_not() {
    assert!(matches!(decode("000b 0001 67", Some("0000 00000002 00")), Ok(None)));
    assert!(matches!(decode("7fff", None), Ok(None)));
    let newer = decode("0003 0001 67", Some("0001 00000002 00"));
    assert!(matches!(newer, Err(DecodeError::Version { what: "ConsumerGroupMetadataValue", version: 1 })));
    assert!(matches!(GroupRecord::decode(None, None), Err(DecodeError::NoKey)));
    let long: Arc<str> = "x".repeat(40_000).into();
    assert_eq!(GroupRecord::Classic(long, None).encode(), Err(EncodeError::TooLong(40_000)));
}

proptest! {
    #[test]
    fn noise_is_an_error_and_never_a_panic(kind in 0i16..18, version in 0i16..5, key: Vec<u8>, value: Vec<u8>) {
        let key = [&kind.to_be_bytes()[..], &[0, 1, b'g', 0, 1, b't', 0, 0, 0, 0], &key].concat();
        let value = [&version.to_be_bytes()[..], &value].concat();
        let read = GroupRecord::decode(Some(&key), Some(&value));
        let size = read.map_or(0, |record| format!("{record:?}").len());
        prop_assert!(size < 4000 + 40 * value.len());
    }
}
