//! `.index`: where in the segment file the batches lie, one entry every `index.interval.bytes`.
//!
//! ```text
//!  0                      4            8
//!  | offset less base u32 | position u32 |     ascending in both
//! ```
//! The offset is the last of the batch that starts at the position.

use std::path::PathBuf;

use super::entries::Entries;
use crate::base::ids::Offset;
use crate::log::error::StorageError;

/// Bytes of an entry.
pub const ENTRY_BYTES: usize = 8;

/// The offset index of one segment.
pub struct OffsetIndex {
    base: Offset,
    entries: Entries<ENTRY_BYTES>,
}

impl OffsetIndex {
    /// An empty index that grows with its segment.
    pub fn growing(path: PathBuf, base: Offset) -> Self {
        Self { base, entries: Entries::growing(path) }
    }
    /// A sealed segment's index.
    pub fn on_disk(path: PathBuf, base: Offset) -> Self {
        Self { base, entries: Entries::on_disk(path) }
    }

    /// Adds the batch at `position` whose last offset is `offset`.
    pub fn push(&self, offset: Offset, position: u32) {
        let relative = offset.since(self.base) as u32;
        let mut entry = [0; ENTRY_BYTES];
        entry[..4].copy_from_slice(&relative.to_be_bytes());
        entry[4..].copy_from_slice(&position.to_be_bytes());
        self.entries.push(entry);
    }

    /// False if it has to be read from the disk first.
    pub fn is_at_hand(&self) -> bool {
        self.entries.is_at_hand()
    }

    /// The position of an indexed batch at or before the one that holds `offset`: a good place to start scanning.
    pub fn lookup(&self, offset: Offset) -> u32 {
        let relative = offset.since(self.base);
        self.entries.with(|entries| {
            let after = entries.partition_point(|e| i64::from(first(e)) <= relative);
            after.checked_sub(1).map_or(0, |i| second(&entries[i]))
        })
    }

    /// The offset of the first entry whose position is at or behind `position`, or none: an upper bound of what a
    /// read up to there holds.
    pub fn offset_at_or_after(&self, position: u64) -> Option<Offset> {
        self.entries.with(|entries| {
            let at = entries.partition_point(|e| u64::from(second(e)) < position);
            entries.get(at).map(|e| self.base.plus(i64::from(first(e))))
        })
    }

    /// Drops entries for offsets from `offset` on.
    pub fn truncate_to(&self, offset: Offset) {
        let relative = offset.since(self.base);
        let keep = self.entries.with(|entries| entries.partition_point(|e| i64::from(first(e)) < relative));
        self.entries.truncate(keep);
    }

    /// True if the entries ascend in both columns and lie inside a segment of `size` bytes.
    pub fn is_sane(&self, size: u64) -> bool {
        self.entries.with(|entries| {
            entries.is_sorted_by(|a, b| first(a) < first(b) && second(a) < second(b))
                && entries.last().is_none_or(|e| u64::from(second(e)) < size)
        })
    }

    /// The position of the entry `steps` before the end, the last one being the first; the segment's beginning if there are
    /// fewer, and then how many steps are left.
    pub fn step_back(&self, steps: usize) -> (u32, usize) {
        self.entries.with(|entries| match entries.len().checked_sub(steps) {
            Some(at) => (entries.get(at).map_or(0, second), 0),
            None => (0, steps - entries.len() - 1),
        })
    }

    /// The position of the last entry, or 0.
    pub fn last_position(&self) -> u64 {
        self.entries.with(|entries| entries.last().map_or(0, |e| u64::from(second(e))))
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

fn first(entry: &[u8; ENTRY_BYTES]) -> u32 {
    u32::from_be_bytes([entry[0], entry[1], entry[2], entry[3]])
}
fn second(entry: &[u8; ENTRY_BYTES]) -> u32 {
    u32::from_be_bytes([entry[4], entry[5], entry[6], entry[7]])
}
