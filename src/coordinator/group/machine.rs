//! The machine of one partition of `__consumer_offsets`: its groups and its offsets.

use std::collections::HashMap;
use std::sync::Arc;

use super::classic::group::ClassicGroup;
use super::consumer::group::ConsumerGroup;
use super::offsets::store::OffsetStore;
use super::record::{GroupId, GroupRecord, MemberId};
use super::{classic, consumer, offsets};
use crate::base::ids::{Millis, Offset};
use crate::config::server::ServerConfig;
use crate::machine::machine::{Machine, ReplayAt, TransactionEnd};
use crate::machine::outcome;
use crate::metadata::image::MetadataImage;

/// An outcome of this machine.
pub type Outcome<T> = outcome::Outcome<GroupMachine, T>;

/// A group of either kind.
#[derive(Debug)]
pub enum Group {
    /// Its members decide.
    Classic(Box<ClassicGroup>),
    /// The coordinator decides (KIP-848).
    Consumer(Box<ConsumerGroup>),
}

/// What is done once records are committed.
#[derive(Debug)]
pub enum Effect {
    /// For somebody who waits in a classic group.
    Classic(classic::soft::Effect),
}

/// What timers are for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// A classic group's.
    Classic(GroupId, classic::soft::Timer),
    /// A consumer group's.
    Consumer(GroupId, consumer::soft::Timer),
    /// Of a member of a consumer group.
    ConsumerMember(GroupId, MemberId, consumer::soft::MemberTimer),
    /// The offsets' own.
    Offsets(offsets::soft::Timer),
}

/// The state of one partition of `__consumer_offsets`.
#[derive(Debug)]
pub struct GroupMachine {
    /// By id.
    pub(super) groups: HashMap<GroupId, Group>,
    /// What they have committed.
    pub(super) offsets: OffsetStore,
    /// The cluster's metadata, as last told.
    pub(super) image: Arc<MetadataImage>,
    /// The broker's settings.
    pub(super) config: Arc<ServerConfig>,
    /// What they say of consumer groups.
    pub(super) consumer_settings: Arc<consumer::settings::Settings>,
}

impl GroupMachine {
    /// Without any group.
    pub fn new(image: Arc<MetadataImage>, config: Arc<ServerConfig>) -> Self {
        let consumer_settings = Arc::new(consumer::settings::Settings::of(&config));
        Self { groups: HashMap::new(), offsets: OffsetStore::default(), image, config, consumer_settings }
    }

    /// The groups by id.
    pub fn groups(&self) -> &HashMap<GroupId, Group> {
        &self.groups
    }

    /// A classic group.
    pub fn classic(&self, id: &str) -> Option<&ClassicGroup> {
        match self.groups.get(id)? {
            Group::Classic(group) => Some(group),
            Group::Consumer(_) => None,
        }
    }

    /// The broker's settings of consumer groups.
    pub fn consumer_settings(&self) -> &Arc<consumer::settings::Settings> {
        &self.consumer_settings
    }

    /// The committed offsets.
    pub fn offsets(&self) -> &OffsetStore {
        &self.offsets
    }
}

impl Machine for GroupMachine {
    type Record = GroupRecord;
    type Effect = Effect;
    type Timer = Timer;

    fn replay(&mut self, at: ReplayAt, record: &GroupRecord) {
        match record {
            GroupRecord::Offset(..) | GroupRecord::OffsetsSoft(..) => offsets::replay::replay(self, at, record),
            GroupRecord::Classic(..) | GroupRecord::ClassicSoft(..) => classic::replay::replay(self, at, record),
            GroupRecord::ConsumerPartitionMetadata(..)
            | GroupRecord::ConsumerGroup(..)
            | GroupRecord::ConsumerMember(..)
            | GroupRecord::ConsumerTargetEpoch(..)
            | GroupRecord::ConsumerTarget(..)
            | GroupRecord::ConsumerCurrent(..)
            | GroupRecord::ConsumerRegex(..)
            | GroupRecord::ConsumerSoft(..) => consumer::replay::replay(self, at, record),
            GroupRecord::Image(image) => {
                consumer::replay::image(self, image);
                self.image = Arc::clone(image);
            }
        }
    }

    fn end_transaction(&mut self, at: Offset, end: TransactionEnd) {
        offsets::replay::end_transaction(self, at, end.producer_id, end.result);
    }

    fn on_loaded(&self, now: Millis) -> Outcome<()> {
        let parts = [classic::on_load::on_loaded(self, now), offsets::on_timer::on_loaded(self, now)];
        parts.into_iter().fold(consumer::on_timer::on_loaded(self, now), |mut all, part| {
            all.records.extend(part.records);
            all.soft.extend(part.soft);
            all.timers.extend(part.timers);
            all.after_commit.extend(part.after_commit);
            all
        })
    }

    fn on_timer(&self, now: Millis, timer: &Timer) -> Outcome<()> {
        match timer {
            Timer::Classic(group, timer) => classic::on_timer::on_timer(self, now, group, timer),
            Timer::Consumer(group, timer) => consumer::on_timer::on_timer(self, now, group, timer),
            Timer::ConsumerMember(group, member, timer) => {
                consumer::on_timer::on_member_timer(self, now, (group, member), timer)
            }
            Timer::Offsets(timer) => offsets::on_timer::on_timer(self, now, timer),
        }
    }
}
