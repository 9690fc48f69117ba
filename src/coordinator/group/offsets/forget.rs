//! The offsets of topics that are gone go as well, whoever committed them.

use std::sync::Arc;

use super::delete::Tombstones;
use super::soft::{DeletedTopic, Soft, Timer};
use crate::base::ids::{Millis, Uuid};
use crate::coordinator::group::machine::{self, GroupMachine, Outcome};
use crate::coordinator::group::record::{GroupRecord, OffsetKey};
use crate::machine::timer::TimerChange;

/// Begins to remove the offsets of `topics`.
pub fn begin(now: Millis, topics: &Arc<[DeletedTopic]>) -> Outcome<()> {
    if topics.is_empty() {
        return Outcome::reply(());
    }
    Outcome::reply(()).soft(GroupRecord::OffsetsSoft(Soft::Deleted(Arc::clone(topics)))).timer(go_on(now))
}

/// Removes some offsets of the first of them; goes on to the next once none is left.
pub fn forget(machine: &GroupMachine, now: Millis) -> Outcome<()> {
    let Some(gone) = machine.offsets.deleted.first() else { return Outcome::reply(()) };
    let mut tombstones = Tombstones::new();
    let is_done = offsets_of(machine, gone).all(|at| tombstones.add(at));
    let mut outcome = Outcome::records(tombstones.into_records(), ());
    if is_done {
        outcome = outcome.soft(GroupRecord::OffsetsSoft(Soft::Forgotten));
    }
    if is_done && machine.offsets.deleted.len() == 1 { outcome } else { outcome.timer(go_on(now)) }
}

/// What is committed of the topic. Offsets that do not know their topic's id go by its name.
fn offsets_of<'a>(machine: &'a GroupMachine, gone: &'a DeletedTopic) -> impl Iterator<Item = OffsetKey> + 'a {
    let is_of = |id: Uuid| id.is_zero() || id == gone.id;
    let committed = machine.offsets.groups().flat_map(move |(group, _)| {
        let topic = machine.offsets.of_topic(group, &gone.name).into_iter();
        topic.flat_map(move |topic| {
            topic.partitions().filter(move |view| is_of(view.topic_id())).map(move |view| OffsetKey {
                group: Arc::clone(group),
                topic: Arc::clone(topic.name()),
                partition: view.partition(),
            })
        })
    });
    let pending = machine.offsets.pending().iter();
    let pending = pending.filter(move |(at, value)| at.topic == gone.name && is_of(value.topic_id));
    committed.chain(pending.filter(|(at, _)| machine.offsets.find(at).is_none()).map(|(at, _)| at.clone()))
}

fn go_on(now: Millis) -> TimerChange<machine::Timer> {
    TimerChange::Set(machine::Timer::Offsets(Timer::Forget), now)
}
