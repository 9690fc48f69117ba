//! One segment: a `.log` file and its indexes, all named by the segment's base offset.
//!
//! The active segment is appended to by one writer at a time (the log's lock); readers never wait for it. What a reader may
//! see is bounded by the log's published ends, not by the file's length.

use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use super::error::{ReadError, StorageError};
use super::file_records::FileRecords;
use super::file_system;
use super::index::offset_index::{self, OffsetIndex};
use super::index::time_index::TimeIndex;
use super::index::transaction_index::TransactionIndex;
use super::read_info::OnCold;
use super::scan::BatchScan;
use crate::base::ids::{Millis, Offset};
use crate::record::batch::BatchHeader;

/// A batch's place in a segment.
#[derive(Debug, Clone, Copy)]
pub struct BatchAt {
    /// Where it starts (bytes).
    pub position: u64,
    /// Its head.
    pub header: BatchHeader,
}

/// One segment.
pub struct LogSegment {
    /// The offset by which it is named; no record in it has a lower one.
    pub base_offset: Offset,
    /// The `.log` file's path.
    pub path: PathBuf,
    /// The `.log` file.
    pub file: Arc<FileRecords>,
    /// `.index`
    pub offsets: OffsetIndex,
    /// `.timeindex`
    pub times: TimeIndex,
    /// `.txnindex`
    pub transactions: TransactionIndex,
    /// Bytes written whole.
    size: AtomicU64,
    /// The greatest timestamp, or -1.
    max_timestamp: AtomicI64,
    /// The last offset of the batch that has it.
    max_timestamp_offset: AtomicI64,
    /// The first batch's greatest timestamp, or -1: the age of the segment counts from it.
    first_timestamp: AtomicI64,
    /// When the segment was begun (wall clock): stands in where batches carry no timestamp.
    pub created: Millis,
    unindexed: AtomicU64,
}

/// A segment's file with the given ending, such as `log`.
pub fn file_path(dir: &Path, base: Offset, ending: &str) -> PathBuf {
    dir.join(format!("{:020}.{ending}", base.0))
}

impl LogSegment {
    /// Begins an empty segment, removing what an earlier one of that name left.
    pub fn create(dir: &Path, base: Offset, now: Millis) -> Result<Self, StorageError> {
        Self::create_at(base, |ending| file_path(dir, base, ending), now)
    }

    /// Begins an empty segment whose files bear `suffix` behind their names: what compaction writes.
    pub fn create_beside(dir: &Path, base: Offset, suffix: &str, now: Millis) -> Result<Self, StorageError> {
        let path = |ending: &str| super::disk::with_suffix(&file_path(dir, base, ending), suffix);
        super::disk::remove(&path("log"))?;
        Self::create_at(base, path, now)
    }

    fn create_at(base: Offset, named: impl Fn(&str) -> PathBuf, now: Millis) -> Result<Self, StorageError> {
        let path = named("log");
        for ending in ["index", "timeindex", "txnindex"] {
            super::disk::remove(&named(ending))?;
        }
        let file = FileRecords::create(&path).map_err(StorageError::of("create", &path))?;
        Ok(Self {
            base_offset: base,
            file: Arc::new(file),
            offsets: OffsetIndex::growing(named("index"), base),
            times: TimeIndex::growing(named("timeindex"), base),
            transactions: TransactionIndex::empty(named("txnindex")),
            size: AtomicU64::new(0),
            max_timestamp: AtomicI64::new(-1),
            max_timestamp_offset: AtomicI64::new(-1),
            first_timestamp: AtomicI64::new(-1),
            created: now,
            unindexed: AtomicU64::new(0),
            path,
        })
    }

    /// Opens a segment whose indexes are on disk and trusted. `size` is the file's length.
    pub fn open(dir: &Path, base: Offset, transactions: TransactionIndex, now: Millis) -> Result<Self, StorageError> {
        let path = file_path(dir, base, "log");
        let file = FileRecords::on_disk(&path);
        let meta = file_system::metadata(&path).map_err(StorageError::of("measure", &path))?;
        let size = meta.length;
        let created = meta.modified.and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok());
        let (index, timeindex) = (file_path(dir, base, "index"), file_path(dir, base, "timeindex"));
        // Nothing was ever indexed in a segment that holds nothing: there may be no files to read.
        let (offsets, times) = match size {
            0 => (OffsetIndex::growing(index, base), TimeIndex::growing(timeindex, base)),
            _ => (OffsetIndex::on_disk(index, base), TimeIndex::on_disk(timeindex, base)),
        };
        let segment = Self {
            base_offset: base,
            file: Arc::new(file),
            offsets,
            times,
            transactions,
            size: AtomicU64::new(size),
            max_timestamp: AtomicI64::new(-1),
            max_timestamp_offset: AtomicI64::new(-1),
            first_timestamp: AtomicI64::new(-1),
            created: created.map_or(now, |d| Millis(d.as_millis() as i64)),
            unindexed: AtomicU64::new(0),
            path,
        };
        if let Some((timestamp, offset)) = segment.times.last() {
            segment.note_timestamp(timestamp, offset);
        }
        Ok(segment)
    }

    /// Bytes written.
    pub fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    /// The greatest timestamp and the last offset of its batch, if any record has one.
    pub fn max_timestamp(&self) -> Option<(Millis, Offset)> {
        let timestamp = self.max_timestamp.load(Ordering::Acquire);
        (timestamp >= 0).then(|| (Millis(timestamp), Offset(self.max_timestamp_offset.load(Ordering::Acquire))))
    }

    /// The moment from which the segment's age counts.
    pub fn age_from(&self) -> Millis {
        let first = self.first_timestamp.load(Ordering::Acquire);
        if first >= 0 { Millis(first) } else { self.created }
    }

    /// Writes whole batches at the end: `slices` are their bytes, `batches` their heads in order with their sizes.
    /// On error the file is cut back to where it was; if even that fails the error says so by its `what`.
    pub fn append(
        &self,
        slices: &mut [IoSlice<'_>],
        batches: &[BatchHeader],
        index_interval_bytes: usize,
    ) -> Result<(), StorageError> {
        let start = self.size();
        if let Err(error) = self.file.write_all_at(slices, start) {
            self.file.truncate(start).map_err(StorageError::of("undo a failed append to", &self.path))?;
            return Err(StorageError::of("append to", &self.path)(error));
        }
        let mut position = start;
        for batch in batches {
            self.note_batch(batch, position, index_interval_bytes);
            position += batch.size() as u64;
        }
        self.size.store(position, Ordering::Release);
        Ok(())
    }

    /// Enters a batch that lies at `position` into the indexes and timestamps. Used by appends and by recovery.
    pub fn note_batch(&self, batch: &BatchHeader, position: u64, index_interval_bytes: usize) {
        if self.first_timestamp.load(Ordering::Relaxed) < 0 {
            self.first_timestamp.store(batch.max_timestamp.0, Ordering::Release);
        }
        if batch.max_timestamp.0 > self.max_timestamp.load(Ordering::Relaxed) {
            self.max_timestamp_offset.store(batch.last_offset().0, Ordering::Release);
            self.max_timestamp.store(batch.max_timestamp.0, Ordering::Release);
        }
        if self.unindexed.load(Ordering::Relaxed) > index_interval_bytes as u64 {
            self.offsets.push(batch.last_offset(), position as u32);
            if let Some((timestamp, offset)) = self.max_timestamp() {
                self.times.maybe_push(timestamp, offset);
            }
            self.unindexed.store(0, Ordering::Relaxed);
        }
        self.unindexed.fetch_add(batch.size() as u64, Ordering::Relaxed);
    }

    fn note_timestamp(&self, timestamp: Millis, offset: Offset) {
        self.max_timestamp_offset.store(offset.0, Ordering::Release);
        self.max_timestamp.store(timestamp.0, Ordering::Release);
    }

    /// The first batch whose last offset is at or behind `offset`, among the first `limit` bytes.
    pub fn find(&self, offset: Offset, limit: u64, on_cold: OnCold) -> Result<Option<BatchAt>, ReadError> {
        if on_cold == OnCold::Refuse && !self.offsets.is_at_hand() {
            return Err(ReadError::Cold);
        }
        self.find_from(u64::from(self.offsets.lookup(offset)), offset, limit, on_cold)
    }

    /// The same, scanning from a batch boundary instead of asking the index.
    pub fn find_from(
        &self,
        position: u64,
        offset: Offset,
        limit: u64,
        on_cold: OnCold,
    ) -> Result<Option<BatchAt>, ReadError> {
        let mut scan = BatchScan::new(&self.file, &self.path, position, limit).on_cold(on_cold);
        while let Some(at) = scan.next_batch()? {
            if at.header.last_offset() >= offset {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// An offset that no record in the first `position` bytes reaches; `end` if the index cannot tell.
    pub fn offset_bound(&self, position: u64, end: Offset) -> Offset {
        self.offsets.offset_at_or_after(position).unwrap_or(end)
    }

    /// True if the next batches, ending at `last`, do not fit what this segment's formats can say.
    pub fn is_full_for(&self, last: Offset, bytes: usize, index_bytes_max: usize) -> bool {
        last.since(self.base_offset) > i64::from(i32::MAX)
            || self.size() + bytes as u64 > i32::MAX as u64
            || self.offsets.size() + offset_index::ENTRY_BYTES > index_bytes_max
    }

    /// Ends the segment: its last timestamp is indexed, its indexes are written and mapped from now on.
    pub fn seal(&self) -> Result<(), StorageError> {
        if let Some((timestamp, offset)) = self.max_timestamp() {
            self.times.maybe_push(timestamp, offset);
        }
        self.offsets.seal()?;
        self.times.seal()
    }

    /// Forces log and indexes to the disk.
    pub fn sync(&self) -> Result<(), StorageError> {
        self.file.sync().map_err(StorageError::of("sync", &self.path))?;
        self.transactions.sync()
    }

    /// Writes the indexes as they are, the last timestamp included: at a clean close.
    pub fn write_indexes(&self) -> Result<(), StorageError> {
        if let Some((timestamp, offset)) = self.max_timestamp() {
            self.times.maybe_push(timestamp, offset);
        }
        self.offsets.write()?;
        self.times.write()
    }

    /// Holds the file open: the segment is appended to from now on.
    pub fn hold(&self) -> Result<(), StorageError> {
        self.file.hold().map_err(StorageError::of("open", &self.path))
    }

    /// The first batch's greatest timestamp, or -1; from the file where it is not known yet.
    pub fn first_batch_timestamp(&self) -> Result<Millis, ReadError> {
        let known = self.first_timestamp.load(Ordering::Acquire);
        if known >= 0 || self.size() == 0 {
            return Ok(Millis(known));
        }
        let first = BatchScan::new(&self.file, &self.path, 0, self.size()).next_batch()?;
        let timestamp = first.map_or(Millis::NONE, |at| at.header.max_timestamp);
        self.first_timestamp.store(timestamp.0, Ordering::Release);
        Ok(timestamp)
    }

    /// Keeps what readers of this segment need while other files take its names.
    pub fn pin(&self) -> Result<(), StorageError> {
        self.file.pin().map_err(StorageError::of("open", &self.path))?;
        // Asking for the sizes maps the files.
        let _mapped = (self.offsets.size(), self.times.size());
        Ok(())
    }

    /// Cuts the segment off at a batch boundary.
    pub fn truncate(&self, position: u64, offset: Offset) -> Result<(), StorageError> {
        self.hold()?;
        self.file.truncate(position).map_err(StorageError::of("truncate", &self.path))?;
        self.size.store(position, Ordering::Release);
        self.offsets.truncate_to(offset);
        self.times.truncate_to(offset);
        self.transactions.truncate_to(offset)?;
        match self.times.last() {
            Some((timestamp, offset)) => self.note_timestamp(timestamp, offset),
            None => self.note_timestamp(Millis::NONE, Offset::NONE),
        }
        if position == 0 {
            self.first_timestamp.store(-1, Ordering::Release);
        }
        Ok(())
    }

    /// Sets what recovery found: whole batches up to `size`.
    pub fn set_size(&self, size: u64) {
        self.size.store(size, Ordering::Release);
    }

    /// Every file that belongs to the segment.
    pub fn files(&self) -> [PathBuf; 4] {
        ["log", "index", "timeindex", "txnindex"].map(|ending| self.path.with_extension(ending))
    }
}
