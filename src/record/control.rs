//! Control records: what the log itself says inside a partition.
//!
//! ```text
//!  key    version i16 = 0 | type i16     0 abort · 1 commit · 2 leader change · 3 snapshot header · 4 snapshot footer
//!  value  (abort, commit)  version i16 = 0 | coordinator epoch i32
//! ```

use crate::base::codec::{Reader, Writer};

/// What a control record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlType {
    /// A transaction was aborted.
    Abort,
    /// A transaction was committed.
    Commit,
    /// Another node leads.
    LeaderChange,
    /// A snapshot begins.
    SnapshotHeader,
    /// A snapshot ends.
    SnapshotFooter,
}

impl ControlType {
    /// Reads a control record's key. `None`: a type that we do not know, which a reader skips.
    pub fn from_key(key: &[u8]) -> Option<Self> {
        let mut r = Reader::new(key);
        r.i16().ok()?;
        match r.i16().ok()? {
            0 => Some(Self::Abort),
            1 => Some(Self::Commit),
            2 => Some(Self::LeaderChange),
            3 => Some(Self::SnapshotHeader),
            4 => Some(Self::SnapshotFooter),
            _ => None,
        }
    }

    /// The key that says so.
    pub fn key(self) -> Vec<u8> {
        let id = match self {
            Self::Abort => 0,
            Self::Commit => 1,
            Self::LeaderChange => 2,
            Self::SnapshotHeader => 3,
            Self::SnapshotFooter => 4,
        };
        let mut w = Writer::new();
        w.i16(0);
        w.i16(id);
        w.into_vec()
    }
}

/// The value of an end-of-transaction marker.
pub fn end_txn_value(coordinator_epoch: i32) -> Vec<u8> {
    let mut w = Writer::new();
    w.i16(0);
    w.i32(coordinator_epoch);
    w.into_vec()
}

/// The coordinator epoch in the value of an end-of-transaction marker.
pub fn coordinator_epoch(value: &[u8]) -> Option<i32> {
    let mut r = Reader::new(value);
    r.i16().ok()?;
    r.i32().ok()
}
