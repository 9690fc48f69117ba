//! What is counted per topic, under the names that jmx_exporter's dashboards use (Kafka's `BrokerTopicMetrics`).
//!
//! Handles are made once per hosted topic: counting on the data path is an atomic add.

use metrics::{Counter, counter};

/// One topic's counters.
pub struct TopicMetrics {
    messages_in: Counter,
    bytes_in: Counter,
    bytes_out: Counter,
    produce_requests: Counter,
    fetch_requests: Counter,
    failed_produce_requests: Counter,
    failed_fetch_requests: Counter,
}

impl TopicMetrics {
    /// The counters of `topic`.
    pub fn new(topic: &str) -> Self {
        let of = |name: &'static str| counter!(name, "topic" => topic.to_owned());
        Self {
            messages_in: of("kafka_server_brokertopicmetrics_messagesin_total"),
            bytes_in: of("kafka_server_brokertopicmetrics_bytesin_total"),
            bytes_out: of("kafka_server_brokertopicmetrics_bytesout_total"),
            produce_requests: of("kafka_server_brokertopicmetrics_totalproducerequests_total"),
            fetch_requests: of("kafka_server_brokertopicmetrics_totalfetchrequests_total"),
            failed_produce_requests: of("kafka_server_brokertopicmetrics_failedproducerequests_total"),
            failed_fetch_requests: of("kafka_server_brokertopicmetrics_failedfetchrequests_total"),
        }
    }

    /// A partition took `bytes` holding `records`.
    pub fn produced(&self, bytes: u64, records: u64) {
        self.produce_requests.increment(1);
        self.messages_in.increment(records);
        self.bytes_in.increment(bytes);
    }

    /// A partition refused a produce.
    pub fn failed_produce(&self) {
        self.produce_requests.increment(1);
        self.failed_produce_requests.increment(1);
    }

    /// A partition gave `bytes`.
    pub fn fetched(&self, bytes: u64) {
        self.fetch_requests.increment(1);
        self.bytes_out.increment(bytes);
    }

    /// A partition refused a fetch.
    pub fn failed_fetch(&self) {
        self.fetch_requests.increment(1);
        self.failed_fetch_requests.increment(1);
    }
}
