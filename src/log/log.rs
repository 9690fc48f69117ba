//! One partition's log.
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use super::append_info::LogAppendInfo;
use super::config::LogConfig;
use super::dir::LogDir;
use super::error::{AppendError, DeleteRecordsError, FlushError, OpenError, ReadError, StorageError};
use super::producer_state::ActiveProducer;
use super::read_info::{ReadInfo, ReadUpTo, TimestampAndOffset};
use super::tail_cache::TailCacheBudget;
use crate::base::ids::{LeaderEpoch, Millis, Offset, ProducerId, TopicPartition, Uuid};

/// Who appends as leader, which decides what is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendOrigin {
    /// A client: everything is checked.
    Client,
    /// A coordinator of ours: markers are allowed, sequences are not looked at.
    Coordinator,
    /// The controller's log: what it appends is not looked at, only placed.
    RaftLeader,
}

/// What all logs of a process share.
pub struct LogResources {}

impl LogResources {
    /// Tail caches under one budget; at most so many sealed segment files open at once.
    pub fn new(_tail_budget: TailCacheBudget, _open_files_max: usize) -> Arc<Self> {
        todo!()
    }
}

/// What to open.
pub struct OpenOptions {
    /// The directory that holds it.
    pub dir: Arc<LogDir>,
    /// Whose log; also the directory's name in `dir`.
    pub name: TopicPartition,
    /// The topic's id; written to `partition.metadata` where it is missing there.
    pub topic_id: Option<Uuid>,
    /// The settings.
    pub config: LogConfig,
    /// Everything before it is known to be on disk.
    pub recovery_point: Offset,
    /// From `log-start-offset-checkpoint`, else 0.
    pub log_start: Offset,
    /// From `replication-offset-checkpoint`, else 0.
    pub high_watermark: Offset,
    /// True if the last stop was clean: nothing needs recovery.
    pub clean: bool,
    /// What all logs share.
    pub resources: Arc<LogResources>,
    /// The time.
    pub now: Millis,
}

/// One partition's log.
pub struct Log {}

#[allow(missing_docs)]
impl Log {
    pub fn open(_options: OpenOptions) -> Result<Arc<Self>, OpenError> { todo!() }
    pub fn append_as_leader(&self, _batches: Bytes, _epoch: LeaderEpoch, _origin: AppendOrigin, _now: Millis) -> Result<LogAppendInfo, AppendError> { todo!() }
    pub fn append_as_follower(&self, _batches: Bytes, _now: Millis) -> Result<LogAppendInfo, AppendError> { todo!() }
    pub fn read(&self, _from: Offset, _max_bytes: usize, _up_to: ReadUpTo, _min_one_batch: bool) -> Result<ReadInfo, ReadError> { todo!() }
    pub fn offset_for_timestamp(&self, _at: Millis) -> Result<Option<TimestampAndOffset>, ReadError> { todo!() }
    pub fn max_timestamp(&self) -> Result<Option<TimestampAndOffset>, ReadError> { todo!() }
    pub fn end_offset_for_epoch(&self, _epoch: LeaderEpoch) -> (LeaderEpoch, Offset) { todo!() }
    pub fn epoch_for_offset(&self, _offset: Offset) -> Option<LeaderEpoch> { todo!() }
    pub fn latest_epoch(&self) -> Option<LeaderEpoch> { todo!() }
    pub fn truncate_to(&self, _offset: Offset) -> Result<(), StorageError> { todo!() }
    pub fn truncate_fully_and_start_at(&self, _offset: Offset) -> Result<(), StorageError> { todo!() }
    pub fn delete_records_to(&self, _offset: Offset) -> Result<(), DeleteRecordsError> { todo!() }
    pub fn flush(&self) -> Result<Offset, FlushError> { todo!() }
    pub fn roll(&self, _now: Millis) -> Result<(), StorageError> { todo!() }
    pub fn delete_old_segments(&self, _now: Millis) -> Result<usize, StorageError> { todo!() }
    pub fn name(&self) -> TopicPartition { todo!() }
    pub fn topic_id(&self) -> Option<Uuid> { todo!() }
    pub fn path(&self) -> PathBuf { todo!() }
    pub fn dir(&self) -> Arc<LogDir> { todo!() }
    pub fn log_start_offset(&self) -> Offset { todo!() }
    pub fn log_end_offset(&self) -> Offset { todo!() }
    pub fn high_watermark(&self) -> Offset { todo!() }
    /// Raises or lowers it within log start and log end.
    pub fn update_high_watermark(&self, _to: Offset) { todo!() }
    pub fn last_stable_offset(&self) -> Offset { todo!() }
    pub fn recovery_point(&self) -> Offset { todo!() }
    pub fn size(&self) -> u64 { todo!() }
    pub fn segment_count(&self) -> usize { todo!() }
    pub fn active_producers(&self) -> Vec<ActiveProducer> { todo!() }
    pub fn has_ongoing_transaction(&self, _producer: ProducerId) -> bool { todo!() }
    pub fn config(&self) -> Arc<LogConfig> { todo!() }
    pub fn set_config(&self, _config: LogConfig) { todo!() }
    pub fn is_offline(&self) -> bool { todo!() }
    /// Flushes, writes what a clean stop leaves behind, and lets go of the files.
    pub fn close(&self) -> Result<(), StorageError> { todo!() }
}
