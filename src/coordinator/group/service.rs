//! The group coordinator as the rest of the server sees it: finds the shard of a group, submits, answers in Kafka's codes.
//!
//! ```text
//!  a handler ──> submit(group, |machine, call| classic::join::join(machine, call.now, operation)) ──> Answer
//! ```
//!
//! An operation is a pure function of a machine; nothing here knows what it decides. Who leads which partition, and how a
//! shard is loaded, is told from outside.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::machine::{Effect, GroupMachine, Outcome};
use super::offsets::soft::DeletedTopic;
use super::on_image;
use super::record::GroupRecord;
use crate::base::clock::SharedClock;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{LeaderEpoch, PartitionIndex};
use crate::base::topic_name::CONSUMER_OFFSETS;
use crate::config::server::ServerConfig;
use crate::coordinator::partition_of;
use crate::machine::coordinator::Coordinator;
use crate::machine::log::NotAppended;
use crate::machine::machine::Machine;
use crate::machine::runtime::{Call, Commits, Effects, Lost, Pending, Refused, Runtime, ShardLog, Waiters};
use crate::machine::shards::{Shards, Unavailable};
use crate::metadata::image::MetadataImage;
use crate::record::compression::Compression;

/// A reply on its way, or what Kafka calls the reason why there is none.
#[must_use]
pub struct Answer<T>(Pending<T>);

impl<T> Answer<T> {
    /// The reply, if it may go out at once.
    pub fn now(self) -> Result<T, Self> {
        self.0.now().map_err(Self)
    }

    /// The reply, once it may go out.
    pub async fn reply(self) -> Result<T, ErrorCode> {
        self.0.reply().await.map_err(lost)
    }
}

/// The group coordinator of this broker.
pub struct Service {
    shards: Shards<GroupMachine>,
    image: ArcSwap<MetadataImage>,
    config: Arc<ServerConfig>,
    clock: SharedClock,
}

impl Service {
    /// A coordinator that has no shard yet.
    pub fn new(config: Arc<ServerConfig>, clock: SharedClock) -> Arc<Self> {
        Arc::new(Self { shards: Shards::default(), image: ArcSwap::default(), config, clock })
    }

    /// Decides one operation about `group` and makes it so. What fixes its order has happened when this returns.
    pub fn submit<T: Send + 'static>(
        &self,
        group: &str,
        decide: impl FnOnce(&GroupMachine, Call) -> Result<Outcome<T>, ErrorCode>,
    ) -> Result<Answer<T>, ErrorCode> {
        self.shard_of(group)?.submit(decide).map(Answer).map_err(refused)
    }

    /// Asks every shard that is at work here. An error: some are being loaded, and what is asked needs all.
    pub fn ask_all<T: Send + 'static>(&self, ask: impl Fn(&GroupMachine) -> T) -> Result<Vec<Answer<T>>, ErrorCode> {
        let mut answers = Vec::new();
        for shard in self.all_shards()? {
            match shard.submit(|machine, _| Ok::<_, ErrorCode>(Outcome::reply(ask(machine)))) {
                Ok(answer) => answers.push(Answer(answer)),
                // It is another broker's by now.
                Err(Refused::Moved) => {}
                Err(why) => return Err(refused(why)),
            }
        }
        Ok(answers)
    }

    /// The shard of `group`, if it is at work here.
    pub fn shard_of(&self, group: &str) -> Result<Arc<Runtime<GroupMachine>>, ErrorCode> {
        let image = self.image.load();
        let topic = image.topic(CONSUMER_OFFSETS).ok_or(ErrorCode::NotCoordinator)?;
        self.shard(partition_of(group, topic.partitions.len()))
    }

    /// The shard whose records `partition` of `__consumer_offsets` holds, if it is at work here.
    pub fn shard(&self, partition: PartitionIndex) -> Result<Arc<Runtime<GroupMachine>>, ErrorCode> {
        self.shards.find(partition).map_err(unavailable)
    }

    /// All shards that are at work here. An error: some are being loaded, or it is not known yet which there are, and what is asked
    /// needs all.
    pub fn all_shards(&self) -> Result<Vec<Arc<Runtime<GroupMachine>>>, ErrorCode> {
        // A broker that is not admitted yet leads nothing, and does not know what it will lead.
        let image = self.image.load();
        if image.brokers().get(self.config.node_id()).is_none_or(|own| own.fenced) {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        if self.shards.is_loading() {
            return Err(ErrorCode::CoordinatorLoadInProgress);
        }
        Ok(self.at_work())
    }

    /// The shards that are at work here by now, whatever is still being loaded.
    pub fn at_work(&self) -> Vec<Arc<Runtime<GroupMachine>>> {
        self.shards.at_work().into_iter().map(|(_, shard)| shard).collect()
    }
}

impl Coordinator for Service {
    type Machine = GroupMachine;
    const TOPIC: &'static str = CONSUMER_OFFSETS;

    fn shards(&self) -> &Shards<GroupMachine> {
        &self.shards
    }

    fn machine(&self) -> GroupMachine {
        GroupMachine::new(self.image.load_full(), Arc::clone(&self.config))
    }

    fn begin(
        &self,
        (partition, epoch): (PartitionIndex, LeaderEpoch),
        machine: GroupMachine,
        log: ShardLog<GroupRecord>,
        commits: Arc<dyn Commits>,
    ) -> Option<Arc<Runtime<GroupMachine>>> {
        let patience = u64::try_from(self.config.offsets_commit_timeout_ms()).unwrap_or(0);
        let clock = Arc::clone(&self.clock);
        let runtime =
            Runtime::new(machine, log, commits, Arc::new(GroupEffects), clock, Duration::from_millis(patience));
        let begun = runtime.submit(|machine, call| Ok::<_, Infallible>(machine.on_loaded(call.now)));
        if let Err(error) = begun {
            tracing::warn!(%partition, %error, "a shard of the group coordinator could not begin");
        }
        let held = self.shards.loaded(partition, epoch, Arc::clone(&runtime));
        // What it was loaded with may be older than what the metadata says by now.
        let (before, now) = (runtime.look(|machine| Arc::clone(&machine.image)), self.image.load_full());
        if !Arc::ptr_eq(&before, &now) {
            tell(partition, &runtime, &now, &on_image::deleted(&before, &now));
        }
        held.then_some(runtime)
    }

    fn set_image(&self, image: &Arc<MetadataImage>) {
        let deleted = on_image::deleted(&self.image.swap(Arc::clone(image)), image);
        for (partition, shard) in self.shards.at_work() {
            tell(partition, &shard, image, &deleted);
        }
    }

    fn compression(&self) -> Compression {
        // A number that is no codec is refused when the configuration is read.
        let id = i16::try_from(self.config.offsets_topic_compression_codec()).ok();
        id.and_then(Compression::from_id).unwrap_or(Compression::None)
    }
}

fn tell(
    partition: PartitionIndex,
    shard: &Runtime<GroupMachine>,
    image: &Arc<MetadataImage>,
    deleted: &Arc<[DeletedTopic]>,
) {
    let told = shard.submit(|machine, call| Ok::<_, Infallible>(on_image::on_image(machine, call.now, image, deleted)));
    match told {
        Ok(_) | Err(Refused::Moved) => {}
        Err(error) => {
            tracing::warn!(%partition, %error, "a shard of the group coordinator was not told of the metadata")
        }
    }
}

struct GroupEffects;

impl Effects<GroupMachine> for GroupEffects {
    fn perform(&self, effect: Effect, waiters: &Waiters) {
        match effect {
            Effect::Classic(effect) => effect.perform(waiters),
        }
    }
}

fn unavailable(why: Unavailable) -> ErrorCode {
    match why {
        Unavailable::NotHere => ErrorCode::NotCoordinator,
        Unavailable::Loading => ErrorCode::CoordinatorLoadInProgress,
    }
}

fn refused(why: Refused<ErrorCode>) -> ErrorCode {
    match why {
        Refused::ByMachine(code) => code,
        Refused::ByLog(NotAppended::NotEnoughReplicas) | Refused::Busy => ErrorCode::CoordinatorNotAvailable,
        Refused::ByLog(NotAppended::NotLeader) | Refused::Moved => ErrorCode::NotCoordinator,
        Refused::ByLog(NotAppended::Fenced) => ErrorCode::InvalidProducerEpoch,
        Refused::ByLog(NotAppended::TooLarge) => ErrorCode::UnknownServerError,
        Refused::ByLog(NotAppended::Failed(why)) => {
            tracing::error!(why, "the group coordinator could not write");
            ErrorCode::NotCoordinator
        }
    }
}

fn lost(why: Lost) -> ErrorCode {
    match why {
        Lost::Moved => ErrorCode::NotCoordinator,
        Lost::TimedOut => ErrorCode::CoordinatorNotAvailable,
    }
}
