//! ConsumerGroupHeartbeat: a member joins, changes what it wants, says what it owns, or just lives (KIP-848).
//!
//! A heartbeat that changes nothing copies pointers and sets one timer, however large the group.

use std::sync::Arc;

use super::assignment::Owned;
use super::group::ConsumerGroup;
use super::member::{LEAVE_EPOCH, Member, STATIC_LEAVE_EPOCH};
use super::pace::{self, Standing};
use super::plan::Plan;
use super::reconcile::Reconciliation;
use super::regex::{InvalidRegex, RegexLookUp};
use super::settings::Settings;
use super::soft::MemberTimer;
use super::target::Change;
use super::{leave, migration, regex, static_member, subscription, target};
use crate::base::error_code::ErrorCode;
use crate::base::ids::Millis;
use crate::coordinator::group::machine::{Group, GroupMachine, Outcome};
use crate::coordinator::group::record::{ConsumerMemberValue, GroupId, MemberId, TopicPartitions};

/// The operation.
#[derive(Debug, Clone)]
pub struct ConsumerGroupHeartbeat {
    /// The request's version: from 1 on, members name themselves.
    pub api_version: i16,
    /// The group.
    pub group: GroupId,
    /// The member; empty where the coordinator is to name it.
    pub member_id: MemberId,
    /// The name it then gets.
    pub fresh_member_id: MemberId,
    /// Its epoch: 0 joins, -1 leaves, -2 leaves for a while.
    pub member_epoch: i32,
    /// Its name across restarts.
    pub instance_id: Option<Arc<str>>,
    /// Where it runs.
    pub rack_id: Option<Arc<str>>,
    /// How long it may take to give partitions up; -1 says nothing.
    pub rebalance_timeout_ms: i32,
    /// The topics it wants, if it says.
    pub subscribed_topic_names: Option<Vec<Arc<str>>>,
    /// The expression whose topics it wants, if it says; empty takes it back.
    pub subscribed_topic_regex: Option<Arc<str>>,
    /// The assignor it asks for.
    pub server_assignor: Option<Arc<str>>,
    /// What it owns, if it says.
    pub owned: Option<Vec<TopicPartitions>>,
    /// What the client calls itself.
    pub client_id: Arc<str>,
    /// Where it connects from, as Kafka writes it: `/` and the address.
    pub client_host: Arc<str>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeartbeatReply {
    /// The member.
    pub member_id: MemberId,
    /// The epoch that its next heartbeat must carry.
    pub member_epoch: i32,
    /// After how long it should speak again.
    pub heartbeat_interval: Millis,
    /// What it owns from now on, if it should be told.
    pub assignment: Option<Arc<Owned>>,
    /// What the caller should find out, in this member's name.
    pub regex_look_up: Option<RegexLookUp>,
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeartbeatError {
    /// A field makes no sense.
    #[error("{0}")]
    InvalidRequest(&'static str),
    /// An assignor that this broker does not offer.
    #[error("there is no assignor {asked} here; offered are {offered}")]
    UnsupportedAssignor {
        /// The name.
        asked: Arc<str>,
        /// What there is.
        offered: String,
    },
    /// No consumer group, and nothing that can become one.
    #[error("group {0} is not a consumer group{1}")]
    GroupIdNotFound(GroupId, &'static str),
    /// As many members as there may be.
    #[error("the group is full: it may have {0} members")]
    GroupMaxSizeReached(usize),
    /// No such member.
    #[error("group {1} has no member {0}")]
    UnknownMemberId(Arc<str>, GroupId),
    /// The member does not know what the group knows of it.
    #[error("the member is at epoch {known}, not {received}: it must give up all partitions and join again")]
    FencedMemberEpoch {
        /// By the member.
        received: i32,
        /// By the coordinator.
        known: i32,
    },
    /// The member's state is of a newer coordinator's making.
    #[error("the member's state is not known: it must give up all partitions and join again")]
    UnknownState,
    /// Another member has the name, and is there.
    #[error("{0} is the name of member {1}, which has not left")]
    UnreleasedInstanceId(Arc<str>, MemberId),
    /// Another member has taken the name over.
    #[error("{0} is the name of member {1} by now")]
    FencedInstanceId(Arc<str>, MemberId),
    /// Not a regular expression.
    #[error("{0} is no regular expression in RE2's syntax: {1}")]
    InvalidRegularExpression(Arc<str>, InvalidRegex),
}

impl HeartbeatError {
    /// Kafka's code.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidRequest(_) => ErrorCode::InvalidRequest,
            Self::UnsupportedAssignor { .. } => ErrorCode::UnsupportedAssignor,
            Self::GroupIdNotFound(..) => ErrorCode::GroupIdNotFound,
            Self::GroupMaxSizeReached(_) => ErrorCode::GroupMaxSizeReached,
            Self::UnknownMemberId(..) => ErrorCode::UnknownMemberId,
            Self::FencedMemberEpoch { .. } | Self::UnknownState => ErrorCode::FencedMemberEpoch,
            Self::UnreleasedInstanceId(..) => ErrorCode::UnreleasedInstanceId,
            Self::FencedInstanceId(..) => ErrorCode::FencedInstanceId,
            Self::InvalidRegularExpression(..) => ErrorCode::InvalidRegularExpression,
        }
    }
}

/// A member's heartbeat.
pub fn heartbeat(
    machine: &GroupMachine,
    now: Millis,
    settings: &Settings,
    op: ConsumerGroupHeartbeat,
) -> Result<Outcome<HeartbeatReply>, HeartbeatError> {
    validate(settings, &op)?;
    if op.member_epoch < 0 {
        return leave::leave(machine, now, settings, &op);
    }
    let joins = op.member_epoch == 0;
    let mut plan = Plan::new(&op.group);
    let made;
    let group = match machine.groups.get(&op.group) {
        Some(Group::Consumer(group)) => &**group,
        Some(Group::Classic(classic)) if joins => {
            made = migration::upgrade(&mut plan, (now, settings, &machine.image), classic)?;
            &made
        }
        None if joins => {
            made = ConsumerGroup::default();
            &made
        }
        Some(Group::Classic(_)) | None => return Err(HeartbeatError::GroupIdNotFound(op.group, "")),
    };
    if group.members.len() >= settings.size_max && !group.members.contains_key(&op.member_id) {
        return Err(HeartbeatError::GroupMaxSizeReached(settings.size_max));
    }
    let id = if op.member_id.is_empty() { &op.fresh_member_id } else { &op.member_id };
    let old = match &op.instance_id {
        None => find_or_new(group, &op, id)?,
        Some(instance) => static_member::find_or_take_over(&mut plan, group, (&op, id, instance))?,
    };
    let new = Member { metadata: updated(&old.metadata, &op), ..old.clone() };
    // A member that nobody has written yet is written even if it says nothing new.
    if !Arc::ptr_eq(&old.metadata, &new.metadata) {
        plan.member(&new);
    }
    let at = (now, settings, &*machine.image);
    let (regex_update, regex_look_up) = regex::update(&mut plan, at, group, (&old, &new)).map_err(|error| {
        HeartbeatError::InvalidRegularExpression(new.regex().cloned().unwrap_or_else(|| "".into()), error)
    })?;

    let subscriptions;
    let after = if Arc::ptr_eq(&old.metadata, &new.metadata) {
        &group.subscriptions
    } else {
        subscriptions = group.subscriptions_after(&old, &new);
        &subscriptions
    };
    let change = Change { group, old: &old, new: &new, subscriptions: after };
    let (subscription_changed, bump) = subscription::changes(&change, regex_update);
    let epoch = subscription::update_epoch(&mut plan, &machine.image, &change, bump);
    let (target_epoch, target) = target::update(&mut plan, at, &change, epoch);
    let target_at =
        if target_epoch == group.assignment_epoch() { group.target_epoch.assignment_timestamp } else { now };
    let owned = op.owned.as_deref();
    let image = &machine.image;
    let reconciliation = Reconciliation { group, image, target_epoch, target, subscription_changed, owned };
    let new = reconciliation.step(&mut plan, now, new.clone())?;

    plan.set_timer(&new.id, MemberTimer::Session, now.plus(settings.session_timeout(image, &op.group)));
    let says_all = op.rebalance_timeout_ms != -1
        && (op.subscribed_topic_names.is_some() || op.subscribed_topic_regex.is_some())
        && op.owned.is_some();
    let tell = joins || says_all || (!Arc::ptr_eq(&old.assigned, &new.assigned) && old.assigned != new.assigned);
    let standing = Standing { member: &new, joins, members: change.size(), epoch, target_epoch, target_at };
    let heartbeat_interval = pace::interval(at, &op.group, &standing);
    let assignment = tell.then(|| Arc::clone(&new.assigned));
    Ok(plan.reply(HeartbeatReply {
        member_id: new.id,
        member_epoch: new.epoch,
        heartbeat_interval,
        assignment,
        regex_look_up,
    }))
}

/// The checks that need no group.
fn validate(settings: &Settings, op: &ConsumerGroupHeartbeat) -> Result<(), HeartbeatError> {
    let invalid = |text| Err(HeartbeatError::InvalidRequest(text));
    let is_blank = |text: &str| text.trim().is_empty();
    let names_itself = op.api_version >= 1 || op.member_epoch > 0 || op.member_epoch == LEAVE_EPOCH;
    if names_itself && is_blank(&op.member_id) {
        return invalid("the member id is empty");
    }
    if is_blank(&op.group) {
        return invalid("the group id is empty");
    }
    if op.instance_id.as_deref().is_some_and(is_blank) {
        return invalid("the instance id is empty");
    }
    if op.rack_id.as_deref().is_some_and(is_blank) {
        return invalid("the rack id is empty");
    }
    match op.member_epoch {
        0 if op.rebalance_timeout_ms == -1 => return invalid("whoever joins must say its rebalance timeout"),
        0 if op.owned.as_ref().is_none_or(|owned| !owned.is_empty()) => {
            return invalid("whoever joins must own no partitions, and say so");
        }
        0 if op.subscribed_topic_names.is_none() && op.subscribed_topic_regex.is_none() => {
            return invalid("whoever joins must subscribe to names or with a regular expression");
        }
        STATIC_LEAVE_EPOCH if op.instance_id.is_none() => return invalid("only static members leave for a while"),
        epoch if epoch < STATIC_LEAVE_EPOCH => return invalid("there is no such member epoch"),
        _ => {}
    }
    match &op.server_assignor {
        Some(asked) if settings.assignor(asked).is_none() => {
            let offered: Vec<&str> = settings.assignors.iter().map(|assignor| assignor.name()).collect();
            Err(HeartbeatError::UnsupportedAssignor { asked: Arc::clone(asked), offered: offered.join(", ") })
        }
        _ => Ok(()),
    }
}

fn find_or_new(group: &ConsumerGroup, op: &ConsumerGroupHeartbeat, id: &MemberId) -> Result<Member, HeartbeatError> {
    match group.members.get(id) {
        Some(member) => {
            check_epoch(member, op)?;
            Ok(member.clone())
        }
        None if op.member_epoch == 0 => Ok(Member::new(Arc::clone(id))),
        None => Err(HeartbeatError::UnknownMemberId(Arc::clone(id), Arc::clone(&op.group))),
    }
}

/// A heartbeat carries the member's epoch, or the one before if the answer that told of the new one may have been lost: then
/// the member owns nothing yet that it had to give up for it. Whoever joins starts over.
pub(super) fn check_epoch(member: &Member, op: &ConsumerGroupHeartbeat) -> Result<(), HeartbeatError> {
    let received = op.member_epoch;
    let owns_no_more = || {
        let is_assigned = |topic: &TopicPartitions| {
            topic.partitions.iter().all(|partition| member.assigned.epoch(topic.topic_id, *partition).is_some())
                && !member.assigned.of(topic.topic_id).is_empty()
        };
        op.owned.as_ref().is_some_and(|owned| owned.iter().all(is_assigned))
    };
    let passes = received == 0
        || received == member.epoch
        || (received < member.epoch && received == member.previous_epoch && owns_no_more());
    if passes { Ok(()) } else { Err(HeartbeatError::FencedMemberEpoch { received, known: member.epoch }) }
}

/// What a member says of itself after a heartbeat; the very same value if that is nothing new.
fn updated(old: &Arc<ConsumerMemberValue>, op: &ConsumerGroupHeartbeat) -> Arc<ConsumerMemberValue> {
    let said = |new: &Option<Arc<str>>, old: &Option<Arc<str>>| new.is_none() || new == old;
    let names = op.subscribed_topic_names.clone().map(|mut names| {
        names.sort();
        names.dedup();
        names
    });
    let same = said(&op.instance_id, &old.instance_id)
        && said(&op.rack_id, &old.rack_id)
        && said(&op.subscribed_topic_regex, &old.subscribed_topic_regex)
        && said(&op.server_assignor, &old.server_assignor)
        && names.as_ref().is_none_or(|names| *names == old.subscribed_topic_names)
        && (op.rebalance_timeout_ms == -1 || op.rebalance_timeout_ms == old.rebalance_timeout_ms)
        && op.client_id == old.client_id
        && op.client_host == old.client_host
        && old.classic.is_none();
    if same {
        return Arc::clone(old);
    }
    let or = |new: &Option<Arc<str>>, old: &Option<Arc<str>>| new.as_ref().or(old.as_ref()).cloned();
    let rebalance_timeout_ms =
        if op.rebalance_timeout_ms == -1 { old.rebalance_timeout_ms } else { op.rebalance_timeout_ms };
    Arc::new(ConsumerMemberValue {
        instance_id: or(&op.instance_id, &old.instance_id),
        rack_id: or(&op.rack_id, &old.rack_id),
        client_id: Arc::clone(&op.client_id),
        client_host: Arc::clone(&op.client_host),
        subscribed_topic_names: names.unwrap_or_else(|| old.subscribed_topic_names.clone()),
        subscribed_topic_regex: or(&op.subscribed_topic_regex, &old.subscribed_topic_regex),
        rebalance_timeout_ms,
        server_assignor: or(&op.server_assignor, &old.server_assignor),
        classic: None,
    })
}
