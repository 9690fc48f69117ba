//! What a broker does by the clock: retention, delayed removals, time-based flushes, checkpoints. One thread, of low urgency.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::base::clock::SharedClock;
use crate::base::ids::Millis;
use crate::log::flusher::Flusher;
use crate::log::manager::LogManager;

/// How often each duty is done.
#[derive(Debug, Clone, Copy)]
pub struct Intervals {
    /// `log.retention.check.interval.ms`
    pub retention: Millis,
    /// `log.flush.scheduler.interval.ms`, bounded: also how often `flush.ms` is looked at.
    pub flush: Millis,
    /// `log.flush.offset.checkpoint.interval.ms`
    pub checkpoint: Millis,
    /// `replica.high.watermark.checkpoint.interval.ms`
    pub high_watermarks: Millis,
    /// `producer.id.expiration.check.interval.ms`
    pub producers: Millis,
}

/// The thread at work. Dropping the handle does not stop it; `stop` does.
pub struct Maintenance {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Maintenance {
    /// Starts the thread.
    pub fn start(
        logs: Arc<LogManager>,
        flusher: Flusher,
        clock: SharedClock,
        intervals: Intervals,
    ) -> std::io::Result<Self> {
        let (stop, stopped) = channel();
        let thread = std::thread::Builder::new()
            .name("ottla-maintenance".into())
            .spawn(move || run(&logs, &flusher, &clock, intervals, &stopped))?;
        Ok(Self { stop, thread })
    }

    /// Stops the thread and waits for it.
    pub fn stop(self) {
        // The thread may have ended already; then nobody listens.
        let _ = self.stop.send(());
        if self.thread.join().is_err() {
            tracing::error!("the maintenance thread ended by a panic");
        }
    }
}

fn run(logs: &LogManager, flusher: &Flusher, clock: &SharedClock, every: Intervals, stopped: &Receiver<()>) {
    let mut due = [every.retention, every.flush, every.checkpoint, every.high_watermarks, every.producers]
        .map(|span| clock.monotonic().plus(span));
    loop {
        let now = clock.monotonic();
        let next = due.iter().copied().min().unwrap_or(now);
        let pause = Duration::from_millis(next.since(now).0.max(1) as u64);
        match stopped.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = clock.monotonic();
        if due[0] <= now {
            logs.retention_tick(clock.wall());
            due[0] = now.plus(every.retention);
        }
        if due[1] <= now {
            logs.flush_tick(flusher, clock.wall());
            logs.removal_tick(now);
            logs.producers_excess_tick();
            due[1] = now.plus(every.flush);
        }
        if due[2] <= now {
            logs.checkpoint_tick();
            due[2] = now.plus(every.checkpoint);
        }
        if due[3] <= now {
            logs.high_watermark_tick();
            due[3] = now.plus(every.high_watermarks);
        }
        if due[4] <= now {
            logs.producers_tick(clock.wall());
            due[4] = now.plus(every.producers);
        }
    }
}
