//! Producers that wait for the high watermark to reach the end of what they appended, in the order of that end.
//!
//! An advance wakes those it satisfies and nobody else. A waiter leaves the list when it is dropped.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::base::ids::Offset;

#[derive(Default)]
struct List {
    next: u64,
    waiting: BTreeMap<(Offset, u64), oneshot::Sender<()>>,
}

/// Those who wait on one partition.
#[derive(Default)]
pub struct CommitWaiters {
    list: Mutex<List>,
}

/// A place in the list.
pub struct CommitWaiter<'a> {
    waiters: &'a CommitWaiters,
    key: (Offset, u64),
    woken: oneshot::Receiver<()>,
}

impl CommitWaiters {
    /// Enters the list: woken once the high watermark reaches `end`, or when all are to look again.
    pub fn enter(&self, end: Offset) -> CommitWaiter<'_> {
        let (wake, woken) = oneshot::channel();
        let mut list = self.list.lock();
        let key = (end, list.next);
        list.next += 1;
        list.waiting.insert(key, wake);
        CommitWaiter { waiters: self, key, woken }
    }

    /// The high watermark has come to `to`.
    pub fn reached(&self, to: Offset) {
        let mut list = self.list.lock();
        if list.waiting.first_key_value().is_none_or(|((end, _), _)| *end > to) {
            return;
        }
        let behind = list.waiting.split_off(&(to.plus(1), 0));
        let reached = std::mem::replace(&mut list.waiting, behind);
        drop(list);
        wake(reached);
    }

    /// Lets everyone look again.
    pub fn wake_all(&self) {
        let all = std::mem::take(&mut self.list.lock().waiting);
        wake(all);
    }
}

fn wake(waiting: BTreeMap<(Offset, u64), oneshot::Sender<()>>) {
    for waiter in waiting.into_values() {
        // Whoever is not there any more need not be told.
        let _ = waiter.send(());
    }
}

impl CommitWaiter<'_> {
    /// Returns when woken.
    pub async fn woken(mut self) {
        // The sender goes only after it has sent.
        let _ = (&mut self.woken).await;
    }
}

impl Drop for CommitWaiter<'_> {
    fn drop(&mut self) {
        self.waiters.list.lock().waiting.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advance_wakes_those_it_satisfies() {
        let waiters = CommitWaiters::default();
        let mut near = waiters.enter(Offset(5));
        let mut far = waiters.enter(Offset(6));
        waiters.reached(Offset(4));
        assert!(near.woken.try_recv().is_err());
        waiters.reached(Offset(5));
        assert!(near.woken.try_recv().is_ok() && far.woken.try_recv().is_err());
        waiters.wake_all();
        assert!(far.woken.try_recv().is_ok());
    }

    #[test]
    fn who_gives_up_leaves_the_list() {
        let waiters = CommitWaiters::default();
        drop(waiters.enter(Offset(5)));
        assert!(waiters.list.lock().waiting.is_empty());
    }
}
