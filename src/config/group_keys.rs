//! Group keys: one definition each (KIP-848, KIP-932, KIP-1071).

use super::definition::Bounds::{Any, AtLeast, OffsetReset, OneOf};
use super::definition::Importance::Medium;
use super::definition::{ConfigDef, boolean, int, string};
use super::reason;

/// The keys.
pub(super) static DEFS: &[ConfigDef] = &[
    int("consumer.session.timeout.ms", Some("45000"), AtLeast(1), Medium).doc("Session of the group's members (ms)."),
    int("consumer.heartbeat.interval.ms", Some("5000"), AtLeast(1), Medium)
        .doc("Heartbeat interval of the group's members (ms)."),
    int("consumer.assignment.interval.ms", Some("1000"), AtLeast(0), Medium)
        .doc("Shortest time between two assignments (ms)."),
    int("share.session.timeout.ms", Some("45000"), AtLeast(1), Medium)
        .not_yet(reason::GROUPS)
        .doc("Session of the share group's members (ms)."),
    int("share.heartbeat.interval.ms", Some("5000"), AtLeast(1), Medium)
        .not_yet(reason::GROUPS)
        .doc("Heartbeat interval of the share group's members (ms)."),
    int("share.record.lock.duration.ms", Some("30000"), AtLeast(1000), Medium)
        .not_yet(reason::GROUPS)
        .doc("How long an acquired record stays locked (ms)."),
    int("share.delivery.count.limit", Some("5"), AtLeast(2), Medium)
        .not_yet(reason::GROUPS)
        .doc("Deliveries after which a record is given up."),
    int("share.partition.max.record.locks", Some("2000"), AtLeast(100), Medium)
        .not_yet(reason::GROUPS)
        .doc("Records of one partition that may be locked at once."),
    string("share.auto.offset.reset", Some("latest"), OffsetReset, Medium)
        .not_yet(reason::GROUPS)
        .doc("Where a share group starts that has no position: `earliest`, `latest`, or so long ago."),
    string("share.isolation.level", Some("read_uncommitted"), OneOf(&["read_committed", "read_uncommitted"]), Medium)
        .not_yet(reason::GROUPS)
        .doc("Whether records of open transactions are delivered."),
    boolean("share.renew.acknowledge.enable", Some("true"), Any, Medium)
        .not_yet(reason::GROUPS)
        .doc("Whether a consumer may prolong its lock on a record."),
    int("share.assignment.interval.ms", Some("1000"), AtLeast(0), Medium)
        .not_yet(reason::GROUPS)
        .doc("Shortest time between two assignments (ms)."),
    int("streams.session.timeout.ms", Some("45000"), AtLeast(1), Medium)
        .not_yet(reason::GROUPS)
        .doc("Session of the streams group's members (ms)."),
    int("streams.heartbeat.interval.ms", Some("5000"), AtLeast(1), Medium)
        .not_yet(reason::GROUPS)
        .doc("Heartbeat interval of the streams group's members (ms)."),
    int("streams.num.standby.replicas", Some("0"), AtLeast(0), Medium)
        .not_yet(reason::GROUPS)
        .doc("Standby copies of each stateful task."),
    int("streams.initial.rebalance.delay.ms", Some("3000"), AtLeast(0), Medium)
        .not_yet(reason::GROUPS)
        .doc("How long a new group waits for more members (ms)."),
    int("streams.assignment.interval.ms", Some("1000"), AtLeast(0), Medium)
        .not_yet(reason::GROUPS)
        .doc("Shortest time between two assignments (ms)."),
];
