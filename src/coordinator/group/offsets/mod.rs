//! Committed offsets: commit, fetch, delete, expiry, and those that wait for a transaction's end.

pub mod on_timer;
pub mod replay;
pub mod soft;
pub mod store;
