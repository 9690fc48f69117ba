//! The words between a classic group's records: steps that are not appended, timers, and what parked members are answered.

use crate::machine::runtime::Waiters;

/// A step that is not appended.
#[derive(Debug, Clone)]
pub enum Soft {}

/// An answer to somebody who waits.
#[derive(Debug)]
pub enum Effect {}

impl Effect {
    /// Gives the answer.
    pub fn perform(self, _waiters: &Waiters) {
        match self {}
    }
}

/// What a classic group waits for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {}
