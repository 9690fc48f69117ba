//! One process: a broker and its controller, wired and brought up in order, and brought down in the reverse order.
//!
//! ```text
//!  up    log directories → logs (recovery) → controller → registration → metadata applied → listeners → ready
//!  down  listeners close → connections end → controller stops → logs synced, checkpointed, marked clean
//! ```

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::base::clock::{SharedClock, SystemClock};
use crate::base::ids::{BrokerEpoch, Millis, NodeId, Uuid};
use crate::base::random;
use crate::base::topic_name::CLUSTER_METADATA;
use crate::config::server::ServerConfig;
use crate::config::source::Warning;
use crate::controller::quorum::start::QuorumOptions;
use crate::controller::quorum_controller::{ControllerOptions, QuorumController};
use crate::coordinator::group;
use crate::log::cleaner::log_cleaner::LogCleaner;
use crate::log::dir::{self, LogDir};
use crate::log::flusher::Flusher;
use crate::log::manager::LogManager;
use crate::node::banner::Banner;
use crate::node::cleaner::{Cleaner, RoundSettings};
use crate::node::maintenance::{Intervals, Maintenance};
use crate::node::metrics::NodeWatch;
use crate::node::replication::Replication;
use crate::node::{
    bind, connections, coordinators, logging, metadata_loader, metrics, metrics_http, registration, shutdown,
};
use crate::replica::log_settings;
use crate::replica::manager::ReplicaManager;
use crate::server::context::Context;
use crate::server::fetch_session::FetchSessions;
use crate::server::listener::{self, Bound};
use crate::server::log_levels::{LogLevels, Reload};
use crate::server::producer_ids::ProducerIdPool;

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
    let recorded = metrics::install().map_err(StartError::Settings)?;
    let dirs = open_dirs(&config)?;
    let cluster_id = dirs[0].meta.cluster_id.clone();
    let directories: Vec<_> = dirs.iter().map(|dir| dir.meta.directory_id).collect();
    let logs = load_logs(&config, dirs, clock.wall()).await?;
    let flusher = Flusher::start().map_err(system("start the flusher"))?;
    let node_id = config.node_id();
    let controller = start_controller(&config, &logs, &cluster_id, &clock).await?;

    // Sockets are bound before the registration, so that it tells the ports that were really given; they are accepted from
    // only at the end.
    let bound = bind_all(&config)?;
    let listeners = registration::effective_listeners(&config, &bound);
    let epoch = registration::register(&controller, &config, &cluster_id, &listeners, directories).await?;
    let replicas =
        ReplicaManager::new(node_id, Arc::clone(&config), Arc::clone(&logs), flusher.clone(), Arc::clone(&clock));
    tokio::spawn(metadata_loader::follow(controller.subscribe(), Arc::clone(&replicas)));
    come_up(&controller, &replicas, epoch).await?;
    let every = Duration::from_millis(u64::try_from(config.broker_heartbeat_interval_ms()).unwrap_or(2000));
    let replication = Replication::start(Arc::clone(&replicas), controller.clone(), &config, epoch)
        .map_err(system("start the replication thread"))?;
    tokio::spawn(registration::keep_alive(controller.clone(), Arc::clone(&replicas), epoch, every));

    let (stop, stopped) = watch::channel(false);
    let groups = group::service::Service::new(Arc::clone(&config), Arc::clone(&clock));
    let coordinators =
        coordinators::host(Arc::clone(&groups), Arc::clone(&replicas), Arc::clone(&clock), stopped.clone());
    let coordinators = tokio::spawn(coordinators);
    let connections = connections::quota(&config).map_err(StartError::Settings)?;
    let slots = usize::try_from(config.max_incremental_fetch_session_cache_slots()).unwrap_or(0);
    let ctx = Arc::new(Context {
        node_id,
        cluster_id: cluster_id.clone(),
        config: Arc::clone(&config),
        controller: controller.clone(),
        replicas: Arc::clone(&replicas),
        groups,
        connections: Arc::clone(&connections),
        fetch_sessions: FetchSessions::new(slots),
        producer_ids: ProducerIdPool::default(),
        log_levels: LogLevels::new(&root_level, reload),
        clock: Arc::clone(&clock),
        stop: stopped,
    });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cores = listener::start(cores, bound, &ctx).map_err(system("start a core"))?;
    let maintenance = Maintenance::start(Arc::clone(&logs), flusher, Arc::clone(&clock), intervals(&config))
        .map_err(system("start the maintenance thread"))?;
    let cleaner = start_cleaner(&config, &logs, &replicas, &clock)?;
    let serving = Arc::new(AtomicBool::new(true));
    let watch = NodeWatch {
        recorded,
        replicas,
        controller: controller.clone(),
        cleaner: Arc::clone(&cleaner),
        connections,
        serving: Arc::clone(&serving),
    };
    start_http(&config, Arc::new(watch)).await?;
    Banner {
        node_id: node_id.0,
        cluster_id: &cluster_id,
        listeners: &listeners,
        log_dirs: config.log_dirs(),
        synced: log_settings::of_topic(&config, node_id, &ctx.metadata(), "").flush_messages == 1,
        ready_ms: clock.monotonic().0,
    }
    .print();

    tokio::select! {
        signal = shutdown::asked() => tracing::info!(signal = signal.map_err(system("wait for signals"))?, "stopping"),
        () = controller.stopped() => tracing::error!("the controller has stopped; the node ends"),
    }
    serving.store(false, Ordering::Release);
    // Every receiver may be gone already, if all cores ended by themselves.
    let _ = stop.send(true);
    let joined = tokio::task::spawn_blocking(move || cores.join()).await;
    if let Err(error) = joined {
        tracing::error!(%error, "the cores did not end");
    }
    if let Err(error) = coordinators.await {
        tracing::error!(%error, "the coordinators did not end");
    }
    replication.stop();
    cleaner.stop();
    maintenance.stop();
    controller.shutdown().await;
    logs.close();
    tracing::info!("stopped");
    Ok(())
}

async fn start_controller(
    config: &Arc<ServerConfig>,
    logs: &LogManager,
    cluster_id: &str,
    clock: &SharedClock,
) -> Result<QuorumController, StartError> {
    /// Entries of the metadata log after which the image is written as a snapshot and the log before it can go.
    const SNAPSHOT_EVERY: u64 = 10_000;
    let path = Path::new(config.metadata_log_dir());
    let path = path.canonicalize().map_err(system("find metadata.log.dir"))?;
    let dir = logs.dirs().map(|(dir, _)| dir).find(|dir| dir.path == path);
    let directory_id = dir.map_or(Uuid::ZERO, |dir| dir.meta.directory_id);
    let quorum = QuorumOptions { node_id: config.node_id(), dir: path, snapshot_every: SNAPSHOT_EVERY };
    let options = ControllerOptions {
        quorum,
        cluster_id: cluster_id.to_owned(),
        directory_id,
        config: Arc::clone(config),
        clock: Arc::clone(clock),
    };
    QuorumController::start(options).await.map_err(|e| StartError::Controller(e.to_string()))
}

/// Applies the metadata up to the registration, has the broker unfenced, and applies what that changed: from then on it leads.
async fn come_up(
    controller: &QuorumController,
    replicas: &ReplicaManager,
    epoch: BrokerEpoch,
) -> Result<(), StartError> {
    const PATIENCE: Duration = Duration::from_secs(600);
    let late = || StartError::Controller("the metadata could not be applied to the logs within ten minutes".into());
    if !replicas.wait_applied(controller.image().offset(), PATIENCE).await {
        return Err(late());
    }
    if !registration::heartbeat(controller, replicas, epoch).await {
        return Err(StartError::Controller("the controller keeps this broker fenced".into()));
    }
    if !replicas.wait_applied(controller.image().offset(), PATIENCE).await {
        return Err(late());
    }
    Ok(())
}

/// Opens every log directory for the cluster that the configuration names, else the one that they belong to, else a new one.
fn open_dirs(config: &ServerConfig) -> Result<Vec<LogDir>, StartError> {
    let paths = config.log_dirs();
    let held = paths.iter().map(|path| dir::read_meta(Path::new(path))).collect::<Result<Vec<_>, _>>()?;
    let held = held.into_iter().flatten().next().map(|meta| meta.cluster_id);
    let cluster_id = config.cluster_id().or(held).unwrap_or_else(|| random::uuid().to_string());
    let open = |path: &String| LogDir::open(Path::new(path), &cluster_id, config.node_id());
    Ok(paths.iter().map(open).collect::<Result<_, _>>()?)
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

fn bind_all(config: &ServerConfig) -> Result<Vec<Bound>, StartError> {
    let buffers = bind::buffers(config);
    let mut bound = Vec::new();
    for listener in config.listeners() {
        bound.extend(bind::bind(listener, buffers)?);
    }
    Ok(bound)
}

fn start_cleaner(
    config: &Arc<ServerConfig>,
    logs: &Arc<LogManager>,
    replicas: &Arc<ReplicaManager>,
    clock: &SharedClock,
) -> Result<Arc<Cleaner>, StartError> {
    let (given, replicas) = (Arc::clone(config), Arc::clone(replicas));
    let settings = move || {
        let dynamic = log_settings::dynamic_of_broker(replicas.node(), &replicas.metadata());
        if dynamic.is_empty() { RoundSettings::of(&given) } else { RoundSettings::of(&given.with_dynamic(&dynamic)) }
    };
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
