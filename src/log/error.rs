//! What can go wrong in a log, one small enum per operation.

use std::path::PathBuf;
use std::sync::Arc;

use rustix::io::Errno;

use crate::base::ids::{LeaderEpoch, Millis, Offset, ProducerEpoch, ProducerId, Sequence};
use crate::record::batch::BatchError;
use crate::record::compression::CompressionError;

/// A file operation that failed, and on what. Cheap to clone: one failure is told to many.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{what} {}: {source}", path.display())]
pub struct StorageError {
    /// What was attempted.
    pub what: &'static str,
    /// On which file or directory.
    pub path: PathBuf,
    /// What the operating system said.
    pub source: Arc<std::io::Error>,
}

impl StorageError {
    /// Names the operation and the path of a failure.
    pub fn of(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self { what, path, source: Arc::new(source) }
    }

    /// True if there is no such file or directory.
    pub fn is_not_found(&self) -> bool {
        self.source.kind() == std::io::ErrorKind::NotFound
    }

    /// True when something is used up that may come back: room on the device, memory, descriptors.
    pub fn is_shortage(&self) -> bool {
        const SHORTAGES: [Errno; 3] = [Errno::NOMEM, Errno::MFILE, Errno::NFILE];
        self.is_no_space() || Errno::from_io_error(&self.source).is_some_and(|errno| SHORTAGES.contains(&errno))
    }

    /// True when the device is full: nothing is broken, and space may come back.
    pub fn is_no_space(&self) -> bool {
        matches!(self.source.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
    }
}

/// One record that a log refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidRecord {
    /// Its place in the batch.
    pub index: i32,
    /// Why.
    pub message: String,
}

/// Why batches were not appended. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The bytes are not a batch, or its checksum is wrong.
    #[error(transparent)]
    Corrupt(#[from] BatchError),
    /// A producer sends exactly one whole batch of format v2; this is something else.
    #[error("{0}")]
    NotOneBatch(String),
    /// A producer id with an epoch that none can have.
    #[error("a producer's epoch cannot be {0}")]
    BadProducerEpoch(ProducerEpoch),
    /// Something that a client may not send.
    #[error("{0}")]
    Invalid(String),
    /// Single records are refused (KIP-467).
    #[error("{message}")]
    InvalidRecords {
        /// In short.
        message: String,
        /// Which, and why each.
        records: Vec<InvalidRecord>,
    },
    /// A timestamp lies too far from the broker's clock.
    #[error("timestamp {timestamp} lies outside {earliest} to {latest}")]
    Timestamp {
        /// The record's.
        timestamp: Millis,
        /// The earliest accepted.
        earliest: Millis,
        /// The latest accepted.
        latest: Millis,
        /// Which records.
        records: Vec<InvalidRecord>,
    },
    /// The batch is larger than `max.message.bytes`.
    #[error("the batch has {size} bytes, max.message.bytes allows {max}")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The bound.
        max: usize,
    },
    /// The batches are larger than a segment.
    #[error("the batches have {size} bytes, segment.bytes allows {max}")]
    LargerThanSegment {
        /// Their size.
        size: usize,
        /// The bound.
        max: usize,
    },
    /// The codec is unknown, or its data is damaged.
    #[error("{0}")]
    Compression(#[from] CompressionError),
    /// The codec's number is none of Kafka's.
    #[error("codec {0} is unknown")]
    UnknownCodec(i16),
    /// An idempotent producer left a gap or went back.
    #[error("producer {producer_id}: sequence {got} does not follow {last}")]
    OutOfOrderSequence {
        /// The producer.
        producer_id: ProducerId,
        /// The last sequence held.
        last: Sequence,
        /// What came.
        got: Sequence,
    },
    /// A producer speaks with an older epoch than the newest.
    #[error("producer {producer_id}: epoch {got} is older than {current}")]
    ProducerFenced {
        /// The producer.
        producer_id: ProducerId,
        /// The newest epoch.
        current: ProducerEpoch,
        /// What came.
        got: ProducerEpoch,
    },
    /// A transactional batch outside a transaction, or the other way round.
    #[error("{0}")]
    TransactionState(String),
    /// A transaction marker comes from an older coordinator than the newest.
    #[error("producer {producer_id}: coordinator epoch {got} is older than {current}")]
    CoordinatorFenced {
        /// The producer.
        producer_id: ProducerId,
        /// The newest epoch.
        current: i32,
        /// What came.
        got: i32,
    },
    /// The leader epoch is older than the newest in the log: another leader has written since.
    #[error("leader epoch {got} is older than {current}")]
    StaleLeaderEpoch {
        /// The newest in the log.
        current: LeaderEpoch,
        /// The writer's.
        got: LeaderEpoch,
    },
    /// A follower's batch does not continue the log.
    #[error("offset {got} does not continue the log, which ends at {expected}")]
    OutOfOrderOffset {
        /// The log end.
        expected: Offset,
        /// What came.
        got: Offset,
    },
    /// The disk refused. The log directory may be offline from now on.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why records were not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The offset lies outside the log.
    #[error("offset {offset} is out of range: the log holds {start} to {end}")]
    OutOfRange {
        /// Asked for.
        offset: Offset,
        /// The log start.
        start: Offset,
        /// The log end.
        end: Offset,
    },
    /// What is stored is damaged.
    #[error(transparent)]
    Corrupt(#[from] BatchError),
    /// A compressed batch cannot be read.
    #[error(transparent)]
    Compression(#[from] CompressionError),
    /// The page cache does not hold it, and the reader does not wait for the disk.
    #[error("what is asked for has to be read from the disk first")]
    Cold,
    /// The disk refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a log's start could not be moved.
#[derive(Debug, thiserror::Error)]
pub enum DeleteRecordsError {
    /// Beyond the high watermark.
    #[error("offset {offset} lies beyond the high watermark {high_watermark}")]
    BeyondHighWatermark {
        /// Asked for.
        offset: Offset,
        /// The bound.
        high_watermark: Offset,
    },
    /// `cleanup.policy` does not include `delete`.
    #[error("cleanup.policy does not include delete")]
    Policy,
    /// The disk refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a log could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Damage in the middle, with good batches behind it: nothing is cut off without being told to.
    #[error(
        "{}: damage at byte {position} ({reason}), with whole batches behind it. Nothing was cut off. \
         Restore the file from a replica or a backup, or move the partition's directory away to start it empty",
        path.display()
    )]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where the damage starts.
        position: u64,
        /// What is wrong there.
        reason: String,
    },
    /// A file of ours does not say what it should.
    #[error("{}: {reason}", path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The disk refused.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// An fsync failed: the log directory is offline for good, since a later success would prove nothing.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the log could not be synced to disk: {0}")]
pub struct FlushError(#[from] pub StorageError);
