//! `.txnindex`: the transactions that were aborted in a segment. Written only where there are any.
//!
//! ```text
//!  0             2               10                 18                26                      34
//!  | version i16 | producer i64  | first offset i64 | last offset i64 | last stable offset i64 |
//! ```

use std::path::PathBuf;

use parking_lot::RwLock;

use crate::base::codec::{Reader, Writer};
use crate::base::ids::{Offset, ProducerId};
use crate::log::error::StorageError;
use crate::log::file_system::{self, Access, File};

/// Bytes of an entry.
pub const ENTRY_BYTES: usize = 34;

/// A transaction that was aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbortedEntry {
    /// Whose.
    pub producer_id: ProducerId,
    /// Its first record.
    pub first_offset: Offset,
    /// Its abort marker.
    pub last_offset: Offset,
    /// The last stable offset once it was aborted.
    pub last_stable_offset: Offset,
}

/// The transaction index of one segment.
pub struct TransactionIndex {
    path: PathBuf,
    entries: RwLock<Vec<AbortedEntry>>,
}

impl TransactionIndex {
    /// An index with nothing in it and no file.
    pub fn empty(path: PathBuf) -> Self {
        Self { path, entries: RwLock::default() }
    }

    /// Reads the file, if there is one. `None`: it is damaged and must be rebuilt.
    pub fn load(path: PathBuf) -> Option<Self> {
        let bytes = match file_system::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Some(Self::empty(path)),
            Err(_) => return None,
        };
        let mut entries = Vec::with_capacity(bytes.len() / ENTRY_BYTES);
        let mut r = Reader::new(&bytes);
        while r.remaining() > 0 {
            let version = r.i16().ok()?;
            let entry = AbortedEntry {
                producer_id: ProducerId(r.i64().ok()?),
                first_offset: Offset(r.i64().ok()?),
                last_offset: Offset(r.i64().ok()?),
                last_stable_offset: Offset(r.i64().ok()?),
            };
            let follows = entries.last().is_none_or(|last: &AbortedEntry| last.last_offset < entry.last_offset);
            if version != 0 || !follows || entry.first_offset > entry.last_offset {
                return None;
            }
            entries.push(entry);
        }
        Some(Self { path, entries: RwLock::new(entries) })
    }

    /// Adds an aborted transaction and appends it to the file.
    pub fn push(&self, entry: AbortedEntry) -> Result<(), StorageError> {
        let mut w = Writer::with_capacity(ENTRY_BYTES);
        w.i16(0);
        w.i64(entry.producer_id.0);
        w.i64(entry.first_offset.0);
        w.i64(entry.last_offset.0);
        w.i64(entry.last_stable_offset.0);
        let mut entries = self.entries.write();
        let append = || File::open(&self.path, Access::Append)?.write_all(w.as_slice());
        append().map_err(StorageError::of("append to the transaction index", &self.path))?;
        entries.push(entry);
        Ok(())
    }

    /// The aborted transactions that overlap `from` (inclusive) to `to` (exclusive). The flag is true if no later
    /// segment can add one that does.
    pub fn overlapping(&self, from: Offset, to: Offset, out: &mut Vec<AbortedEntry>) -> bool {
        for entry in self.entries.read().iter() {
            if entry.last_offset >= from && entry.first_offset < to {
                out.push(*entry);
            }
            if entry.last_stable_offset >= to {
                return true;
            }
        }
        false
    }

    /// Drops transactions whose marker lies at `offset` or behind.
    pub fn truncate_to(&self, offset: Offset) -> Result<(), StorageError> {
        let mut entries = self.entries.write();
        let keep = entries.partition_point(|e| e.last_offset < offset);
        if keep == entries.len() {
            return Ok(());
        }
        entries.truncate(keep);
        let shorten = || File::open(&self.path, Access::ReadWrite)?.set_length((keep * ENTRY_BYTES) as u64);
        shorten().map_err(StorageError::of("truncate the transaction index", &self.path))
    }

    /// Forces the file to the disk, if there is one.
    pub fn sync(&self) -> Result<(), StorageError> {
        if self.entries.read().is_empty() {
            return Ok(());
        }
        let sync = || File::open(&self.path, Access::Read)?.sync_data();
        sync().map_err(StorageError::of("sync the transaction index", &self.path))
    }
}
