//! Where partitions end that have no replica here, and how old the records are that groups have still to read there.
//!
//! A scrape notes what it would like to know; a task asks the leaders once for each scrape, and keeps only what the last scrape
//! wanted.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::base::ids::{LeaderEpoch, Millis, NodeId, Offset, TopicPartition};
use crate::base::limits::LAG_RECORDS_READ_MAX;
use crate::peer::admin::list_offsets::{OffsetSpec, offsets_at_leader};
use crate::peer::admin::record_timestamp::record_timestamp;
use crate::peer::broker_connections::BrokerConnections;
use crate::peer::error::PeerError;
use crate::peer::fetch::FetchFrom;
use crate::replica::manager::ReplicaManager;

type Times = HashMap<(TopicPartition, Offset), Option<Millis>>;
/// The committed offsets in each partition: of every group that reads it one.
type Wanted = HashMap<TopicPartition, Vec<Offset>>;

#[derive(Default)]
struct Known {
    ends: HashMap<TopicPartition, Offset>,
    times: Times,
}

/// What is known of partitions elsewhere.
pub struct FarEnds {
    connections: BrokerConnections,
    replicas: Arc<ReplicaManager>,
    known: Mutex<Known>,
    wanted: Mutex<Wanted>,
    asked: Notify,
}

impl FarEnds {
    /// Starts the task that asks; it ends with the last scrape's interest, that is with the process.
    pub fn start(connections: BrokerConnections, replicas: Arc<ReplicaManager>) -> Arc<Self> {
        let (known, wanted, asked) = Default::default();
        let far = Arc::new(Self { connections, replicas, known, wanted, asked });
        tokio::spawn(Arc::clone(&far).answer());
        far
    }

    /// What is known by now; what is not is asked for later.
    pub fn look(&self, partition: TopicPartition, committed: Offset) -> (Option<Offset>, Option<Millis>) {
        let found = {
            let known = self.known.lock();
            let end = known.ends.get(&partition).copied();
            (end, known.times.get(&(partition.clone(), committed)).copied().flatten())
        };
        self.wanted.lock().entry(partition).or_default().push(committed);
        found
    }

    /// Asks for all that was looked for, if there was anything.
    pub fn ask(&self) {
        if !self.wanted.lock().is_empty() {
            self.asked.notify_one();
        }
    }

    async fn answer(self: Arc<Self>) {
        loop {
            self.asked.notified().await;
            let wanted = std::mem::take(&mut *self.wanted.lock());
            let mut known = Known::default();
            for (leader, partitions) in self.by_leader(&wanted) {
                if let Err(error) = self.ask_leader(leader, &partitions, &wanted, &mut known).await {
                    tracing::debug!(%leader, %error, "the ends of a broker's partitions are not known");
                }
            }
            *self.known.lock() = known;
        }
    }

    fn by_leader(&self, wanted: &Wanted) -> BTreeMap<NodeId, Vec<TopicPartition>> {
        let image = self.replicas.metadata();
        let mut all: BTreeMap<NodeId, Vec<TopicPartition>> = BTreeMap::new();
        for partition in wanted.keys() {
            let state = image.topic(&partition.topic).zip(usize::try_from(partition.partition.0).ok());
            let state = state.and_then(|(topic, index)| topic.partitions.get(index));
            if let Some(state) = state.filter(|state| !state.leader.is_none()) {
                all.entry(state.leader).or_default().push(partition.clone());
            }
        }
        all
    }

    async fn ask_leader(
        &self,
        leader: NodeId,
        partitions: &[TopicPartition],
        wanted: &Wanted,
        known: &mut Known,
    ) -> Result<(), PeerError> {
        let connection = self.connections.to(leader).await?;
        let ends = offsets_at_leader(&connection, partitions, OffsetSpec::Latest).await?;
        let image = self.replicas.metadata();
        for (partition, end) in ends {
            for committed in wanted.get(&partition).into_iter().flatten().filter(|committed| **committed < end) {
                let key = (partition.clone(), *committed);
                // A group that has not moved on waits for the same record as before.
                let before = self.known.lock().times.get(&key).copied().flatten();
                if before.is_some() || known.times.len() >= LAG_RECORDS_READ_MAX {
                    known.times.insert(key, before);
                    continue;
                }
                let Some(topic) = image.topic(&partition.topic) else { continue };
                let from = FetchFrom {
                    topic: partition.topic.to_string(),
                    topic_id: topic.id,
                    partition: partition.partition,
                    offset: *committed,
                    leader_epoch: LeaderEpoch::NONE,
                };
                known.times.insert(key, record_timestamp(&connection, from).await?);
            }
            known.ends.insert(partition, end);
        }
        Ok(())
    }
}
