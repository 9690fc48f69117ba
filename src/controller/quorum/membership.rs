//! Changing who is in the quorum (KIP-853): one change at a time, by the leader, as entries of the log like any other.
//!
//! ```text
//!  a controller starts ── join ──▶ learner: is given the log ── add ──▶ voter ── remove ──▶ learner ── long unheard ──▶ forgotten
//! ```
//!
//! Every controller tells the leader its directory and its listeners when it starts; that is how the founders' directories
//! come to be known, and how a learner comes to be one. Whoever adds or removes a voter names its directory: a controller that
//! has lost its log is another voter. openraft changes voters in two entries, between which both the old and the new voters must
//! agree; a leader that finds the quorum there finishes the step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use openraft::error::{ClientWriteError, RaftError};
use openraft::{ChangeMembers, ServerState};
use serde::{Deserialize, Serialize};

use super::leadership::Leadership;
use super::network::Contacts;
use super::start::Quorum;
use super::types::{Metrics, Raft, node_id, raft_id};
use super::voters::{Member, VoterEndpoint, Voters};
use crate::base::clock::SharedClock;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, NodeId, Uuid};
use crate::base::limits::QUORUM_MEMBERS_MAX;
use crate::controller::api_error::ApiError;

/// Longest that one entry may take.
const STEP_LIMIT: Duration = Duration::from_secs(10);
/// Longest that a leader that has voted itself out may take to notice.
const DEPARTURE_LIMIT: Duration = Duration::from_secs(1);
/// Longest that a change before may take to be committed.
const SETTLE_LIMIT: Duration = Duration::from_secs(5);
/// Longest that a new voter may take to catch up, whatever its request says.
const CATCH_UP_LIMIT: Duration = Duration::from_secs(60);
/// A learner that lacks so many entries at most has caught up: it gets the rest while it votes.
const ENTRIES_BEHIND_MAX: u64 = 100;
/// How often the leader looks after the members.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A learner that has not answered for so long is taken out.
const FORGOTTEN: Millis = Millis(300_000);

/// A change of the quorum's members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum QuorumChange {
    /// A controller says what it is.
    Join {
        /// Who.
        id: NodeId,
        /// Its directory and its listeners.
        member: Member,
    },
    /// A learner becomes a voter.
    Add {
        /// Who.
        id: NodeId,
        /// Its directory and its listeners.
        member: Member,
        /// How long it may take to catch up (ms).
        timeout_ms: i32,
        /// Answer when it is committed, not as soon as the leader's log has it (KIP-1186).
        #[serde(default = "committed")]
        ack_when_committed: bool,
    },
    /// A voter listens elsewhere.
    Update {
        /// Who.
        id: NodeId,
        /// Its directory and its listeners.
        member: Member,
    },
    /// A voter becomes a learner.
    Remove {
        /// Who.
        id: NodeId,
        /// Its directory.
        directory_id: Uuid,
    },
}

fn committed() -> bool {
    true
}

/// What a change comes to; none where this node does not lead.
pub type Changed = Option<Result<(), ApiError>>;

/// The members, as the leader keeps them.
pub struct Membership {
    raft: Raft,
    contacts: Contacts,
    leadership: Leadership,
    /// The listener on which controllers reach each other.
    listener: String,
    alone: tokio::sync::Mutex<()>,
}

fn late(what: &str) -> ApiError {
    ApiError::new(ErrorCode::RequestTimedOut, format!("not done in time: {what}"))
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::InvalidRequest, message)
}

fn key(id: NodeId, directory_id: Uuid) -> String {
    let directory = if directory_id.is_zero() { "(not known)".to_owned() } else { directory_id.to_string() };
    format!("node {id} in directory {directory}")
}

fn keys(voters: &Voters) -> String {
    let keys: Vec<_> = voters.voters.iter().map(|(id, member)| key(*id, member.directory_id)).collect();
    format!("[{}]", keys.join(", "))
}

impl Membership {
    /// Over a running node.
    pub fn new(quorum: &Quorum, listener: String) -> Self {
        let Quorum { raft, network, leadership, .. } = quorum;
        let (raft, contacts, leadership) = (raft.clone(), network.contacts.clone(), leadership.clone());
        Self { raft, contacts, leadership, listener, alone: tokio::sync::Mutex::new(()) }
    }

    fn voters(&self) -> Voters {
        Voters::of(self.raft.metrics().borrow().membership_config.membership())
    }

    /// Whether this node votes itself. openraft ends where a leader that no longer does is asked for a change.
    fn votes(&self) -> bool {
        let metrics = self.raft.metrics();
        let now = metrics.borrow();
        now.membership_config.membership().voter_ids().any(|id| id == now.id)
    }

    /// Makes a change, and answers once it is committed.
    pub async fn change(&self, change: QuorumChange) -> Changed {
        if !self.leadership.standing().leads {
            return None;
        }
        let Ok(_alone) = self.alone.try_lock() else {
            return Some(Err(late("another change of the voters is under way")));
        };
        if !self.settle().await {
            return Some(Err(late("the change of the voters before this one is not committed yet")));
        }
        if !self.votes() {
            return None;
        }
        let changed = match change {
            QuorumChange::Join { id, member } => self.join(id, member).await,
            QuorumChange::Add { id, member, timeout_ms, ack_when_committed } => {
                let limit = Duration::from_millis(u64::try_from(timeout_ms).unwrap_or(0));
                self.add(id, member, limit.min(CATCH_UP_LIMIT), ack_when_committed).await
            }
            QuorumChange::Update { id, member } => self.update(id, member).await,
            QuorumChange::Remove { id, directory_id } => self.remove(id, directory_id).await,
        };
        Some(changed)
    }

    /// Waits until the latest change is committed, and makes it whole. False if that does not come about.
    async fn settle(&self) -> bool {
        let committed =
            |now: &Metrics| now.membership_config.log_id().map(|id| id.index) <= now.last_applied.map(|id| id.index);
        let mut metrics = self.raft.metrics();
        if !matches!(tokio::time::timeout(SETTLE_LIMIT, metrics.wait_for(committed)).await, Ok(Ok(_))) {
            return false;
        }
        if self.voters().joint {
            self.finish().await;
        }
        !self.voters().joint
    }

    async fn join(&self, id: NodeId, member: Member) -> Result<(), ApiError> {
        if id.is_none() || member.directory_id.is_zero() {
            return Err(invalid("a controller says neither who it is nor where its log is"));
        }
        let voters = self.voters();
        let known = match voters.member(id) {
            None if voters.voters.len() + voters.learners.len() >= QUORUM_MEMBERS_MAX => {
                return Err(ApiError::new(ErrorCode::PolicyViolation, "the quorum has too many members already"));
            }
            None => return self.write(ChangeMembers::AddNodes(BTreeMap::from([(raft_id(id), member)]))).await,
            Some(known) => known,
        };
        if *known == member {
            return Ok(());
        }
        if known.may_be(member.directory_id) {
            return self.write(ChangeMembers::SetNodes(BTreeMap::from([(raft_id(id), member)]))).await;
        }
        if voters.voters.contains_key(&id) {
            let message = format!(
                "the voter {} has lost its log: remove it, and add {} in its place",
                key(id, known.directory_id),
                key(id, member.directory_id)
            );
            tracing::error!("{message}");
            return Err(ApiError::new(ErrorCode::DuplicateVoter, message));
        }
        self.write(ChangeMembers::RemoveNodes(BTreeSet::from([raft_id(id)]))).await?;
        self.contacts.forget(raft_id(id));
        self.write(ChangeMembers::AddNodes(BTreeMap::from([(raft_id(id), member)]))).await
    }

    /// A voter as it is told, if it can be one: the listener on which controllers reach each other comes first.
    fn reachable(&self, id: NodeId, mut member: Member) -> Result<Member, ApiError> {
        if id.is_none() || member.directory_id.is_zero() {
            return Err(invalid("a voter needs a number that is not negative and the id of its directory"));
        }
        let Some(at) = member.endpoints.iter().position(|endpoint| endpoint.name == self.listener) else {
            let told: Vec<_> = member.endpoints.iter().map(|e: &VoterEndpoint| format!("{}://{e}", e.name)).collect();
            let message = format!(
                "the voter listens at [{}], and none of that is the listener {} on which controllers reach each other",
                told.join(", "),
                self.listener
            );
            return Err(invalid(message));
        };
        member.endpoints.swap(0, at);
        Ok(member)
    }

    async fn update(&self, id: NodeId, member: Member) -> Result<(), ApiError> {
        let member = self.reachable(id, member)?;
        let voters = self.voters();
        let known = voters.voters.get(&id);
        if known.is_some_and(|known| known.directory_id.is_zero()) {
            // Which directory is its own it alone says, by joining.
            return Err(late("the voter has not told its directory yet"));
        }
        let Some(known) = known.filter(|known| known.directory_id == member.directory_id) else {
            let message = format!("{} is none of the voters {}", key(id, member.directory_id), keys(&voters));
            return Err(ApiError::new(ErrorCode::VoterNotFound, message));
        };
        if *known == member {
            return Ok(());
        }
        self.write(ChangeMembers::SetNodes(BTreeMap::from([(raft_id(id), member)]))).await
    }

    async fn add(&self, id: NodeId, member: Member, limit: Duration, ack_when_committed: bool) -> Result<(), ApiError> {
        let member = self.reachable(id, member)?;
        let voters = self.voters();
        if voters.voters.contains_key(&id) {
            let message = format!(
                "{} cannot become a voter: one of that number votes already, among {}",
                key(id, member.directory_id),
                keys(&voters)
            );
            return Err(ApiError::new(ErrorCode::DuplicateVoter, message));
        }
        let lagging = || {
            let message = format!("{} did not catch up with the log in time", key(id, member.directory_id));
            ApiError::new(ErrorCode::RequestTimedOut, message)
        };
        let known = voters.learners.get(&id);
        if known.is_some_and(|known| known.directory_id != member.directory_id) {
            return Err(lagging());
        }
        if known.is_none() {
            self.write(ChangeMembers::AddNodes(BTreeMap::from([(raft_id(id), member.clone())]))).await?;
        }
        if !self.has_caught_up(id, limit).await {
            if known.is_none() {
                // It came with this request, and goes with it.
                self.write(ChangeMembers::RemoveNodes(BTreeSet::from([raft_id(id)]))).await?;
            }
            return Err(lagging());
        }
        let appended = |now: &Metrics| now.membership_config.membership().voter_ids().any(|voter| voter == raft_id(id));
        let mut metrics = self.raft.metrics();
        tokio::select! {
            biased;
            written = self.write(ChangeMembers::AddVoterIds(BTreeSet::from([raft_id(id)]))) => written?,
            // What is left of the change is done by whoever looks after the members.
            _ = metrics.wait_for(appended), if !ack_when_committed => {}
        }
        tracing::info!(voter = %key(id, member.directory_id), ack_when_committed, "the quorum has a new voter");
        Ok(())
    }

    async fn has_caught_up(&self, id: NodeId, limit: Duration) -> bool {
        let id = raft_id(id);
        let caught_up = |now: &Metrics| {
            let matched = now.replication.as_ref().and_then(|all| all.get(&id)).copied().flatten();
            let (has, end) = (matched.map(|at| at.index), now.last_log_index.unwrap_or(0));
            now.state != ServerState::Leader || has.is_some_and(|has| has.saturating_add(ENTRIES_BEHIND_MAX) >= end)
        };
        let mut metrics = self.raft.metrics();
        let reached = tokio::time::timeout(limit, metrics.wait_for(caught_up)).await;
        matches!(reached, Ok(Ok(now)) if now.state == ServerState::Leader)
    }

    async fn remove(&self, id: NodeId, directory_id: Uuid) -> Result<(), ApiError> {
        if id.is_none() || directory_id.is_zero() {
            return Err(invalid("the voter to remove needs a number that is not negative and the id of its directory"));
        }
        let voters = self.voters();
        let is_one = voters.voters.get(&id).is_some_and(|member| member.directory_id == directory_id);
        if !is_one || voters.voters.len() == 1 {
            let message = format!(
                "{} cannot be taken out of the voters {}: it is none of them, or the only one",
                key(id, directory_id),
                keys(&voters)
            );
            return Err(ApiError::new(ErrorCode::VoterNotFound, message));
        }
        // One that leads would go on to lead as long as it is a member at all: it leaves, and comes back as one that follows.
        let leads = self.raft.metrics().borrow().id == raft_id(id);
        self.write_and(ChangeMembers::RemoveVoters(BTreeSet::from([raft_id(id)])), !leads).await?;
        if leads {
            // The answer may be here before the members that this node goes by have changed; nobody asks for more until then.
            let gone = |now: &Metrics| !now.membership_config.membership().voter_ids().any(|id| id == now.id);
            let mut metrics = self.raft.metrics();
            if tokio::time::timeout(DEPARTURE_LIMIT, metrics.wait_for(gone)).await.is_err() {
                tracing::warn!("this node does not vote any more and has not noticed yet");
            }
        }
        tracing::info!(voter = %key(id, directory_id), "the quorum has a voter less");
        Ok(())
    }

    async fn write(&self, change: ChangeMembers<u64, Member>) -> Result<(), ApiError> {
        self.write_and(change, true).await
    }

    /// Has a change agreed on, both entries of it where it takes two. `keep`: who votes no longer follows from then on.
    async fn write_and(&self, change: ChangeMembers<u64, Member>, keep: bool) -> Result<(), ApiError> {
        let mut metrics = self.raft.metrics();
        let term = metrics.borrow().current_term;
        let deposed = metrics.wait_for(|now| now.current_term != term || now.state == ServerState::Follower);
        let unknown = || late("it is not known whether the change of the voters was committed");
        tokio::select! {
            biased;
            written = self.raft.change_membership(change, keep) => match written {
                Ok(_) => Ok(()),
                Err(RaftError::APIError(ClientWriteError::ForwardToLeader(_))) => Err(ErrorCode::NotController.into()),
                Err(RaftError::APIError(ClientWriteError::ChangeMembershipError(error))) => Err(late(&error.to_string())),
                Err(RaftError::Fatal(_)) => Err(unknown()),
            },
            _ = deposed => Err(unknown()),
            () = tokio::time::sleep(STEP_LIMIT) => Err(unknown()),
        }
    }

    /// While this node leads: finishes changes that stopped half-way, and forgets learners that are gone. Until it stops.
    pub async fn look_after(self: Arc<Self>, clock: SharedClock) {
        let mut heard: BTreeMap<NodeId, (Option<Millis>, Millis)> = BTreeMap::new();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let standing = self.leadership.standing();
            if !standing.runs {
                return;
            }
            if !standing.leads {
                heard.clear();
                continue;
            }
            let Ok(_alone) = self.alone.try_lock() else { continue };
            if !self.votes() {
                continue;
            }
            let voters = self.voters();
            if voters.joint {
                self.finish().await;
                continue;
            }
            let now = clock.monotonic();
            heard.retain(|id, _| voters.learners.contains_key(id));
            for id in voters.learners.keys() {
                let last = self.contacts.of(raft_id(*id)).last_fetch;
                let seen = heard.entry(*id).or_insert((last, now));
                if seen.0 != last {
                    *seen = (last, now);
                }
            }
            let gone = heard.iter().find(|(_, (_, seen))| now.since(*seen) >= FORGOTTEN).map(|(id, _)| *id);
            if let Some(id) = gone {
                tracing::info!(controller = %id, "a controller without a vote has not been heard of for long: it is forgotten");
                if let Err(error) = self.write(ChangeMembers::RemoveNodes(BTreeSet::from([raft_id(id)]))).await {
                    tracing::warn!(%error, "a controller cannot be forgotten");
                }
                self.contacts.forget(raft_id(id));
                heard.remove(&id);
            }
        }
    }

    /// The second entry of a change whose first one stands alone.
    async fn finish(&self) {
        let now = self.raft.metrics().borrow().clone();
        let goal = now.membership_config.membership().get_joint_config().last().cloned().unwrap_or_default();
        let voters: Vec<_> = goal.iter().map(|id| node_id(*id).0).collect();
        tracing::info!(?voters, "finishing a change of the voters that stopped half-way");
        let stays = goal.contains(&now.id);
        if let Err(error) = self.write_and(ChangeMembers::ReplaceAllVoters(goal), stays).await {
            tracing::warn!(%error, "a change of the voters cannot be finished yet");
        }
    }
}
