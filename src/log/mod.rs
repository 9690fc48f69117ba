//! Kafka's partition log: segments, indexes, producers, epochs, checkpoints, on disk byte for byte as Kafka has them.
//!
//! The only room that touches files. Knows nothing of who leads, of networks or of requests; has no clock of its own and
//! nothing asynchronous. What blocks says so.

pub mod append;
pub mod append_info;
pub mod background;
pub mod checkpoint;
pub mod cleaner;
pub mod config;
pub mod create;
pub mod dir;
pub mod disk;
pub mod error;
pub mod file_records;
pub mod file_system;
pub mod flusher;
pub mod future;
pub mod health;
pub mod index;
pub mod leader_epoch;
pub mod loader;
pub mod log;
pub mod manager;
pub mod partition_metadata;
pub mod producer_budget;
pub mod producer_entry;
pub mod producer_snapshot;
pub mod producer_state;
pub mod read_info;
pub mod reader;
pub mod recall;
pub mod recovery;
pub mod retention;
pub mod scan;
pub mod segment;
pub mod simulated_disk;
pub mod stray;
pub mod tail_cache;
pub mod timestamps;
pub mod truncate;
pub mod validate;
pub mod verification;

#[cfg(test)]
mod crash_test;
#[cfg(test)]
mod log_test;
#[cfg(test)]
mod model_test;
