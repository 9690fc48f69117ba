//! Topic keys: one definition each. What they resolve to is `topic`'s work.

use super::definition::Bounds::{Any, AtLeast, Between, BetweenF, Elements, GzipLevel, OneOf, ThrottledReplicas};
use super::definition::Emptiness::MayBeEmpty;
use super::definition::Importance::Medium;
use super::definition::{ConfigDef, boolean, double, int, list, long, string};
use super::reason;

/// The keys.
pub(super) static DEFS: &[ConfigDef] = &[
    int("segment.bytes", Some("1073741824"), AtLeast(1_048_576), Medium)
        .doc("Size at which the log starts a new segment (bytes)."),
    long("segment.ms", Some("604800000"), AtLeast(1), Medium).doc("Age at which the log starts a new segment (ms)."),
    long("segment.jitter.ms", Some("0"), AtLeast(0), Medium)
        .doc("Up to how much earlier, at random, a segment rolls (ms)."),
    int("segment.index.bytes", Some("10485760"), AtLeast(4), Medium).doc("Largest offset index of a segment (bytes)."),
    long("flush.messages", Some("9223372036854775807"), AtLeast(1), Medium)
        .doc("Records after which the log is forced to disk; 1 forces every append."),
    long("flush.ms", Some("9223372036854775807"), AtLeast(0), Medium)
        .doc("Age of unforced records at which the log is forced to disk (ms)."),
    long("retention.bytes", Some("-1"), Any, Medium)
        .doc("Size above which a partition's oldest segments are deleted (bytes); -1 for no bound."),
    long("retention.ms", Some("604800000"), AtLeast(-1), Medium).doc("How long records are kept (ms); -1 for ever."),
    int("max.message.bytes", Some("1048588"), AtLeast(0), Medium)
        .doc("Largest batch of records that is taken (bytes, as compressed)."),
    int("index.interval.bytes", Some("4096"), AtLeast(0), Medium).doc("Bytes of records between two index entries."),
    long("delete.retention.ms", Some("86400000"), AtLeast(0), Medium)
        .doc("How long a tombstone outlives compaction (ms)."),
    long("min.compaction.lag.ms", Some("0"), AtLeast(0), Medium)
        .doc("How long a record stays safe from compaction (ms)."),
    long("max.compaction.lag.ms", Some("9223372036854775807"), AtLeast(1), Medium)
        .doc("How long a record may wait for compaction (ms)."),
    long("file.delete.delay.ms", Some("60000"), AtLeast(0), Medium)
        .doc("How long a deleted segment's files stay (ms)."),
    double("min.cleanable.dirty.ratio", Some("0.5"), BetweenF(0.0, 1.0), Medium)
        .doc("Share of the log that must be dirty before it is compacted."),
    list("cleanup.policy", Some("delete"), Elements(MayBeEmpty, &["compact", "delete"]), Medium)
        .doc("What becomes of old records: `delete`, `compact`, both, or nothing when empty."),
    boolean("unclean.leader.election.enable", Some("false"), Any, Medium)
        .doc("Whether a replica that may lack records can lead when no other is left."),
    int("min.insync.replicas", Some("1"), AtLeast(1), Medium)
        .doc("How many in-sync replicas must hold a record before `acks=all` is answered."),
    string(
        "compression.type",
        Some("producer"),
        OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]),
        Medium,
    )
    .doc("The codec that batches are kept in; `producer` keeps what the producer chose."),
    int("compression.gzip.level", Some("-1"), GzipLevel, Medium)
        .doc("Level of gzip when the broker compresses; -1 is the codec's own default."),
    int("compression.lz4.level", Some("9"), Between(1, 17), Medium).doc("Level of lz4 when the broker compresses."),
    int("compression.zstd.level", Some("3"), Between(-131_072, 22), Medium)
        .doc("Level of zstd when the broker compresses."),
    boolean("preallocate", Some("false"), Any, Medium).doc("Whether a new segment's file is made at its full size."),
    string("message.timestamp.type", Some("CreateTime"), OneOf(&["CreateTime", "LogAppendTime"]), Medium)
        .doc("Whose clock stamps records: the producer's (`CreateTime`) or the broker's (`LogAppendTime`)."),
    long("message.timestamp.before.max.ms", Some("9223372036854775807"), AtLeast(0), Medium)
        .doc("How far a record's time may lie in the past (ms)."),
    long("message.timestamp.after.max.ms", Some("3600000"), AtLeast(0), Medium)
        .doc("How far a record's time may lie in the future (ms)."),
    list("leader.replication.throttled.replicas", Some(""), ThrottledReplicas, Medium)
        .doc("Replicas whose leaders obey the replication quota."),
    list("follower.replication.throttled.replicas", Some(""), ThrottledReplicas, Medium)
        .doc("Replicas whose followers obey the replication quota."),
    boolean("remote.storage.enable", Some("false"), Any, Medium)
        .refused(reason::TIERED)
        .doc("Whether old segments move to remote storage."),
    long("local.retention.ms", Some("-2"), AtLeast(-2), Medium)
        .not_used(reason::TIERED)
        .doc("How long tiered records stay on the broker's disk (ms); -2 follows retention."),
    long("local.retention.bytes", Some("-2"), AtLeast(-2), Medium)
        .not_used(reason::TIERED)
        .doc("How many tiered bytes stay on the broker's disk; -2 follows retention."),
    boolean("remote.log.copy.disable", Some("false"), Any, Medium)
        .not_used(reason::TIERED)
        .doc("Stops copying to remote storage while reading from it goes on."),
    boolean("remote.log.delete.on.disable", Some("false"), Any, Medium)
        .not_used(reason::TIERED)
        .doc("Whether switching tiered storage off deletes what it holds."),
    int("internal.segment.bytes", None, Any, Medium)
        .internal()
        .doc("Overrides `segment.bytes` below its lowest value; for tests."),
];
