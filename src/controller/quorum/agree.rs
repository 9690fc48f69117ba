//! Having records agreed on as one entry, and what is known when that does not work.

use std::time::Duration;

use openraft::error::{ClientWriteError, RaftError};

use super::types::{Batch, Raft, node_id, offset};
use crate::base::ids::{NodeId, Offset};
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

/// Appends `records` as one entry and waits until it is committed and applied. The offset is the entry's.
pub async fn agree(raft: &Raft, records: Vec<MetadataRecord>) -> Result<Offset, AgreeError> {
    match tokio::time::timeout(TIMEOUT, raft.client_write(Batch { records })).await {
        Ok(Ok(written)) => Ok(offset(&written.log_id)),
        Ok(Err(RaftError::APIError(ClientWriteError::ForwardToLeader(to)))) => {
            Err(AgreeError::NotLeader(to.leader_id.map(node_id)))
        }
        Ok(Err(RaftError::APIError(ClientWriteError::ChangeMembershipError(_)))) => Err(AgreeError::Unknown),
        // openraft has stopped: the entry may be in the log and come to life on the next start.
        Ok(Err(RaftError::Fatal(_))) | Err(_) => Err(AgreeError::Unknown),
    }
}

/// Waits until everything that is in the log is applied, or until openraft has stopped.
pub async fn settle(raft: &Raft) {
    let mut metrics = raft.metrics();
    loop {
        {
            let now = metrics.borrow();
            if now.running_state.is_err() || now.last_applied.map(|last| last.index) == now.last_log_index {
                return;
            }
        }
        if metrics.changed().await.is_err() {
            return;
        }
    }
}
