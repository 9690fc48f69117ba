//! Server-side assignors (KIP-848): who should own which partitions of the topics that a group's members subscribe to.
//!
//! Pure: from members, topics and what each member was to own so far, to what each should own. As in Apache Kafka 4.3, no
//! assignor looks at racks. Never knows epochs, or what a member really owns by now.

mod balancer;
mod owners;
mod range;
mod uniform;
mod uniform_mixed;

#[cfg(test)]
mod assignor_test;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::ids::Uuid;

/// Partitions by topic; each list is in ascending order, and no list is empty.
pub type Partitions = BTreeMap<Uuid, Vec<i32>>;

/// A topic that somebody subscribes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic {
    /// Its id.
    pub id: Uuid,
    /// How many partitions it has.
    pub partitions: i32,
}

/// A member, as an assignor sees it.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name across restarts.
    pub instance_id: Option<&'a str>,
    /// The places of its topics in [`Spec::topics`], ascending. Members of the same subscription share them.
    pub topics: Arc<[usize]>,
    /// What it was to own so far.
    pub previous: Arc<Partitions>,
}

/// What is to be assigned, and to whom.
#[derive(Debug, Clone)]
pub struct Spec<'a> {
    /// In the order of their ids.
    pub topics: Vec<Topic>,
    /// In the order of their ids.
    pub members: Vec<Member<'a>>,
    /// Whether all members subscribe to the same topics.
    pub homogeneous: bool,
}

/// An assignor, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignor {
    /// Spreads partitions evenly and moves as few as it can.
    Uniform,
    /// Gives each member neighbouring partitions, the same ones of each topic.
    Range,
}

impl Assignor {
    /// The assignor of this name, which may be that of Kafka's class.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "uniform" | "org.apache.kafka.coordinator.group.assignor.UniformAssignor" => Some(Self::Uniform),
            "range" | "org.apache.kafka.coordinator.group.assignor.RangeAssignor" => Some(Self::Range),
            _ => None,
        }
    }

    /// Its name, as clients ask for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Range => "range",
        }
    }

    /// What each member should own, in the order of the members. A member whose share stays as it was gets the very same
    /// value back.
    pub fn assign(self, spec: &Spec<'_>) -> Vec<Arc<Partitions>> {
        let shares = match self {
            _ if spec.members.is_empty() => Vec::new(),
            Self::Uniform if spec.homogeneous => uniform::assign(spec).shares(spec),
            Self::Uniform => uniform_mixed::assign(spec).shares(spec),
            Self::Range => range::assign(spec),
        };
        let keep = |(member, share): (&Member<'_>, Partitions)| {
            if *member.previous == share { Arc::clone(&member.previous) } else { Arc::new(share) }
        };
        spec.members.iter().zip(shares).map(keep).collect()
    }
}
