//! Three brokers in one process: real logs, real partitions, real fetchers; only the wire and the controller are played.
//!
//! A broker that is cut off neither reaches others nor learns of new metadata, and goes on believing what it believed: what a
//! paused process or a broken network makes of a leader.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::runtime::Handle;

use crate::base::clock::SystemClock;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{
    BrokerEpoch, LeaderEpoch, Millis, NodeId, Offset, PartitionEpoch, PartitionIndex, TopicName, Uuid,
};
use crate::config::server::{ServerConfig, Unknown};
use crate::config::source::parse_properties;
use crate::log::dir::LogDir;
use crate::log::flusher::Flusher;
use crate::log::manager::LogManager;
use crate::log::read_info::ReadUpTo;
use crate::metadata::configs::ResourceType;
use crate::metadata::image::MetadataImage;
use crate::metadata::record::{
    Config, MetadataRecord, Partition as PartitionRecord, PartitionChange, RegisterBroker, Topic,
};
use crate::record::builder::BatchBuilder;
use crate::record::compression::Compression;
use crate::replica::append::{self, Acks, Appended, ProduceError};
use crate::replica::edges::{
    EndpointError, FetchWish, FollowedPartition, IsrChannel, IsrWish, LeaderAnswer, LeaderEndpoint, LeaderEndpoints,
    Promise,
};
use crate::replica::isr::IsrAnswer;
use crate::replica::manager::ReplicaManager;
use crate::replica::offsets;
use crate::replica::partition::{CommitError, LeaderError, Partition};
use crate::replica::read::{self, FetchError, FetchParams, PartitionFetch, Reader};
use crate::replica::{apply_delta, isr_queue};

const TOPIC: &str = "t";
const TOPIC_ID: Uuid = Uuid([7; 16]);
const ONE: NodeId = NodeId(1);
const TWO: NodeId = NodeId(2);
const THREE: NodeId = NodeId(3);
const PATIENCE: Duration = Duration::from_secs(20);

/// The brokers and the controller.
struct Cluster {
    image: Mutex<MetadataImage>,
    brokers: Mutex<BTreeMap<NodeId, (Arc<ReplicaManager>, bool)>>,
}

impl Cluster {
    fn reach(&self, from: NodeId, to: NodeId) -> Option<Arc<ReplicaManager>> {
        let brokers = self.brokers.lock();
        let (_, from_up) = brokers.get(&from)?;
        let (manager, to_up) = brokers.get(&to)?;
        (*from_up && *to_up).then(|| Arc::clone(manager))
    }

    fn connect(&self, node: NodeId, up: bool) {
        if let Some((_, is_up)) = self.brokers.lock().get_mut(&node) {
            *is_up = up;
        }
        self.publish();
    }

    fn publish(&self) {
        let image = Arc::new(self.image.lock().clone());
        let up: Vec<_> = self.brokers.lock().values().filter(|(_, up)| *up).map(|(m, _)| Arc::clone(m)).collect();
        up.iter().for_each(|manager| apply_delta::apply(manager, Arc::clone(&image)));
    }

    fn write(&self, record: &MetadataRecord) {
        {
            let mut image = self.image.lock();
            let offset = image.offset().plus(1);
            image.apply(offset, record).expect("a record that fits");
        }
        self.publish();
    }

    fn change(&self, isr: &[NodeId], leader: Option<NodeId>) {
        self.write(&MetadataRecord::PartitionChange(PartitionChange {
            partition: PartitionIndex(0),
            topic_id: TOPIC_ID,
            isr: Some(isr.to_vec()),
            leader,
            ..PartitionChange::default()
        }));
    }

    fn isr(&self) -> Vec<NodeId> {
        let mut isr = self.image.lock().topic(TOPIC).expect("the topic").partitions[0].isr.clone();
        isr.sort();
        isr
    }
}

/// A broker's way to the controller.
struct Channel(Arc<Cluster>, NodeId);

impl IsrChannel for Channel {
    fn alter_partitions(&self, wishes: Vec<IsrWish>) -> Promise<'_, Vec<IsrAnswer>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let Self(cluster, me) = self;
            if cluster.reach(*me, *me).is_none() {
                return vec![IsrAnswer::Unknown; wishes.len()];
            }
            let decide = |wish: IsrWish| {
                let now = cluster.image.lock().topic(TOPIC).expect("the topic").partitions[0].clone();
                if (wish.leader_epoch, wish.partition_epoch) != (now.leader_epoch, now.partition_epoch) {
                    return IsrAnswer::Outdated;
                }
                let isr: Vec<_> = wish.isr.iter().map(|(node, _)| *node).collect();
                cluster.change(&isr, None);
                let partition_epoch = PartitionEpoch(now.partition_epoch.0 + 1);
                IsrAnswer::Applied { leader_epoch: now.leader_epoch, partition_epoch, isr }
            };
            wishes.into_iter().map(decide).collect()
        })
    }
}

/// Endpoints that call straight into the other broker.
struct Wires(Arc<Cluster>, NodeId);

struct Wire {
    cluster: Arc<Cluster>,
    me: NodeId,
    leader: NodeId,
}

impl LeaderEndpoints for Wires {
    fn endpoint(&self, leader: NodeId, _: usize) -> Box<dyn LeaderEndpoint> {
        Box::new(Wire { cluster: Arc::clone(&self.0), me: self.1, leader })
    }
}

impl Wire {
    fn leader(&self) -> Result<Arc<ReplicaManager>, EndpointError> {
        self.cluster.reach(self.me, self.leader).ok_or_else(|| EndpointError("cut off".into()))
    }
}

impl LeaderEndpoint for Wire {
    fn fetch<'a>(
        &'a mut self,
        wishes: &'a [(FollowedPartition, FetchWish)],
    ) -> Promise<'a, Result<Vec<LeaderAnswer>, EndpointError>> {
        Box::pin(async move {
            let leader = self.leader()?;
            let fetch = |(_, wish): &(FollowedPartition, FetchWish)| PartitionFetch {
                partition: partition(&leader),
                from: wish.from,
                max_bytes: 300,
                current_epoch: Some(wish.leader_epoch),
                last_fetched_epoch: Some(wish.last_fetched_epoch),
                log_start: wish.log_start,
                read_at: 0,
            };
            let mut fetches: Vec<_> = wishes.iter().map(fetch).collect();
            let params = FetchParams {
                max_wait: Duration::from_millis(50),
                min_bytes: 1,
                max_bytes: 1000,
                up_to: ReadUpTo::LogEnd,
                reader: Reader::Follower { node: self.me, broker_epoch: BrokerEpoch(self.me.0.into()) },
                rack: None,
            };
            let mut reads = read::read_now(&params, &mut fetches);
            if !read::is_enough(&params, &reads) {
                reads = read::read_waiting(params, fetches, reads).await;
            }
            // An answer is lost with the connection.
            self.leader()?;
            let answers = wishes.iter().zip(reads).map(|((partition, _), read)| {
                let (error, read) = match read {
                    Ok(read) => (ErrorCode::None, Some(read)),
                    Err(error) => (code(&error), None),
                };
                let none = (Offset::NONE, Offset::NONE, None, Bytes::new());
                let (high_watermark, log_start, diverging, records) = read.map_or(none, |read| {
                    let info = read.info;
                    (
                        info.high_watermark,
                        info.log_start_offset,
                        read.diverging,
                        info.records.to_bytes().expect("a segment"),
                    )
                });
                LeaderAnswer { partition: partition.clone(), error, high_watermark, log_start, diverging, records }
            });
            Ok(answers.collect())
        })
    }

    fn log_ends<'a>(
        &'a mut self,
        _: &'a FollowedPartition,
        _: LeaderEpoch,
    ) -> Promise<'a, Result<Result<(Offset, Offset), ErrorCode>, EndpointError>> {
        Box::pin(async move {
            let leader = self.leader()?;
            let leader = partition(&leader);
            let log = leader.log();
            Ok(Ok((log.log_start_offset(), log.log_end_offset())))
        })
    }
}

fn code(error: &FetchError) -> ErrorCode {
    match error {
        FetchError::Leader(LeaderError::NotLeader) => ErrorCode::NotLeaderOrFollower,
        FetchError::Leader(LeaderError::Fenced) => ErrorCode::FencedLeaderEpoch,
        FetchError::Leader(LeaderError::Unknown) => ErrorCode::UnknownLeaderEpoch,
        FetchError::Leader(LeaderError::Offline) => ErrorCode::KafkaStorageError,
        FetchError::Read(_) => ErrorCode::OffsetOutOfRange,
    }
}

fn partition(manager: &ReplicaManager) -> Arc<Partition> {
    manager.partition(TOPIC, PartitionIndex(0)).expect("the partition")
}

fn records() -> Vec<MetadataRecord> {
    let broker = |node: NodeId| {
        MetadataRecord::RegisterBroker(RegisterBroker {
            broker_id: node,
            incarnation_id: Uuid([node.0 as u8; 16]),
            broker_epoch: BrokerEpoch(node.0.into()),
            endpoints: Vec::new(),
            features: Vec::new(),
            rack: None,
            fenced: false,
            in_controlled_shutdown: false,
            log_dirs: Vec::new(),
            cordoned_log_dirs: None,
        })
    };
    let setting = |name: &str, value: &str| {
        let (resource_type, resource_name) = (ResourceType::Topic as i8, TOPIC.to_owned());
        MetadataRecord::Config(Config { resource_type, resource_name, name: name.into(), value: Some(value.into()) })
    };
    let nodes = vec![ONE, TWO, THREE];
    let mut records: Vec<_> = nodes.iter().map(|node| broker(*node)).collect();
    records.push(MetadataRecord::Topic(Topic { name: TopicName::from(TOPIC), topic_id: TOPIC_ID }));
    records.push(setting("min.insync.replicas", "2"));
    records.push(setting("segment.bytes", "1048576"));
    records.push(MetadataRecord::Partition(PartitionRecord {
        partition: PartitionIndex(0),
        topic_id: TOPIC_ID,
        replicas: nodes.clone(),
        isr: nodes,
        removing: Vec::new(),
        adding: Vec::new(),
        leader: ONE,
        leader_recovery_state: 0,
        leader_epoch: LeaderEpoch(0),
        partition_epoch: PartitionEpoch(0),
        directories: vec![Uuid::ZERO; 3],
        eligible_leader_replicas: Vec::new(),
        last_known_elr: Vec::new(),
    }));
    records
}

struct Running {
    cluster: Arc<Cluster>,
    acknowledged: BTreeMap<i64, String>,
    written: usize,
    _dir: tempfile::TempDir,
}

impl Running {
    fn start() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let cluster = Arc::new(Cluster { image: Mutex::default(), brokers: Mutex::default() });
        let settings = "replica.lag.time.max.ms=400\nreplica.fetch.wait.max.ms=50\nreplica.fetch.backoff.ms=50\n";
        let settings = parse_properties(settings, "test").expect("settings");
        let (config, _) = ServerConfig::load(settings, Unknown::Refused).expect("a configuration");
        let config = Arc::new(config);
        for node in [ONE, TWO, THREE] {
            let home = LogDir::open(&dir.path().join(node.to_string()), "cluster", node).expect("a log directory");
            let logs = LogManager::load(vec![home], &|_| Default::default(), &|_| false, 1, Millis(0)).expect("logs");
            let (flusher, clock) = (Flusher::start().expect("a thread"), SystemClock::shared());
            let manager = ReplicaManager::new(node, Arc::clone(&config), logs, flusher, clock);
            manager.fetchers().start(Handle::current(), Arc::new(Wires(Arc::clone(&cluster), node)));
            let (asking, channel) = (Arc::clone(&manager), Channel(Arc::clone(&cluster), node));
            tokio::spawn(async move { isr_queue::serve(&asking.home().isr_queue, &channel).await });
            let looking = Arc::clone(&manager);
            tokio::spawn(async move {
                loop {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    looking.shrink_isr_tick();
                }
            });
            cluster.brokers.lock().insert(node, (manager, true));
        }
        records().iter().for_each(|record| cluster.write(record));
        Self { cluster, acknowledged: BTreeMap::new(), written: 0, _dir: dir }
    }

    fn manager(&self, node: NodeId) -> Arc<ReplicaManager> {
        Arc::clone(&self.cluster.brokers.lock()[&node].0)
    }

    fn partition(&self, node: NodeId) -> Arc<Partition> {
        partition(&self.manager(node))
    }

    fn append(&mut self, node: NodeId) -> Result<(Appended, String), ProduceError> {
        let value = format!("value {}", self.written);
        self.written += 1;
        let mut batch = BatchBuilder::new();
        batch.append(Millis(1), None, Some(value.as_bytes()), &[]);
        let batch = batch.build(Offset(0), LeaderEpoch::NONE, Compression::None).expect("a batch");
        let manager = self.manager(node);
        let appended = append::append(&manager, &partition(&manager), batch, None, Acks::All, Millis(1))?;
        Ok((appended, value))
    }

    /// Writes with acks=all, all on their way at once, and waits for every acknowledgement.
    async fn write(&mut self, node: NodeId, count: usize) {
        let appended: Vec<_> = (0..count).map(|_| self.append(node).expect("an append")).collect();
        for (appended, value) in appended {
            let settled = tokio::time::timeout(PATIENCE, appended.settled()).await;
            settled.expect("an acknowledgement in time").expect("an acknowledgement");
            self.acknowledged.insert(appended.info.first_offset.0, value);
        }
    }

    async fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let begun = Instant::now();
        while !holds() {
            assert!(begun.elapsed() < PATIENCE, "not in time: {what}; in sync are {:?}", self.cluster.isr());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until all three are in sync, and compares their logs with each other and with what was acknowledged.
    async fn all_equal(&self) {
        let isr = || self.cluster.isr() == [ONE, TWO, THREE];
        self.until("all are in sync", isr).await;
        let logs: Vec<_> = [ONE, TWO, THREE].iter().map(|node| self.partition(*node)).collect();
        let ends = |of: fn(&Partition) -> Offset| logs.iter().map(|p| of(p)).collect::<Vec<_>>();
        let level = |ends: Vec<Offset>| ends.iter().all(|end| *end == ends[0]);
        self.until("the logs end alike", || level(ends(|p| p.log().log_end_offset()))).await;
        self.until("everything is committed", || {
            level([ends(|p| p.log().high_watermark()), ends(|p| p.log().log_end_offset())].concat())
        })
        .await;
        let contents: Vec<_> = logs
            .iter()
            .map(|p| {
                let read = p.log().read(p.log().log_start_offset(), 1 << 20, ReadUpTo::LogEnd, true).expect("a read");
                read.records.to_bytes().expect("a segment")
            })
            .collect();
        let start = logs[0].log().log_start_offset();
        assert!(level(ends(|p| p.log().log_start_offset())), "the logs start alike");
        assert_eq!(contents[0], contents[1]);
        assert_eq!(contents[0], contents[2]);
        let held = values(&contents[0]);
        for (offset, value) in self.acknowledged.range(start.0..) {
            assert_eq!(held.get(offset), Some(value), "acknowledged at {offset}");
        }
    }
}

fn values(log: &[u8]) -> BTreeMap<i64, String> {
    let batches = crate::record::batch::batches(log).map(|batch| batch.expect("a batch"));
    batches
        .map(|batch| {
            let record = crate::record::iter::records(batch.payload(), 1).next().expect("a record").expect("a record");
            let value = String::from_utf8_lossy(record.value.expect("a value")).into_owned();
            (batch.header.base_offset.0, value)
        })
        .collect()
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(test);
}

#[test]
fn a_leader_that_is_cut_off_loses_what_it_did_not_acknowledge_and_nothing_else() {
    run(async {
        let mut running = Running::start();
        running.write(ONE, 60).await;
        running.cluster.connect(ONE, false);
        let lost: Vec<_> = (0..5).map(|_| running.append(ONE).expect("it believes that it leads").0).collect();
        let too_soon = tokio::time::timeout(Duration::from_millis(300), lost[0].settled()).await;
        assert!(too_soon.is_err(), "acknowledged by a leader that nobody follows");

        running.cluster.change(&[TWO, THREE], Some(TWO));
        running.write(TWO, 40).await;
        let high_watermark = running.partition(ONE).log().high_watermark();
        assert_eq!(high_watermark, Offset(60), "the leader of old commits nothing more");

        running.cluster.connect(ONE, true);
        for appended in &lost {
            let refused = tokio::time::timeout(PATIENCE, appended.settled()).await.expect("an answer");
            assert_eq!(refused, Err(CommitError::Leader(LeaderError::NotLeader)));
        }
        running.all_equal().await;

        // And once more the other way round, through two elections in a row of which a broker misses one.
        running.cluster.connect(THREE, false);
        running.cluster.change(&[ONE, TWO], Some(ONE));
        running.cluster.change(&[ONE, TWO], Some(TWO));
        running.write(TWO, 10).await;
        running.cluster.change(&[ONE, TWO], Some(ONE));
        running.write(ONE, 10).await;
        running.cluster.connect(THREE, true);
        running.write(ONE, 10).await;
        running.all_equal().await;
        assert_eq!(running.acknowledged.len(), 130);
    });
}

#[test]
fn who_lags_leaves_and_too_few_in_sync_refuse_and_commit_nothing() {
    run(async {
        let mut running = Running::start();
        running.write(ONE, 10).await;
        running.cluster.connect(THREE, false);
        running.write(ONE, 10).await; // acknowledged once the lagging one has left
        assert_eq!(running.cluster.isr(), [ONE, TWO]);
        running.cluster.connect(TWO, false);
        let (appended, _) = running.append(ONE).expect("two are in sync still");
        running.until("the second leaves too", || running.cluster.isr() == [ONE]).await;
        assert!(matches!(running.append(ONE), Err(ProduceError::NotEnoughReplicas { isr: 1, min_isr: 2 })));
        assert!(!appended.is_settled(), "one alone commits nothing where two are asked for");
        assert_eq!(running.partition(ONE).log().high_watermark(), Offset(20));
        running.cluster.connect(TWO, true);
        running.cluster.connect(THREE, true);
        tokio::time::timeout(PATIENCE, appended.settled()).await.expect("in time").expect("committed when they return");
        running.all_equal().await;
    });
}

#[test]
fn a_follower_whose_place_is_gone_begins_where_the_leader_does() {
    run(async {
        let mut running = Running::start();
        running.write(ONE, 10).await;
        running.cluster.connect(THREE, false);
        running.cluster.change(&[ONE, TWO], None);
        running.write(ONE, 30).await;
        offsets::delete_records(&running.partition(ONE), Some(Offset(25))).expect("records deleted");
        running.until("the follower follows", || running.partition(TWO).log().log_start_offset() == Offset(25)).await;
        running.cluster.connect(THREE, true);
        running.all_equal().await;
        assert_eq!(running.partition(THREE).log().log_start_offset(), Offset(25));
    });
}
