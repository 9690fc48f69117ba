//! What all partitions of this broker share: who the broker is, the time, which brokers are alive, and the queue of wishes
//! for other in-sync sets.

use arc_swap::ArcSwap;

use crate::base::clock::SharedClock;
use crate::base::ids::{BrokerEpoch, Millis, NodeId};
use crate::metadata::cluster::ClusterImage;
use crate::quota::replication_quota::ReplicationQuota;
use crate::replica::isr_queue::IsrQueue;

/// This broker, as its partitions know it.
pub struct Home {
    /// Its number.
    pub node: NodeId,
    /// Where the time comes from.
    pub clock: SharedClock,
    /// `replica.lag.time.max.ms`
    pub lag_max: Millis,
    /// Partitions that want another in-sync set.
    pub isr_queue: IsrQueue,
    /// What leaders here may send to throttled replicas.
    pub leader_quota: ReplicationQuota,
    /// What throttled replicas here may fetch.
    pub follower_quota: ReplicationQuota,
    brokers: ArcSwap<ClusterImage>,
}

impl Home {
    /// A broker that knows of no others yet.
    pub fn new(node: NodeId, clock: SharedClock, lag_max: Millis) -> Self {
        let (leader_quota, follower_quota) = Default::default();
        let (isr_queue, brokers) = (IsrQueue::default(), ArcSwap::default());
        Self { node, clock, lag_max, isr_queue, leader_quota, follower_quota, brokers }
    }

    /// Takes over which brokers there are.
    pub fn set_brokers(&self, brokers: ClusterImage) {
        self.brokers.store(brokers.into());
    }

    /// The rack that a live broker stands in.
    pub fn rack(&self, node: NodeId) -> Option<String> {
        self.brokers.load().get(node).filter(|broker| !broker.fenced)?.rack.clone()
    }

    /// The registration under which a broker is alive and may be in sync; none if it is fenced, shutting down or not there.
    pub fn alive(&self, node: NodeId) -> Option<BrokerEpoch> {
        let brokers = self.brokers.load();
        let broker = brokers.get(node).filter(|broker| !broker.fenced && !broker.in_controlled_shutdown)?;
        Some(broker.broker_epoch)
    }
}
