//! What must be on this broker's disk before it counts (`flush.messages`): what is appended here as the leader, and what was not yet
//! synced when this broker began to lead.
//!
//! A sync that a full disk has refused is asked for again now and then: there may be room by now.

use std::sync::Arc;

use crate::base::ids::Offset;
use crate::log::error::FlushError;
use crate::log::flusher::Flusher;
use crate::replica::partition::Partition;

/// Has everything before `end` synced; from then on it counts.
pub fn settle(flusher: &Flusher, partition: &Arc<Partition>, end: Offset) {
    let settling = Arc::clone(partition);
    let synced = move |outcome: Result<(), FlushError>| match outcome {
        Ok(()) => settling.settled(end),
        Err(_) => settling.wake_all(),
    };
    flusher.request(Arc::clone(&partition.log()), end, Box::new(synced));
}

/// The same with all that a partition led here still owes to the disk, if it owes anything.
pub fn settle_owed(flusher: &Flusher, partition: &Arc<Partition>) {
    if partition.is_unsettled() && !partition.log().is_offline() {
        settle(flusher, partition, partition.log().log_end_offset());
    }
}
