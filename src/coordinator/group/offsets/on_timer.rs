//! What is done with offsets when time has passed.

use super::soft::Timer;
use super::{expire, forget};
use crate::base::ids::Millis;
use crate::coordinator::group::machine::{self, GroupMachine, Outcome};
use crate::machine::timer::TimerChange;

/// Everything is loaded: expired offsets are looked for from now on.
pub fn on_loaded(machine: &GroupMachine, now: Millis) -> Outcome<()> {
    Outcome::reply(()).timer(look_again(machine, now))
}

/// A timer is due.
pub fn on_timer(machine: &GroupMachine, now: Millis, timer: &Timer) -> Outcome<()> {
    match timer {
        Timer::Expire => expire::begin(machine, now).timer(look_again(machine, now)),
        Timer::Sweep => expire::sweep(machine, now),
        Timer::Forget => forget::forget(machine, now),
    }
}

fn look_again(machine: &GroupMachine, now: Millis) -> TimerChange<machine::Timer> {
    let every = Millis(machine.config.offsets_retention_check_interval_ms());
    TimerChange::Set(machine::Timer::Offsets(Timer::Expire), now.plus(every))
}
