//! Reading: from an offset to a bound, as a slice of a segment file. Takes no writer's lock.

use std::sync::Arc;

use bytes::Bytes;

use super::error::{ReadError, StorageError};
use super::log::{End, Ends, Log, floor};
use super::read_info::{AbortedTxn, OnCold, ReadInfo, ReadUpTo};
use super::segment::{BatchAt, LogSegment};
use crate::base::ids::Offset;
use crate::base::limits::TAIL_CACHE_BYTES_PER_LOG_MAX;
use crate::record::records::{FileSlice, RecordFile, Records};

/// Reads up to this size come up as memory: one small read and one send cost less than a send, a sendfile and its probe.
const SMALL_READ_BYTES: usize = 32 * 1024;

impl Log {
    /// Reads batches from the one that holds `from` on, at most `max_bytes`; with `min_one_batch` the first batch comes whole
    /// even if it is larger. Nothing at the bound is an empty answer, beyond the log end an error. Waits for the disk.
    pub fn read(
        &self,
        from: Offset,
        max_bytes: usize,
        up_to: ReadUpTo,
        min_one_batch: bool,
    ) -> Result<ReadInfo, ReadError> {
        self.read_or(from, max_bytes, up_to, min_one_batch, OnCold::Wait)
    }

    /// The same; refused if the disk would have to be waited for and `on_cold` says so. A slice of a file is given either way:
    /// whoever sends it sees to it that its bytes are at hand.
    pub fn read_or(
        &self,
        from: Offset,
        max_bytes: usize,
        up_to: ReadUpTo,
        min_one_batch: bool,
        on_cold: OnCold,
    ) -> Result<ReadInfo, ReadError> {
        let segments = self.segments.load_full();
        let ends = *self.ends.read();
        let start = self.log_start_offset();
        let log_end_offset = ends.log_end.offset;
        if from < start || from > log_end_offset {
            return Err(ReadError::OutOfRange { offset: from, start, end: log_end_offset });
        }
        let mut info = ReadInfo {
            records: Records::EMPTY,
            high_watermark: ends.high_watermark.offset,
            last_stable_offset: ends.last_stable(),
            log_start_offset: start,
            log_end_offset,
            aborted: Vec::new(),
        };
        let Some(bound) = self.bound(&segments, &ends, up_to, on_cold)? else { return Ok(info) };
        if from >= bound.offset || (max_bytes == 0 && !min_one_batch) {
            return Ok(info);
        }
        let Some(mut at) = floor(&segments, from).map(|s| segments.partition_point(|x| x.base_offset < s.base_offset))
        else {
            return Ok(info);
        };
        if let Some(hit) = self.tail.read(from, bound.offset, max_bytes, min_one_batch) {
            info.records = hit.records;
            if up_to == ReadUpTo::LastStable {
                info.aborted = aborted(&segments[at..], from, hit.next.min(bound.offset));
            }
            return Ok(info);
        }
        while let Some(segment) = segments.get(at).filter(|s| s.base_offset <= bound.segment) {
            let limit = if segment.base_offset == bound.segment { bound.position } else { segment.size() };
            if let Some(found) = self.find(segment, from, limit, on_cold)? {
                let whole = if min_one_batch { found.header.size() } else { 0 };
                let length = usize::try_from(limit - found.position).unwrap_or(usize::MAX).min(max_bytes.max(whole));
                info.records = slice(segment, found.position, length, on_cold)?;
                if segment.base_offset == bound.segment && limit - found.position <= TAIL_CACHE_BYTES_PER_LOG_MAX as u64
                {
                    self.tail.want();
                }
                if up_to == ReadUpTo::LastStable {
                    let last =
                        segment.offset_bound(found.position + length as u64, next_base(&segments, at, log_end_offset));
                    info.aborted = aborted(&segments[at..], from, last.min(bound.offset));
                }
                return Ok(info);
            }
            at += 1;
        }
        Ok(info)
    }

    fn bound(
        &self,
        segments: &[Arc<LogSegment>],
        ends: &Ends,
        up_to: ReadUpTo,
        on_cold: OnCold,
    ) -> Result<Option<End>, ReadError> {
        match up_to {
            ReadUpTo::LogEnd => Ok(Some(ends.log_end)),
            ReadUpTo::HighWatermark => Ok(Some(ends.high_watermark)),
            ReadUpTo::LastStable if ends.last_stable() == ends.high_watermark.offset => Ok(Some(ends.high_watermark)),
            ReadUpTo::LastStable => self.locate_or(segments, ends.last_stable(), on_cold),
        }
    }

    /// Finds a batch by the index; an index that leads astray is not believed, and the segment is scanned.
    pub(super) fn find(
        &self,
        segment: &LogSegment,
        offset: Offset,
        limit: u64,
        on_cold: OnCold,
    ) -> Result<Option<BatchAt>, ReadError> {
        let found = segment.find(offset, limit, on_cold);
        if matches!(found, Err(ReadError::Cold)) {
            return found;
        }
        let hinted = u64::from(segment.offsets.lookup(offset));
        match found {
            Ok(Some(at)) if at.header.base_offset <= offset || at.position > hinted || hinted == 0 => Ok(Some(at)),
            Ok(None) if hinted < limit => Ok(None),
            // The segment was taken away since the list of segments was read.
            Err(ReadError::Storage(error)) if self.is_gone(segment, &error) => {
                Err(ReadError::OutOfRange { offset, start: self.log_start_offset(), end: self.log_end_offset() })
            }
            Err(ReadError::Storage(error)) => {
                self.health.fail(&error);
                Err(error.into())
            }
            Err(error) if hinted == 0 => Err(error),
            _ => {
                tracing::warn!(segment = %segment.path.display(), %offset, "the offset index leads astray; the segment is scanned");
                segment.find_from(0, offset, limit, on_cold)
            }
        }
    }

    /// A batch's bytes.
    pub(super) fn batch_bytes(&self, segment: &LogSegment, at: &BatchAt) -> Result<Bytes, ReadError> {
        let mut bytes = vec![0; at.header.size()];
        segment
            .file
            .read_exact_at(&mut bytes, at.position)
            .map_err(StorageError::of("read", &segment.path))
            .inspect_err(|e| {
                if !self.is_gone(segment, e) {
                    self.health.fail(e);
                }
            })?;
        Ok(bytes.into())
    }
}

fn next_base(segments: &[Arc<LogSegment>], at: usize, log_end: Offset) -> Offset {
    segments.get(at + 1).map_or(log_end, |s| s.base_offset)
}

fn slice(segment: &LogSegment, position: u64, length: usize, on_cold: OnCold) -> Result<Records, ReadError> {
    if length <= SMALL_READ_BYTES {
        let mut bytes = vec![0; length];
        let read = match on_cold {
            OnCold::Wait => segment.file.read_exact_at(&mut bytes, position).map(|()| Some(length)),
            OnCold::Refuse => segment.file.read_cached_at(&mut bytes, position),
        };
        return match read.map_err(StorageError::of("read", &segment.path))? {
            Some(read) if read == length => Ok(Records::Memory(bytes.into())),
            // Whoever waits for the disk will be told what is wrong with a file that ends too soon.
            Some(_) | None => Err(ReadError::Cold),
        };
    }
    let file: Arc<dyn RecordFile> = segment.file.opened().map_err(StorageError::of("open", &segment.path))?;
    Ok(Records::File(FileSlice { file, position, len: length }))
}

fn aborted(segments: &[Arc<LogSegment>], from: Offset, to: Offset) -> Vec<AbortedTxn> {
    let mut entries = Vec::new();
    for segment in segments {
        if segment.transactions.overlapping(from, to, &mut entries) {
            break;
        }
    }
    entries.iter().map(|e| AbortedTxn { producer_id: e.producer_id, first_offset: e.first_offset }).collect()
}
