//! The words between a classic group's records: steps that are not appended, timers, and what parked members are answered.

/// A step that is not appended.
#[derive(Debug, Clone)]
pub enum Soft {}

/// An answer to somebody who waits.
#[derive(Debug)]
pub enum Effect {}

/// What a classic group waits for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {}
