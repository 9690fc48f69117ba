//! The `quota` room.
