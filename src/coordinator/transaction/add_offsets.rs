//! A group's offsets join a transaction: the partition of `__consumer_offsets` that holds the group does.

use std::collections::BTreeSet;

use super::add_partitions::{AddPartitions, add_partitions};
use super::machine::{Outcome, TransactionMachine};
use super::state::{Producer, TransactionVersion};
use crate::base::ids::{Millis, TopicPartition};

/// The request. Only clients that speak of transactions in the old way send it.
#[derive(Debug, Clone)]
pub struct AddOffsets<'a> {
    /// Which transactional id.
    pub transactional_id: &'a str,
    /// Who asks.
    pub producer: Producer,
    /// Where the group's offsets are.
    pub offsets_partition: TopicPartition,
}

/// Decides.
pub fn add_offsets(machine: &TransactionMachine, now: Millis, op: &AddOffsets<'_>) -> Outcome<()> {
    let partitions = BTreeSet::from([op.offsets_partition.clone()]);
    let AddOffsets { transactional_id, producer, .. } = *op;
    add_partitions(
        machine,
        now,
        &AddPartitions { transactional_id, producer, partitions, version: TransactionVersion::V0 },
    )
}
