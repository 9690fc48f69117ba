//! Timers are keys with a deadline, not closures: they can be printed, compared, and set again after loading.
//!
//! Most are put off again and again (a session's, with each heartbeat) and never come due. So a key that is put off stays where
//! it is in the queue and is moved once it has come to the front; keys with the same deadline are put in order when it comes.
//!
//! ```text
//!  due_at   key ─> deadline, place in the queue (no later than the deadline)
//!  queue    place ─> keys                       (one counts if that is its place still)
//! ```

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use crate::base::ids::Millis;

/// A change to the timers of a machine whose keys are `K`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimerChange<K> {
    /// Due at this moment; takes the place of the key's earlier deadline.
    Set(K, Millis),
    /// Not due any more.
    Clear(K),
}

/// Entries of the queue that need not count before it is made anew.
const STALE_MIN: usize = 64;

/// All timers of one machine.
#[derive(Debug)]
pub struct Timers<K> {
    due_at: HashMap<K, Place>,
    queue: BTreeMap<Millis, Vec<K>>,
    /// How many entries of the queue do not count.
    stale: usize,
    /// The keys of the queue's first place are in order, the first of them last.
    is_sorted: bool,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    due: Millis,
    queued: Millis,
}

impl<K> Default for Timers<K> {
    fn default() -> Self {
        Self { due_at: HashMap::new(), queue: BTreeMap::new(), stale: 0, is_sorted: false }
    }
}

impl<K: Clone + Ord + Hash> Timers<K> {
    /// Makes the change.
    pub fn change(&mut self, change: TimerChange<K>) {
        let before = match change {
            TimerChange::Set(key, due) => match self.due_at.get_mut(&key) {
                Some(place) => {
                    let before = place.queued;
                    place.due = due;
                    if due < before {
                        place.queued = due;
                        self.stale += 1;
                        self.enqueue(due, key);
                    }
                    Some(before)
                }
                None => {
                    self.due_at.insert(key.clone(), Place { due, queued: due });
                    self.enqueue(due, key);
                    None
                }
            },
            TimerChange::Clear(key) => {
                let before = self.due_at.remove(&key).map(|place| place.queued);
                self.stale += usize::from(before.is_some());
                before
            }
        };
        if self.stale > STALE_MIN.max(self.due_at.len()) {
            self.shift(Millis(0));
        } else if before.is_some() && before == self.next() {
            self.tidy_front();
        }
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Millis> {
        self.queue.first_key_value().map(|(at, _)| *at)
    }

    /// Moves every deadline by `span`.
    pub fn shift(&mut self, span: Millis) {
        (self.stale, self.is_sorted) = (0, false);
        self.queue.clear();
        for (key, place) in &mut self.due_at {
            let due = place.due.plus(span);
            *place = Place { due, queued: due };
            self.queue.entry(due).or_default().push(key.clone());
        }
    }

    /// Takes out one timer that is due, the earliest first; of those due together, the one whose key is first.
    pub fn pop_due(&mut self, now: Millis) -> Option<K> {
        if self.next()? > now {
            return None;
        }
        if !self.is_sorted {
            self.queue.first_entry()?.get_mut().sort_unstable_by(|a, b| b.cmp(a));
            self.is_sorted = true;
            self.tidy_front();
        }
        let key = self.queue.first_entry()?.get_mut().pop()?;
        self.due_at.remove(&key);
        self.tidy_front();
        Some(key)
    }

    fn enqueue(&mut self, at: Millis, key: K) {
        self.is_sorted &= self.next().is_some_and(|first| first < at);
        self.queue.entry(at).or_default().push(key);
    }

    /// Puts off, from the queue's front, what was put off, and leaves out what does not count, until what comes first is due then.
    fn tidy_front(&mut self) {
        while let Some(mut first) = self.queue.first_entry() {
            let at = *first.key();
            let Some(key) = first.get().last() else {
                first.remove();
                self.is_sorted = false;
                continue;
            };
            match self.due_at.get_mut(key) {
                Some(place) if place.queued == at && place.due == at => return,
                Some(place) if place.queued == at => {
                    place.queued = place.due;
                    let due = place.due;
                    let key = first.get_mut().pop();
                    self.queue.entry(due).or_default().extend(key);
                }
                _ => {
                    first.get_mut().pop();
                    self.stale = self.stale.saturating_sub(1);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_timer_set_again_is_due_once_and_later() {
        let key = |name: &'static str| name;
        let mut timers = Timers::default();
        timers.change(TimerChange::Set(key("a"), Millis(10)));
        timers.change(TimerChange::Set(key("b"), Millis(20)));
        timers.change(TimerChange::Set(key("c"), Millis(5)));
        timers.change(TimerChange::Set(key("a"), Millis(30)));
        timers.change(TimerChange::Clear(key("c")));
        assert_eq!(timers.next(), Some(Millis(20)));
        assert_eq!(timers.pop_due(Millis(25)), Some(key("b")));
        assert_eq!(timers.pop_due(Millis(25)), None);
        assert_eq!(timers.pop_due(Millis(30)), Some(key("a")));
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn what_is_put_off_for_ever_takes_one_place() {
        let mut timers = Timers::default();
        for now in 0..10_000 {
            timers.change(TimerChange::Set("a", Millis(now + 10)));
            timers.change(TimerChange::Set("b", Millis(20_000 - now)));
            timers.change(TimerChange::Set("c", Millis(5)));
            timers.change(TimerChange::Clear("c"));
        }
        assert!(timers.queue.values().map(Vec::len).sum::<usize>() <= 2 + STALE_MIN);
    }

    proptest! {
        #[test]
        fn timers_are_as_a_sorted_list_would_have_them(steps in prop::collection::vec((0u8..6, 0u8..8, 0i64..12), 1..400)) {
            let (mut timers, mut model) = (Timers::default(), BTreeMap::new());
            for (step, key, at) in steps {
                match step {
                    0..=2 => {
                        timers.change(TimerChange::Set(key, Millis(at)));
                        model.insert(key, at);
                    }
                    3 => {
                        timers.change(TimerChange::Clear(key));
                        model.remove(&key);
                    }
                    4 => {
                        timers.shift(Millis(at - 5));
                        model.values_mut().for_each(|due| *due += at - 5);
                    }
                    _ => {
                        let first = model.iter().map(|(key, due)| (*due, *key)).min().filter(|(due, _)| *due <= at);
                        prop_assert_eq!(timers.pop_due(Millis(at)), first.map(|(_, key)| key));
                        if let Some((_, key)) = first {
                            model.remove(&key);
                        }
                    }
                }
                prop_assert_eq!(timers.next(), model.values().min().map(|due| Millis(*due)));
            }
        }
    }
}
