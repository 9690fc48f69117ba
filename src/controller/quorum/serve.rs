//! What other voters ask of this one: bytes in, bytes out.

use openraft::error::{InstallSnapshotError, RaftError};
use openraft::raft::AppendEntriesResponse;

use super::canvass;
use super::network::RaftCall;
use super::snapshot::{Snapshot, SnapshotError};
use super::start::{Quorum, lease};
use super::types::node_id;
use super::wire::{self, WireError};
use crate::base::ids::NodeId;

/// Why a voter gets no answer.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// What it sent is no message.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A snapshot that cannot be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// This node has stopped.
    #[error("the quorum has stopped: {0}")]
    Stopped(String),
    /// The sender claims to be somebody else than who sent it.
    #[error("node {sender} speaks for node {claimed}")]
    Impostor {
        /// Who sent it.
        sender: NodeId,
        /// For whom.
        claimed: NodeId,
    },
    /// This node itself, or another that has its number.
    #[error(
        "node {0} speaks to itself: two of controller.quorum.voters lead to one address, or two nodes have one number"
    )]
    Itself(NodeId),
    /// The sender is a member whose log was in another directory: it has lost it.
    #[error("node {sender} speaks from another directory than the quorum knows it by")]
    OtherLog {
        /// Who sent it.
        sender: NodeId,
    },
}

fn stopped(error: impl std::fmt::Display) -> ServeError {
    ServeError::Stopped(error.to_string())
}

fn check(sender: NodeId, vote: &openraft::Vote<u64>) -> Result<(), ServeError> {
    match vote.leader_id.voted_for.map(node_id) {
        Some(claimed) if claimed != sender => Err(ServeError::Impostor { sender, claimed }),
        _ => Ok(()),
    }
}

/// Answers one question of `sender`.
pub async fn answer(quorum: &Quorum, sender: NodeId, call: RaftCall, payload: &[u8]) -> Result<Vec<u8>, ServeError> {
    let Quorum { raft, network, leadership, .. } = quorum;
    let pulse = &network.pulse;
    match call {
        RaftCall::PreVote => {
            let request = wire::ask(payload)?;
            check(sender, &request.vote)?;
            let answer = canvass::answer(raft, pulse, (network.last_entry)(), leadership, &request);
            Ok(wire::put_ask_answer(&answer))
        }
        RaftCall::Append => {
            let request = wire::append(payload)?;
            check(sender, &request.vote)?;
            if raft.metrics().borrow().current_leader.map(node_id) == Some(sender) {
                // Counted on arrival: the disk may take its time over the entries.
                pulse.leader_spoke();
            }
            let answer = raft.append_entries(request).await.map_err(stopped)?;
            if !matches!(answer, AppendEntriesResponse::HigherVote(_)) {
                pulse.leader_spoke();
            }
            Ok(wire::put_append_answer(&answer))
        }
        RaftCall::Vote => {
            let request = wire::ask(payload)?;
            check(sender, &request.vote)?;
            let theirs = request.last_log_id;
            let answer = raft.vote(request).await.map_err(stopped)?;
            if answer.vote_granted {
                pulse.start_anew();
            } else if answer.last_log_id > theirs && pulse.silence() >= lease() {
                pulse.this_knows_more();
            }
            Ok(wire::put_ask_answer(&answer))
        }
        RaftCall::Snapshot => {
            let request = wire::snapshot(payload)?;
            check(sender, &request.vote)?;
            if request.offset == 0 && request.done {
                // openraft ends the node when a whole snapshot cannot be read: what came in one piece is read before.
                Snapshot::decode(request.meta.last_log_id, &request.data)?;
            }
            let answer: Result<_, InstallSnapshotError> = match raft.install_snapshot(request).await {
                Ok(answer) => Ok(answer),
                Err(RaftError::APIError(error)) => Err(error),
                Err(fatal @ RaftError::Fatal(_)) => return Err(stopped(fatal)),
            };
            if answer.is_ok() {
                pulse.leader_spoke();
            }
            Ok(wire::put_snapshot_answer(&answer))
        }
    }
}
