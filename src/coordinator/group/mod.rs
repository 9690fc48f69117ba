//! Groups and their offsets: one machine for each partition of `__consumer_offsets`, nothing shared between them.
//!
//! ```text
//!  operation ──> machine (decides on &self) ──> records in Kafka's schemas ──> __consumer_offsets-N
//!                   ▲                                      │
//!                   └────────────── replay ────────────────┘   live, and when the partition is loaded
//! ```
//!
//! A group is of one kind at a time: `classic` (members decide who consumes what) or `consumer` (KIP-848, the coordinator
//! decides); `offsets` belong to a group id of either kind, or of none.

pub mod assignor;
pub mod classic;
pub mod consumer;
pub mod delete_groups;
pub mod list;
pub mod machine;
pub mod offsets;
pub mod on_image;
pub mod progress;
pub mod record;
pub mod record_codec;
pub mod service;
