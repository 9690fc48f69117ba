//! The state of share groups, between brokers.

pub mod request;
pub mod response;
