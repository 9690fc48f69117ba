//! What becomes of a classic group that a member of the consumer protocol joins.
//!
//! One without members has ended: only its offsets are left, and those belong to the group's name. One that has members
//! stays as it is, and the newcomer is refused, as it is by Apache Kafka under `group.consumer.migration.policy=disabled`.

use std::sync::Arc;

use super::heartbeat::HeartbeatError;
use super::plan::Plan;
use crate::coordinator::group::classic;
use crate::coordinator::group::classic::group::ClassicGroup;
use crate::coordinator::group::machine::Timer;
use crate::coordinator::group::record::GroupRecord;
use crate::machine::timer::TimerChange;

/// Ends a classic group, so that a consumer group may have its name.
pub fn end_classic(plan: &mut Plan, group: &ClassicGroup) -> Result<(), HeartbeatError> {
    if !group.is_empty() {
        return Err(HeartbeatError::GroupIdNotFound(
            Arc::clone(&plan.group),
            ": members of the classic protocol use it",
        ));
    }
    plan.records.push(GroupRecord::Classic(Arc::clone(&plan.group), None));
    for pending in group.pending() {
        let session = classic::soft::Timer::Session(Arc::clone(pending));
        plan.change_timer(TimerChange::Clear(Timer::Classic(Arc::clone(&plan.group), session)));
    }
    Ok(())
}
