//! Administration: one file per operation, each a request to some broker and its answer in this process's own types.
//!
//! What concerns a group goes to its coordinator (`group_coordinator`): describe_group, group_offsets, commit_offsets,
//! delete_group. list_groups asks every broker, as each knows only its own.

pub mod alter_configs;
pub mod commit_offsets;
pub mod create_partitions;
pub mod create_topics;
pub mod delete_group;
pub mod delete_topics;
pub mod describe_configs;
pub mod describe_group;
mod group_coordinator;
pub mod group_offsets;
pub mod list_groups;
pub mod list_offsets;
pub mod record_timestamp;

/// How long the broker itself may take over a change (ms), as Kafka's admin client asks.
const BROKER_TIMEOUT_MS: i32 = 30_000;

/// Kafka's number for a topic as the subject of a configuration.
const RESOURCE_TOPIC: i8 = 2;
