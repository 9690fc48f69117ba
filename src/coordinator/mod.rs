//! The `coordinator` room.
