//! Where records are forced to the disk before they count (`flush.messages`), what a disk has not taken is told to no leader, and
//! commits nothing once its holder leads.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::runtime::Handle;

use crate::base::clock::SystemClock;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{LeaderEpoch, Millis, NodeId, Offset, PartitionEpoch, PartitionIndex, TopicName, Uuid};
use crate::config::server::{ServerConfig, Unknown};
use crate::config::source::parse_properties;
use crate::log::dir::LogDir;
use crate::log::file_system::{self, Mounted};
use crate::log::flusher::{FlushRequests, Flusher};
use crate::log::manager::LogManager;
use crate::log::simulated_disk::{Faults, SimulatedDisk};
use crate::metadata::configs::ResourceType;
use crate::metadata::image::MetadataImage;
use crate::metadata::record::{Config, MetadataRecord, Partition as PartitionRecord, PartitionChange, Topic};
use crate::record::builder::BatchBuilder;
use crate::record::compression::Compression;
use crate::replica::apply_delta;
use crate::replica::edges::{
    EndpointError, FetchWish, FollowedPartition, LeaderAnswer, LeaderEndpoint, LeaderEndpoints, Promise,
};
use crate::replica::manager::ReplicaManager;

const TOPIC: &str = "t";
const TOPIC_ID: Uuid = Uuid([7; 16]);
const ME: NodeId = NodeId(1);
const TWO: NodeId = NodeId(2);
const THREE: NodeId = NodeId(3);

/// Who was asked from where on.
type Asked = Arc<Mutex<Vec<(NodeId, Offset)>>>;

/// Leaders that hold one record.
#[derive(Clone)]
struct Leaders(Asked);

struct Leader {
    node: NodeId,
    asked: Asked,
}

impl LeaderEndpoints for Leaders {
    fn endpoint(&self, node: NodeId, _: usize) -> Box<dyn LeaderEndpoint> {
        Box::new(Leader { node, asked: Arc::clone(&self.0) })
    }
}

impl LeaderEndpoint for Leader {
    fn fetch<'a>(
        &'a mut self,
        wishes: &'a [(FollowedPartition, FetchWish)],
    ) -> Promise<'a, Result<Vec<LeaderAnswer>, EndpointError>> {
        Box::pin(async move {
            let (partition, wish) = wishes[0].clone();
            self.asked.lock().push((self.node, wish.from));
            let records = if wish.from == Offset(0) { record() } else { Bytes::new() };
            tokio::time::sleep(Duration::from_millis(100)).await;
            let (high_watermark, log_start) = (Offset(0), Offset(0));
            let error = ErrorCode::None;
            Ok(vec![LeaderAnswer { partition, error, high_watermark, log_start, diverging: None, records }])
        })
    }

    fn log_ends<'a>(
        &'a mut self,
        _: &'a FollowedPartition,
        _: LeaderEpoch,
    ) -> Promise<'a, Result<Result<(Offset, Offset), ErrorCode>, EndpointError>> {
        Box::pin(async { Ok(Ok((Offset(0), Offset(1)))) })
    }
}

fn record() -> Bytes {
    let mut batch = BatchBuilder::new();
    batch.append(Millis(1), None, Some(b"value"), &[]);
    batch.build(Offset(0), LeaderEpoch(0), Compression::None).expect("a batch")
}

/// A broker that follows TWO, and whose disk syncs when it is told to.
struct Broker {
    manager: Arc<ReplicaManager>,
    image: MetadataImage,
    disk: Arc<SimulatedDisk>,
    syncs: FlushRequests,
    asked: Asked,
    _mounted: Mounted,
}

impl Broker {
    async fn start() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let at = PathBuf::from(format!("/simulated/fetcher-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        let disk = SimulatedDisk::new();
        let _mounted = file_system::mount(&at, Arc::clone(&disk));
        let (config, _) = ServerConfig::load(parse_properties("", "test").expect("settings"), Unknown::Refused)
            .expect("a configuration");
        let home = LogDir::open(&at, "cluster", ME).expect("a log directory");
        let logs = LogManager::load(vec![home], &|_| Default::default(), &|_| false, 1, Millis(0)).expect("logs");
        let (flusher, syncs) = Flusher::by_hand();
        let manager = ReplicaManager::new(ME, Arc::new(config), logs, flusher, SystemClock::shared());
        let asked = Asked::default();
        manager.fetchers().start(Handle::current(), Arc::new(Leaders(Arc::clone(&asked))));
        let mut broker = Self { manager, image: MetadataImage::default(), disk, syncs, asked, _mounted };
        for record in begin() {
            broker.write(&record);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(broker.ends(), (Offset(0), Offset(1)), "the record is here, and not committed");
        broker
    }

    fn write(&mut self, record: &MetadataRecord) {
        self.image.apply(self.image.offset().plus(1), record).expect("a record that fits");
        apply_delta::apply(&self.manager, Arc::new(self.image.clone()));
    }

    /// Another leader, and a second for what comes of it.
    async fn led_by(&mut self, leader: NodeId) {
        self.write(&MetadataRecord::PartitionChange(PartitionChange {
            partition: PartitionIndex(0),
            topic_id: TOPIC_ID,
            isr: Some(vec![leader]),
            leader: Some(leader),
            ..PartitionChange::default()
        }));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    /// The high watermark and the log's end.
    fn ends(&self) -> (Offset, Offset) {
        let partition = self.manager.partition(TOPIC, PartitionIndex(0)).expect("the partition");
        (partition.log().high_watermark(), partition.log().log_end_offset())
    }

    /// Leaders that were told that the record is here.
    fn told(&self) -> Vec<NodeId> {
        self.asked.lock().iter().filter(|(_, from)| *from == Offset(1)).map(|(node, _)| *node).collect()
    }
}

fn begin() -> [MetadataRecord; 3] {
    let (resource_type, resource_name) = (ResourceType::Topic as i8, TOPIC.to_owned());
    let (name, value) = ("flush.messages".to_owned(), Some("1".to_owned()));
    let nodes = vec![ME, TWO, THREE];
    [
        MetadataRecord::Topic(Topic { name: TopicName::from(TOPIC), topic_id: TOPIC_ID }),
        MetadataRecord::Config(Config { resource_type, resource_name, name, value }),
        MetadataRecord::Partition(PartitionRecord {
            partition: PartitionIndex(0),
            topic_id: TOPIC_ID,
            replicas: nodes.clone(),
            isr: nodes,
            removing: Vec::new(),
            adding: Vec::new(),
            leader: TWO,
            leader_recovery_state: 0,
            leader_epoch: LeaderEpoch(0),
            partition_epoch: PartitionEpoch(0),
            directories: vec![Uuid::ZERO; 3],
            eligible_leader_replicas: Vec::new(),
            last_known_elr: Vec::new(),
        }),
    ]
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime").block_on(test);
}

#[test]
fn no_leader_is_told_of_what_is_not_synced_yet() {
    run(async {
        let mut broker = Broker::start().await;
        broker.led_by(THREE).await;
        assert_eq!(broker.told(), [], "neither whom it came from nor who leads now");
        assert!(broker.syncs.run_round() > 0);
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(broker.told(), [THREE]);
    });
}

#[test]
fn no_leader_is_told_of_what_the_disk_did_not_take() {
    run(async {
        let mut broker = Broker::start().await;
        broker.disk.set_faults(Faults { syncs_fail: true, ..Faults::default() });
        assert!(broker.syncs.run_round() > 0);
        tokio::time::sleep(Duration::from_secs(1)).await;
        // The next sync finds nothing to write, and proves nothing.
        broker.disk.set_faults(Faults::default());
        broker.led_by(THREE).await;
        broker.syncs.run_round();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(broker.told(), []);
    });
}

#[test]
fn who_leads_commits_nothing_that_its_own_disk_owes() {
    run(async {
        let mut broker = Broker::start().await;
        broker.led_by(ME).await;
        assert_eq!(broker.ends(), (Offset(0), Offset(1)));
        assert!(broker.syncs.run_round() > 0);
        assert_eq!(broker.ends(), (Offset(1), Offset(1)));
    });
}

#[test]
fn a_sync_for_which_there_was_no_room_is_asked_for_again() {
    run(async {
        let mut broker = Broker::start().await;
        broker.led_by(ME).await;
        let full = Faults { capacity: Some(broker.disk.used()), ..Faults::default() };
        broker.disk.set_faults(full);
        broker.syncs.run_round();
        assert_eq!(broker.ends(), (Offset(0), Offset(1)), "its epochs could not be written");
        broker.disk.set_faults(Faults::default());
        broker.manager.shrink_isr_tick();
        assert!(broker.syncs.run_round() > 0);
        assert_eq!(broker.ends(), (Offset(1), Offset(1)));
    });
}
