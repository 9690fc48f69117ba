//! Appending what a client produced: one partition's batches, in the order in which requests arrive.
//!
//! `append` returns when the bytes are in the log, which fixes the order; what must still happen before the client may be
//! told (commitment for acks=all, an fsync where `flush.messages` asks for it) is in [`Appended::settled`].

use std::sync::Arc;

use bytes::Bytes;

use crate::base::ids::{LeaderEpoch, Millis};
use crate::log::append_info::LogAppendInfo;
use crate::log::error::AppendError;
use crate::log::log::AppendOrigin;
use crate::log::verification::Guard;
use crate::replica::manager::ReplicaManager;
use crate::replica::partition::{CommitError, LeaderError, Partition};
use crate::replica::settle;

/// How many replicas must have a record before the client is told (`acks`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acks {
    /// The client is not told.
    None,
    /// The leader's log.
    Leader,
    /// Every replica in sync, and at least `min.insync.replicas` of them.
    All,
}

/// Why a produce to one partition failed.
#[derive(Debug, thiserror::Error)]
pub enum ProduceError {
    /// It is not led here, or in another epoch.
    #[error(transparent)]
    Leader(#[from] LeaderError),
    /// acks=all while fewer replicas than `min.insync.replicas` are in sync.
    #[error("{isr} replicas are in sync, min.insync.replicas asks for {min_isr}")]
    NotEnoughReplicas {
        /// In sync now.
        isr: usize,
        /// Asked for.
        min_isr: usize,
    },
    /// The log refused the batches.
    #[error(transparent)]
    Append(#[from] AppendError),
}

/// What an append did, and what remains to be waited for.
pub struct Appended {
    /// Offsets, timestamps, what was done to the batches.
    pub info: LogAppendInfo,
    partition: Arc<Partition>,
    epoch: LeaderEpoch,
    acks: Acks,
    syncs: bool,
}

impl Appended {
    /// True if the client may be told at once. What went wrong since is left to [`Self::settled`] to tell.
    pub fn is_settled(&self) -> bool {
        match self.acks {
            Acks::None => true,
            Acks::Leader => !self.syncs,
            Acks::All => self.partition.is_committed(self.info.end(), self.epoch) == Ok(true),
        }
    }

    /// Waits until the client may be told.
    pub async fn settled(&self) -> Result<(), CommitError> {
        match self.acks {
            Acks::None => Ok(()),
            Acks::Leader if !self.syncs => Ok(()),
            Acks::Leader => Ok(self.partition.durable(self.info.end(), self.epoch).await?),
            Acks::All => self.partition.committed(self.info.end(), self.epoch).await,
        }
    }
}

/// Appends a client's `batches` to a partition led here; a transaction's first ones with the coordinator's word on them.
pub fn append(
    manager: &ReplicaManager,
    partition: &Arc<Partition>,
    batches: Bytes,
    guard: Option<Guard>,
    acks: Acks,
    now: Millis,
) -> Result<Appended, ProduceError> {
    append_from(manager, partition, batches, (AppendOrigin::Client, guard), None, acks, now)
}

/// Appends a coordinator's `batches` to its own partition, which must be led here in `epoch`. Counts once all replicas in
/// sync have them.
pub fn append_own(
    manager: &ReplicaManager,
    partition: &Arc<Partition>,
    batches: Bytes,
    epoch: LeaderEpoch,
    now: Millis,
) -> Result<Appended, ProduceError> {
    append_from(manager, partition, batches, (AppendOrigin::Coordinator, None), Some(epoch), Acks::All, now)
}

pub(super) fn append_from(
    manager: &ReplicaManager,
    partition: &Arc<Partition>,
    batches: Bytes,
    (origin, guard): (AppendOrigin, Option<Guard>),
    named: Option<LeaderEpoch>,
    acks: Acks,
    now: Millis,
) -> Result<Appended, ProduceError> {
    let bytes = i64::try_from(batches.len()).unwrap_or(i64::MAX);
    let (epoch, info) = {
        let _turn = partition.turn();
        let epoch = partition.lead(named)?;
        if acks == Acks::All {
            let (isr, min_isr) = (partition.isr_size(), partition.min_isr());
            if isr < min_isr {
                return Err(ProduceError::NotEnoughReplicas { isr, min_isr });
            }
        }
        (epoch, partition.log().append_verified(batches, epoch, origin, guard, now)?)
    };
    // A duplicate's original may wait for its sync, or for commitment, which `settled` looks at.
    let syncs = info.flush_due;
    if !info.is_duplicate() {
        partition.appended(bytes);
    }
    if syncs {
        settle::settle(manager.flusher(), partition, info.end());
    } else if !info.is_duplicate() {
        partition.settled(info.end());
    }
    Ok(Appended { info, partition: Arc::clone(partition), epoch, acks, syncs })
}
