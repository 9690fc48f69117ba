//! What every handler may use: the controller, the replicas, the metadata they have applied, the clock.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::base::clock::SharedClock;
use crate::base::ids::{Millis, NodeId, Offset};
use crate::config::server::ServerConfig;
use crate::controller::operation::PassedOn;
use crate::controller::quorum_controller::ControllerError;
use crate::coordinator::{group, transaction};
use crate::machine;
use crate::metadata::image::MetadataImage;
use crate::peer::controller_channel::ControllerChannel;
use crate::peer::transaction_partitions::TransactionPartitions;
use crate::quota::connection_quota::ConnectionQuota;
use crate::replica::manager::ReplicaManager;
use crate::server::auto_topics::InTheMaking;
use crate::server::fetch_session::FetchSessions;
use crate::server::log_levels::LogLevels;
use crate::server::marker_writer::MarkerWriter;
use crate::server::producer_ids::ProducerIdPool;

/// How long a request that names no timeout waits for its change.
pub const CHANGE_TIMEOUT: Duration = Duration::from_secs(30);
/// A client's timeout bounds its own waiting, not the time that opening logs takes.
const APPLY_TIMEOUT_MIN: Duration = Duration::from_secs(5);

/// Shared by all connections of all cores.
pub struct Context {
    /// This broker.
    pub node_id: NodeId,
    /// The cluster it belongs to.
    pub cluster_id: String,
    /// The static configuration.
    pub config: Arc<ServerConfig>,
    /// Changes to metadata go through here, whichever node decides them.
    pub controller: ControllerChannel,
    /// The partitions hosted here.
    pub replicas: Arc<ReplicaManager>,
    /// The group coordinator: groups and their offsets, where their partitions are led here.
    pub groups: Arc<group::service::Service>,
    /// Who is connected, and how many may be.
    pub connections: Arc<ConnectionQuota>,
    /// The same on the controllers' listeners.
    pub controller_connections: Arc<ConnectionQuota>,
    /// Incremental fetch sessions (KIP-227).
    pub fetch_sessions: FetchSessions,
    /// Ids for idempotent producers.
    pub producer_ids: Arc<ProducerIdPool>,
    /// The transaction coordinator: transactional ids, where their partitions are led here.
    pub transactions: Arc<transaction::service::Service>,
    /// Questions to transaction coordinators on other brokers.
    pub transaction_partitions: TransactionPartitions,
    /// Ends transactions in partitions that are led here.
    pub markers: Arc<MarkerWriter>,
    /// Topics that are made because clients named them.
    pub in_the_making: InTheMaking,
    /// Levels of the broker's own loggers (`BROKER_LOGGER` resources).
    pub log_levels: LogLevels,
    /// Where the time comes from.
    pub clock: SharedClock,
    /// Turns true when the server stops.
    pub stop: watch::Receiver<bool>,
}

impl Context {
    /// The image that the replicas have applied: what is in it can be produced to and fetched from.
    pub fn metadata(&self) -> Arc<MetadataImage> {
        self.replicas.metadata()
    }

    /// Waits until the replicas have applied the metadata up to `offset`, for at most `timeout`. True if they have.
    pub async fn wait_applied(&self, offset: Offset, timeout: Duration) -> bool {
        self.replicas.wait_applied(offset, timeout).await
    }

    /// Has the controller decide `operation`, and waits until its outcome is applied here, so that the next request of the
    /// same client finds it. An outcome that is not applied within `timeout` is answered all the same: it is committed.
    pub async fn change<O: PassedOn>(&self, operation: O, timeout: Duration) -> Result<O::Answer, ControllerError> {
        let committed = self.controller.submit_within(operation, timeout.max(APPLY_TIMEOUT_MIN)).await?;
        if !self.wait_applied(committed.offset, timeout.max(APPLY_TIMEOUT_MIN)).await {
            tracing::warn!(offset = %committed.offset, "a committed change is not applied yet");
        }
        Ok(committed.reply)
    }

    /// Milliseconds since the Unix epoch.
    pub fn now(&self) -> Millis {
        self.clock.wall()
    }

    /// A receiver that turns true when the server stops.
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.clone()
    }

    /// How long a connection may be silent (`connections.max.idle.ms`); a negative setting means for ever.
    pub fn connection_idle_max(&self) -> Duration {
        let ms = self.config.connections_max_idle_ms();
        Duration::from_millis(u64::try_from(ms).unwrap_or(u64::from(u32::MAX) * 1000))
    }

    /// The largest frame that is read (`socket.request.max.bytes`).
    pub fn frame_bytes_max(&self) -> usize {
        usize::try_from(self.config.socket_request_max_bytes()).unwrap_or(0)
    }
}

/// Runs what may wait for the disk on a thread of the blocking pool.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    machine::blocking::run(work).await
}
