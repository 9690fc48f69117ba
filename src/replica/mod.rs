//! The partitions hosted here: appending, reading, waiting, and how far each is committed.
//!
//! Knows logs and metadata; knows nothing of sockets, requests or wire types. A partition's offsets, always:
//!
//! ```text
//!   log start ≤ last stable ≤ high watermark ≤ log end
//! ```

pub mod append;
pub mod apply_delta;
pub mod fetch_waiter;
pub mod high_watermark;
pub mod log_settings;
pub mod manager;
pub mod offsets;
pub mod partition;
pub mod read;
pub mod topic_metrics;
