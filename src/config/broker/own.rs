//! Ottla's own keys, and those that Kafka's built-in authorizer reads past Kafka's own table. All are left out of
//! DescribeConfigs unless set, so that a broker looks like Kafka's.

use crate::config::definition::Bounds::Any;
use crate::config::definition::Importance::{High, Medium};
use crate::config::definition::{ConfigDef, boolean, string};
use crate::config::reason;

/// The keys.
pub(super) static DEFS: &[ConfigDef] = &[
    string("cluster.id", None, Any, Medium)
        .internal()
        .doc("The cluster's id, for the first start on empty directories; generated when absent."),
    boolean("ottla.check.compressed.records", Some("false"), Any, Medium)
        .internal()
        .doc("Whether compressed batches are inflated on arrival and their records checked, as Apache Kafka does; costs CPU."),
    string("ottla.http.address", Some("localhost:9404"), Any, Medium)
        .internal()
        .doc("Where `/metrics`, `/livez` and `/readyz` are served, as `host:port`; empty for nowhere."),
    string("super.users", Some(""), Any, High)
        .internal()
        .not_yet(reason::SECURITY)
        .doc("Principals that may do everything, separated by semicolons."),
    boolean("allow.everyone.if.no.acl.found", Some("false"), Any, High)
        .internal()
        .not_yet(reason::SECURITY)
        .doc("Whether a resource without any ACL is open to all."),
];
