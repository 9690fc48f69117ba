//! What every node holds, on a real machine as on a simulated one: its replicas, its coordinators, the context of its handlers.
//!
//! All of it runs as tasks of the caller's runtime. Knows no socket, no thread and no core: who carries requests to the handlers,
//! and who does the work of the clock, is its caller's affair.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle};

use crate::base::clock::SharedClock;
use crate::base::ids::Offset;
use crate::config::server::ServerConfig;
use crate::coordinator::group;
use crate::log::flusher::Flusher;
use crate::log::manager::LogManager;
use crate::node::transactions::Transactions;
use crate::node::{connections, coordinators, metadata_loader};
use crate::peer::controller_channel::ControllerChannel;
use crate::quota::connection_quota::ConnectionQuota;
use crate::replica::manager::ReplicaManager;
use crate::server::context::Context;
use crate::server::fetch_session::FetchSessions;
use crate::server::log_levels::LogLevels;

/// What it is put together from.
pub struct Parts {
    /// The static configuration.
    pub config: Arc<ServerConfig>,
    /// The cluster.
    pub cluster_id: String,
    /// This node's way to the controller.
    pub controller: ControllerChannel,
    /// Open logs.
    pub logs: Arc<LogManager>,
    /// Who syncs them.
    pub flusher: Flusher,
    /// The levels of its loggers.
    pub log_levels: LogLevels,
    /// The time.
    pub clock: SharedClock,
}

/// A node's inside at work.
pub struct Assembly {
    /// What handlers use.
    pub ctx: Arc<Context>,
    stop: watch::Sender<bool>,
    coordinators: [JoinHandle<()>; 2],
}

impl Assembly {
    /// Puts it together and begins to follow the metadata. Err: a setting that only shows to be wrong when it is put to use.
    pub fn begin(parts: Parts) -> Result<Self, String> {
        let Parts { config, cluster_id, controller, logs, flusher, log_levels, clock } = parts;
        let limits = connections::limits(&config)?;
        let replicas = ReplicaManager::new(config.node_id(), Arc::clone(&config), logs, flusher, Arc::clone(&clock));
        if !config.roles().broker {
            replicas.begin_from(Offset::NONE);
        }
        tokio::spawn(metadata_loader::follow(controller.subscribe(), Arc::clone(&replicas)));

        let (stop, stopped) = watch::channel(false);
        let groups = group::service::Service::new(Arc::clone(&config), Arc::clone(&clock));
        let hosted =
            coordinators::host(Arc::clone(&groups), Arc::clone(&replicas), Arc::clone(&clock), stopped.clone());
        let of_groups = tokio::spawn(hosted);
        let txn = Transactions::new(&config, &clock, &replicas, &groups, &controller);
        let hosted =
            coordinators::host(Arc::clone(&txn.service), Arc::clone(&replicas), Arc::clone(&clock), stopped.clone());
        let of_transactions = tokio::spawn(hosted);

        // Clients that take every place must not keep the controllers from each other.
        let controller_connections = ConnectionQuota::new(limits.clone());
        let connections = ConnectionQuota::new(limits);
        let counted = vec![Arc::clone(&connections), Arc::clone(&controller_connections)];
        tokio::spawn(connections::follow(Arc::clone(&replicas), counted));
        let slots = usize::try_from(config.max_incremental_fetch_session_cache_slots()).unwrap_or(0);
        let ctx = Context {
            node_id: config.node_id(),
            cluster_id,
            config,
            controller,
            replicas,
            groups,
            connections,
            controller_connections,
            fetch_sessions: FetchSessions::new(slots),
            producer_ids: txn.producer_ids,
            transactions: txn.service,
            transaction_partitions: txn.partitions,
            markers: txn.markers,
            in_the_making: Default::default(),
            log_levels,
            clock,
            stop: stopped,
        };
        Ok(Self { ctx: Arc::new(ctx), stop, coordinators: [of_groups, of_transactions] })
    }

    /// Tells handlers and coordinators that the node stops.
    pub fn stop(&self) {
        // Every receiver may be gone already, if all who serve have ended by themselves.
        let _ = self.stop.send(true);
    }

    /// Returns when the coordinators have told everybody who waits for them.
    pub async fn coordinators_ended(self) -> Result<(), JoinError> {
        let [of_groups, of_transactions] = self.coordinators;
        of_groups.await.and(of_transactions.await)
    }
}
