//! The words between the offsets' records: steps that are not appended, and timers.

/// A step that is not appended.
#[derive(Debug, Clone)]
pub enum Soft {}

/// What the offsets wait for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Looking for offsets that have expired (`offsets.retention.check.interval.ms`).
    Expire,
}
