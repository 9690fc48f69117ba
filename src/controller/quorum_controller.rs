//! The handle through which everybody in this process speaks to its controller: operations, the metadata, and what other
//! nodes of the quorum send. [`super::decider`] is the task behind it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};

use super::api_error::ApiError;
use super::context::{Chance, Context, SystemChance};
use super::decider::{Decider, Waiting};
use super::operation::{Ask, Operation, Reply};
use super::probe::Probe;
use super::quorum::log_store::read_batches;
use super::quorum::membership::{Membership, QuorumChange};
use super::quorum::network::RaftCall;
use super::quorum::observer::{self, ImagePiece};
use super::quorum::serve::{self, ServeError};
use super::quorum::start::{self, Quorum, QuorumOptions, StartError};
use super::quorum::testimony::{self, Testimony};
use super::quorum::types::{EntryId, ServerState, node_id, offset, raft_id};
use super::quorum::voters::{Member, VoterEndpoint, Voters};
use super::sessions::Lost;
use crate::base::clock::SharedClock;
use crate::base::ids::{LeaderEpoch, Millis, NodeId, Offset, Uuid};
use crate::base::limits::{CONTROLLER_QUEUE_MAX, METADATA_OBSERVERS_MAX};
use crate::config::server::ServerConfig;
use crate::machine::blocking;
use crate::metadata::image::MetadataImage;

/// Bytes of the metadata log that an observer is given at once.
const ENTRIES_BYTES: usize = 1024 * 1024;
/// Entries that an observer may be behind before the image is the shorter way.
const ENTRIES_BEHIND_MAX: i64 = 20_000;
/// An observer that has not asked for so long is no longer told of.
const OBSERVER_FORGOTTEN: Millis = Millis(300_000);

/// What a controller is started with.
pub struct ControllerOptions {
    /// The node and its storage.
    pub quorum: QuorumOptions,
    /// The cluster's id.
    pub cluster_id: String,
    /// The static configuration.
    pub config: Arc<ServerConfig>,
    /// Where the time comes from.
    pub clock: SharedClock,
    /// Finds out whether a broker's process is gone; none where all brokers run in this process.
    pub probe: Option<Arc<dyn Probe>>,
}

/// Why an operation has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum ControllerError {
    /// Another node leads, or none.
    #[error("this node is not the active controller")]
    NotController {
        /// Who leads, if that is known.
        leader: Option<NodeId>,
    },
    /// It may or may not have happened.
    #[error("it is not known whether the operation was committed")]
    Unknown,
    /// Too many operations wait. Nothing happened.
    #[error("too many operations wait")]
    Busy,
    /// The controller has stopped, or its storage failed.
    #[error("the controller has stopped")]
    Stopped,
}

/// An answer, and the offset from which on the metadata agree with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Committed<T> {
    /// The answer.
    pub reply: T,
    /// Wait for this offset to be applied before acting on the answer.
    pub offset: Offset,
}

/// What an operation comes to.
pub type Answer = Result<Committed<Reply>, ControllerError>;

/// What DescribeQuorum tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuorumStatus {
    /// Who leads; [`NodeId::NONE`] if nobody.
    pub leader_id: NodeId,
    /// In which term.
    pub leader_epoch: LeaderEpoch,
    /// The end of what is committed.
    pub high_watermark: Offset,
    /// Those who vote.
    pub voters: Vec<QuorumReplica>,
    /// Those who follow without a vote.
    pub observers: Vec<QuorumReplica>,
    /// Where the voters listen.
    pub listeners: BTreeMap<NodeId, Vec<VoterEndpoint>>,
}

/// What this node is in the quorum, for who watches it.
#[derive(Clone, Debug)]
pub struct RaftState {
    /// `leader`, `follower`, `candidate`, `observer` or `unattached`.
    pub state: &'static str,
    /// Who leads; [`NodeId::NONE`] if nobody.
    pub leader: NodeId,
    /// In which term.
    pub epoch: LeaderEpoch,
    /// Who has this node's vote in it; [`NodeId::NONE`] if nobody.
    pub voted_for: NodeId,
    /// The end of what is committed and applied.
    pub high_watermark: Offset,
    /// The end of the log.
    pub log_end_offset: Offset,
    /// How many vote.
    pub voters: usize,
    /// How many follow without a vote; only the leader knows.
    pub observers: Option<usize>,
    /// How long the leader has not been heard; zero at the leader itself.
    pub lag: Millis,
}

/// One member of the quorum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuorumReplica {
    /// Who.
    pub id: NodeId,
    /// The directory of its log.
    pub directory_id: Uuid,
    /// The end of its log.
    pub log_end_offset: Offset,
    /// When it last fetched (wall clock).
    pub last_fetch: Millis,
    /// When it last had everything (wall clock).
    pub last_caught_up: Millis,
}

/// The controller. Clones speak to the same one.
#[derive(Clone)]
pub struct QuorumController {
    shared: Arc<Shared>,
}

struct Shared {
    quorum: Quorum,
    queue: mpsc::Sender<Waiting>,
    node_id: NodeId,
    own: Member,
    membership: Arc<Membership>,
    /// The members as they were last asked for, and where in the log that was agreed on.
    voters: Mutex<(Option<EntryId>, Arc<Voters>)>,
    clock: SharedClock,
    running: watch::Receiver<bool>,
    lost: Lost,
    observers: Mutex<BTreeMap<NodeId, QuorumReplica>>,
    /// Bytes of one piece of an image.
    piece_bytes: usize,
    /// The image that observers are fetching: all pieces must be of the same one.
    fetched: Mutex<Option<(Offset, LeaderEpoch, Bytes)>>,
}

impl QuorumController {
    /// Starts it. An empty directory becomes a new cluster. A quorum of one is waited for until it leads and has written what
    /// a new cluster begins with.
    pub async fn start(options: ControllerOptions) -> Result<Self, StartError> {
        let quorum = start::start(&options.quorum, &options.clock).await?;
        let (queue, waiting) = mpsc::channel(CONTROLLER_QUEUE_MAX);
        let (alive, running) = watch::channel(true);
        let alone = quorum.alone;
        let lost = Lost::default();
        let context = Context {
            now: options.clock.wall(),
            next_offset: Offset(0),
            node_id: options.quorum.node_id,
            cluster_id: options.cluster_id,
            config: options.config,
            chance: Arc::new(SystemChance) as Arc<dyn Chance>,
            gone: Default::default(),
        };
        let membership = Arc::new(Membership::new(&quorum, context.config.controller_listener_name()));
        tokio::spawn(Arc::clone(&membership).look_after(Arc::clone(&options.clock)));
        let shared = Arc::new(Shared {
            queue: queue.clone(),
            node_id: options.quorum.node_id,
            own: options.quorum.own.clone(),
            membership,
            voters: Mutex::default(),
            clock: Arc::clone(&options.clock),
            running,
            lost: lost.clone(),
            observers: Mutex::default(),
            piece_bytes: usize::try_from(options.quorum.snapshots.piece_bytes).unwrap_or(usize::MAX),
            fetched: Mutex::default(),
            quorum,
        });
        let decider = Decider::new(&shared.quorum, context, options.clock, lost, options.probe, queue.downgrade());
        tokio::spawn(decider.run(waiting, alive));
        let controller = Self { shared };
        if alone {
            let founded = |image: &Arc<MetadataImage>| image.features().finalized().next().is_some();
            let mut images = controller.subscribe();
            tokio::select! {
                biased;
                _ = images.wait_for(founded) => {}
                () = controller.stopped() => return Err(StartError::Raft("it stopped before it led".to_owned())),
            }
        }
        Ok(controller)
    }

    /// Has an operation decided and waits for its answer.
    pub async fn submit<O: Ask>(&self, operation: O) -> Result<Committed<O::Answer>, ControllerError> {
        answer_of::<O>(self.submit_any(operation.into()).await?)
    }

    /// The same, for an operation whose kind is known only at run time.
    pub async fn submit_any(&self, operation: Operation) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.shared.queue.try_send(Waiting { operation, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => ControllerError::Busy,
            mpsc::error::TrySendError::Closed(_) => ControllerError::Stopped,
        })?;
        answered.await.map_err(|_| ControllerError::Unknown)?
    }

    /// The metadata as committed and applied here.
    pub fn image(&self) -> Arc<MetadataImage> {
        self.shared.quorum.state.image()
    }

    /// Follows the metadata.
    pub fn subscribe(&self) -> watch::Receiver<Arc<MetadataImage>> {
        self.shared.quorum.state.subscribe()
    }

    /// True while this node leads and a quorum follows it.
    pub fn is_leader(&self) -> bool {
        *self.shared.running.borrow() && self.shared.quorum.leadership.standing().leads
    }

    /// Who leads, as far as this node knows.
    pub fn leader(&self) -> Option<NodeId> {
        self.shared.quorum.leadership.standing().leader
    }

    /// Whether this node has ever been part of a quorum.
    pub async fn is_founded(&self) -> bool {
        self.shared.quorum.raft.is_initialized().await.unwrap_or(false)
    }

    /// Who votes, as this node knows it; nobody while it has never been part of a quorum.
    pub fn voters(&self) -> Arc<Voters> {
        let metrics = self.shared.quorum.raft.metrics();
        let at = metrics.borrow().membership_config.log_id().to_owned();
        let mut known = self.shared.voters.lock();
        if known.1.is_empty() || known.0 != at {
            let voters = Voters::of(metrics.borrow().membership_config.membership());
            *known = (at, Arc::new(voters));
        }
        Arc::clone(&known.1)
    }

    /// What this node tells the quorum of itself.
    pub fn own(&self) -> &Member {
        &self.shared.own
    }

    /// Changes who is in the quorum. Only the leader does.
    pub async fn change_quorum(&self, change: QuorumChange) -> Result<Result<(), ApiError>, ControllerError> {
        match self.shared.membership.change(change).await {
            Some(changed) => Ok(changed),
            None => Err(ControllerError::NotController { leader: self.leader() }),
        }
    }

    /// Who leads, and how far everybody is. Only the leader knows of the others.
    pub fn status(&self) -> QuorumStatus {
        let shared = &self.shared;
        let metrics = shared.quorum.raft.metrics().borrow().clone();
        let standing = shared.quorum.leadership.standing();
        let now = shared.clock.wall();
        let end = shared.quorum.log.log_end_offset();
        let members = Voters::of(metrics.membership_config.membership());
        let replica = |(id, member): (&NodeId, &Member)| {
            let own = *id == shared.node_id;
            let matched = metrics.replication.as_ref().and_then(|all| all.get(&raft_id(*id)).copied().flatten());
            let contact = shared.quorum.network.contacts.of(raft_id(*id));
            let directory = if own { shared.own.directory_id } else { contact.directory_id };
            QuorumReplica {
                id: *id,
                directory_id: if member.directory_id.is_zero() { directory } else { member.directory_id },
                log_end_offset: if own { end } else { matched.map_or(Offset::NONE, |id| offset(&id).plus(1)) },
                last_fetch: if own { now } else { contact.last_fetch.unwrap_or(Millis::NONE) },
                last_caught_up: if own { now } else { contact.last_caught_up.unwrap_or(Millis::NONE) },
            }
        };
        let voters = members.voters.iter().map(replica).collect();
        let mut observers = shared.observers.lock();
        observers.retain(|_, observer| now.since(observer.last_fetch) < OBSERVER_FORGOTTEN);
        QuorumStatus {
            leader_id: standing.leader.unwrap_or(NodeId::NONE),
            leader_epoch: standing.epoch,
            high_watermark: metrics.last_applied.map_or(Offset(0), |id| offset(&id).plus(1)),
            voters,
            observers: members.learners.iter().map(replica).chain(observers.values().cloned()).collect(),
            listeners: members.voters.into_iter().map(|(id, member)| (id, member.endpoints)).collect(),
        }
    }

    /// What this node is in the quorum now.
    pub fn raft_state(&self) -> RaftState {
        let quorum = &self.shared.quorum;
        let metrics = quorum.raft.metrics().borrow().clone();
        let standing = quorum.leadership.standing();
        let state = match metrics.state {
            ServerState::Leader if standing.leads => "leader",
            ServerState::Candidate => "candidate",
            ServerState::Learner => "observer",
            _ if standing.leader.is_some() => "follower",
            _ => "unattached",
        };
        RaftState {
            state,
            leader: standing.leader.unwrap_or(NodeId::NONE),
            epoch: standing.epoch,
            voted_for: metrics.vote.leader_id.voted_for.map_or(NodeId::NONE, node_id),
            high_watermark: metrics.last_applied.map_or(Offset(0), |id| offset(&id).plus(1)),
            log_end_offset: quorum.log.log_end_offset(),
            voters: metrics.membership_config.membership().voter_ids().count(),
            observers: standing.leads.then(|| self.status().observers.len()),
            lag: if standing.leads { Millis(0) } else { quorum.network.pulse.silence() },
        }
    }

    /// What this node says of itself, for who compares all members of the quorum.
    pub fn testimony(&self) -> Testimony {
        testimony::of(&self.shared.quorum)
    }

    /// Answers what another controller sends, whose log is in `directory_id`.
    pub async fn raft(
        &self,
        sender: NodeId,
        directory_id: Uuid,
        call: RaftCall,
        payload: &[u8],
    ) -> Result<Vec<u8>, ServeError> {
        // A leader that heard of its own leadership from outside would end the quorum.
        if sender == self.shared.node_id {
            return Err(ServeError::Itself(sender));
        }
        if self.voters().member(sender).is_some_and(|member| !member.may_be(directory_id)) {
            return Err(ServeError::OtherLog { sender });
        }
        serve::answer(&self.shared.quorum, sender, call, payload).await
    }

    /// The process of a voter is gone: if it led, nobody waits for it any longer.
    pub fn voter_is_gone(&self, id: NodeId) {
        if self.leader() == Some(id) {
            self.shared.quorum.network.pulse.leader_is_gone();
        }
    }

    /// The connection of a broker has ended, and with it perhaps the broker.
    pub fn connection_lost(&self, broker: NodeId) {
        self.shared.lost.put(broker);
    }

    /// Committed metadata behind `after` for an observer; waits for some for at most `wait`. Only the leader gives any.
    pub async fn follow(
        &self,
        observer: NodeId,
        directory_id: Uuid,
        after: Offset,
        wait: Duration,
    ) -> Result<Vec<u8>, ControllerError> {
        let standing = self.shared.quorum.leadership.standing();
        if !standing.leads {
            return Err(ControllerError::NotController { leader: standing.leader });
        }
        self.note_observer(observer, directory_id, after);
        let log = Arc::clone(&self.shared.quorum.log);
        let behind = self.image().offset().0 - after.0;
        if after.plus(1) < log.log_start_offset() || behind > ENTRIES_BEHIND_MAX {
            return Ok(observer::put_too_far_behind());
        }
        let mut images = self.subscribe();
        // Nothing new in that time is an answer too.
        let _ = tokio::time::timeout(wait, images.wait_for(|image| image.offset() > after)).await;
        let committed = self.image().offset();
        let read = move || read_batches(&log, after.plus(1), committed, ENTRIES_BYTES);
        match blocking::run(read).await {
            Ok(Ok(batches)) => Ok(observer::put_entries(&batches)),
            Ok(Err(error)) => {
                tracing::error!(%error, "the metadata log cannot be read for an observer");
                Err(ControllerError::Stopped)
            }
            Err(_) => Err(ControllerError::Stopped),
        }
    }

    fn note_observer(&self, id: NodeId, directory_id: Uuid, after: Offset) {
        let now = self.shared.clock.wall();
        let mut observers = self.shared.observers.lock();
        if observers.len() >= METADATA_OBSERVERS_MAX && !observers.contains_key(&id) {
            return;
        }
        let caught_up = after >= self.image().offset();
        let before = observers.get(&id).map_or(Millis::NONE, |observer| observer.last_caught_up);
        let observer = QuorumReplica {
            id,
            directory_id,
            log_end_offset: after.plus(1),
            last_fetch: now,
            last_caught_up: if caught_up { now } else { before },
        };
        observers.insert(id, observer);
    }

    /// A piece of an image: of that which ends at `end`, from `position` on; of a new one if `end` is none or no longer at hand.
    pub async fn fetch_image(&self, end: Offset, position: u64) -> Result<Vec<u8>, ControllerError> {
        let held = self.shared.fetched.lock().clone().filter(|(held, ..)| *held == end);
        let ((end, epoch, bytes), position) = match held {
            Some(held) => (held, usize::try_from(position).unwrap_or(usize::MAX)),
            None => {
                let (state, now) = (self.shared.quorum.state.clone(), self.shared.clock.wall());
                let made = blocking::run(move || state.as_snapshot(now)).await;
                let made = made.map_err(|_| ControllerError::Stopped)?.map_err(|error| {
                    tracing::error!(%error, "the metadata cannot be written as a snapshot");
                    ControllerError::Stopped
                })?;
                *self.shared.fetched.lock() = Some(made.clone());
                (made, 0)
            }
        };
        let from = position.min(bytes.len());
        let upto = from.saturating_add(self.shared.piece_bytes).min(bytes.len());
        Ok(observer::put_piece(&ImagePiece { end, epoch, total: bytes.len() as u64, bytes: &bytes[from..upto] }))
    }

    /// Returns when the controller has stopped by itself: its storage failed, and the node must end.
    pub async fn stopped(&self) {
        let mut running = self.shared.running.clone();
        let _ = running.wait_for(|running| !*running).await;
    }

    /// Stops it; what was answered is on disk already.
    pub async fn shutdown(&self) {
        if let Err(error) = self.shared.quorum.raft.shutdown().await {
            tracing::warn!(%error, "the quorum did not stop in order");
        }
        let log = Arc::clone(&self.shared.quorum.log);
        if let Ok(Err(error)) = blocking::run(move || log.close()).await {
            tracing::warn!(%error, "closing the metadata log");
        }
    }
}

/// An answer of the kind that belongs to the operation. The decider answers each with its own (decide.rs); another node might
/// not, and then nothing is known.
pub fn answer_of<O: Ask>(committed: Committed<Reply>) -> Result<Committed<O::Answer>, ControllerError> {
    let reply = O::answer(committed.reply).map_err(|_| ControllerError::Unknown)?;
    Ok(Committed { reply, offset: committed.offset })
}

#[cfg(test)]
#[path = "quorum_controller_test.rs"]
mod tests;
