//! Groups that change their protocol: a classic group becomes a consumer group when the first member of the consumer protocol
//! joins, and a classic group again when the last such member leaves (KIP-848, `group.consumer.migration.policy`).
//!
//! In between, members of both protocols are in one consumer group; `classic_members` serves those of the classic one.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;

use super::assignment::{Owned, target_to_record};
use super::consumer_protocol::{Subscription, decode_assignment, encode_assignment};
use super::group::ConsumerGroup;
use super::heartbeat::HeartbeatError;
use super::member::Member;
use super::metadata_hash;
use super::plan::Plan;
use super::settings::Settings;
use super::soft::MemberTimer;
use super::tombstones::renamed_tombstones;
use crate::base::error_code::ErrorCode;
use crate::base::ids::Millis;
use crate::coordinator::group::assignor::Partitions;
use crate::coordinator::group::classic::draft::Draft;
use crate::coordinator::group::classic::group::{CONSUMER, ClassicGroup, State};
use crate::coordinator::group::classic::on_load::dismiss_waiting;
use crate::coordinator::group::classic::rebalance::{prepare, select_protocol};
use crate::coordinator::group::classic::{self, member::Member as ClassicMember, subscription};
use crate::coordinator::group::machine::{Effect, Timer};
use crate::coordinator::group::record::{
    ClassicMemberMetadata, ConsumerMemberValue, GroupRecord, MemberId, TargetEpochValue,
};
use crate::machine::outcome::Reply;
use crate::machine::timer::TimerChange;
use crate::metadata::image::MetadataImage;

/// Ends a classic group, and gives the consumer group that takes its place: with its members, if it has any.
pub fn upgrade(
    plan: &mut Plan,
    (now, settings, image): (Millis, &Settings, &MetadataImage),
    classic: &ClassicGroup,
) -> Result<ConsumerGroup, HeartbeatError> {
    let mut group = ConsumerGroup::default();
    if !classic.is_empty() {
        let refused = |why| HeartbeatError::GroupIdNotFound(Arc::clone(&plan.group), why);
        if !settings.migration.upgrades() {
            return Err(refused(", and may not become one"));
        }
        if !classic.is_of_consumers() {
            return Err(refused(": its members are no consumers"));
        }
        if classic.members().count() > settings.size_max {
            return Err(refused(", and has too many members to become one"));
        }
        let records = records(&plan.group, classic, image).map_err(refused)?;
        end(plan, classic);
        for record in &records {
            group.apply(record);
        }
        plan.records.extend(records);
        for member in classic.members() {
            let session = Millis(i64::from(member.session_timeout_ms));
            plan.set_timer(&member.id, MemberTimer::Session, now.plus(session));
        }
        return Ok(group);
    }
    end(plan, classic);
    Ok(group)
}

/// Nobody waits for it any more.
fn end(plan: &mut Plan, classic: &ClassicGroup) {
    plan.records.push(GroupRecord::Classic(Arc::clone(&plan.group), None));
    for effect in dismiss_waiting(classic, ErrorCode::RebalanceInProgress) {
        plan.then(Effect::Classic(effect));
    }
    let sessions = classic.members().map(|member| &member.id).chain(classic.pending());
    let sessions = sessions.map(|id| classic::soft::Timer::Session(Arc::clone(id)));
    for timer in sessions.chain([classic::soft::Timer::Join, classic::soft::Timer::Sync]) {
        plan.change_timer(TimerChange::Clear(Timer::Classic(Arc::clone(&plan.group), timer)));
    }
}

/// The records that make a consumer group of a classic one.
fn records(id: &Arc<str>, classic: &ClassicGroup, image: &MetadataImage) -> Result<Vec<GroupRecord>, &'static str> {
    const MALFORMED: &str = ": what its members say cannot be understood";
    let epoch = classic.head.generation;
    let protocol = classic.head.protocol.as_deref().ok_or(MALFORMED)?;
    let mut group = ConsumerGroup::default();
    let mut targets = Vec::new();
    for classic in classic.members() {
        let subscription = Subscription::decode(classic.metadata(protocol).ok_or(MALFORMED)?).map_err(|_| MALFORMED)?;
        let target = if classic.assignment.is_empty() {
            Partitions::new()
        } else {
            let (partitions, has_user_data) = decode_assignment(&classic.assignment).map_err(|_| MALFORMED)?;
            if has_user_data {
                return Err(": its assignor is not one of those here");
            }
            by_id(image, &partitions)
        };
        let mut assigned = Owned::default();
        for (topic, partitions) in &target {
            assigned.add(*topic, partitions.iter().map(|partition| (*partition, epoch)));
        }
        let member = Member {
            metadata: Arc::new(metadata(classic, subscription)),
            epoch,
            previous_epoch: epoch,
            assigned: Arc::new(assigned),
            ..Member::new(Arc::clone(&classic.id))
        };
        group.put(&classic.id, Some(member));
        targets.push((Arc::clone(&classic.id), target_to_record(&target)));
    }
    let (hash, _) = metadata_hash::of_group(&group, &group.subscriptions, image);
    let mut plan = Plan::new(id);
    for member in group.members.values() {
        plan.member(member);
    }
    plan.epoch(epoch, hash);
    for (member, target) in targets {
        plan.records.push(GroupRecord::ConsumerTarget(Arc::clone(id), member, Some(target)));
    }
    let target_epoch = TargetEpochValue { assignment_epoch: epoch, assignment_timestamp: Millis(0) };
    plan.records.push(GroupRecord::ConsumerTargetEpoch(Arc::clone(id), Some(target_epoch)));
    for member in group.members.values() {
        plan.current(member);
    }
    Ok(plan.records)
}

fn metadata(classic: &ClassicMember, subscription: Subscription) -> ConsumerMemberValue {
    let mut subscribed_topic_names = subscription.topics;
    subscribed_topic_names.sort();
    subscribed_topic_names.dedup();
    ConsumerMemberValue {
        instance_id: classic.instance_id.clone(),
        rack_id: subscription.rack,
        client_id: Arc::clone(&classic.client_id),
        client_host: Arc::clone(&classic.client_host),
        subscribed_topic_names,
        subscribed_topic_regex: Some("".into()),
        rebalance_timeout_ms: classic.rebalance_timeout_ms,
        server_assignor: None,
        classic: Some(ClassicMemberMetadata {
            session_timeout_ms: classic.session_timeout_ms,
            supported_protocols: classic.protocols.to_vec(),
        }),
    }
}

/// Partitions of topics that exist, by the topics' ids.
pub fn by_id(image: &MetadataImage, partitions: &[(Arc<str>, Vec<i32>)]) -> Partitions {
    let mut found = Partitions::new();
    for (topic, partitions) in partitions {
        let Some(topic) = image.topic(topic).filter(|_| !partitions.is_empty()) else { continue };
        let all = found.entry(topic.id).or_default();
        all.extend_from_slice(partitions);
        all.sort_unstable();
        all.dedup();
    }
    found
}

/// What a classic member is told that it owns.
pub fn assignment<'a>(
    image: &MetadataImage,
    protocols: &[(Arc<str>, Bytes)],
    protocol: Option<&str>,
    partitions: impl Iterator<Item = (&'a crate::base::ids::Uuid, Vec<i32>)>,
) -> Bytes {
    let said = protocols.iter().find(|(name, _)| protocol.is_none_or(|protocol| **name == *protocol));
    let version = said.and_then(|(_, said)| Subscription::decode(said).ok()).map_or(0, |said| said.version);
    let named = partitions.filter_map(|(topic, partitions)| {
        let name = image.topic_by_id(*topic)?.name.as_str().into();
        Some((name, partitions))
    });
    encode_assignment(version, &named.collect())
}

/// Whether a consumer group becomes a classic one when these members go, or are replaced by one of the classic protocol.
pub fn downgrades(settings: &Settings, group: &ConsumerGroup, going: &[&Member], replaced: bool) -> bool {
    let classic_going = going.iter().filter(|member| member.uses_classic_protocol()).count();
    let staying = group.members.len().saturating_sub(going.len());
    let left = staying + usize::from(replaced);
    group.classic_members - classic_going == staying
        && left > 0
        && settings.migration.downgrades()
        && left <= settings.classic_size_max
}

/// Makes a classic group of a consumer group without the members that go, and with the one that takes the place of a static
/// one. It rebalances, unless everybody owns what it should.
pub fn downgrade(
    plan: &mut Plan,
    (now, image): (Millis, &MetadataImage),
    group: &ConsumerGroup,
    (going, joining): (&[&Member], Option<(&Member, &MemberId)>),
    rebalance: bool,
) {
    let renamed = joining.map(|(joining, replaced)| (&joining.id, replaced));
    for member in group.members.keys().chain(renamed.map(|(new, _)| new)) {
        plan.clear_timers(member);
    }
    plan.records.extend(renamed_tombstones(&plan.group, group, renamed));
    let empty = ClassicGroup::new(now);
    let id = Arc::clone(&plan.group);
    let mut draft = Draft::new(&id, &empty, now);
    draft.enter(State::Stable);
    draft.head.previous = None;
    draft.head.protocol_type = Some(CONSUMER.into());
    draft.head.generation = group.epoch;
    let going: HashSet<&str> = going.iter().map(|member| &*member.id).collect();
    let replaced = joining.map(|(_, replaced)| &**replaced);
    let staying = group.members.values().filter(|m| !going.contains(&*m.id) && Some(&*m.id) != replaced);
    for member in staying.chain(joining.map(|(joining, _)| joining)) {
        if let Some(classic) = &member.metadata.classic {
            draft.put(to_classic(member, classic));
        }
    }
    draft.head.protocol = select_protocol(&draft);
    let head = draft.head.clone();
    draft.head.subscribed_topics = subscription::subscribed_topics(&head, draft.members());
    let members: Vec<Arc<ClassicMember>> = draft.members().cloned().collect();
    for member in &members {
        let target = match joining {
            Some((joining, replaced)) if joining.id == member.id => group.target_of(replaced),
            _ => group.target_of(&member.id),
        };
        let partitions = target.iter().map(|(topic, partitions)| (topic, partitions.clone()));
        let told = assignment(image, &member.protocols, head.protocol.as_deref(), partitions);
        draft.update(&member.id, |member| member.assignment = told);
        draft.set_timer(classic::soft::Timer::Session(Arc::clone(&member.id)), member.session_timeout_ms);
    }
    draft.write();
    if rebalance {
        prepare(&mut draft, 0, &"the last member of the consumer protocol is gone");
    }
    plan.take(draft.finish(Reply::Now(())));
}

fn to_classic(member: &Member, classic: &ClassicMemberMetadata) -> ClassicMember {
    ClassicMember {
        id: Arc::clone(&member.id),
        instance_id: member.metadata.instance_id.clone(),
        client_id: Arc::clone(&member.metadata.client_id),
        client_host: Arc::clone(&member.metadata.client_host),
        rebalance_timeout_ms: member.metadata.rebalance_timeout_ms,
        session_timeout_ms: classic.session_timeout_ms,
        protocols: classic::member::distinct(&classic.supported_protocols),
        assignment: Bytes::new(),
        joining: None,
        syncing: None,
        is_new: false,
        sync_pending: false,
    }
}
