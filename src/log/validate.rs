//! Judging what a client sent, before any lock is taken: is it one whole batch, may a client send it, are its records in order.
//!
//! What passes is either kept as it was sent or, where the topic's settings ask for it, written anew with another codec.
//! Error codes follow Kafka's LogValidator.

use bytes::Bytes;

use super::config::{CompressionType, LogConfig, TimestampType};
use super::error::{AppendError, InvalidRecord};
use crate::base::ids::{Millis, Offset, Sequence};
use crate::base::limits::DECOMPRESSION_RATIO_MAX;
use crate::record::batch::{self, BatchError, BatchHeader, BatchView};
use crate::record::compression::Compression;
use crate::record::iter::records;

/// Who appends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendOrigin {
    /// A producer: everything is checked.
    Client,
    /// A coordinator of this server: may write control batches.
    Coordinator,
    /// A transaction coordinator, by way of whoever leads the partition: the marker that ends a transaction.
    Marker {
        /// The marker's epoch is newer than that of the transaction's records (KIP-890).
        bumps_epoch: bool,
    },
    /// The controller's log: only the frame is checked.
    RaftLeader,
}

/// A batch that may be appended, its head as it was sent.
#[derive(Debug, Clone)]
pub struct Validated {
    /// The head. Base offset and leader epoch are still the client's.
    pub header: BatchHeader,
    /// The whole batch.
    pub bytes: Bytes,
    /// The time that the log gave the records, or -1.
    pub log_append_time: Millis,
}

/// Judges `bytes`: for a client exactly one batch, else one or more.
pub fn validate(
    bytes: &Bytes,
    config: &LogConfig,
    origin: AppendOrigin,
    now: Millis,
) -> Result<Vec<Validated>, AppendError> {
    let mut validated = Vec::with_capacity(1);
    let mut rest = bytes.clone();
    while !rest.is_empty() {
        if origin == AppendOrigin::Client && !validated.is_empty() {
            return Err(AppendError::NotOneBatch(
                "a produce request holds one batch per partition, this holds more".into(),
            ));
        }
        let size = {
            let view = match BatchView::parse(&rest) {
                Err(BatchError::Magic(magic @ 0..=1)) => {
                    return Err(AppendError::NotOneBatch(format!(
                        "the batch's format is v{magic}, only v2 is accepted"
                    )));
                }
                Err(error @ BatchError::Short { .. }) if origin == AppendOrigin::Client => {
                    return Err(AppendError::NotOneBatch(error.to_string()));
                }
                other => other?,
            };
            view.bytes.len()
        };
        let one = rest.split_to(size);
        validated.push(validate_one(one, config, origin, now)?);
    }
    if validated.is_empty() {
        return Err(AppendError::NotOneBatch("there is no batch to append".into()));
    }
    Ok(validated)
}

fn validate_one(bytes: Bytes, config: &LogConfig, origin: AppendOrigin, now: Millis) -> Result<Validated, AppendError> {
    let view = BatchView::parse(&bytes)?;
    let header = view.header;
    if bytes.len() > config.max_message_bytes && origin != AppendOrigin::RaftLeader {
        return Err(AppendError::TooLarge { size: bytes.len(), max: config.max_message_bytes });
    }
    view.verify_crc()?;
    check_head(&header, origin)?;
    if origin == AppendOrigin::RaftLeader {
        return Ok(Validated { header, bytes, log_append_time: Millis::NONE });
    }
    let codec = header.compression().ok_or(AppendError::UnknownCodec(header.attributes & 0x07))?;
    let stored_as = match config.compression_type {
        CompressionType::Producer => codec,
        CompressionType::Codec(wanted, _) => wanted,
    };
    let recompress = stored_as != codec && !header.is_control();
    let needs_records = config.strict_compressed_validation || config.cleanup_policy.compact || recompress;
    let mut max_timestamp = header.max_timestamp;
    let payload;
    let plain = match codec {
        Compression::None => Some(view.payload()),
        _ if needs_records => {
            let bound = config.max_message_bytes.saturating_mul(DECOMPRESSION_RATIO_MAX);
            payload = codec.decompress(view.payload(), bound)?;
            Some(&payload[..])
        }
        _ => None,
    };
    if let Some(plain) = plain {
        max_timestamp = check_records(&header, plain, config, now)?;
    } else if config.timestamp_type == TimestampType::CreateTime {
        check_span(header.base_timestamp, header.max_timestamp, config, now)?;
    }
    let stamped = config.timestamp_type == TimestampType::LogAppendTime && !header.is_control();
    let mut out = Validated { header, bytes: bytes.clone(), log_append_time: Millis::NONE };
    if recompress {
        if let (Some(plain), CompressionType::Codec(wanted, level)) = (plain, config.compression_type) {
            let attributes = (header.attributes & !0x07) | wanted.id();
            let rebuilt = BatchHeader { attributes, max_timestamp, ..header };
            out.bytes = match wanted {
                Compression::None => batch::assemble(&rebuilt, plain),
                wanted => batch::assemble(&rebuilt, &wanted.compress(plain, level)?),
            };
        }
    } else if !stamped && (max_timestamp != header.max_timestamp || header.is_log_append_time()) {
        // The head's claim about its records is put right; a client may not claim the log's own time.
        let attributes = header.attributes & !batch::LOG_APPEND_TIME;
        out.bytes = batch::assemble(&BatchHeader { attributes, max_timestamp, ..header }, view.payload());
    }
    if stamped {
        let view = BatchView::parse(&out.bytes)?;
        out.bytes = batch::with_log_append_time(&view, now);
        out.log_append_time = now;
    }
    out.header = BatchHeader::parse(&out.bytes)?;
    Ok(out)
}

fn check_head(header: &BatchHeader, origin: AppendOrigin) -> Result<(), AppendError> {
    let client = origin == AppendOrigin::Client;
    if client && header.is_control() {
        return Err(AppendError::Invalid("a client may not write control records".into()));
    }
    if client && header.base_offset != Offset(0) {
        return Err(AppendError::Invalid(format!(
            "the batch's base offset is {}, a producer gives 0",
            header.base_offset
        )));
    }
    if client && header.has_producer() && header.producer_epoch.is_none() {
        return Err(AppendError::BadProducerEpoch(header.producer_epoch));
    }
    if header.record_count <= 0 || header.last_offset_delta < 0 {
        return Err(AppendError::Invalid(format!(
            "the batch states {} records and a last offset delta of {}",
            header.record_count, header.last_offset_delta
        )));
    }
    if client && header.record_count - 1 != header.last_offset_delta {
        return Err(AppendError::Invalid(format!(
            "the batch states {} records but spans {} offsets",
            header.record_count,
            i64::from(header.last_offset_delta) + 1
        )));
    }
    if client && header.has_producer() && header.base_sequence < Sequence(0) {
        return Err(AppendError::Invalid(format!(
            "the batch has producer id {} but sequence {}",
            header.producer_id, header.base_sequence
        )));
    }
    if client && header.is_transactional() && !header.has_producer() {
        return Err(AppendError::Invalid("a transactional batch needs a producer id".into()));
    }
    Ok(())
}

/// Walks the records and returns their greatest timestamp.
fn check_records(header: &BatchHeader, plain: &[u8], config: &LogConfig, now: Millis) -> Result<Millis, AppendError> {
    let mut refused: Vec<InvalidRecord> = Vec::new();
    let mut late: Vec<(Millis, InvalidRecord)> = Vec::new();
    let (earliest, latest) = bounds(config, now);
    let checks_time = config.timestamp_type == TimestampType::CreateTime;
    let needs_key = config.cleanup_policy.compact && !header.is_control();
    let mut max_timestamp = Millis::NONE;
    for (index, record) in records(plain, header.record_count).enumerate() {
        let index = index as i32;
        let record = record.map_err(|e| AppendError::Invalid(e.to_string()))?;
        if record.offset_delta != index {
            refused.push(InvalidRecord {
                index,
                message: format!("its offset delta is {}, it should be {index}", record.offset_delta),
            });
        }
        if needs_key && record.key.is_none() {
            refused.push(InvalidRecord { index, message: "a compacted topic takes no record without a key".into() });
        }
        let timestamp = Millis(header.base_timestamp.0.saturating_add(record.timestamp_delta));
        if checks_time && !timestamp.is_none() && (timestamp < earliest || timestamp > latest) {
            late.push((timestamp, InvalidRecord { index, message: format!("timestamp {timestamp}") }));
        }
        max_timestamp = max_timestamp.max(timestamp);
    }
    if !refused.is_empty() {
        let message = format!("{} of the batch's records are refused: {}", refused.len(), refused[0].message);
        return Err(AppendError::InvalidRecords { message, records: refused });
    }
    if let Some((timestamp, _)) = late.first() {
        let timestamp = *timestamp;
        let records = late.into_iter().map(|(_, record)| record).collect();
        return Err(AppendError::Timestamp { timestamp, earliest, latest, records });
    }
    Ok(max_timestamp)
}

fn check_span(first: Millis, last: Millis, config: &LogConfig, now: Millis) -> Result<(), AppendError> {
    let (earliest, latest) = bounds(config, now);
    for timestamp in [first, last] {
        if !timestamp.is_none() && (timestamp < earliest || timestamp > latest) {
            return Err(AppendError::Timestamp { timestamp, earliest, latest, records: Vec::new() });
        }
    }
    Ok(())
}

fn bounds(config: &LogConfig, now: Millis) -> (Millis, Millis) {
    (now.since(config.timestamp_before_max_ms), now.plus(config.timestamp_after_max_ms))
}
