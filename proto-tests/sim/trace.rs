//! What happened in a run, as one number: two runs of a seed must come to the same.

use std::fmt::Debug;
use std::sync::Arc;

use parking_lot::Mutex;

/// Everything noted so far. Clones note into the same.
#[derive(Clone, Default)]
pub struct Trace {
    state: Arc<Mutex<(u64, u64)>>,
}

impl Trace {
    pub fn note(&self, what: &impl Debug) {
        let text = format!("{what:?}");
        let mut state = self.state.lock();
        let (mut hash, count) = *state;
        for byte in text.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        *state = (hash.rotate_left(7) ^ count, count + 1);
    }

    /// Notes bytes that went from one machine to another.
    pub fn note_bytes(&self, at: (i64, usize, usize), bytes: &[u8]) {
        let sum = bytes
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        self.note(&(at, bytes.len(), sum));
    }

    /// The number, and how many things were noted.
    pub fn sum(&self) -> (u64, u64) {
        *self.state.lock()
    }
}
