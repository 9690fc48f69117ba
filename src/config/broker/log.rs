//! Partition logs: where they lie, when segments roll, what is kept, what is flushed.

use crate::config::definition::Bounds::{Any, AtLeast, Between, Distinct, Elements, GzipLevel, OneOf};
use crate::config::definition::Emptiness::{MayBeEmpty, NotEmpty};
use crate::config::definition::Importance::{High, Low, Medium};
use crate::config::definition::{ConfigDef, boolean, int, list, long, string};
use crate::config::reason;

/// The keys.
pub(super) static DEFS: &[ConfigDef] = &[
    list("log.dirs", None, Distinct(NotEmpty), High)
        .doc("Directories that hold partition logs; overrides `log.dir`. With nothing configured at all, Ottla uses `./data`."),
    list("log.dir", Some("/tmp/kafka-logs"), Distinct(NotEmpty), High)
        .doc("The directory that holds partition logs when `log.dirs` is absent."),
    list("cordoned.log.dirs", Some(""), Distinct(MayBeEmpty), Medium)
        .per_broker()
        .doc("Directories that get no new partitions; `*` means all."),
    int("log.segment.bytes", Some("1073741824"), AtLeast(1_048_576), High)
        .cluster_wide()
        .doc("Size at which a log starts a new segment (bytes)."),
    long("log.roll.ms", None, Any, High)
        .cluster_wide()
        .doc("Age at which a log starts a new segment (ms); `log.roll.hours` when absent."),
    int("log.roll.hours", Some("168"), AtLeast(1), High)
        .doc("Age at which a log starts a new segment (hours)."),
    long("log.roll.jitter.ms", None, Any, High)
        .cluster_wide()
        .doc("Up to how much earlier, at random, a segment rolls (ms); `log.roll.jitter.hours` when absent."),
    int("log.roll.jitter.hours", Some("0"), AtLeast(0), High)
        .doc("Up to how much earlier, at random, a segment rolls (hours)."),
    long("log.retention.ms", None, Any, High)
        .cluster_wide()
        .doc("How long records are kept (ms), -1 for ever; `log.retention.minutes` when absent."),
    int("log.retention.minutes", None, Any, High)
        .doc("How long records are kept (minutes); `log.retention.hours` when absent."),
    int("log.retention.hours", Some("168"), Any, High)
        .doc("How long records are kept (hours)."),
    long("log.retention.bytes", Some("-1"), Any, High)
        .cluster_wide()
        .doc("Size above which a partition's oldest segments are deleted (bytes), -1 for no bound."),
    long("log.retention.check.interval.ms", Some("300000"), AtLeast(1), Medium)
        .doc("How often logs are looked through for segments to delete (ms)."),
    list("log.cleanup.policy", Some("delete"), Elements(MayBeEmpty, &["compact", "delete"]), Medium)
        .cluster_wide()
        .doc("What becomes of old records: `delete`, `compact`, or both."),
    int("log.index.size.max.bytes", Some("10485760"), AtLeast(4), Medium)
        .cluster_wide()
        .doc("Largest offset index of a segment (bytes)."),
    int("log.index.interval.bytes", Some("4096"), AtLeast(0), Medium)
        .cluster_wide()
        .doc("Bytes of records between two index entries."),
    long("log.flush.interval.messages", Some("9223372036854775807"), AtLeast(1), High)
        .cluster_wide()
        .doc("Records after which a log is forced to disk."),
    long("log.flush.interval.ms", None, Any, High)
        .cluster_wide()
        .doc("Age of unforced records at which a log is forced to disk (ms)."),
    long("log.flush.scheduler.interval.ms", Some("9223372036854775807"), Any, High)
        .doc("How often logs are looked through for records due to be forced to disk (ms)."),
    int("log.flush.offset.checkpoint.interval.ms", Some("60000"), AtLeast(0), High)
        .doc("How often the recovery points are written (ms)."),
    int("log.flush.start.offset.checkpoint.interval.ms", Some("60000"), AtLeast(0), High)
        .not_used(reason::LOG_STARTS)
        .doc("How often the log start offsets are written (ms)."),
    long("log.segment.delete.delay.ms", Some("60000"), AtLeast(0), High)
        .cluster_wide()
        .doc("How long a deleted segment's files stay (ms)."),
    boolean("log.preallocate", Some("false"), Any, Medium)
        .cluster_wide()
        .doc("Whether a new segment's file is made at its full size."),
    string("log.message.timestamp.type", Some("CreateTime"), OneOf(&["CreateTime", "LogAppendTime"]), Medium)
        .cluster_wide()
        .doc("Whose clock stamps records: the producer's (`CreateTime`) or the broker's (`LogAppendTime`)."),
    long("log.message.timestamp.before.max.ms", Some("9223372036854775807"), AtLeast(0), Medium)
        .cluster_wide()
        .doc("How far a record's time may lie in the past (ms)."),
    long("log.message.timestamp.after.max.ms", Some("3600000"), AtLeast(0), Medium)
        .cluster_wide()
        .doc("How far a record's time may lie in the future (ms)."),
    long("log.dir.failure.timeout.ms", Some("30000"), AtLeast(1), Low)
        .not_used(reason::FAILED_DIRS)
        .doc("How long a broker with a failed directory may fail to tell the controller before it stops (ms)."),
    long("log.initial.task.delay.ms", Some("30000"), AtLeast(0), Low)
        .internal()
        .not_used(reason::START)
        .doc("How long after the start the first log duties run (ms)."),
    int("message.max.bytes", Some("1048588"), AtLeast(0), High)
        .cluster_wide()
        .doc("Largest batch of records that is taken (bytes, as compressed)."),
    string("compression.type", Some("producer"), OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]), High)
        .cluster_wide()
        .doc("The codec that batches are kept in; `producer` keeps what the producer chose."),
    int("compression.gzip.level", Some("-1"), GzipLevel, Medium)
        .cluster_wide()
        .doc("Level of gzip when the broker compresses; -1 is the codec's own default."),
    int("compression.lz4.level", Some("9"), Between(1, 17), Medium)
        .cluster_wide()
        .doc("Level of lz4 when the broker compresses."),
    int("compression.zstd.level", Some("3"), Between(-131_072, 22), Medium)
        .cluster_wide()
        .doc("Level of zstd when the broker compresses."),
];
