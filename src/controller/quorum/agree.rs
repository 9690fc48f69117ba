//! Having records agreed on as one entry, and what is known when that does not work.

use std::time::Duration;

use openraft::ServerState;
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
