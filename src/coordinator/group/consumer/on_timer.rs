//! What a consumer group does when time has passed.

use super::soft::{MemberTimer, Timer};
use crate::base::ids::Millis;
use crate::coordinator::group::machine::{GroupMachine, Outcome};
use crate::coordinator::group::record::{GroupId, MemberId};

/// Everything is loaded: sets the timers of what is there.
pub fn on_loaded(_machine: &GroupMachine, _now: Millis) -> Outcome<()> {
    Outcome::reply(())
}

/// A timer of the group is due.
pub fn on_timer(_machine: &GroupMachine, _now: Millis, _group: &GroupId, timer: &Timer) -> Outcome<()> {
    match *timer {}
}

/// A timer of one member is due.
pub fn on_member_timer(
    _machine: &GroupMachine,
    _now: Millis,
    _member: (&GroupId, &MemberId),
    timer: &MemberTimer,
) -> Outcome<()> {
    match *timer {}
}
