//! The records of `__consumer_offsets` as bytes, in Kafka's schemas: read in every version, written in those that 4.3.1 writes.
//!
//! ```text
//!  key    type i16 | fields                 types 0 and 1 offset · 2 classic group · 3..8, 16 consumer group
//!  value  version i16 | fields              none is a tombstone
//! ```
//!
//! Records of other types (share and streams groups) are skipped: they stay in the log for whoever knows them.

mod classic;
mod consumer;
mod fields;
mod kinds;
mod offset;
