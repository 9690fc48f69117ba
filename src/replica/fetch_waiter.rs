//! A fetch that waits for bytes, and the list in which a partition keeps those that wait on it.
//!
//! A waiter stands in the list of each partition that its fetch names. An append tells each waiter how many bytes it made
//! visible; the one that brings the sum to the fetch's `min_bytes` wakes it. No timer scans, no purgatory.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// One waiting fetch.
pub struct FetchWaiter {
    missing_bytes: AtomicI64,
    wake: Notify,
}

impl FetchWaiter {
    /// A fetch that lacks `missing_bytes`.
    pub fn new(missing_bytes: i64) -> Arc<Self> {
        Arc::new(Self { missing_bytes: AtomicI64::new(missing_bytes), wake: Notify::new() })
    }

    /// Returns once enough has come, or something happened that ends the wait.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }

    /// `bytes` more can be read.
    fn more(&self, bytes: i64) {
        if self.missing_bytes.fetch_sub(bytes, Ordering::AcqRel) <= bytes {
            self.wake.notify_one();
        }
    }

    /// The wait is over, whatever has come: the partition moved, was deleted, or failed.
    fn end(&self) {
        self.wake.notify_one();
    }
}

/// Those that wait on one partition.
#[derive(Default)]
pub struct FetchWaiters {
    list: Mutex<Vec<Weak<FetchWaiter>>>,
    /// How often there was news.
    news: AtomicU64,
}

impl FetchWaiters {
    /// How often there was news so far. Who asks before he reads, and finds the same number later, would read the same again.
    pub fn news(&self) -> u64 {
        self.news.load(Ordering::Acquire)
    }

    /// Enters a waiter. It leaves by being dropped.
    pub fn enter(&self, waiter: &Arc<FetchWaiter>) {
        let mut list = self.list.lock();
        list.retain(|w| w.strong_count() > 0);
        list.push(Arc::downgrade(waiter));
    }

    /// Tells every waiter that `bytes` more can be read.
    pub fn more(&self, bytes: i64) {
        self.news.fetch_add(1, Ordering::AcqRel);
        let mut list = self.list.lock();
        if list.is_empty() {
            return;
        }
        list.retain(|weak| {
            weak.upgrade().is_some_and(|waiter| {
                waiter.more(bytes);
                true
            })
        });
    }

    /// Ends every wait.
    pub fn end_all(&self) {
        self.news.fetch_add(1, Ordering::AcqRel);
        for waiter in self.list.lock().drain(..).filter_map(|w| w.upgrade()) {
            waiter.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_woken(waiter: &FetchWaiter) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime
            .block_on(async { tokio::time::timeout(std::time::Duration::from_millis(1), waiter.woken()).await.is_ok() })
    }

    #[test]
    fn wakes_when_enough_has_come() {
        let (waiters, waiter) = (FetchWaiters::default(), FetchWaiter::new(10));
        waiters.enter(&waiter);
        waiters.more(4);
        assert!(!is_woken(&waiter));
        waiters.more(6);
        assert!(is_woken(&waiter));
    }

    #[test]
    fn the_end_of_a_partition_wakes_whatever_has_come() {
        let (waiters, waiter) = (FetchWaiters::default(), FetchWaiter::new(10));
        waiters.enter(&waiter);
        waiters.end_all();
        assert!(is_woken(&waiter));
    }

    #[test]
    fn a_dropped_waiter_leaves_the_list() {
        let (waiters, waiter) = (FetchWaiters::default(), FetchWaiter::new(10));
        waiters.enter(&waiter);
        drop(waiter);
        waiters.more(1);
        assert!(waiters.list.lock().is_empty());
    }
}
