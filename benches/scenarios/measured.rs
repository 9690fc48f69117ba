//! The measured phase of a load: what was done, what that cost the server, and its memory at its highest.

use crate::engine::Engine;
use crate::procfs::{self, Snapshot, Usage};
use crate::totals::{Totals, Until};
use crate::wire::WireError;

pub struct Measured {
    pub totals: Totals,
    pub usage: Usage,
    /// Of all processes together.
    pub peak_mib: f64,
}

impl Measured {
    /// Runs a load that is warm already, looks at the server's processes, and lets what is in flight end.
    pub fn of(mut engine: Engine, pids: Vec<u32>, until: &Until) -> Result<Measured, WireError> {
        pids.iter().for_each(|pid| procfs::reset_peak_memory(*pid));
        let snapshot = Snapshot::of(pids.clone());
        let totals = engine.run(until)?;
        let usage = snapshot.until_now();
        let peak_mib = pids.iter().map(|pid| procfs::memory_mib(*pid).1).sum();
        engine.drain()?;
        Ok(Measured { totals, usage, peak_mib })
    }

    /// Bytes of batches, in 10^9.
    pub fn gigabytes(&self) -> f64 {
        self.totals.bytes as f64 / 1e9
    }
}
