//! How much of the broker one client may take.
//!
//! Knows counts and rates; knows nothing of sockets or requests. Byte-rate and request-time quotas are stored in the
//! metadata but not enforced yet; the log says so when one is set.

pub mod connection_quota;
pub mod replication_quota;
