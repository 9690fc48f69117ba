//! Compaction: of each key only the last record is kept (KIP-58, KIP-98, KIP-354, KIP-534), as Kafka's log cleaner does it.
//!
//! ```text
//!   log start      first dirty           first uncleanable                 log end
//!   | cleaned before | dirty: the map is built | too new, undecided, active |
//!   '-------------- read, filtered, swapped in --'
//! ```
//!
//! A pass builds a map from keys to their last offsets over the dirty section, then copies the segments from the log's start
//! to the map's end, leaving out what the map outdates, and swaps the copies in. Offsets are never changed. Knows no clock:
//! it is told the time, and is slowed down and stopped through [`Pace`].

pub mod checkpoint;
pub mod clean;
pub mod cleanable;
pub mod error;
pub mod filter;
pub mod log_cleaner;
pub mod offset_map;
pub mod reader;
pub mod sink;
pub mod swap;
pub mod transactions;

#[cfg(test)]
mod model_test;
#[cfg(test)]
mod policy_test;
#[cfg(test)]
mod world_test;

/// What one cleaner may use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CleanerSettings {
    /// Memory of the map (bytes): its part of `log.cleaner.dedupe.buffer.size`.
    pub map_bytes_max: usize,
    /// `log.cleaner.io.buffer.load.factor` (0 to 1)
    pub map_load_factor: f64,
    /// Read and written at a time (bytes): its part of `log.cleaner.io.buffer.size`.
    pub io_bytes: usize,
}

/// How fast a pass may go, and whether it may go on.
pub trait Pace {
    /// `bytes` are about to be read or were written: waits as long as the rate asks. False: the pass shall end.
    fn spend(&mut self, bytes: usize) -> bool;
}

/// What a pass did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CleanStats {
    /// Bytes read for the map.
    pub map_bytes_read: u64,
    /// Bytes read to be filtered.
    pub bytes_read: u64,
    /// Bytes that were left of them.
    pub bytes_kept: u64,
    /// Records read to be filtered.
    pub records_read: u64,
    /// Records that were left of them.
    pub records_kept: u64,
    /// Records without a key, which a compacted topic does not keep.
    pub keyless: u64,
    /// How full the map was (0 to 1).
    pub map_utilization: f64,
}
