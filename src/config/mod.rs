//! Configuration: one definition for each key, settings read from text, and the values that come of them.
//!
//! Holds every key that Kafka 4.3 knows with type, default, bounds, scope and meaning (`definition` and the tables), the
//! three ways in (`properties`, `yaml`, `env`), and what is made of them: `server` (one process), `topic` (one topic over
//! its broker), `describe` and `alter` (what the configuration APIs show and allow, in domain types).
//!
//! Must never know: files, the environment itself, the network, the clock, the protocol. Texts come in as arguments.
//!
//! ```text
//! file text ─┐
//! env pairs ─┼─> [Setting] ─> ServerConfig::load ─> ServerConfig ─┬─> typed accessors
//! flags ─────┘               (all errors at once)                 ├─> TopicConfig::resolve(topic overrides, dynamic)
//!                                                                 └─> describe::*
//! ```

pub mod alter;
pub mod broker;
mod check;
pub mod client_metrics;
mod client_metrics_keys;
pub mod definition;
pub mod describe;
mod env;
pub mod error;
#[cfg(test)]
mod examples_test;
pub mod group;
mod group_keys;
pub mod listeners;
pub mod logger;
#[cfg(test)]
mod meaning_test;
mod properties;
mod reason;
mod retired;
pub mod server;
pub mod source;
pub mod suggest;
pub mod topic;
mod topic_keys;
mod typed;
pub mod value;
mod yaml;
