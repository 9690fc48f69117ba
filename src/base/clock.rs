//! Time, entered through one trait so that a simulated cluster can run on a fake clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::ids::Millis;

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since the Unix epoch. May jump; used for what records carry and retention reads.
    fn wall(&self) -> Millis;
    /// Milliseconds since some fixed moment. Never goes back; used for every timeout.
    fn monotonic(&self) -> Millis;
}

/// A clock shared by rooms.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's clock.
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    pub fn shared() -> SharedClock {
        Arc::new(Self { started: Instant::now() })
    }
}

impl Clock for SystemClock {
    fn wall(&self) -> Millis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
    fn monotonic(&self) -> Millis {
        Millis(i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock that moves only when told to: for tests and the simulator.
#[derive(Default)]
pub struct ManualClock {
    now_ms: AtomicI64,
}

impl ManualClock {
    /// A clock that stands at `now` on both scales.
    pub fn at(now: Millis) -> Arc<Self> {
        Arc::new(Self { now_ms: AtomicI64::new(now.0) })
    }
    /// Moves both scales on.
    pub fn advance(&self, span: Millis) {
        self.now_ms.fetch_add(span.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> Millis {
        Millis(self.now_ms.load(Ordering::SeqCst))
    }
    fn monotonic(&self) -> Millis {
        self.wall()
    }
}
