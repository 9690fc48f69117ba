//! What happened in a run, as one number: two runs of a seed must come to the same.

use std::fmt::{Debug, Write};
use std::sync::Arc;

use parking_lot::Mutex;
use twox_hash::XxHash3_64;

#[derive(Default)]
struct State {
    hash: u64,
    count: u64,
    /// Reused: much is noted.
    text: String,
}

/// Everything noted so far. Clones note into the same.
#[derive(Clone, Default)]
pub struct Trace {
    state: Arc<Mutex<State>>,
}

impl Trace {
    pub fn note(&self, what: &impl Debug) {
        let state = &mut *self.state.lock();
        state.text.clear();
        // To a string: that cannot fail.
        let _ = write!(state.text, "{what:?}");
        let sum = XxHash3_64::oneshot(state.text.as_bytes());
        state.add(sum);
    }

    /// Notes bytes that went from one machine to another.
    pub fn note_bytes(&self, (now, from, to): (i64, usize, usize), bytes: &[u8]) {
        let state = &mut *self.state.lock();
        for number in [now as u64, from as u64, to as u64, bytes.len() as u64, XxHash3_64::oneshot(bytes)] {
            state.add(number);
        }
    }

    /// The number, and how many things were noted.
    pub fn sum(&self) -> (u64, u64) {
        let state = self.state.lock();
        (state.hash, state.count)
    }
}

impl State {
    fn add(&mut self, number: u64) {
        self.hash = (self.hash ^ number).wrapping_mul(0x0100_0000_01b3).rotate_left(7) ^ self.count;
        self.count += 1;
    }
}
