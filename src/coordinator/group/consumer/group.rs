//! The state of a consumer group.

/// A consumer group.
#[derive(Debug, Default)]
pub struct ConsumerGroup {}
