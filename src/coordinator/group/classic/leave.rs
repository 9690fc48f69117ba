//! LeaveGroup: members go, several at once; an administrator removes static ones by their names.

use std::sync::Arc;

use super::check;
use super::draft::Draft;
use super::group::State;
use super::rebalance::{dismiss, maybe_complete_join, prepare, settle_leader};
use super::soft::Timer;
use crate::base::error_code::ErrorCode;
use crate::base::ids::Millis;
use crate::coordinator::group::consumer::classic_members;
use crate::coordinator::group::machine::{Group, GroupMachine, Outcome};
use crate::coordinator::group::record::{GroupId, MemberId};
use crate::machine::outcome::Reply;

/// Members go.
#[derive(Debug, Clone)]
pub struct LeaveGroup {
    /// From which group.
    pub group: GroupId,
    /// Who.
    pub members: Vec<Leaving>,
}

/// A member goes.
#[derive(Debug, Clone)]
pub struct Leaving {
    /// Its id; empty where its name says enough.
    pub member_id: MemberId,
    /// Its static name.
    pub instance_id: Option<Arc<str>>,
    /// Why (KIP-800).
    pub reason: Option<Arc<str>>,
}

/// What became of each, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaveReply {
    /// The member as it was named, and what went wrong.
    pub members: Vec<(MemberId, Option<Arc<str>>, ErrorCode)>,
}

/// Decides.
pub fn leave(machine: &GroupMachine, now: Millis, op: LeaveGroup) -> Result<Outcome<LeaveReply>, ErrorCode> {
    if op.group.is_empty() {
        return Err(ErrorCode::InvalidGroupId);
    }
    if let Some(Group::Consumer(group)) = machine.groups.get(&op.group) {
        return Ok(classic_members::leave(machine, now, group, op));
    }
    let Some(group) = machine.classic(&op.group) else {
        let refused = |leaving: Leaving| (leaving.member_id, leaving.instance_id, ErrorCode::UnknownMemberId);
        return Ok(Outcome::reply(LeaveReply { members: op.members.into_iter().map(refused).collect() }));
    };
    let mut draft = Draft::new(&op.group, group, now);
    let mut members = Vec::with_capacity(op.members.len());
    for leaving in op.members {
        let error = remove(&mut draft, &leaving).err().unwrap_or(ErrorCode::None);
        if error.is_none() {
            log_leaving(&op.group, &leaving);
        }
        members.push((leaving.member_id, leaving.instance_id, error));
    }
    if members.iter().any(|(_, _, error)| error.is_none()) {
        settle_leader(&mut draft);
        match draft.head.state {
            // A group with members is not empty, so no first rebalance begins here.
            State::CompletingRebalance | State::Stable => prepare(&mut draft, 0, &"members left"),
            State::PreparingRebalance => maybe_complete_join(&mut draft),
            State::Empty => {}
        }
    }
    Ok(draft.finish(Reply::Now(LeaveReply { members })))
}

/// Tells that a member has left and why, in its client's own words.
pub fn log_leaving(group: &GroupId, leaving: &Leaving) {
    let reason = leaving.reason.as_deref().unwrap_or("not provided");
    let (member, instance) = (&leaving.member_id, leaving.instance_id.as_deref().unwrap_or_default());
    tracing::info!(%group, %member, instance, reason, "a member has left");
}

fn remove(draft: &mut Draft<'_>, leaving: &Leaving) -> Result<(), ErrorCode> {
    let id = &leaving.member_id;
    if draft.is_pending(id) {
        draft.set_pending(id, false);
        draft.clear_timer(Timer::Session(id.clone()));
        return Ok(());
    }
    let named = leaving.instance_id.as_deref();
    let id = if id.is_empty() {
        named.and_then(|name| draft.static_member(name)).ok_or(ErrorCode::UnknownMemberId)?.clone()
    } else {
        check::member(draft, id, named)?.id.clone()
    };
    dismiss(draft, &id);
    Ok(())
}
