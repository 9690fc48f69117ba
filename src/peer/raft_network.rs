//! The body of the quorum's edge: Raft's questions over connections between controllers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::address::Address;
use super::node_link::{LinkError, NodeLink};
use crate::base::clock::SharedClock;
use crate::base::error_code::ErrorCode;
use crate::base::ids::NodeId;
use crate::controller::quorum::network::{RaftAnswer, RaftAnswering, RaftCall, RaftTransport, RaftTransportError};
use crate::protocol::internal::{Identity, InternalApi};

/// Connections to the other voters.
pub struct RaftNetwork {
    identity: Arc<Identity>,
    clock: SharedClock,
    /// Where the configuration says that voters are; it wins over what the quorum's membership says, so that a voter can move.
    configured: BTreeMap<NodeId, Address>,
    /// A snapshot has a connection of its own: heartbeats must not wait behind it.
    links: Mutex<BTreeMap<(NodeId, bool), (String, NodeLink)>>,
}

impl RaftNetwork {
    /// As `identity`, to voters at their configured addresses.
    pub fn new(identity: Arc<Identity>, configured: BTreeMap<NodeId, Address>, clock: SharedClock) -> Self {
        Self { identity, clock, configured, links: Mutex::default() }
    }

    fn link(&self, to: NodeId, address: &str, call: RaftCall) -> Result<NodeLink, RaftTransportError> {
        let key = (to, call == RaftCall::Snapshot);
        let mut links = self.links.lock();
        if let Some((_, link)) = links.get(&key).filter(|(known, _)| known == address) {
            return Ok(link.clone());
        }
        let at = match self.configured.get(&to) {
            Some(address) => address.clone(),
            None => Address::parse(address).map_err(|error| RaftTransportError::Unreachable(error.to_string()))?,
        };
        let link = NodeLink::new(at, Arc::clone(&self.identity), Arc::clone(&self.clock));
        links.insert(key, (address.to_owned(), link.clone()));
        Ok(link)
    }
}

impl RaftTransport for RaftNetwork {
    fn ask<'a>(
        &'a self,
        to: NodeId,
        address: &'a str,
        call: RaftCall,
        payload: Vec<u8>,
        limit: Duration,
    ) -> RaftAnswering<'a> {
        Box::pin(async move {
            let api = match call {
                RaftCall::Append => InternalApi::RaftAppend,
                RaftCall::PreVote => InternalApi::RaftPreVote,
                RaftCall::Vote => InternalApi::RaftVote,
                RaftCall::Snapshot => InternalApi::RaftSnapshot,
            };
            let asked = self.link(to, address, call)?.ask(api, &payload, limit).await;
            let answer = asked.map_err(|error| match error {
                LinkError::Unreachable(why) | LinkError::OtherCluster(why) => RaftTransportError::Unreachable(why),
                LinkError::Lost(why) => RaftTransportError::Lost(why),
            })?;
            if answer.node_id != to {
                let why = format!("node {} answers where node {to} should be", answer.node_id);
                return Err(RaftTransportError::Unreachable(why));
            }
            match answer.error {
                ErrorCode::None => Ok(RaftAnswer { directory_id: answer.directory_id, payload: answer.payload }),
                error => Err(RaftTransportError::Unreachable(format!("node {to} refuses {}: {error}", api.name()))),
            }
        })
    }
}
