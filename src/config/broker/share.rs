//! Share groups and the topic that keeps their state (KIP-932).

use crate::config::definition::Bounds::{Any, AtLeast, Between, Distinct};
use crate::config::definition::Emptiness::NotEmpty;
use crate::config::definition::Importance::{High, Low, Medium};
use crate::config::definition::{ConfigDef, int, list, short, string};
use crate::config::reason;

/// The keys.
pub(super) static DEFS: &[ConfigDef] = &[
    int("group.share.session.timeout.ms", Some("45000"), AtLeast(1), Medium)
        .not_yet(reason::GROUPS)
        .doc("Session of a share-group member (ms)."),
    int("group.share.min.session.timeout.ms", Some("45000"), AtLeast(1), Medium)
        .not_yet(reason::GROUPS)
        .doc("Lowest session that a share group may be given (ms)."),
    int("group.share.max.session.timeout.ms", Some("60000"), AtLeast(1), Medium)
        .not_yet(reason::GROUPS)
        .doc("Highest session that a share group may be given (ms)."),
    int("group.share.heartbeat.interval.ms", Some("5000"), AtLeast(1), Medium)
        .not_yet(reason::GROUPS)
        .doc("Heartbeat interval of share-group members (ms)."),
    int("group.share.min.heartbeat.interval.ms", Some("5000"), AtLeast(1), Medium)
        .not_yet(reason::GROUPS)
        .doc("Lowest heartbeat interval that a share group may be given (ms)."),
    int("group.share.max.heartbeat.interval.ms", Some("15000"), AtLeast(1), Medium)
        .not_yet(reason::GROUPS)
        .doc("Highest heartbeat interval that a share group may be given (ms)."),
    int("group.share.max.size", Some("200"), Between(1, 1000), Medium)
        .not_yet(reason::GROUPS)
        .doc("Most members of a share group."),
    list("group.share.assignors", Some("simple"), Distinct(NotEmpty), Medium)
        .not_yet(reason::GROUPS)
        .doc("Assignors of share groups; only the built-in one is known."),
    int("group.share.assignment.interval.ms", Some("1000"), AtLeast(0), Medium)
        .cluster_wide()
        .not_yet(reason::GROUPS)
        .doc("Shortest time between two assignments of a share group (ms)."),
    int("group.share.min.assignment.interval.ms", Some("0"), AtLeast(0), Medium)
        .not_yet(reason::GROUPS)
        .doc("Lowest assignment interval that a share group may be given (ms)."),
    int("group.share.max.assignment.interval.ms", Some("15000"), AtLeast(0), Medium)
        .not_yet(reason::GROUPS)
        .doc("Highest assignment interval that a share group may be given (ms)."),
    int("group.share.initialize.retry.interval.ms", Some("30000"), AtLeast(1), Low)
        .internal()
        .not_yet(reason::GROUPS)
        .doc("How often the set-up of share state is tried again (ms)."),
    int("group.share.delivery.count.limit", Some("5"), Between(2, 10), Medium)
        .not_yet(reason::GROUPS)
        .doc("Deliveries after which a record is given up."),
    int("group.share.max.delivery.count.limit", Some("10"), Between(5, 25), Medium)
        .not_yet(reason::GROUPS)
        .doc("Highest delivery limit that a group may be given."),
    int("group.share.min.delivery.count.limit", Some("2"), Between(2, 5), Medium)
        .not_yet(reason::GROUPS)
        .doc("Lowest delivery limit that a group may be given."),
    int("group.share.record.lock.duration.ms", Some("30000"), Between(1000, 3_600_000), Medium)
        .not_yet(reason::GROUPS)
        .doc("How long an acquired record stays locked (ms)."),
    int("group.share.min.record.lock.duration.ms", Some("15000"), Between(1000, 30_000), Medium)
        .not_yet(reason::GROUPS)
        .doc("Shortest lock that a group may be given (ms)."),
    int("group.share.max.record.lock.duration.ms", Some("60000"), Between(30_000, 3_600_000), Medium)
        .not_yet(reason::GROUPS)
        .doc("Longest lock that a group may be given (ms)."),
    int("group.share.partition.max.record.locks", Some("2000"), Between(100, 10_000), Medium)
        .not_yet(reason::GROUPS)
        .doc("Records of one partition that may be locked at once."),
    int("group.share.max.partition.max.record.locks", Some("4000"), Between(2000, 10_000), Medium)
        .not_yet(reason::GROUPS)
        .doc("Highest number of locks that a group may be given."),
    int("group.share.min.partition.max.record.locks", Some("100"), Between(100, 2000), Medium)
        .not_yet(reason::GROUPS)
        .doc("Lowest number of locks that a group may be given."),
    int("group.share.max.share.sessions", Some("2000"), AtLeast(1), Medium)
        .not_yet(reason::GROUPS)
        .doc("Share sessions remembered at once."),
    string(
        "group.share.persister.class.name",
        Some("org.apache.kafka.server.share.persister.DefaultStatePersister"),
        Any,
        Medium,
    )
    .internal()
    .refused(reason::PLUGIN)
    .doc("The class that keeps share state."),
    int("share.coordinator.state.topic.num.partitions", Some("50"), AtLeast(1), High)
        .doc("Partitions of the share-state topic; must not change once it exists."),
    short("share.coordinator.state.topic.replication.factor", Some("3"), AtLeast(1), High)
        .doc("Replicas of the share-state topic."),
    short("share.coordinator.state.topic.min.isr", Some("2"), AtLeast(1), High)
        .doc("In-sync replicas that a write to the share-state topic needs."),
    int("share.coordinator.state.topic.segment.bytes", Some("104857600"), AtLeast(1), High)
        .doc("Segment size of the share-state topic (bytes)."),
    int("share.coordinator.state.topic.compression.codec", Some("0"), Any, High)
        .not_yet(reason::GROUPS)
        .doc("Codec of the share-state topic, by Kafka's codec number."),
    int("share.coordinator.state.topic.prune.interval.ms", Some("300000"), AtLeast(1), Low)
        .internal()
        .not_yet(reason::GROUPS)
        .doc("How often the share-state topic is trimmed (ms)."),
    int("share.coordinator.threads", Some("1"), AtLeast(1), Medium)
        .not_used(reason::THREADS)
        .doc("Threads of the share coordinator."),
    int("share.coordinator.snapshot.update.records.per.snapshot", Some("500"), Between(0, 500), Medium)
        .not_yet(reason::GROUPS)
        .doc("Updates of share state between two snapshots of it."),
    int("share.coordinator.load.buffer.size", Some("5242880"), AtLeast(1), High)
        .not_used(reason::INLINE)
        .doc("Bytes read at a time when share state is loaded."),
    int("share.coordinator.append.linger.ms", Some("-1"), AtLeast(-1), Medium)
        .not_used(reason::INLINE)
        .doc("How long share records are gathered before they are written (ms); -1 adapts."),
    int("share.coordinator.write.timeout.ms", Some("5000"), AtLeast(1), High)
        .not_yet(reason::GROUPS)
        .doc("How long a write of share state may wait for replicas (ms)."),
    int("share.coordinator.cold.partition.snapshot.interval.ms", Some("300000"), AtLeast(1), Low)
        .internal()
        .not_yet(reason::GROUPS)
        .doc("How often untouched share partitions are snapshotted (ms)."),
    int("share.coordinator.cached.buffer.max.bytes", Some("1048588"), AtLeast(524_288), Medium)
        .cluster_wide()
        .not_used(reason::INLINE)
        .doc("Largest write buffer that is kept for reuse (bytes)."),
];
