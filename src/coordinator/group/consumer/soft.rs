//! The words between a consumer group's records: steps that are not appended, and timers.

/// A step that is not appended.
#[derive(Debug, Clone)]
pub enum Soft {}

/// What a consumer group waits for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {}

/// What is waited for with one member.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MemberTimer {}
