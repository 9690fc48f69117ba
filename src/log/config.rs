//! The settings of one log: a topic's configuration as the log needs it. Defaults are Kafka's.

use crate::base::ids::Millis;
use crate::record::compression::Compression;

/// Whose time a record carries (`message.timestamp.type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The log's.
    LogAppendTime,
}

/// What becomes of old records (`cleanup.policy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CleanupPolicy {
    /// Deleted by age and size.
    pub delete: bool,
    /// Only the last record of each key is kept.
    pub compact: bool,
}

/// What the log does with a producer's codec (`compression.type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompressionType {
    /// Batches are kept as sent.
    Producer,
    /// Batches are stored with this codec, at this level or its default.
    Codec(Compression, Option<i32>),
}

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub struct LogConfig {
    /// `segment.bytes`
    pub segment_bytes: usize,
    /// `segment.ms`
    pub segment_ms: Millis,
    /// `segment.jitter.ms`
    pub segment_jitter_ms: Millis,
    /// `segment.index.bytes`
    pub index_bytes_max: usize,
    /// `index.interval.bytes`
    pub index_interval_bytes: usize,
    /// `retention.ms`; negative: for ever.
    pub retention_ms: Millis,
    /// `retention.bytes`; negative: without bound.
    pub retention_bytes: i64,
    /// `max.message.bytes`
    pub max_message_bytes: usize,
    /// `flush.messages`: an fsync is due once this many records are unsynced.
    pub flush_messages: i64,
    /// `flush.ms`: an fsync is due once the oldest unsynced record is this old.
    pub flush_ms: Millis,
    /// `cleanup.policy`
    pub cleanup_policy: CleanupPolicy,
    /// `message.timestamp.type`
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`
    pub timestamp_before_max_ms: Millis,
    /// `message.timestamp.after.max.ms`
    pub timestamp_after_max_ms: Millis,
    /// `compression.type` with its level
    pub compression_type: CompressionType,
    /// `delete.retention.ms`: how long a tombstone is still seen once nothing older of its key is left.
    pub delete_retention_ms: Millis,
    /// `min.compaction.lag.ms`
    pub min_compaction_lag_ms: Millis,
    /// `max.compaction.lag.ms`
    pub max_compaction_lag_ms: Millis,
    /// `min.cleanable.dirty.ratio` (0 to 1)
    pub min_cleanable_dirty_ratio: f64,
    /// `file.delete.delay.ms`
    pub file_delete_delay_ms: Millis,
    /// `min.insync.replicas`
    pub min_insync_replicas: i32,
    /// `producer.id.expiration.ms`
    pub producer_id_expiration_ms: Millis,
    /// `transaction.partition.verification.enable`: a transaction's first records need the coordinator's word.
    pub verifies_transactions: bool,
    /// Decompress what producers send in order to check each record, as Kafka does; without it the head, the checksum
    /// and the record count of a compressed batch are checked, and its records when they are first needed.
    pub strict_compressed_validation: bool,
}

impl LogConfig {
    /// The age at which the active segment is rolled: a record that must be compacted in time must first leave it (KIP-354).
    pub fn roll_after_ms(&self) -> Millis {
        let bounded = self.cleanup_policy.compact && self.max_compaction_lag_ms > Millis(0);
        if bounded { self.segment_ms.min(self.max_compaction_lag_ms) } else { self.segment_ms }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            segment_ms: Millis(7 * 24 * 3_600_000),
            segment_jitter_ms: Millis(0),
            index_bytes_max: 10 << 20,
            index_interval_bytes: 4096,
            retention_ms: Millis(7 * 24 * 3_600_000),
            retention_bytes: -1,
            max_message_bytes: 1_048_588,
            flush_messages: i64::MAX,
            flush_ms: Millis(i64::MAX),
            cleanup_policy: CleanupPolicy { delete: true, compact: false },
            timestamp_type: TimestampType::CreateTime,
            timestamp_before_max_ms: Millis(i64::MAX),
            timestamp_after_max_ms: Millis(3_600_000),
            compression_type: CompressionType::Producer,
            delete_retention_ms: Millis(86_400_000),
            min_compaction_lag_ms: Millis(0),
            max_compaction_lag_ms: Millis(i64::MAX),
            min_cleanable_dirty_ratio: 0.5,
            file_delete_delay_ms: Millis(60_000),
            min_insync_replicas: 1,
            producer_id_expiration_ms: Millis(86_400_000),
            verifies_transactions: true,
            strict_compressed_validation: false,
        }
    }
}
