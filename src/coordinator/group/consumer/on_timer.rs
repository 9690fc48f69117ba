//! What a consumer group does when time has passed.

use std::sync::Arc;

use super::leave;
use super::member::MemberState;
use super::plan::{self, Plan};
use super::soft::{MemberTimer, Timer};
use crate::base::ids::Millis;
use crate::coordinator::group::machine::{self, Group, GroupMachine, Outcome};
use crate::coordinator::group::record::{GroupId, MemberId};
use crate::machine::timer::TimerChange;

/// Everything is loaded: every member has a whole session before it, and all its time to give up what it must.
pub fn on_loaded(machine: &GroupMachine, now: Millis) -> Outcome<()> {
    let mut outcome = plan::nothing();
    for (id, group) in &machine.groups {
        let Group::Consumer(group) = group else { continue };
        let session = machine.consumer_settings.session_timeout(&machine.image, id);
        for member in group.members.values() {
            let key = |timer| machine::Timer::ConsumerMember(Arc::clone(id), Arc::clone(&member.id), timer);
            outcome.timers.push(TimerChange::Set(key(MemberTimer::Session), now.plus(session)));
            if member.state == MemberState::UnrevokedPartitions {
                let timeout = Millis(i64::from(member.metadata.rebalance_timeout_ms));
                outcome.timers.push(TimerChange::Set(key(MemberTimer::Revocation), now.plus(timeout)));
            }
        }
    }
    outcome
}

/// A timer of the group is due.
pub fn on_timer(_machine: &GroupMachine, _now: Millis, _group: &GroupId, timer: &Timer) -> Outcome<()> {
    match *timer {}
}

/// A timer of one member is due: it is sent away.
pub fn on_member_timer(
    machine: &GroupMachine,
    now: Millis,
    (id, member): (&GroupId, &MemberId),
    timer: &MemberTimer,
) -> Outcome<()> {
    let Some(Group::Consumer(group)) = machine.groups.get(id) else { return plan::nothing() };
    let Some(member) = group.members.get(member) else { return plan::nothing() };
    // What was to be given up is given up: by a static member that has left for a while, too.
    let revokes = member.state == MemberState::UnrevokedPartitions && !member.pending_revocation.is_empty();
    if *timer == MemberTimer::Revocation && !revokes {
        return plan::nothing();
    }
    let reason = match timer {
        MemberTimer::Session => "nothing was heard of it for a session",
        MemberTimer::Revocation => "it has not given up in time what others wait for",
        MemberTimer::Join => "it did not join again in time",
        MemberTimer::Sync => "it did not ask for its assignment in time",
    };
    tracing::info!(group = %id, member = %member.id, epoch = member.epoch, reason, "a member is sent away");
    let mut plan = Plan::new(id);
    leave::remove(&mut plan, machine, (now, &machine.consumer_settings), group, &[member]);
    plan.reply(())
}
