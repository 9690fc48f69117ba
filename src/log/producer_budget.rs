//! How many producers the logs of this process remember together: each takes memory until it has been silent for long, and
//! clients that make a new producer for each connection can bring very many.
//!
//! ```text
//!   0 ........ PRODUCERS_MAX ........ PRODUCERS_HARD_MAX
//!              every second or so, those silent for longest, of whatever log, are forgotten down to seven eighths of this
//!                                     a log makes room among its own before it takes another
//! ```
//!
//! Who is forgotten and comes back is taken at its word once, as after `producer.id.expiration.ms`.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::base::limits::{PRODUCERS_HARD_MAX, PRODUCERS_MAX};

/// What all logs remember.
static REMEMBERED: AtomicUsize = AtomicUsize::new(0);

/// One log's part of it, given back when the log is closed.
#[derive(Debug, Default)]
pub struct Share(usize);

impl Share {
    /// The log remembers this many now.
    pub fn set(&mut self, count: usize) {
        if count > self.0 {
            REMEMBERED.fetch_add(count - self.0, Ordering::Relaxed);
        } else {
            REMEMBERED.fetch_sub(self.0 - count, Ordering::Relaxed);
        }
        self.0 = count;
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// How many all logs remember.
pub fn remembered() -> usize {
    REMEMBERED.load(Ordering::Relaxed)
}

/// True if a log must make room among its own producers before it takes another.
pub fn is_full() -> bool {
    remembered() >= PRODUCERS_HARD_MAX
}

/// How many are to be forgotten now.
pub fn excess() -> usize {
    let remembered = remembered();
    if remembered > PRODUCERS_MAX { remembered - PRODUCERS_MAX / 8 * 7 } else { 0 }
}
