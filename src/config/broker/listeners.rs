//! Where clients and other nodes connect, and the bounds on a connection.

use crate::config::definition::Bounds::{Any, AtLeast, Distinct, OneOf};
use crate::config::definition::Emptiness::{MayBeEmpty, NotEmpty};
use crate::config::definition::Importance::{High, Low, Medium};
use crate::config::definition::{ConfigDef, int, list, long, string};
use crate::config::reason;

/// The keys.
pub(super) static DEFS: &[ConfigDef] = &[
    list("listeners", Some("PLAINTEXT://:9092"), Distinct(NotEmpty), High)
        .per_broker()
        .doc("Addresses to bind, as `NAME://host:port`; an empty host binds every interface."),
    list("advertised.listeners", None, Distinct(NotEmpty), High)
        .doc("Addresses told to clients, as `NAME://host:port`; derived from `listeners` when absent."),
    string(
        "listener.security.protocol.map",
        Some("SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT"),
        Any,
        Low,
    )
    .per_broker()
    .doc("Which security protocol each listener name speaks, as `NAME:PROTOCOL`."),
    list("controller.listener.names", None, Distinct(NotEmpty), High)
        .doc("Which listeners the controllers speak on; the first is used to reach them."),
    string("inter.broker.listener.name", None, Any, Medium)
        .doc("The listener on which brokers reach each other; excludes `security.inter.broker.protocol`."),
    string(
        "security.inter.broker.protocol",
        Some("PLAINTEXT"),
        OneOf(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]),
        Medium,
    )
    .doc("The security protocol between brokers; excludes `inter.broker.listener.name`."),
    list("early.start.listeners", None, Distinct(MayBeEmpty), High)
        .not_used(reason::START)
        .doc("Listeners opened before the authorizer is ready."),
    int("socket.send.buffer.bytes", Some("102400"), Any, High)
        .doc("Send buffer of each socket (bytes); -1 leaves it to the system."),
    int("socket.receive.buffer.bytes", Some("102400"), Any, High)
        .doc("Receive buffer of each socket (bytes); -1 leaves it to the system."),
    int("socket.request.max.bytes", Some("104857600"), AtLeast(1), High)
        .doc("Largest request that is read (bytes); a larger one closes the connection."),
    int("socket.listen.backlog.size", Some("50"), AtLeast(1), Medium)
        .doc("Connections the system may hold before they are accepted."),
    int("max.connections.per.ip", Some("2147483647"), AtLeast(0), Medium)
        .cluster_wide()
        .doc("Connections allowed from one address."),
    string("max.connections.per.ip.overrides", Some(""), Any, Medium)
        .cluster_wide()
        .doc("Exceptions to `max.connections.per.ip`, as `host:count`."),
    int("max.connections", Some("2147483647"), AtLeast(0), Medium)
        .cluster_wide()
        .doc("Connections allowed in all; may be set for one listener."),
    int("max.connection.creation.rate", Some("2147483647"), AtLeast(0), Medium)
        .cluster_wide()
        .doc("New connections allowed in a second."),
    long("connections.max.idle.ms", Some("600000"), Any, Medium)
        .doc("A connection silent for this long is closed (ms)."),
    int("connection.failed.authentication.delay.ms", Some("100"), AtLeast(0), Low)
        .not_yet(reason::SECURITY)
        .doc("How long the answer to a failed login is held back (ms)."),
    int("queued.max.requests", Some("500"), AtLeast(1), High)
        .not_used(reason::INLINE)
        .doc("Requests that may wait for a handler thread."),
    long("queued.max.request.bytes", Some("-1"), Any, Medium)
        .not_used(reason::INLINE)
        .doc("Request bytes that may wait for a handler thread."),
    int("controller.socket.timeout.ms", Some("30000"), Any, Medium)
        .not_used(reason::INLINE)
        .doc("Socket time-out on channels to the controller (ms)."),
    long("socket.connection.setup.timeout.ms", Some("10000"), Any, Medium)
        .not_used(reason::DIALLING)
        .doc("First wait for an outgoing connection (ms)."),
    long("socket.connection.setup.timeout.max.ms", Some("30000"), Any, Medium)
        .not_used(reason::DIALLING)
        .doc("Longest wait for an outgoing connection after repeated failures (ms)."),
    int("max.incremental.fetch.session.cache.slots", Some("1000"), AtLeast(0), Medium)
        .doc("Fetch sessions remembered at once."),
    int("fetch.max.bytes", Some("57671680"), AtLeast(1024), Medium).doc("Most bytes that one fetch is answered with."),
    int("max.request.partition.size.limit", Some("2000"), AtLeast(1), Medium)
        .doc("Most partitions that one DescribeTopicPartitions answer holds."),
    int("fetch.purgatory.purge.interval.requests", Some("1000"), Any, Medium)
        .not_used(reason::PURGATORY)
        .doc("How often finished fetches are swept from the waiting list."),
    int("producer.purgatory.purge.interval.requests", Some("1000"), Any, Medium)
        .not_used(reason::PURGATORY)
        .doc("How often finished produces are swept from the waiting list."),
    int("delete.records.purgatory.purge.interval.requests", Some("1"), Any, Medium)
        .not_used(reason::PURGATORY)
        .doc("How often finished deletions are swept from the waiting list."),
    int("share.fetch.purgatory.purge.interval.requests", Some("1000"), Any, Medium)
        .not_used(reason::PURGATORY)
        .doc("How often finished share fetches are swept from the waiting list."),
];
