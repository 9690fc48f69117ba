//! How controllers reach each other: openraft's network over an edge that carries bytes, whose body is in `peer`.
//!
//! A quorum of one reaches nobody and has no edge. What is learnt on the way (who answered when, and from which directory) is
//! kept in [`Contacts`]. A voter that answers from another directory than the quorum knows has lost its disk: what it had
//! acknowledged is gone, so it is taken for unreachable rather than counted.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use openraft::AnyError;
use openraft::error::{InstallSnapshotError, NetworkError, RPCError, RaftError, RemoteError, Unreachable};
use openraft::network::{Backoff, RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, InstallSnapshotRequest, InstallSnapshotResponse, VoteRequest,
    VoteResponse,
};
use parking_lot::Mutex;

use super::pulse::Pulse;
use super::types::{EntryId, QuorumTypes, node_id};
use super::voters::Member;
use super::wire::{self, WireError};
use crate::base::clock::SharedClock;
use crate::base::ids::{Millis, NodeId, Uuid};

/// How often an unreachable voter is tried.
const RETRY_EVERY: Duration = Duration::from_millis(100);
/// Most bytes of one piece of a snapshot.
pub const SNAPSHOT_PIECE_BYTES: u64 = 1024 * 1024;

/// The three questions of Raft, and the one before the vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RaftCall {
    /// Take these entries; or, without any: I lead.
    Append,
    /// Would you vote for me?
    PreVote,
    /// Vote for me.
    Vote,
    /// Take this piece of a snapshot.
    Snapshot,
}

/// What a voter answered, and from which directory.
#[derive(Clone, Debug)]
pub struct RaftAnswer {
    /// The directory of its log.
    pub directory_id: Uuid,
    /// The answer.
    pub payload: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RaftTransportError {
    /// The question was not sent.
    #[error("{0}")]
    Unreachable(String),
    /// It may have been sent, and may have had its effect.
    #[error("{0}")]
    Lost(String),
}

/// An answer that is still to come.
pub type RaftAnswering<'a> = Pin<Box<dyn Future<Output = Result<RaftAnswer, RaftTransportError>> + Send + 'a>>;

/// The way to other voters.
pub trait RaftTransport: Send + Sync + 'static {
    /// Asks `to`, which the membership says to be at `address`. Gives up after `limit`.
    fn ask<'a>(
        &'a self,
        to: NodeId,
        address: &'a str,
        call: RaftCall,
        payload: Vec<u8>,
        limit: Duration,
    ) -> RaftAnswering<'a>;
}

/// What the leader knows of a voter.
#[derive(Clone, Copy, Debug, Default)]
pub struct Contact {
    /// The directory from which it answered first.
    pub directory_id: Uuid,
    /// Whether it could be reached the last time it was asked.
    reachable: Option<bool>,
    /// When it answered last (wall clock).
    pub last_fetch: Option<Millis>,
    /// When it last had everything (wall clock).
    pub last_caught_up: Option<Millis>,
}

/// What the leader knows of all voters.
#[derive(Clone, Default)]
pub struct Contacts {
    by_id: Arc<Mutex<BTreeMap<u64, Contact>>>,
}

impl Contacts {
    /// What is known of one.
    pub fn of(&self, id: u64) -> Contact {
        self.by_id.lock().get(&id).copied().unwrap_or_default()
    }

    /// Notes an answer. False if the one before came from another directory.
    fn note(&self, id: u64, directory_id: Uuid) -> bool {
        let mut all = self.by_id.lock();
        let contact = all.entry(id).or_default();
        if contact.directory_id.is_zero() {
            contact.directory_id = directory_id;
        }
        contact.directory_id == directory_id
    }

    /// Forgets one whose directory is another from now on.
    pub(super) fn forget(&self, id: u64) {
        self.by_id.lock().remove(&id);
    }

    /// Notes whether a voter can be reached; tells of it when that changes.
    fn reached(&self, id: u64, why_not: Option<&str>) {
        let mut all = self.by_id.lock();
        let contact = all.entry(id).or_default();
        let was = contact.reachable.replace(why_not.is_none());
        match why_not {
            Some(why) if was != Some(false) => tracing::warn!(voter = id, why, "a voter cannot be reached"),
            None if was == Some(false) => tracing::info!(voter = id, "a voter can be reached again"),
            _ => {}
        }
    }

    fn took(&self, id: u64, now: Millis, everything: bool) {
        let mut all = self.by_id.lock();
        let contact = all.entry(id).or_default();
        contact.last_fetch = Some(now);
        if everything {
            contact.last_caught_up = Some(now);
        }
    }
}

/// Makes the ways to single voters.
#[derive(Clone)]
pub struct Network {
    /// The edge; none for a quorum of one.
    pub transport: Option<Arc<dyn RaftTransport>>,
    /// Filled as answers come.
    pub contacts: Contacts,
    /// Told what the answers of voters say about who can win.
    pub pulse: Pulse,
    /// Where the time comes from.
    pub clock: SharedClock,
    /// The last entry of this node's log.
    pub last_entry: Arc<dyn Fn() -> Option<EntryId> + Send + Sync>,
}

impl RaftNetworkFactory<QuorumTypes> for Network {
    type Network = Way;

    async fn new_client(&mut self, target: u64, node: &Member) -> Way {
        self.way(target, node)
    }
}

impl Network {
    /// The way to a member.
    pub(super) fn way(&self, target: u64, member: &Member) -> Way {
        Way { network: self.clone(), target, member: member.clone() }
    }
}

/// The way to one voter.
pub struct Way {
    network: Network,
    target: u64,
    member: Member,
}

type Rpc<E = openraft::error::Infallible> = RPCError<u64, Member, RaftError<u64, E>>;

fn unreachable<E: std::error::Error>(why: impl Display) -> Rpc<E> {
    RPCError::Unreachable(Unreachable::new(&AnyError::error(why)))
}

fn garbage<E: std::error::Error>(error: WireError) -> Rpc<E> {
    RPCError::Network(NetworkError::new(&error))
}

impl Way {
    /// Whether the member would vote for this node, and the last entry of its log.
    pub(super) async fn would_vote(&self, request: &VoteRequest<u64>, limit: Duration) -> Option<VoteResponse<u64>> {
        let option = RPCOption::new(limit);
        let answer = self.ask::<openraft::error::Infallible>(RaftCall::PreVote, wire::put_ask(request), &option).await;
        wire::ask_answer(&answer.ok()?).ok()
    }

    async fn ask<E: std::error::Error>(
        &self,
        call: RaftCall,
        payload: Vec<u8>,
        option: &RPCOption,
    ) -> Result<Bytes, Rpc<E>> {
        let Some(transport) = &self.network.transport else {
            return Err(unreachable("this controller is a quorum of one"));
        };
        let address = self.member.address();
        let asked = transport.ask(node_id(self.target), &address, call, payload, option.hard_ttl()).await;
        let why_not = match &asked {
            Err(RaftTransportError::Unreachable(why)) => Some(why.as_str()),
            _ => None,
        };
        self.network.contacts.reached(self.target, why_not);
        let answer = asked.map_err(|error| match error {
            RaftTransportError::Unreachable(why) => unreachable(why),
            RaftTransportError::Lost(why) => RPCError::Network(NetworkError::new(&AnyError::error(why))),
        })?;
        let known = self.network.contacts.note(self.target, answer.directory_id);
        if !self.member.may_be(answer.directory_id) || (self.member.directory_id.is_zero() && !known) {
            tracing::error!(
                voter = self.target,
                directory = %answer.directory_id,
                "a voter answers from another directory: its log is not the one that was counted on"
            );
            return Err(unreachable("it answers from another directory"));
        }
        Ok(answer.payload)
    }
}

impl RaftNetwork<QuorumTypes> for Way {
    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<QuorumTypes>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<u64>, Rpc> {
        let now = self.network.clock.wall();
        let payload = wire::put_append(&request, now).map_err(garbage)?;
        let answer = self.ask(RaftCall::Append, payload, &option).await?;
        let answer = wire::append_answer(&answer).map_err(garbage)?;
        let took = matches!(answer, AppendEntriesResponse::Success);
        let upto = request.entries.last().map(|entry| entry.log_id).or(request.prev_log_id);
        self.network.contacts.took(self.target, now, took && upto == (self.network.last_entry)());
        Ok(answer)
    }

    async fn install_snapshot(
        &mut self,
        request: InstallSnapshotRequest<QuorumTypes>,
        option: RPCOption,
    ) -> Result<InstallSnapshotResponse<u64>, Rpc<InstallSnapshotError>> {
        let answer = self.ask(RaftCall::Snapshot, wire::put_snapshot(&request), &option).await?;
        let answer = wire::snapshot_answer(&answer).map_err(garbage)?;
        answer.map_err(|error| RPCError::RemoteError(RemoteError::new(self.target, RaftError::APIError(error))))
    }

    async fn vote(&mut self, request: VoteRequest<u64>, option: RPCOption) -> Result<VoteResponse<u64>, Rpc> {
        let answer = self.ask(RaftCall::Vote, wire::put_ask(&request), &option).await?;
        let answer = wire::ask_answer(&answer).map_err(garbage)?;
        self.network.pulse.refused(&answer, request.last_log_id.as_ref());
        Ok(answer)
    }

    fn backoff(&self) -> Backoff {
        Backoff::new(std::iter::repeat(RETRY_EVERY))
    }
}
