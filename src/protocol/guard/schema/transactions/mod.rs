//! Transactions and producer ids.

pub mod request;
pub mod response;
