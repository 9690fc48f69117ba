//! The `controller` room.
