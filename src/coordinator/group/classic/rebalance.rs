//! How a group gets from one generation to the next.
//!
//! ```text
//!            prepare                 complete_join              the leader syncs
//!   Stable ───────────> Preparing ────────────────> Completing ─────────────────> Stable
//!   Empty  ──(waits)──>  Rebalance ──nobody left──> Empty │                          │
//!                            ^                            │                          │
//!                            └───── prepare ──────────────┴──── join, leave, loss ───┘
//! ```

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use super::draft::Draft;
use super::group::{InitialDelay, State};
use super::member::Member;
use super::settings::Settings;
use super::soft::{JoinMember, JoinReply, SyncReply, Timer};
use super::subscription;
use crate::base::error_code::ErrorCode;
use crate::coordinator::group::record::MemberId;

/// Something changed: a group at rest starts to rebalance; one that is at it goes on if that was all it waited for.
pub fn prepare_or_complete_join(draft: &mut Draft<'_>, settings: &Settings, reason: &dyn Display) {
    if draft.head.state == State::PreparingRebalance {
        maybe_complete_join(draft);
    } else {
        prepare(draft, settings.initial_rebalance_delay_ms, reason);
    }
}

/// Ends the wait for members if nobody is missing; an empty group's first wait goes on nevertheless.
pub fn maybe_complete_join(draft: &mut Draft<'_>) {
    let is_initial = draft.head.previous == Some(State::Empty);
    if draft.head.state == State::PreparingRebalance && !is_initial && draft.all_joined() {
        complete_join(draft);
    }
}

/// Starts to wait for members. The delay is only for a group that is empty.
pub fn prepare(draft: &mut Draft<'_>, initial_rebalance_delay_ms: i32, reason: &dyn Display) {
    let (group, state, generation) = (draft.group_id(), draft.head.state, draft.head.generation);
    tracing::info!(%group, %state, generation, %reason, "preparing to rebalance");
    if draft.head.state == State::CompletingRebalance {
        take_back_assignments(draft);
    }
    forget_pending_syncs(draft);
    let is_initial = draft.head.state == State::Empty;
    draft.enter(State::PreparingRebalance);
    if is_initial {
        let step_ms = initial_rebalance_delay_ms;
        let remaining_ms = rebalance_timeout_ms(draft).saturating_sub(step_ms).max(0);
        draft.head.initial = Some(InitialDelay { step_ms, delay_ms: step_ms, remaining_ms, member_added: false });
        draft.set_timer(Timer::Join, step_ms);
    } else if draft.all_joined() {
        complete_join(draft);
    } else {
        let span_ms = rebalance_timeout_ms(draft);
        draft.set_timer(Timer::Join, span_ms);
    }
}

/// The wait for members is over: whoever has not joined is out, unless it is static.
pub fn complete_join(draft: &mut Draft<'_>) {
    draft.clear_timer(Timer::Join);
    draft.head.initial = None;
    remove_late_members(draft);
    if draft.member_count() > 0 && !elect_joined_leader(draft) {
        // Only static members are left and none of them has come: they are given time once more.
        let span_ms = rebalance_timeout_ms(draft);
        return draft.set_timer(Timer::Join, span_ms);
    }
    draft.head.generation = draft.head.generation.wrapping_add(1);
    draft.head.protocol = select_protocol(draft);
    draft.head.subscribed_topics = subscription::subscribed_topics(&draft.head, draft.members());
    let (group, generation, members) = (draft.group_id(), draft.head.generation, draft.member_count());
    if members == 0 {
        tracing::info!(%group, generation, "the group is empty now");
        draft.enter(State::Empty);
        return draft.write();
    }
    tracing::info!(%group, generation, members, "the generation has its members");
    draft.enter(State::CompletingRebalance);
    let members: Vec<Arc<Member>> = draft.members().cloned().collect();
    for member in &members {
        if let Some(waiter) = member.joining {
            let reply = join_reply(draft, member, &members);
            draft.answer_join(waiter, reply);
        }
        draft.set_timer(Timer::Session(member.id.clone()), member.session_timeout_ms);
    }
    draft.update_all(|member| (member.joining, member.is_new, member.sync_pending) = (None, false, true));
    let span_ms = rebalance_timeout_ms(draft);
    draft.set_timer(Timer::Sync, span_ms);
}

/// What a member of the present generation is told; `members` are all, of which the leader is told.
pub fn join_reply(draft: &Draft<'_>, member: &Member, members: &[Arc<Member>]) -> JoinReply {
    let is_leader = draft.head.leader.as_ref() == Some(&member.id);
    let protocol = draft.head.protocol.as_deref().unwrap_or("");
    let seen = |member: &Arc<Member>| JoinMember {
        member_id: member.id.clone(),
        instance_id: member.instance_id.clone(),
        metadata: member.metadata(protocol).cloned().unwrap_or_default(),
    };
    JoinReply {
        error: ErrorCode::None,
        member_id: member.id.clone(),
        generation: draft.head.generation,
        protocol_type: draft.head.protocol_type.clone(),
        protocol: draft.head.protocol.clone(),
        leader: draft.head.leader.clone(),
        skip_assignment: false,
        members: if is_leader { members.iter().map(seen).collect() } else { Vec::new() },
    }
}

/// The assignor that most members want of those that all support; of two, the one whose name comes first.
pub fn select_protocol(draft: &Draft<'_>) -> Option<Arc<str>> {
    let all = draft.member_count();
    let mut votes: BTreeMap<&Arc<str>, u64> = BTreeMap::new();
    for member in draft.members() {
        if let Some((wanted, _)) = member.protocols.iter().find(|(name, _)| draft.supporters(name) == all) {
            *votes.entry(wanted).or_default() += 1;
        }
    }
    // `max_by_key` would take the last of equals.
    let most = *votes.values().max()?;
    votes.iter().find(|(_, count)| **count == most).map(|(name, _)| Arc::clone(name))
}

/// How long the slowest member may take to join again.
pub fn rebalance_timeout_ms(draft: &Draft<'_>) -> i32 {
    draft.members().map(|member| member.rebalance_timeout_ms).max().unwrap_or(0).max(0)
}

/// If the leader is gone, any other member leads.
pub fn settle_leader(draft: &mut Draft<'_>) {
    if draft.head.leader.as_ref().is_some_and(|leader| draft.member(leader).is_none()) {
        let other = draft.members().next().map(|member| member.id.clone());
        draft.head.leader = other;
    }
}

/// A member is out: whoever waits for it is told, its timer is cleared, and, if it led, the leader must be settled.
pub fn dismiss(draft: &mut Draft<'_>, id: &MemberId) {
    let Some(member) = draft.member(id).cloned() else { return };
    if let Some(waiter) = member.joining {
        draft.answer_join(waiter, JoinReply::error(ErrorCode::UnknownMemberId, "".into()));
    }
    if let Some(waiter) = member.syncing {
        draft.answer_sync(waiter, SyncReply::error(ErrorCode::UnknownMemberId));
    }
    draft.clear_timer(Timer::Session(id.clone()));
    draft.remove(id);
}

fn remove_late_members(draft: &mut Draft<'_>) {
    if draft.joining() < draft.member_count() {
        let is_late = |member: &&Arc<Member>| member.joining.is_none() && member.instance_id.is_none();
        let late: Vec<MemberId> = draft.members().filter(is_late).map(|member| member.id.clone()).collect();
        late.iter().for_each(|id| dismiss(draft, id));
        if let Some(first) = late.first() {
            let group = draft.group_id();
            tracing::info!(%group, members = late.len(), %first, "members that did not join again in time are out");
        }
        settle_leader(draft);
    }
}

/// A leader that has not joined hands over to a member that has; false if there is none.
fn elect_joined_leader(draft: &mut Draft<'_>) -> bool {
    let leader = draft.head.leader.as_ref().and_then(|leader| draft.member(leader));
    if leader.is_none_or(|leader| leader.joining.is_none()) {
        let Some(joined) = draft.members().find(|member| member.joining.is_some()).map(|member| member.id.clone())
        else {
            return false;
        };
        draft.head.leader = Some(joined);
    }
    true
}

/// Whoever waits for an assignment is told to join again.
fn take_back_assignments(draft: &mut Draft<'_>) {
    let is_concerned = |member: &&Arc<Member>| member.syncing.is_some() || !member.assignment.is_empty();
    let members: Vec<Arc<Member>> = draft.members().filter(is_concerned).cloned().collect();
    for member in members {
        if let Some(waiter) = member.syncing {
            draft.answer_sync(waiter, SyncReply::error(ErrorCode::RebalanceInProgress));
            draft.set_timer(Timer::Session(member.id.clone()), member.session_timeout_ms);
        }
        draft.update(&member.id, |member| {
            member.syncing = None;
            member.assignment.clear();
        });
    }
}

fn forget_pending_syncs(draft: &mut Draft<'_>) {
    draft.clear_timer(Timer::Sync);
    if draft.sync_pending() > 0 {
        let pending: Vec<MemberId> =
            draft.members().filter(|member| member.sync_pending).map(|member| member.id.clone()).collect();
        for id in &pending {
            draft.update(id, |member| member.sync_pending = false);
        }
    }
}
