//! Fetch responses are byte for byte what kafka_protocol writes, the records in their holes.

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use bytes::Bytes;
use kafka_protocol::messages::{self, BrokerId, fetch_response as crate_types};
use kafka_protocol::protocol::StrBytes;
use ottla::base::error_code::ErrorCode;
use ottla::base::ids::{LeaderEpoch, NodeId, Offset, PartitionIndex, ProducerId, TopicName, Uuid};
use ottla::protocol::api::ApiKey;
use ottla::protocol::codec;
use ottla::protocol::fetch_response::{
    self, AbortedTransaction, FetchResponse, FetchedPartition, FetchedTopic, NodeEndpoint,
};
use ottla::protocol::response::{Part, Response};
use ottla::record::records::{FileSlice, RecordFile, Records};
use proptest::prelude::*;

/// A file in memory.
struct Memory(Vec<u8>);

impl RecordFile for Memory {
    fn read_exact_at(&self, out: &mut [u8], position: u64) -> io::Result<()> {
        let start = position as usize;
        out.copy_from_slice(self.0.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

fn joined(response: &Response) -> Vec<u8> {
    let mut out = Vec::new();
    for part in &response.parts {
        assert!(!part.is_empty(), "an empty part");
        match part {
            Part::Bytes(bytes) | Part::Records(Records::Memory(bytes)) => out.extend_from_slice(bytes),
            Part::Records(Records::Pieces(pieces)) => pieces.iter().for_each(|piece| out.extend_from_slice(piece)),
            Part::Records(Records::File(slice)) => {
                let start = out.len();
                out.resize(start + slice.len, 0);
                slice.file.read_exact_at(&mut out[start..], slice.position).unwrap();
            }
        }
    }
    assert_eq!(out.len(), response.len());
    out
}

/// Sizes of records: none, small enough to be copied, larger.
fn records() -> impl Strategy<Value = (Vec<u8>, bool)> {
    (prop_oneof![Just(0usize), 1..100usize, 2040..2060usize, 3000..20_000usize], any::<bool>(), any::<u8>())
        .prop_map(|(length, in_file, fill)| (vec![fill; length], in_file))
}

#[derive(Clone, Debug)]
struct Partition {
    index: i32,
    error: i16,
    offsets: (i64, i64, i64),
    aborted: Option<Vec<(i64, i64)>>,
    preferred: i32,
    records: (Vec<u8>, bool),
    diverging: Option<(i32, i64)>,
    leader: Option<(i32, i32)>,
    snapshot: Option<(i64, i32)>,
}

fn partition() -> impl Strategy<Value = Partition> {
    (
        (0..1000i32, 0..100i16, any::<(i64, i64, i64)>()),
        proptest::option::of(proptest::collection::vec(any::<(i64, i64)>(), 0..3)),
        -1..5i32,
        records(),
        proptest::option::of((0..9i32, 0..99i64)),
        proptest::option::of((0..9i32, 0..99i32)),
        proptest::option::of((0..9i64, 0..99i32)),
    )
        .prop_map(|((index, error, offsets), aborted, preferred, records, diverging, leader, snapshot)| {
            Partition { index, error, offsets, aborted, preferred, records, diverging, leader, snapshot }
        })
}

fn ours(topics: &[(String, [u8; 16], Vec<Partition>)], endpoints: &[(i32, String, Option<String>)]) -> FetchResponse {
    let partition = |p: &Partition| FetchedPartition {
        index: PartitionIndex(p.index),
        error: ErrorCode::from_code(p.error).unwrap(),
        high_watermark: Offset(p.offsets.0),
        last_stable_offset: Offset(p.offsets.1),
        log_start_offset: Offset(p.offsets.2),
        aborted: p.aborted.as_ref().map(|list| {
            list.iter()
                .map(|(id, at)| AbortedTransaction { producer_id: ProducerId(*id), first_offset: Offset(*at) })
                .collect()
        }),
        preferred_read_replica: NodeId(p.preferred),
        records: match &p.records {
            (bytes, true) if !bytes.is_empty() => {
                let mut file = vec![0xee; 10];
                file.extend(bytes);
                Records::File(FileSlice { file: Arc::new(Memory(file)), position: 10, len: bytes.len() })
            }
            (bytes, _) => Records::Memory(Bytes::from(bytes.clone())),
        },
        diverging_epoch: p.diverging.map(|(epoch, end)| (LeaderEpoch(epoch), Offset(end))),
        current_leader: p.leader.map(|(leader, epoch)| (NodeId(leader), LeaderEpoch(epoch))),
        snapshot_id: p.snapshot.map(|(end, epoch)| (Offset(end), LeaderEpoch(epoch))),
    };
    FetchResponse {
        throttle_time_ms: 3,
        error: ErrorCode::None,
        session_id: 0,
        topics: topics
            .iter()
            .map(|(name, id, partitions)| FetchedTopic {
                name: TopicName::from(name.as_str()),
                id: Uuid(*id),
                partitions: partitions.iter().map(partition).collect(),
            })
            .collect(),
        node_endpoints: endpoints
            .iter()
            .map(|(id, host, rack)| NodeEndpoint {
                node_id: NodeId(*id),
                host: StrBytes::from_string(host.clone()),
                port: 9092,
                rack: rack.clone().map(StrBytes::from_string),
            })
            .collect(),
    }
}

fn theirs(
    version: i16,
    topics: &[(String, [u8; 16], Vec<Partition>)],
    endpoints: &[(i32, String, Option<String>)],
) -> messages::FetchResponse {
    let partition = |p: &Partition| {
        let mut data = crate_types::PartitionData::default()
            .with_partition_index(p.index)
            .with_error_code(p.error)
            .with_high_watermark(p.offsets.0)
            .with_last_stable_offset(p.offsets.1)
            .with_log_start_offset(p.offsets.2)
            .with_aborted_transactions(p.aborted.as_ref().map(|list| {
                let one = |(id, at): &(i64, i64)| {
                    crate_types::AbortedTransaction::default().with_producer_id((*id).into()).with_first_offset(*at)
                };
                list.iter().map(one).collect()
            }))
            .with_preferred_read_replica(BrokerId(if version >= 11 { p.preferred } else { -1 }))
            .with_records(Some(Bytes::from(p.records.0.clone())));
        if let (Some((epoch, end)), true) = (p.diverging, version >= 12) {
            data.diverging_epoch = crate_types::EpochEndOffset::default().with_epoch(epoch).with_end_offset(end);
        }
        if let (Some((leader, epoch)), true) = (p.leader, version >= 12) {
            data.current_leader =
                crate_types::LeaderIdAndEpoch::default().with_leader_id(BrokerId(leader)).with_leader_epoch(epoch);
        }
        if let (Some((end, epoch)), true) = (p.snapshot, version >= 12) {
            data.snapshot_id = crate_types::SnapshotId::default().with_end_offset(end).with_epoch(epoch);
        }
        data
    };
    let topic = |(name, id, partitions): &(String, [u8; 16], Vec<Partition>)| {
        crate_types::FetchableTopicResponse::default()
            .with_topic(messages::TopicName(StrBytes::from_string(if version >= 13 {
                String::new()
            } else {
                name.clone()
            })))
            .with_topic_id(if version >= 13 { uuid::Uuid::from_bytes(*id) } else { uuid::Uuid::nil() })
            .with_partitions(partitions.iter().map(partition).collect())
    };
    let endpoint = |(id, host, rack): &(i32, String, Option<String>)| {
        crate_types::NodeEndpoint::default()
            .with_node_id(BrokerId(*id))
            .with_host(StrBytes::from_string(host.clone()))
            .with_port(9092)
            .with_rack(rack.clone().map(StrBytes::from_string))
    };
    messages::FetchResponse::default()
        .with_throttle_time_ms(3)
        .with_responses(topics.iter().map(topic).collect())
        .with_node_endpoints(if version >= 16 { endpoints.iter().map(endpoint).collect() } else { Vec::new() })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_bytes_are_the_crates(
        topics in proptest::collection::vec(("[a-z]{1,20}", any::<[u8; 16]>(), proptest::collection::vec(partition(), 0..4)), 0..4),
        endpoints in proptest::collection::vec((0..9i32, "[a-z.]{1,150}", proptest::option::of("[a-z]{1,9}")), 0..3),
    ) {
        for version in ApiKey::Fetch.versions().iter() {
            let ours = joined(&fetch_response::encode(version, 42, ours(&topics, &endpoints)).unwrap());
            let theirs = joined(&codec::response(ApiKey::Fetch, version, 42, &theirs(version, &topics, &endpoints)).unwrap());
            prop_assert_eq!(ours, theirs, "version {}", version);
        }
    }
}
