//! What a classic group does when time has passed.

use super::soft::Timer;
use crate::base::ids::Millis;
use crate::coordinator::group::machine::{GroupMachine, Outcome};
use crate::coordinator::group::record::GroupId;

/// Everything is loaded: sets the timers of what is there.
pub fn on_loaded(_machine: &GroupMachine, _now: Millis) -> Outcome<()> {
    Outcome::reply(())
}

/// A timer is due.
pub fn on_timer(_machine: &GroupMachine, _now: Millis, _group: &GroupId, timer: &Timer) -> Outcome<()> {
    match *timer {}
}
