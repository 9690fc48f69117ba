//! Heartbeat: a member is alive, and hears whether it must join again.

use std::sync::Arc;

use super::check;
use super::draft::set_timer;
use super::group::State;
use super::member::Member;
use super::soft::Timer;
use crate::base::error_code::ErrorCode;
use crate::base::ids::Millis;
use crate::coordinator::group::consumer::classic_members;
use crate::coordinator::group::machine::{self, Group, GroupMachine, Outcome};
use crate::coordinator::group::record::{GroupId, MemberId};
use crate::machine::timer::TimerChange;

/// A member is alive.
#[derive(Debug, Clone)]
pub struct Heartbeat {
    /// In which group.
    pub group: GroupId,
    /// Its generation.
    pub generation: i32,
    /// Its id.
    pub member_id: MemberId,
    /// Its static name.
    pub instance_id: Option<Arc<str>>,
}

/// Decides. The answer may be `REBALANCE_IN_PROGRESS`; the member counts as alive nevertheless.
pub fn heartbeat(machine: &GroupMachine, now: Millis, op: Heartbeat) -> Result<Outcome<ErrorCode>, ErrorCode> {
    if op.group.is_empty() {
        return Err(ErrorCode::InvalidGroupId);
    }
    let group = match machine.groups.get(&op.group) {
        Some(Group::Classic(group)) => group,
        Some(Group::Consumer(group)) => return classic_members::heartbeat(now, group, &op),
        None => return Err(ErrorCode::UnknownMemberId),
    };
    let member = check::member(&**group, &op.member_id, op.instance_id.as_deref())?;
    if op.generation != group.head.generation {
        return Err(ErrorCode::IllegalGeneration);
    }
    let answer = match group.head.state {
        State::Empty => return Err(ErrorCode::UnknownMemberId),
        State::PreparingRebalance => ErrorCode::RebalanceInProgress,
        State::CompletingRebalance | State::Stable => ErrorCode::None,
    };
    Ok(Outcome::reply(answer).timer(session_timer(now, &op.group, member)))
}

/// The member has shown that it is alive, by a heartbeat or by committing an offset.
pub fn session_timer(now: Millis, group: &GroupId, member: &Member) -> TimerChange<machine::Timer> {
    set_timer(now, group, Timer::Session(member.id.clone()), member.session_timeout_ms)
}
