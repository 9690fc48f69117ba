//! A group as it would be: an operation decides on a draft, and what is different in the end is its soft step.
//!
//! A draft borrows the group and holds only what it changes, so it costs what is changed and not what there is. Its counts
//! are the group's and a difference.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::group::{ClassicGroup, Head, State};
use super::member::{Member, Tally};
use super::soft::{Effect, JoinReply, Soft, SyncReply, Timer};
use crate::base::ids::Millis;
use crate::coordinator::group::machine::{self, Outcome};
use crate::coordinator::group::record::{ClassicGroupValue, GroupId, GroupRecord, MemberId};
use crate::machine::outcome::{Reply, WaiterId};
use crate::machine::timer::TimerChange;

/// A group that is being changed.
pub struct Draft<'a> {
    id: &'a GroupId,
    /// The time.
    pub now: Millis,
    group: &'a ClassicGroup,
    /// The group as a whole.
    pub head: Head,
    members: BTreeMap<MemberId, Option<Arc<Member>>>,
    /// Every member of the group is in `members`.
    all_changed: bool,
    static_members: HashMap<Arc<str>, Option<MemberId>>,
    pending: BTreeMap<MemberId, bool>,
    difference: Tally,
    pending_difference: i64,
    record: Option<ClassicGroupValue>,
    timers: Vec<TimerChange<machine::Timer>>,
    effects: Vec<machine::Effect>,
}

impl<'a> Draft<'a> {
    /// Nothing is different yet.
    pub fn new(id: &'a GroupId, group: &'a ClassicGroup, now: Millis) -> Self {
        Self {
            id,
            now,
            group,
            head: group.head.clone(),
            members: BTreeMap::new(),
            all_changed: false,
            static_members: HashMap::new(),
            pending: BTreeMap::new(),
            difference: Tally::default(),
            pending_difference: 0,
            record: None,
            timers: Vec::new(),
            effects: Vec::new(),
        }
    }

    /// The group's id.
    pub fn group_id(&self) -> &'a GroupId {
        self.id
    }

    /// One member.
    pub fn member(&self, id: &str) -> Option<&Arc<Member>> {
        match self.members.get(id) {
            Some(changed) => changed.as_ref(),
            None => self.group.member(id),
        }
    }

    /// All members. Costs what there is: for what happens once in a rebalance.
    pub fn members(&self) -> impl Iterator<Item = &Arc<Member>> {
        let unchanged = self.group.members().take(if self.all_changed { 0 } else { usize::MAX });
        let unchanged = unchanged.filter(|member| !self.members.contains_key(&member.id));
        let all = unchanged.chain(self.members.values().flatten());
        #[cfg(test)]
        let all = all.inspect(|_| visits::count());
        all
    }

    /// How many members there are.
    pub fn member_count(&self) -> i64 {
        self.group.tally().members + self.difference.members
    }

    /// How many of them wait for a generation.
    pub fn joining(&self) -> i64 {
        self.group.tally().joining + self.difference.joining
    }

    /// How many have not asked for their assignment.
    pub fn sync_pending(&self) -> i64 {
        self.group.tally().sync_pending + self.difference.sync_pending
    }

    /// How many support an assignor.
    pub fn supporters(&self, protocol: &str) -> i64 {
        self.group.tally().supporters(protocol) + self.difference.supporters(protocol)
    }

    /// How many ids are given out but not used.
    pub fn pending_len(&self) -> i64 {
        self.group.pending().len() as i64 + self.pending_difference
    }

    /// Whether this id is given out but not used.
    pub fn is_pending(&self, id: &str) -> bool {
        self.pending.get(id).copied().unwrap_or_else(|| self.group.pending().contains(id))
    }

    /// Whether nobody has to be waited for.
    pub fn all_joined(&self) -> bool {
        self.member_count() == self.joining() && self.pending_len() == 0
    }

    /// The member that goes by this static name.
    pub fn static_member(&self, instance_id: &str) -> Option<&MemberId> {
        match self.static_members.get(instance_id) {
            Some(changed) => changed.as_ref(),
            None => self.group.static_member(instance_id),
        }
    }

    /// Adds a member, or puts it in the place of the one with its id. The first one's word makes the protocol type.
    pub fn put(&mut self, member: Member) {
        if let Some(name) = &member.instance_id {
            self.static_members.insert(name.clone(), Some(member.id.clone()));
        }
        self.change(member.id.clone(), Some(Arc::new(member)));
    }

    /// Changes a member that there is.
    pub fn update(&mut self, id: &MemberId, update: impl FnOnce(&mut Member)) {
        if let Some(member) = self.member(id) {
            let mut member = Member::clone(member);
            update(&mut member);
            self.change(id.clone(), Some(Arc::new(member)));
        }
    }

    /// Changes every member; none gets another static name.
    pub fn update_all(&mut self, update: impl Fn(&mut Member)) {
        let mut difference = std::mem::take(&mut self.difference);
        let changed = self.members().map(|old| {
            let mut new = Member::clone(old);
            update(&mut new);
            difference.replace(old, &new);
            (new.id.clone(), Some(Arc::new(new)))
        });
        let mut changed: BTreeMap<_, _> = changed.collect();
        self.difference = difference;
        self.members.append(&mut changed);
        self.all_changed = true;
    }

    /// Takes a member out. Whoever takes out leaders has a new one chosen once he is done.
    pub fn remove(&mut self, id: &MemberId) {
        if let Some(name) = self.member(id).and_then(|member| member.instance_id.clone())
            && self.static_member(&name) == Some(id)
        {
            self.static_members.insert(name, None);
        }
        self.change(id.clone(), None);
    }

    fn change(&mut self, id: MemberId, to: Option<Arc<Member>>) {
        match (self.member(&id).cloned(), &to) {
            (None, None) => return,
            (None, Some(new)) => self.difference.count(new, 1),
            (Some(old), None) => self.difference.count(&old, -1),
            (Some(old), Some(new)) => self.difference.replace(&old, new),
        }
        self.members.insert(id, to);
    }

    /// Notes that an id is given out, or is not any more.
    pub fn set_pending(&mut self, id: &MemberId, is_pending: bool) {
        if self.is_pending(id) != is_pending {
            self.pending_difference += if is_pending { 1 } else { -1 };
            self.pending.insert(id.clone(), is_pending);
        }
    }

    /// Goes into another state.
    pub fn enter(&mut self, state: State) {
        self.head.previous = Some(self.head.state);
        self.head.state = state;
        self.head.since = Some(self.now);
    }

    /// Sets a timer.
    pub fn set_timer(&mut self, timer: Timer, span_ms: i32) {
        self.timers.push(set_timer(self.now, self.id, timer, span_ms));
    }

    /// Clears a timer.
    pub fn clear_timer(&mut self, timer: Timer) {
        self.timers.push(TimerChange::Clear(machine::Timer::Classic(Arc::clone(self.id), timer)));
    }

    /// Answers a JoinGroup that waits.
    pub fn answer_join(&mut self, waiter: WaiterId, reply: JoinReply) {
        self.effects.push(machine::Effect::Classic(Effect::Join(waiter, reply)));
    }

    /// Answers a SyncGroup that waits.
    pub fn answer_sync(&mut self, waiter: WaiterId, reply: SyncReply) {
        self.effects.push(machine::Effect::Classic(Effect::Sync(waiter, reply)));
    }

    /// Has the group written to the log as it is now.
    pub fn write(&mut self) {
        let head = &self.head;
        let protocol = head.protocol.clone();
        self.record = Some(ClassicGroupValue {
            protocol_type: head.protocol_type.clone().unwrap_or_else(|| "".into()),
            generation: head.generation,
            leader: head.leader.clone(),
            current_state_timestamp: head.since.unwrap_or(Millis::NONE),
            members: self.members().map(|member| member.to_value(protocol.as_deref().unwrap_or(""))).collect(),
            protocol,
        });
    }

    /// The decision.
    pub fn finish<T>(self, reply: Reply<T>) -> Outcome<T> {
        let soft = self.step();
        let mut outcome = match reply {
            Reply::Now(reply) => Outcome::reply(reply),
            Reply::Parked(waiter) => Outcome::parked(waiter),
        };
        outcome.records.extend(self.record.map(|value| GroupRecord::Classic(Arc::clone(self.id), Some(value))));
        outcome.soft.extend(soft.map(|step| GroupRecord::ClassicSoft(Arc::clone(self.id), step)));
        outcome.timers = self.timers;
        outcome.after_commit = self.effects;
        outcome
    }

    fn step(&self) -> Option<Soft> {
        let head = self.head.clone();
        if self.record.is_some() {
            // The record made the group anew, as it is loaded: all that it does not hold must follow it.
            let members = self.members().map(|member| (member.id.clone(), Some(Arc::clone(member)))).collect();
            let left = self.group.pending().iter().filter(|id| self.is_pending(id));
            let added = self.pending.iter().filter(|(id, is)| **is && !self.group.pending().contains(*id));
            let pending = left.chain(added.map(|(id, _)| id)).map(|id| (id.clone(), true)).collect();
            return Some(Soft { head, members, pending });
        }
        if head == self.group.head && self.members.is_empty() && self.pending.is_empty() {
            return None;
        }
        let members = self.members.iter().map(|(id, member)| (id.clone(), member.clone())).collect();
        let pending = self.pending.iter().map(|(id, is)| (id.clone(), *is)).collect();
        Some(Soft { head, members, pending })
    }
}

/// A timer of this group, `span_ms` from now.
pub fn set_timer(now: Millis, group: &GroupId, timer: Timer, span_ms: i32) -> TimerChange<machine::Timer> {
    let at = now.plus(Millis(span_ms.max(0).into()));
    TimerChange::Set(machine::Timer::Classic(Arc::clone(group), timer), at)
}

/// Counts how often a member was looked at by walking over all of them.
#[cfg(test)]
pub mod visits {
    use std::cell::Cell;

    thread_local!(static COUNT: Cell<u64> = const { Cell::new(0) });

    /// One more.
    pub fn count() {
        COUNT.set(COUNT.get() + 1);
    }

    /// How often since the last call.
    pub fn take() -> u64 {
        COUNT.replace(0)
    }
}
