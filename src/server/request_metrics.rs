//! How many requests each API was asked (Kafka's `RequestMetrics` RequestsPerSec).

use std::sync::OnceLock;

use metrics::{Counter, counter};

use crate::protocol::api::ApiKey;

/// Counts a request.
pub fn count(api: ApiKey) {
    static COUNTERS: OnceLock<Vec<Counter>> = OnceLock::new();
    let counters = COUNTERS.get_or_init(|| {
        let last = ApiKey::ALL.iter().map(|k| k.number()).max().unwrap_or(0);
        (0..=last)
            .map(|code| match ApiKey::from_number(code) {
                Some(key) => counter!("kafka_network_requestmetrics_requests_total", "request" => key.name()),
                None => Counter::noop(),
            })
            .collect()
    });
    if let Some(counter) = usize::try_from(api.number()).ok().and_then(|i| counters.get(i)) {
        counter.increment(1);
    }
}
