//! Where the log begins: retention by time and size, DeleteRecords, and removing segments.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::disk;
use super::error::{DeleteRecordsError, StorageError};
use super::file_system;
use super::log::{Log, Writer};
use super::producer_snapshot;
use super::segment::LogSegment;
use crate::base::ids::{Millis, Offset};

impl Log {
    /// Moves the log start up to `offset`, which must not lie beyond the high watermark. Whole segments below it go at the
    /// next retention check.
    pub fn delete_records_to(&self, offset: Offset) -> Result<(), DeleteRecordsError> {
        if !self.config.load().cleanup_policy.delete {
            return Err(DeleteRecordsError::Policy);
        }
        let high_watermark = self.high_watermark();
        if offset > high_watermark {
            return Err(DeleteRecordsError::BeyondHighWatermark { offset, high_watermark });
        }
        self.raise_log_start(offset);
        Ok(())
    }

    /// Moves a follower's log start up to its leader's, as far as this log is committed. Whatever the clean-up policy says: the
    /// leader has decided.
    pub fn follow_log_start(&self, leaders: Offset) {
        if leaders > self.log_start_offset() {
            self.raise_log_start(leaders.min(self.high_watermark()));
        }
    }

    fn raise_log_start(&self, offset: Offset) {
        if self.log_start.fetch_max(offset.0, Ordering::AcqRel) < offset.0 {
            self.epochs.truncate_start(offset);
        }
    }

    /// Forgets producers that have been silent for `producer.id.expiration.ms`. `now` is wall time.
    pub fn expire_producers(&self, now: Millis) {
        let span = self.config.load().producer_id_expiration_ms;
        self.writer.lock().producers.expire(now, span);
    }

    /// Adds to `ages` when each producer without an open transaction was last heard.
    pub fn silent_producers(&self, ages: &mut Vec<Millis>) {
        ages.extend(self.writer.lock().producers.silent_since());
    }

    /// Forgets producers that were last heard at that moment or before.
    pub fn forget_producers(&self, until: Millis) {
        self.writer.lock().producers.forget_until(until);
    }

    /// Removes segments that are too old, too many bytes, or below the log start. Returns how many. `now` is wall time.
    pub fn delete_old_segments(&self, now: Millis) -> Result<usize, StorageError> {
        let _structure = self.structure.lock();
        if self.deleted.load(Ordering::Acquire) {
            return Ok(0);
        }
        let mut writer = self.writer.lock();
        let config = self.config.load();
        let segments = self.segments.load_full();
        let (start, high_watermark) = (self.log_start_offset(), self.high_watermark());
        let mut excess = match config.retention_bytes {
            keep if keep >= 0 && config.cleanup_policy.delete => self.size() as i64 - keep,
            _ => 0,
        };
        let too_old = |segment: &LogSegment| {
            config.cleanup_policy.delete && !config.retention_ms.is_none() && {
                // A stamp that lies ahead shall not keep a segment for ever.
                let stamped = segment.max_timestamp().map(|(newest, _)| newest).filter(|newest| *newest <= now);
                let newest = stamped.unwrap_or(segment.created);
                now.since(newest) > config.retention_ms
            }
        };
        let end = self.log_end_offset();
        let next_bases = segments.iter().skip(1).map(|s| s.base_offset).chain([end]);
        let mut count = 0;
        for (segment, next) in segments.iter().zip(next_bases) {
            let over = excess >= segment.size() as i64 && excess > 0;
            // Compaction may leave a segment empty; the active one is only rolled if it holds something.
            let counts = segment.size() > 0 || next < end;
            let goes = next <= high_watermark && counts && (next <= start || over || too_old(segment));
            if !goes {
                break;
            }
            excess -= segment.size() as i64;
            count += 1;
        }
        if count == segments.len() {
            // The active segment goes too: an empty one takes its place.
            self.roll_locked(&mut writer, now)?;
        }
        self.remove_first(&mut writer, count)
    }

    fn remove_first(&self, _writer: &mut Writer, count: usize) -> Result<usize, StorageError> {
        if count == 0 {
            return Ok(0);
        }
        let mut segments = Vec::clone(&self.segments.load());
        let gone: Vec<_> = segments.drain(..count).collect();
        let first = segments[0].base_offset;
        self.raise_log_start(first);
        self.segments.store(Arc::new(segments));
        tracing::info!(partition = %self.name, count, log_start = %self.log_start_offset(), "segments deleted");
        self.remove_later(gone)?;
        for offset in producer_snapshot::list(&self.dir)?.into_iter().filter(|o| *o < first) {
            disk::remove(&producer_snapshot::path(&self.dir, offset))?;
        }
        Ok(count)
    }

    /// Renames the segments' files out of the way and removes them in the background: readers that hold one go on reading.
    pub(super) fn remove_later(&self, gone: Vec<Arc<LogSegment>>) -> Result<(), StorageError> {
        let mut renamed = Vec::new();
        for file in gone.iter().flat_map(|s| s.files()) {
            let deleted = disk::with_suffix(&file, ".deleted");
            match file_system::rename(&file, &deleted) {
                Ok(()) => renamed.push(deleted),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => return Err(StorageError::of("rename", &file)(e)),
            }
        }
        let health = Arc::clone(&self.health);
        // What a reader still holds stays open as long as he needs it.
        drop(gone);
        self.background.run_after(self.config.load().file_delete_delay_ms, move || {
            for file in renamed {
                if let Err(error) = disk::remove(&file) {
                    health.fail(&error);
                }
            }
        });
        Ok(())
    }
}
