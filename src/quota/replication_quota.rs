//! A rate for the bytes of throttled replicas (KIP-73): a bucket that fills at the rate, up to what one second brings, and may be
//! overdrawn once. Whoever finds it empty waits.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::base::ids::Millis;

/// No rate is set.
const UNBOUNDED: i64 = i64::MAX;
/// The shortest span over which a rate is shown (ms).
const SHOWN_SPAN_MS: i64 = 1_000;

struct Bucket {
    left: f64,
    at: Millis,
}

/// One rate of one broker, towards all others together.
pub struct ReplicationQuota {
    rate: AtomicI64,
    bucket: Mutex<Bucket>,
    /// All bytes that counted, ever.
    counted: AtomicU64,
    shown: Mutex<Shown>,
}

/// The rate as it was last looked at.
#[derive(Default)]
struct Shown {
    counted: u64,
    at: Millis,
    rate: f64,
}

impl Default for ReplicationQuota {
    fn default() -> Self {
        let bucket = Mutex::new(Bucket { left: 0.0, at: Millis(0) });
        Self { rate: AtomicI64::new(UNBOUNDED), bucket, counted: AtomicU64::new(0), shown: Mutex::default() }
    }
}

impl ReplicationQuota {
    /// Sets the rate (bytes per second); none is no bound.
    pub fn set_rate(&self, rate: Option<i64>) {
        self.rate.store(rate.unwrap_or(UNBOUNDED).max(0), Ordering::Relaxed);
    }

    /// True while a rate is set.
    pub fn is_limited(&self) -> bool {
        self.rate.load(Ordering::Relaxed) != UNBOUNDED
    }

    /// True if nothing more may be sent at `now` (monotonic).
    pub fn is_exceeded(&self, now: Millis) -> bool {
        self.is_limited() && self.refilled(now, 0) <= 0.0
    }

    /// Takes note of bytes.
    pub fn record(&self, bytes: usize, now: Millis) {
        self.counted.fetch_add(bytes as u64, Ordering::Relaxed);
        if self.is_limited() {
            self.refilled(now, bytes);
        }
    }

    /// Bytes per second since somebody looked, for a gauge.
    pub fn byte_rate(&self, now: Millis) -> f64 {
        let counted = self.counted.load(Ordering::Relaxed);
        let mut shown = self.shown.lock();
        let span = now.since(shown.at).0;
        if span >= SHOWN_SPAN_MS {
            let rate = (counted - shown.counted) as f64 * 1000.0 / span as f64;
            *shown = Shown { counted, at: now, rate };
        }
        shown.rate
    }

    fn refilled(&self, now: Millis, taken: usize) -> f64 {
        let rate = self.rate.load(Ordering::Relaxed) as f64;
        let mut bucket = self.bucket.lock();
        let gained = rate * now.since(bucket.at).0.max(0) as f64 / 1000.0;
        bucket.left = (bucket.left + gained).min(rate) - taken as f64;
        bucket.at = bucket.at.max(now);
        bucket.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_any_span_the_rate_holds_but_for_one_burst() {
        let quota = ReplicationQuota::default();
        assert!(!quota.is_exceeded(Millis(1)), "no rate is set");
        quota.set_rate(Some(1_000));
        let (mut sent, mut now) = (0, Millis(10_000));
        while now < Millis(20_000) {
            if !quota.is_exceeded(now) {
                quota.record(700, now);
                sent += 700;
            }
            now = now.plus(Millis(10));
        }
        assert!((10_000..=11_700).contains(&sent), "ten seconds, one second's burst, one overdraft: {sent}");
        assert_eq!(quota.byte_rate(now), sent as f64 / 20.0, "from the beginning of time to 20 s");
        quota.set_rate(Some(0));
        assert!(quota.is_exceeded(now.plus(Millis(60_000))), "a rate of nothing lets nothing through");
        quota.set_rate(None);
        assert!(!quota.is_exceeded(now));
    }
}
