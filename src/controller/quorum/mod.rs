//! How the controllers agree: openraft over a `Log`, the same kind that holds topic data.
//!
//! ```text
//!  quorum_controller ── Batch ──▶ raft ──▶ log_store ──▶ log::Log  `__cluster_metadata-0`
//!                                  │            └──────▶ quorum-state      vote, last purged (replaced as a whole)
//!                                  └──────▶ state_machine ──▶ MetadataImage, published
//!                                               └──────▶ <end offset>-<epoch>.checkpoint      the image as records
//! ```
//!
//! One Raft entry is one record: its offset is the Raft index, its batch's leader epoch the Raft term. So a broker can follow
//! the metadata log as it follows any partition.
//!
//! This is the only place that knows openraft.

pub mod agree;
pub mod canvass;
pub mod entry;
pub mod leadership;
pub mod log_store;
pub mod membership;
pub mod network;
pub mod observer;
pub mod pulse;
pub mod serve;
pub mod snapshot;
pub mod snapshot_pace;
pub mod start;
pub mod state_file;
pub mod state_machine;
pub mod testimony;
pub mod types;
pub mod voters;
pub mod wire;

#[cfg(test)]
mod members_test;
#[cfg(test)]
mod quorum_test;
