//! Followers, in-sync replicas, leadership.

use crate::config::definition::Bounds::{Any, AtLeast};
use crate::config::definition::Importance::{High, Medium};
use crate::config::definition::{ConfigDef, boolean, int, long, string};
use crate::config::reason;

/// The keys.
pub(super) static DEFS: &[ConfigDef] = &[
    long("replica.lag.time.max.ms", Some("30000"), Any, High)
        .doc("How long a follower may lag before it leaves the in-sync replicas (ms)."),
    int("replica.socket.timeout.ms", Some("30000"), Any, High)
        .doc("How long a follower waits for the leader's answer (ms)."),
    int("replica.socket.receive.buffer.bytes", Some("65536"), Any, High)
        .not_used(reason::SOCKETS)
        .doc("Receive buffer of a follower's socket (bytes)."),
    int("replica.fetch.max.bytes", Some("1048576"), AtLeast(0), Medium)
        .doc("Bytes a follower asks for from each partition."),
    int("replica.fetch.wait.max.ms", Some("500"), Any, High).doc("How long a leader may hold a follower's fetch (ms)."),
    int("replica.fetch.backoff.ms", Some("1000"), AtLeast(0), Medium)
        .doc("Pause after a follower's fetch failed (ms)."),
    int("replica.fetch.min.bytes", Some("1"), Any, High)
        .doc("Bytes that a leader gathers before it answers a follower."),
    int("replica.fetch.response.max.bytes", Some("10485760"), AtLeast(0), Medium)
        .doc("Bytes a follower takes in one answer."),
    int("num.replica.fetchers", Some("1"), AtLeast(1), High)
        .cluster_wide()
        .doc("Connections over which a broker follows each other broker."),
    long("replica.high.watermark.checkpoint.interval.ms", Some("5000"), Any, High)
        .doc("How often high watermarks are written to disk (ms)."),
    string("replica.selector.class", None, Any, Medium)
        .doc("How a consumer is sent to the replica nearest to it; only Kafka's rack-aware selector is known."),
    boolean("auto.leader.rebalance.enable", Some("true"), Any, High)
        .doc("Whether preferred leaders get their leadership back by themselves."),
    long("leader.imbalance.check.interval.seconds", Some("300"), AtLeast(1), High)
        .doc("How often leadership is compared with preference (s)."),
    long("unclean.leader.election.interval.ms", Some("300000"), AtLeast(1), Medium)
        .internal()
        .doc("How often leaderless partitions are looked through for an unclean election (ms)."),
    boolean("unclean.leader.election.enable", Some("false"), Any, High)
        .cluster_wide()
        .doc("Whether a replica that may lack records can lead when no other is left."),
    boolean("follower.fetch.last.tiered.offset.enable", Some("false"), Any, Medium)
        .cluster_wide()
        .not_used(reason::TIERED)
        .doc("Whether a new follower starts behind what tiered storage holds."),
];
