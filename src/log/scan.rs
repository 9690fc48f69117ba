//! Walking the heads of batches in a segment file without reading their records.

use std::path::Path;

use super::error::{ReadError, StorageError};
use super::file_records::FileRecords;
use super::read_info::OnCold;
use super::segment::BatchAt;
use crate::record::batch::{BatchHeader, HEADER_BYTES};

/// Bytes read at a time: where batches are small, one read covers many heads.
pub const WINDOW_BYTES: usize = 4096;

/// Walks from a batch boundary to a limit.
pub struct BatchScan<'a> {
    file: &'a FileRecords,
    path: &'a Path,
    position: u64,
    limit: u64,
    on_cold: OnCold,
    window: Vec<u8>,
    window_at: u64,
}

impl<'a> BatchScan<'a> {
    /// Starts at `position`, which must be a batch's start.
    pub fn new(file: &'a FileRecords, path: &'a Path, position: u64, limit: u64) -> Self {
        Self { file, path, position, limit, on_cold: OnCold::Wait, window: Vec::new(), window_at: 0 }
    }

    /// Says what to do about heads that have to be read from the disk first.
    pub fn on_cold(self, on_cold: OnCold) -> Self {
        Self { on_cold, ..self }
    }

    /// The next batch that lies whole before the limit.
    pub fn next_batch(&mut self) -> Result<Option<BatchAt>, ReadError> {
        if self.position + HEADER_BYTES as u64 > self.limit {
            return Ok(None);
        }
        let position = self.position;
        let header = BatchHeader::parse(self.head()?)?;
        header.check_offsets()?;
        if position + header.size() as u64 > self.limit {
            return Ok(None);
        }
        self.position += header.size() as u64;
        Ok(Some(BatchAt { position, header }))
    }

    fn head(&mut self) -> Result<&[u8], ReadError> {
        let end = self.position + HEADER_BYTES as u64;
        let covered = self.position >= self.window_at && end <= self.window_at + self.window.len() as u64;
        if !covered {
            let want = usize::try_from(self.limit - self.position).unwrap_or(WINDOW_BYTES).min(WINDOW_BYTES);
            self.window.resize(want, 0);
            let got = match self.on_cold {
                OnCold::Wait => self.file.read_at(&mut self.window, self.position).map(Some),
                OnCold::Refuse => self.file.read_cached_at(&mut self.window, self.position),
            };
            let got = got.map_err(StorageError::of("read", self.path))?.ok_or(ReadError::Cold)?;
            self.window.truncate(got);
            self.window_at = self.position;
        }
        let from = (self.position - self.window_at) as usize;
        Ok(&self.window[from..self.window.len().min(from + HEADER_BYTES)])
    }
}
