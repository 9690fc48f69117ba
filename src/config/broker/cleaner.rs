//! Compaction: what the cleaner may use, and when a log is due for it.

use crate::config::definition::Bounds::{Any, AtLeast, BetweenF};
use crate::config::definition::Importance::Medium;
use crate::config::definition::{ConfigDef, boolean, double, int, long};

/// The keys.
pub(super) static DEFS: &[ConfigDef] = &[
    boolean("log.cleaner.enable", Some("true"), Any, Medium).doc("Whether compacted topics are compacted."),
    int("log.cleaner.threads", Some("1"), AtLeast(0), Medium).cluster_wide().doc("Threads that compact."),
    double("log.cleaner.io.max.bytes.per.second", Some("1.7976931348623157E308"), Any, Medium)
        .cluster_wide()
        .doc("Bytes that all cleaners together read and write in a second."),
    long("log.cleaner.dedupe.buffer.size", Some("134217728"), Any, Medium)
        .cluster_wide()
        .doc("Memory for the map of latest keys, over all cleaners (bytes)."),
    int("log.cleaner.io.buffer.size", Some("524288"), AtLeast(0), Medium)
        .cluster_wide()
        .doc("Memory for reading and writing, over all cleaners (bytes)."),
    double("log.cleaner.io.buffer.load.factor", Some("0.9"), Any, Medium)
        .cluster_wide()
        .doc("How full the map of latest keys may become (0 to 1)."),
    long("log.cleaner.backoff.ms", Some("15000"), AtLeast(0), Medium)
        .cluster_wide()
        .doc("Pause of a cleaner that finds nothing to do (ms)."),
    double("log.cleaner.min.cleanable.ratio", Some("0.5"), BetweenF(0.0, 1.0), Medium)
        .cluster_wide()
        .doc("Share of a log that must be dirty before it is compacted."),
    long("log.cleaner.delete.retention.ms", Some("86400000"), AtLeast(0), Medium)
        .cluster_wide()
        .doc("How long a tombstone outlives compaction (ms)."),
    long("log.cleaner.min.compaction.lag.ms", Some("0"), AtLeast(0), Medium)
        .cluster_wide()
        .doc("How long a record stays safe from compaction (ms)."),
    long("log.cleaner.max.compaction.lag.ms", Some("9223372036854775807"), AtLeast(1), Medium)
        .cluster_wide()
        .doc("How long a record may wait for compaction (ms)."),
];
