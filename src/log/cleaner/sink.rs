//! Where the kept batches go: a segment beside the log's own, written as it grows, whole and synced before anybody may see it.
//!
//! A single segment that loses nothing is not written at all: as long as everything of it stays, only that is noted, and the
//! part is copied once something is left out.

use std::io::IoSlice;
use std::path::PathBuf;
use std::sync::Arc;

use super::Pace;
use super::error::CleanError;
use super::reader::BatchReader;
use crate::base::ids::{Millis, Offset};
use crate::log::disk;
use crate::log::error::StorageError;
use crate::log::file_system::{self, Access, File};
use crate::log::index::transaction_index::AbortedEntry;
use crate::log::segment::{LogSegment, file_path};
use crate::record::batch::BatchHeader;

/// The ending of files that are being written.
pub(super) const CLEANED: &str = ".cleaned";

/// What a sink needs to know.
pub(super) struct Target {
    pub dir: PathBuf,
    pub base: Offset,
    pub index_interval_bytes: usize,
    pub io_bytes: usize,
    pub now: Millis,
}

enum Out {
    /// Everything of this segment has stayed so far, up to this position.
    Unchanged(Arc<LogSegment>, u64, Vec<AbortedEntry>),
    /// Something is left out.
    Written(Box<LogSegment>),
}

/// A copy in the making.
pub(super) struct Sink {
    target: Target,
    out: Out,
    buffer: Vec<u8>,
    heads: Vec<BatchHeader>,
    /// Bytes kept.
    pub kept: u64,
}

impl Sink {
    /// Begins the copy of `group`.
    pub(super) fn new(target: Target, group: &[Arc<LogSegment>]) -> Result<Self, CleanError> {
        let out = match group {
            [only] => Out::Unchanged(Arc::clone(only), 0, Vec::new()),
            _ => Out::Written(Box::new(begin(&target)?)),
        };
        Ok(Self { target, out, buffer: Vec::new(), heads: Vec::new(), kept: 0 })
    }

    /// Takes a batch as it is. `position` is where it ends in its segment.
    pub(super) fn keep(
        &mut self,
        head: &BatchHeader,
        bytes: &[u8],
        position: u64,
        pace: &mut dyn Pace,
    ) -> Result<(), CleanError> {
        self.kept += bytes.len() as u64;
        match &mut self.out {
            Out::Unchanged(_, until, _) => {
                *until = position;
                Ok(())
            }
            Out::Written(_) => self.push(head, bytes, pace),
        }
    }

    /// Takes a batch that was written anew.
    pub(super) fn replace(&mut self, head: &BatchHeader, bytes: &[u8], pace: &mut dyn Pace) -> Result<(), CleanError> {
        self.begin_writing(pace)?;
        self.kept += bytes.len() as u64;
        self.push(head, bytes, pace)
    }

    /// Leaves a batch out.
    pub(super) fn leave_out(&mut self, pace: &mut dyn Pace) -> Result<(), CleanError> {
        self.begin_writing(pace)
    }

    /// Enters an aborted transaction of which something is left.
    pub(super) fn aborted(&mut self, entry: AbortedEntry) -> Result<(), CleanError> {
        match &mut self.out {
            Out::Unchanged(_, _, entries) => entries.push(entry),
            Out::Written(segment) => segment.transactions.push(entry)?,
        }
        Ok(())
    }

    /// Copies what stayed so far, now that something does not.
    fn begin_writing(&mut self, pace: &mut dyn Pace) -> Result<(), CleanError> {
        let Out::Unchanged(source, until, entries) = &mut self.out else { return Ok(()) };
        let (source, until, entries) = (Arc::clone(source), *until, std::mem::take(entries));
        let segment = begin(&self.target)?;
        for entry in entries {
            segment.transactions.push(entry)?;
        }
        self.out = Out::Written(Box::new(segment));
        let mut reader = BatchReader::new(&source, 0, until, self.target.io_bytes);
        while reader.advance(pace)? {
            let batch = reader.batch()?;
            self.push(&batch.header, batch.bytes, pace)?;
        }
        Ok(())
    }

    fn push(&mut self, head: &BatchHeader, bytes: &[u8], pace: &mut dyn Pace) -> Result<(), CleanError> {
        self.buffer.extend_from_slice(bytes);
        self.heads.push(*head);
        if self.buffer.len() >= self.target.io_bytes { self.write(pace) } else { Ok(()) }
    }

    fn write(&mut self, pace: &mut dyn Pace) -> Result<(), CleanError> {
        let Out::Written(segment) = &self.out else { return Ok(()) };
        if self.buffer.is_empty() {
            return Ok(());
        }
        if segment.size() + self.buffer.len() as u64 > i32::MAX as u64 {
            return Err(CleanError::TooLarge(segment.path.clone()));
        }
        segment.append(&mut [IoSlice::new(&self.buffer)], &self.heads, self.target.index_interval_bytes)?;
        if !pace.spend(self.buffer.len()) {
            return Err(CleanError::Aborted);
        }
        self.buffer.clear();
        self.heads.clear();
        Ok(())
    }

    /// Writes what is left, and everything to the disk. The copy bears the time of `newest`, the last of the segments that it
    /// stands for. `None`: nothing was left out, there is nothing to swap.
    pub(super) fn finish(mut self, newest: &LogSegment, pace: &mut dyn Pace) -> Result<Option<LogSegment>, CleanError> {
        self.write(pace)?;
        let Out::Written(segment) = self.out else { return Ok(None) };
        segment.seal()?;
        let stamp = || -> std::io::Result<()> {
            let modified = file_system::metadata(&newest.path)?.modified;
            let file = File::open(&segment.path, Access::ReadWrite)?;
            modified.map_or(Ok(()), |modified| file.set_modified(modified))
        };
        stamp().map_err(StorageError::of("set the time of", &segment.path))?;
        segment.sync()?;
        Ok(Some(*segment))
    }
}

fn begin(target: &Target) -> Result<LogSegment, StorageError> {
    LogSegment::create_beside(&target.dir, target.base, CLEANED, target.now)
}

/// Removes what a pass that was called off has left of its copy.
pub(super) fn discard(dir: &std::path::Path, base: Offset) -> Result<(), StorageError> {
    for ending in ["log", "index", "timeindex", "txnindex"] {
        disk::remove(&disk::with_suffix(&file_path(dir, base, ending), CLEANED))?;
    }
    Ok(())
}
