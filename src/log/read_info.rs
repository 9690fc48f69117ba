//! What a read gave.

use crate::base::ids::{LeaderEpoch, Millis, Offset, ProducerId};
use crate::record::records::Records;

/// How far a reader may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadUpTo {
    /// Everything: followers, and the server itself.
    LogEnd,
    /// What is committed (`read_uncommitted`).
    HighWatermark,
    /// What is committed and decided (`read_committed`).
    LastStable,
}

/// What a read does about bytes that the page cache does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnCold {
    /// It waits for the disk.
    Wait,
    /// It is refused with [`ReadError::Cold`](super::error::ReadError::Cold): an event loop waits for no disk.
    Refuse,
}

/// A transaction that was aborted, as a reader must know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AbortedTxn {
    /// Whose.
    pub producer_id: ProducerId,
    /// Its first record.
    pub first_offset: Offset,
}

/// Records and where the log stands.
#[derive(Debug, Clone)]
pub struct ReadInfo {
    /// Batches from the one that holds the asked offset on. The last may be cut short: readers leave it out.
    pub records: Records,
    /// Committed up to here.
    pub high_watermark: Offset,
    /// Decided up to here.
    pub last_stable_offset: Offset,
    /// The log starts here.
    pub log_start_offset: Offset,
    /// The log ends here.
    pub log_end_offset: Offset,
    /// Transactions among the records that were aborted; only for [`ReadUpTo::LastStable`].
    pub aborted: Vec<AbortedTxn>,
}

/// A record found by its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimestampAndOffset {
    /// Its timestamp.
    pub timestamp: Millis,
    /// Its offset.
    pub offset: Offset,
    /// The epoch in which it was appended.
    pub leader_epoch: LeaderEpoch,
}
