//! The `peer` room.
