//! How far a group is behind: in records, and in the age of the oldest record that it has not committed.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::clock::SystemClock;
use crate::base::ids::{Millis, Offset, PartitionIndex};
use crate::cli::options::Options;
use crate::peer::admin::group_offsets::Committed;
use crate::peer::admin::list_offsets::{OffsetSpec, list_offsets};
use crate::peer::admin::record_timestamp::record_timestamp;
use crate::peer::client::Client;
use crate::peer::fetch::{FetchFrom, Isolation};
use crate::peer::metadata::{Cluster, Wanted};

/// Where a group stands in one partition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// What it has committed.
    pub committed: Option<Offset>,
    /// Where the partition ends; nothing if it is gone or has no leader.
    pub end: Option<Offset>,
    /// The timestamp of the first record that is not committed; nothing if there is none, or it cannot be read.
    since: Option<Millis>,
    /// When it was asked.
    now: Millis,
}

impl Standing {
    /// Records between the committed offset and the end.
    pub(super) fn records(&self) -> Option<i64> {
        Some(self.end?.since(self.committed?).max(0))
    }

    /// The age of the first record that is not committed, in seconds.
    pub(super) fn seconds(&self) -> Option<f64> {
        match self.records()? {
            0 => Some(0.0),
            _ => Some(self.now.since(self.since?).0.max(0) as f64 / 1000.0),
        }
    }
}

/// Where a group with these offsets stands in the partitions that it has committed in, and in those that it reads.
pub(super) async fn standings(
    client: &Client,
    options: &Options,
    committed: &Committed,
    assigned: &BTreeSet<(String, PartitionIndex)>,
) -> anyhow::Result<BTreeMap<(String, PartitionIndex), Standing>> {
    let mut wanted: BTreeMap<&str, BTreeSet<PartitionIndex>> = BTreeMap::new();
    for (topic, partition) in committed.keys().chain(assigned) {
        wanted.entry(topic).or_default().insert(*partition);
    }
    let names: Vec<String> = wanted.keys().map(|name| name.to_string()).collect();
    let cluster = client.metadata(Wanted::These(&names), false).await?;
    let mut all = BTreeMap::new();
    for (topic, partitions) in wanted {
        let led: Vec<_> = partitions.iter().copied().filter(|p| cluster.leader(topic, *p).is_ok()).collect();
        let (spec, isolation) = (OffsetSpec::Latest, Isolation::ReadUncommitted);
        let ends = list_offsets(client, topic, &led, spec, isolation, &mut options.retry()).await?;
        for partition in partitions {
            let key = (topic.to_string(), partition);
            let committed = committed.get(&key).copied();
            let end = ends.get(&partition).copied().flatten();
            let mut standing = Standing { committed, end, ..Standing::default() };
            if standing.records().is_some_and(|records| records > 0)
                && let Some(from) = committed
            {
                standing.since = timestamp(client, &cluster, topic, partition, from).await?;
            }
            standing.now = SystemClock::shared().wall();
            all.insert(key, standing);
        }
    }
    Ok(all)
}

/// The timestamp of the first record at that offset or later.
async fn timestamp(
    client: &Client,
    cluster: &Cluster,
    topic: &str,
    partition: PartitionIndex,
    offset: Offset,
) -> anyhow::Result<Option<Millis>> {
    let leader = cluster.leader(topic, partition)?;
    let (topic_id, topic) = (cluster.topic(topic)?.id, topic.to_string());
    let from = FetchFrom { topic, topic_id, partition, offset, leader_epoch: leader.leader_epoch };
    Ok(record_timestamp(&client.broker(leader.leader).await?, from).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lag_is_told_only_where_it_is_known() {
        let at = |committed: Option<i64>, end: Option<i64>, since: Option<i64>| Standing {
            committed: committed.map(Offset),
            end: end.map(Offset),
            since: since.map(Millis),
            now: Millis(10_000),
        };
        let lag = |standing: Standing| (standing.records(), standing.seconds());
        assert_eq!(lag(at(Some(3), Some(7), Some(8_500))), (Some(4), Some(1.5)));
        assert_eq!(lag(at(Some(7), Some(7), None)), (Some(0), Some(0.0)));
        // Beyond an end that was cut off, and before records with times yet to come.
        assert_eq!(lag(at(Some(9), Some(7), None)), (Some(0), Some(0.0)));
        assert_eq!(lag(at(Some(3), Some(7), Some(99_000))), (Some(4), Some(0.0)));
        assert_eq!(lag(at(Some(3), Some(7), None)), (Some(4), None));
        assert_eq!(lag(at(Some(3), None, None)), (None, None));
        assert_eq!(lag(at(None, Some(7), None)), (None, None));
    }
}
