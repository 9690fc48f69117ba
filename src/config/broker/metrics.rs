//! Metrics and telemetry. Ottla's own metrics port is set by `ottla.http.address`.

use crate::config::definition::Bounds::{Any, AtLeast, Distinct};
use crate::config::definition::Emptiness::MayBeEmpty;
use crate::config::definition::Importance::Low;
use crate::config::definition::{ConfigDef, int, list, long, string};
use crate::config::reason;

/// The keys.
pub(super) static DEFS: &[ConfigDef] = &[
    int("metrics.num.samples", Some("2"), AtLeast(1), Low)
        .not_used(reason::METRICS)
        .doc("Samples over which metrics are computed."),
    long("metrics.sample.window.ms", Some("30000"), AtLeast(1), Low)
        .not_used(reason::METRICS)
        .doc("Length of a metrics sample (ms)."),
    list("metric.reporters", Some("org.apache.kafka.common.metrics.JmxReporter"), Distinct(MayBeEmpty), Low)
        .cluster_wide()
        .not_used(reason::PLUGIN_METRICS)
        .doc("Classes that carry metrics elsewhere."),
    string("metrics.recording.level", Some("INFO"), Any, Low)
        .not_used(reason::METRICS)
        .doc("How detailed the metrics are."),
    list("kafka.metrics.reporters", Some(""), Distinct(MayBeEmpty), Low)
        .not_used(reason::PLUGIN_METRICS)
        .doc("Classes that carry the older metrics elsewhere."),
    int("kafka.metrics.polling.interval.secs", Some("10"), AtLeast(1), Low)
        .not_used(reason::PLUGIN_METRICS)
        .doc("How often such classes read the metrics (s)."),
    int("telemetry.max.bytes", Some("1048576"), AtLeast(1), Low)
        .not_yet(reason::TELEMETRY)
        .doc("Largest telemetry that a client may push (bytes)."),
];
