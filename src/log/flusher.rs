//! Group fsync.
use std::sync::Arc;

use super::error::FlushError;
use super::log::Log;
use crate::base::ids::Offset;

/// Syncs logs to disk, many at a time. A handle: cloning it shares the threads.
#[derive(Clone)]
pub struct Flusher {}

impl Flusher {
    /// Starts the thread.
    pub fn start() -> std::io::Result<Self> {
        todo!()
    }
    /// Calls `done` once everything before `up_to` is on disk, or cannot be.
    pub fn request(&self, _log: Arc<Log>, _up_to: Offset, _done: Box<dyn FnOnce(Result<(), FlushError>) + Send>) {
        todo!()
    }
}
