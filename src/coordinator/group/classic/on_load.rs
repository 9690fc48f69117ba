//! What is done once a partition is loaded, and once it is lost.

use super::draft::Draft;
use super::group::{ClassicGroup, State};
use super::rebalance::prepare;
use super::settings::Settings;
use super::soft::{Effect, JoinReply, SyncReply, Timer};
use crate::base::error_code::ErrorCode;
use crate::base::ids::Millis;
use crate::coordinator::group::machine::{Group, GroupMachine, Outcome};
use crate::coordinator::group::record::GroupId;
use crate::machine::outcome::Reply;

/// Every classic group of a partition that is loaded.
pub fn on_loaded(machine: &GroupMachine, now: Millis) -> Outcome<()> {
    let settings = Settings::new(&machine.config);
    let mut all = Outcome::reply(());
    for (id, group) in &machine.groups {
        if let Group::Classic(group) = group {
            let one = on_load(id, group, now, &settings);
            all.records.extend(one.records);
            all.soft.extend(one.soft);
            all.timers.extend(one.timers);
            all.after_commit.extend(one.after_commit);
        }
    }
    all
}

/// Gives every member of a loaded group its session timeout from now; a group that has become too big rebalances, so that
/// those who do not fit can commit their offsets before they have to go.
pub fn on_load(id: &GroupId, group: &ClassicGroup, now: Millis, settings: &Settings) -> Outcome<()> {
    let mut draft = Draft::new(id, group, now);
    for member in group.members() {
        draft.set_timer(Timer::Session(member.id.clone()), member.session_timeout_ms);
    }
    if draft.member_count() > settings.members_max.into() && group.head.state == State::Stable {
        prepare(&mut draft, settings.initial_rebalance_delay_ms, &"the loaded group has more members than it may");
    }
    draft.finish(Reply::Now(()))
}

/// Tells everybody who waits that it was in vain: this node is not the coordinator any more, or the group is of another
/// kind from now on.
pub fn dismiss_waiting(group: &ClassicGroup, error: ErrorCode) -> Vec<Effect> {
    let join = |member_id| JoinReply::error(error, member_id);
    let joins = group.members().filter_map(|it| Some(Effect::Join(it.joining?, join(it.id.clone()))));
    let syncs = group.members().filter_map(|it| Some(Effect::Sync(it.syncing?, SyncReply::error(error))));
    joins.chain(syncs).collect()
}
