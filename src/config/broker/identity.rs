//! Who this process is: roles, ids, the metadata it keeps, what it creates on demand.

use crate::config::definition::Bounds::{Any, AtLeast, Distinct, Elements};
use crate::config::definition::Emptiness::{MayBeEmpty, NotEmpty};
use crate::config::definition::Importance::{High, Low, Medium};
use crate::config::definition::{ConfigDef, boolean, class, int, list, long, string};
use crate::config::reason;

/// The keys.
pub(super) static DEFS: &[ConfigDef] = &[
    list("process.roles", None, Elements(NotEmpty, &["broker", "controller"]), High)
        .doc("What this process does: `broker`, `controller`, or both. Ottla's own default is both."),
    int("node.id", None, AtLeast(0), High)
        .doc("This process's number in the cluster; `broker.id` is its old name. Ottla's own default is 1."),
    int("broker.id", Some("-1"), Any, High).doc("The old name of `node.id`; if both are set they must agree."),
    string("broker.rack", None, Any, Medium)
        .doc("Where this broker stands; replicas of one partition are spread over racks."),
    int("num.partitions", Some("1"), AtLeast(1), Medium)
        .doc("How many partitions a topic gets when its creator names no count."),
    int("default.replication.factor", Some("1"), Any, Medium)
        .doc("How many replicas a topic gets when its creator names no count."),
    boolean("auto.create.topics.enable", Some("true"), Any, High)
        .doc("Whether asking for an unknown topic creates it."),
    boolean("delete.topic.enable", Some("true"), Any, High).doc("Whether topics may be deleted."),
    int("min.insync.replicas", Some("1"), AtLeast(1), High)
        .cluster_wide()
        .doc("How many in-sync replicas must hold a record before `acks=all` is answered."),
    boolean("controlled.shutdown.enable", Some("true"), Any, Medium)
        .not_used(reason::ALWAYS)
        .doc("Whether leadership is handed over before the process ends."),
    list("config.providers", Some(""), Distinct(MayBeEmpty), Low)
        .cluster_wide()
        .refused(reason::PLUGIN)
        .doc("Classes that resolve `${…}` references in values."),
    class("create.topic.policy.class.name", None, Any, Low)
        .refused(reason::PLUGIN)
        .doc("A class that may veto the creation of topics."),
    class("alter.config.policy.class.name", None, Any, Low)
        .refused(reason::PLUGIN)
        .doc("A class that may veto changes of configuration."),
    boolean("unstable.api.versions.enable", Some("false"), Any, High)
        .internal()
        .not_used(reason::UNSTABLE)
        .doc("Offers protocol versions that are not final."),
    boolean("unstable.feature.versions.enable", Some("false"), Any, High)
        .internal()
        .not_used(reason::UNSTABLE)
        .doc("Offers feature levels that are not final."),
    long("server.max.startup.time.ms", Some("9223372036854775807"), AtLeast(0), Medium)
        .internal()
        .not_used(reason::START)
        .doc("How long starting may take (ms)."),
    int("request.timeout.ms", Some("30000"), Any, High).doc("How long this process waits for another's answer (ms)."),
    int("initial.broker.registration.timeout.ms", Some("60000"), Any, Medium)
        .doc("How long a starting broker waits for its first registration (ms)."),
    int("broker.heartbeat.interval.ms", Some("2000"), Any, Medium)
        .doc("How often a broker tells the controller that it lives (ms)."),
    int("broker.session.timeout.ms", Some("9000"), Any, Medium)
        .doc("How long a silent broker keeps its registration (ms)."),
    int("background.threads", Some("10"), AtLeast(1), High)
        .cluster_wide()
        .not_used(reason::THREADS)
        .doc("Threads for background work."),
    int("num.io.threads", Some("8"), AtLeast(1), High)
        .cluster_wide()
        .not_used(reason::THREADS)
        .doc("Threads that handle requests."),
    int("num.network.threads", Some("3"), AtLeast(1), High)
        .cluster_wide()
        .not_used(reason::THREADS)
        .doc("Threads that read and write sockets, for each listener."),
    int("num.recovery.threads.per.data.dir", Some("2"), AtLeast(1), High)
        .cluster_wide()
        .doc("Threads that load and recover one log directory at start."),
    int("num.replica.alter.log.dirs.threads", None, Any, High).doc("Threads that move replicas between directories."),
];
