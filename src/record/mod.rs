//! Kafka's record batches (format v2) as bytes: viewed, walked, built, compressed. Never a file, never a topic.

pub mod batch;
pub mod builder;
pub mod compression;
pub mod control;
pub mod iter;
pub mod records;
