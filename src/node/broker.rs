//! One process: a broker, a controller, or both, wired and brought up in order, and brought down in the reverse order.
//!
//! ```text
//!  up    cluster id → log directories → logs (recovery) → controller, or follower of one → controllers' listener
//!        → registration → metadata applied → clients' listeners → ready
//!  down  leaderships handed over → listeners close → connections end → controller stops
//!        → logs synced, checkpointed, marked clean
//! ```

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::base::clock::{SharedClock, SystemClock};
use crate::base::ids::{BrokerEpoch, Millis, NodeId, Uuid};
use crate::base::topic_name::CLUSTER_METADATA;
use crate::config::listeners::Listener;
use crate::config::server::ServerConfig;
use crate::config::source::Warning;
use crate::controller::quorum::voters::VoterEndpoint;
use crate::log::cleaner::log_cleaner::LogCleaner;
use crate::log::dir::LogDir;
use crate::log::error::OpenError;
use crate::log::flusher::Flusher;
use crate::log::manager::LogManager;
use crate::node::assembly::{Assembly, Parts};
use crate::node::banner::Banner;
use crate::node::cleaner::{Cleaner, RoundSettings};
use crate::node::group_lag::GroupLag;
use crate::node::lifecycle::Lifecycle;
use crate::node::maintenance::{Intervals, Maintenance};
use crate::node::metrics::NodeWatch;
use crate::node::quorum_setup::{self, Membership};
use crate::node::replication::{self, Replication};
use crate::node::{bind, directories, footprint, lifecycle, logging, metrics, metrics_http, quorum_member, shutdown};
use crate::peer::controller_channel::ControllerChannel;
use crate::peer::metadata_follower;
use crate::protocol::api::ListenerKind;
use crate::protocol::internal::Identity;
use crate::replica::log_moves::LogMoves;
use crate::replica::log_settings;
use crate::replica::manager::ReplicaManager;
use crate::server::context::Context;
use crate::server::listener::{self, Bound, Cores};
use crate::server::log_levels::{LogLevels, Reload};

/// Why a process could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A log directory or a log.
    #[error(transparent)]
    Log(#[from] crate::log::error::OpenError),
    /// A listener.
    #[error(transparent)]
    Bind(#[from] bind::BindError),
    /// The operating system refused a thread, a runtime or a socket.
    #[error("{what}: {source}")]
    System {
        /// What was attempted.
        what: &'static str,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The controller.
    #[error("the controller did not start: {0}")]
    Controller(String),
    /// Something in the configuration that only shows when it is put to use.
    #[error("{0}")]
    Settings(String),
}

/// How long after it is ready a node still does what only a start does.
const START_ECHO: Duration = Duration::from_secs(1);
/// How often the health of the log directories is looked at.
const DIRS_LOOK: Duration = Duration::from_millis(200);

fn system(what: &'static str) -> impl FnOnce(std::io::Error) -> StartError {
    move |source| StartError::System { what, source }
}

/// Runs until the process is asked to end. Blocks the calling thread.
pub fn run(config: ServerConfig, warnings: &[Warning]) -> Result<(), StartError> {
    let clock = SystemClock::shared();
    let log = logging::start();
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        .build()
        .map_err(system("start the controller's runtime"))?;
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime, serve(Arc::new(config), clock, log))
}

async fn serve(
    config: Arc<ServerConfig>,
    clock: SharedClock,
    (reload, root_level): (Reload, String),
) -> Result<(), StartError> {
    let mut asked = std::pin::pin!(shutdown::asked());
    let recorded = metrics::install().map_err(StartError::Settings)?;
    let membership = tokio::select! {
        settled = quorum_setup::settle(&config, &clock) => settled?,
        signal = &mut asked => return stopped_early(signal),
    };
    let (dirs, left_out) = open_dirs(&config, &membership.cluster_id)?;
    let apart = open_metadata_dir(&config, &membership.cluster_id, &dirs)?;
    let logs = load_logs(&config, dirs, clock.wall()).await?;
    logs.note_missing(left_out);
    let flusher = Flusher::start().map_err(system("start the flusher"))?;
    let identity = Arc::new(identity(&config, &logs, apart.as_ref(), &membership)?);

    // Sockets are bound before the registration, so that it tells the ports that were really given; clients' are accepted from
    // only at the end, the controllers' as soon as there is a controller to speak to.
    let bound = bind_all(&config, config.listeners(), ListenerKind::Broker)?;
    let for_controllers = bind_all(&config, config.controller_listeners(), ListenerKind::Controller)?;
    let listeners = lifecycle::effective_listeners(config.listeners(), &bound);
    let at = lifecycle::effective_listeners(config.controller_listeners(), &for_controllers);
    let controller = join_quorum(&config, &membership, &identity, &at, &clock).await?;
    let parts = Parts {
        config: Arc::clone(&config),
        cluster_id: membership.cluster_id.clone(),
        controller: controller.clone(),
        logs: Arc::clone(&logs),
        flusher: flusher.clone(),
        log_levels: LogLevels::new(&root_level, reload),
        clock: Arc::clone(&clock),
    };
    let assembly = Assembly::begin(parts).map_err(StartError::Settings)?;
    let ctx = Arc::clone(&assembly.ctx);
    let replicas = Arc::clone(&ctx.replicas);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cores = listener::start(cores, &ctx).map_err(system("start a core"))?;
    cores.accept(for_controllers);
    let maintenance = Maintenance::start(Arc::clone(&logs), flusher, Arc::clone(&clock), intervals(&config))
        .map_err(system("start the maintenance thread"))?;
    let cleaner = start_cleaner(&config, &logs, &replicas, &clock)?;
    let serving = Arc::new(AtomicBool::new(false));
    let others = replication::connections(&replicas, &config, "lag", BrokerEpoch::NONE);
    let watch = NodeWatch {
        recorded,
        lag: GroupLag::new(Arc::clone(&ctx.groups), Arc::clone(&replicas), others, Arc::clone(&clock)),
        replicas: Arc::clone(&replicas),
        controller: controller.clone(),
        cleaner: Arc::clone(&cleaner),
        connections: Arc::clone(&ctx.connections),
        serving: Arc::clone(&serving),
    };
    let broker = Lifecycle::new(controller.clone(), replicas, Arc::clone(&config), Arc::clone(&clock));
    let ready = Ready { config: &config, ctx: &ctx, listeners: &listeners, cores: &cores, watch, bound };
    let mut up = Up { epoch: BrokerEpoch::NONE, replication: None };
    let ended = tokio::select! {
        ended = run_broker(&broker, ready, &mut up) => ended,
        signal = &mut asked => signal.map_err(system("wait for signals")).map(|signal| tracing::info!(signal, "stopping")),
        () = local_stopped(&controller) => {
            tracing::error!("the controller has stopped; the node ends");
            Ok(())
        }
        () = all_dirs_failed(&logs) => {
            tracing::error!("no log directory is left; the node ends");
            Ok(())
        }
    };
    if !up.epoch.is_none() && ended.is_ok() {
        broker.hand_over(up.epoch).await;
    }
    serving.store(false, Ordering::Release);
    assembly.stop();
    let joined = tokio::task::spawn_blocking(move || cores.join()).await;
    if let Err(error) = joined {
        tracing::error!(%error, "the cores did not end");
    }
    if let Err(error) = assembly.coordinators_ended().await {
        tracing::error!(%error, "the coordinators did not end");
    }
    if let Some(replication) = up.replication {
        replication.stop();
    }
    ctx.replicas.moves().stop();
    cleaner.stop();
    maintenance.stop();
    if let Some(local) = controller.local() {
        local.shutdown().await;
    }
    logs.close(up.epoch);
    tracing::info!("stopped");
    ended
}

fn stopped_early(signal: std::io::Result<&'static str>) -> Result<(), StartError> {
    tracing::info!(signal = signal.map_err(system("wait for signals"))?, "stopping before anything was begun");
    Ok(())
}

/// Returns when this node's own controller has stopped; never, if it has none.
pub async fn local_stopped(controller: &ControllerChannel) {
    match controller.local() {
        Some(local) => local.stopped().await,
        None => std::future::pending().await,
    }
}

/// Returns when every log directory has failed: there is nothing left to serve, and others can lead what this node leads.
async fn all_dirs_failed(logs: &LogManager) {
    while !logs.all_offline() {
        tokio::time::sleep(DIRS_LOOK).await;
    }
}

/// What is still to be done when everything stands.
struct Ready<'a> {
    config: &'a Arc<ServerConfig>,
    ctx: &'a Arc<Context>,
    listeners: &'a [Listener],
    cores: &'a Cores,
    watch: NodeWatch,
    bound: Vec<Bound>,
}

/// How far the broker has come.
struct Up {
    /// Under which it is registered.
    epoch: BrokerEpoch,
    replication: Option<Replication>,
}

/// Brings the broker up, lets clients in, says so, and keeps it alive for as long as it is polled. Ends only if it cannot come
/// up, or has lost all its log directories.
async fn run_broker(broker: &Lifecycle, ready: Ready<'_>, up: &mut Up) -> Result<(), StartError> {
    let Ready { config, ctx, listeners, cores, watch, bound } = ready;
    if config.roles().broker {
        up.epoch = broker.come_up(listeners).await?;
        let replication = Replication::start(Arc::clone(&ctx.replicas), ctx.controller.clone(), config, up.epoch);
        up.replication = Some(replication.map_err(system("start the replication thread"))?);
        cores.accept(bound);
        LogMoves::resume(&ctx.replicas);
    }
    let serving = Arc::clone(&watch.serving);
    start_http(config, Arc::new(watch)).await?;
    serving.store(true, Ordering::Release);
    let shown = if config.roles().broker { listeners } else { config.controller_listeners() };
    Banner {
        node_id: ctx.node_id.0,
        cluster_id: &ctx.cluster_id,
        listeners: shown,
        log_dirs: config.log_dirs(),
        synced: log_settings::of_topic(config, ctx.node_id, &ctx.metadata(), "").flush_messages == 1,
        ready_ms: ctx.clock.monotonic().0,
    }
    .print();
    tokio::spawn(async {
        // What comes right after the start belongs to it.
        tokio::time::sleep(START_ECHO).await;
        footprint::give_back();
    });
    if config.roles().broker {
        if ctx.replicas.logs().dirs().count() > 1 {
            tokio::spawn(directories::report(Arc::clone(&ctx.replicas), ctx.controller.clone(), up.epoch));
        }
        broker.clone().keep_alive(up.epoch).await;
        return Err(StartError::Settings("every log directory has failed; the broker ends".to_owned()));
    }
    std::future::pending().await
}

/// This node's own controller if it is to have one, else a follower of the others'.
pub async fn join_quorum(
    config: &Arc<ServerConfig>,
    membership: &Membership,
    identity: &Arc<Identity>,
    at: &[Listener],
    clock: &SharedClock,
) -> Result<ControllerChannel, StartError> {
    let seeds = membership.seeds(config);
    if config.roles().controller {
        let endpoint = |at: &Listener| VoterEndpoint {
            name: at.name().to_owned(),
            host: at.advertised.host.clone(),
            port: at.advertised.port,
        };
        let mut endpoints: Vec<_> = at.iter().map(endpoint).collect();
        // The first is for other controllers.
        endpoints.sort_by_key(|endpoint| endpoint.name != config.controller_listener_name());
        let local = quorum_setup::start_controller(config, membership, identity, endpoints, clock).await?;
        let channel = ControllerChannel::of_controller(local.clone(), Arc::clone(identity), seeds, clock);
        let wants_vote = config.controller_quorum_auto_join_enable();
        tokio::spawn(quorum_member::stay(channel.clone(), local, config.node_id(), wants_vote));
        return Ok(channel);
    }
    let ((publish, images), (publish_voters, voters)) =
        (watch::channel(Arc::default()), watch::channel(Arc::default()));
    let channel = ControllerChannel::of_observer(Arc::clone(identity), seeds, images, voters, clock);
    tokio::spawn(metadata_follower::follow(channel.clone(), publish, publish_voters));
    Ok(channel)
}

fn identity(
    config: &ServerConfig,
    logs: &LogManager,
    apart: Option<&LogDir>,
    membership: &Membership,
) -> Result<Identity, StartError> {
    // A broker without a vote keeps no metadata: it goes by its first directory.
    let path = Path::new(config.metadata_log_dir()).canonicalize().ok();
    let all = || logs.dirs().map(|(dir, _)| dir).chain(apart);
    let dir = all().find(|dir| Some(&dir.path) == path.as_ref()).or_else(|| all().next());
    let directory_id = dir.map_or(Uuid::ZERO, |dir| dir.meta.directory_id);
    Ok(Identity { cluster_id: membership.cluster_id.clone(), node_id: config.node_id(), directory_id })
}

/// Opens every log directory for the cluster; one of another cluster is refused. One that the disk refuses is told of and left
/// out, as long as another one can be opened. Also gives how many were left out.
fn open_dirs(config: &ServerConfig, cluster_id: &str) -> Result<(Vec<LogDir>, usize), StartError> {
    let (mut opened, mut failed) = (Vec::new(), Vec::new());
    for path in config.log_dirs() {
        match LogDir::open(Path::new(path), cluster_id, config.node_id()) {
            Ok(dir) => opened.push(dir),
            Err(OpenError::Storage(error)) => failed.push(error),
            Err(other) => return Err(other.into()),
        }
    }
    for error in &failed {
        tracing::error!(%error, "a log directory cannot be opened: its partitions are unavailable here");
    }
    match (opened.is_empty(), failed.len()) {
        (true, _) => match failed.pop() {
            Some(error) => Err(StartError::Log(error.into())),
            None => Err(StartError::Settings("log.dirs names no directory".to_owned())),
        },
        (false, left_out) => Ok((opened, left_out)),
    }
}

/// The directory of the metadata log, if it is none of those for partitions. It is this process's until it is dropped.
fn open_metadata_dir(config: &ServerConfig, cluster_id: &str, dirs: &[LogDir]) -> Result<Option<LogDir>, StartError> {
    let path = Path::new(config.metadata_log_dir());
    let known = path.canonicalize().is_ok_and(|path| dirs.iter().any(|dir| dir.path == path));
    if known || !config.roles().controller {
        return Ok(None);
    }
    Ok(Some(LogDir::open(path, cluster_id, config.node_id())?))
}

async fn load_logs(config: &Arc<ServerConfig>, dirs: Vec<LogDir>, now: Millis) -> Result<Arc<LogManager>, StartError> {
    let config = Arc::clone(config);
    let load = move || {
        // Each topic's own settings come with the metadata, once the controller has read it.
        let settings = log_settings::of_topic(&config, NodeId::NONE, &Default::default(), "");
        let threads = usize::try_from(config.num_recovery_threads_per_data_dir()).unwrap_or(1);
        let skip = |topic: &str| topic == CLUSTER_METADATA;
        LogManager::load(dirs, &|_| settings.clone(), &skip, threads, now)
    };
    let loaded = tokio::task::spawn_blocking(load).await.map_err(std::io::Error::other);
    Ok(loaded.map_err(system("load the logs"))??)
}

fn bind_all(config: &ServerConfig, listeners: &[Listener], kind: ListenerKind) -> Result<Vec<Bound>, StartError> {
    let sizes = bind::sizes(config);
    let mut bound = Vec::new();
    for listener in listeners {
        bound.extend(bind::bind(listener, kind, sizes)?);
    }
    Ok(bound)
}

fn start_cleaner(
    config: &Arc<ServerConfig>,
    logs: &Arc<LogManager>,
    replicas: &Arc<ReplicaManager>,
    clock: &SharedClock,
) -> Result<Arc<Cleaner>, StartError> {
    let replicas = Arc::clone(replicas);
    let settings = move || RoundSettings::of(&replicas.config());
    let cleaner = LogCleaner::new(Arc::clone(logs));
    Cleaner::start(cleaner, Arc::clone(clock), config.log_cleaner_enable(), settings)
        .map_err(system("start the cleaner"))
}

fn intervals(config: &ServerConfig) -> Intervals {
    /// How often `flush.ms` is looked at, where nothing shorter is set: Kafka's own default is "never".
    const FLUSH_LOOK_MS_MAX: i64 = 1000;
    Intervals {
        retention: Millis(config.log_retention_check_interval_ms()),
        flush: Millis(config.log_flush_scheduler_interval_ms().clamp(1, FLUSH_LOOK_MS_MAX)),
        checkpoint: Millis(i64::from(config.log_flush_offset_checkpoint_interval_ms())),
        high_watermarks: Millis(config.replica_high_watermark_checkpoint_interval_ms().max(1)),
        producers: Millis(config.producer_id_expiration_check_interval_ms().max(1).into()),
    }
}

/// A port that was asked for must be had; the default one is given up with a warning, so that two servers can share a machine.
async fn start_http(config: &ServerConfig, watch: Arc<NodeWatch>) -> Result<(), StartError> {
    let Some(address) = config.http_address() else { return Ok(()) };
    match metrics_http::bind(&address).await {
        Ok(listener) => {
            tokio::spawn(metrics_http::serve(listener, watch));
            Ok(())
        }
        Err(error) if config.set_value("ottla.http.address").is_none() => {
            tracing::warn!(%error, address, "the metrics port cannot be bound; set ottla.http.address to another, or to nothing");
            Ok(())
        }
        Err(source) => Err(system("bind ottla.http.address")(source)),
    }
}
