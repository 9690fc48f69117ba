//! The `machine` room.
