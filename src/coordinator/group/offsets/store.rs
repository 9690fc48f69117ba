//! The offsets of one partition of `__consumer_offsets`.

/// All committed offsets.
#[derive(Debug, Default)]
pub struct OffsetStore {}
