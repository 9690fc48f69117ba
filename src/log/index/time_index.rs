//! `.timeindex`: the greatest timestamp seen up to an offset.
//!
//! ```text
//!  0               8                       12
//!  | timestamp i64 | offset less base u32  |    ascending in both
//! ```

use std::path::PathBuf;

use super::entries::Entries;
use crate::base::ids::{Millis, Offset};
use crate::log::error::StorageError;

/// Bytes of an entry.
pub const ENTRY_BYTES: usize = 12;

/// The time index of one segment.
pub struct TimeIndex {
    base: Offset,
    entries: Entries<ENTRY_BYTES>,
}

impl TimeIndex {
    /// An empty index that grows with its segment.
    pub fn growing(path: PathBuf, base: Offset) -> Self {
        Self { base, entries: Entries::growing(path) }
    }
    /// A sealed segment's index.
    pub fn on_disk(path: PathBuf, base: Offset) -> Self {
        Self { base, entries: Entries::on_disk(path) }
    }

    /// Adds an entry if it brings a greater timestamp at a greater offset than the last one.
    pub fn maybe_push(&self, timestamp: Millis, offset: Offset) {
        let relative = offset.since(self.base) as u32;
        let brings_more = self
            .entries
            .with(|entries| entries.last().is_none_or(|last| timestamp > time(last) && relative > place(last)));
        if timestamp.is_none() || !brings_more {
            return;
        }
        let mut entry = [0; ENTRY_BYTES];
        entry[..8].copy_from_slice(&timestamp.0.to_be_bytes());
        entry[8..].copy_from_slice(&relative.to_be_bytes());
        self.entries.push(entry);
    }

    /// The last entry with a timestamp before `timestamp`: every record up to its offset is older than `timestamp`.
    pub fn lookup_before(&self, timestamp: Millis) -> Option<Offset> {
        self.entries.with(|entries| {
            let at = entries.partition_point(|e| time(e) < timestamp);
            at.checked_sub(1).map(|i| self.base.plus(i64::from(place(&entries[i]))))
        })
    }

    /// The last entry: the greatest timestamp, and an offset at or behind the record that has it.
    pub fn last(&self) -> Option<(Millis, Offset)> {
        self.entries.with(|entries| entries.last().map(|e| (time(e), self.base.plus(i64::from(place(e))))))
    }

    /// Drops entries for offsets from `offset` on.
    pub fn truncate_to(&self, offset: Offset) {
        let relative = offset.since(self.base);
        let keep = self.entries.with(|entries| entries.partition_point(|e| i64::from(place(e)) < relative));
        self.entries.truncate(keep);
    }

    /// True if the entries ascend in both columns.
    pub fn is_sane(&self) -> bool {
        self.entries.with(|entries| entries.is_sorted_by(|a, b| time(a) < time(b) && place(a) < place(b)))
    }

    /// True if there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
    /// Takes a sealed index into memory, to grow on.
    pub fn reopen(&self) {
        self.entries.reopen();
    }
    /// Bytes that its file has or would have.
    pub fn size(&self) -> usize {
        self.entries.len() * ENTRY_BYTES
    }
    /// Writes it to its file, to be mapped from there.
    pub fn seal(&self) -> Result<(), StorageError> {
        self.entries.seal()
    }
    /// Writes it to its file; it goes on growing.
    pub fn write(&self) -> Result<(), StorageError> {
        self.entries.write()
    }
}

fn time(entry: &[u8; ENTRY_BYTES]) -> Millis {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&entry[..8]);
    Millis(i64::from_be_bytes(bytes))
}
fn place(entry: &[u8; ENTRY_BYTES]) -> u32 {
    u32::from_be_bytes([entry[8], entry[9], entry[10], entry[11]])
}
