//! Brings one member a step nearer to the target assignment: it first gives up what it should not own, then moves to the
//! target's epoch with all that is free by then, and takes the rest as others give it up (KIP-848).
//!
//! ```text
//!            has more than its target              gave up                  others still own some of it
//!  Stable ─────────────────────────> Unrevoked ─────────────> next epoch ─────────────────> Unreleased
//!    ^                                                            │  all is free                 │  free by now
//!    └────────────────────────────────────────────────────────────┴──────────────────────────────┘
//! ```

use std::collections::BTreeSet;
use std::sync::Arc;

use super::assignment::{Owned, PartitionEpochs};
use super::group::ConsumerGroup;
use super::heartbeat::HeartbeatError;
use super::member::{Member, MemberState};
use super::plan::Plan;
use super::soft::MemberTimer;
use crate::base::ids::{Millis, Uuid};
use crate::coordinator::group::assignor::Partitions;
use crate::coordinator::group::record::{ResolvedRegexValue, TopicPartitions};
use crate::metadata::image::MetadataImage;

/// What a member is reconciled with.
pub struct Reconciliation<'a> {
    /// Its group, without what has been decided about the member just now.
    pub group: &'a ConsumerGroup,
    /// The cluster's topics.
    pub image: &'a MetadataImage,
    /// The epoch of the target assignment.
    pub target_epoch: i32,
    /// What the member should own.
    pub target: Arc<Partitions>,
    /// It subscribes to something else than before.
    pub subscription_changed: bool,
    /// What the member says that it owns, if it says.
    pub owned: Option<&'a [TopicPartitions]>,
}

impl Reconciliation<'_> {
    /// The member a step further; what has changed is planned to be written, and its timer set.
    pub fn step(&self, plan: &mut Plan, now: Millis, member: Member) -> Result<Member, HeartbeatError> {
        if !self.subscription_changed && member.is_reconciled_to(self.target_epoch) {
            return Ok(member);
        }
        let next = self.next(&member)?;
        if next != member {
            plan.current(&next);
            if !next.uses_classic_protocol() {
                if next.state == MemberState::UnrevokedPartitions {
                    let timeout = Millis(i64::from(next.metadata.rebalance_timeout_ms));
                    plan.set_timer(&next.id, MemberTimer::Revocation, now.plus(timeout));
                } else {
                    plan.clear_timer(&next.id, MemberTimer::Revocation);
                }
            }
        }
        Ok(next)
    }

    fn next(&self, member: &Member) -> Result<Member, HeartbeatError> {
        match member.state {
            MemberState::Stable if member.epoch != self.target_epoch => Ok(self.compute(member, member.epoch)),
            MemberState::Stable => Ok(self.without_unsubscribed(member)),
            MemberState::UnrevokedPartitions if self.still_owns(&member.pending_revocation) => {
                Ok(self.without_unsubscribed(member))
            }
            MemberState::UnrevokedPartitions | MemberState::UnreleasedPartitions => {
                Ok(self.compute(member, member.epoch))
            }
            // A newer coordinator left it in a state that says nothing here: it starts over, with nothing.
            MemberState::Unknown if self.owned.is_some_and(<[_]>::is_empty) => {
                Ok(self.compute(member, self.target_epoch))
            }
            MemberState::Unknown => Err(HeartbeatError::UnknownState),
        }
    }

    /// The next assignment of a member that has given up what it had to.
    fn compute(&self, member: &Member, epoch: i32) -> Member {
        let subscription = self.subscription(member);
        let (mut assigned, mut revoked, mut given) = (Owned::default(), Owned::default(), Vec::new());
        let mut unreleased = false;
        let topics: BTreeSet<Uuid> =
            self.target.keys().copied().chain(member.assigned.iter().map(|(topic, _)| topic)).collect();
        for topic in topics {
            let wanted = self.target.get(&topic).filter(|_| subscription.has(self.image, topic));
            let wanted = wanted.map_or(&[][..], Vec::as_slice);
            let current = member.assigned.of(topic).iter().copied();
            let (kept, lost): (PartitionEpochs, PartitionEpochs) =
                current.partition(|(partition, _)| wanted.binary_search(partition).is_ok());
            let has = |partition: &i32| kept.binary_search_by_key(partition, |(p, _)| *p).is_ok();
            let is_free = |partition: &i32| {
                !self.group.is_owned(topic, *partition) || member.pending_revocation.epoch(topic, *partition).is_some()
            };
            let (free, taken): (Vec<i32>, Vec<i32>) =
                wanted.iter().copied().filter(|p| !has(p)).partition(|p| is_free(p));
            unreleased |= !taken.is_empty();
            assigned.add(topic, kept);
            revoked.add(topic, lost);
            given.push((topic, free));
        }
        if self.still_owns(&revoked) {
            return Member {
                state: MemberState::UnrevokedPartitions,
                assigned: Arc::new(assigned),
                pending_revocation: Arc::new(revoked),
                ..member.at_epoch(epoch)
            };
        }
        for (topic, free) in given {
            assigned.add(topic, free.into_iter().map(|partition| (partition, self.target_epoch)));
        }
        Member {
            state: if unreleased { MemberState::UnreleasedPartitions } else { MemberState::Stable },
            assigned: Arc::new(assigned),
            pending_revocation: Arc::default(),
            ..member.at_epoch(self.target_epoch)
        }
    }

    /// The member as it is, but for topics that it does not want any more: it gives them up before there is a new target.
    fn without_unsubscribed(&self, member: &Member) -> Member {
        if !self.subscription_changed {
            return member.clone();
        }
        let subscription = self.subscription(member);
        let unwanted: Vec<Uuid> = member
            .assigned
            .iter()
            .map(|(topic, _)| topic)
            .filter(|topic| !subscription.has(self.image, *topic))
            .collect();
        if unwanted.is_empty() {
            return member.clone();
        }
        let (mut assigned, mut revoked) = (Owned::clone(&member.assigned), Owned::clone(&member.pending_revocation));
        for topic in unwanted {
            let partitions = assigned.remove(topic);
            revoked.add(topic, partitions);
        }
        let next = Member { assigned: Arc::new(assigned), ..member.at_epoch(member.epoch) };
        if self.still_owns(&revoked) {
            return Member { state: MemberState::UnrevokedPartitions, pending_revocation: Arc::new(revoked), ..next };
        }
        next
    }

    /// Whether the member may still consume from any of these partitions: yes, unless it says what it owns.
    fn still_owns(&self, partitions: &Owned) -> bool {
        if partitions.is_empty() {
            return false;
        }
        let owns = |topic: &TopicPartitions| {
            topic.partitions.iter().any(|partition| partitions.epoch(topic.topic_id, *partition).is_some())
        };
        self.owned.is_none_or(|owned| owned.iter().any(owns))
    }

    fn subscription<'a>(&'a self, member: &'a Member) -> Subscription<'a> {
        let regex = member.regex().and_then(|regex| self.group.resolved_regexes.get(regex));
        Subscription { names: &member.metadata.subscribed_topic_names, regex }
    }
}

/// What a member wants.
struct Subscription<'a> {
    names: &'a [Arc<str>],
    regex: Option<&'a ResolvedRegexValue>,
}

impl Subscription<'_> {
    fn has(&self, image: &MetadataImage, topic: Uuid) -> bool {
        let Some(topic) = image.topic_by_id(topic) else { return false };
        let has = |names: &[Arc<str>]| names.binary_search_by(|name| (**name).cmp(topic.name.as_str())).is_ok();
        has(self.names) || self.regex.is_some_and(|regex| has(&regex.topics))
    }
}
