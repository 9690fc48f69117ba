//! The way to one node of the own cluster, on its controllers' listener: dialled at the first use and again when it is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use super::address::Address;
use super::connection::{Connection, ConnectionOptions};
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
    connection: Mutex<Option<Connection>>,
    /// When the oldest question went out that has no answer yet; 0 if none waits.
    owed_since: AtomicI64,
}

impl NodeLink {
    /// Towards `address`, as `identity`. Nothing is dialled yet.
    pub fn new(address: Address, identity: Arc<Identity>, clock: SharedClock) -> Self {
        let (connection, owed_since) = (Mutex::new(None), AtomicI64::new(0));
        Self { shared: Arc::new(Shared { address, identity, clock, connection, owed_since }) }
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
        match tokio::time::timeout(limit, self.ask_patiently(api, payload, limit, &sent)).await {
            Ok(answer) => answer,
            Err(_) => {
                self.give_up_if_stuck().await;
                let late = format!("{}: no answer within {limit:?}", self.shared.address);
                let was_sent = sent.load(Ordering::Relaxed);
                Err(if was_sent { LinkError::Lost(late) } else { LinkError::Unreachable(late) })
            }
        }
    }

    async fn ask_patiently(
        &self,
        api: InternalApi,
        payload: &[u8],
        limit: Duration,
        sent: &AtomicBool,
    ) -> Result<InternalAnswer, LinkError> {
        let shared = &self.shared;
        let connection = self.connection(limit).await?;
        let answer = connection.send_internal(api, &shared.identity, payload).await;
        let answer = answer.map_err(|error| LinkError::Unreachable(error.to_string()))?;
        sent.store(true, Ordering::Relaxed);
        let now = shared.clock.monotonic().0.max(1);
        let _ = shared.owed_since.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        let lost = || LinkError::Lost(format!("{}: the connection was lost", shared.address));
        let body = answer.await.map_err(|_| lost())?;
        shared.owed_since.store(0, Ordering::Relaxed);
        internal::parse_answer(body).map_err(|error| LinkError::Lost(error.to_string()))
    }

    async fn connection(&self, limit: Duration) -> Result<Connection, LinkError> {
        let mut held = self.shared.connection.lock().await;
        if let Some(connection) = held.as_ref().filter(|connection| !connection.is_lost()) {
            return Ok(connection.clone());
        }
        *held = None;
        let options = ConnectionOptions {
            client_id: format!("node-{}", self.shared.identity.node_id),
            connect_timeout: limit,
            request_timeout: limit,
            response_bytes_max: INTERNAL_ANSWER_BYTES_MAX,
        };
        let opened = Connection::open(&self.shared.address, &options).await;
        let opened = opened.map_err(|error| LinkError::Unreachable(error.to_string()))?;
        self.shared.owed_since.store(0, Ordering::Relaxed);
        *held = Some(opened.clone());
        Ok(opened)
    }

    async fn give_up_if_stuck(&self) {
        let since = self.shared.owed_since.load(Ordering::Relaxed);
        if since > 0 && self.shared.clock.monotonic().0 - since > SILENCE_MS_MAX {
            *self.shared.connection.lock().await = None;
            self.shared.owed_since.store(0, Ordering::Relaxed);
        }
    }
}
