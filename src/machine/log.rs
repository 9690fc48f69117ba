//! Where a machine's records go.

use crate::base::ids::{LeaderEpoch, Offset};
use crate::machine::machine::TransactionEnd;
use crate::machine::outcome::Writer;

/// The log did not take the records. Nothing happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAppended {
    /// It is no longer this node's to write, or not in this epoch.
    #[error("the log is led elsewhere")]
    NotLeader,
    /// The producer, or the coordinator of its transaction, has a newer epoch.
    #[error("a newer epoch has written")]
    Fenced,
    /// Too few replicas are in sync for a write to count. It may be tried again.
    #[error("too few replicas are in sync")]
    NotEnoughReplicas,
    /// The records are more than one batch may hold.
    #[error("the records are too large for one batch")]
    TooLarge,
    /// The disk, or a record that cannot be written.
    #[error("the records were not appended: {0}")]
    Failed(String),
}

/// A log as a machine sees it.
pub trait MachineLog<R> {
    /// Appends all or nothing, in one batch; returns the offset of the first record.
    fn append(&mut self, writer: Writer, records: &[R]) -> Result<Offset, NotAppended>;
    /// Appends the marker that ends a transaction; returns its offset.
    fn append_marker(&mut self, end: TransactionEnd) -> Result<Offset, NotAppended>;
    /// The epoch in which this node appends.
    fn epoch(&self) -> LeaderEpoch;
    /// The next offset.
    fn end(&self) -> Offset;
    /// Everything before it is committed.
    fn committed(&self) -> Offset;
}

impl<R, L: MachineLog<R> + ?Sized> MachineLog<R> for Box<L> {
    fn append(&mut self, writer: Writer, records: &[R]) -> Result<Offset, NotAppended> {
        (**self).append(writer, records)
    }
    fn append_marker(&mut self, end: TransactionEnd) -> Result<Offset, NotAppended> {
        (**self).append_marker(end)
    }
    fn epoch(&self) -> LeaderEpoch {
        (**self).epoch()
    }
    fn end(&self) -> Offset {
        (**self).end()
    }
    fn committed(&self) -> Offset {
        (**self).committed()
    }
}
