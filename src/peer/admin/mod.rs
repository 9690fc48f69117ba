//! Administration: one file per operation, each a request to some broker and its answer in this process's own types.

pub mod alter_configs;
pub mod create_partitions;
pub mod create_topics;
pub mod delete_topics;
pub mod describe_configs;
pub mod list_offsets;

/// How long the broker itself may take over a change (ms), as Kafka's admin client asks.
const BROKER_TIMEOUT_MS: i32 = 30_000;

/// Kafka's number for a topic as the subject of a configuration.
const RESOURCE_TOPIC: i8 = 2;
