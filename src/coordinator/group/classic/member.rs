//! A member of a classic group, and what a group counts of its members.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;

use crate::coordinator::group::record::{ClassicMemberValue, MemberId};
use crate::machine::outcome::WaiterId;

/// An assignor that a member can use, and what it tells that assignor, most wanted first.
pub type Protocols = Arc<[(Arc<str>, Bytes)]>;

/// A member. All members of a group share its protocol type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: MemberId,
    /// Its name across restarts (KIP-345): such a member is static.
    pub instance_id: Option<Arc<str>>,
    /// What the client calls itself.
    pub client_id: Arc<str>,
    /// Where it connects from.
    pub client_host: Arc<str>,
    /// How long a rebalance waits for it.
    pub rebalance_timeout_ms: i32,
    /// How long it may be silent.
    pub session_timeout_ms: i32,
    /// What it supports; each name once.
    pub protocols: Protocols,
    /// What it was last given; empty while that is not known.
    pub assignment: Bytes,
    /// Who waits for its JoinGroup.
    pub joining: Option<WaiterId>,
    /// Who waits for its SyncGroup.
    pub syncing: Option<WaiterId>,
    /// It has not seen a generation yet, so that waiting for one does not keep it alive for ever.
    pub is_new: bool,
    /// It has joined the present generation but has not asked for its assignment.
    pub sync_pending: bool,
}

impl Member {
    /// What it tells this assignor.
    pub fn metadata(&self, protocol: &str) -> Option<&Bytes> {
        self.protocols.iter().find(|(name, _)| **name == *protocol).map(|(_, metadata)| metadata)
    }

    /// Whether it is known to be alive without heartbeats: its client waits for us.
    pub fn is_waiting(&self) -> bool {
        !self.is_new && (self.joining.is_some() || self.syncing.is_some())
    }

    /// As a record of its group says; `protocol` is the group's.
    pub fn from_value(value: &ClassicMemberValue, protocol: Option<&Arc<str>>) -> Self {
        let name = protocol.cloned().unwrap_or_else(|| "".into());
        // Written before value version 1 there was no rebalance timeout.
        let rebalance_timeout_ms =
            if value.rebalance_timeout_ms == -1 { value.session_timeout_ms } else { value.rebalance_timeout_ms };
        Self {
            id: value.member_id.clone(),
            instance_id: value.instance_id.clone(),
            client_id: value.client_id.clone(),
            client_host: value.client_host.clone(),
            rebalance_timeout_ms,
            session_timeout_ms: value.session_timeout_ms,
            protocols: [(name, value.subscription.clone())].into(),
            assignment: value.assignment.clone(),
            joining: None,
            syncing: None,
            is_new: false,
            sync_pending: false,
        }
    }

    /// As a record of its group says.
    pub fn to_value(&self, protocol: &str) -> ClassicMemberValue {
        ClassicMemberValue {
            member_id: self.id.clone(),
            instance_id: self.instance_id.clone(),
            client_id: self.client_id.clone(),
            client_host: self.client_host.clone(),
            rebalance_timeout_ms: self.rebalance_timeout_ms,
            session_timeout_ms: self.session_timeout_ms,
            subscription: self.metadata(protocol).cloned().unwrap_or_default(),
            assignment: self.assignment.clone(),
        }
    }
}

/// Leaves out a name that stood before, so that a member counts once for each assignor.
pub fn distinct(protocols: &[(Arc<str>, Bytes)]) -> Protocols {
    let mut seen = HashSet::new();
    protocols.iter().filter(|(name, _)| seen.insert(name.clone())).cloned().collect()
}

/// What is counted of a set of members, so that nobody has to walk over them; or how the counts differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Members.
    pub members: i64,
    /// Those that wait for a generation.
    pub joining: i64,
    /// Those that have not asked for their assignment.
    pub sync_pending: i64,
    /// How many support an assignor; none that nobody supports.
    supports: HashMap<Arc<str>, i64>,
}

impl Tally {
    /// Counts a member in (`1`) or out (`-1`).
    pub fn count(&mut self, member: &Member, by: i64) {
        self.members += by;
        self.joining += by * i64::from(member.joining.is_some());
        self.sync_pending += by * i64::from(member.sync_pending);
        self.count_supported(member, by);
    }

    /// Counts a member in and what it was before out; cheap where it supports what it did.
    pub fn replace(&mut self, old: &Member, new: &Member) {
        self.joining += i64::from(new.joining.is_some()) - i64::from(old.joining.is_some());
        self.sync_pending += i64::from(new.sync_pending) - i64::from(old.sync_pending);
        if !Arc::ptr_eq(&old.protocols, &new.protocols) && old.protocols != new.protocols {
            self.count_supported(old, -1);
            self.count_supported(new, 1);
        }
    }

    fn count_supported(&mut self, member: &Member, by: i64) {
        for (name, _) in member.protocols.iter() {
            let supporters = self.supports.entry(name.clone()).or_default();
            *supporters += by;
            if *supporters == 0 {
                self.supports.remove(name);
            }
        }
    }

    /// How many support an assignor.
    pub fn supporters(&self, protocol: &str) -> i64 {
        self.supports.get(protocol).copied().unwrap_or(0)
    }
}
