//! What is known of one connection, shared by its requests.

use std::cell::RefCell;
use std::net::SocketAddr;

use crate::base::ids::NodeId;
use crate::protocol::api::ListenerKind;

/// One client's connection. Lives on one core; never crosses threads.
pub struct ConnectionInfo {
    /// The client's address.
    pub peer: SocketAddr,
    /// The address the client dialled.
    pub local: SocketAddr,
    /// The listener's name, such as `PLAINTEXT`.
    pub listener: String,
    /// For whom the listener is.
    pub kind: ListenerKind,
    /// Name and version of the client's library, once it has sent them in ApiVersions (KIP-511).
    pub software: RefCell<Option<(String, String)>>,
    /// The node at the other end, once it has shown itself to be one: its end is noticed when the connection ends.
    pub node: RefCell<Option<ConnectedNode>>,
}

/// A node of this cluster at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectedNode {
    /// A broker that registered or sent a heartbeat.
    Broker(NodeId),
    /// A voter that spoke as the quorum's leader.
    Leader(NodeId),
}
