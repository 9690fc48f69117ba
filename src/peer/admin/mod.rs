//! Administration: one file per operation, each a request to some broker and its answer in this process's own types.
//!
//! What concerns a group or a transactional id goes to its coordinator (`coordinator`): describe_group, group_offsets, commit_offsets,
//! delete_group, describe_transactions. list_groups and list_transactions ask every broker, as each knows only its own.

pub mod abort_transaction;
pub mod alter_configs;
pub mod commit_offsets;
mod coordinator;
pub mod create_partitions;
pub mod create_topics;
pub mod delete_group;
pub mod delete_topics;
pub mod describe_configs;
pub mod describe_group;
pub mod describe_producers;
pub mod describe_transactions;
pub mod group_offsets;
pub mod list_groups;
pub mod list_offsets;
pub mod list_transactions;
pub mod record_timestamp;

/// How long the broker itself may take over a change (ms), as Kafka's admin client asks.
const BROKER_TIMEOUT_MS: i32 = 30_000;

/// Kafka's number for a topic as the subject of a configuration.
const RESOURCE_TOPIC: i8 = 2;
