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
/// Multi-node operation.
pub(super) const CLUSTER: &str = "it takes effect with more than one node, which this version does not run yet";
/// Kinds of groups that are not consumer groups.
pub(super) const GROUPS: &str = "share groups and streams groups are not built yet";
/// Quotas.
pub(super) const QUOTAS: &str = "quotas are stored but not enforced yet";
/// Security.
pub(super) const SECURITY: &str = "listeners other than PLAINTEXT and authorization are not built yet";
/// Authorization.
pub(super) const AUTHORIZER: &str = "authorization is not built yet, and leaving it out would open the broker to all";
