//! What is known of one connection, shared by its requests.

use std::cell::RefCell;
use std::net::SocketAddr;

/// One client's connection. Lives on one core; never crosses threads.
pub struct ConnectionInfo {
    /// The client's address.
    pub peer: SocketAddr,
    /// The address the client dialled.
    pub local: SocketAddr,
    /// The listener's name, such as `PLAINTEXT`.
    pub listener: String,
    /// Name and version of the client's library, once it has sent them in ApiVersions (KIP-511).
    pub software: RefCell<Option<(String, String)>>,
}
