//! The protocol room from outside: every API and version, well-formed and broken, against kafka_protocol's own codec.
//!
//! Bodies are made from the guard's schema tables (`generate`), which `proto-tests/schema.rs` checks against Apache Kafka's. An
//! allocator that counts shows that a decode takes no more memory than the guard says.

mod abuse;
mod bodies;
mod count_alloc;
mod extra;
mod fetch_response;
mod generate;
mod produce_request;
mod sweep;

#[global_allocator]
static ALLOCATOR: count_alloc::Counting = count_alloc::Counting;
