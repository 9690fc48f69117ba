//! Where a machine's records go.

use crate::base::ids::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};
use crate::machine::machine::TransactionResult;
use crate::machine::outcome::Writer;

/// The log did not take the records: this node may have lost it, or its disk failed. Nothing happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the records were not appended: {0}")]
pub struct NotAppended(pub String);

/// A log as a machine sees it.
pub trait MachineLog<R> {
    /// Appends all or nothing, in one batch; returns the offset of the first record.
    fn append(&mut self, writer: Writer, records: &[R]) -> Result<Offset, NotAppended>;
    /// Appends the marker that ends a transaction; returns its offset.
    fn append_marker(
        &mut self,
        producer: (ProducerId, ProducerEpoch),
        result: TransactionResult,
    ) -> Result<Offset, NotAppended>;
    /// The epoch in which this node appends.
    fn epoch(&self) -> LeaderEpoch;
    /// The next offset.
    fn end(&self) -> Offset;
    /// Everything before it is committed.
    fn committed(&self) -> Offset;
}
