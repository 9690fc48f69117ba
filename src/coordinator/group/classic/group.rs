//! The state of a classic group. It changes only by `apply` (soft steps) and `from_value` (records).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use super::member::{Member, Tally};
use super::soft::Soft;
use super::subscription;
use crate::base::ids::Millis;
use crate::coordinator::group::record::{ClassicGroupValue, MemberId};

/// The protocol type of groups of consumers.
pub const CONSUMER: &str = "consumer";

/// Where a group stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Without members; it may have offsets.
    Empty,
    /// Waits for its members to join the next generation.
    PreparingRebalance,
    /// Waits for its leader to say who consumes what.
    CompletingRebalance,
    /// Its members know what they consume.
    Stable,
}

impl State {
    /// As Kafka prints it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::PreparingRebalance => "PreparingRebalance",
            Self::CompletingRebalance => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An empty group's first rebalance waits for more members (`group.initial.rebalance.delay.ms`), again and again while
/// some come, but never longer than a rebalance may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InitialDelay {
    /// The delay that is set.
    pub step_ms: i32,
    /// How long it waits now.
    pub delay_ms: i32,
    /// How long it may wait after that.
    pub remaining_ms: i32,
    /// Somebody has joined meanwhile.
    pub member_added: bool,
}

/// What is said of the group as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Where it stands.
    pub state: State,
    /// Where it stood before, if it has ever changed here.
    pub previous: Option<State>,
    /// Since when it stands there; very old records do not tell.
    pub since: Option<Millis>,
    /// `consumer`, `connect`, ...; none where offsets are all that there ever was.
    pub protocol_type: Option<Arc<str>>,
    /// Grows by one with each rebalance.
    pub generation: i32,
    /// The assignor of this generation.
    pub protocol: Option<Arc<str>>,
    /// Who decides who consumes what.
    pub leader: Option<MemberId>,
    /// The wait of a first rebalance.
    pub initial: Option<InitialDelay>,
    /// What consumers subscribe to in this generation, if they say it in words that we understand.
    pub subscribed_topics: Option<Arc<HashSet<Arc<str>>>>,
}

/// A classic group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassicGroup {
    /// The group as a whole.
    pub head: Head,
    members: BTreeMap<MemberId, Arc<Member>>,
    /// The member of each static name.
    static_members: HashMap<Arc<str>, MemberId>,
    /// Ids that were given out, whose members have not come back with them (KIP-394).
    pending: BTreeSet<MemberId>,
    tally: Tally,
}

impl ClassicGroup {
    /// Without members, since `now`.
    pub fn new(now: Millis) -> Self {
        Self::empty(Some(now))
    }

    fn empty(since: Option<Millis>) -> Self {
        let head = Head {
            state: State::Empty,
            previous: None,
            since,
            protocol_type: None,
            generation: 0,
            protocol: None,
            leader: None,
            initial: None,
            subscribed_topics: None,
        };
        let (members, static_members, pending) = Default::default();
        Self { head, members, static_members, pending, tally: Tally::default() }
    }

    /// The group that a record tells of: stable, or empty.
    pub fn from_value(value: &ClassicGroupValue) -> Self {
        let since = Some(value.current_state_timestamp).filter(|at| !at.is_none());
        let mut group = Self::empty(since);
        group.head.protocol_type = Some(value.protocol_type.clone()).filter(|name| !name.is_empty());
        group.head.generation = value.generation;
        group.head.protocol = value.protocol.clone();
        group.head.leader = value.leader.clone();
        let protocol = value.protocol.as_ref();
        let members = value.members.iter();
        // All at once: they were written in the order of their ids.
        group.members = members.map(|it| (it.member_id.clone(), Arc::new(Member::from_value(it, protocol)))).collect();
        for member in group.members.values() {
            group.tally.count(member, 1);
            if let Some(name) = &member.instance_id {
                group.static_members.insert(name.clone(), member.id.clone());
            }
        }
        if !group.members.is_empty() {
            group.head.state = State::Stable;
        }
        group.head.subscribed_topics = subscription::subscribed_topics(&group.head, group.members());
        group
    }

    /// Takes in a step between two records.
    pub fn apply(&mut self, step: &Soft) {
        self.head = step.head.clone();
        for (id, member) in self.replace_all(&step.members) {
            self.change(id, member.as_ref());
        }
        for (id, is_pending) in &step.pending {
            if *is_pending {
                self.pending.insert(id.clone());
            } else {
                self.pending.remove(id);
            }
        }
    }

    /// Where a step changes every member, as those that a rebalance goes through do, nobody has to be looked up: both are in the
    /// order of the ids. Returns what is left to do otherwise.
    fn replace_all<'a>(
        &mut self,
        members: &'a [(MemberId, Option<Arc<Member>>)],
    ) -> &'a [(MemberId, Option<Arc<Member>>)] {
        if members.len() != self.members.len() {
            return members;
        }
        for (at, (held, (id, member))) in self.members.iter_mut().zip(members).enumerate() {
            match member {
                Some(member) if held.0 == id && held.1.instance_id == member.instance_id => {
                    self.tally.replace(held.1, member);
                    *held.1 = Arc::clone(member);
                }
                _ => return &members[at..],
            }
        }
        &[]
    }

    fn change(&mut self, id: &MemberId, to: Option<&Arc<Member>>) {
        let old = match to {
            Some(member) => self.members.insert(id.clone(), Arc::clone(member)),
            None => self.members.remove(id),
        };
        if let Some(old) = old {
            self.tally.count(&old, -1);
            if let Some(name) = &old.instance_id
                && self.static_members.get(name) == Some(id)
            {
                self.static_members.remove(name);
            }
        }
        if let Some(member) = to {
            self.tally.count(member, 1);
            if let Some(name) = &member.instance_id {
                self.static_members.insert(name.clone(), id.clone());
            }
        }
    }

    /// The members, by id.
    pub fn members(&self) -> impl Iterator<Item = &Arc<Member>> {
        self.members.values()
    }

    /// One member.
    pub fn member(&self, id: &str) -> Option<&Arc<Member>> {
        self.members.get(id)
    }

    /// The member that goes by this static name.
    pub fn static_member(&self, instance_id: &str) -> Option<&MemberId> {
        self.static_members.get(instance_id)
    }

    /// Ids that were given out but are not used yet.
    pub fn pending(&self) -> &BTreeSet<MemberId> {
        &self.pending
    }

    /// What is counted of its members.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Whether it has no members; ids may be given out.
    pub fn is_empty(&self) -> bool {
        self.head.state == State::Empty
    }

    /// Whether offsets are all that there ever was.
    pub fn is_simple(&self) -> bool {
        self.head.protocol_type.is_none() && self.is_empty() && self.pending.is_empty()
    }

    /// Whether its members speak the consumers' embedded protocol.
    pub fn is_of_consumers(&self) -> bool {
        self.head.protocol_type.as_deref() == Some(CONSUMER)
    }
}
