//! Two brokers that follow each other over real sockets, under one controller: what one commits the other has, whoever leads.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::*;
use crate::base::clock::SystemClock;
use crate::base::ids::{LeaderEpoch, Millis, Offset, PartitionIndex, Uuid};
use crate::config::server::Unknown;
use crate::config::source::parse_properties;
use crate::controller::brokers::BrokerHeartbeat;
use crate::controller::create_topics::{CreateTopics, NewTopic};
use crate::controller::quorum::start::QuorumOptions;
use crate::controller::quorum_controller::{ControllerOptions, QuorumController};
use crate::coordinator::group;
use crate::log::dir::LogDir;
use crate::log::flusher::Flusher;
use crate::log::manager::LogManager;
use crate::log::read_info::ReadUpTo;
use crate::node::lifecycle::{self, Lifecycle};
use crate::node::transactions::Transactions;
use crate::node::{bind, connections, metadata_loader};
use crate::peer::controller_channel::Seeds;
use crate::protocol::api::ListenerKind;
use crate::protocol::internal::Identity;
use crate::quota::connection_quota::ConnectionQuota;
use crate::record::builder::BatchBuilder;
use crate::record::compression::Compression;
use crate::replica::append::{self, Acks, Appended};
use crate::replica::partition::Partition;
use crate::server::context::Context;
use crate::server::fetch_session::FetchSessions;
use crate::server::listener;
use crate::server::log_levels::LogLevels;

const PATIENCE: Duration = Duration::from_secs(30);
const PARTITIONS: i32 = 3;
const CLUSTER: &str = "a-cluster";

fn config(node: i32) -> Arc<ServerConfig> {
    let text = format!(
        "node.id={node}\nprocess.roles=broker,controller\ncontroller.listener.names=CONTROLLER\n\
         listeners=PLAINTEXT://localhost:0\nlog.dirs=unused\nreplica.lag.time.max.ms=1000\nreplica.fetch.wait.max.ms=100\n\
         replica.fetch.backoff.ms=50\nbroker.session.timeout.ms=120000\n"
    );
    let settings = parse_properties(&text, "test").expect("settings");
    Arc::new(ServerConfig::load(settings, Unknown::Refused).unwrap_or_else(|errors| panic!("{errors}")).0)
}

/// A broker that serves its listener; its replication is started apart.
struct Broker {
    config: Arc<ServerConfig>,
    controller: ControllerChannel,
    replicas: Arc<ReplicaManager>,
    epoch: BrokerEpoch,
    _stop: watch::Sender<bool>,
}

impl Broker {
    async fn start(dir: &Path, node: i32, controller: &ControllerChannel) -> Self {
        let (config, clock) = (config(node), SystemClock::shared());
        let home = LogDir::open(&dir.join(node.to_string()), CLUSTER, NodeId(node)).expect("a log directory");
        let logs = LogManager::load(vec![home], &|_| Default::default(), &|_| false, 1, Millis(0)).expect("logs");
        let flusher = Flusher::start().expect("a thread");
        let replicas = ReplicaManager::new(NodeId(node), Arc::clone(&config), logs, flusher, Arc::clone(&clock));
        let sizes = bind::sizes(&config);
        let bound: Vec<_> = config
            .listeners()
            .iter()
            .flat_map(|l| bind::bind(l, ListenerKind::Broker, sizes).expect("a socket"))
            .collect();
        let listeners = lifecycle::effective_listeners(config.listeners(), &bound);
        tokio::spawn(metadata_loader::follow(controller.subscribe(), Arc::clone(&replicas)));
        let life = Lifecycle::new(controller.clone(), Arc::clone(&replicas), Arc::clone(&config), Arc::clone(&clock));
        let epoch = life.come_up(&listeners).await.expect("a registration");
        let (stop, stopped) = watch::channel(false);
        let groups = group::service::Service::new(Arc::clone(&config), Arc::clone(&clock));
        let txn = Transactions::new(&config, &clock, &replicas, &groups, controller);
        let ctx = Arc::new(Context {
            node_id: NodeId(node),
            cluster_id: CLUSTER.to_owned(),
            config: Arc::clone(&config),
            controller: controller.clone(),
            replicas: Arc::clone(&replicas),
            connections: ConnectionQuota::new(connections::limits(&config).expect("caps")),
            controller_connections: ConnectionQuota::new(connections::limits(&config).expect("caps")),
            fetch_sessions: FetchSessions::new(100),
            producer_ids: txn.producer_ids,
            groups,
            transactions: txn.service,
            transaction_partitions: txn.partitions,
            markers: txn.markers,
            in_the_making: Default::default(),
            log_levels: LogLevels::new("INFO", Arc::new(|_| Ok(()))),
            clock,
            stop: stopped,
        });
        listener::start(1, &ctx).expect("a core").accept(bound);
        let broker = Self { config, controller: controller.clone(), replicas, epoch, _stop: stop };
        broker.beat(false).await;
        broker
    }

    fn replicate(&self) -> Replication {
        let (replicas, controller) = (Arc::clone(&self.replicas), self.controller.clone());
        Replication::start(replicas, controller, &self.config, self.epoch).expect("a thread")
    }

    async fn beat(&self, want_fence: bool) {
        let offset = self.controller.image().offset();
        assert!(self.replicas.wait_applied(offset, PATIENCE).await);
        let beat = BrokerHeartbeat {
            broker_id: self.replicas.node(),
            broker_epoch: self.epoch,
            metadata_offset: offset,
            want_fence,
            want_shut_down: false,
            offline_log_dirs: Vec::new(),
            cordoned_log_dirs: None,
        };
        self.controller.request(beat).await.expect("an answer").expect("a heartbeat");
    }

    fn partition(&self, index: i32) -> Arc<Partition> {
        self.replicas.partition("t", PartitionIndex(index)).expect("the partition")
    }

    fn append(&self, index: i32, bytes: usize) -> Appended {
        let mut batch = BatchBuilder::new();
        batch.append(Millis(1), None, Some(&vec![7; bytes]), &[]);
        let batch = batch.build(Offset(0), LeaderEpoch::NONE, Compression::None).expect("a batch");
        append::append(&self.replicas, &self.partition(index), batch, None, Acks::All, Millis(1)).expect("an append")
    }

    /// Writes small and large batches to every partition, and waits until all are committed.
    async fn write(&self) {
        let sizes = [10, 1000, 40_000, 10, 200_000, 10];
        let appended: Vec<_> =
            sizes.iter().flat_map(|size| (0..PARTITIONS).map(|index| self.append(index, *size))).collect();
        for appended in appended {
            let settled = tokio::time::timeout(PATIENCE, appended.settled()).await;
            settled.expect("committed in time").expect("committed");
        }
    }
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn in_sync(controller: &ControllerChannel, wanted: usize) -> bool {
    let image = controller.image();
    let topic = image.topic("t").expect("the topic");
    topic.partitions.iter().all(|p| p.isr.len() == wanted)
}

async fn all_equal(brokers: [&Broker; 2]) {
    for index in 0..PARTITIONS {
        let [one, two] = brokers.map(|broker| broker.partition(index));
        let ends = |p: &Partition| (p.log().log_end_offset(), p.log().high_watermark());
        until("the logs end alike", || ends(&one) == ends(&two) && ends(&one).0 == ends(&one).1).await;
        let [one, two] = [one, two].map(|p| {
            let path = p.log().dir().join(format!("{:020}.log", 0));
            let end = p.log().read(Offset(0), 1 << 24, ReadUpTo::LogEnd, true).expect("a read").records.len();
            std::fs::read(path).expect("a segment")[..end].to_vec()
        });
        assert!(one == two, "partition {index}: {} and {} bytes", one.len(), two.len());
    }
}

#[test]
fn what_one_commits_the_other_has_whoever_leads() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let dir = tempfile::tempdir().expect("a directory");
    runtime.block_on(async {
        let quorum = QuorumOptions::alone(NodeId(1), dir.path().join("metadata"));
        std::fs::create_dir_all(&quorum.dir).expect("a directory");
        let options = ControllerOptions {
            quorum,
            cluster_id: CLUSTER.to_owned(),
            config: config(1),
            clock: SystemClock::shared(),
            probe: None,
        };
        let controller = QuorumController::start(options).await.expect("a controller");
        let identity = Identity { cluster_id: CLUSTER.to_owned(), node_id: NodeId(1), directory_id: Uuid([7; 16]) };
        let clock = SystemClock::shared();
        let controller = ControllerChannel::of_controller(controller, Arc::new(identity), Seeds::default(), &clock);
        let one = Broker::start(dir.path(), 1, &controller).await;
        let two = Broker::start(dir.path(), 2, &controller).await;
        let replicas = vec![NodeId(1), NodeId(2)];
        let topic = NewTopic {
            name: "t".to_owned(),
            partitions: -1,
            replication_factor: -1,
            assignments: (0..PARTITIONS).map(|index| (index, replicas.clone())).collect(),
            configs: Vec::new(),
        };
        let created = controller
            .submit_within(CreateTopics { topics: vec![topic], validate_only: false }, PATIENCE)
            .await
            .expect("a topic");
        for broker in [&one, &two] {
            assert!(broker.replicas.wait_applied(created.offset, PATIENCE).await);
        }

        let ones = one.replicate();
        let waiting = one.append(0, 10);
        let too_soon = tokio::time::timeout(Duration::from_millis(300), waiting.settled()).await;
        assert!(too_soon.is_err(), "committed before the follower has it");
        let twos = two.replicate();
        tokio::time::timeout(PATIENCE, waiting.settled()).await.expect("in time").expect("committed");
        one.write().await;
        all_equal([&one, &two]).await;

        // The leader is fenced: the other leads, alone at first.
        one.beat(true).await;
        until("the other leads", || two.partition(0).lead(None).is_ok()).await;
        assert!(in_sync(&controller, 1));
        two.write().await;
        one.beat(false).await;
        until("who was fenced is back in sync", || in_sync(&controller, 2)).await;
        two.write().await;
        all_equal([&one, &two]).await;

        // A follower that stops leaves, and writes go on without it.
        ones.stop();
        two.write().await;
        assert!(in_sync(&controller, 1));
        twos.stop();
    });
}
