//! A log's copy on its way to another log directory (KIP-113): begun, found again after a restart, put in the log's place.
//!
//! ```text
//!   A/orders-0                        the log, serving
//!   B/orders-0.3f..e1-future          its copy, growing
//!   ── both are equal, and nobody appends ──
//!   B/orders-0                        first the copy takes the name: a start that finds both keeps the longer
//!   A/orders-0.9c..07-delete          then the log gives it up; removed after file.delete.delay.ms
//! ```
//!
//! Who fills the copy, and sees to it that nobody appends meanwhile, is told from above.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::disk;
use super::error::{OpenError, StorageError};
use super::file_system;
use super::log::{Log, first_unstable};
use super::manager::{Dir, LogManager, partition_of};
use super::stray;
use crate::base::ids::{Millis, Offset, TopicPartition};
use crate::base::limits::PREFERRED_DIRS_MAX;
use crate::base::random;

/// The ending of a directory that holds a log's copy.
const FUTURE_ENDING: &str = "-future";

/// Bytes that file systems take for the name of a directory.
const NAME_BYTES_MAX: usize = 255;

/// True if a copy of this log can have a directory: its name tells whose it is, and so cannot be cut short.
pub fn can_be_copied(name: &TopicPartition) -> bool {
    name.to_string().len() + unique_ending(FUTURE_ENDING).len() <= NAME_BYTES_MAX
}

/// A directory's name for something beside the log itself, in Kafka's form: the log's name, a dot, a unique part, the ending. Of
/// a topic's long name a part is left out, which nobody misses: such a directory is only waiting to be removed.
pub(super) fn beside(name: &TopicPartition, ending: &str) -> String {
    let behind = format!("-{}{}", name.partition, unique_ending(ending));
    let room = NAME_BYTES_MAX.saturating_sub(behind.len());
    let topic: String = name.topic.chars().take(room).collect();
    format!("{topic}{behind}")
}

fn unique_ending(ending: &str) -> String {
    let unique = random::uuid().0.iter().map(|b| format!("{b:02x}")).collect::<String>();
    format!(".{unique}{ending}")
}

/// Whose copy a directory of this name holds.
pub(super) fn future_of(directory: &str) -> Option<TopicPartition> {
    let (name, _unique) = directory.strip_suffix(FUTURE_ENDING)?.rsplit_once('.')?;
    partition_of(name)
}

impl Log {
    /// How often its end was cut so far: what was read before a cut may not be part of it any more.
    pub fn cuts(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Bytes of the records at `offset` and behind.
    pub fn bytes_behind(&self, offset: Offset) -> u64 {
        let end = self.ends.read().log_end;
        self.locate(&self.segments.load(), offset).map_or(u64::MAX, |at| self.bytes_between(at, end))
    }

    /// Takes over what `from`, of which this is a copy, remembers of producers: more than its records tell.
    fn take_over(&self, from: &Log) {
        let mut old = from.writer.lock();
        let mut own = self.writer.lock();
        own.producers = std::mem::take(&mut old.producers);
        own.undecided = std::mem::take(&mut old.undecided);
        self.ends.write().first_unstable = first_unstable(&own);
    }
}

impl LogManager {
    /// A log's copy, if it is on its way to another directory.
    pub fn future(&self, name: &TopicPartition) -> Option<Arc<Log>> {
        self.futures.read().get(name).cloned()
    }

    /// All copies.
    pub fn futures(&self) -> Vec<Arc<Log>> {
        self.futures.read().values().cloned().collect()
    }

    /// Notes where the log of a partition that is not here yet is to be created.
    pub fn prefer(&self, name: &TopicPartition, path: &Path) {
        let mut preferred = self.preferred.lock();
        if preferred.len() < PREFERRED_DIRS_MAX || preferred.contains_key(name) {
            preferred.insert(name.clone(), path.to_path_buf());
        } else {
            tracing::warn!(partition = %name, "too many directories are preferred already; this one is not noted");
        }
    }

    /// Begins an empty copy of a log in another directory.
    pub fn create_future(&self, name: &TopicPartition, path: &Path, now: Millis) -> Result<Arc<Log>, OpenError> {
        let _one_at_a_time = self.creating.lock();
        if let Some(future) = self.future(name) {
            return Ok(future);
        }
        let refused = |reason: &str| OpenError::BadFile { path: path.to_path_buf(), reason: reason.into() };
        let current = self.get(name).ok_or_else(|| refused("there is no log to copy"))?;
        let dir = self.dirs.iter().find(|dir| dir.dir.path == path && !dir.health.is_offline());
        let dir = dir.ok_or_else(|| refused("it is no log directory that can be written to"))?;
        if Arc::ptr_eq(current.health(), &dir.health) {
            return Err(refused("the log lies there already"));
        }
        let place = dir.dir.path.join(beside(name, FUTURE_ENDING));
        file_system::create_dirs(&place).map_err(StorageError::of("create the directory", &place))?;
        let future = self.open_whole(dir, &current, place, now)?;
        // What is copied is compacted at least as far as the log is now.
        match current.cleaned.get().and_then(|cleaned| cleaned.offset_of(name)) {
            Some(offset) => dir.cleaned.set(name, offset)?,
            None => dir.cleaned.remove(name)?,
        }
        future.clean_with(Arc::clone(&dir.cleaned));
        self.futures.write().insert(name.clone(), Arc::clone(&future));
        Ok(future)
    }

    /// Gives a copy up.
    pub fn drop_future(&self, name: &TopicPartition) -> Result<(), StorageError> {
        let Some(future) = self.futures.write().remove(name) else { return Ok(()) };
        self.retire(&future)
    }

    /// Puts a copy in its log's place. Both are equal, and nobody appends to either or cuts it: the caller sees to that. On
    /// an error the log goes on serving and the copy is where it was. Blocks.
    pub fn promote(&self, name: &TopicPartition, now: Millis) -> Result<Arc<Log>, OpenError> {
        let _one_at_a_time = self.creating.lock();
        let refused =
            |reason: &str| OpenError::BadFile { path: PathBuf::from(name.to_string()), reason: reason.into() };
        let (Some(current), Some(future)) = (self.get(name), self.future(name)) else {
            return Err(refused("its move was called off"));
        };
        let dir = self.dirs.iter().find(|dir| Arc::ptr_eq(&dir.health, future.health()));
        let dir = dir.ok_or_else(|| refused("its copy lies in no log directory"))?;
        future.close().map_err(|error| error.0)?;
        future.abandon();
        let (beside, place) = (future.dir().to_path_buf(), dir.dir.path.join(name.to_string()));
        file_system::rename(&beside, &place).map_err(StorageError::of("rename", &beside))?;
        let opened = disk::sync_dir(&dir.dir.path)
            .map_err(OpenError::from)
            .and_then(|()| self.open_whole(dir, &current, place.clone(), now));
        let log = match opened {
            Ok(log) => log,
            Err(error) => {
                file_system::rename(&place, &beside).map_err(StorageError::of("rename", &place))?;
                future.deleted.store(false, Ordering::Release);
                return Err(error);
            }
        };
        log.take_over(&current);
        log.update_high_watermark(current.high_watermark());
        log.clean_with(Arc::clone(&dir.cleaned));
        self.futures.write().remove(name);
        self.logs.write().insert(name.clone(), Arc::clone(&log));
        // On disk before the new log goes on: should a crash bring the old one back, it must not be the longer of the two.
        if let Err(error) = self.retire(&current).and_then(|()| disk::sync_dir(current.parent_dir())) {
            current.health().fail(&error);
        }
        Ok(log)
    }

    /// Opens files that are known to be whole, as a log like `model`.
    fn open_whole(&self, dir: &Dir, model: &Log, place: PathBuf, now: Millis) -> Result<Arc<Log>, OpenError> {
        let config = (*model.config()).clone();
        let mut options = self.options(dir, model.name.clone(), model.topic_id, place, config);
        (options.clean, options.log_start, options.recovery_point) = (true, model.log_start_offset(), Offset(0));
        Log::open(options, now)
    }

    /// Takes in a copy that a start has found.
    pub(super) fn found_future(&self, future: Arc<Log>) {
        self.futures.write().insert(future.name.clone(), future);
    }

    /// Once all logs are open: a copy whose log is not here, or is another topic's, or has come to the same directory, is not
    /// carried on.
    pub(super) fn settle_futures(&self) {
        for future in self.futures() {
            match self.get(&future.name) {
                Some(log) if log.topic_id == future.topic_id && !Arc::ptr_eq(log.health(), future.health()) => continue,
                // Its log may be in a directory that is missing today: nothing is thrown away.
                None => {
                    self.futures.write().remove(&future.name);
                    tracing::warn!(partition = %future.name, copy = %future.dir().display(), "a copy is left alone: its log is not here");
                }
                Some(_) => {
                    if let Err(error) = self.drop_future(&future.name) {
                        tracing::warn!(partition = %future.name, %error, "a copy that is of no use could not be removed");
                    }
                }
            }
        }
    }

    /// A start has found two logs of one name: a crash came between the two renames of a move, so that both hold the same, or a
    /// person put one there. The longer one serves, the other one is put aside.
    pub(super) fn keep_longer(&self, found: Arc<Log>) {
        let mut logs = self.logs.write();
        let shorter = match logs.get(&found.name) {
            Some(known) if known.log_end_offset() >= found.log_end_offset() => found,
            _ => match logs.insert(found.name.clone(), found) {
                Some(shorter) => shorter,
                None => return,
            },
        };
        drop(logs);
        stray::put_aside(&shorter, "another directory holds the partition as well, and its log is as long or longer");
    }
}

#[cfg(test)]
#[path = "future_test.rs"]
mod tests;
