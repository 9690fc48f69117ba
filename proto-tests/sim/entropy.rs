//! Everything random in a run comes from its seed: what the simulator draws, and what the libraries ask the system for.
//!
//! The hash maps' keys, tokio's `select!`, producer and topic ids all begin with `getrandom`, which is answered here.

use std::sync::atomic::{AtomicU64, Ordering};

static SYSTEM: AtomicU64 = AtomicU64::new(1);

/// Sets what the system's generator gives from now on.
pub fn seed_system(seed: u64) {
    SYSTEM.store(seed, Ordering::SeqCst);
}

/// Takes the place of the C library's function, for the standard library and all others in this process.
///
/// # Safety
/// As for the function it replaces: `buffer` has room for `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getrandom(buffer: *mut u8, length: usize, _flags: u32) -> isize {
    for i in 0..length {
        let next = mix(SYSTEM.fetch_add(1, Ordering::SeqCst));
        // SAFETY: within the caller's buffer.
        unsafe { buffer.add(i).write(next as u8) };
    }
    isize::try_from(length).unwrap_or(isize::MAX)
}

fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A stream of numbers.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The stream of a seed; each purpose has its own.
    pub fn new(seed: u64, purpose: u64) -> Self {
        Self(mix(mix(seed) ^ purpose))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `n`, or 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() >> 11) as usize % n.max(1)
    }

    /// A number in `from..=to`.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        from + self.below((to - from + 1) as usize) as i64
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}
