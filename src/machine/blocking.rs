//! Work that may wait for the disk, kept off the event loops.
//!
//! What lies on a simulated disk waits for nothing, and a simulation has one thread: there the work is done at once, after the
//! time that the disk is said to take.

use std::io;
use std::time::Duration;

use crate::log::file_system;

/// Does `work` on a thread of the blocking pool, and waits for it. Err: it broke off.
pub async fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    if let Some(delay) = file_system::simulated_delay() {
        // A task of its own, as a thread would be: who waits may give up, and the work is done all the same.
        let working = tokio::spawn(async move {
            if delay > Duration::ZERO {
                tokio::time::sleep(delay).await;
            }
            work()
        });
        return working.await.map_err(io::Error::other);
    }
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)
}
