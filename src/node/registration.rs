//! How this broker makes itself known to the controller, and stays known.

use std::sync::Arc;
use std::time::Duration;

use crate::base::ids::{BrokerEpoch, Uuid};
use crate::base::random;
use crate::config::listeners::Listener;
use crate::config::server::ServerConfig;
use crate::controller::api_error::ApiError;
use crate::controller::brokers::{BrokerHeartbeat, RegisterBroker};
use crate::controller::quorum_controller::QuorumController;
use crate::metadata::features;
use crate::metadata::record::{BrokerEndpoint, BrokerFeature};
use crate::node::broker::StartError;
use crate::replica::manager::ReplicaManager;
use crate::server::listener::Bound;

/// The listeners with the ports that the operating system gave where port 0 was asked for.
pub fn effective_listeners(config: &ServerConfig, bound: &[Bound]) -> Vec<Listener> {
    let given = |listener: &Listener| {
        let mut listener = listener.clone();
        if let Some(bound) = bound.iter().find(|b| b.name == listener.name()) {
            if listener.bind.port == 0 {
                listener.bind.port = bound.address.port();
            }
            if listener.advertised.port == 0 {
                listener.advertised.port = bound.address.port();
            }
        }
        listener
    };
    config.listeners().iter().map(given).collect()
}

/// Registers this broker and returns the epoch under which it is registered.
pub async fn register(
    controller: &QuorumController,
    config: &ServerConfig,
    cluster_id: &str,
    listeners: &[Listener],
    log_dirs: Vec<Uuid>,
) -> Result<BrokerEpoch, StartError> {
    let endpoint = |l: &Listener| BrokerEndpoint {
        name: l.name().to_owned(),
        host: l.advertised.host.clone(),
        port: l.advertised.port,
        security_protocol: l.protocol.id(),
    };
    let feature = |f: features::SupportedFeature| BrokerFeature { name: f.name.to_owned(), min: f.min, max: f.max };
    let registration = RegisterBroker {
        broker_id: config.node_id(),
        cluster_id: cluster_id.to_owned(),
        incarnation_id: random::uuid(),
        endpoints: listeners.iter().map(endpoint).collect(),
        features: controller.image().features().supported().map(feature).collect(),
        rack: config.rack(),
        log_dirs,
        previous_epoch: BrokerEpoch::NONE,
    };
    let registered = controller.submit(registration).await.map_err(|e| StartError::Controller(e.to_string()))?;
    registered.reply.map_err(|e: ApiError| StartError::Controller(format!("the registration was refused: {e}")))
}

/// Tells the controller that this broker lives and how far it has applied the metadata. True if it is not fenced.
pub async fn heartbeat(controller: &QuorumController, replicas: &ReplicaManager, epoch: BrokerEpoch) -> bool {
    let beat = BrokerHeartbeat {
        broker_id: replicas.node(),
        broker_epoch: epoch,
        metadata_offset: replicas.metadata().offset(),
        want_fence: false,
        want_shut_down: false,
        offline_log_dirs: replicas
            .logs()
            .dirs()
            .filter(|(_, offline)| *offline)
            .map(|(d, _)| d.meta.directory_id)
            .collect(),
    };
    match controller.submit(beat).await {
        Ok(answer) => match answer.reply {
            Ok(reply) => !reply.is_fenced,
            Err(error) => {
                tracing::warn!(%error, "the controller did not accept a heartbeat");
                false
            }
        },
        Err(error) => {
            tracing::warn!(%error, "a heartbeat did not reach the controller");
            false
        }
    }
}

/// Sends heartbeats until the task is dropped.
pub async fn keep_alive(
    controller: QuorumController,
    replicas: Arc<ReplicaManager>,
    epoch: BrokerEpoch,
    every: Duration,
) {
    loop {
        tokio::time::sleep(every).await;
        heartbeat(&controller, &replicas, epoch).await;
    }
}
