//! Whether a log directory can still be trusted.
//!
//! A failed fsync or write makes it offline for good: the kernel may have dropped the bytes that could not be written, so a
//! later success on the same file proves nothing. Only a restart, which reads what is really there, brings it back.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::StorageError;
use super::file_system::FileSystem;

/// One log directory's health, shared by its logs.
#[derive(Debug)]
pub struct DirHealth {
    path: PathBuf,
    offline: AtomicBool,
    /// True from a write that was refused for want of space until one that was not.
    full: AtomicBool,
    /// The directory, open since before the first write: so that a sync of the whole file system tells of every failure.
    root: FileSystem,
}

impl DirHealth {
    /// A healthy directory.
    pub fn new(path: PathBuf) -> Arc<Self> {
        let root = FileSystem::of(&path);
        Arc::new(Self { path, offline: AtomicBool::new(false), full: AtomicBool::new(false), root })
    }
    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }
    /// True once it has failed.
    pub fn is_offline(&self) -> bool {
        self.offline.load(Ordering::Acquire)
    }
    /// Forces everything on its file system to the disk.
    pub fn sync_file_system(&self) -> Result<(), StorageError> {
        self.root.sync().map_err(StorageError::of("sync the file system of", &self.path))
    }
    /// Takes it offline because an fsync failed. That the device is full is no excuse here: what could not be written is lost.
    pub fn fail_for_good(&self, error: &StorageError) {
        if !self.offline.swap(true, Ordering::AcqRel) {
            tracing::error!(%error, dir = %self.path.display(), "the log directory is offline until the broker is restarted");
        }
    }
    /// Records were written.
    pub fn wrote(&self) {
        // Read first: the flag is shared by all cores, and nearly always clear.
        if self.full.load(Ordering::Relaxed) && self.full.swap(false, Ordering::AcqRel) {
            tracing::info!(dir = %self.path.display(), "the device has space again");
        }
    }
    /// Takes it offline because of `error`, unless the device is only full. That is told once, not for each write that is refused.
    pub fn fail(&self, error: &StorageError) {
        if error.is_no_space() {
            if !self.full.swap(true, Ordering::AcqRel) {
                tracing::error!(%error, "the device is full; writes are refused until there is space");
            }
        } else {
            self.fail_for_good(error);
        }
    }
}
