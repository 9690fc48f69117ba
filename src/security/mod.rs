//! The `security` room.
