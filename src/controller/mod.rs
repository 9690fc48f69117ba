//! The controller: decides everything that all nodes must agree on, and has it agreed on.
//!
//! ```text
//!  handlers ── Operation ──▶ quorum_controller ── decide(&image, operation) ──▶ Decision { records, reply }
//!                                   │ one Raft entry for the records of many operations
//!                                   ▼
//!                               quorum/ (openraft over a log::Log) ── committed ──▶ MetadataImage, published
//!                                   │
//!  handlers ◀──────── Reply ────────┘ once committed and applied
//! ```
//!
//! Deciders are pure: an image, a context and an operation in, records and a reply out; one file for each subject. Nothing
//! here knows the wire, sockets or other rooms of this floor; openraft is known to `quorum` only.

pub mod alter_partition;
pub mod api_error;
mod balance;
pub mod brokers;
mod builder;
pub mod configs;
pub mod context;
pub mod create_partitions;
pub mod create_topics;
pub mod decide;
mod decider;
pub mod delete_topics;
pub mod directories;
pub mod election;
pub mod features;
pub mod operation;
pub mod partition_change;
pub mod placement;
pub mod probe;
pub mod producer_ids;
pub mod quorum;
pub mod quorum_controller;
pub mod quotas;
pub mod reassignment;
mod registration;
pub mod scram;
pub mod sessions;

use crate::metadata::record::MetadataRecord;

/// What an operation comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision<T> {
    /// What is to be agreed on; nothing for a refusal or a question.
    pub records: Vec<MetadataRecord>,
    /// What is answered once it is.
    pub reply: T,
}

impl<T> Decision<T> {
    /// Records and a reply.
    pub fn new(records: Vec<MetadataRecord>, reply: T) -> Self {
        Self { records, reply }
    }
    /// A reply that changes nothing.
    pub fn refused(reply: T) -> Self {
        Self { records: Vec::new(), reply }
    }
    /// The same records, the reply turned into another.
    pub fn map<U>(self, turn: impl FnOnce(T) -> U) -> Decision<U> {
        Decision { records: self.records, reply: turn(self.reply) }
    }
}
