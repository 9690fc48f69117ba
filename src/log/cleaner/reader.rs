//! Reading a segment from front to back, whole batches, through one buffer.

use super::Pace;
use super::error::CleanError;
use crate::log::error::StorageError;
use crate::log::segment::LogSegment;
use crate::record::batch::{BatchHeader, BatchView, HEADER_BYTES};

/// Walks the batches of a sealed segment.
pub(super) struct BatchReader<'a> {
    segment: &'a LogSegment,
    /// Where the buffer's first byte lies in the file.
    buffer_at: u64,
    buffer: Vec<u8>,
    /// The current batch in the buffer.
    current: std::ops::Range<usize>,
    end: u64,
    io_bytes: usize,
}

impl<'a> BatchReader<'a> {
    /// From a batch boundary up to `end`, about `io_bytes` at a time.
    pub(super) fn new(segment: &'a LogSegment, position: u64, end: u64, io_bytes: usize) -> Self {
        Self {
            segment,
            buffer_at: position,
            buffer: Vec::new(),
            current: 0..0,
            end,
            io_bytes: io_bytes.max(HEADER_BYTES),
        }
    }

    /// Goes to the next batch; false at the end. Its checksum is right.
    pub(super) fn advance(&mut self, pace: &mut dyn Pace) -> Result<bool, CleanError> {
        let start = self.current.end;
        let position = self.buffer_at + start as u64;
        self.current = start..start;
        if position == self.end {
            return Ok(false);
        }
        self.want(HEADER_BYTES, pace)?;
        let parsed = BatchHeader::parse(&self.buffer[self.current.start..]).and_then(|h| h.check_offsets().map(|()| h));
        let header = parsed.map_err(|e| self.damaged(e))?;
        self.want(header.size(), pace)?;
        self.current.end = self.current.start + header.size();
        let view = BatchView { header, bytes: &self.buffer[self.current.clone()] };
        view.verify_crc().map_err(|e| self.damaged(e))?;
        Ok(true)
    }

    /// The batch that `advance` went to.
    pub(super) fn batch(&self) -> Result<BatchView<'_>, CleanError> {
        BatchView::parse(&self.buffer[self.current.clone()]).map_err(|e| self.damaged(e))
    }

    /// Where it lies in the file.
    pub(super) fn position(&self) -> u64 {
        self.buffer_at + self.current.start as u64
    }

    /// Says that the current batch is damaged.
    pub(super) fn damaged(&self, reason: impl std::fmt::Display) -> CleanError {
        CleanError::Damaged { path: self.segment.path.clone(), position: self.position(), reason: reason.to_string() }
    }

    /// Has at least `bytes` from the current batch's start on in the buffer.
    fn want(&mut self, bytes: usize, pace: &mut dyn Pace) -> Result<(), CleanError> {
        let held = self.buffer.len() - self.current.start;
        if held >= bytes {
            return Ok(());
        }
        let position = self.position();
        let left = self.end - position;
        if bytes as u64 > left {
            return Err(self.damaged(format!("a batch needs {bytes} bytes, {left} are left")));
        }
        self.buffer.drain(..self.current.start);
        self.buffer_at = position;
        self.current = 0..0;
        let size = bytes.max(self.io_bytes).min(usize::try_from(left).unwrap_or(usize::MAX));
        if !pace.spend(size - held) {
            return Err(CleanError::Aborted);
        }
        // A batch of unusual size shall not keep its memory.
        if size <= self.io_bytes && self.buffer.capacity() > self.io_bytes * 2 {
            self.buffer.shrink_to(self.io_bytes);
        }
        self.buffer.resize(size, 0);
        let read = self.segment.file.read_exact_at(&mut self.buffer[held..], position + held as u64);
        Ok(read.map_err(StorageError::of("read", &self.segment.path))?)
    }
}
