//! A static member (KIP-345) that is back under its name, without its id: it gets a new id and the old one is fenced.

use super::group::State;
use super::join::{Join, why};
use super::member::Member;
use super::rebalance::{join_reply, maybe_complete_join, prepare, prepare_or_complete_join, select_protocol};
use super::soft::{JoinReply, SyncReply, Timer};
use crate::base::error_code::ErrorCode;
use crate::coordinator::group::machine::Outcome;
use crate::coordinator::group::record::MemberId;

/// Puts it in its own place. In a stable group nobody else need notice, as long as the assignor stays the same.
pub(super) fn replace(mut join: Join<'_>, old_id: &MemberId) -> Result<Outcome<JoinReply>, ErrorCode> {
    let new_id = join.new_id();
    let old_leader = join.draft.head.leader.clone();
    rename(&mut join, old_id, &new_id);
    join.update_member(&new_id);
    let draft = &mut join.draft;
    match draft.head.state {
        State::Stable if select_protocol(draft) == draft.head.protocol => {
            draft.update(&new_id, |member| member.joining = None);
            draft.write();
            let Some(member) = draft.member(&new_id) else { return Err(ErrorCode::UnknownServerError) };
            let is_leader = draft.head.leader.as_ref() == Some(&new_id);
            let reply = if join.op.can_skip_assignment {
                let members: Vec<_> = if is_leader { draft.members().cloned().collect() } else { Vec::new() };
                JoinReply { skip_assignment: is_leader, ..join_reply(draft, member, &members) }
            } else {
                // Told that somebody else leads, it will not assign anew either.
                JoinReply { leader: old_leader, ..join_reply(draft, member, &[]) }
            };
            join.answer(reply)
        }
        State::Stable => {
            prepare_or_complete_join(draft, join.settings, &why(join.op, "is back as a static member"));
            join.park()
        }
        State::CompletingRebalance => {
            prepare(draft, join.settings.initial_rebalance_delay_ms, &why(join.op, "is back as a static member"));
            join.park()
        }
        State::PreparingRebalance | State::Empty => {
            maybe_complete_join(draft);
            join.park()
        }
    }
}

fn rename(join: &mut Join<'_>, old_id: &MemberId, new_id: &MemberId) {
    let draft = &mut join.draft;
    let Some(old) = draft.member(old_id).cloned() else { return };
    if let Some(waiter) = old.joining {
        draft.answer_join(waiter, JoinReply::error(ErrorCode::FencedInstanceId, old_id.clone()));
    }
    if let Some(waiter) = old.syncing {
        draft.answer_sync(waiter, SyncReply::error(ErrorCode::FencedInstanceId));
    }
    draft.clear_timer(Timer::Session(old_id.clone()));
    draft.set_timer(Timer::Session(new_id.clone()), old.session_timeout_ms);
    draft.remove(old_id);
    let mut member = Member::clone(&old);
    (member.id, member.joining, member.syncing, member.is_new) = (new_id.clone(), None, None, false);
    draft.put(member);
    if draft.head.leader.as_ref() == Some(old_id) {
        draft.head.leader = Some(new_id.clone());
    }
}
