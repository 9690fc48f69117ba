//! Client-metrics keys: one definition each (KIP-714).

use super::definition::Bounds::{Any, Distinct};
use super::definition::Emptiness::MayBeEmpty;
use super::definition::Importance::Medium;
use super::definition::{ConfigDef, int, list};
use super::reason;

/// The keys.
pub(super) static DEFS: &[ConfigDef] = &[
    list("metrics", Some(""), Distinct(MayBeEmpty), Medium)
        .not_yet(reason::TELEMETRY)
        .doc("Prefixes of the metrics that matching clients push; `*` for all."),
    int("interval.ms", Some("300000"), Any, Medium)
        .not_yet(reason::TELEMETRY)
        .doc("How often matching clients push (ms)."),
    list("match", Some(""), Distinct(MayBeEmpty), Medium)
        .not_yet(reason::TELEMETRY)
        .doc("Which clients are meant, as `selector=pattern`; all when empty."),
];
