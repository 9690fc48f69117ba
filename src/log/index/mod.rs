//! The three indexes of a segment. Each is a file of fixed-size entries in ascending order; each can be rebuilt from the log.

pub mod entries;
pub mod mmap;
pub mod offset_index;
pub mod time_index;
pub mod transaction_index;
