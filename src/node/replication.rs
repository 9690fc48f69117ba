//! Replication at work: one thread on which fetchers follow other brokers, wishes for in-sync sets go to the controller, and
//! lagging followers are looked for.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::base::ids::{BrokerEpoch, NodeId};
use crate::config::server::ServerConfig;
use crate::node::isr_channel::ControllerIsrChannel;
use crate::peer::address::Address;
use crate::peer::broker_connections::BrokerConnections;
use crate::peer::connection::ConnectionOptions;
use crate::peer::controller_channel::ControllerChannel;
use crate::peer::leader_endpoint::{BrokerEndpoints, FollowerOptions, Surroundings};
use crate::replica::isr_queue;
use crate::replica::manager::ReplicaManager;

/// The thread. It ends when told to, or with the process.
pub struct Replication {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Replication {
    /// Starts it. Whatever the metadata applied so far says to follow begins now.
    pub fn start(
        replicas: Arc<ReplicaManager>,
        controller: ControllerChannel,
        config: &ServerConfig,
        broker_epoch: BrokerEpoch,
    ) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let work = work(replicas, controller, config, broker_epoch, stopped);
        let run = move || runtime.block_on(work);
        let thread = std::thread::Builder::new().name("ottla-replication".into()).spawn(run)?;
        Ok(Self { stop, thread })
    }

    /// Stops following. Blocks until nothing more is appended.
    pub fn stop(self) {
        // The thread may have ended already; then nobody listens.
        let _ = self.stop.send(());
        if self.thread.join().is_err() {
            tracing::error!("the replication thread ended by a panic");
        }
    }
}

/// What the thread does, until it is told to stop.
pub fn work(
    replicas: Arc<ReplicaManager>,
    controller: ControllerChannel,
    config: &ServerConfig,
    broker_epoch: BrokerEpoch,
    stopped: oneshot::Receiver<()>,
) -> impl Future<Output = ()> + use<> {
    let surroundings: Arc<dyn Surroundings> = Arc::new(Metadata {
        replicas: Arc::clone(&replicas),
        listener: config.inter_broker_listener().to_owned(),
        broker_epoch,
    });
    let endpoints = Arc::new(BrokerEndpoints::new(options(config), Arc::clone(&surroundings)));
    let channel = ControllerIsrChannel { node: replicas.node(), surroundings, controller };
    let look_every = Duration::from_millis(u64::try_from(config.replica_lag_time_max_ms() / 2).unwrap_or(1).max(1));
    async move {
        replicas.fetchers().start(Handle::current(), endpoints);
        tokio::select! {
            () = isr_queue::serve(&replicas.home().isr_queue, &channel) => {}
            () = look_for_lag(&replicas, look_every) => {}
            _ = stopped => {}
        }
        replicas.fetchers().shutdown();
    }
}

async fn look_for_lag(replicas: &ReplicaManager, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        replicas.shrink_isr_tick();
    }
}

fn options(config: &ServerConfig) -> FollowerOptions {
    let ms = |ms: i32| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
    FollowerOptions {
        replica: config.node_id(),
        max_wait: ms(config.replica_fetch_wait_max_ms()),
        min_bytes: config.replica_fetch_min_bytes(),
        max_bytes: config.replica_fetch_response_max_bytes(),
        partition_max_bytes: config.replica_fetch_max_bytes(),
        connection: ConnectionOptions {
            request_timeout: ms(config.replica_socket_timeout_ms()),
            ..ConnectionOptions::default()
        },
    }
}

/// Connections to other brokers, for what is asked of them now and then.
pub fn connections(
    replicas: &Arc<ReplicaManager>,
    config: &ServerConfig,
    purpose: &str,
    broker_epoch: BrokerEpoch,
) -> BrokerConnections {
    let listener = config.inter_broker_listener().to_owned();
    let surroundings = Arc::new(Metadata { replicas: Arc::clone(replicas), listener, broker_epoch });
    let request_timeout = Duration::from_millis(u64::try_from(config.request_timeout_ms()).unwrap_or(0));
    let client_id = format!("broker-{}-{purpose}", config.node_id());
    BrokerConnections::new(
        ConnectionOptions { client_id, request_timeout, ..ConnectionOptions::default() },
        surroundings,
    )
}

/// Other brokers, as the applied metadata tells of them.
struct Metadata {
    replicas: Arc<ReplicaManager>,
    listener: String,
    broker_epoch: BrokerEpoch,
}

impl Surroundings for Metadata {
    fn address(&self, broker: NodeId) -> Option<Address> {
        let image = self.replicas.metadata();
        let endpoint = image.brokers().get(broker)?.endpoint(&self.listener)?;
        Some(Address { host: endpoint.host.clone(), port: endpoint.port })
    }

    fn broker_epoch(&self) -> BrokerEpoch {
        self.broker_epoch
    }
}

#[cfg(test)]
#[path = "replication_test.rs"]
mod tests;
