//! Members of a consumer group that speak the classic protocol: JoinGroup, SyncGroup, Heartbeat and LeaveGroup, as far as a
//! group needs them in which the coordinator decides.
//!
//! Their member epoch is what they know as generation. Where a new assignment waits, a heartbeat tells them to join again;
//! the join gives up what is to be given up and moves on, the sync tells what they own.

use std::sync::Arc;

use super::consumer_protocol::Subscription;
use super::group::ConsumerGroup;
use super::heartbeat::HeartbeatError;
use super::member::{Member, MemberState};
use super::plan::Plan;
use super::reconcile::Reconciliation;
use super::settings::MigrationPolicy;
use super::soft::{MemberTimer, Soft};
use super::target::Change;
use super::{leave, migration, regex, static_member, subscription, target};
use crate::base::error_code::ErrorCode;
use crate::base::ids::Millis;
use crate::coordinator::group::classic::group::CONSUMER;
use crate::coordinator::group::classic::heartbeat::Heartbeat;
use crate::coordinator::group::classic::join::JoinGroup;
use crate::coordinator::group::classic::leave::{LeaveGroup, LeaveReply, log_leaving};
use crate::coordinator::group::classic::soft::{JoinReply, SyncReply};
use crate::coordinator::group::classic::sync::SyncGroup;
use crate::coordinator::group::machine::{GroupMachine, Outcome};
use crate::coordinator::group::record::{ClassicMemberMetadata, ConsumerMemberValue, MemberId, TopicPartitions};

/// JoinGroup to a consumer group that has members.
pub fn join(
    machine: &GroupMachine,
    now: Millis,
    group: &ConsumerGroup,
    op: &JoinGroup,
) -> Result<Outcome<JoinReply>, ErrorCode> {
    let (settings, image) = (&machine.consumer_settings, &machine.image);
    if settings.migration == MigrationPolicy::Disabled {
        return Err(ErrorCode::InconsistentGroupProtocol);
    }
    let is_nameless = op.member_id.is_empty();
    let id: MemberId = if is_nameless { op.fresh.to_string().into() } else { Arc::clone(&op.member_id) };
    if group.members.len() >= settings.size_max && !group.members.contains_key(&id) {
        return Err(ErrorCode::GroupMaxSizeReached);
    }
    if !supports(group, op) {
        return Err(ErrorCode::InconsistentGroupProtocol);
    }
    if is_nameless && op.instance_id.is_none() && op.can_rejoin_with_id {
        return Ok(Outcome::reply(JoinReply::error(ErrorCode::MemberIdRequired, id)));
    }
    let said = op.protocols.first().and_then(|(_, said)| Subscription::decode(said).ok());
    let said = said.ok_or(ErrorCode::InconsistentGroupProtocol)?;
    let mut plan = Plan::new(&op.group);
    let earlier = op.instance_id.as_ref().and_then(|instance| group.static_member(instance));
    let old = match (&op.instance_id, earlier) {
        (Some(_), Some(earlier)) if is_nameless => static_member::take_over(&mut plan, group, earlier, &id),
        (Some(instance), _) if !is_nameless => {
            static_member::find(&op.group, group, (&id, instance)).map_err(|error| error.code())?.clone()
        }
        _ => group.members.get(&id).cloned().unwrap_or_else(|| Member::new(Arc::clone(&id))),
    };
    let replaced = earlier.filter(|earlier| !earlier.uses_classic_protocol());
    let downgrades = replaced.filter(|replaced| migration::downgrades(settings, group, &[replaced], true));

    let new = Member { metadata: updated(&old.metadata, op, &said), ..old.clone() };
    if old.metadata != new.metadata {
        plan.member(&new);
    }
    let at = (now, &**settings, &**image);
    // A classic member has no expression: where it had one, that has gone.
    let (regex_update, _) =
        regex::update(&mut plan, at, group, (&old, &new)).map_err(|_| ErrorCode::InvalidRegularExpression)?;
    let after = group.subscriptions_after(&old, &new);
    let change = Change { group, old: &old, new: &new, subscriptions: &after };
    let (bump, _) = subscription::changes(&change, regex_update);
    let epoch = subscription::update_epoch(&mut plan, image, &change, bump);
    let owned: Vec<TopicPartitions> = migration::by_id(image, &said.owned)
        .into_iter()
        .map(|(topic_id, partitions)| TopicPartitions { topic_id, partitions, assignment_epochs: None })
        .collect();
    let is_current = group.assignment_epoch() >= epoch;
    let (target_epoch, target) = match downgrades {
        Some(_) => (group.assignment_epoch(), group.target_of_member(&new)),
        None => target::update(&mut plan, at, &change, epoch),
    };
    let reconciliation =
        Reconciliation { group, image, target_epoch, target, subscription_changed: bump, owned: Some(&owned) };
    let new = match downgrades {
        Some(_) if !is_current => new.clone(),
        _ => reconciliation.step(&mut plan, now, new.clone()).map_err(|error: HeartbeatError| error.code())?,
    };
    plan.clear_timer(&id, MemberTimer::Join);
    plan.soft(Soft::MustRejoin(Arc::clone(&id), false));
    match downgrades {
        Some(replaced) => {
            migration::downgrade(&mut plan, (now, image), group, (&[], Some((&new, &replaced.id))), !is_current);
        }
        None => {
            plan.set_timer(&id, MemberTimer::Session, after_ms(now, op.session_timeout_ms));
            plan.set_timer(&id, MemberTimer::Sync, after_ms(now, op.rebalance_timeout_ms));
        }
    }
    Ok(plan.reply(JoinReply {
        error: ErrorCode::None,
        member_id: id,
        generation: new.epoch,
        protocol_type: Some(CONSUMER.into()),
        protocol: op.protocols.first().map(|(name, _)| Arc::clone(name)),
        leader: None,
        skip_assignment: false,
        members: Vec::new(),
    }))
}

/// SyncGroup: the member learns what it owns.
pub fn sync(
    machine: &GroupMachine,
    now: Millis,
    group: &ConsumerGroup,
    op: &SyncGroup,
) -> Result<Outcome<SyncReply>, ErrorCode> {
    let (member, classic) = find(group, (&op.member_id, op.instance_id.as_ref()), op.generation)?;
    let protocol = classic.supported_protocols.first().map(|(name, _)| &**name);
    let differs = op.protocol_type.as_deref().is_some_and(|name| name != CONSUMER)
        || op.protocol.as_deref().is_some_and(|name| Some(name) != protocol);
    if differs {
        return Err(ErrorCode::InconsistentGroupProtocol);
    }
    let mut plan = Plan::new(&op.group);
    if group.assignment_epoch() > member.epoch && member.state != MemberState::UnrevokedPartitions {
        tell_to_rejoin(&mut plan, now, group, member);
        return Ok(plan.reply(SyncReply::error(ErrorCode::RebalanceInProgress)));
    }
    plan.clear_timer(&member.id, MemberTimer::Sync);
    plan.set_timer(&member.id, MemberTimer::Session, after_ms(now, classic.session_timeout_ms));
    let owned: Vec<_> =
        member.assigned.iter().map(|(topic, ps)| (topic, ps.iter().map(|(p, _)| *p).collect())).collect();
    let owned = owned.iter().map(|(topic, partitions): &(_, Vec<i32>)| (topic, partitions.clone()));
    Ok(plan.reply(SyncReply {
        error: ErrorCode::None,
        protocol_type: op.protocol_type.clone(),
        protocol: op.protocol.clone(),
        assignment: migration::assignment(&machine.image, &classic.supported_protocols, protocol, owned),
    }))
}

/// Heartbeat: the member lives, and hears whether it must join again.
pub fn heartbeat(now: Millis, group: &ConsumerGroup, op: &Heartbeat) -> Result<Outcome<ErrorCode>, ErrorCode> {
    let (member, classic) = find(group, (&op.member_id, op.instance_id.as_ref()), op.generation)?;
    let mut plan = Plan::new(&op.group);
    plan.set_timer(&member.id, MemberTimer::Session, after_ms(now, classic.session_timeout_ms));
    let must_rejoin = member.epoch < group.assignment_epoch()
        || member.state == MemberState::UnrevokedPartitions
        || (member.state == MemberState::UnreleasedPartitions && !waits(group, member));
    if must_rejoin {
        tell_to_rejoin(&mut plan, now, group, member);
    }
    Ok(plan.reply(if must_rejoin { ErrorCode::RebalanceInProgress } else { ErrorCode::None }))
}

/// LeaveGroup: members go, those of the consumer protocol too.
pub fn leave(machine: &GroupMachine, now: Millis, group: &ConsumerGroup, op: LeaveGroup) -> Outcome<LeaveReply> {
    let mut going: Vec<&Member> = Vec::new();
    let mut members = Vec::with_capacity(op.members.len());
    for leaving in op.members {
        let found = match &leaving.instance_id {
            None => group.members.get(&leaving.member_id).ok_or(ErrorCode::UnknownMemberId),
            Some(instance) => match group.static_member(instance) {
                None => Err(ErrorCode::UnknownMemberId),
                Some(member) if !leaving.member_id.is_empty() && member.id != leaving.member_id => {
                    Err(ErrorCode::FencedInstanceId)
                }
                Some(member) => Ok(member),
            },
        };
        let error = match found {
            Ok(member) => {
                log_leaving(&op.group, &leaving);
                if !going.iter().any(|other| other.id == member.id) {
                    going.push(member);
                }
                ErrorCode::None
            }
            Err(error) => error,
        };
        members.push((leaving.member_id, leaving.instance_id, error));
    }
    let mut plan = Plan::new(&op.group);
    if !going.is_empty() {
        leave::remove(&mut plan, machine, (now, &machine.consumer_settings), group, &going);
    }
    plan.reply(LeaveReply { members })
}

/// The member, if it speaks the classic protocol and is at this generation.
fn find<'a>(
    group: &'a ConsumerGroup,
    (id, instance): (&MemberId, Option<&Arc<str>>),
    generation: i32,
) -> Result<(&'a Member, &'a ClassicMemberMetadata), ErrorCode> {
    let member = match instance {
        None => group.members.get(id).ok_or(ErrorCode::UnknownMemberId)?,
        Some(instance) => match group.static_member(instance) {
            None => return Err(ErrorCode::UnknownMemberId),
            Some(member) if member.id != *id => return Err(ErrorCode::FencedInstanceId),
            Some(member) => member,
        },
    };
    let classic = member.metadata.classic.as_ref().ok_or(ErrorCode::UnknownMemberId)?;
    if member.epoch == generation { Ok((member, classic)) } else { Err(ErrorCode::IllegalGeneration) }
}

/// It has its rebalance timeout to join again, counted from the first time that it is told so.
fn tell_to_rejoin(plan: &mut Plan, now: Millis, group: &ConsumerGroup, member: &Member) {
    if !group.must_rejoin.contains(&member.id) {
        plan.soft(Soft::MustRejoin(Arc::clone(&member.id), true));
        plan.set_timer(&member.id, MemberTimer::Join, after_ms(now, member.metadata.rebalance_timeout_ms));
    }
}

/// Whether others still own something that the member should.
fn waits(group: &ConsumerGroup, member: &Member) -> bool {
    group.target_of(&member.id).iter().any(|(topic, partitions)| {
        let missing = |partition: &i32| member.assigned.epoch(*topic, *partition).is_none();
        partitions.iter().any(|partition| missing(partition) && group.is_owned(*topic, *partition))
    })
}

/// Whether there is an assignor that all members of the classic protocol know, the newcomer among them.
fn supports(group: &ConsumerGroup, op: &JoinGroup) -> bool {
    let known_to_all = |(name, _): &(Arc<str>, _)| {
        group.classic_protocols.get(name).copied().unwrap_or_default() == group.classic_members
    };
    *op.protocol_type == *CONSUMER && op.protocols.iter().any(known_to_all)
}

fn updated(old: &Arc<ConsumerMemberValue>, op: &JoinGroup, said: &Subscription) -> Arc<ConsumerMemberValue> {
    let mut subscribed_topic_names = said.topics.clone();
    subscribed_topic_names.sort();
    subscribed_topic_names.dedup();
    Arc::new(ConsumerMemberValue {
        instance_id: op.instance_id.clone().or_else(|| old.instance_id.clone()),
        rack_id: said.rack.clone().or_else(|| old.rack_id.clone()),
        client_id: Arc::clone(&op.client_id),
        client_host: Arc::clone(&op.client_host),
        subscribed_topic_names,
        subscribed_topic_regex: Some("".into()),
        rebalance_timeout_ms: if op.rebalance_timeout_ms == -1 {
            old.rebalance_timeout_ms
        } else {
            op.rebalance_timeout_ms
        },
        server_assignor: old.server_assignor.clone(),
        classic: Some(ClassicMemberMetadata {
            session_timeout_ms: op.session_timeout_ms,
            supported_protocols: op.protocols.clone(),
        }),
    })
}

fn after_ms(now: Millis, span_ms: i32) -> Millis {
    now.plus(Millis(i64::from(span_ms.max(0))))
}
