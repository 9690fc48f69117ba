//! A producer of one topic: records in, batches out, each partition's in order.
//!
//! ```text
//!  records ──► partitioner ──► accumulator ──► whole batches ──► driver ──► lane of partition 0 ──► its leader
//!              (which one)     (a batch each)                          └──► lane of partition 1 ──► ...
//! ```
//!
//! Partitioner and accumulator are plain code and may run on a thread of their own (packing a batch is work); lanes are tasks.

pub mod accumulator;
pub mod driver;
mod lane;
pub mod partitioner;
