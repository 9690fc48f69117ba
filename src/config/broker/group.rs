//! Group coordinators: classic, consumer and streams groups, and the offsets topic.

use crate::config::definition::Bounds::{Any, AtLeast, Distinct, Elements, OneOfAnyCase};
use crate::config::definition::Emptiness::NotEmpty;
use crate::config::definition::Importance::{High, Medium};
use crate::config::definition::{ConfigDef, int, list, long, short, string};
use crate::config::reason;

/// The keys.
pub(super) static DEFS: &[ConfigDef] = &[
    list(
        "group.coordinator.rebalance.protocols",
        Some("classic,consumer,streams"),
        Elements(NotEmpty, &["consumer", "classic", "share", "streams"]),
        Medium,
    )
    .doc("Which kinds of group are served."),
    int("group.coordinator.threads", Some("4"), AtLeast(1), High)
        .not_used(reason::THREADS)
        .doc("Threads of the group coordinator."),
    int("group.coordinator.background.threads", Some("2"), AtLeast(1), High)
        .not_used(reason::THREADS)
        .doc("Threads that compute assignments aside."),
    int("group.coordinator.append.linger.ms", Some("-1"), AtLeast(-1), Medium)
        .not_used(reason::INLINE)
        .doc("How long group records are gathered before they are written (ms); -1 adapts."),
    int("group.coordinator.cached.buffer.max.bytes", Some("1048588"), AtLeast(524_288), Medium)
        .cluster_wide()
        .not_used(reason::INLINE)
        .doc("Largest write buffer that is kept for reuse (bytes)."),
    int("offsets.commit.timeout.ms", Some("5000"), AtLeast(1), High)
        .doc("How long a commit may wait for replicas (ms)."),
    int("offsets.load.buffer.size", Some("5242880"), AtLeast(1), High)
        .not_used(reason::INLINE)
        .doc("Bytes read at a time when offsets are loaded."),
    short("offsets.topic.replication.factor", Some("3"), AtLeast(1), High)
        .doc("Replicas of the offsets topic. Where it is not set, no more than there are brokers."),
    int("offsets.topic.num.partitions", Some("50"), AtLeast(1), High)
        .doc("Partitions of the offsets topic; must not change once it exists."),
    int("offsets.topic.segment.bytes", Some("104857600"), AtLeast(1), High)
        .doc("Segment size of the offsets topic (bytes)."),
    int("offsets.topic.compression.codec", Some("0"), Any, High)
        .doc("Codec of the offsets topic, by Kafka's codec number."),
    int("offset.metadata.max.bytes", Some("4096"), Any, High).doc("Longest note that a commit may carry (bytes)."),
    int("offsets.retention.minutes", Some("10080"), AtLeast(1), High)
        .doc("How long an empty group's offsets are kept (minutes)."),
    long("offsets.retention.check.interval.ms", Some("600000"), AtLeast(1), High)
        .doc("How often expired offsets are looked for (ms)."),
    int("group.min.session.timeout.ms", Some("6000"), Any, Medium)
        .doc("Shortest session that a classic member may ask for (ms)."),
    int("group.max.session.timeout.ms", Some("1800000"), Any, Medium)
        .doc("Longest session that a classic member may ask for (ms)."),
    int("group.initial.rebalance.delay.ms", Some("3000"), Any, Medium)
        .doc("How long a new classic group waits for more members (ms)."),
    int("group.max.size", Some("2147483647"), AtLeast(1), Medium).doc("Most members of a classic group."),
    int("group.consumer.session.timeout.ms", Some("45000"), AtLeast(1), Medium)
        .doc("Session of a consumer-group member (ms)."),
    int("group.consumer.min.session.timeout.ms", Some("45000"), AtLeast(1), Medium)
        .doc("Lowest session that a group may be given (ms)."),
    int("group.consumer.max.session.timeout.ms", Some("60000"), AtLeast(1), Medium)
        .doc("Highest session that a group may be given (ms)."),
    int("group.consumer.heartbeat.interval.ms", Some("5000"), AtLeast(1), Medium)
        .doc("Heartbeat interval of consumer-group members (ms)."),
    int("group.consumer.min.heartbeat.interval.ms", Some("5000"), AtLeast(1), Medium)
        .doc("Lowest heartbeat interval that a group may be given (ms)."),
    int("group.consumer.max.heartbeat.interval.ms", Some("15000"), AtLeast(1), Medium)
        .doc("Highest heartbeat interval that a group may be given (ms)."),
    int("group.consumer.max.size", Some("2147483647"), AtLeast(1), Medium).doc("Most members of a consumer group."),
    list("group.consumer.assignors", Some("uniform,range"), Distinct(NotEmpty), Medium)
        .doc("Server-side assignors, the default first; only the built-in ones are known."),
    string(
        "group.consumer.migration.policy",
        Some("bidirectional"),
        OneOfAnyCase(&["DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL"]),
        Medium,
    )
    .doc("In which direction groups may change between the classic and the consumer protocol."),
    int("group.consumer.assignment.interval.ms", Some("1000"), AtLeast(0), Medium)
        .cluster_wide()
        .doc("Shortest time between two assignments of a consumer group (ms)."),
    int("group.consumer.min.assignment.interval.ms", Some("0"), AtLeast(0), Medium)
        .doc("Lowest assignment interval that a group may be given (ms)."),
    int("group.consumer.max.assignment.interval.ms", Some("15000"), AtLeast(0), Medium)
        .doc("Highest assignment interval that a group may be given (ms)."),
    int("group.consumer.regex.refresh.interval.ms", Some("600000"), AtLeast(10_000), Medium)
        .internal()
        .doc("How often subscriptions by pattern are matched again (ms)."),
    int("group.streams.session.timeout.ms", Some("45000"), AtLeast(1), Medium)
        .not_yet(reason::GROUPS)
        .doc("Session of a streams-group member (ms)."),
    int("group.streams.min.session.timeout.ms", Some("45000"), AtLeast(1), Medium)
        .not_yet(reason::GROUPS)
        .doc("Lowest session that a streams group may be given (ms)."),
    int("group.streams.max.session.timeout.ms", Some("60000"), AtLeast(1), Medium)
        .not_yet(reason::GROUPS)
        .doc("Highest session that a streams group may be given (ms)."),
    int("group.streams.heartbeat.interval.ms", Some("5000"), AtLeast(1), Medium)
        .not_yet(reason::GROUPS)
        .doc("Heartbeat interval of streams-group members (ms)."),
    int("group.streams.min.heartbeat.interval.ms", Some("5000"), AtLeast(1), Medium)
        .not_yet(reason::GROUPS)
        .doc("Lowest heartbeat interval that a streams group may be given (ms)."),
    int("group.streams.max.heartbeat.interval.ms", Some("15000"), AtLeast(1), Medium)
        .not_yet(reason::GROUPS)
        .doc("Highest heartbeat interval that a streams group may be given (ms)."),
    int("group.streams.max.size", Some("2147483647"), AtLeast(1), Medium)
        .not_yet(reason::GROUPS)
        .doc("Most members of a streams group."),
    int("group.streams.num.standby.replicas", Some("0"), AtLeast(0), Medium)
        .not_yet(reason::GROUPS)
        .doc("Standby copies of each stateful task."),
    int("group.streams.max.standby.replicas", Some("2"), AtLeast(0), Medium)
        .not_yet(reason::GROUPS)
        .doc("Most standby copies that a group may be given."),
    int("group.streams.initial.rebalance.delay.ms", Some("3000"), AtLeast(0), Medium)
        .not_yet(reason::GROUPS)
        .doc("How long a new streams group waits for more members (ms)."),
    int("group.streams.assignment.interval.ms", Some("1000"), AtLeast(0), Medium)
        .cluster_wide()
        .not_yet(reason::GROUPS)
        .doc("Shortest time between two assignments of a streams group (ms)."),
    int("group.streams.min.assignment.interval.ms", Some("0"), AtLeast(0), Medium)
        .not_yet(reason::GROUPS)
        .doc("Lowest assignment interval that a streams group may be given (ms)."),
    int("group.streams.max.assignment.interval.ms", Some("15000"), AtLeast(0), Medium)
        .not_yet(reason::GROUPS)
        .doc("Highest assignment interval that a streams group may be given (ms)."),
];
