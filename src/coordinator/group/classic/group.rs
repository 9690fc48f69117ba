//! The state of a classic group.

/// A classic group.
#[derive(Debug, Default)]
pub struct ClassicGroup {}
