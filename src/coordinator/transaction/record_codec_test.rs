//! The bytes of the records, and what is told of bytes that are none.

use super::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn metadata(state: TransactionState, version: i16) -> TransactionMetadata {
    let partitions =
        [("a", 1), ("b", 0), ("b", 2)].map(|(topic, index)| TopicPartition::new(topic, PartitionIndex(index)));
    let metadata = TransactionMetadata {
        producer: Producer::new(ProducerId(7), ProducerEpoch(3)),
        prev_producer_id: if version > 0 { ProducerId(7) } else { ProducerId::NONE },
        timeout_ms: 60_000,
        state,
        partitions: if state == TransactionState::Empty {
            Arc::default()
        } else {
            Arc::new(BTreeSet::from(partitions))
        },
        started: Millis(1000),
        updated: Millis(2000),
        client_version: if version > 0 { TransactionVersion::V2 } else { TransactionVersion::V0 },
        value_version: version,
        ..TransactionMetadata::new(ProducerId(7), 60_000, Millis(0))
    };
    let is_new = version > 0 && (state.prepared().is_some() || state.is_idle() && state != TransactionState::Empty);
    TransactionMetadata { last_epoch: ProducerEpoch(if is_new { 2 } else { -1 }), ..metadata }
}

#[test]
fn the_bytes_are_those_of_the_schema() {
    let record = TransactionRecord::Transaction("t".into(), Some(metadata(TransactionState::Ongoing, 1)));
    let encoded = record.encode().expect("not soft");
    assert_eq!(encoded.key, hex("0000 0001 74"));
    let wanted = "0001 0000000000000007 0003 0000ea60 01
        03 02 61 02 00000001 00  02 62 03 00000000 00000002 00
        00000000000007d0 00000000000003e8
        02 00 08 0000000000000007 02 02 0002";
    assert_eq!(encoded.value, Some(hex(wanted)));
    let old = TransactionRecord::Transaction("t".into(), Some(metadata(TransactionState::Empty, 0))).encode();
    let wanted = "0000 0000000000000007 0003 0000ea60 00 ffffffff 00000000000007d0 00000000000003e8";
    assert_eq!(old.ok().and_then(|e| e.value), Some(hex(wanted)));
}

#[test]
fn what_was_written_comes_back() {
    for version in [0, 1] {
        for state in [0, 1, 2, 3, 4, 5].map(|n| TransactionState::from_number(n).expect("a state")) {
            let record = TransactionRecord::Transaction("t".into(), Some(metadata(state, version)));
            let Encoded { key, value } = record.encode().expect("not soft");
            assert_eq!(TransactionRecord::decode(Some(&key), value.as_deref()), Ok(Some(record)));
        }
    }
    let gone = TransactionRecord::Transaction("t".into(), None);
    let Encoded { key, value } = gone.encode().expect("not soft");
    assert_eq!((value, TransactionRecord::decode(Some(&key), None)), (None, Ok(Some(gone))));
}

#[test]
fn what_is_not_known_is_told_apart_from_what_is_damaged() {
    assert_eq!(TransactionRecord::decode(Some(&hex("0005 0001 74")), None), Ok(None));
    let newer = TransactionRecord::decode(Some(&hex("0000 0001 74")), Some(&hex("0002 00")));
    assert_eq!(newer, Err(DecodeError::Version { what: VALUE, version: 2 }));
    let cut = TransactionRecord::decode(Some(&hex("0000 0001 74")), Some(&hex("0001 0000")));
    assert!(matches!(cut, Err(DecodeError::Bytes { .. })));
    let huge = hex("0000 0000000000000007 0003 0000ea60 01 7fffffff");
    assert!(TransactionRecord::decode(Some(&hex("0000 0001 74")), Some(&huge)).is_err());
}
