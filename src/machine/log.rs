//! Where a machine's records go.

use crate::base::ids::{LeaderEpoch, Offset};

/// The log did not take the records: this node may have lost it, or its disk failed. Nothing happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the records were not appended: {0}")]
pub struct NotAppended(pub String);

/// A log as a machine sees it.
pub trait MachineLog<R> {
    /// Appends all or nothing; returns the offset of the first record.
    fn append(&mut self, records: &[R]) -> Result<Offset, NotAppended>;
    /// The epoch in which this node appends.
    fn epoch(&self) -> LeaderEpoch;
    /// The next offset.
    fn end(&self) -> Offset;
    /// Everything before it is committed.
    fn committed(&self) -> Offset;
}
