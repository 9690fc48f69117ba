//! What is done with offsets when time has passed.

use super::soft::Timer;
use crate::base::ids::Millis;
use crate::coordinator::group::machine::{GroupMachine, Outcome};

/// A timer is due.
pub fn on_timer(_machine: &GroupMachine, _now: Millis, timer: &Timer) -> Outcome<()> {
    match timer {
        Timer::Expire => Outcome::reply(()),
    }
}
