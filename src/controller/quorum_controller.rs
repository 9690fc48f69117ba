//! The handle through which everybody speaks to the controller, and the one task that decides.
//!
//! The task takes whatever operations wait, decides them one by one, each on the image that the ones before it leave, and
//! has all their records agreed on as one entry. So a thousand topics created at once cost one fsync, not a thousand. The
//! answers go out when the entry is committed and applied.
//!
//! If it is not known whether an entry was committed, nothing more is decided until it is: a decision on an image that may
//! lack a committed record could contradict it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::brokers;
use super::context::{Chance, Context, SystemChance};
use super::decide::decide;
use super::operation::{Ask, Operation, Reply};
use super::quorum::agree::{self, AgreeError};
use super::quorum::start::{self, Quorum, QuorumOptions, StartError};
use super::quorum::types::{node_id, offset};
use super::sessions::Sessions;
use crate::base::clock::SharedClock;
use crate::base::ids::{LeaderEpoch, Millis, NodeId, Offset, Uuid};
use crate::base::limits::{CONTROLLER_BATCH_OPERATIONS_MAX, CONTROLLER_QUEUE_MAX, RECORDS_PER_ENTRY_MAX};
use crate::config::server::ServerConfig;
use crate::metadata::configs::ResourceType;
use crate::metadata::features::bootstrap_records;
use crate::metadata::image::MetadataImage;
use crate::metadata::record::{Config, MetadataRecord};

/// How often silent brokers are looked for.
const SESSION_CHECK: Duration = Duration::from_millis(500);

/// What a controller is started with.
pub struct ControllerOptions {
    /// The node and its storage.
    pub quorum: QuorumOptions,
    /// The cluster's id.
    pub cluster_id: String,
    /// The id of the directory that holds the metadata log.
    pub directory_id: Uuid,
    /// The static configuration.
    pub config: Arc<ServerConfig>,
    /// Where the time comes from.
    pub clock: SharedClock,
}

/// Why an operation has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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
#[derive(Clone, Debug)]
pub struct Committed<T> {
    /// The answer.
    pub reply: T,
    /// Wait for this offset to be applied before acting on the answer.
    pub offset: Offset,
}

type Answer = Result<Committed<Reply>, ControllerError>;

struct Waiting {
    operation: Operation,
    answer: oneshot::Sender<Answer>,
}

/// What DescribeQuorum tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumStatus {
    /// Who leads; [`NodeId::NONE`] if nobody.
    pub leader_id: NodeId,
    /// In which term.
    pub leader_epoch: LeaderEpoch,
    /// The end of what is committed.
    pub high_watermark: Offset,
    /// Those who vote.
    pub voters: Vec<QuorumReplica>,
}

/// One member of the quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    directory_id: Uuid,
    clock: SharedClock,
    running: watch::Receiver<bool>,
}

impl QuorumController {
    /// Starts it and waits until it leads. An empty directory becomes a new cluster.
    pub async fn start(options: ControllerOptions) -> Result<Self, StartError> {
        let quorum = start::start(&options.quorum, &options.clock).await?;
        let (queue, waiting) = mpsc::channel(CONTROLLER_QUEUE_MAX);
        let (alive, running) = watch::channel(true);
        let context = Context {
            now: options.clock.wall(),
            next_offset: Offset(0),
            node_id: options.quorum.node_id,
            cluster_id: options.cluster_id,
            config: options.config,
            chance: Arc::new(SystemChance) as Arc<dyn Chance>,
        };
        let session =
            context.config.text("broker.session.timeout.ms").and_then(|text| text.parse().ok()).unwrap_or(9_000);
        let decider = Decider {
            raft: quorum.raft.clone(),
            state: quorum.state.clone(),
            context,
            clock: options.clock.clone(),
            sessions: Sessions::new(Millis(session)),
        };
        if quorum.state.image().features().finalized().next().is_none() {
            decider
                .write(first_records(&decider.context.config))
                .await
                .map_err(|error| StartError::Raft(format!("the first records: {error}")))?;
        }
        let shared = Shared {
            quorum,
            queue,
            node_id: options.quorum.node_id,
            directory_id: options.directory_id,
            clock: options.clock,
            running,
        };
        tokio::spawn(decider.run(waiting, alive));
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Has an operation decided and waits for its answer.
    pub async fn submit<O: Ask>(&self, operation: O) -> Result<Committed<O::Answer>, ControllerError> {
        let committed = self.submit_any(operation.into()).await?;
        // The decider answers each operation with its own kind of reply (decide.rs).
        let reply = O::answer(committed.reply).map_err(|_| ControllerError::Stopped)?;
        Ok(Committed { reply, offset: committed.offset })
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

    /// True while this node leads.
    pub fn is_leader(&self) -> bool {
        *self.shared.running.borrow() && self.status().leader_id == self.shared.node_id
    }

    /// Who leads, and how far everybody is.
    pub fn status(&self) -> QuorumStatus {
        let metrics = self.shared.quorum.raft.metrics().borrow().clone();
        let now = self.shared.clock.wall();
        let end = self.shared.quorum.log.log_end_offset();
        let voters = metrics
            .membership_config
            .membership()
            .voter_ids()
            .map(|id| {
                let own = node_id(id) == self.shared.node_id;
                let matched = metrics.replication.as_ref().and_then(|r| r.get(&id).copied().flatten());
                QuorumReplica {
                    id: node_id(id),
                    directory_id: if own { self.shared.directory_id } else { Uuid::ZERO },
                    log_end_offset: if own { end } else { matched.map_or(Offset::NONE, |id| offset(&id).plus(1)) },
                    last_fetch: if own { now } else { Millis::NONE },
                    last_caught_up: if own { now } else { Millis::NONE },
                }
            })
            .collect();
        QuorumStatus {
            leader_id: metrics.current_leader.map_or(NodeId::NONE, node_id),
            leader_epoch: LeaderEpoch(i32::try_from(metrics.current_term).unwrap_or(i32::MAX)),
            high_watermark: metrics.last_applied.map_or(Offset(0), |id| offset(&id).plus(1)),
            voters,
        }
    }

    /// The metadata log, for those who follow it as a partition.
    pub fn log(&self) -> &Arc<crate::log::log::Log> {
        &self.shared.quorum.log
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
        if let Ok(Err(error)) = tokio::task::spawn_blocking(move || log.close()).await {
            tracing::warn!(%error, "closing the metadata log");
        }
    }
}

/// What a new cluster begins with: the feature levels and, as the eligible leader replicas need one value that all nodes agree on
/// (KIP-966), the founder's `min.insync.replicas` as the cluster's.
fn first_records(config: &ServerConfig) -> Vec<MetadataRecord> {
    let mut records = bootstrap_records();
    records.push(MetadataRecord::Config(Config {
        resource_type: ResourceType::Broker.id(),
        resource_name: String::new(),
        name: "min.insync.replicas".to_owned(),
        value: Some(config.min_insync_replicas().to_string()),
    }));
    records
}

struct Decider {
    raft: super::quorum::types::Raft,
    state: super::quorum::state_machine::StateMachine,
    context: Context,
    clock: SharedClock,
    sessions: Sessions,
}

impl Decider {
    async fn run(mut self, mut waiting: mpsc::Receiver<Waiting>, alive: watch::Sender<bool>) {
        let mut check = tokio::time::interval(SESSION_CHECK);
        let mut metrics = self.raft.server_metrics();
        loop {
            let mut batch = Vec::new();
            tokio::select! {
                taken = waiting.recv_many(&mut batch, CONTROLLER_BATCH_OPERATIONS_MAX) => {
                    if taken == 0 {
                        break;
                    }
                    self.round(batch).await;
                }
                _ = check.tick() => self.fence_silent().await,
                changed = metrics.changed() => {
                    if changed.is_err() {
                        break;
                    }
                }
            }
            if let Err(error) = self.raft.metrics().borrow().running_state.clone() {
                tracing::error!(%error, "the metadata quorum stopped");
                break;
            }
        }
        alive.send_replace(false);
    }

    /// Decides what waits and answers all of it.
    async fn round(&mut self, mut batch: Vec<Waiting>) {
        while !batch.is_empty() {
            let (records, answers, rest) = self.decide_some(batch);
            batch = rest;
            let outcome = if records.is_empty() { Ok(self.state.image().offset()) } else { self.write(records).await };
            for (answer, reply) in answers {
                // Who asked may be gone; what was decided stands.
                let _ = answer.send(outcome.clone().map(|offset| Committed { reply, offset }));
            }
            if matches!(outcome, Err(ControllerError::Unknown)) {
                agree::settle(&self.raft).await;
            }
        }
    }

    /// Decides operations, each on what the ones before it leave, until one entry is full.
    #[allow(clippy::type_complexity)]
    fn decide_some(
        &mut self,
        batch: Vec<Waiting>,
    ) -> (Vec<MetadataRecord>, Vec<(oneshot::Sender<Answer>, Reply)>, Vec<Waiting>) {
        let mut scratch = MetadataImage::clone(&self.state.image());
        self.context.now = self.clock.wall();
        self.context.next_offset = scratch.offset().plus(1);
        let (mut records, mut answers) = (Vec::new(), Vec::new());
        let mut rest = batch.into_iter();
        for waiting in rest.by_ref() {
            if let Operation::BrokerHeartbeat(beat) = &waiting.operation {
                self.sessions.touch(beat.broker_id, self.clock.monotonic());
            }
            // The offset of the entry is the epoch of a broker that registers: one registration per entry.
            let last = matches!(waiting.operation, Operation::RegisterBroker(_));
            let decision = decide(&scratch, &self.context, &waiting.operation);
            for record in &decision.records {
                let fits = scratch.apply(self.context.next_offset, record);
                assert!(fits.is_ok(), "{} decided a record that does not fit: {fits:?}", waiting.operation.name());
            }
            tracing::debug!(operation = waiting.operation.name(), records = decision.records.len(), "decided");
            records.extend(decision.records);
            answers.push((waiting.answer, decision.reply));
            if last || records.len() >= RECORDS_PER_ENTRY_MAX {
                break;
            }
        }
        (records, answers, rest.collect())
    }

    async fn fence_silent(&mut self) {
        let leads = self.raft.metrics().borrow().current_leader.map(node_id) == Some(self.context.node_id);
        if !leads {
            self.sessions.restart();
            return;
        }
        let image = self.state.image();
        let silent = self.sessions.silent(&image, self.clock.monotonic());
        self.context.next_offset = image.offset().plus(1);
        // A broker in this very process is as alive as we are.
        if let Some(id) = silent.into_iter().find(|id| !self.context.is_local(*id)) {
            tracing::info!(broker = %id, "fencing a broker that has fallen silent");
            if let Err(ControllerError::Unknown) = self.write(brokers::fence(&image, &self.context, id)).await {
                agree::settle(&self.raft).await;
            }
        }
    }

    /// Has records agreed on as one entry. The offset is the entry's; it is applied.
    async fn write(&self, records: Vec<MetadataRecord>) -> Result<Offset, ControllerError> {
        agree::agree(&self.raft, records).await.map_err(|error| match error {
            AgreeError::NotLeader(leader) => ControllerError::NotController { leader },
            AgreeError::Unknown => ControllerError::Unknown,
        })
    }
}

#[cfg(test)]
#[path = "quorum_controller_test.rs"]
mod tests;
