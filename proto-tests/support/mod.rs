//! What the process tests share: servers to start and kill, client programs to drive, the wire spoken from schemas.
//!
//! Every test binary includes the whole of it and uses a part.
#![allow(dead_code)]

pub mod broker;
pub mod client;
pub mod cluster;
pub mod kafka;
pub mod member;
pub mod metrics;
pub mod paths;
pub mod process;
pub mod proxy;
pub mod reader;
pub mod record;
pub mod schema;
pub mod tampered;
pub mod tools;
pub mod wire;
