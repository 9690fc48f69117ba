//! Outbound connections: this process as a client of brokers, of other clusters' or of its own.
//!
//! ```text
//!  address       host:port, lists of them
//!  connection    one connection: pipelined requests, answers by correlation id    versions   what its broker speaks
//!  client        bootstrap list, metadata cache, who leads what, retries          metadata   the cluster as brokers tell it
//!  admin/        one file per operation: topics, configurations, offsets
//!  produce, producer/   one Produce request; a pipelined, idempotent producer of one topic
//!  fetch, consumer      one Fetch request; a reader of assigned partitions
//!  leader_endpoint      a leader's broker as its followers ask it; follower_session: only news are told
//! ```
//!
//! Towards the other nodes of the own cluster (`protocol/internal.rs`):
//!
//! ```text
//!  node_link            one connection to a node's controller listener, dialled again when it is lost
//!  raft_network         the body of the quorum's edge       probe       whether a process is gone
//!  controller_channel   operations, from any node to whoever leads the quorum
//!  broker_requests/     those that a broker asks for itself, as Kafka's own messages
//!  metadata_follower    the metadata, for a broker that is no voter       identify   which cluster this is, at the first start
//! ```
//!
//! What comes out is in the types of this room and of `base`: wire messages stay here. Knows nothing of what this process stores
//! or serves itself.

pub mod address;
pub mod admin;
pub mod broker_connections;
pub mod broker_requests;
pub mod client;
pub mod connection;
pub mod consumer;
pub mod controller_channel;
pub mod dial;
pub mod error;
pub mod fetch;
mod follower_session;
pub mod identify;
pub mod leader_endpoint;
pub mod leader_hint;
pub mod marker_sender;
pub mod metadata;
pub mod metadata_follower;
pub mod node_link;
pub mod probe;
pub mod produce;
pub mod producer;
pub mod raft_network;
pub mod transaction_partitions;
pub mod versions;
mod wire;
