//! All partitions hosted here, found by topic name or id.
//!
//! The table is published as a whole: a lookup takes no lock and one hash. It changes only in `apply_delta`, together with
//! the metadata image that it reflects, so that a handler never answers from metadata that the logs do not have yet.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::base::clock::SharedClock;
use crate::base::ids::{Millis, NodeId, Offset, PartitionIndex, TopicName, Uuid};
use crate::config::server::ServerConfig;
use crate::log::flusher::Flusher;
use crate::log::manager::LogManager;
use crate::metadata::image::MetadataImage;
use crate::replica::fetchers::Fetchers;
use crate::replica::home::Home;
use crate::replica::log_moves::LogMoves;
use crate::replica::partition::Partition;
use crate::replica::settle;
use crate::replica::topic_metrics::TopicMetrics;

/// No metadata reach so far.
pub(super) const NEVER: i64 = i64::MAX;

/// One topic's partitions that are hosted here, by index.
pub struct HostedTopic {
    /// The topic's name.
    pub name: TopicName,
    /// The topic's id.
    pub id: Uuid,
    /// What is counted for it.
    pub metrics: TopicMetrics,
    /// By partition index; `None` where this broker holds no replica.
    pub partitions: Vec<Option<Arc<Partition>>>,
}

impl HostedTopic {
    /// The partition with this index, if it is hosted here.
    pub fn partition(&self, index: PartitionIndex) -> Option<&Arc<Partition>> {
        usize::try_from(index.0).ok().and_then(|i| self.partitions.get(i)?.as_ref())
    }
}

/// The published table.
#[derive(Default, Clone)]
pub struct HostedTopics {
    /// By name.
    pub by_name: HashMap<TopicName, Arc<HostedTopic>>,
    /// By id.
    pub by_id: HashMap<Uuid, Arc<HostedTopic>>,
}

/// What the replicas and the metadata they have applied look like now.
pub struct ReplicaManager {
    pub(super) home: Arc<Home>,
    /// The static configuration, and with the dynamic settings over it.
    pub(super) given: Arc<ServerConfig>,
    pub(super) config: ArcSwap<ServerConfig>,
    pub(super) logs: Arc<LogManager>,
    pub(super) fetchers: Fetchers,
    pub(super) moves: LogMoves,
    pub(super) hosted: ArcSwap<HostedTopics>,
    /// Replicas that belong here and whose logs the disk refused.
    pub(super) lacking: Mutex<BTreeSet<(Uuid, PartitionIndex)>>,
    /// The metadata from which on no replica is missing in them: [`NEVER`] before that is known, and once logs have been compared.
    pub(super) all_from: AtomicI64,
    pub(super) applied: watch::Sender<Arc<MetadataImage>>,
    /// The first metadata that are applied, once that is known.
    begin: watch::Sender<Option<Offset>>,
    flusher: Flusher,
}

impl ReplicaManager {
    /// A manager over loaded logs that has applied no metadata yet.
    pub fn new(
        node: NodeId,
        config: Arc<ServerConfig>,
        logs: Arc<LogManager>,
        flusher: Flusher,
        clock: SharedClock,
    ) -> Arc<Self> {
        let lag_max = Millis(config.replica_lag_time_max_ms());
        let backoff_max = Millis(config.replica_fetch_backoff_ms().into());
        let per_broker = usize::try_from(config.num_replica_fetchers()).unwrap_or(1);
        Arc::new(Self {
            fetchers: Fetchers::new(per_broker, backoff_max, Arc::clone(&clock), flusher.clone()),
            home: Arc::new(Home::new(node, clock, lag_max)),
            config: ArcSwap::new(Arc::clone(&config)),
            given: config,
            moves: LogMoves::default(),
            logs,
            hosted: ArcSwap::default(),
            lacking: Mutex::default(),
            all_from: AtomicI64::new(NEVER),
            applied: watch::Sender::new(Arc::new(MetadataImage::default())),
            begin: watch::Sender::new(None),
            flusher,
        })
    }

    /// The topics hosted here, as a consistent whole.
    pub fn hosted(&self) -> arc_swap::Guard<Arc<HostedTopics>> {
        self.hosted.load()
    }

    /// A topic hosted here, by name.
    pub fn topic(&self, name: &str) -> Option<Arc<HostedTopic>> {
        self.hosted.load().by_name.get(name).cloned()
    }

    /// A topic hosted here, by id.
    pub fn topic_by_id(&self, id: Uuid) -> Option<Arc<HostedTopic>> {
        self.hosted.load().by_id.get(&id).cloned()
    }

    /// A partition hosted here, by topic name.
    pub fn partition(&self, topic: &str, index: PartitionIndex) -> Option<Arc<Partition>> {
        self.hosted.load().by_name.get(topic)?.partition(index).cloned()
    }

    /// The image that has been applied.
    pub fn metadata(&self) -> Arc<MetadataImage> {
        self.applied.borrow().clone()
    }

    /// The images, one after the other as they are applied; a slow reader misses some.
    pub fn subscribe(&self) -> watch::Receiver<Arc<MetadataImage>> {
        self.applied.subscribe()
    }

    /// Waits until the image up to `offset` has been applied, for at most `timeout`. True if it has.
    pub async fn wait_applied(&self, offset: Offset, timeout: Duration) -> bool {
        self.wait_until(|image| image.offset() >= offset, timeout).await
    }

    /// Waits until `holds` is true of an image that has been applied, for at most `timeout`. True if it was.
    pub async fn wait_until(&self, mut holds: impl FnMut(&MetadataImage) -> bool, timeout: Duration) -> bool {
        let mut applied = self.applied.subscribe();
        let reached = applied.wait_for(|image| holds(image));
        matches!(tokio::time::timeout(timeout, reached).await, Ok(Ok(_)))
    }

    /// This broker's registration is in the metadata at `offset`: from there on every replica that belongs here is in them.
    pub fn registered_at(&self, offset: Offset) {
        self.all_from.store(offset.0, Ordering::Release);
        self.begin_from(offset);
    }

    /// Metadata before `offset` are not applied.
    pub fn begin_from(&self, offset: Offset) {
        self.begin.send_replace(Some(offset));
    }

    /// Where the metadata begin to be applied. Returns once that is known.
    pub async fn beginning(&self) -> Offset {
        let mut begin = self.begin.subscribe();
        // The sender is in this very struct.
        let known = begin.wait_for(Option::is_some).await;
        known.ok().and_then(|known| *known).unwrap_or(Offset::NONE)
    }

    /// True while the disk has refused logs of replicas that belong here.
    pub fn is_lacking(&self) -> bool {
        !self.lacking.lock().is_empty()
    }

    /// This broker.
    pub fn node(&self) -> NodeId {
        self.home.node
    }

    /// What all partitions share.
    pub fn home(&self) -> &Arc<Home> {
        &self.home
    }

    /// Those who follow other brokers.
    pub fn fetchers(&self) -> &Fetchers {
        &self.fetchers
    }

    /// The configuration in force: the dynamic settings of this broker and of all over the static ones.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config.load_full()
    }

    /// Replicas on their way to another log directory.
    pub fn moves(&self) -> &LogMoves {
        &self.moves
    }

    /// Every partition hosted here.
    pub fn partitions(&self) -> Vec<Arc<Partition>> {
        let table = self.hosted.load();
        table.by_id.values().flat_map(|topic| topic.partitions.iter().flatten().cloned()).collect()
    }

    /// Asks the controller to take followers out of in-sync sets that lag too far behind (`replica.lag.time.max.ms`), and the disk
    /// again for what it had no room for. To be done every half of that time.
    pub fn shrink_isr_tick(&self) {
        let now = self.home.clock.monotonic();
        for partition in self.partitions() {
            partition.shrink_isr(now);
            settle::settle_owed(&self.flusher, &partition);
        }
    }

    /// The logs underneath.
    pub fn logs(&self) -> &Arc<LogManager> {
        &self.logs
    }

    /// Syncs logs to disk, many at a time.
    pub fn flusher(&self) -> &Flusher {
        &self.flusher
    }
}
