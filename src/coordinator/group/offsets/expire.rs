//! Offsets that nobody has needed for `offsets.retention.minutes` go, and with the last of them an empty group.
//!
//! All groups are looked at each time, a few at a time, so that no other operation waits long.

use std::sync::Arc;

use super::delete::{Tombstones, is_subscribed_to};
use super::soft::{Soft, Sweep, Timer};
use super::store::CommittedView;
use crate::base::ids::Millis;
use crate::base::limits::OFFSETS_LOOKED_AT_PER_TURN_MAX;
use crate::coordinator::group::classic::group::{ClassicGroup, State};
use crate::coordinator::group::delete_groups;
use crate::coordinator::group::machine::{self, Group, GroupMachine, Outcome};
use crate::coordinator::group::record::{GroupId, GroupRecord, OffsetKey};
use crate::machine::timer::TimerChange;

/// Begins to look at all groups.
pub fn begin(machine: &GroupMachine, now: Millis) -> Outcome<()> {
    let sweep = Sweep { groups: machine.groups.keys().cloned().collect(), at: 0 };
    Outcome::reply(()).soft(GroupRecord::OffsetsSoft(Soft::Sweep(Some(sweep)))).timer(set(Timer::Sweep, now))
}

/// Looks at the next groups.
pub fn sweep(machine: &GroupMachine, now: Millis) -> Outcome<()> {
    let Some(Sweep { groups, at }) = &machine.offsets.sweep else { return Outcome::reply(()) };
    let (mut at, mut looked_at) = (*at, 0);
    let mut tombstones = Tombstones::new();
    let mut ended = Vec::new();
    while let Some(group) = groups.get(at).filter(|_| looked_at < OFFSETS_LOOKED_AT_PER_TURN_MAX) {
        looked_at += 1;
        match expire(machine, now, group, &mut tombstones, &mut looked_at) {
            // It is looked at once more, with room for the rest.
            Left::NoRoom => break,
            Left::Some => {}
            Left::Nothing => ended.push(group),
        }
        at += 1;
    }
    let mut outcome = Outcome::records(tombstones.into_records(), ());
    for group in ended {
        outcome = delete_groups::end_if_empty(machine, outcome, group);
    }
    let left = (at < groups.len()).then(|| Sweep { groups: Arc::clone(groups), at });
    if left.is_some() {
        outcome.timers.push(set(Timer::Sweep, now));
    }
    outcome.soft(GroupRecord::OffsetsSoft(Soft::Sweep(left)))
}

/// What is left of a group's offsets.
enum Left {
    Nothing,
    Some,
    /// More have expired than there was room for.
    NoRoom,
}

fn expire(
    machine: &GroupMachine,
    now: Millis,
    id: &GroupId,
    tombstones: &mut Tombstones,
    looked_at: &mut usize,
) -> Left {
    let pending = machine.offsets.pending();
    let mut left = if pending.has_group(id) { Left::Some } else { Left::Nothing };
    let topics = machine.offsets.of(id);
    let Some(group) = machine.groups.get(id).filter(|_| !topics.is_empty()) else { return left };
    let Some(since) = Since::of(group) else { return Left::Some };
    let retention = Millis(i64::from(machine.config.offsets_retention_minutes()) * 60_000);
    for topic in topics {
        let is_subscribed = is_subscribed_to(group, topic.name());
        for view in topic.partitions() {
            *looked_at += 1;
            if is_subscribed || !since.has_expired(now, retention, view) {
                left = Left::Some;
                continue;
            }
            let (group, name) = (Arc::clone(id), Arc::clone(topic.name()));
            let at = OffsetKey { group, topic: name, partition: view.partition() };
            if pending.contains(&at) {
                left = Left::Some;
            } else if !tombstones.add(at) {
                return Left::NoRoom;
            }
        }
    }
    left
}

/// From when on the time counts.
enum Since {
    /// From the commit.
    Commit,
    /// From when the group became empty.
    Empty(Millis),
}

impl Since {
    /// None: the group's offsets do not expire now.
    fn of(group: &Group) -> Option<Self> {
        match group {
            Group::Consumer(_) => Some(Self::Commit),
            Group::Classic(group) => Self::of_classic(group),
        }
    }

    fn of_classic(group: &ClassicGroup) -> Option<Self> {
        if group.head.protocol_type.is_none() {
            return Some(Self::Commit);
        }
        if group.is_empty() {
            return Some(group.head.since.map_or(Self::Commit, Self::Empty));
        }
        let is_known = group.is_of_consumers() && group.head.subscribed_topics.is_some();
        (is_known && group.head.state == State::Stable).then_some(Self::Commit)
    }

    fn has_expired(&self, now: Millis, retention: Millis, view: CommittedView<'_>) -> bool {
        if let Some(expires) = view.expire_timestamp() {
            return now >= expires;
        }
        let since = match self {
            Self::Commit => view.commit_timestamp(),
            Self::Empty(since) => *since,
        };
        now.since(since) >= retention
    }
}

fn set(timer: Timer, at: Millis) -> TimerChange<machine::Timer> {
    TimerChange::Set(machine::Timer::Offsets(timer), at)
}
