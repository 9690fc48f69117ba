//! DeleteGroups, and the end of a group that is empty and has no offsets left.

use std::sync::Arc;

use super::group::ClassicGroup;
use super::soft::Timer;
use crate::base::error_code::ErrorCode;
use crate::coordinator::group::machine::{self, Outcome};
use crate::coordinator::group::record::{GroupId, GroupRecord};
use crate::machine::timer::TimerChange;

/// Adds the end of a group that has no members to what happens to its offsets. Ids that were given out are worth nothing
/// any more.
pub fn delete<T>(mut outcome: Outcome<T>, id: &GroupId, group: &ClassicGroup) -> Result<Outcome<T>, ErrorCode> {
    group.check_delete()?;
    outcome.records.push(GroupRecord::Classic(Arc::clone(id), None));
    for pending in group.pending() {
        let session = machine::Timer::Classic(Arc::clone(id), Timer::Session(pending.clone()));
        outcome.timers.push(TimerChange::Clear(session));
    }
    Ok(outcome)
}
