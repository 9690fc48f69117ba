//! Having records agreed on as one entry, and what is known when that does not work.

use std::time::Duration;

use openraft::ServerState;
use openraft::error::{ClientWriteError, RaftError};

use super::types::{Batch, Raft, node_id, offset};
use crate::base::ids::{LeaderEpoch, Millis, NodeId, Offset};
use crate::metadata::record::MetadataRecord;

/// Longest that an entry may take before its outcome counts as unknown.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why it is not known that records were agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AgreeError {
    /// Nothing happened: another node leads, or none.
    #[error("this node does not lead the quorum")]
    NotLeader(Option<NodeId>),
    /// The entry may be in the log, and may yet take effect.
    #[error("it is not known whether the entry was committed")]
    Unknown,
}

/// What this node is in the quorum now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The term.
    pub epoch: LeaderEpoch,
    /// Who leads, as far as this node knows; this node only while a quorum follows it.
    pub leader: Option<NodeId>,
    /// True if this node leads and has heard from a quorum not long ago.
    pub leads: bool,
    /// False once openraft has stopped.
    pub runs: bool,
}

/// What this node is. A leader that has not heard from a quorum for `patience` leads no more: another may lead already.
pub fn standing(raft: &Raft, patience: Millis) -> Standing {
    let metrics = raft.metrics();
    let now = metrics.borrow();
    let silence = now.millis_since_quorum_ack.and_then(|ms| i64::try_from(ms).ok());
    // One that has just been elected has heard its voters, though not yet as their leader.
    let followed = silence.is_none_or(|silence| silence < patience.0);
    let leads = now.state == ServerState::Leader && followed;
    let other = now.current_leader.filter(|id| *id != now.id).map(node_id);
    Standing {
        epoch: LeaderEpoch(i32::try_from(now.current_term).unwrap_or(i32::MAX)),
        leader: if leads { Some(node_id(now.id)) } else { other },
        leads,
        runs: now.running_state.is_ok(),
    }
}

/// Appends `records` as one entry and waits until it is committed and applied. The offset is the entry's.
pub async fn agree(raft: &Raft, records: Vec<MetadataRecord>) -> Result<Offset, AgreeError> {
    let term = raft.metrics().borrow().current_term;
    let mut metrics = raft.metrics();
    let deposed = metrics.wait_for(|now| now.current_term != term || now.state != ServerState::Leader);
    tokio::select! {
        biased;
        written = raft.client_write(Batch { records }) => match written {
            Ok(written) => Ok(offset(&written.log_id)),
            Err(RaftError::APIError(ClientWriteError::ForwardToLeader(to))) => {
                Err(AgreeError::NotLeader(to.leader_id.map(node_id)))
            }
            Err(RaftError::APIError(ClientWriteError::ChangeMembershipError(_))) => Err(AgreeError::Unknown),
            // openraft has stopped: the entry may be in the log and come to life on the next start.
            Err(RaftError::Fatal(_)) => Err(AgreeError::Unknown),
        },
        // The entry is in this node's log; whether the next leader has it, nobody knows yet.
        _ = deposed => Err(AgreeError::Unknown),
        () = tokio::time::sleep(TIMEOUT) => Err(AgreeError::Unknown),
    }
}

/// Waits until everything that is in the leader's log is applied here. False if this node leads no more, or has stopped.
pub async fn settle(raft: &Raft) -> bool {
    let mut metrics = raft.metrics();
    loop {
        {
            let now = metrics.borrow();
            if now.running_state.is_err() || now.state != ServerState::Leader {
                return false;
            }
            if now.last_applied.map(|last| last.index) == now.last_log_index {
                return true;
            }
        }
        if metrics.changed().await.is_err() {
            return false;
        }
    }
}
