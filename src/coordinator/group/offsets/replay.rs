//! How offsets change.

use crate::base::ids::{Offset, ProducerEpoch, ProducerId};
use crate::coordinator::group::machine::GroupMachine;
use crate::coordinator::group::record::GroupRecord;
use crate::machine::machine::{ReplayAt, TransactionResult};

/// Takes in a record about an offset.
pub fn replay(_machine: &mut GroupMachine, _at: ReplayAt, _record: &GroupRecord) {}

/// Offsets that a transaction committed count from now on, or never were.
pub fn end_transaction(
    _machine: &mut GroupMachine,
    _at: Offset,
    _producer: (ProducerId, ProducerEpoch),
    _result: TransactionResult,
) {
}
