//! Connections to other brokers, one each, shared by all who have something to ask them now and then.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::connection::{Connection, ConnectionOptions};
use super::error::PeerError;
use super::leader_endpoint::Surroundings;
use crate::base::ids::NodeId;

/// The connections that are open. Never more than there are brokers in the cluster.
pub struct BrokerConnections {
    options: ConnectionOptions,
    surroundings: Arc<dyn Surroundings>,
    open: Mutex<HashMap<NodeId, Connection>>,
}

impl BrokerConnections {
    /// None is open yet.
    pub fn new(options: ConnectionOptions, surroundings: Arc<dyn Surroundings>) -> Self {
        Self { options, surroundings, open: Mutex::default() }
    }

    /// A connection to the broker, where it is reached now.
    pub async fn to(&self, broker: NodeId) -> Result<Connection, PeerError> {
        let address = self.surroundings.address(broker).ok_or(PeerError::UnknownBroker(broker))?;
        let is_usable = |c: &&Connection| !c.is_lost() && *c.address() == address;
        if let Some(open) = self.open.lock().await.get(&broker).filter(is_usable) {
            return Ok(open.clone());
        }
        // Not under the lock: a broker that does not answer keeps nobody from another one.
        let opened = Connection::open(&address, &self.options).await?;
        self.open.lock().await.insert(broker, opened.clone());
        Ok(opened)
    }
}
