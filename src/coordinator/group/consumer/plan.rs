//! What a decision about a consumer group gathers on its way.

use std::sync::Arc;

use super::member::Member;
use super::soft::{MemberTimer, Soft};
use crate::base::ids::Millis;
use crate::coordinator::group::machine::{Effect, Outcome, Timer};
use crate::coordinator::group::record::{ConsumerGroupValue, GroupId, GroupRecord, MemberId};
use crate::machine::timer::TimerChange;

/// Records, soft records and timers of one group, in order.
#[derive(Debug)]
pub struct Plan {
    /// The group.
    pub group: GroupId,
    /// To be appended.
    pub records: Vec<GroupRecord>,
    soft: Vec<GroupRecord>,
    timers: Vec<TimerChange<Timer>>,
    after_commit: Vec<Effect>,
}

impl Plan {
    /// Nothing yet.
    pub fn new(group: &GroupId) -> Self {
        let (records, soft, timers, after_commit) = Default::default();
        Self { group: Arc::clone(group), records, soft, timers, after_commit }
    }

    /// Writes what a member says of itself.
    pub fn member(&mut self, member: &Member) {
        let value = member.metadata.as_ref().clone();
        self.records.push(GroupRecord::ConsumerMember(Arc::clone(&self.group), Arc::clone(&member.id), Some(value)));
    }

    /// Writes what a member owns.
    pub fn current(&mut self, member: &Member) {
        let value = Some(member.current());
        self.records.push(GroupRecord::ConsumerCurrent(Arc::clone(&self.group), Arc::clone(&member.id), value));
    }

    /// Writes the group's epoch.
    pub fn epoch(&mut self, epoch: i32, metadata_hash: i64) {
        let value = ConsumerGroupValue { epoch, metadata_hash };
        self.records.push(GroupRecord::ConsumerGroup(Arc::clone(&self.group), Some(value)));
    }

    /// Deletes an expression.
    pub fn forget_regex(&mut self, regex: &Arc<str>) {
        self.records.push(GroupRecord::ConsumerRegex(Arc::clone(&self.group), Arc::clone(regex), None));
    }

    /// Deletes all there is of a member.
    pub fn remove_member(&mut self, member: &MemberId) {
        let (group, member) = (|| Arc::clone(&self.group), || Arc::clone(member));
        self.records.extend([
            GroupRecord::ConsumerCurrent(group(), member(), None),
            GroupRecord::ConsumerTarget(group(), member(), None),
            GroupRecord::ConsumerMember(group(), member(), None),
        ]);
    }

    /// Takes a step without writing it.
    pub fn soft(&mut self, soft: Soft) {
        self.soft.push(GroupRecord::ConsumerSoft(Arc::clone(&self.group), soft));
    }

    /// Sets a member's timer.
    pub fn set_timer(&mut self, member: &MemberId, timer: MemberTimer, at: Millis) {
        self.timers.push(TimerChange::Set(self.key(member, timer), at));
    }

    /// Changes a timer of another kind.
    pub fn change_timer(&mut self, change: TimerChange<Timer>) {
        self.timers.push(change);
    }

    /// Clears a member's timer.
    pub fn clear_timer(&mut self, member: &MemberId, timer: MemberTimer) {
        self.timers.push(TimerChange::Clear(self.key(member, timer)));
    }

    /// Does something more after the commit.
    pub fn then(&mut self, effect: Effect) {
        self.after_commit.push(effect);
    }

    /// Adds what was decided elsewhere.
    pub fn take(&mut self, outcome: Outcome<()>) {
        self.records.extend(outcome.records);
        self.soft.extend(outcome.soft);
        self.timers.extend(outcome.timers);
        self.after_commit.extend(outcome.after_commit);
    }

    /// Clears all of a member's timers.
    pub fn clear_timers(&mut self, member: &MemberId) {
        for timer in [MemberTimer::Session, MemberTimer::Revocation, MemberTimer::Join, MemberTimer::Sync] {
            self.clear_timer(member, timer);
        }
    }

    /// The decision, with its answer.
    pub fn reply<T>(self, reply: T) -> Outcome<T> {
        let mut outcome = Outcome::<T>::records(self.records, reply);
        outcome.soft = self.soft;
        outcome.timers = self.timers;
        outcome.after_commit = self.after_commit;
        outcome
    }

    fn key(&self, member: &MemberId, timer: MemberTimer) -> Timer {
        Timer::ConsumerMember(Arc::clone(&self.group), Arc::clone(member), timer)
    }
}

/// The decision to do nothing.
pub fn nothing() -> Outcome<()> {
    Outcome::<()>::reply(())
}
