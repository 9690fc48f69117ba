//! Streams groups (KIP-1071).

pub mod request;
pub mod response;
