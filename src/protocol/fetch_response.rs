//! The Fetch response, versions 4 to 18, encoded here because records must not pass through a buffer.
//!
//! Fields go into one buffer; where a partition's records belong there is a hole, and the response becomes a list: fields,
//! records, fields, records, fields. The tail of one partition and the head of the next are one piece. Records that are in
//! memory and small are copied into the fields, since a piece of its own costs more than the copy.
//!
//! ```text
//!  response   throttle i32 | 7+: error i16, session i32 | [topics] | 12+: tags { 16+: 0 node endpoints }
//!  topic      4-12: name, 13+: id | [partitions] | 12+: tags
//!  partition  index i32 | error i16 | high watermark i64 | last stable i64 | 5+: log start i64 | [aborted]? | 11+: preferred i32
//!             | RECORDS | 12+: tags { 0 diverging epoch, 1 current leader, 2 snapshot id }
//!  aborted    producer id i64 | first offset i64 | 12+: tags
//! ```
//!
//! From version 12 on lengths are varints of length plus one, before that i32. The records of an error are empty, not null.

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::protocol::StrBytes;

use super::api::ApiKey;
use super::codec::EncodeError;
use super::extra::message::put_uvarint;
use super::response::{Part, Response};
use super::{frame, header};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{LeaderEpoch, NodeId, Offset, PartitionIndex, ProducerId, TopicName, Uuid};
use crate::record::records::Records;

/// Records in memory up to this size (bytes) are copied in between the fields.
const COPY_BYTES_MAX: usize = 2048;

/// What a Fetch is answered with.
#[derive(Clone, Debug)]
pub struct FetchResponse {
    /// How long the client was throttled (ms).
    pub throttle_time_ms: i32,
    /// The error of the whole request (from version 7).
    pub error: ErrorCode,
    /// The fetch session (KIP-227), or 0.
    pub session_id: i32,
    /// The topics.
    pub topics: Vec<FetchedTopic>,
    /// Where the current leaders below can be reached (KIP-951, from version 16).
    pub node_endpoints: Vec<NodeEndpoint>,
}

impl FetchResponse {
    /// A request that failed as a whole.
    pub fn failed(error: ErrorCode) -> Self {
        Self { throttle_time_ms: 0, error, session_id: 0, topics: Vec::new(), node_endpoints: Vec::new() }
    }
}

/// One topic.
#[derive(Clone, Debug)]
pub struct FetchedTopic {
    /// Its name, sent up to version 12.
    pub name: TopicName,
    /// Its id, sent from version 13 on (KIP-516).
    pub id: Uuid,
    /// Its partitions.
    pub partitions: Vec<FetchedPartition>,
}

/// One partition.
#[derive(Clone, Debug)]
pub struct FetchedPartition {
    /// The partition.
    pub index: PartitionIndex,
    /// Its error.
    pub error: ErrorCode,
    /// The high watermark, or -1.
    pub high_watermark: Offset,
    /// The last stable offset, or -1.
    pub last_stable_offset: Offset,
    /// The log's first offset, or -1 (from version 5).
    pub log_start_offset: Offset,
    /// Aborted transactions in the range; `None` unless the client reads committed records only.
    pub aborted: Option<Vec<AbortedTransaction>>,
    /// The replica that the client should fetch from instead (KIP-392, from version 11), or -1.
    pub preferred_read_replica: NodeId,
    /// The batches.
    pub records: Records,
    /// Where the fetcher's log diverges (KIP-595, from version 12): the largest common epoch and its end.
    pub diverging_epoch: Option<(LeaderEpoch, Offset)>,
    /// The leader, if the client asked the wrong broker (KIP-951, from version 12).
    pub current_leader: Option<(NodeId, LeaderEpoch)>,
    /// The snapshot to load instead (KIP-630, from version 12): its end offset and epoch.
    pub snapshot_id: Option<(Offset, LeaderEpoch)>,
}

impl FetchedPartition {
    /// A partition that could not be read: no offsets, no records.
    pub fn failed(index: PartitionIndex, error: ErrorCode) -> Self {
        Self {
            index,
            error,
            high_watermark: Offset::NONE,
            last_stable_offset: Offset::NONE,
            log_start_offset: Offset::NONE,
            aborted: Some(Vec::new()),
            preferred_read_replica: NodeId::NONE,
            records: Records::EMPTY,
            diverging_epoch: None,
            current_leader: None,
            snapshot_id: None,
        }
    }
}

/// A transaction to be skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedTransaction {
    /// Its producer.
    pub producer_id: ProducerId,
    /// Its first offset.
    pub first_offset: Offset,
}

/// Where a broker can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeEndpoint {
    /// The broker.
    pub node_id: NodeId,
    /// Its host.
    pub host: StrBytes,
    /// Its port.
    pub port: i32,
    /// Its rack.
    pub rack: Option<StrBytes>,
}

/// Encodes the response to the Fetch request with that version and correlation id.
pub fn encode(version: i16, correlation_id: i32, response: FetchResponse) -> Result<Response, EncodeError> {
    let fields = response.topics.iter().map(|topic| 64 + topic.partitions.len() * 64).sum::<usize>();
    let mut encoder = Encoder {
        version,
        flexible: ApiKey::Fetch.is_flexible(version),
        out: BytesMut::with_capacity(64 + fields),
        holes: Vec::new(),
    };
    frame::start(&mut encoder.out);
    header::write_response_header(&mut encoder.out, ApiKey::Fetch, version, correlation_id);
    encoder.response(response);
    encoder.finish()
}

struct Encoder {
    version: i16,
    flexible: bool,
    out: BytesMut,
    /// Records, and where in `out` they belong, ascending.
    holes: Vec<(usize, Records)>,
}

impl Encoder {
    fn response(&mut self, response: FetchResponse) {
        self.out.put_i32(response.throttle_time_ms);
        if self.version >= 7 {
            self.out.put_i16(response.error.code());
            self.out.put_i32(response.session_id);
        }
        self.count(response.topics.len());
        for topic in response.topics {
            self.topic(topic);
        }
        if self.flexible {
            let endpoints = self.version >= 16 && !response.node_endpoints.is_empty();
            put_uvarint(&mut self.out, u32::from(endpoints));
            if endpoints {
                self.node_endpoints(&response.node_endpoints);
            }
        }
    }

    fn topic(&mut self, topic: FetchedTopic) {
        if self.version >= 13 {
            self.out.put_slice(&topic.id.0);
        } else {
            text(&mut self.out, self.flexible, &topic.name);
        }
        self.count(topic.partitions.len());
        for partition in topic.partitions {
            self.partition(partition);
        }
        self.no_tags();
    }

    fn partition(&mut self, partition: FetchedPartition) {
        self.out.put_i32(partition.index.0);
        self.out.put_i16(partition.error.code());
        self.out.put_i64(partition.high_watermark.0);
        self.out.put_i64(partition.last_stable_offset.0);
        if self.version >= 5 {
            self.out.put_i64(partition.log_start_offset.0);
        }
        match partition.aborted {
            None if self.flexible => self.out.put_u8(0),
            None => self.out.put_i32(-1),
            Some(aborted) => {
                self.count(aborted.len());
                for transaction in aborted {
                    self.out.put_i64(transaction.producer_id.0);
                    self.out.put_i64(transaction.first_offset.0);
                    self.no_tags();
                }
            }
        }
        if self.version >= 11 {
            self.out.put_i32(partition.preferred_read_replica.0);
        }
        self.count(partition.records.len());
        match partition.records {
            Records::Memory(bytes) if bytes.len() <= COPY_BYTES_MAX => self.out.put_slice(&bytes),
            records => self.holes.push((self.out.len(), records)),
        }
        if self.flexible {
            self.partition_tags(partition.diverging_epoch, partition.current_leader, partition.snapshot_id);
        }
    }

    fn partition_tags(
        &mut self,
        diverging_epoch: Option<(LeaderEpoch, Offset)>,
        current_leader: Option<(NodeId, LeaderEpoch)>,
        snapshot_id: Option<(Offset, LeaderEpoch)>,
    ) {
        let tags = [diverging_epoch.is_some(), current_leader.is_some(), snapshot_id.is_some()];
        self.out.put_u8(tags.map(u8::from).iter().sum());
        // Each is a structure: two fixed fields and an empty tagged section of one byte.
        if let Some((epoch, end_offset)) = diverging_epoch {
            self.out.put_slice(&[0, 13]);
            self.out.put_i32(epoch.0);
            self.out.put_i64(end_offset.0);
            self.out.put_u8(0);
        }
        if let Some((leader, epoch)) = current_leader {
            self.out.put_slice(&[1, 9]);
            self.out.put_i32(leader.0);
            self.out.put_i32(epoch.0);
            self.out.put_u8(0);
        }
        if let Some((end_offset, epoch)) = snapshot_id {
            self.out.put_slice(&[2, 13]);
            self.out.put_i64(end_offset.0);
            self.out.put_i32(epoch.0);
            self.out.put_u8(0);
        }
    }

    fn node_endpoints(&mut self, endpoints: &[NodeEndpoint]) {
        let mut field = BytesMut::with_capacity(endpoints.len() * 48 + 5);
        put_uvarint(&mut field, length(endpoints.len()));
        for endpoint in endpoints {
            field.put_i32(endpoint.node_id.0);
            text(&mut field, true, &endpoint.host);
            field.put_i32(endpoint.port);
            match &endpoint.rack {
                Some(rack) => text(&mut field, true, rack),
                None => field.put_u8(0),
            }
            field.put_u8(0);
        }
        self.out.put_u8(0);
        put_uvarint(&mut self.out, field.len() as u32);
        self.out.put_slice(&field);
    }

    fn count(&mut self, n: usize) {
        if self.flexible {
            put_uvarint(&mut self.out, length(n));
        } else {
            self.out.put_i32(i32::try_from(n).unwrap_or(i32::MAX));
        }
    }

    fn no_tags(&mut self) {
        if self.flexible {
            self.out.put_u8(0);
        }
    }

    fn finish(mut self) -> Result<Response, EncodeError> {
        let elsewhere = self.holes.iter().map(|(_, records)| records.len()).sum();
        if !frame::finish(&mut self.out, elsewhere) {
            return Err(EncodeError::TooLarge { key: ApiKey::Fetch, version: self.version });
        }
        let fields = self.out.freeze();
        let mut parts = Vec::with_capacity(self.holes.len() * 2 + 1);
        let mut start = 0;
        for (at, records) in self.holes {
            push(&mut parts, fields.slice(start..at));
            parts.push(Part::Records(records));
            start = at;
        }
        push(&mut parts, fields.slice(start..));
        Ok(Response { parts })
    }
}

fn push(parts: &mut Vec<Part>, bytes: Bytes) {
    if !bytes.is_empty() {
        parts.push(Part::Bytes(bytes));
    }
}

/// The compact form of a length or count. One that does not fit makes a frame that does not fit, which `finish` refuses.
fn length(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX - 1).saturating_add(1)
}

/// Text of at most 32767 bytes: topic names, hosts and racks are far shorter; a longer one is cut.
fn text(out: &mut BytesMut, compact: bool, text: &str) {
    let text = header::truncated(text);
    if compact {
        put_uvarint(out, length(text.len()));
    } else {
        out.put_i16(text.len() as i16);
    }
    out.put_slice(text.as_bytes());
}
