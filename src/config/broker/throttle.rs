//! Replication throttles: keys that exist only as dynamic ones (KIP-73, KIP-113).

use crate::config::definition::Bounds::AtLeast;
use crate::config::definition::Importance::Medium;
use crate::config::definition::{ConfigDef, long};

const UNBOUNDED: Option<&str> = Some("9223372036854775807");

/// The keys.
pub(super) static DEFS: &[ConfigDef] = &[
    long("leader.replication.throttled.rate", UNBOUNDED, AtLeast(0), Medium)
        .cluster_wide()
        .doc("Bytes that throttled replicas' leaders send to followers in a second."),
    long("follower.replication.throttled.rate", UNBOUNDED, AtLeast(0), Medium)
        .cluster_wide()
        .doc("Bytes that throttled replicas' followers fetch in a second."),
    long("replica.alter.log.dirs.io.max.bytes.per.second", UNBOUNDED, AtLeast(0), Medium)
        .cluster_wide()
        .doc("Bytes that moves between directories may copy in a second."),
];
