//! What a classic group does when time has passed.

use super::draft::Draft;
use super::group::{InitialDelay, State};
use super::rebalance::{complete_join, dismiss, prepare, settle_leader};
use super::soft::Timer;
use crate::base::ids::Millis;
use crate::coordinator::group::machine::{GroupMachine, Outcome};
use crate::coordinator::group::record::{GroupId, MemberId};
use crate::machine::outcome::Reply;

/// A timer is due. One that has outlived its reason does nothing.
pub fn on_timer(machine: &GroupMachine, now: Millis, group: &GroupId, timer: &Timer) -> Outcome<()> {
    let Some(found) = machine.classic(group) else { return Outcome::reply(()) };
    let mut draft = Draft::new(group, found, now);
    match timer {
        Timer::Session(member) => expire_session(&mut draft, member),
        Timer::Join => expire_join(&mut draft),
        Timer::Sync => expire_sync(&mut draft),
    }
    draft.finish(Reply::Now(()))
}

/// A member was silent for too long, or never came back with its id.
fn expire_session(draft: &mut Draft<'_>, id: &MemberId) {
    if draft.is_pending(id) {
        tracing::info!(group = %draft.group_id(), member = %id, "a member did not come back with the id that it was given");
        draft.set_pending(id, false);
    } else if draft.member(id).is_some_and(|member| !member.is_waiting()) {
        tracing::info!(group = %draft.group_id(), member = %id, "a member has failed: nothing was heard of it for a session");
        dismiss(draft, id);
        settle_leader(draft);
        if matches!(draft.head.state, State::CompletingRebalance | State::Stable) {
            return prepare(draft, 0, &format_args!("member {id} has failed"));
        }
    } else {
        return;
    }
    if draft.head.state == State::PreparingRebalance && draft.all_joined() {
        complete_join(draft);
    }
}

/// The wait for members is over, unless it is a first one and some have come just now.
fn expire_join(draft: &mut Draft<'_>) {
    if draft.head.state != State::PreparingRebalance {
        return;
    }
    match draft.head.initial {
        Some(initial) if initial.member_added && initial.remaining_ms > 0 => {
            let delay_ms = initial.step_ms.min(initial.remaining_ms);
            let remaining_ms = initial.remaining_ms.saturating_sub(initial.delay_ms).max(0);
            draft.head.initial = Some(InitialDelay { delay_ms, remaining_ms, member_added: false, ..initial });
            draft.set_timer(Timer::Join, delay_ms);
        }
        _ => complete_join(draft),
    }
}

/// Members that have joined but do not ask for their assignment are out.
fn expire_sync(draft: &mut Draft<'_>) {
    let is_due = matches!(draft.head.state, State::CompletingRebalance | State::Stable);
    if is_due && draft.sync_pending() > 0 {
        let late: Vec<MemberId> =
            draft.members().filter(|member| member.sync_pending).map(|member| member.id.clone()).collect();
        late.iter().for_each(|id| dismiss(draft, id));
        settle_leader(draft);
        prepare(draft, 0, &format_args!("{} members did not ask for their assignment in time", late.len()));
    }
}
