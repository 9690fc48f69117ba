//! The one task that decides, while this node leads.
//!
//! It takes whatever operations wait, decides them one by one, each on the image that the ones before it leave, and has all
//! their records agreed on as one entry. So a thousand topics created at once cost one fsync, not a thousand. The answers go
//! out when the entry is committed and applied.
//!
//! If it is not known whether an entry was committed, nothing more is decided until it is: a decision on an image that may
//! lack a committed record could contradict it. For the same reason a new leader first applies all that its log holds.
//!
//! A broker that falls silent is fenced when its session has ended; at once if its process is known to be gone: its
//! connection ended, or it missed a heartbeat, and nobody listens at its port any more.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::balance::Balance;
use super::brokers::{self, FenceBroker};
use super::context::Context;
use super::decide::decide;
use super::operation::{Operation, Reply};
use super::probe::Probe;
use super::quorum::agree::{self, AgreeError};
use super::quorum::leadership::{Leadership, Standing};
use super::quorum::start::Quorum;
use super::quorum::state_machine::StateMachine;
use super::quorum::types::Raft;
use super::quorum_controller::{Answer, Committed, ControllerError};
use super::sessions::{Lost, Sessions};
use crate::base::clock::SharedClock;
use crate::base::ids::{LeaderEpoch, Millis, NodeId, Offset};
use crate::base::limits::{CONTROLLER_BATCH_OPERATIONS_MAX, RECORDS_PER_ENTRY_MAX};
use crate::config::server::ServerConfig;
use crate::metadata::configs::ResourceType;
use crate::metadata::features::bootstrap_records;
use crate::metadata::image::MetadataImage;
use crate::metadata::record::{Config, MetadataRecord};

/// How often silent brokers are looked for, and whether this node still leads.
const SESSION_CHECK: Duration = Duration::from_millis(200);

/// An operation and who waits for its answer.
pub(super) struct Waiting {
    pub operation: Operation,
    pub answer: oneshot::Sender<Answer>,
}

/// The task.
pub(super) struct Decider {
    raft: Raft,
    state: StateMachine,
    context: Context,
    clock: SharedClock,
    leadership: Leadership,
    sessions: Sessions,
    balance: Balance,
    lost: Lost,
    probe: Option<Arc<dyn Probe>>,
    /// Where a probe brings what it found. Weak: the task ends when nobody else can ask it anything.
    queue: mpsc::WeakSender<Waiting>,
    /// The term in which this node has taken over.
    term: Option<LeaderEpoch>,
}

impl Decider {
    pub(super) fn new(
        quorum: &Quorum,
        context: Context,
        clock: SharedClock,
        lost: Lost,
        probe: Option<Arc<dyn Probe>>,
        queue: mpsc::WeakSender<Waiting>,
    ) -> Self {
        let ms = |value: i32| Millis(i64::from(value));
        let config = &context.config;
        let sessions = Sessions::new(ms(config.broker_session_timeout_ms()), ms(config.broker_heartbeat_interval_ms()));
        let balance = Balance::new(config);
        let Quorum { raft, state, leadership, .. } = quorum;
        let (raft, state, leadership) = (raft.clone(), state.clone(), leadership.clone());
        Self { raft, state, context, clock, leadership, sessions, balance, lost, probe, queue, term: None }
    }

    pub(super) async fn run(mut self, mut waiting: mpsc::Receiver<Waiting>, alive: watch::Sender<bool>) {
        let mut check = tokio::time::interval(SESSION_CHECK);
        check.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut metrics = self.raft.server_metrics();
        loop {
            let mut batch = Vec::new();
            tokio::select! {
                taken = waiting.recv_many(&mut batch, CONTROLLER_BATCH_OPERATIONS_MAX) => {
                    if taken == 0 {
                        break;
                    }
                }
                _ = check.tick() => {}
                changed = metrics.changed() => {
                    if changed.is_err() {
                        break;
                    }
                }
            }
            let standing = self.leadership.standing();
            if !standing.runs {
                tracing::error!("the metadata quorum stopped");
                break;
            }
            if self.leads(standing).await {
                self.round(batch).await;
                self.look_after_brokers().await;
                self.look_after_leaders().await;
            } else {
                for waiting in batch {
                    let _ = waiting.answer.send(Err(ControllerError::NotController { leader: standing.leader }));
                }
            }
        }
        alive.send_replace(false);
    }

    /// Whether this node leads; what it must do first, when it begins to, is done.
    async fn leads(&mut self, standing: Standing) -> bool {
        if !standing.leads {
            if self.term.take().is_some() {
                tracing::info!(epoch = %standing.epoch, "this node is no longer the active controller");
            }
            return false;
        }
        if self.term == Some(standing.epoch) {
            return true;
        }
        if !self.leadership.settle().await {
            return false;
        }
        let new = self.state.image().features().finalized().next().is_none();
        if new && let Err(error) = self.write(first_records(&self.context.config)).await {
            tracing::warn!(%error, "the first records of a new cluster");
            return false;
        }
        // Whose connection ended while somebody else led is not known here.
        self.lost.take();
        self.sessions.restart();
        self.balance.restart(self.clock.monotonic());
        self.term = Some(standing.epoch);
        tracing::info!(epoch = %standing.epoch, "this node is the active controller");
        true
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
            if matches!(outcome, Err(ControllerError::Unknown)) && !self.leadership.settle().await {
                self.term = None;
            }
            if self.term.is_none() || matches!(outcome, Err(ControllerError::NotController { .. })) {
                let leader = self.leadership.standing().leader;
                for waiting in batch.drain(..) {
                    let _ = waiting.answer.send(Err(ControllerError::NotController { leader }));
                }
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
            self.notice(&scratch, &waiting.operation);
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

    /// Signs of life, and what they say of a registration that is about to be decided.
    fn notice(&mut self, image: &MetadataImage, operation: &Operation) {
        match operation {
            Operation::BrokerHeartbeat(beat) => {
                let known = image.brokers().get(beat.broker_id);
                // The heartbeat of a process that was replaced keeps nobody alive.
                if known.is_some_and(|broker| broker.broker_epoch == beat.broker_epoch) {
                    self.sessions.touch(beat.broker_id, self.clock.monotonic());
                }
            }
            Operation::RegisterBroker(_) => {
                self.sessions.lose(self.lost.take());
                self.context.gone = self.sessions.unheard(image);
            }
            Operation::AlterConfigs(_) => self.balance.settings_changed(),
            _ => {}
        }
    }

    /// Fences who is silent or gone, and asks after those who may be gone.
    async fn look_after_brokers(&mut self) {
        let image = self.state.image();
        let now = self.clock.monotonic();
        self.sessions.lose(self.lost.take());
        let remote = |id: &NodeId| !self.context.is_local(*id);
        // A broker in this very process is as alive as we are.
        let silent: Vec<_> = self.sessions.silent(&image, now).into_iter().filter(remote).collect();
        let doubtful: BTreeSet<_> = self.sessions.doubtful(&image, now).into_iter().filter(remote).collect();
        for id in doubtful {
            self.ask_after(&image, id);
        }
        self.context.next_offset = image.offset().plus(1);
        if let Some(id) = silent.into_iter().next() {
            tracing::info!(broker = %id, "fencing a broker that has fallen silent");
            self.write_unasked(brokers::fence(&image, &self.context, id)).await;
        }
    }

    /// Elections for which it is time.
    async fn look_after_leaders(&mut self) {
        let image = self.state.image();
        self.context.next_offset = image.offset().plus(1);
        let records = self.balance.due(&image, &self.context, self.clock.monotonic());
        if !records.is_empty() {
            tracing::info!(elections = records.len(), "leaderships go where they are preferred, or to whoever is left");
            self.write_unasked(records).await;
        }
    }

    /// Writes what nobody has asked for: it is decided again if it was lost.
    async fn write_unasked(&mut self, records: Vec<MetadataRecord>) {
        if let Err(ControllerError::Unknown) = self.write(records).await
            && !self.leadership.settle().await
        {
            self.term = None;
        }
    }

    /// Knocks at a broker's port, in the background. A refusal comes back as an operation.
    fn ask_after(&self, image: &MetadataImage, id: NodeId) {
        let Some(probe) = self.probe.clone() else { return };
        let Some(broker) = image.brokers().get(id) else { return };
        let between = self.context.config.inter_broker_listener();
        let Some(endpoint) = broker.endpoint(between).or(broker.endpoints.first()) else { return };
        let knock = probe.is_refused(endpoint.host.clone(), endpoint.port);
        let (queue, broker_epoch) = (self.queue.clone(), broker.broker_epoch);
        tokio::spawn(async move {
            if !knock.await {
                return;
            }
            let Some(queue) = queue.upgrade() else { return };
            let (answer, _) = oneshot::channel();
            let operation = Operation::FenceBroker(FenceBroker { broker_id: id, broker_epoch });
            // A full queue: the broker is asked after again soon.
            let _ = queue.try_send(Waiting { operation, answer });
        });
    }

    /// Has records agreed on as one entry. The offset is the entry's; it is applied.
    async fn write(&self, records: Vec<MetadataRecord>) -> Result<Offset, ControllerError> {
        agree::agree(&self.raft, records).await.map_err(|error| match error {
            AgreeError::NotLeader(leader) => ControllerError::NotController { leader },
            AgreeError::Unknown => ControllerError::Unknown,
        })
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
