//! Partition logs on disk: Kafka's segments, indexes, snapshots and checkpoints, byte for byte.
//!
//! Knows nothing of who leads, of consumers' groups or of the network: it is told leader epochs and the high watermark.
//! No clock is read here: whoever calls brings the time. A [`log::Log`] has one writer's lock; readers never take it.
//!
//! ```text
//!  LogManager ── LogDir (meta.properties, .lock, checkpoints)
//!      └─ Log ── Writer (producer state, the active segment)      append, roll, truncate, retention
//!           ├── Segments (published list)                         read, find by time
//!           │     └─ Segment: .log .index .timeindex .txnindex
//!           ├── LeaderEpochCache                                  leader-epoch-checkpoint
//!           └── TailCache                                         the newest batches, in memory
//!  Flusher ── one group fsync over all logs that wait
//! ```

pub mod append_info;
pub mod config;
pub mod dir;
pub mod disk;
pub mod error;
pub mod flusher;
pub mod log;
pub mod manager;
pub mod producer_state;
pub mod read_info;
pub mod tail_cache;
