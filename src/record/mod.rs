//! The `record` room.

pub mod records;
