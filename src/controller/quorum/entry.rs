//! A Raft entry as the value of a record.
//!
//! ```text
//!  u8  frame version (0)
//!  u8  kind:  0 blank       nothing follows: a leader began its term
//!             1 records     uvarint count { uvarint bytes, metadata record in Kafka's frame } ...
//!             3 membership  uvarint groups { uvarint count { u64 node } ... } ...
//!                           uvarint nodes { u64 node, directory id 16 bytes,
//!                                           uvarint endpoints { compact string name, compact string host, u16 port } } ...
//! ```

use std::collections::{BTreeMap, BTreeSet};

use openraft::{EntryPayload, Membership};

use super::types::{Batch, Entry, QuorumTypes, entry_id, epoch, offset};
use super::voters::Member;
use crate::base::codec::{CodecError, Reader, Writer};
use crate::base::ids::Millis;
use crate::metadata::record_codec::{self, RecordCodecError};
use crate::record::batch::{BatchError, BatchView, batches};
use crate::record::builder::BatchBuilder;
use crate::record::compression::{Compression, CompressionError};
use crate::record::iter::records;

const FRAME_VERSION: u8 = 0;
const BLANK: u8 = 0;
const RECORDS: u8 = 1;
const MEMBERSHIP: u8 = 3;

/// Why bytes are no entry that this build understands. The node must stop: it cannot know what it missed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// A frame of another version.
    #[error("entry frame version {0} is not known")]
    FrameVersion(u8),
    /// A kind of another make.
    #[error("entry kind {0} is not known")]
    Kind(u8),
    /// Bytes are left behind the entry.
    #[error("{0} bytes follow the entry")]
    Trailing(usize),
    /// A field cannot be read.
    #[error("an entry's field: {0}")]
    Field(#[from] CodecError),
    /// A record cannot be read.
    #[error("a record of an entry: {0}")]
    Record(#[from] RecordCodecError),
    /// The batch around it is damaged.
    #[error("the batch of an entry: {0}")]
    Batch(#[from] BatchError),
    /// The batch holds something else than one record with a value.
    #[error("the batch of an entry: {0}")]
    NotOne(String),
}

/// An entry as the batch that the log holds, and that travels.
pub fn to_batch(entry: &Entry, now: Millis) -> Result<Vec<u8>, CompressionError> {
    let mut batch = BatchBuilder::new();
    batch.append(now, None, Some(&encode(&entry.payload)), &[]);
    Ok(batch.build(offset(&entry.log_id), epoch(&entry.log_id), Compression::None)?.to_vec())
}

/// The entry that a batch holds.
pub fn of_batch(batch: &BatchView<'_>) -> Result<Entry, EntryError> {
    let payload = decode(value_of(batch)?)?;
    Ok(Entry { log_id: entry_id(batch.header.base_offset, batch.header.leader_epoch), payload })
}

/// The entries of batches that came over the network, each checked.
pub fn of_batches(bytes: &[u8]) -> Result<Vec<Entry>, EntryError> {
    let mut entries = Vec::new();
    for batch in batches(bytes) {
        let batch = batch?;
        batch.verify_crc()?;
        entries.push(of_batch(&batch)?);
    }
    Ok(entries)
}

/// The value of the only record of a batch.
fn value_of<'a>(batch: &BatchView<'a>) -> Result<&'a [u8], EntryError> {
    if batch.header.record_count != 1 {
        return Err(EntryError::NotOne(format!("{} records, where an entry is one", batch.header.record_count)));
    }
    let record = records(batch.payload(), 1).next().ok_or_else(|| EntryError::NotOne("no record".to_owned()))?;
    let record = record.map_err(|error| EntryError::NotOne(error.to_string()))?;
    record.value.ok_or_else(|| EntryError::NotOne("a record without a value".to_owned()))
}

/// An entry's payload as bytes.
pub fn encode(payload: &EntryPayload<QuorumTypes>) -> Vec<u8> {
    let mut out = Writer::with_capacity(64);
    out.u8(FRAME_VERSION);
    match payload {
        EntryPayload::Blank => out.u8(BLANK),
        EntryPayload::Normal(batch) => {
            out.u8(RECORDS);
            out.uvarint(batch.records.len() as u32);
            for record in &batch.records {
                let mut bytes = Writer::with_capacity(64);
                record_codec::encode(record, &mut bytes);
                out.uvarint(bytes.len() as u32);
                out.bytes(bytes.as_slice());
            }
        }
        EntryPayload::Membership(membership) => {
            out.u8(MEMBERSHIP);
            put_membership(membership, &mut out);
        }
    }
    out.into_vec()
}

/// The payload that fills `bytes`.
pub fn decode(bytes: &[u8]) -> Result<EntryPayload<QuorumTypes>, EntryError> {
    let mut from = Reader::new(bytes);
    match from.u8()? {
        FRAME_VERSION => {}
        other => return Err(EntryError::FrameVersion(other)),
    }
    let payload = match from.u8()? {
        BLANK => EntryPayload::Blank,
        RECORDS => {
            let mut records = Vec::new();
            for _ in 0..from.uvarint()? {
                let len = from.uvarint()? as usize;
                records.push(record_codec::decode(from.bytes(len)?)?);
            }
            EntryPayload::Normal(Batch { records })
        }
        MEMBERSHIP => EntryPayload::Membership(membership(&mut from)?),
        other => return Err(EntryError::Kind(other)),
    };
    match from.remaining() {
        0 => Ok(payload),
        left => Err(EntryError::Trailing(left)),
    }
}

/// Appends who votes and where they are.
pub fn put_membership(membership: &Membership<u64, Member>, out: &mut Writer) {
    let groups = membership.get_joint_config();
    out.uvarint(groups.len() as u32);
    for group in groups {
        out.uvarint(group.len() as u32);
        group.iter().for_each(|id| out.u64(*id));
    }
    let nodes: Vec<_> = membership.nodes().collect();
    out.uvarint(nodes.len() as u32);
    for (id, node) in nodes {
        out.u64(*id);
        node.put(out);
    }
}

/// Takes what [`put_membership`] wrote.
pub fn membership(from: &mut Reader<'_>) -> Result<Membership<u64, Member>, CodecError> {
    let mut groups = Vec::new();
    for _ in 0..from.uvarint()? {
        let mut group = BTreeSet::new();
        for _ in 0..from.uvarint()? {
            group.insert(from.u64()?);
        }
        groups.push(group);
    }
    let mut nodes = BTreeMap::new();
    for _ in 0..from.uvarint()? {
        nodes.insert(from.u64()?, Member::take(from)?);
    }
    Ok(Membership::new(groups, nodes))
}
