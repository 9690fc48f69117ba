//! Compaction by the clock: one thread that looks for work every `log.cleaner.backoff.ms`, and as many more as
//! `log.cleaner.threads` allows while there is some. Settings are looked up for every round, so that changes take hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use metrics::gauge;
use parking_lot::{Condvar, Mutex};

use crate::base::clock::SharedClock;
use crate::base::ids::Millis;
use crate::config::server::ServerConfig;
use crate::log::cleaner::log_cleaner::LogCleaner;
use crate::log::cleaner::{CleanStats, CleanerSettings, Pace};

/// The settings of a round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RoundSettings {
    threads: usize,
    backoff: Duration,
    bytes_per_second: f64,
    each: CleanerSettings,
}

impl RoundSettings {
    /// What the broker's configuration, dynamic settings included, says.
    pub fn of(config: &ServerConfig) -> Self {
        let threads = usize::try_from(config.log_cleaner_threads()).unwrap_or(0).max(1);
        let part = |bytes: i64| usize::try_from(bytes).unwrap_or(0) / threads;
        Self {
            threads,
            backoff: Duration::from_millis(u64::try_from(config.log_cleaner_backoff_ms()).unwrap_or(0).max(1)),
            bytes_per_second: config.log_cleaner_io_max_bytes_per_second(),
            each: CleanerSettings {
                map_bytes_max: part(config.log_cleaner_dedupe_buffer_size()),
                map_load_factor: config.log_cleaner_io_buffer_load_factor(),
                // One half to read, one half to write.
                io_bytes: (part(i64::from(config.log_cleaner_io_buffer_size())) / 2).max(1024),
            },
        }
    }
}

/// What was last done, for metrics.
#[derive(Debug, Default)]
struct Last {
    stats: Mutex<CleanStats>,
    took_ms: AtomicU64,
    dead_threads: AtomicU32,
}

struct Shared {
    cleaner: Arc<LogCleaner>,
    clock: SharedClock,
    stopping: AtomicBool,
    /// With `wake`: what a pausing thread waits at.
    paused: Mutex<()>,
    wake: Condvar,
    /// When the next byte may pass (ms), at the rate that all threads share.
    free_at_ms: Mutex<f64>,
    last: Last,
}

impl Shared {
    /// Waits; false if the process ends.
    fn pause(&self, span: Duration) -> bool {
        let mut paused = self.paused.lock();
        if !self.stopping.load(Ordering::Acquire) {
            self.wake.wait_for(&mut paused, span);
        }
        !self.stopping.load(Ordering::Acquire)
    }
}

/// The cleaner at work. Dropping the handle does not stop it; `stop` does.
pub struct Cleaner {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Cleaner {
    /// Starts the thread, if `log.cleaner.enable` allows. `settings` is asked before every round.
    pub fn start(
        cleaner: Arc<LogCleaner>,
        clock: SharedClock,
        enable: bool,
        settings: impl Fn() -> RoundSettings + Send + 'static,
    ) -> std::io::Result<Arc<Self>> {
        let shared = Arc::new(Shared {
            cleaner,
            clock,
            stopping: AtomicBool::new(false),
            paused: Mutex::new(()),
            wake: Condvar::new(),
            free_at_ms: Mutex::new(0.0),
            last: Last::default(),
        });
        let thread = if enable {
            let shared = Arc::clone(&shared);
            Some(std::thread::Builder::new().name("ottla-cleaner".into()).spawn(move || run(&shared, &settings))?)
        } else {
            None
        };
        Ok(Arc::new(Self { shared, thread: Mutex::new(thread) }))
    }

    /// Stops at the next batch and waits for the thread.
    pub fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Release);
        {
            let _paused = self.shared.paused.lock();
            self.shared.wake.notify_all();
        }
        let thread = self.thread.lock().take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the cleaner ended by a panic");
        }
    }

    /// Sets the gauges, under the names of Kafka's beans.
    pub fn gauges(&self) {
        let now = self.shared.clock.wall();
        let seen = self.shared.cleaner.gauges(now);
        for (dir, (count, bytes)) in seen.uncleanable {
            let dir = dir.display().to_string();
            let of = |name: &'static str| gauge!(name, "logDirectory" => dir.clone());
            of("kafka_log_logcleanermanager_uncleanable_partitions_count").set(count as f64);
            of("kafka_log_logcleanermanager_uncleanable_bytes").set(bytes as f64);
        }
        let last = &self.shared.last;
        let stats = *last.stats.lock();
        let percent = |part: f64| (part * 100.0).floor();
        gauge!("kafka_log_logcleanermanager_max_dirty_percent").set(percent(seen.dirtiest));
        gauge!("kafka_log_logcleanermanager_time_since_last_run_ms")
            .set(seen.last_run.map_or(0, |at| now.since(at).0) as f64);
        gauge!("kafka_log_logcleaner_max_buffer_utilization_percent").set(percent(stats.map_utilization));
        gauge!("kafka_log_logcleaner_cleaner_recopy_percent")
            .set(percent(stats.bytes_kept as f64 / stats.bytes_read.max(1) as f64));
        gauge!("kafka_log_logcleaner_max_clean_time_secs").set((last.took_ms.load(Ordering::Relaxed) / 1000) as f64);
        gauge!("kafka_log_logcleaner_max_compaction_delay_secs").set((seen.delay_ms_max.0 / 1000) as f64);
        let ended = self.thread.lock().as_ref().is_some_and(JoinHandle::is_finished);
        let dead = last.dead_threads.load(Ordering::Relaxed) + u32::from(ended);
        gauge!("kafka_log_logcleaner_deadthreadcount").set(f64::from(dead));
    }
}

fn run(shared: &Shared, settings: &dyn Fn() -> RoundSettings) {
    loop {
        let settings = settings();
        round(shared, &settings);
        if !shared.pause(settings.backoff) {
            return;
        }
    }
}

/// Cleans until nothing is due, by as many threads as there is work for.
fn round(shared: &Shared, settings: &RoundSettings) {
    let Some(first) = shared.cleaner.grab(shared.clock.wall()) else { return };
    std::thread::scope(|scope| {
        let mut more = Vec::new();
        for _ in 1..settings.threads {
            let Some(next) = shared.cleaner.grab(shared.clock.wall()) else { break };
            more.push(scope.spawn(move || work(shared, settings, next)));
        }
        work(shared, settings, first);
        for thread in more {
            if thread.join().is_err() {
                shared.last.dead_threads.fetch_add(1, Ordering::Relaxed);
                tracing::error!("a thread of the cleaner ended by a panic");
            }
        }
    });
}

fn work(shared: &Shared, settings: &RoundSettings, first: crate::log::cleaner::cleanable::LogToClean) {
    let mut next = Some(first);
    while let Some(todo) = next {
        let started = shared.clock.monotonic();
        let mut pace = Paced { shared, bytes_per_second: settings.bytes_per_second };
        let done = shared.cleaner.clean(&todo, &settings.each, shared.clock.wall(), &mut pace);
        let took = shared.clock.monotonic().since(started);
        if let Some((end, stats)) = &done {
            shared.last.took_ms.store(u64::try_from(took.0).unwrap_or(0), Ordering::Relaxed);
            *shared.last.stats.lock() = *stats;
            tracing::info!(
                partition = %todo.log.name, from = %todo.first_dirty, to = %end, took_ms = took.0,
                bytes = stats.bytes_read, kept_bytes = stats.bytes_kept,
                records = stats.records_read, kept_records = stats.records_kept,
                "compacted"
            );
            if stats.keyless > 0 {
                tracing::warn!(partition = %todo.log.name, records = stats.keyless, "records without a key were dropped");
            }
        }
        // One that was called off is due still: after the pause.
        next = done.and_then(|_| shared.cleaner.grab(shared.clock.wall()));
    }
}

/// `log.cleaner.io.max.bytes.per.second`, over all threads: each chunk waits for its turn.
struct Paced<'a> {
    shared: &'a Shared,
    bytes_per_second: f64,
}

impl Pace for Paced<'_> {
    fn spend(&mut self, bytes: usize) -> bool {
        if self.shared.stopping.load(Ordering::Acquire) {
            return false;
        }
        let takes_ms = bytes as f64 * 1000.0 / self.bytes_per_second.max(1.0);
        let Millis(now) = self.shared.clock.monotonic();
        let wait_ms = {
            let mut free_at = self.shared.free_at_ms.lock();
            let wait = (*free_at - now as f64).max(0.0);
            *free_at = free_at.max(now as f64) + takes_ms;
            wait
        };
        // Less than a millisecond is made up for by the next chunk.
        wait_ms < 1.0 || self.shared.pause(Duration::from_millis(wait_ms as u64))
    }
}
