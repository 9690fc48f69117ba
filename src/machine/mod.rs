//! How deciding is done: pure machines that answer an operation with records and a reply, and change only by replaying.
//!
//! Never knows what is decided, nor a clock, a socket or a file. The controller and the coordinators stand on it.
//!
//! ```text
//!  operation ──> decide(&machine) ──> Outcome { records, reply, timers, after_commit }
//!                                        │ append to the log; nothing happened if that fails
//!                                        ├─> replay(&mut machine, record)   the only change of state
//!                                        └─> reply and effects go out once the log is committed so far
//! ```

pub mod blocking;
pub mod codec;
pub mod coordinator;
pub mod loader;
pub mod log;
pub mod machine;
pub mod memory;
pub mod outcome;
pub mod runtime;
pub mod shard;
pub mod shards;
pub mod timer;
pub mod transcript;
