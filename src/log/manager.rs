//! All logs of this node.
use std::sync::Arc;

use super::config::LogConfig;
use super::dir::LogDir;
use super::error::{OpenError, StorageError};
use super::flusher::Flusher;
use super::log::{Log, LogResources};
use crate::base::ids::{Millis, TopicPartition, Uuid};

/// How to load.
pub struct LoadOptions<'a> {
    /// The directories, locked and formatted.
    pub dirs: Vec<Arc<LogDir>>,
    /// What all logs share.
    pub resources: Arc<LogResources>,
    /// The settings of a partition found on disk, as far as they are known yet.
    pub config_of: &'a (dyn Fn(&TopicPartition) -> LogConfig + Sync),
    /// `num.recovery.threads.per.data.dir`
    pub recovery_threads_per_dir: usize,
    /// The time.
    pub now: Millis,
}

/// All logs of this node, in all directories.
pub struct LogManager {}

impl LogManager {
    /// Opens every log found in the directories; recovers where the last stop was not clean. A log that cannot be opened
    /// stays closed ([`Self::broken`]), the others go on. `__cluster_metadata-0` is left to the controller.
    pub fn load(_options: LoadOptions<'_>) -> Result<Arc<Self>, StorageError> {
        todo!()
    }
    /// An open log.
    pub fn get(&self, _name: &TopicPartition) -> Option<Arc<Log>> {
        todo!()
    }
    /// Every open log.
    pub fn all(&self) -> Vec<Arc<Log>> {
        todo!()
    }
    /// Opens or creates the log of a partition, in the directory with the fewest logs. One that is held under another
    /// topic id is moved out of the way first.
    pub fn get_or_create(&self, _name: &TopicPartition, _topic_id: Uuid, _config: LogConfig, _now: Millis) -> Result<Arc<Log>, OpenError> {
        todo!()
    }
    /// Closes a log and renames its directory to `*-delete`; the files go at a later tick.
    pub fn delete(&self, _name: &TopicPartition) -> Result<(), StorageError> {
        todo!()
    }
    /// The directories, offline ones too.
    pub fn dirs(&self) -> &[Arc<LogDir>] {
        todo!()
    }
    /// How many directories have failed.
    pub fn offline_dirs(&self) -> usize {
        todo!()
    }
    /// Deletes segments by age and size, and the files of what was deleted long enough ago.
    pub fn retention_tick(&self, _now: Millis) {
        todo!()
    }
    /// Asks for the fsyncs that `flush.ms` makes due, seals rolled segments, gives back the memory of idle tails.
    pub fn flush_tick(&self, _flusher: &Flusher, _now: Millis) {
        todo!()
    }
    /// Writes the checkpoints of recovery points, log starts and high watermarks.
    pub fn checkpoint_tick(&self) {
        todo!()
    }
    /// Flushes and closes every log and leaves the marker of a clean stop.
    pub fn close(&self) {
        todo!()
    }
}
