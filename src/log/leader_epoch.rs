//! Which leader epoch began at which offset: how a replica finds where its log departs from its leader's (KIP-101, KIP-279).
//!
//! Kept in `leader-epoch-checkpoint`, epochs and offsets both ascending. If the file is lost it is rebuilt from the batches.
//!
//! A new epoch is not written at once: a leader of many partitions begins one in each, and an fsync for each would hold up
//! everybody on its core. The file is written before the recovery point moves beyond the epoch's first record; what is
//! behind the recovery point is found again by the scan that follows a crash.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Mutex, RwLock};

use super::checkpoint;
use super::error::StorageError;
use crate::base::ids::{LeaderEpoch, Offset};

/// The file's name.
pub const FILE_NAME: &str = "leader-epoch-checkpoint";

/// Epochs and where they began.
pub struct LeaderEpochCache {
    path: PathBuf,
    entries: RwLock<Vec<(LeaderEpoch, Offset)>>,
    /// True while the file lacks an epoch.
    unwritten: AtomicBool,
    /// Held while the file is written.
    file: Mutex<()>,
}

impl LeaderEpochCache {
    /// Reads the file. The flag is true if it was there and whole.
    pub fn load(path: PathBuf) -> Result<(Self, bool), StorageError> {
        let pairs = checkpoint::read_pairs(&path)?;
        let entries: Vec<_> =
            pairs.iter().flatten().map(|(epoch, start)| (LeaderEpoch(*epoch), Offset(*start))).collect();
        let sane = entries.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1);
        let whole = pairs.is_some() && sane;
        let entries = if sane { entries } else { Vec::new() };
        Ok((Self::new(path, entries), whole))
    }

    fn new(path: PathBuf, entries: Vec<(LeaderEpoch, Offset)>) -> Self {
        Self { path, entries: RwLock::new(entries), unwritten: AtomicBool::new(false), file: Mutex::new(()) }
    }

    /// Notes that `epoch` begins at `start`, if it is newer than all known. True if it is.
    pub fn assign(&self, epoch: LeaderEpoch, start: Offset) -> bool {
        if epoch.is_none() || self.entries.read().last().is_some_and(|(last, _)| *last >= epoch) {
            return false;
        }
        let mut entries = self.entries.write();
        while entries.last().is_some_and(|(_, begun)| *begun >= start) {
            entries.pop();
        }
        entries.push((epoch, start));
        self.unwritten.store(true, Ordering::Release);
        true
    }

    /// The newest epoch.
    pub fn latest(&self) -> Option<LeaderEpoch> {
        self.entries.read().last().map(|(epoch, _)| *epoch)
    }

    /// The epoch in which `offset` was appended.
    pub fn epoch_at(&self, offset: Offset) -> Option<LeaderEpoch> {
        let entries = self.entries.read();
        let after = entries.partition_point(|(_, start)| *start <= offset);
        after.checked_sub(1).map(|i| entries[i].0)
    }

    /// The newest epoch at or below `epoch`, and where it ended. (-1, -1) if there is none.
    pub fn end_of(&self, epoch: LeaderEpoch, log_end: Offset) -> (LeaderEpoch, Offset) {
        let entries = self.entries.read();
        if epoch.is_none() {
            return (LeaderEpoch::NONE, Offset::NONE);
        }
        if entries.last().is_some_and(|(latest, _)| *latest == epoch) {
            return (epoch, log_end);
        }
        let after = entries.partition_point(|(e, _)| *e <= epoch);
        match (after.checked_sub(1), entries.get(after)) {
            // Older than all we know: it ended where our first began.
            (None, Some((_, start))) => (epoch, *start),
            (Some(i), Some((_, next_start))) => (entries[i].0, *next_start),
            // Newer than all we know.
            _ => (LeaderEpoch::NONE, Offset::NONE),
        }
    }

    /// Drops epochs that begin at `end` or behind. True if there were any.
    pub fn truncate_end(&self, end: Offset) -> bool {
        let mut entries = self.entries.write();
        let before = entries.len();
        entries.retain(|(_, start)| *start < end);
        entries.len() < before
    }

    /// Moves the first epochs up to a log start.
    pub fn truncate_start(&self, start: Offset) {
        let mut entries = self.entries.write();
        let after = entries.partition_point(|(_, begun)| *begun <= start);
        if let Some(current) = after.checked_sub(1) {
            entries.drain(..current);
            entries[0].1 = start;
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.entries.write().clear();
    }

    /// Writes the file if it lacks an epoch. Blocks.
    pub fn write_if_due(&self) -> Result<(), StorageError> {
        if self.unwritten.load(Ordering::Acquire) { self.write() } else { Ok(()) }
    }

    /// Writes the file. Blocks.
    pub fn write(&self) -> Result<(), StorageError> {
        let _alone = self.file.lock();
        // What is noted from here on is due again, whether or not it is among what is written now.
        self.unwritten.store(false, Ordering::Release);
        let pairs: Vec<_> = self.entries.read().iter().map(|(epoch, start)| (epoch.0, start.0)).collect();
        checkpoint::write_pairs(&self.path, &pairs).inspect_err(|_| self.unwritten.store(true, Ordering::Release))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(entries: &[(i32, i64)]) -> LeaderEpochCache {
        let entries = entries.iter().map(|(e, o)| (LeaderEpoch(*e), Offset(*o))).collect();
        LeaderEpochCache::new(PathBuf::new(), entries)
    }

    #[test]
    fn epochs_end_where_the_next_begins() {
        let cache = cache(&[(2, 10), (5, 20), (7, 30)]);
        let end = Offset(42);
        assert_eq!(cache.end_of(LeaderEpoch(7), end), (LeaderEpoch(7), end));
        assert_eq!(cache.end_of(LeaderEpoch(5), end), (LeaderEpoch(5), Offset(30)));
        assert_eq!(cache.end_of(LeaderEpoch(6), end), (LeaderEpoch(5), Offset(30)));
        assert_eq!(cache.end_of(LeaderEpoch(1), end), (LeaderEpoch(1), Offset(10)));
        assert_eq!(cache.end_of(LeaderEpoch(8), end), (LeaderEpoch::NONE, Offset::NONE));
    }

    #[test]
    fn truncation_keeps_the_epoch_that_covers_the_edge() {
        let at_start = cache(&[(2, 10), (5, 20), (7, 30)]);
        at_start.truncate_start(Offset(25));
        assert_eq!(*at_start.entries.read(), [(LeaderEpoch(5), Offset(25)), (LeaderEpoch(7), Offset(30))]);
        let at_end = cache(&[(2, 10), (5, 20), (7, 30)]);
        at_end.truncate_end(Offset(30));
        assert_eq!(at_end.latest(), Some(LeaderEpoch(5)));
        assert!(at_end.assign(LeaderEpoch(8), Offset(20)), "an epoch without records is replaced");
        assert_eq!(*at_end.entries.read(), [(LeaderEpoch(2), Offset(10)), (LeaderEpoch(8), Offset(20))]);
    }
}
