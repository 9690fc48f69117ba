//! Ottla: a Kafka-protocol-compatible partitioned log server.
//!
//! A module imports only from lower floors; rooms on one floor never import each other
//! (`proto-tests/tidy.rs` holds the table and fails the build on a breach).
//!
//! ```text
//!  8  street       cli                                  subcommands: parse, call, print
//!  7  roof         node                                 wiring, lifecycle
//!  6  door         server                               sockets, dispatch, handlers
//!  5  wire out     peer                                 outbound connections
//!  4  domain       replica   coordinator   controller   what the cluster decides
//!  3  mechanism    machine   security      quota        how deciding is done
//!  2  stores       log       metadata      protocol     bytes at rest, facts, bytes in flight
//!  1  bytes, keys  record    config
//!  0  ground       base
//! ```
//!
//! Produce: `server::listener` → `server::connection` → `protocol::frame` → `protocol::header` → `server::dispatch`
//! → `server::handlers::produce` → `replica::append` → `replica::partition` → `log::Log::append_as_leader`
//! → `log::segment` → `log::file_records`; back up as `LogAppendInfo` → the connection's FIFO writer.
//!
//! Fetch: … `server::handlers::fetch` → `replica::read` → `replica::partition` → `log::reader` → `log::segment`
//! → `Records::File(slice)` or `Records::Memory(bytes)` comes up untouched → `protocol::fetch_response`
//! → `server::sendfile`.
#![deny(unsafe_code)]
#![warn(missing_docs)]

pub mod base;
pub mod cli;
pub mod config;
pub mod controller;
pub mod coordinator;
pub mod log;
pub mod machine;
pub mod metadata;
pub mod node;
pub mod peer;
pub mod protocol;
pub mod quota;
pub mod record;
pub mod replica;
pub mod security;
pub mod server;
