//! Replication throttles (KIP-73): which replicas of a partition they concern, and what that means for those who send and those
//! who follow. A follower in sync is never held back: that would take it out of the in-sync set.

use std::sync::atomic::Ordering;

use crate::base::ids::{NodeId, PartitionIndex};
use crate::metadata::configs::ResourceType;
use crate::metadata::image::MetadataImage;
use crate::replica::home::Home;
use crate::replica::log_settings;
use crate::replica::partition::Partition;

const LEADER: u8 = 1;
const FOLLOWER: u8 = 2;

/// Takes over the rates of this broker.
pub fn set_rates(home: &Home, image: &MetadataImage) {
    let dynamic = log_settings::dynamic_of_broker(home.node, image);
    let rate = |key: &str| dynamic.get(key).and_then(|text| text.trim().parse().ok());
    home.leader_quota.set_rate(rate("leader.replication.throttled.rate"));
    home.follower_quota.set_rate(rate("follower.replication.throttled.rate"));
}

/// The throttled replicas of one topic.
pub struct ThrottledReplicas {
    leader: Option<String>,
    follower: Option<String>,
}

impl ThrottledReplicas {
    /// As the topic's settings name them.
    pub fn of(image: &MetadataImage, topic: &str) -> Self {
        let own = image.configs().of(ResourceType::Topic, topic);
        Self {
            leader: own.get("leader.replication.throttled.replicas").cloned(),
            follower: own.get("follower.replication.throttled.replicas").cloned(),
        }
    }

    fn flags(&self, partition: PartitionIndex, node: NodeId) -> u8 {
        let names = |list: &Option<String>| {
            list.as_deref().is_some_and(|list| {
                let pair = format!("{partition}:{node}");
                list.split(',').map(str::trim).any(|one| one == "*" || one == pair)
            })
        };
        LEADER * u8::from(names(&self.leader)) + FOLLOWER * u8::from(names(&self.follower))
    }
}

impl Partition {
    /// Takes over whether its replica here is throttled.
    pub fn set_throttled(&self, replicas: &ThrottledReplicas) {
        self.throttled.store(replicas.flags(self.name.partition, self.home.node), Ordering::Relaxed);
    }

    fn is_throttled(&self, as_what: u8) -> bool {
        self.throttled.load(Ordering::Relaxed) & as_what != 0
    }

    /// True if `follower` gets nothing from here now.
    pub fn holds_back(&self, follower: NodeId) -> bool {
        self.is_throttled(LEADER)
            && self.home.leader_quota.is_exceeded(self.home.clock.monotonic())
            && !self.leadership().isr.contains(&follower)
    }

    /// `bytes` went to a follower.
    pub fn sent_to_follower(&self, bytes: usize) {
        if bytes > 0 && self.is_throttled(LEADER) {
            self.home.leader_quota.record(bytes, self.home.clock.monotonic());
        }
    }

    /// True if this replica may ask its leader for nothing now.
    pub fn must_wait_to_follow(&self) -> bool {
        self.is_throttled(FOLLOWER)
            && self.home.follower_quota.is_exceeded(self.home.clock.monotonic())
            && !self.leadership().isr.contains(&self.home.node)
    }

    /// `bytes` came from the leader.
    pub fn got_from_leader(&self, bytes: usize) {
        if bytes > 0 && self.is_throttled(FOLLOWER) {
            self.home.follower_quota.record(bytes, self.home.clock.monotonic());
        }
    }
}
