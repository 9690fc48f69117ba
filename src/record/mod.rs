//! The `record` room.
