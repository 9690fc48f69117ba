//! Timers are keys with a deadline, not closures: they can be printed, compared, and set again after loading.

use std::collections::{BTreeSet, HashMap};
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

/// All timers of one machine.
#[derive(Debug)]
pub struct Timers<K> {
    due_at: HashMap<K, Millis>,
    by_time: BTreeSet<(Millis, K)>,
}

impl<K> Default for Timers<K> {
    fn default() -> Self {
        Self { due_at: HashMap::new(), by_time: BTreeSet::new() }
    }
}

impl<K: Clone + Ord + Hash> Timers<K> {
    /// Makes the change.
    pub fn change(&mut self, change: TimerChange<K>) {
        let (TimerChange::Set(key, _) | TimerChange::Clear(key)) = &change;
        if let Some(old) = self.due_at.remove(key) {
            self.by_time.remove(&(old, key.clone()));
        }
        if let TimerChange::Set(key, at) = change {
            self.due_at.insert(key.clone(), at);
            self.by_time.insert((at, key));
        }
    }

    /// The earliest deadline.
    pub fn next(&self) -> Option<Millis> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Moves every deadline by `span`.
    pub fn shift(&mut self, span: Millis) {
        for at in self.due_at.values_mut() {
            *at = at.plus(span);
        }
        self.by_time = std::mem::take(&mut self.by_time).into_iter().map(|(at, key)| (at.plus(span), key)).collect();
    }

    /// Takes out one timer that is due, the earliest first.
    pub fn pop_due(&mut self, now: Millis) -> Option<K> {
        if self.next()? > now {
            return None;
        }
        let (_, key) = self.by_time.pop_first()?;
        self.due_at.remove(&key);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
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
}
