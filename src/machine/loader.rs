//! Replaying a whole log into a fresh machine, a piece at a time: memory is bounded by the largest batch.
//!
//! The same `replay` serves live traffic, so what is loaded is what was. Blocks on the disk.

use crate::base::ids::Offset;
use crate::base::limits::{DECOMPRESSION_RATIO_MAX, SHARD_LOAD_BYTES};
use crate::log::error::ReadError;
use crate::log::log::Log;
use crate::log::read_info::ReadUpTo;
use crate::machine::codec::{DecodeError, LogRecord};
use crate::machine::machine::{Machine, ReplayAt, TransactionEnd, TransactionResult};
use crate::machine::outcome::Writer;
use crate::record::batch::{BatchError, BatchHeader, BatchView, batches};
use crate::record::compression::{Compression, CompressionError};
use crate::record::control::{self, ControlType};
use crate::record::iter::{RecordError, records};

/// Why a log cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The disk.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A batch is not whole.
    #[error("the batch at {at}: {source}")]
    Batch {
        /// Its first offset, or where it should be.
        at: Offset,
        /// What is wrong.
        source: BatchError,
    },
    /// A batch's payload is in an unknown codec, or does not unpack.
    #[error("the batch at {at}: {source}")]
    Compression {
        /// Its first offset.
        at: Offset,
        /// What is wrong.
        source: CompressionError,
    },
    /// A batch's codec is not known.
    #[error("the batch at {0} is in an unknown codec")]
    Codec(Offset),
    /// A record is not one.
    #[error("in the batch at {at}: {source}")]
    Record {
        /// The batch's first offset.
        at: Offset,
        /// What is wrong.
        source: RecordError,
    },
    /// A record says nothing that can be understood.
    #[error("the record at {at}: {source}")]
    Decode {
        /// Its offset.
        at: Offset,
        /// What is wrong.
        source: DecodeError,
    },
    /// Nothing is there although the log goes on.
    #[error("nothing at {0}, before the log's end")]
    Hole(Offset),
    /// It is not wanted any more.
    #[error("given up")]
    GivenUp,
}

/// What was loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Records replayed.
    pub records: u64,
    /// Records of kinds that the machine does not know.
    pub skipped: u64,
    /// Bytes read.
    pub bytes: u64,
}

/// Replays `log` up to its end; looks between pieces whether it still `is_wanted`.
pub fn load<M: Machine>(log: &Log, machine: &mut M, is_wanted: &dyn Fn() -> bool) -> Result<Loaded, LoadError>
where
    M::Record: LogRecord,
{
    let mut loaded = Loaded::default();
    let mut from = log.log_start_offset();
    let unpacked_max = log.config().max_message_bytes.saturating_mul(DECOMPRESSION_RATIO_MAX);
    while from < log.log_end_offset() {
        if !is_wanted() {
            return Err(LoadError::GivenUp);
        }
        let bytes = log.read(from, SHARD_LOAD_BYTES, ReadUpTo::LogEnd, true)?.records.to_bytes()?;
        let before = from;
        for batch in batches(&bytes) {
            let batch = match batch {
                Ok(batch) => batch,
                // The last one of a piece may be cut short.
                Err(_) if from > before => break,
                Err(source) => return Err(LoadError::Batch { at: from, source }),
            };
            batch.verify_crc().map_err(|source| LoadError::Batch { at: batch.header.base_offset, source })?;
            replay(machine, &batch, from, unpacked_max, &mut loaded)?;
            loaded.bytes += batch.bytes.len() as u64;
            from = batch.header.next_offset();
        }
        if from == before {
            return Err(LoadError::Hole(from));
        }
    }
    Ok(loaded)
}

fn replay<M: Machine>(
    machine: &mut M,
    batch: &BatchView<'_>,
    from: Offset,
    unpacked_max: usize,
    loaded: &mut Loaded,
) -> Result<(), LoadError>
where
    M::Record: LogRecord,
{
    let header = &batch.header;
    let at = header.base_offset;
    if header.is_control() {
        return end_transaction(machine, batch);
    }
    let codec = header.compression().ok_or(LoadError::Codec(at))?;
    let unpacked;
    let payload = match codec {
        Compression::None => batch.payload(),
        codec => {
            let unpack = codec.decompress(batch.payload(), unpacked_max);
            unpacked = unpack.map_err(|source| LoadError::Compression { at, source })?;
            &unpacked
        }
    };
    let writer = writer_of(header);
    for record in records(payload, header.record_count) {
        let record = record.map_err(|source| LoadError::Record { at, source })?;
        let offset = at.plus(record.offset_delta.into());
        if offset < from {
            continue;
        }
        let decoded = M::Record::decode(record.key, record.value);
        match decoded.map_err(|source| LoadError::Decode { at: offset, source })? {
            Some(record) => {
                machine.replay(ReplayAt { offset, epoch: header.leader_epoch, writer }, &record);
                loaded.records += 1;
            }
            None => loaded.skipped += 1,
        }
    }
    Ok(())
}

fn writer_of(header: &BatchHeader) -> Writer {
    if header.is_transactional() {
        Writer::Transaction(header.producer_id, header.producer_epoch)
    } else {
        Writer::Machine
    }
}

fn end_transaction<M: Machine>(machine: &mut M, batch: &BatchView<'_>) -> Result<(), LoadError> {
    let header = &batch.header;
    for record in records(batch.payload(), header.record_count) {
        let record = record.map_err(|source| LoadError::Record { at: header.base_offset, source })?;
        let result = match record.key.and_then(ControlType::from_key) {
            Some(ControlType::Commit) => TransactionResult::Commit,
            Some(ControlType::Abort) => TransactionResult::Abort,
            _ => continue,
        };
        let at = header.base_offset.plus(record.offset_delta.into());
        let end = TransactionEnd {
            producer_id: header.producer_id,
            producer_epoch: header.producer_epoch,
            result,
            coordinator_epoch: record.value.and_then(control::coordinator_epoch).unwrap_or(-1),
            // A marker does not say.
            bumps_epoch: false,
        };
        machine.end_transaction(at, end);
    }
    Ok(())
}

#[cfg(test)]
#[path = "loader_test.rs"]
mod tests;
