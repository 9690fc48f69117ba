//! What is left of one batch. Pure.
//!
//! Of a batch that loses records the rest is written anew under the same head: same offsets, same sequences, same codec. One
//! that loses nothing stays as it is, byte for byte. When a tombstone or a marker is all that is left to see of what it
//! deletes, its batch is given a *delete horizon*, the time from which it may go itself (KIP-534):
//!
//! ```text
//!   attributes bit 6 set · base timestamp = horizon · timestamp deltas count from it
//! ```

use std::collections::HashMap;

use bytes::Bytes;

use super::CleanStats;
use super::offset_map::OffsetMap;
use crate::base::codec::Writer;
use crate::base::ids::{Millis, Offset, ProducerEpoch, ProducerId};
use crate::base::limits::DECOMPRESSION_RATIO_MAX;
use crate::record::batch::{self, BatchHeader, BatchView, DELETE_HORIZON, LOG_APPEND_TIME};
use crate::record::compression::Compression;
use crate::record::iter::{RecordView, records};

const CODEC_MASK: i16 = 0x07;

/// The last that is known of a producer: its batch must stay, even empty, for the sequence to survive.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastRecord {
    /// The last offset of its last batch of records, if one is remembered.
    pub data: Option<Offset>,
    /// Its epoch.
    pub epoch: ProducerEpoch,
}

/// By what a pass judges.
pub(super) struct Rules<'a> {
    pub map: &'a OffsetMap,
    pub producers: &'a HashMap<ProducerId, LastRecord>,
    /// The pass goes no further: the batch that ends here stays, so that the log has no hole at that place.
    pub round_end: Offset,
    pub now: Millis,
    pub delete_retention_ms: Millis,
    pub max_message_bytes: usize,
}

/// What becomes of a batch.
pub(super) enum Kept {
    /// Nothing.
    Nothing,
    /// All, as it is.
    Whole,
    /// This.
    Anew(Bytes),
}

/// Judges `batch`. `is_discardable`: it belongs to an aborted transaction, or marks the end of one that has left nothing.
/// The error says what cannot be understood.
pub(super) fn filter(
    rules: &Rules<'_>,
    batch: &BatchView<'_>,
    is_discardable: bool,
    stats: &mut CleanStats,
) -> Result<Kept, String> {
    let header = &batch.header;
    stats.records_read += header.record_count.max(0) as u64;
    let past_horizon = header.delete_horizon().is_some_and(|horizon| horizon <= rules.now);
    let goes = if header.is_control() { is_discardable && past_horizon } else { is_discardable };
    let stays_empty = is_last_of_producer(rules, header) || header.next_offset() == rules.round_end;
    if goes || header.record_count == 0 {
        return Ok(if !stays_empty {
            Kept::Nothing
        } else if header.record_count == 0 {
            Kept::Whole
        } else {
            Kept::Anew(emptied(header))
        });
    }
    if header.is_control() {
        stats.records_kept += header.record_count as u64;
        if !is_discardable || header.delete_horizon().is_some() {
            return Ok(Kept::Whole);
        }
        let all = records(batch.payload(), header.record_count).collect::<Result<Vec<_>, _>>();
        let all = all.map_err(|e| e.to_string())?;
        return rebuilt(rules, header, &all, true).map(Kept::Anew);
    }
    let known_to = rules.map.latest();
    if known_to.is_none_or(|latest| header.base_offset > latest) {
        stats.records_kept += header.record_count as u64;
        return Ok(Kept::Whole);
    }
    let codec = header.compression().ok_or_else(|| format!("codec {} is unknown", header.attributes & CODEC_MASK))?;
    let inflated;
    let plain = match codec {
        Compression::None => batch.payload(),
        codec => {
            let bound = rules.max_message_bytes.max(header.size()).saturating_mul(DECOMPRESSION_RATIO_MAX);
            inflated = codec.decompress(batch.payload(), bound).map_err(|e| e.to_string())?;
            &inflated[..]
        }
    };
    let mut kept = Vec::new();
    let mut has_tombstone = false;
    for record in records(plain, header.record_count) {
        let record = record.map_err(|e| e.to_string())?;
        let offset = header.base_offset.plus(i64::from(record.offset_delta));
        let is_known = known_to.is_some_and(|latest| offset <= latest);
        if is_known && !stays(rules, &record, offset, past_horizon, stats) {
            continue;
        }
        has_tombstone |= record.value.is_none();
        kept.push(record);
    }
    stats.records_kept += kept.len() as u64;
    if kept.is_empty() {
        return Ok(if stays_empty { Kept::Anew(emptied(header)) } else { Kept::Nothing });
    }
    let begins_horizon = has_tombstone && header.delete_horizon().is_none();
    if kept.len() == header.record_count as usize && !begins_horizon {
        return Ok(Kept::Whole);
    }
    rebuilt(rules, header, &kept, begins_horizon).map(Kept::Anew)
}

fn is_last_of_producer(rules: &Rules<'_>, header: &BatchHeader) -> bool {
    if !header.has_producer() {
        return false;
    }
    rules.producers.get(&header.producer_id).is_some_and(|last| match last.data {
        Some(offset) => header.last_offset() == offset,
        None => header.is_control() && header.producer_epoch == last.epoch,
    })
}

fn stays(
    rules: &Rules<'_>,
    record: &RecordView<'_>,
    offset: Offset,
    past_horizon: bool,
    stats: &mut CleanStats,
) -> bool {
    let Some(key) = record.key else {
        stats.keyless += 1;
        return false;
    };
    let is_latest = rules.map.offset_of(key).is_none_or(|latest| offset >= latest);
    is_latest && (record.value.is_some() || !past_horizon)
}

/// The batch without its records: offsets, times and sequences are as they were.
fn emptied(header: &BatchHeader) -> Bytes {
    let attributes = header.attributes & !(CODEC_MASK | DELETE_HORIZON);
    batch::assemble(&BatchHeader { attributes, base_timestamp: Millis::NONE, record_count: 0, ..*header }, &[])
}

/// The batch with only `kept` of its records.
fn rebuilt(
    rules: &Rules<'_>,
    header: &BatchHeader,
    kept: &[RecordView<'_>],
    begins_horizon: bool,
) -> Result<Bytes, String> {
    let horizon = Millis(rules.now.0.saturating_add(rules.delete_retention_ms.0));
    let base_timestamp = if begins_horizon { horizon } else { header.base_timestamp };
    let is_log_time = header.attributes & LOG_APPEND_TIME != 0;
    let mut max_timestamp = Millis::NONE;
    let mut body = Writer::new();
    for record in kept {
        let own = Millis(header.base_timestamp.0.saturating_add(record.timestamp_delta));
        let timestamp = if is_log_time { header.max_timestamp } else { own };
        max_timestamp = max_timestamp.max(timestamp);
        let mut one = Writer::with_capacity(16 + record.tail.len());
        one.i8(record.attributes);
        one.varlong(timestamp.since(base_timestamp).0);
        one.varint(record.offset_delta);
        one.bytes(record.tail);
        body.varint(one.len() as i32);
        body.bytes(one.as_slice());
    }
    let attributes = header.attributes | if begins_horizon { DELETE_HORIZON } else { 0 };
    let anew = BatchHeader { attributes, base_timestamp, max_timestamp, record_count: kept.len() as i32, ..*header };
    match header.compression() {
        Some(Compression::None) | None => Ok(batch::assemble(&anew, body.as_slice())),
        Some(codec) => {
            let packed = codec.compress(body.as_slice(), None).map_err(|e| e.to_string())?;
            Ok(batch::assemble(&anew, &packed))
        }
    }
}
