//! One node on its machine: put together as `node::broker` does it, but for what belongs to a real machine (sockets, cores, threads).
//!
//! What is said on a stream goes to the same `dispatch` as what comes from a socket; the threads' work is done by tasks.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use ottla::base::clock::SharedClock;
use ottla::base::ids::{BrokerEpoch, NodeId};
use ottla::base::topic_name::CLUSTER_METADATA;
use ottla::config::server::{ServerConfig, Unknown};
use ottla::config::source::parse_properties;
use ottla::log::cleaner::log_cleaner::LogCleaner;
use ottla::log::cleaner::{CleanerSettings, Pace};
use ottla::log::dir::LogDir;
use ottla::log::flusher::{FlushRequests, Flusher};
use ottla::log::manager::LogManager;
use ottla::node::assembly::{Assembly, Parts};
use ottla::node::lifecycle::Lifecycle;
use ottla::node::{broker, quorum_setup, replication};
use ottla::peer::controller_channel::ControllerChannel;
use ottla::protocol::api::ListenerKind;
use ottla::protocol::internal::Identity;
use ottla::protocol::response::{Part, Response};
use ottla::replica::log_settings;
use ottla::replica::manager::ReplicaManager;
use ottla::server::connection_info::ConnectionInfo;
use ottla::server::context::Context;
use ottla::server::dispatch;
use ottla::server::handlers::Handled;
use ottla::server::internal;
use ottla::server::log_levels::LogLevels;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};

use crate::network::{Incoming, Network, Stream, host};
use crate::plant::Plant;

/// Where clients are listened to, and other nodes.
pub const CLIENT_PORT: u16 = 9092;
const NODE_PORT: u16 = 9093;
/// How often the threads' work is looked at (ms).
const FLUSH_LOOK_MS: u64 = 5;
const CHECKPOINT_EVERY_MS: u64 = 1500;
/// Bytes of metadata between two snapshots, where there are many.
const SNAPSHOT_EVERY_BYTES: i64 = 2_000;
const FRAME_MAX: usize = 64 << 20;
const CLEANER: CleanerSettings = CleanerSettings { map_bytes_max: 1 << 16, map_load_factor: 0.9, io_bytes: 4096 };

/// What the world may see of a node at work.
#[derive(Default)]
pub struct View {
    pub replicas: Option<Arc<ReplicaManager>>,
    pub controller: Option<ControllerChannel>,
    /// Under which the broker is registered in this life.
    pub epoch: Option<BrokerEpoch>,
    /// Why it ended by itself.
    pub ended: Option<String>,
}

/// What a node is.
#[derive(Clone)]
pub struct Spec {
    pub machine: usize,
    pub settings: String,
    pub dir: String,
    pub network: Arc<Network>,
    pub plant: Plant,
}

/// Which machines are what: the first are brokers; controllers are the same ones, or others behind them.
#[derive(Debug, Clone, Copy)]
pub struct Cluster {
    pub brokers: usize,
    /// Those that are no brokers; none if every broker is a controller too.
    pub controllers_apart: usize,
    /// Records are forced to the disk before they are acknowledged.
    pub synced: bool,
    /// Snapshots of the metadata are made every few dozen entries.
    pub snapshots: bool,
}

impl Cluster {
    pub fn machines(self) -> usize {
        self.brokers + self.controllers_apart
    }

    pub fn is_broker(self, machine: usize) -> bool {
        machine < self.brokers
    }

    pub fn controllers(self) -> std::ops::Range<usize> {
        if self.controllers_apart == 0 { 0..self.brokers } else { self.brokers..self.machines() }
    }
}

/// The settings of a machine's node.
pub fn settings(machine: usize, cluster: Cluster, dir: &str) -> String {
    let voters: Vec<String> = cluster.controllers().map(|m| format!("{}@{}:{NODE_PORT}", m + 1, host(m))).collect();
    let name = host(machine);
    let for_clients = cluster.is_broker(machine).then(|| ("broker", format!("PLAINTEXT://{name}:{CLIENT_PORT}")));
    let votes = cluster.controllers().contains(&machine);
    let for_nodes = votes.then(|| ("controller", format!("CONTROLLER://{name}:{NODE_PORT}")));
    let (roles, listeners): (Vec<_>, Vec<_>) = [for_clients, for_nodes].into_iter().flatten().unzip();
    format!(
        "process.roles={roles}\nnode.id={id}\ncontroller.quorum.voters={voters}\nlisteners={listeners}\n\
         controller.listener.names=CONTROLLER\nlog.dirs={dir}\nmin.insync.replicas=2\n\
         default.replication.factor={brokers}\nreplica.lag.time.max.ms=1500\nreplica.fetch.wait.max.ms=100\n\
         replica.fetch.backoff.ms=100\nreplica.socket.timeout.ms=2000\nbroker.session.timeout.ms=1500\n\
         broker.heartbeat.interval.ms=300\ncontroller.quorum.fetch.timeout.ms=1000\n\
         controller.quorum.election.timeout.ms=500\ngroup.initial.rebalance.delay.ms=0\n\
         group.min.session.timeout.ms=100\noffsets.topic.num.partitions=1\ntransaction.state.log.num.partitions=1\n\
         offsets.topic.replication.factor={brokers}\ntransaction.state.log.replication.factor={brokers}\n\
         transaction.abort.timed.out.transaction.cleanup.interval.ms=500\nlog.flush.interval.messages={flush}\n\
         metadata.log.max.record.bytes.between.snapshots={between}\n",
        between = if cluster.snapshots { SNAPSHOT_EVERY_BYTES } else { i64::MAX },
        flush = if cluster.synced { 1 } else { i64::MAX },
        roles = roles.join(","),
        id = machine + 1,
        voters = voters.join(","),
        listeners = listeners.join(","),
        brokers = cluster.brokers,
    )
}

/// Runs a node until it ends by itself; being dropped is being killed.
pub async fn run(spec: Spec, clock: SharedClock, view: Rc<RefCell<View>>, stop: oneshot::Receiver<()>) {
    let ended = serve(spec, clock, Rc::clone(&view), stop).await;
    view.borrow_mut().ended = Some(ended.err().unwrap_or_default());
}

async fn serve(
    spec: Spec,
    clock: SharedClock,
    view: Rc<RefCell<View>>,
    asked: oneshot::Receiver<()>,
) -> Result<(), String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let parsed = parse_properties(&spec.settings, "simulator").map_err(|e| text(&e))?;
    let (config, _) = ServerConfig::load(parsed, Unknown::Refused).map_err(|e| format!("{e:?}"))?;
    let config = Arc::new(config);
    let membership = quorum_setup::settle(&config, &clock).await.map_err(|e| text(&e))?;
    let dir = LogDir::open(Path::new(&spec.dir), &membership.cluster_id, config.node_id()).map_err(|e| text(&e))?;
    let directory_id = dir.meta.directory_id;
    let defaults = log_settings::of_topic(&config, NodeId::NONE, &Default::default(), "");
    let skip = |topic: &str| topic == CLUSTER_METADATA;
    let logs = LogManager::load(vec![dir], &|_| defaults.clone(), &skip, 1, clock.wall()).map_err(|e| text(&e))?;
    let (flusher, requests) = Flusher::by_hand();
    let identity =
        Arc::new(Identity { cluster_id: membership.cluster_id.clone(), node_id: config.node_id(), directory_id });
    let for_nodes = config.roles().controller.then(|| spec.network.listen(spec.machine, NODE_PORT));
    let controller = broker::join_quorum(&config, &membership, &identity, config.controller_listeners(), &clock).await;
    let controller = controller.map_err(|e| text(&e))?;
    let parts = Parts {
        config: Arc::clone(&config),
        cluster_id: membership.cluster_id.clone(),
        controller: controller.clone(),
        logs: Arc::clone(&logs),
        flusher: flusher.clone(),
        log_levels: LogLevels::new("info", Arc::new(|_| Ok(()))),
        clock: Arc::clone(&clock),
    };
    let assembly = Assembly::begin(parts)?;
    let ctx = Arc::clone(&assembly.ctx);
    let replicas = Arc::clone(&ctx.replicas);
    view.borrow_mut().replicas = Some(Arc::clone(&replicas));
    view.borrow_mut().controller = Some(controller.clone());
    if let Some(for_nodes) = for_nodes {
        tokio::task::spawn_local(accept(Arc::clone(&ctx), for_nodes, ListenerKind::Controller, spec.plant));
    }
    tokio::task::spawn_local(maintain(Arc::clone(&logs), flusher, requests, Arc::clone(&clock)));
    let broker = Lifecycle::new(controller.clone(), Arc::clone(&replicas), Arc::clone(&config), Arc::clone(&clock));
    // Gone with this function: who follows, follows for as long as the node runs.
    let (_running, until) = oneshot::channel();
    let work = async {
        if !config.roles().broker {
            return std::future::pending().await;
        }
        let epoch = broker.come_up(config.listeners()).await.map_err(|e| text(&e))?;
        view.borrow_mut().epoch = Some(epoch);
        let for_clients = spec.network.listen(spec.machine, CLIENT_PORT);
        tokio::task::spawn_local(accept(Arc::clone(&ctx), for_clients, ListenerKind::Broker, spec.plant));
        spec.plant.watch(&replicas);
        let following = replication::work(Arc::clone(&replicas), controller.clone(), &config, epoch, until);
        tokio::spawn(following);
        broker.clone().keep_alive(epoch).await;
        Ok::<(), String>(())
    };
    tokio::select! {
        biased;
        ended = work => return ended,
        _ = asked => {}
        () = broker::local_stopped(&controller) => return Err("the controller has stopped".to_owned()),
    }
    // An orderly stop, in the order of `node::broker`.
    let epoch = view.borrow().epoch.unwrap_or(BrokerEpoch::NONE);
    if !epoch.is_none() {
        broker.hand_over(epoch).await;
    }
    spec.network.stop_listening(spec.machine);
    assembly.stop();
    assembly.coordinators_ended().await.map_err(|e| text(&e))?;
    replicas.fetchers().shutdown();
    if let Some(local) = controller.local() {
        local.shutdown().await;
    }
    logs.close(epoch);
    Ok(())
}

/// Nothing holds a compaction up.
struct Unpaced;

impl Pace for Unpaced {
    fn spend(&mut self, _bytes: usize) -> bool {
        true
    }
}

/// What a broker does by the clock: syncs that were asked for, checkpoints, compaction.
async fn maintain(logs: Arc<LogManager>, flusher: Flusher, requests: FlushRequests, clock: SharedClock) {
    let cleaner = LogCleaner::new(Arc::clone(&logs));
    let mut rounds = 0;
    loop {
        let delay = ottla::log::file_system::simulated_delay().unwrap_or_default();
        tokio::time::sleep(Duration::from_millis(FLUSH_LOOK_MS) + delay).await;
        requests.run_round();
        rounds += 1;
        if rounds * FLUSH_LOOK_MS >= CHECKPOINT_EVERY_MS {
            rounds = 0;
            logs.flush_tick(&flusher, clock.wall());
            logs.removal_tick(clock.monotonic());
            logs.checkpoint_tick();
            if let Some(log) = cleaner.grab(clock.wall()) {
                // Why a pass comes to no end is told, and seen in what the log then holds.
                let _ = cleaner.clean(&log, &CLEANER, clock.wall(), &mut Unpaced);
            }
        }
    }
}

async fn accept(ctx: Arc<Context>, mut incoming: mpsc::UnboundedReceiver<Incoming>, kind: ListenerKind, plant: Plant) {
    while let Some(Incoming { stream, from }) = incoming.recv().await {
        let port = if kind == ListenerKind::Broker { CLIENT_PORT } else { NODE_PORT };
        let info = Rc::new(ConnectionInfo {
            peer: ([10, 0, 0, from as u8 + 1], 40_000).into(),
            local: ([10, 0, 0, 100], port).into(),
            listener: if kind == ListenerKind::Broker { "PLAINTEXT" } else { "CONTROLLER" }.to_owned(),
            kind,
            software: RefCell::default(),
            node: RefCell::default(),
        });
        let ctx = Arc::clone(&ctx);
        tokio::task::spawn_local(async move {
            converse(&ctx, &info, stream, plant).await;
            let node = *info.node.borrow();
            if let Some(node) = node {
                internal::connection_ended(&ctx, node).await;
            }
        });
    }
}

/// An answer that is owed, in the order of the requests.
enum Owed {
    Ready(Response),
    Waiting(std::pin::Pin<Box<dyn Future<Output = Option<Response>>>>),
}

/// Serves one connection as `server::connection` does: requests are handled as they come, answers leave in their order.
async fn converse(ctx: &Arc<Context>, info: &Rc<ConnectionInfo>, stream: Stream, plant: Plant) {
    let (mut read, mut write) = tokio::io::split(stream);
    let mut owed: VecDeque<Owed> = VecDeque::new();
    let (frames, mut arrived) = mpsc::channel::<Bytes>(1);
    let reading = async move {
        loop {
            let Ok(size) = read.read_i32().await else { return };
            let Some(size) = usize::try_from(size).ok().filter(|size| *size <= FRAME_MAX) else { return };
            let mut frame = BytesMut::zeroed(size);
            if read.read_exact(&mut frame).await.is_err() || frames.send(frame.freeze()).await.is_err() {
                return;
            }
        }
    };
    let answering = async {
        let mut alone = false;
        loop {
            while let Some(Owed::Ready(_)) = owed.front() {
                let Some(Owed::Ready(answer)) = owed.pop_front() else { break };
                if write.write_all(&in_memory(answer)).await.is_err() {
                    return;
                }
            }
            alone &= !owed.is_empty();
            let waits = !owed.is_empty();
            let front = async {
                match owed.front_mut() {
                    Some(Owed::Waiting(rest)) => rest.as_mut().await,
                    _ => std::future::pending().await,
                }
            };
            let frame = tokio::select! {
                biased;
                answer = front, if waits => {
                    let Some(answer) = answer else { return };
                    owed[0] = Owed::Ready(answer);
                    continue;
                }
                frame = arrived.recv(), if !alone => frame,
            };
            let Some(frame) = frame else { return };
            match dispatch::handle(ctx, info, plant.bend(frame, info.kind)) {
                Ok(Handled::Now(answer)) => owed.push_back(Owed::Ready(answer)),
                Ok(Handled::Later(rest)) => owed.push_back(Owed::Waiting(Box::pin(async { rest.await.ok() }))),
                Ok(Handled::Alone(rest)) => {
                    owed.push_back(Owed::Waiting(Box::pin(async { rest.await.ok() })));
                    alone = true;
                }
                Ok(Handled::Silent) => {}
                Err(_) => return,
            }
        }
    };
    tokio::select! {
        biased;
        () = answering => {}
        () = reading => {}
    }
}

fn in_memory(answer: Response) -> Bytes {
    let mut out = BytesMut::with_capacity(answer.len());
    for part in &answer.parts {
        match part {
            Part::Bytes(bytes) => out.extend_from_slice(bytes),
            Part::Records(records) => match records.to_bytes() {
                Ok(bytes) => out.extend_from_slice(&bytes),
                // As a socket whose file cannot be read: the answer breaks off.
                Err(_) => break,
            },
        }
    }
    out.freeze()
}
