//! Elections by the clock: leaderships go back to the replicas that are preferred, as far as these are in sync; and where a
//! topic's settings allow a leader that may lack records, a partition without one gets it, also when the settings came late: then at
//! once (Apache Kafka does it within `unclean.leader.election.interval.ms`, five minutes).
//!
//! In steps, so that the brokers of a large cluster are not told all at once.

use super::context::Context;
use super::election::{elect, settle};
use crate::base::ids::{Millis, PartitionIndex};
use crate::base::limits::ELECTIONS_IN_ONE_GO_MAX;
use crate::config::server::ServerConfig;
use crate::metadata::image::MetadataImage;
use crate::metadata::record::MetadataRecord;

/// How often, and when next.
pub(super) struct Balance {
    /// `leader.imbalance.check.interval.seconds`; none where `auto.leader.rebalance.enable` says no.
    preferred_every: Option<Millis>,
    /// `unclean.leader.election.interval.ms`
    unclean_every: Millis,
    preferred_at: Millis,
    unclean_at: Millis,
}

impl Balance {
    /// As the configuration says; nothing is due before [`Balance::restart`].
    pub(super) fn new(config: &ServerConfig) -> Self {
        let every = Millis(config.leader_imbalance_check_interval_seconds().saturating_mul(1000));
        Self {
            preferred_every: config.auto_leader_rebalance_enable().then_some(every),
            unclean_every: Millis(config.unclean_leader_election_interval_ms()),
            preferred_at: Millis(i64::MAX),
            unclean_at: Millis(i64::MAX),
        }
    }

    /// This node has just become the active controller.
    pub(super) fn restart(&mut self, now: Millis) {
        self.preferred_at = self.preferred_every.map_or(Millis(i64::MAX), |every| now.plus(every));
        self.unclean_at = now.plus(self.unclean_every);
    }

    /// Settings have changed: what they may allow is not made to wait for the clock.
    pub(super) fn settings_changed(&mut self) {
        if self.unclean_at < Millis(i64::MAX) {
            self.unclean_at = Millis(i64::MIN);
        }
    }

    /// The elections that are due. `now` on a clock that never goes back.
    pub(super) fn due(&mut self, image: &MetadataImage, context: &Context, now: Millis) -> Vec<MetadataRecord> {
        let mut records = Vec::new();
        // What is left over comes at the next look.
        let next = |every: Millis, records: &[MetadataRecord]| {
            if records.len() < ELECTIONS_IN_ONE_GO_MAX { now.plus(every) } else { now }
        };
        if now >= self.unclean_at {
            unclean(image, context, &mut records);
            self.unclean_at = next(self.unclean_every, &records);
        }
        if let Some(every) = self.preferred_every.filter(|_| now >= self.preferred_at) {
            preferred(image, context, &mut records);
            self.preferred_at = next(every, &records);
        }
        records
    }
}

fn preferred(image: &MetadataImage, context: &Context, records: &mut Vec<MetadataRecord>) {
    for topic in image.topics().iter() {
        for (at, partition) in topic.partitions.iter().enumerate() {
            if records.len() >= ELECTIONS_IN_ONE_GO_MAX {
                return;
            }
            if !partition.leader.is_none() && partition.leader != partition.preferred_leader() {
                // A refusal: the preferred replica is away or not in sync.
                let _ = elect(image, context, &topic.name, PartitionIndex(at as i32), false, records);
            }
        }
    }
}

fn unclean(image: &MetadataImage, context: &Context, records: &mut Vec<MetadataRecord>) {
    for topic in image.topics().iter().filter(|topic| topic.partitions.iter().any(|p| p.leader.is_none())) {
        if !context.topic_config(image, &topic.name).unclean_leader_election_enable {
            continue;
        }
        for (at, _) in topic.partitions.iter().enumerate().filter(|(_, partition)| partition.leader.is_none()) {
            if records.len() >= ELECTIONS_IN_ONE_GO_MAX {
                return;
            }
            records.extend(settle(image, context, topic, PartitionIndex(at as i32), None, None, &[]));
        }
    }
}
