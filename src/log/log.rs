//! One partition's log: segments, indexes, producers, epochs, and where it ends.
//!
//! ```text
//!   log start ≤ last stable ≤ high watermark ≤ log end          recovery point ≤ log end
//! ```
//!
//! One lock serialises writers (append, roll, truncate, delete). Readers take a published list of segments and the published
//! ends, and never that lock. The order of an append: bytes in the file, then epochs, producers and indexes, then the end is
//! published: a reader who sees the end finds everything before it.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use parking_lot::{Mutex, RwLock};

use super::background::Background;
use super::cleaner::checkpoint::CleanerCheckpoint;
use super::config::LogConfig;
use super::disk;
use super::error::{FlushError, ReadError, StorageError};
use super::file_system;
use super::health::DirHealth;
use super::leader_epoch::LeaderEpochCache;
use super::partition_metadata;
use super::producer_snapshot;
use super::producer_state::{ActiveProducer, ProducerState};
use super::read_info::OnCold;
use super::segment::LogSegment;
use super::tail_cache::TailCache;
pub use super::validate::AppendOrigin;
use crate::base::ids::{LeaderEpoch, Millis, Offset, TopicPartition, Uuid};

/// An offset and where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub offset: Offset,
    pub segment: Offset,
    pub position: u64,
}

/// Where the log stands, published as one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    pub log_end: End,
    pub high_watermark: End,
    /// The first offset that a `read_committed` reader may not see yet, whatever the high watermark.
    pub first_unstable: Option<Offset>,
}

impl Ends {
    pub(super) fn last_stable(&self) -> Offset {
        self.first_unstable.map_or(self.high_watermark.offset, |o| o.min(self.high_watermark.offset))
    }
}

/// What only a writer touches.
pub(super) struct Writer {
    pub producers: ProducerState,
    /// Transactions whose marker is written but not committed: first offset and marker.
    pub undecided: Vec<(Offset, Offset)>,
    /// When the oldest unsynced record came.
    pub unsynced_since: Option<Millis>,
}

/// A partition's log.
pub struct Log {
    /// Whose log it is.
    pub name: TopicPartition,
    /// The topic's id.
    pub topic_id: Uuid,
    pub(super) dir: PathBuf,
    pub(super) config: ArcSwap<LogConfig>,
    /// Held by whatever takes segments away or replaces them: taken before `flushing`.
    pub(super) structure: Mutex<()>,
    /// Held by a flush, and by whatever takes the end back or replaces files: taken before the writer's lock.
    pub(super) flushing: Mutex<()>,
    /// Counts what makes a running compaction pointless: cuts, and the log's deletion.
    pub(super) generation: AtomicU64,
    /// The partition was deleted: its directory's name may be another log's by now.
    pub(super) deleted: AtomicBool,
    /// Where compaction notes how far it has come; a log without it is never compacted.
    pub(super) cleaned: OnceLock<Arc<CleanerCheckpoint>>,
    /// Files were made in the directory, or replaced, that a power cut could take away.
    pub(super) entries_unsynced: AtomicBool,
    pub(super) writer: Mutex<Writer>,
    pub(super) segments: ArcSwap<Vec<Arc<LogSegment>>>,
    pub(super) ends: RwLock<Ends>,
    pub(super) epochs: LeaderEpochCache,
    pub(super) log_start: AtomicI64,
    pub(super) tail: TailCache,
    pub(super) recovery_point: AtomicI64,
    /// Something was written since the log was opened or closed.
    pub(super) changed: AtomicBool,
    pub(super) health: Arc<DirHealth>,
    pub(super) background: Arc<Background>,
}

impl Log {
    /// The settings in force.
    pub fn config(&self) -> Arc<LogConfig> {
        self.config.load_full()
    }
    /// Changes the settings.
    pub fn set_config(&self, config: LogConfig) {
        self.config.store(Arc::new(config));
    }
    /// The directory that holds its files.
    pub fn dir(&self) -> &std::path::Path {
        &self.dir
    }
    /// The log directory that it lies in.
    pub fn parent_dir(&self) -> &std::path::Path {
        self.health.path()
    }
    /// True once its log directory has failed: nothing is written any more.
    pub fn is_offline(&self) -> bool {
        self.health.is_offline()
    }
    /// Its log directory's health.
    pub fn health(&self) -> &Arc<DirHealth> {
        &self.health
    }

    /// The first offset that can be read.
    pub fn log_start_offset(&self) -> Offset {
        Offset(self.log_start.load(Ordering::Acquire))
    }
    /// The offset that the next record will have.
    pub fn log_end_offset(&self) -> Offset {
        self.ends.read().log_end.offset
    }
    /// Committed up to here.
    pub fn high_watermark(&self) -> Offset {
        self.ends.read().high_watermark.offset
    }
    /// Committed and decided up to here.
    pub fn last_stable_offset(&self) -> Offset {
        self.ends.read().last_stable()
    }
    /// Gives the tail's memory back if nobody has read it since the last call.
    pub fn tail_tick(&self) {
        self.tail.tick();
    }
    /// Known to be on disk up to here.
    pub fn recovery_point(&self) -> Offset {
        Offset(self.recovery_point.load(Ordering::Acquire))
    }
    /// Bytes of all segments.
    pub fn size(&self) -> u64 {
        self.segments.load().iter().map(|s| s.size()).sum()
    }
    /// The first segment's base offset.
    pub fn first_segment_base(&self) -> Offset {
        self.segments.load()[0].base_offset
    }
    /// How many segments there are.
    pub fn segment_count(&self) -> usize {
        self.segments.load().len()
    }
    /// The newest leader epoch.
    pub fn latest_epoch(&self) -> Option<LeaderEpoch> {
        self.epochs.latest()
    }
    /// Notes that a leader begins in `epoch` at the log's end, before it appends anything. An epoch without records may be
    /// forgotten.
    pub fn begin_epoch(&self, epoch: LeaderEpoch) {
        let _writer = self.writer.lock();
        self.epochs.assign(epoch, self.log_end_offset());
    }
    /// The epoch in which `offset` was, or will be, appended.
    pub fn epoch_for_offset(&self, offset: Offset) -> Option<LeaderEpoch> {
        self.epochs.epoch_at(offset)
    }
    /// The newest epoch at or below `epoch`, and where it ended; (-1, -1) if there is none.
    pub fn end_offset_for_epoch(&self, epoch: LeaderEpoch) -> (LeaderEpoch, Offset) {
        self.epochs.end_of(epoch, self.log_end_offset())
    }
    /// The producers remembered.
    pub fn active_producers(&self) -> Vec<ActiveProducer> {
        self.writer.lock().producers.active()
    }

    /// Moves the high watermark forward, never beyond the log end. Returns how many bytes that made readable, which is 0 if it
    /// did not move.
    pub fn update_high_watermark(&self, to: Offset) -> u64 {
        let log_end = self.ends.read().log_end;
        let end =
            if to >= log_end.offset { log_end } else { self.locate(&self.segments.load(), to).unwrap_or(log_end) };
        if end.offset > to {
            return 0;
        }
        let (before, decided) = {
            let mut ends = self.ends.write();
            let before = ends.high_watermark;
            if end.offset > before.offset {
                ends.high_watermark = end;
            }
            (before, ends.first_unstable.is_some())
        };
        if decided {
            let mut writer = self.writer.lock();
            writer.undecided.retain(|(_, marker)| *marker >= end.offset);
            let first_unstable = first_unstable(&writer);
            self.ends.write().first_unstable = first_unstable;
        }
        if end.offset > before.offset { self.bytes_between(before, end) } else { 0 }
    }

    pub(super) fn bytes_between(&self, from: End, to: End) -> u64 {
        if from.segment == to.segment {
            return to.position.saturating_sub(from.position);
        }
        let segments = self.segments.load();
        let between = segments.iter().filter(|s| (from.segment..to.segment).contains(&s.base_offset));
        (between.map(|s| s.size()).sum::<u64>() + to.position).saturating_sub(from.position)
    }

    /// Where a batch boundary lies in `segments`; none if that cannot be told. Waits for the disk.
    pub(super) fn locate(&self, segments: &[Arc<LogSegment>], offset: Offset) -> Option<End> {
        self.locate_or(segments, offset, OnCold::Wait).ok().flatten()
    }

    /// The same; refused if the disk would have to be waited for and `on_cold` says so.
    pub(super) fn locate_or(
        &self,
        segments: &[Arc<LogSegment>],
        offset: Offset,
        on_cold: OnCold,
    ) -> Result<Option<End>, ReadError> {
        let Some(segment) = floor(segments, offset) else { return Ok(None) };
        let position = match segment.find(offset, segment.size(), on_cold) {
            Ok(Some(at)) => at.position,
            Ok(None) => segment.size(),
            Err(ReadError::Cold) => return Err(ReadError::Cold),
            Err(error) => {
                tracing::warn!(partition = %self.name, %offset, %error, "an offset could not be located");
                return Ok(None);
            }
        };
        Ok(Some(End { offset, segment: segment.base_offset, position }))
    }

    /// True if `flush.messages` asks for an fsync once the log ends at `end`.
    pub(super) fn is_flush_due(&self, config: &LogConfig, end: Offset) -> bool {
        end.since(self.recovery_point()) >= config.flush_messages
    }

    /// True if `flush.messages` asks for an fsync of what was appended so far.
    pub fn owes_sync(&self) -> bool {
        let end = self.log_end_offset();
        end > self.recovery_point() && self.is_flush_due(&self.config.load(), end)
    }

    /// True if `flush.ms` asks for an fsync now.
    pub fn is_flush_overdue(&self, now: Millis) -> bool {
        let config = self.config.load();
        self.writer.lock().unsynced_since.is_some_and(|since| now.since(since) >= config.flush_ms)
    }

    /// Forces everything appended so far to the disk and returns how far that is. Blocks.
    pub fn flush(&self) -> Result<Offset, FlushError> {
        let end = self.log_end_offset();
        self.flush_to(end)?;
        Ok(end)
    }

    /// Forces what was appended before `end`, and with it everything appended so far, to the disk. Blocks. On failure the log
    /// directory goes offline.
    pub fn flush_to(&self, end: Offset) -> Result<(), FlushError> {
        let _alone = self.flushing.lock();
        if self.deleted.load(Ordering::Acquire) {
            // Nobody reads it any more; what took its place after a move was synced before.
            return Ok(());
        }
        let from = self.recovery_point();
        if from >= end.min(self.log_end_offset()) {
            return Ok(());
        }
        // The time of `flush.ms` begins anew with what comes after this.
        let end = {
            let mut writer = self.writer.lock();
            writer.unsynced_since = None;
            self.log_end_offset()
        };
        if self.is_offline() {
            let source = std::io::Error::other("an earlier write or fsync failed");
            return Err(FlushError(StorageError::of("sync", &self.dir)(source)));
        }
        let segments = self.segments.load();
        let first = segments.partition_point(|s| s.base_offset <= from).saturating_sub(1);
        let last = segments.len() - 1;
        for (i, segment) in segments.iter().enumerate().skip(first).filter(|(_, s)| s.base_offset < end) {
            if i < last {
                segment.seal().inspect_err(|e| self.health.fail(e))?;
            }
            match segment.sync() {
                Err(error) if !self.is_gone(segment, &error) => {
                    self.health.fail_for_good(&error);
                    return Err(FlushError(error));
                }
                _ => {}
            }
        }
        self.sync_entries()?;
        self.epochs.write_if_due().inspect_err(|e| self.health.fail(e))?;
        self.note_synced(end);
        Ok(())
    }

    /// True if a file is missing because the segment was deleted or replaced since the list of segments was read.
    pub(super) fn is_gone(&self, segment: &LogSegment, error: &StorageError) -> bool {
        let is_listed = || self.segments.load().iter().any(|s| std::ptr::eq(&**s, segment));
        error.is_not_found() && (self.deleted.load(Ordering::Acquire) || !is_listed())
    }

    /// Takes the log directory offline because of `error`, unless that only says that the log was deleted or shortened meanwhile.
    pub(super) fn note_failure(&self, error: &StorageError) {
        if self.deleted.load(Ordering::Acquire)
            || error.is_not_found() && !file_system::exists(&error.path) && file_system::exists(&self.dir)
        {
            tracing::debug!(partition = %self.name, %error, "a file went away meanwhile");
        } else {
            self.health.fail(error);
        }
    }

    /// Lets the log be compacted, its progress noted in `checkpoint`.
    pub fn clean_with(&self, checkpoint: Arc<CleanerCheckpoint>) {
        // Set once, right after the log was opened.
        let _ = self.cleaned.set(checkpoint);
    }

    /// The log is about to be deleted: a compaction or a flush at work on it ends and will touch no file once this has returned.
    pub(super) fn abandon(&self) {
        self.deleted.store(true, Ordering::Release);
        drop(self.structure.lock());
        drop(self.flushing.lock());
    }

    /// Forces the directory's entries, and that of the directory itself, to the disk if there are new ones.
    fn sync_entries(&self) -> Result<(), FlushError> {
        if !self.entries_unsynced.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let synced = partition_metadata::sync(&self.dir)
            .and_then(|()| disk::sync_dir(&self.dir))
            .and_then(|()| disk::sync_dir(self.health.path()));
        if let Err(error) = &synced {
            self.health.fail_for_good(error);
        }
        Ok(synced?)
    }

    /// Notes that everything before `end` is on disk.
    pub(super) fn note_synced(&self, end: Offset) {
        self.recovery_point.fetch_max(end.0, Ordering::AcqRel);
    }

    /// Writes what makes the next start fast (indexes, producers, epochs) and syncs everything: a clean close. Blocks.
    pub fn close(&self) -> Result<(), FlushError> {
        if !self.changed.swap(false, Ordering::AcqRel) {
            return Ok(()); // as it was opened: everything is on disk already
        }
        self.flush()?;
        let writer = self.writer.lock();
        let segments = self.segments.load();
        for segment in segments.iter() {
            segment.write_indexes()?;
        }
        let end = self.ends.read().log_end.offset;
        if !writer.producers.is_empty() {
            producer_snapshot::write(&self.dir, end, &writer.producers)?;
        }
        self.epochs.write()?;
        Ok(())
    }
}

/// The first offset that is not decided: of an open transaction, or of one whose marker is not committed yet.
pub(super) fn first_unstable(writer: &Writer) -> Option<Offset> {
    let undecided = writer.undecided.iter().map(|(first, _)| *first).min();
    match (writer.producers.first_unstable(), undecided) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The segment that holds `offset`, or would.
pub(super) fn floor(segments: &[Arc<LogSegment>], offset: Offset) -> Option<&Arc<LogSegment>> {
    let after = segments.partition_point(|s| s.base_offset <= offset);
    after.checked_sub(1).map(|i| &segments[i])
}
