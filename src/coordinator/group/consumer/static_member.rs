//! Static members (KIP-345, KIP-848): a name that outlives processes. A member that comes back under its name, with a new
//! id, takes over what the earlier one was to own.

use std::sync::Arc;

use super::assignment::target_to_record;
use super::group::ConsumerGroup;
use super::heartbeat::{ConsumerGroupHeartbeat, HeartbeatError, check_epoch};
use super::member::{Member, STATIC_LEAVE_EPOCH};
use super::plan::Plan;
use crate::coordinator::group::record::{GroupId, GroupRecord, MemberId};

/// The static member of this name: it must have the id that the heartbeat carries, or be away, so that a new one may take
/// its place.
pub fn find_or_take_over(
    plan: &mut Plan,
    group: &ConsumerGroup,
    (op, id, instance): (&ConsumerGroupHeartbeat, &MemberId, &Arc<str>),
) -> Result<Member, HeartbeatError> {
    if op.member_epoch != 0 {
        let member = find(&plan.group, group, (id, instance))?;
        check_epoch(member, op)?;
        return Ok(member.clone());
    }
    let Some(earlier) = group.static_member(instance) else {
        return Ok(group.members.get(id).cloned().unwrap_or_else(|| Member::new(Arc::clone(id))));
    };
    if earlier.epoch != STATIC_LEAVE_EPOCH && !earlier.uses_classic_protocol() {
        return Err(HeartbeatError::UnreleasedInstanceId(Arc::clone(instance), Arc::clone(&earlier.id)));
    }
    Ok(take_over(plan, group, earlier, id))
}

/// The static member of this name, if it has this id.
pub fn find<'a>(
    group_id: &GroupId,
    group: &'a ConsumerGroup,
    (id, instance): (&MemberId, &Arc<str>),
) -> Result<&'a Member, HeartbeatError> {
    match group.static_member(instance) {
        None => Err(HeartbeatError::UnknownMemberId(Arc::clone(instance), Arc::clone(group_id))),
        Some(member) if member.id != *id => {
            Err(HeartbeatError::FencedInstanceId(Arc::clone(instance), Arc::clone(&member.id)))
        }
        Some(member) => Ok(member),
    }
}

/// Puts a member of a new id in the place of an earlier one.
pub fn take_over(plan: &mut Plan, group: &ConsumerGroup, earlier: &Member, id: &MemberId) -> Member {
    let member = Member { id: Arc::clone(id), epoch: 0, previous_epoch: 0, ..earlier.clone() };
    plan.clear_timers(&earlier.id);
    plan.remove_member(&earlier.id);
    plan.member(&member);
    let target = target_to_record(&group.target_of(&earlier.id));
    plan.records.push(GroupRecord::ConsumerTarget(Arc::clone(&plan.group), Arc::clone(id), Some(target)));
    plan.current(&member);
    member
}
