//! The partitions hosted here: appending, reading, waiting, how far each is committed, and following those that others lead.
//!
//! Knows logs and metadata; knows nothing of sockets, requests or wire types. A partition's offsets, always:
//!
//! ```text
//!   log start ≤ last stable ≤ high watermark ≤ log end
//! ```

pub mod append;
pub mod apply_delta;
pub mod commit_waiters;
pub mod edges;
pub mod fetch_waiter;
pub mod fetcher;
pub mod fetcher_state;
pub mod fetchers;
pub mod follow;
pub mod follower;
pub mod high_watermark;
pub mod home;
pub mod isr;
pub mod isr_queue;
pub mod leading;
pub mod log_moves;
pub mod log_settings;
pub mod manager;
pub mod offsets;
pub mod partition;
pub mod read;
pub mod read_replica;
pub mod settle;
pub mod throttle;
pub mod topic_metrics;
pub mod write_marker;

#[cfg(test)]
mod cluster_test;
#[cfg(test)]
mod model_test;
