//! Transactions and idempotent producers.

use crate::config::definition::Bounds::{Any, AtLeast};
use crate::config::definition::Importance::{High, Low};
use crate::config::definition::{ConfigDef, boolean, int, short};
use crate::config::reason;

/// The keys.
pub(super) static DEFS: &[ConfigDef] = &[
    int("transaction.state.log.min.isr", Some("2"), AtLeast(1), High)
        .doc("In-sync replicas that a write to the transaction topic needs."),
    int("transaction.state.log.load.buffer.size", Some("5242880"), AtLeast(1), High)
        .not_used(reason::INLINE)
        .doc("Bytes read at a time when transactions are loaded."),
    short("transaction.state.log.replication.factor", Some("3"), AtLeast(1), High)
        .doc("Replicas of the transaction topic. Where it is not set, no more than there are brokers."),
    int("transaction.state.log.num.partitions", Some("50"), AtLeast(1), High)
        .doc("Partitions of the transaction topic; must not change once it exists."),
    int("transaction.state.log.segment.bytes", Some("104857600"), AtLeast(1), High)
        .doc("Segment size of the transaction topic (bytes)."),
    boolean("transaction.partition.verification.enable", Some("true"), Any, Low)
        .cluster_wide()
        .doc("Whether a partition asks the coordinator before it takes transactional records."),
    int("transactional.id.expiration.ms", Some("604800000"), AtLeast(1), High)
        .doc("How long an unused transactional id is remembered (ms)."),
    int("transaction.max.timeout.ms", Some("900000"), AtLeast(1), High)
        .doc("Longest transaction that a producer may ask for (ms)."),
    int("transaction.abort.timed.out.transaction.cleanup.interval.ms", Some("10000"), AtLeast(1), Low)
        .not_used(reason::DEADLINES)
        .doc("How often overdue transactions are aborted (ms)."),
    int("transaction.remove.expired.transaction.cleanup.interval.ms", Some("3600000"), AtLeast(1), Low)
        .doc("How often expired transactional ids are dropped (ms)."),
    boolean("transaction.two.phase.commit.enable", Some("false"), Any, Low)
        .doc("Whether a producer may leave its transactions to an outer coordinator (KIP-939)."),
    int("producer.id.expiration.ms", Some("86400000"), AtLeast(1), Low)
        .cluster_wide()
        .doc("How long an idle producer id is remembered by a partition (ms)."),
    int("producer.id.expiration.check.interval.ms", Some("600000"), AtLeast(1), Low)
        .internal()
        .doc("How often idle producer ids are looked for (ms)."),
    int("add.partitions.to.txn.retry.backoff.max.ms", Some("100"), AtLeast(0), High)
        .doc("Longest time a broker retries adding a partition to a transaction (ms)."),
    int("add.partitions.to.txn.retry.backoff.ms", Some("20"), AtLeast(1), High).doc("Pause between such retries (ms)."),
];
