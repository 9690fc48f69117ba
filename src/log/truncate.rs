//! Cutting the end off: what a follower does when its leader's log departs from its own.
//!
//! ```text
//!   segments   [0 ..... 99][100 ..... 199][200 .. 230]          log end 231
//!   truncate_to(150): segment 200 goes, segment 100 is cut before the batch that holds 150, log end 150
//! ```

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::disk;
use super::error::{OpenError, StorageError};
use super::log::{End, Log, first_unstable};
use super::producer_snapshot;
use super::read_info::OnCold;
use super::recovery;
use super::segment::LogSegment;
use crate::base::ids::{Millis, Offset};

impl Log {
    /// Removes every record at `offset` or behind. The log ends at `offset` afterwards, if it did not end before.
    pub fn truncate_to(&self, offset: Offset, now: Millis) -> Result<(), OpenError> {
        if offset >= self.log_end_offset() {
            return self.forget_empty_epochs();
        }
        if offset < self.segments.load()[0].base_offset {
            return self.truncate_fully_and_start_at(offset, now);
        }
        self.generation.fetch_add(1, Ordering::AcqRel);
        let _structure = self.structure.lock();
        self.cleaned_at_most(offset)?;
        let _no_flush = self.flushing.lock();
        let mut writer = self.writer.lock();
        self.changed.store(true, Ordering::Release);
        self.tail.clear();
        let mut segments = Vec::clone(&self.segments.load());
        let keep = segments.partition_point(|s| s.base_offset <= offset).max(1);
        let mut gone = segments.split_off(keep);
        // From the end: a crash in between leaves no gap.
        gone.reverse();
        let last = Arc::clone(&segments[keep - 1]);
        let position = match last.find_from(0, offset, last.size(), OnCold::Wait) {
            Ok(Some(at)) => at.position,
            Ok(None) => last.size(),
            Err(e) => return Err(OpenError::BadFile { path: last.path.clone(), reason: e.to_string() }),
        };
        let end = End { offset, segment: last.base_offset, position };
        {
            // Readers stop before the cut first; then the bytes go.
            let mut ends = self.ends.write();
            ends.log_end = end;
            if ends.high_watermark.offset > offset {
                ends.high_watermark = end;
            }
        }
        self.recovery_point.fetch_min(offset.0, Ordering::AcqRel);
        self.segments.store(Arc::new(segments.clone()));
        self.remove_later(gone)?;
        last.truncate(position, offset).inspect_err(|e| self.health.fail(e))?;
        // What was cut off must not come back, by a power cut, among what is appended next.
        let synced = last.sync().and_then(|()| disk::sync_dir(&self.dir));
        synced.inspect_err(|e| self.health.fail_for_good(e))?;
        self.epochs.truncate_end(offset);
        self.epochs.write()?;
        self.drop_snapshots_behind(offset)?;
        let rebuilt = recovery::rebuild_producers(&self.dir, &segments, offset, now)?;
        (writer.producers, writer.undecided) = (rebuilt.producers, rebuilt.undecided);
        self.ends.write().first_unstable = first_unstable(&writer);
        Ok(())
    }

    /// Forgets epochs that begin at the log's end: this replica led in them, appended nothing, and another leader's log may
    /// not know them. (Kafka cuts the epochs even where it cuts no record, for the same reason.)
    fn forget_empty_epochs(&self) -> Result<(), OpenError> {
        let _writer = self.writer.lock();
        if self.epochs.truncate_end(self.log_end_offset()) {
            self.epochs.write()?;
        }
        Ok(())
    }

    /// Empties the log and lets it start at `offset`.
    pub fn truncate_fully_and_start_at(&self, offset: Offset, now: Millis) -> Result<(), OpenError> {
        self.generation.fetch_add(1, Ordering::AcqRel);
        let _structure = self.structure.lock();
        self.cleaned_at_most(Offset(0))?;
        let _no_flush = self.flushing.lock();
        let mut writer = self.writer.lock();
        self.changed.store(true, Ordering::Release);
        self.tail.clear();
        let mut gone = Vec::clone(&self.segments.load());
        gone.reverse();
        let end = End { offset, segment: offset, position: 0 };
        {
            let mut ends = self.ends.write();
            (ends.log_end, ends.high_watermark, ends.first_unstable) = (end, end, None);
        }
        self.remove_later(gone)?;
        self.drop_snapshots_behind(Offset(-1))?;
        let first = LogSegment::create(&self.dir, offset, now)?;
        disk::sync_dir(&self.dir).inspect_err(|e| self.health.fail_for_good(e))?;
        self.segments.store(Arc::new(vec![Arc::new(first)]));
        self.log_start.store(offset.0, Ordering::Release);
        self.recovery_point.store(offset.0, Ordering::Release);
        self.epochs.clear();
        self.epochs.write()?;
        writer.producers = Default::default();
        writer.undecided.clear();
        Ok(())
    }

    /// What compaction has seen behind `offset` is cut off: on disk before anything new can take its place.
    fn cleaned_at_most(&self, offset: Offset) -> Result<(), StorageError> {
        self.cleaned.get().map_or(Ok(()), |cleaned| cleaned.truncate(&self.name, offset))
    }

    fn drop_snapshots_behind(&self, offset: Offset) -> Result<(), StorageError> {
        for behind in producer_snapshot::list(&self.dir)?.into_iter().filter(|o| *o > offset) {
            disk::remove(&producer_snapshot::path(&self.dir, behind))?;
        }
        Ok(())
    }
}
