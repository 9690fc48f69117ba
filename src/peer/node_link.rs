//! The way to one node of the own cluster, on its controllers' listener: dialled at the first use and again when it is lost.
//!
//! What goes over it are frames between nodes (`protocol/internal.rs`), which say for which cluster they speak, and Kafka's own messages,
//! which mostly do not: before the first of those on a connection, the other side is asked which cluster it belongs to.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::protocol::Request;
use tokio::sync::{Mutex, OnceCell, oneshot};

use super::address::Address;
use super::connection::{Connection, ConnectionOptions};
use super::error::PeerError;
use super::identify;
use crate::base::clock::SharedClock;
use crate::base::limits::INTERNAL_ANSWER_BYTES_MAX;
use crate::protocol::internal::{self, Identity, InternalAnswer, InternalApi};

/// A connection that has owed an answer for so long is given up (ms): the other side may be gone without a word.
const SILENCE_MS_MAX: i64 = 5_000;

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LinkError {
    /// The question was not sent: nothing has happened.
    #[error("{0}")]
    Unreachable(String),
    /// A node of another cluster listens there. Nothing was sent.
    #[error("{0}")]
    OtherCluster(String),
    /// It may have been sent, and may have had its effect.
    #[error("{0}")]
    Lost(String),
}

/// The way to one node. Clones share the connection.
#[derive(Clone)]
pub struct NodeLink {
    shared: Arc<Shared>,
}

struct Shared {
    address: Address,
    identity: Arc<Identity>,
    clock: SharedClock,
    held: Mutex<Option<Held>>,
    /// When the oldest question went out that has no answer yet; 0 if none waits.
    owed_since: AtomicI64,
}

#[derive(Clone)]
struct Held {
    connection: Connection,
    /// Set once the other side has shown to be of this node's cluster.
    of_this_cluster: Arc<OnceCell<()>>,
}

impl NodeLink {
    /// Towards `address`, as `identity`. Nothing is dialled yet.
    pub fn new(address: Address, identity: Arc<Identity>, clock: SharedClock) -> Self {
        let (held, owed_since) = (Mutex::new(None), AtomicI64::new(0));
        Self { shared: Arc::new(Shared { address, identity, clock, held, owed_since }) }
    }

    /// Another way to the same node, over a connection of its own.
    pub fn apart(&self) -> Self {
        let Shared { address, identity, clock, .. } = &*self.shared;
        Self::new(address.clone(), Arc::clone(identity), Arc::clone(clock))
    }

    /// Where it leads.
    pub fn address(&self) -> &Address {
        &self.shared.address
    }

    /// Asks, and waits for the answer for at most `limit`, dialling included.
    pub async fn ask(&self, api: InternalApi, payload: &[u8], limit: Duration) -> Result<InternalAnswer, LinkError> {
        let sent = AtomicBool::new(false);
        let asking = async {
            let held = self.held(limit).await?;
            self.ask_on(&held.connection, api, payload, &sent).await
        };
        self.within(limit, &sent, asking).await
    }

    /// Sends one of Kafka's own messages to a node of this cluster, and waits for the answer for at most `limit`, dialling included.
    pub(super) async fn request<R: Request>(&self, request: &R, limit: Duration) -> Result<R::Response, LinkError> {
        let sent = AtomicBool::new(false);
        let asking = async {
            let held = self.held(limit).await?;
            held.of_this_cluster.get_or_try_init(|| self.check_cluster(&held.connection)).await?;
            let version = held.connection.version::<R>(i16::MAX).map_err(unreachable)?;
            let answer = held.connection.send_unhurried(version, request).await;
            let body = self.answer_to(answer, &sent).await?;
            held.connection.read_answer::<R>(version, body).map_err(|error| LinkError::Lost(error.to_string()))
        };
        self.within(limit, &sent, asking).await
    }

    async fn within<T>(
        &self,
        limit: Duration,
        sent: &AtomicBool,
        asking: impl Future<Output = Result<T, LinkError>>,
    ) -> Result<T, LinkError> {
        match tokio::time::timeout(limit, asking).await {
            Ok(answer) => answer,
            Err(_) => {
                self.give_up_if_stuck().await;
                let late = format!("{}: no answer within {limit:?}", self.shared.address);
                let was_sent = sent.load(Ordering::Relaxed);
                Err(if was_sent { LinkError::Lost(late) } else { LinkError::Unreachable(late) })
            }
        }
    }

    async fn ask_on(
        &self,
        connection: &Connection,
        api: InternalApi,
        payload: &[u8],
        sent: &AtomicBool,
    ) -> Result<InternalAnswer, LinkError> {
        let answer = connection.send_internal(api, &self.shared.identity, payload).await;
        let body = self.answer_to(answer, sent).await?;
        internal::parse_answer(body).map_err(|error| LinkError::Lost(error.to_string()))
    }

    /// Waits for the answer to what was sent, if it was.
    async fn answer_to(
        &self,
        answer: Result<oneshot::Receiver<Bytes>, PeerError>,
        sent: &AtomicBool,
    ) -> Result<Bytes, LinkError> {
        let shared = &self.shared;
        let answer = answer.map_err(unreachable)?;
        sent.store(true, Ordering::Relaxed);
        let now = shared.clock.monotonic().0.max(1);
        let _ = shared.owed_since.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        let body = answer.await;
        let body = body.map_err(|_| LinkError::Lost(format!("{}: the connection was lost", shared.address)))?;
        shared.owed_since.store(0, Ordering::Relaxed);
        Ok(body)
    }

    /// Asks the other side for its cluster. Whatever comes of it, what was to be sent was not sent yet.
    async fn check_cluster(&self, connection: &Connection) -> Result<(), LinkError> {
        let shared = &self.shared;
        let answer = self.ask_on(connection, InternalApi::Identify, &[], &AtomicBool::new(false)).await;
        let answer = answer.map_err(|error| LinkError::Unreachable(error.to_string()))?;
        let theirs = identify::cluster_of(&answer).ok_or_else(|| {
            LinkError::Unreachable(format!("{} does not say which cluster it belongs to", shared.address))
        })?;
        if theirs == shared.identity.cluster_id {
            return Ok(());
        }
        let ours = &shared.identity.cluster_id;
        Err(LinkError::OtherCluster(format!("{} belongs to the cluster {theirs}, this node to {ours}", shared.address)))
    }

    async fn held(&self, limit: Duration) -> Result<Held, LinkError> {
        let mut held = self.shared.held.lock().await;
        if let Some(held) = held.as_ref().filter(|held| !held.connection.is_lost()) {
            return Ok(held.clone());
        }
        *held = None;
        let options = ConnectionOptions {
            client_id: format!("node-{}", self.shared.identity.node_id),
            connect_timeout: limit,
            request_timeout: limit,
            response_bytes_max: INTERNAL_ANSWER_BYTES_MAX,
        };
        let connection = Connection::open(&self.shared.address, &options).await.map_err(unreachable)?;
        self.shared.owed_since.store(0, Ordering::Relaxed);
        Ok(held.insert(Held { connection, of_this_cluster: Arc::default() }).clone())
    }

    async fn give_up_if_stuck(&self) {
        let since = self.shared.owed_since.load(Ordering::Relaxed);
        if since > 0 && self.shared.clock.monotonic().0 - since > SILENCE_MS_MAX {
            *self.shared.held.lock().await = None;
            self.shared.owed_since.store(0, Ordering::Relaxed);
        }
    }
}

fn unreachable(error: PeerError) -> LinkError {
    LinkError::Unreachable(error.to_string())
}
