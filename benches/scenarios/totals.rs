//! What one phase of a load did: counts and histograms, in microseconds.

use hdrhistogram::Histogram;

pub struct Totals {
    /// Produce requests acknowledged, and the records and batch bytes in them.
    pub requests: u64,
    pub records: u64,
    pub bytes: u64,
    /// Fetch responses with records in them, and what they held.
    pub fetches: u64,
    pub consumed_records: u64,
    pub consumed_bytes: u64,
    /// From the intended (open loop) or real (closed loop) send to the acknowledgement.
    pub ack: Histogram<u64>,
    /// From the intended send to the record in the consumer's hands.
    pub end_to_end: Histogram<u64>,
}

impl Totals {
    pub fn new() -> Totals {
        let histogram = || Histogram::new_with_bounds(1, 120_000_000, 3).expect("fixed bounds are valid");
        Totals {
            requests: 0,
            records: 0,
            bytes: 0,
            fetches: 0,
            consumed_records: 0,
            consumed_bytes: 0,
            ack: histogram(),
            end_to_end: histogram(),
        }
    }
}

/// When a phase ends: as soon as one of these is reached.
#[derive(Clone, Copy)]
pub struct Until {
    pub seconds: f64,
    pub bytes: u64,
    pub consumed_records: u64,
}

impl Until {
    pub fn seconds(seconds: f64) -> Until {
        Until { seconds, bytes: u64::MAX, consumed_records: u64::MAX }
    }

    pub fn or_bytes(self, bytes: u64) -> Until {
        Until { bytes, ..self }
    }

    pub fn or_consumed(self, consumed_records: u64) -> Until {
        Until { consumed_records, ..self }
    }

    pub fn reached(&self, totals: &Totals) -> bool {
        totals.bytes >= self.bytes || totals.consumed_records >= self.consumed_records
    }
}
