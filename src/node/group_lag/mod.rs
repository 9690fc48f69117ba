//! How far the groups coordinated here are behind, told at the metrics port under the names of kafka_exporter, so that no second
//! process is needed for it.
//!
//! ```text
//!  kafka_consumergroup_members{consumergroup}
//!  kafka_consumergroup_current_offset{consumergroup,topic,partition}      …_current_offset_sum{consumergroup,topic}
//!  kafka_consumergroup_lag{consumergroup,topic,partition}                 …_lag_sum{consumergroup,topic}
//!  kafka_consumergroup_lag_seconds{consumergroup,topic,partition}         the age of the first batch that is not committed whole
//! ```
//!
//! All of it is worked out when it is asked for; nobody who produces, consumes or commits does anything for it. Where a partition
//! ends is known of those that have a replica here. For the others their leaders are asked ([`far`]) after a scrape has shown
//! interest; the next one tells it.

mod far;
mod standing;
mod text;

use std::sync::Arc;

use crate::base::clock::SharedClock;
use crate::base::ids::{Offset, PartitionIndex, TopicPartition};
use crate::base::limits::LAG_PARTITIONS_MAX;
use crate::coordinator::group::progress::{Progress, progress};
use crate::coordinator::group::service::Service;
use crate::peer::broker_connections::BrokerConnections;
use crate::replica::manager::ReplicaManager;
use far::FarEnds;
use standing::Standing;
use text::Page;

/// Works out the lag of groups.
pub struct GroupLag {
    groups: Arc<Service>,
    replicas: Arc<ReplicaManager>,
    far: Arc<FarEnds>,
    clock: SharedClock,
}

impl GroupLag {
    /// For the groups that `groups` coordinates; `connections` lead to the brokers that lead what has no replica here.
    pub fn new(
        groups: Arc<Service>,
        replicas: Arc<ReplicaManager>,
        connections: BrokerConnections,
        clock: SharedClock,
    ) -> Self {
        let far = FarEnds::start(connections, Arc::clone(&replicas));
        Self { groups, replicas, far, clock }
    }

    /// The page as it is now.
    pub fn render(&self) -> String {
        let mut budget = LAG_PARTITIONS_MAX;
        // Shards that are being loaded come with a later scrape.
        let shards = self.groups.at_work();
        let groups: Vec<_> = shards.iter().flat_map(|shard| shard.look(|m| progress(m, &mut budget))).collect();
        if budget == 0 {
            tracing::debug!(LAG_PARTITIONS_MAX, "more lag than one page tells");
        }
        let mut page = Page::default();
        for group in &groups {
            self.tell(&mut page, group);
        }
        page.partitions_not_told = budget == 0;
        self.far.ask();
        page.render()
    }

    fn tell(&self, page: &mut Page, group: &Progress) {
        let now = self.clock.wall();
        page.members.push((Arc::clone(&group.group), group.members));
        for (topic, partitions) in &group.topics {
            let (mut offsets, mut lags) = (0, 0);
            for (partition, committed) in partitions {
                let standing = self.standing(topic, *partition, *committed);
                let lag = standing.lag();
                offsets += committed.0;
                lags += lag.unwrap_or(0);
                page.partition((&group.group, topic, *partition), committed.0, lag, standing.seconds(now));
            }
            page.topic((&group.group, topic), offsets, lags);
        }
    }

    fn standing(&self, topic: &str, partition: PartitionIndex, committed: Offset) -> Standing {
        let here = self.replicas.partition(topic, partition).filter(|here| !here.log().is_offline());
        let Some(here) = here else {
            let (end, since) = self.far.look(TopicPartition::new(topic, partition), committed);
            return Standing { committed, end, since };
        };
        let end = here.log().high_watermark();
        let since = (end > committed).then(|| here.log().batch_timestamp(committed));
        let since = since.and_then(|found| {
            found.unwrap_or_else(|error| {
                tracing::debug!(topic, %partition, %error, "the age of a group's lag cannot be told");
                None
            })
        });
        Standing { committed, end: Some(end), since }
    }
}
