//! What a machine that was just loaded must set going: timers of open transactions, markers of prepared ones.

use super::machine::{Effect, Markers, Timer, TransactionMachine};
use crate::base::ids::Millis;
use crate::machine::outcome::Outcome;
use crate::machine::timer::TimerChange;

/// Decides it.
pub(super) fn on_loaded(machine: &TransactionMachine, now: Millis) -> Outcome<TransactionMachine, ()> {
    let mut by_id: Vec<_> = machine.transactions().iter().collect();
    by_id.sort_unstable_by_key(|(id, _)| *id);
    let expire = TimerChange::Set(Timer::Expire, now.plus(machine.settings().expiry_interval_ms));
    let mut outcome = Outcome::reply(()).timer(expire);
    for (id, metadata) in by_id {
        if let Some(at) = metadata.overdue_at() {
            outcome = outcome.timer(TimerChange::Set(Timer::Overdue(id.clone()), at));
        }
        if let Some(markers) = Markers::of(id, metadata) {
            outcome = outcome.then(Effect::SendMarkers(markers));
        }
    }
    outcome
}
