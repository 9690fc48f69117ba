//! All fetchers of this broker: which partition is followed by which, and giving them their tasks.
//!
//! A partition belongs to fetcher `hash(partition) mod num.replica.fetchers` of its leader's broker, so that one that moves between
//! epochs of the same leader stays on its connection.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::base::clock::SharedClock;
use crate::base::ids::{LeaderEpoch, Millis, NodeId};
use crate::log::flusher::Flusher;
use crate::replica::edges::{FollowedPartition, LeaderEndpoints};
use crate::replica::fetcher::Fetcher;
use crate::replica::partition::Partition;

/// Which fetcher: the leader's broker, and the number among those that follow it.
type FetcherId = (NodeId, usize);

/// What lets fetchers run.
struct Engine {
    runtime: Handle,
    endpoints: Arc<dyn LeaderEndpoints>,
    tasks: Vec<AbortHandle>,
}

#[derive(Default)]
struct Table {
    fetchers: HashMap<FetcherId, Arc<Fetcher>>,
    placed: HashMap<FollowedPartition, FetcherId>,
    engine: Option<Engine>,
}

/// All fetchers.
pub struct Fetchers {
    /// `num.replica.fetchers`
    per_broker: AtomicUsize,
    backoff_max: Millis,
    clock: SharedClock,
    flusher: Flusher,
    table: Mutex<Table>,
}

impl Fetchers {
    /// No fetchers yet; `per_broker` for each broker that leads something.
    pub fn new(per_broker: usize, backoff_max: Millis, clock: SharedClock, flusher: Flusher) -> Self {
        Self { per_broker: AtomicUsize::new(per_broker.max(1)), backoff_max, clock, flusher, table: Mutex::default() }
    }

    /// Lets the fetchers run. What was given to them before begins now.
    pub fn start(&self, runtime: Handle, endpoints: Arc<dyn LeaderEndpoints>) {
        let mut table = self.table.lock();
        let mut engine = Engine { runtime, endpoints, tasks: Vec::new() };
        for (id, fetcher) in &table.fetchers {
            engine.spawn(*id, fetcher);
        }
        table.engine = Some(engine);
    }

    /// Changes how many there are for each broker. True if that is another number than before: then every partition must be
    /// followed anew, to come to its place.
    pub fn resize(&self, per_broker: usize) -> bool {
        self.per_broker.swap(per_broker.max(1), Ordering::Relaxed) != per_broker.max(1)
    }

    /// Ends all fetchers for good.
    pub fn shutdown(&self) {
        let mut table = self.table.lock();
        for task in table.engine.take().into_iter().flat_map(|engine| engine.tasks) {
            task.abort();
        }
        table.fetchers.clear();
        table.placed.clear();
    }

    /// Follows a partition from `leader` in `epoch`; it is followed from nowhere else any more.
    pub fn follow(&self, partition: &Arc<Partition>, leader: NodeId, epoch: LeaderEpoch) {
        let key = key_of(partition);
        let id = (leader, number_of(&key, self.per_broker.load(Ordering::Relaxed)));
        let mut table = self.table.lock();
        if let Some(before) = table.placed.insert(key.clone(), id).filter(|before| *before != id) {
            table.stop(&before, &key);
        }
        let Table { fetchers, engine, .. } = &mut *table;
        let fetcher = fetchers.entry(id).or_insert_with(|| {
            let fetcher = Fetcher::new(leader, self.backoff_max, Arc::clone(&self.clock), self.flusher.clone());
            if let Some(engine) = engine {
                engine.spawn(id, &fetcher);
            }
            fetcher
        });
        fetcher.follow(key, partition, epoch);
    }

    /// Stops following a partition. Nothing is appended to it once this returns.
    pub fn stop(&self, partition: &Partition) {
        let key = key_of(partition);
        let mut table = self.table.lock();
        if let Some(id) = table.placed.remove(&key) {
            table.stop(&id, &key);
        }
    }

    /// How many partitions are followed.
    pub fn len(&self) -> usize {
        self.table.lock().placed.len()
    }

    /// True if none is followed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Table {
    fn stop(&self, id: &FetcherId, key: &FollowedPartition) {
        if let Some(fetcher) = self.fetchers.get(id) {
            fetcher.stop(key);
        }
    }
}

impl Engine {
    fn spawn(&mut self, (leader, number): FetcherId, fetcher: &Arc<Fetcher>) {
        let endpoint = self.endpoints.endpoint(leader, number);
        let task = self.runtime.spawn(Arc::clone(fetcher).run(endpoint));
        self.tasks.push(task.abort_handle());
    }
}

fn key_of(partition: &Partition) -> FollowedPartition {
    let name = &partition.name;
    FollowedPartition { topic_id: partition.topic_id, topic: name.topic.clone(), partition: name.partition }
}

/// The fetcher's number, spread as Kafka spreads: by the topic's name and the partition's index.
fn number_of(key: &FollowedPartition, of: usize) -> usize {
    let name = key.topic.bytes().fold(0u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    name.wrapping_mul(31).wrapping_add(key.partition.0 as u32) as usize % of
}
