//! Producers of one partition.
use crate::base::ids::{Millis, Offset, ProducerEpoch, ProducerId, Sequence};

/// A producer that a partition remembers, as DescribeProducers shows it (KIP-664).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActiveProducer {
    /// Its id.
    pub producer_id: ProducerId,
    /// Its newest epoch.
    pub producer_epoch: ProducerEpoch,
    /// The last sequence appended, or -1.
    pub last_sequence: Sequence,
    /// The greatest timestamp of its last batch.
    pub last_timestamp: Millis,
    /// The epoch of the coordinator that wrote its last marker, or -1.
    pub coordinator_epoch: i32,
    /// Where its open transaction begins.
    pub current_txn_start_offset: Option<Offset>,
}
