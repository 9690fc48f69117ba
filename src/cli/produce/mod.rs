//! `ottla produce`.
//!
//! ```text
//!  thread: file or standard input ──► lines ──► records ──► batches, packed ──┐ bounded channel
//!  this thread:                                   requests to the leaders ◄───┘
//! ```

mod args;
mod lines;
mod records;
mod run;
mod source;
mod totals;

pub(super) use args::{HELP, ProduceArgs};
pub(super) use run::run;
