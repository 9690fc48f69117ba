//! SyncGroup: the leader says who consumes what, the others ask.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::check;
use super::draft::Draft;
use super::group::{ClassicGroup, State};
use super::member::Member;
use super::soft::{SyncReply, Timer};
use crate::base::error_code::ErrorCode;
use crate::base::ids::Millis;
use crate::coordinator::group::consumer::classic_members;
use crate::coordinator::group::machine::{Group, GroupMachine, Outcome};
use crate::coordinator::group::record::{GroupId, MemberId};
use crate::machine::outcome::{Reply, WaiterId};

/// A member asks what it consumes.
#[derive(Debug, Clone)]
pub struct SyncGroup {
    /// In which group.
    pub group: GroupId,
    /// Its generation.
    pub generation: i32,
    /// Its id.
    pub member_id: MemberId,
    /// Its static name.
    pub instance_id: Option<Arc<str>>,
    /// The group's protocol type, as it thinks (version 5).
    pub protocol_type: Option<Arc<str>>,
    /// The assignor, as it thinks (version 5).
    pub protocol: Option<Arc<str>>,
    /// From the leader: what each consumes.
    pub assignments: Vec<(MemberId, Bytes)>,
    /// Who waits for the answer.
    pub waiter: WaiterId,
}

/// Decides.
pub fn sync(machine: &GroupMachine, now: Millis, op: SyncGroup) -> Result<Outcome<SyncReply>, ErrorCode> {
    if op.group.is_empty() {
        return Err(ErrorCode::InvalidGroupId);
    }
    let group = match machine.groups.get(&op.group) {
        Some(Group::Classic(group)) => group,
        Some(Group::Consumer(group)) => return classic_members::sync(machine, now, group, &op),
        None => return Err(ErrorCode::UnknownMemberId),
    };
    let member = check(group, &op)?;
    let mut draft = Draft::new(&op.group, group, now);
    match group.head.state {
        State::Empty => Err(ErrorCode::UnknownMemberId),
        State::PreparingRebalance => Err(ErrorCode::RebalanceInProgress),
        State::CompletingRebalance => {
            note_sync(&mut draft, member);
            if let Some(superseded) = member.syncing {
                draft.answer_sync(superseded, SyncReply::error(ErrorCode::RebalanceInProgress));
            }
            draft.update(&op.member_id, |member| member.syncing = Some(op.waiter));
            if group.head.leader.as_ref() == Some(&op.member_id) {
                assign(&mut draft, &op.assignments);
            }
            Ok(draft.finish(Reply::Parked(op.waiter)))
        }
        State::Stable => {
            note_sync(&mut draft, member);
            let reply = reply(&draft, member.assignment.clone());
            Ok(draft.finish(Reply::Now(reply)))
        }
    }
}

fn check<'a>(group: &'a ClassicGroup, op: &SyncGroup) -> Result<&'a Arc<Member>, ErrorCode> {
    if group.is_empty() {
        return Err(ErrorCode::UnknownMemberId);
    }
    let member = check::member(group, &op.member_id, op.instance_id.as_deref())?;
    if op.generation != group.head.generation {
        return Err(ErrorCode::IllegalGeneration);
    }
    let differ = |said: &Option<Arc<str>>, is: &Option<Arc<str>>| said.is_some() && is.is_some() && said != is;
    if differ(&op.protocol_type, &group.head.protocol_type) || differ(&op.protocol, &group.head.protocol) {
        return Err(ErrorCode::InconsistentGroupProtocol);
    }
    Ok(member)
}

fn note_sync(draft: &mut Draft<'_>, member: &Member) {
    if member.sync_pending {
        draft.update(&member.id, |member| member.sync_pending = false);
        if draft.sync_pending() == 0 {
            draft.clear_timer(Timer::Sync);
        }
    }
}

/// The leader has decided: everybody who waits is told, and the log.
fn assign(draft: &mut Draft<'_>, assignments: &[(MemberId, Bytes)]) {
    // The last word counts, should a member be named twice.
    let assigned: HashMap<&MemberId, &Bytes> = assignments.iter().map(|(id, assignment)| (id, assignment)).collect();
    // A member that the leader left out consumes nothing.
    let given = |id: &MemberId| assigned.get(id).copied().cloned().unwrap_or_default();
    let members: Vec<Arc<Member>> = draft.members().cloned().collect();
    for member in &members {
        if let Some(waiter) = member.syncing {
            draft.answer_sync(waiter, reply(draft, given(&member.id)));
            draft.set_timer(Timer::Session(member.id.clone()), member.session_timeout_ms);
        }
    }
    draft.update_all(|member| (member.assignment, member.syncing) = (given(&member.id), None));
    let (group, generation, members) = (draft.group_id(), draft.head.generation, draft.member_count());
    tracing::debug!(%group, generation, members, "the leader has assigned");
    draft.enter(State::Stable);
    draft.write();
}

fn reply(draft: &Draft<'_>, assignment: Bytes) -> SyncReply {
    SyncReply {
        error: ErrorCode::None,
        protocol_type: draft.head.protocol_type.clone(),
        protocol: draft.head.protocol.clone(),
        assignment,
    }
}
