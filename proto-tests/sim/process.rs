//! A process on a machine: a runtime of its own, whose clock stands still but for the machine's turn.
//!
//! So a process can be killed (its runtime is dropped) or paused (it gets no turns), and within one run one thread is at work.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use ottla::base::clock::{Clock, SharedClock};
use ottla::base::ids::Millis;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::LocalSet;
use tokio::time::Instant;

/// What the wall clocks show when a run begins (ms).
const BEGIN_MS: i64 = 1_700_000_000_000;

/// What is asked outside of any turn.
static NOW: AtomicI64 = AtomicI64::new(0);

/// Sets the time of what has no turn.
pub fn set_now(now: i64) {
    NOW.store(now, Ordering::Relaxed);
}

/// A machine's clock: tokio's, which stands still but for the machine's turn.
struct SimClock {
    start: Instant,
    born: i64,
    skew: i64,
}

impl Clock for SimClock {
    fn wall(&self) -> Millis {
        Millis(BEGIN_MS + self.skew + self.monotonic().0)
    }
    fn monotonic(&self) -> Millis {
        match Handle::try_current() {
            Ok(_) => Millis(self.born + self.start.elapsed().as_millis() as i64),
            Err(_) => Millis(NOW.load(Ordering::Relaxed)),
        }
    }
}

/// A process on a machine.
pub struct Process {
    runtime: Runtime,
    pub tasks: LocalSet,
    start: Instant,
    born: i64,
    clock: i64,
    /// Asks it to end in order.
    pub stop: Option<oneshot::Sender<()>>,
}

impl Process {
    pub fn new(now: i64) -> Self {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        let start = {
            let _inside = runtime.enter();
            Instant::now()
        };
        Self { runtime, tasks: LocalSet::new(), start, born: now, clock: now, stop: None }
    }

    pub fn clock(&self, skew: i64) -> SharedClock {
        Arc::new(SimClock { start: self.start, born: self.born, skew })
    }

    /// Lets the process work until `now`.
    pub fn turn(&mut self, now: i64, usual: i64) {
        let until = self.start + Duration::from_millis((now - self.born).unsigned_abs());
        let missed = now - self.clock - usual;
        self.clock = now;
        self.tasks.block_on(&self.runtime, async move {
            if missed > 0 {
                // It was paused: for those on it, the time has jumped.
                tokio::time::advance(Duration::from_millis(missed.unsigned_abs())).await;
            }
            tokio::time::sleep_until(until).await;
        });
    }

    /// Drops everything it did.
    pub fn end(self) {
        let _inside = self.runtime.enter();
        drop(self.tasks);
    }
}
