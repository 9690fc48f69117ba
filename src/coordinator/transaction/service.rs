//! The transaction coordinator as the rest of the server sees it: finds the shard of a transactional id, submits, sees to it
//! that what was decided reaches every partition.
//!
//! ```text
//!  a handler ──> submit(id, |machine, now| add_partitions(machine, now, &op)) ──> Answer
//!  PREPARE committed ──> SendMarkers ──> leaders of the partitions, again and again until all have written ──> COMPLETE
//! ```
//!
//! Never knows where a partition is led nor how its leader is reached; that is joined in `node`.

use std::convert::Infallible;
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;

use super::complete::{Complete, complete};
use super::list::{Filter, Listed, list};
use super::machine::{Effect, Markers, NeedsProducerId, Outcome, TransactionMachine};
use super::overdue::abort_overdue;
use super::record::{Settings, TransactionRecord};
use super::state::TransactionVersion;
use crate::base::clock::SharedClock;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{LeaderEpoch, Millis, NodeId, PartitionIndex, ProducerId, TopicPartition};
use crate::base::topic_name::TRANSACTION_STATE;
use crate::config::server::ServerConfig;
use crate::coordinator::partition_of;
use crate::machine::coordinator::Coordinator;
use crate::machine::log::NotAppended;
use crate::machine::machine::{Machine, TransactionEnd};
use crate::machine::outcome;
use crate::machine::runtime::{Commits, Effects, Lost, Pending, Refused, Runtime, ShardLog, Waiters, Waiting};
use crate::machine::shards::{Shards, Unavailable};
use crate::metadata::image::MetadataImage;
use crate::record::compression::Compression;

/// How long a reply waits for its commitment, as Kafka's `request.timeout.ms` has it.
const PATIENCE: Duration = Duration::from_secs(30);
/// The first pause before markers are sent again, and the longest.
const PAUSE_MIN: Duration = Duration::from_millis(10);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// The partitions' leaders, wherever they are.
pub trait Leaders: Send + Sync + 'static {
    /// Has the marker written to `partitions`; returns those that must be tried again. An error: another coordinator has taken
    /// over.
    fn write<'a>(
        &'a self,
        end: TransactionEnd,
        partitions: Vec<TopicPartition>,
    ) -> Waiting<'a, Result<Vec<TopicPartition>, Fenced>>;
}

/// A newer coordinator of the same id has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("another coordinator has taken over")]
pub struct Fenced;

/// Where fresh producer ids come from.
pub trait ProducerIds: Send + Sync + 'static {
    /// One that is at hand.
    fn take(&self) -> Option<ProducerId>;
    /// One, as soon as the controller has given some. None: it gives none now.
    fn next(&self) -> Waiting<'_, Option<ProducerId>>;
}

/// An answer, or one on its way.
#[must_use]
pub enum Answer<T> {
    /// It may go out.
    Ready(Result<T, ErrorCode>),
    /// It waits for its commitment.
    Waiting(Pending<Result<T, ErrorCode>>),
}

impl<T> Answer<T> {
    /// The answer, once it may go out.
    pub async fn reply(self) -> Result<T, ErrorCode> {
        match self {
            Self::Ready(reply) => reply,
            Self::Waiting(pending) => match pending.reply().await {
                Ok(reply) => reply,
                Err(Lost::Moved) => Err(ErrorCode::NotCoordinator),
                Err(Lost::TimedOut) => Err(ErrorCode::CoordinatorNotAvailable),
            },
        }
    }
}

/// The transaction coordinator of this broker.
pub struct Service {
    shards: Shards<TransactionMachine>,
    image: ArcSwap<MetadataImage>,
    config: Arc<ServerConfig>,
    clock: SharedClock,
    leaders: Arc<dyn Leaders>,
    ids: Arc<dyn ProducerIds>,
    me: Weak<Service>,
}

impl Service {
    /// A coordinator that has no shard yet.
    pub fn new(
        config: Arc<ServerConfig>,
        clock: SharedClock,
        leaders: Arc<dyn Leaders>,
        ids: Arc<dyn ProducerIds>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            shards: Shards::default(),
            image: ArcSwap::default(),
            config,
            clock,
            leaders,
            ids,
            me: Weak::clone(me),
        })
    }

    /// The partition of `__transaction_state` that holds `id`.
    pub fn partition_for(&self, id: &str) -> Result<PartitionIndex, ErrorCode> {
        let image = self.image.load();
        let topic = image.topic(TRANSACTION_STATE).ok_or(ErrorCode::NotCoordinator)?;
        Ok(partition_of(id, topic.partitions.len()))
    }

    /// The broker that coordinates `id`.
    pub fn coordinator_of(&self, id: &str) -> Option<NodeId> {
        let image = self.image.load();
        let partitions = &image.topic(TRANSACTION_STATE)?.partitions;
        let index = usize::try_from(partition_of(id, partitions.len()).0).ok()?;
        partitions.get(index).map(|partition| partition.leader)
    }

    /// Decides one operation about `id` and makes it so. What fixes its order has happened when this returns.
    pub fn submit<T: Send + 'static>(
        &self,
        id: &str,
        decide: impl FnOnce(&TransactionMachine, Millis) -> Outcome<T>,
    ) -> Answer<T> {
        let done = self.shard_of(id).and_then(|shard| {
            shard.submit(|machine, call| Ok::<_, Infallible>(decide(machine, call.now))).map_err(refused)
        });
        done.map_or_else(|code| Answer::Ready(Err(code)), settle)
    }

    /// The same for an operation that may need a fresh producer id. None: it does, and none is at hand; see [`Self::finish`].
    pub fn begin_fresh<T: Send + 'static>(
        &self,
        id: &str,
        decide: impl Fn(&TransactionMachine, Millis, Option<ProducerId>) -> Result<Outcome<T>, NeedsProducerId>,
    ) -> Option<Answer<T>> {
        match self.attempt(id, None, &decide) {
            Ok(answer) => Some(answer),
            Err(NeedsProducerId) => {
                let fresh = self.ids.take()?;
                self.attempt(id, Some(fresh), &decide).ok()
            }
        }
    }

    /// The same once the controller has given ids.
    pub async fn finish<T: Send + 'static>(
        &self,
        id: &str,
        decide: impl Fn(&TransactionMachine, Millis, Option<ProducerId>) -> Result<Outcome<T>, NeedsProducerId>,
    ) -> Result<T, ErrorCode> {
        let answer = match self.begin_fresh(id, &decide) {
            Some(answer) => answer,
            None => {
                let fresh = self.ids.next().await.ok_or(ErrorCode::CoordinatorLoadInProgress)?;
                self.attempt(id, Some(fresh), &decide).map_err(|NeedsProducerId| ErrorCode::UnknownServerError)?
            }
        };
        answer.reply().await
    }

    fn attempt<T: Send + 'static>(
        &self,
        id: &str,
        fresh: Option<ProducerId>,
        decide: &impl Fn(&TransactionMachine, Millis, Option<ProducerId>) -> Result<Outcome<T>, NeedsProducerId>,
    ) -> Result<Answer<T>, NeedsProducerId> {
        let shard = match self.shard_of(id) {
            Ok(shard) => shard,
            Err(code) => return Ok(Answer::Ready(Err(code))),
        };
        match shard.submit(|machine, call| decide(machine, call.now, fresh)) {
            Ok(pending) => Ok(settle(pending)),
            Err(Refused::ByMachine(needs)) => Err(needs),
            Err(Refused::ByLog(why)) => Ok(Answer::Ready(Err(not_appended(&why)))),
            Err(Refused::Moved) => Ok(Answer::Ready(Err(ErrorCode::NotCoordinator))),
            Err(Refused::Busy) => Ok(Answer::Ready(Err(ErrorCode::CoordinatorNotAvailable))),
        }
    }

    /// All transactions here that pass the filter.
    pub fn list(&self, filter: &Filter) -> Result<Vec<Listed>, ErrorCode> {
        if self.shards.is_loading() {
            return Err(ErrorCode::CoordinatorLoadInProgress);
        }
        let now = self.clock.wall();
        let shards = self.shards.at_work().into_iter();
        Ok(shards.flat_map(|(_, shard)| shard.look(|machine| list(machine, now, filter))).collect())
    }

    fn shard_of(&self, id: &str) -> Result<Arc<Runtime<TransactionMachine>>, ErrorCode> {
        self.shards.find(self.partition_for(id)?).map_err(|why| match why {
            Unavailable::NotHere => ErrorCode::NotCoordinator,
            Unavailable::Loading => ErrorCode::CoordinatorLoadInProgress,
        })
    }

    fn settings(&self) -> Settings {
        Settings {
            version: TransactionVersion(self.image.load().features().level("transaction.version")),
            timeout_ms_max: self.config.transaction_max_timeout_ms(),
            expiration_ms: Millis(self.config.transactional_id_expiration_ms().into()),
            expiry_interval_ms: Millis(self.config.transaction_remove_expired_transaction_cleanup_interval_ms().into()),
            two_phase_commit: self.config.transaction_two_phase_commit_enable(),
        }
    }

    async fn carry_out(self: Arc<Self>, (partition, epoch): (PartitionIndex, LeaderEpoch), effect: Effect) {
        match effect {
            Effect::SendMarkers(markers) => self.send(partition, epoch, markers).await,
            Effect::AbortOverdue(id) => {
                let aborted = self.finish(&id, |machine, now, fresh| abort_overdue(machine, now, &id, fresh)).await;
                if let Err(code) = aborted {
                    tracing::debug!(%id, code = code.name(), "an overdue transaction is not aborted");
                }
            }
        }
    }

    /// Until every partition has its marker, or the shard has gone.
    async fn send(&self, partition: PartitionIndex, epoch: LeaderEpoch, markers: Markers) {
        let end = TransactionEnd {
            producer_id: markers.producer.id,
            producer_epoch: markers.producer.epoch,
            result: markers.result,
            coordinator_epoch: epoch.0,
            bumps_epoch: markers.version.bumps_epoch(),
        };
        let mut left: Vec<TopicPartition> = markers.partitions.iter().cloned().collect();
        let mut pause = PAUSE_MIN;
        loop {
            if !left.is_empty() {
                match self.leaders.write(end, left).await {
                    Ok(again) => left = again,
                    Err(Fenced) => {
                        return tracing::info!(id = %markers.id, "another coordinator has ended the transaction");
                    }
                }
            }
            let Ok(shard) = self.shards.find(partition) else { return };
            if left.is_empty() {
                let op = Complete { transactional_id: &markers.id, producer: markers.producer };
                match shard.submit(|machine, call| Ok::<_, Infallible>(complete(machine, call.now, &op))) {
                    Ok(_) | Err(Refused::Moved) => return,
                    Err(error) => tracing::debug!(id = %markers.id, %error, "the completion is written later"),
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}

impl Coordinator for Service {
    type Machine = TransactionMachine;
    const TOPIC: &'static str = TRANSACTION_STATE;

    fn shards(&self) -> &Shards<TransactionMachine> {
        &self.shards
    }

    fn machine(&self) -> TransactionMachine {
        TransactionMachine::new(self.settings())
    }

    fn begin(
        &self,
        (partition, epoch): (PartitionIndex, LeaderEpoch),
        machine: TransactionMachine,
        log: ShardLog<TransactionRecord>,
        commits: Arc<dyn Commits>,
    ) -> Option<Arc<Runtime<TransactionMachine>>> {
        let effects = TransactionEffects { service: Weak::clone(&self.me), of: (partition, epoch) };
        let clock = Arc::clone(&self.clock);
        let runtime = Runtime::new(machine, log, commits, Arc::new(effects), clock, PATIENCE);
        let held = self.shards.loaded(partition, epoch, Arc::clone(&runtime));
        tell(&runtime, self.settings());
        let begun = runtime.submit(|machine, call| Ok::<_, Infallible>(machine.on_loaded(call.now)));
        if let Err(error) = begun {
            tracing::warn!(%partition, %error, "a shard of the transaction coordinator could not begin");
        }
        held.then_some(runtime)
    }

    fn set_image(&self, image: &Arc<MetadataImage>) {
        self.image.store(Arc::clone(image));
        let settings = self.settings();
        for (_, shard) in self.shards.at_work() {
            if shard.look(|machine| *machine.settings() != settings) {
                tell(&shard, settings);
            }
        }
    }

    fn compression(&self) -> Compression {
        Compression::None
    }
}

/// Other settings are in force. A shard that has moved need not know.
fn tell(shard: &Runtime<TransactionMachine>, settings: Settings) {
    let told = shard.submit(|_, _| {
        let outcome = outcome::Outcome::<TransactionMachine, ()>::reply(());
        Ok::<_, Infallible>(outcome.soft(TransactionRecord::Settings(settings)))
    });
    if let Err(error) = told {
        tracing::debug!(%error, "a shard of the transaction coordinator was not told of its settings");
    }
}

struct TransactionEffects {
    service: Weak<Service>,
    of: (PartitionIndex, LeaderEpoch),
}

impl Effects<TransactionMachine> for TransactionEffects {
    fn perform(&self, effect: Effect, _: &Waiters) {
        if let Some(service) = self.service.upgrade() {
            tokio::spawn(service.carry_out(self.of, effect));
        }
    }
}

fn settle<T>(pending: Pending<Result<T, ErrorCode>>) -> Answer<T> {
    match pending.now() {
        Ok(reply) => Answer::Ready(reply),
        Err(pending) => Answer::Waiting(pending),
    }
}

fn refused(why: Refused<Infallible>) -> ErrorCode {
    match why {
        Refused::ByMachine(never) => match never {},
        Refused::ByLog(why) => not_appended(&why),
        Refused::Moved => ErrorCode::NotCoordinator,
        Refused::Busy => ErrorCode::CoordinatorNotAvailable,
    }
}

fn not_appended(why: &NotAppended) -> ErrorCode {
    match why {
        NotAppended::NotEnoughReplicas => ErrorCode::CoordinatorNotAvailable,
        NotAppended::NotLeader => ErrorCode::NotCoordinator,
        NotAppended::TooLarge | NotAppended::Fenced => ErrorCode::UnknownServerError,
        NotAppended::Failed(why) => {
            tracing::error!(why, "the transaction coordinator could not write");
            ErrorCode::NotCoordinator
        }
    }
}
