//! `cleaner-offset-checkpoint`: up to where each log of a directory was compacted. Kafka's file, one for each log directory.
//!
//! It must never claim more than was done: what lies before its offset is not searched for keys again, so that a tombstone
//! that only seems to be cleaned would vanish before what it deletes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use crate::base::ids::{Offset, TopicPartition};
use crate::log::checkpoint;
use crate::log::error::StorageError;

/// The file.
pub const FILE_NAME: &str = "cleaner-offset-checkpoint";

/// One log directory's checkpoint.
#[derive(Debug)]
pub struct CleanerCheckpoint {
    path: PathBuf,
    offsets: Mutex<BTreeMap<TopicPartition, Offset>>,
}

impl CleanerCheckpoint {
    /// Reads the checkpoint of the log directory `dir`.
    pub fn load(dir: &Path) -> Result<Self, StorageError> {
        let path = dir.join(FILE_NAME);
        let offsets = Mutex::new(checkpoint::read_offsets(&path)?);
        Ok(Self { path, offsets })
    }

    /// Up to where `name` was compacted.
    pub fn offset_of(&self, name: &TopicPartition) -> Option<Offset> {
        self.offsets.lock().get(name).copied()
    }

    /// Notes, on disk, that `name` is compacted up to `offset`.
    pub fn set(&self, name: &TopicPartition, offset: Offset) -> Result<(), StorageError> {
        let mut offsets = self.offsets.lock();
        if offsets.insert(name.clone(), offset) == Some(offset) {
            return Ok(());
        }
        checkpoint::write_offsets(&self.path, &offsets)
    }

    /// Notes, on disk, that `name` holds nothing behind `offset` any more.
    pub fn truncate(&self, name: &TopicPartition, offset: Offset) -> Result<(), StorageError> {
        let mut offsets = self.offsets.lock();
        match offsets.get_mut(name) {
            Some(held) if *held > offset => *held = offset,
            _ => return Ok(()),
        }
        checkpoint::write_offsets(&self.path, &offsets)
    }

    /// Forgets `name`, also on disk.
    pub fn remove(&self, name: &TopicPartition) -> Result<(), StorageError> {
        let mut offsets = self.offsets.lock();
        match offsets.remove(name) {
            Some(_) => checkpoint::write_offsets(&self.path, &offsets),
            None => Ok(()),
        }
    }

    /// Forgets the logs that are not there; written with the next change.
    pub fn retain(&self, is_there: impl Fn(&TopicPartition) -> bool) {
        self.offsets.lock().retain(|name, _| is_there(name));
    }
}
