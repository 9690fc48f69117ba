//! What an append did.

use crate::base::ids::{Millis, Offset};

/// Told to whoever appended.
#[derive(Debug, Clone)]
pub struct LogAppendInfo {
    /// The first record's offset. Of a duplicate: the original's.
    pub first_offset: Offset,
    /// The last record's offset.
    pub last_offset: Offset,
    /// The time that the log gave the records, or -1 where they keep the producer's. Of a duplicate: the original's greatest.
    pub log_append_time: Millis,
    /// Where the log starts.
    pub log_start_offset: Offset,
    /// True if the batch had been appended before: nothing was written.
    pub duplicate: bool,
    /// True if the settings ask for an fsync before this counts (`flush.messages`).
    pub flush_due: bool,
}

impl LogAppendInfo {
    /// The offset behind the last record.
    pub fn end(&self) -> Offset {
        self.last_offset.plus(1)
    }
    /// How many records.
    pub fn record_count(&self) -> u64 {
        u64::try_from(self.end().since(self.first_offset)).unwrap_or(0)
    }
    /// True if nothing was written because it had been before.
    pub fn is_duplicate(&self) -> bool {
        self.duplicate
    }
}
