//! How many requests each API was asked (Kafka's `RequestMetrics` RequestsPerSec).

use std::sync::OnceLock;

use metrics::{Counter, counter};

use crate::protocol::api::ApiKey;
use crate::server::handlers::row::ROW;

/// Counts a request to an API of the row.
pub fn count(api: ApiKey) {
    static COUNTERS: OnceLock<Vec<Counter>> = OnceLock::new();
    let counters = COUNTERS.get_or_init(|| {
        let last = ROW.iter().map(|entry| entry.key.number()).max().unwrap_or(0);
        let mut counters: Vec<_> = (0..=last).map(|_| Counter::noop()).collect();
        for entry in ROW {
            if let Some(counter) = usize::try_from(entry.key.number()).ok().and_then(|i| counters.get_mut(i)) {
                *counter = counter!("kafka_network_requestmetrics_requests_total", "request" => entry.key.name());
            }
        }
        counters
    });
    if let Some(counter) = usize::try_from(api.number()).ok().and_then(|i| counters.get(i)) {
        counter.increment(1);
    }
}
