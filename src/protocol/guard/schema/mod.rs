//! What each message holds: one table per request and response, as facts for the guard to walk by.
//!
//! The tables are made by `proto-tests/tools/schema_tables.py` from the message schemas of Apache Kafka 4.3.1 and checked against
//! them by `proto-tests/schema.rs`. `table` holds the words that they are written in.

mod cluster;
mod configs;
mod data;
mod groups;
mod quorum;
mod registry;
mod security;
mod share;
mod share_state;
mod streams;
mod table;
mod topics;
mod transactions;

pub use registry::{request, response};
use table::field;
pub use table::{Field, Message, Struct, Type};
