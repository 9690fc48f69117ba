//! Tiered storage, which Ottla does not have yet.

use crate::config::definition::Bounds::{Any, AtLeast, BetweenF, NonEmpty};
use crate::config::definition::Importance::{Low, Medium};
use crate::config::definition::{ConfigDef, boolean, double, int, long, string};
use crate::config::reason;

/// The keys.
pub(super) static DEFS: &[ConfigDef] = &[
    boolean("remote.log.storage.system.enable", Some("false"), Any, Medium)
        .refused(reason::TIERED)
        .doc("Whether old segments move to remote storage."),
    string("remote.log.storage.manager.impl.prefix", Some("rsm.config."), NonEmpty, Medium)
        .not_used(reason::TIERED)
        .doc("Prefix of the keys handed to the remote storage class."),
    string("remote.log.metadata.manager.impl.prefix", Some("rlmm.config."), NonEmpty, Medium)
        .not_used(reason::TIERED)
        .doc("Prefix of the keys handed to the remote metadata class."),
    string("remote.log.storage.manager.class.name", None, NonEmpty, Medium)
        .not_used(reason::TIERED)
        .doc("The class that stores segments remotely."),
    string("remote.log.storage.manager.class.path", None, Any, Medium)
        .not_used(reason::TIERED)
        .doc("Where that class is loaded from."),
    string(
        "remote.log.metadata.manager.class.name",
        Some("org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager"),
        NonEmpty,
        Medium,
    )
    .not_used(reason::TIERED)
    .doc("The class that keeps the remote segments' metadata."),
    string("remote.log.metadata.manager.class.path", None, Any, Medium)
        .not_used(reason::TIERED)
        .doc("Where that class is loaded from."),
    string("remote.log.metadata.manager.listener.name", None, NonEmpty, Medium)
        .not_used(reason::TIERED)
        .doc("The listener that the remote metadata class connects to."),
    int("remote.log.metadata.custom.metadata.max.bytes", Some("128"), AtLeast(0), Low)
        .not_used(reason::TIERED)
        .doc("Most bytes of its own that a remote storage class may attach to a segment."),
    long("remote.log.index.file.cache.total.size.bytes", Some("1073741824"), AtLeast(1), Low)
        .cluster_wide()
        .not_used(reason::TIERED)
        .doc("Disk space for indexes of remote segments (bytes)."),
    long("remote.log.index.file.cache.ttl.ms", Some("900000"), AtLeast(-1), Low)
        .internal()
        .not_used(reason::TIERED)
        .doc("How long an unused index of a remote segment is kept (ms)."),
    int("remote.log.manager.thread.pool.size", Some("2"), AtLeast(1), Medium)
        .not_used(reason::TIERED)
        .doc("Threads of the remote log manager."),
    int("remote.log.manager.copier.thread.pool.size", Some("10"), AtLeast(1), Medium)
        .cluster_wide()
        .not_used(reason::TIERED)
        .doc("Threads that copy segments out."),
    int("remote.log.manager.expiration.thread.pool.size", Some("10"), AtLeast(1), Medium)
        .cluster_wide()
        .not_used(reason::TIERED)
        .doc("Threads that delete expired remote segments."),
    int("remote.log.manager.follower.thread.pool.size", Some("2"), AtLeast(1), Medium)
        .cluster_wide()
        .not_used(reason::TIERED)
        .doc("Threads that follow the leader's remote offsets."),
    long("remote.log.manager.task.interval.ms", Some("30000"), AtLeast(1), Low)
        .not_used(reason::TIERED)
        .doc("How often the remote log manager works (ms)."),
    long("remote.log.manager.task.retry.backoff.ms", Some("500"), AtLeast(1), Low)
        .internal()
        .not_used(reason::TIERED)
        .doc("First pause after a failed remote task (ms)."),
    long("remote.log.manager.task.retry.backoff.max.ms", Some("30000"), AtLeast(1), Low)
        .internal()
        .not_used(reason::TIERED)
        .doc("Longest pause after failed remote tasks (ms)."),
    double("remote.log.manager.task.retry.jitter", Some("0.2"), BetweenF(0.0, 0.5), Low)
        .internal()
        .not_used(reason::TIERED)
        .doc("Random share of such pauses."),
    int("remote.log.reader.threads", Some("10"), AtLeast(1), Medium)
        .cluster_wide()
        .not_used(reason::TIERED)
        .doc("Threads that read remote segments."),
    int("remote.log.reader.max.pending.tasks", Some("100"), AtLeast(1), Medium)
        .not_used(reason::TIERED)
        .doc("Remote reads that may wait."),
    long("log.local.retention.ms", Some("-2"), AtLeast(-2), Medium)
        .cluster_wide()
        .not_used(reason::TIERED)
        .doc("How long tiered records stay on this disk (ms); -2 follows retention."),
    long("log.local.retention.bytes", Some("-2"), AtLeast(-2), Medium)
        .cluster_wide()
        .not_used(reason::TIERED)
        .doc("How many tiered bytes stay on this disk; -2 follows retention."),
    long("remote.log.manager.copy.max.bytes.per.second", Some("9223372036854775807"), AtLeast(1), Medium)
        .cluster_wide()
        .not_used(reason::TIERED)
        .doc("Bytes copied out in a second."),
    int("remote.log.manager.copy.quota.window.num", Some("11"), AtLeast(1), Medium)
        .not_used(reason::TIERED)
        .doc("Samples kept for that quota."),
    int("remote.log.manager.copy.quota.window.size.seconds", Some("1"), AtLeast(1), Medium)
        .not_used(reason::TIERED)
        .doc("Length of a sample for that quota (s)."),
    long("remote.log.manager.fetch.max.bytes.per.second", Some("9223372036854775807"), AtLeast(1), Medium)
        .cluster_wide()
        .not_used(reason::TIERED)
        .doc("Bytes read back in a second."),
    int("remote.log.manager.fetch.quota.window.num", Some("11"), AtLeast(1), Medium)
        .not_used(reason::TIERED)
        .doc("Samples kept for that quota."),
    int("remote.log.manager.fetch.quota.window.size.seconds", Some("1"), AtLeast(1), Medium)
        .not_used(reason::TIERED)
        .doc("Length of a sample for that quota (s)."),
    int("remote.fetch.max.wait.ms", Some("500"), AtLeast(1), Medium)
        .cluster_wide()
        .not_used(reason::TIERED)
        .doc("How long a fetch waits for remote records (ms)."),
    long("remote.list.offsets.request.timeout.ms", Some("30000"), AtLeast(1), Medium)
        .cluster_wide()
        .not_used(reason::TIERED)
        .doc("How long an offset look-up waits for remote storage (ms)."),
];
