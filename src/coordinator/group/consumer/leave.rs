//! A member leaves, for good or, if it is static, for a while; or it is sent away.

use std::sync::Arc;

use super::group::ConsumerGroup;
use super::heartbeat::{ConsumerGroupHeartbeat, HeartbeatError, HeartbeatReply};
use super::member::{Member, STATIC_LEAVE_EPOCH};
use super::plan::Plan;
use super::settings::Settings;
use super::{metadata_hash, migration, static_member};
use crate::base::ids::Millis;
use crate::coordinator::group::machine::{Group, GroupMachine, Outcome};

/// A heartbeat that says goodbye.
pub fn leave(
    machine: &GroupMachine,
    now: Millis,
    settings: &Settings,
    op: &ConsumerGroupHeartbeat,
) -> Result<Outcome<HeartbeatReply>, HeartbeatError> {
    let Some(Group::Consumer(group)) = machine.groups.get(&op.group) else {
        return Err(HeartbeatError::GroupIdNotFound(Arc::clone(&op.group), ""));
    };
    let member = match &op.instance_id {
        Some(instance) => static_member::find(&op.group, group, (&op.member_id, instance))?,
        None => group
            .members
            .get(&op.member_id)
            .ok_or_else(|| HeartbeatError::UnknownMemberId(Arc::clone(&op.member_id), Arc::clone(&op.group)))?,
    };
    let mut plan = Plan::new(&op.group);
    if op.instance_id.is_some() && op.member_epoch == STATIC_LEAVE_EPOCH {
        // It keeps what it owns until it is back, or its session is over. Whoever it will be then starts at epoch 0.
        let assigned = Arc::new(member.assigned.with_epoch_zero());
        let away = Member { epoch: STATIC_LEAVE_EPOCH, assigned, pending_revocation: Arc::default(), ..member.clone() };
        plan.current(&away);
        tracing::info!(group = %op.group, member = %member.id, instance = op.instance_id.as_deref(), "a static member is away");
    } else {
        tracing::info!(group = %op.group, member = %member.id, instance = op.instance_id.as_deref(), "a member has left");
        remove(&mut plan, machine, (now, settings), group, &[member]);
    }
    Ok(plan.reply(HeartbeatReply {
        member_id: Arc::clone(&member.id),
        member_epoch: op.member_epoch,
        heartbeat_interval: Millis(0),
        assignment: None,
        regex_look_up: None,
    }))
}

/// Removes members: the group moves on to its next epoch, or becomes a classic one if only such members are left.
pub fn remove(
    plan: &mut Plan,
    machine: &GroupMachine,
    (now, settings): (Millis, &Settings),
    group: &ConsumerGroup,
    members: &[&Member],
) {
    if migration::downgrades(settings, group, members, false) {
        return migration::downgrade(plan, (now, &machine.image), group, (members, None), true);
    }
    let mut subscriptions = group.subscriptions.clone();
    for member in members {
        plan.remove_member(&member.id);
        plan.clear_timers(&member.id);
        subscriptions.replace(Some(member), None);
    }
    for regex in group.subscriptions.regexes() {
        if subscriptions.members_with(regex) == 0 {
            plan.forget_regex(regex);
            subscriptions.resolve(group.resolved_regexes.get(regex), None);
        }
    }
    let (hash, _) = metadata_hash::of_group(group, &subscriptions, &machine.image);
    plan.epoch(group.epoch.saturating_add(1), hash);
}
