//! Why a key has no meaning here, in words for the warning that setting it gives.

/// Leadership is always handed over at a clean stop.
pub(super) const ALWAYS: &str = "Ottla always does this at a clean stop";
/// Versions that are not final are never offered.
pub(super) const UNSTABLE: &str = "Ottla offers final versions only";
/// Nothing at start takes long enough to be steered.
pub(super) const START: &str = "Ottla opens its listeners when it is ready, without phases";
/// There are no pools to size.
pub(super) const THREADS: &str = "Ottla runs one event loop per core and sizes its few threads itself";
/// Every transaction has a timer.
pub(super) const DEADLINES: &str = "an overdue transaction is aborted when it is due";
/// Requests run where they arrive.
pub(super) const INLINE: &str = "requests run to completion where they arrive; there is no such queue or buffer";
/// Waiting requests are awaited, not kept in a list.
pub(super) const PURGATORY: &str = "Ottla keeps no list of waiting requests that would need sweeping";
/// The consensus is another one.
pub(super) const RAFT: &str = "the controllers' Raft works by heartbeats that need no records";
/// So is its timing.
pub(super) const RHYTHM: &str = "the controllers' Raft has sizes and pauses of its own; how soon a lost leader is replaced is set by \
     `controller.quorum.fetch.timeout.ms` and `controller.quorum.election.timeout.ms`";
/// What the metadata log is cut back by.
pub(super) const SNAPSHOTS: &str = "one metadata snapshot is kept, and the log before it is removed but for its end; how often one is made is set by \
     `metadata.log.max.record.bytes.between.snapshots` and `metadata.log.max.snapshot.interval.ms`";
/// Nodes dial each other in their own way.
pub(super) const DIALLING: &str = "nodes give an attempt to connect the time that the request has";
/// Sockets towards leaders.
pub(super) const SOCKETS: &str = "the operating system sizes what followers receive into";
/// One file is written with the other.
pub(super) const LOG_STARTS: &str =
    "log starts are written with the recovery points (`log.flush.offset.checkpoint.interval.ms`)";
/// A failed directory.
pub(super) const FAILED_DIRS: &str =
    "a failed directory is told with every heartbeat until the controller has heard of it";
/// Rates over the whole time.
pub(super) const WINDOWS: &str = "this rate is held by a bucket that refills, without samples";
/// Metrics that clients push.
pub(super) const TELEMETRY: &str =
    "metrics that clients push (KIP-714) are not taken yet; subscriptions are only stored";
/// Knobs of Kafka's own test suite.
pub(super) const TESTING: &str = "it serves Kafka's own tests";
/// Metrics are counted and exposed another way.
pub(super) const METRICS: &str =
    "metrics are exposed for Prometheus on `ottla.http.address`, which keeps its own windows";
/// Java classes that export metrics.
pub(super) const PLUGIN_METRICS: &str = "Java classes cannot be loaded; scrape `ottla.http.address` for metrics";
/// Java classes that decide something.
pub(super) const PLUGIN: &str =
    "Java classes cannot be loaded, and leaving this one out would change what the server does";
/// Details of a Java runtime.
pub(super) const JVM: &str = "it chooses among parts of a Java runtime, and there is none here";
/// Kerberos.
pub(super) const KERBEROS: &str = "GSSAPI is not supported; use SCRAM, PLAIN or OAUTHBEARER";
/// Tiered storage.
pub(super) const TIERED: &str = "tiered storage is not supported";
/// Kinds of groups that are not consumer groups.
pub(super) const GROUPS: &str = "share groups and streams groups are not built yet";
/// Quotas.
pub(super) const QUOTAS: &str = "quotas of clients are stored but not enforced yet";
/// Security.
pub(super) const SECURITY: &str = "listeners other than PLAINTEXT and authorization are not built yet";
/// Authorization.
pub(super) const AUTHORIZER: &str = "authorization is not built yet, and leaving it out would open the broker to all";
