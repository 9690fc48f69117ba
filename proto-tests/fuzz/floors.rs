//! The floors of the server that the targets look at, compiled by themselves: bytes, batches, logs and the protocol, without
//! everything above them and what that depends on. A build with coverage takes a minute instead of many.
//!
//! The library bears the server's name, so that a target reads like any user of it.
#![deny(unsafe_code)]

#[path = "../../src/base/mod.rs"]
pub mod base;
#[path = "../../src/log/mod.rs"]
pub mod log;
#[path = "../../src/protocol/mod.rs"]
pub mod protocol;
#[path = "../../src/record/mod.rs"]
pub mod record;
