//! Windows over which quotas are measured.

use crate::config::definition::Bounds::{Any, AtLeast};
use crate::config::definition::Importance::Low;
use crate::config::definition::{ConfigDef, class, int};
use crate::config::reason;

/// The keys.
pub(super) static DEFS: &[ConfigDef] = &[
    int("quota.window.num", Some("11"), AtLeast(1), Low)
        .doc("Samples over which rates are measured: of new connections; client quotas are not enforced yet."),
    int("quota.window.size.seconds", Some("1"), AtLeast(1), Low).doc("Length of such a sample (s)."),
    int("replication.quota.window.num", Some("11"), AtLeast(1), Low)
        .not_used(reason::WINDOWS)
        .doc("Samples kept for replication quotas."),
    int("replication.quota.window.size.seconds", Some("1"), AtLeast(1), Low)
        .not_used(reason::WINDOWS)
        .doc("Length of a sample for replication quotas (s)."),
    int("alter.log.dirs.replication.quota.window.num", Some("11"), AtLeast(1), Low)
        .not_used(reason::WINDOWS)
        .doc("Samples kept for the quota on moves between directories."),
    int("alter.log.dirs.replication.quota.window.size.seconds", Some("1"), AtLeast(1), Low)
        .not_used(reason::WINDOWS)
        .doc("Length of a sample for the quota on moves between directories (s)."),
    int("controller.quota.window.num", Some("11"), AtLeast(1), Low)
        .not_yet(reason::QUOTAS)
        .doc("Samples kept for quotas on changes of metadata."),
    int("controller.quota.window.size.seconds", Some("1"), AtLeast(1), Low)
        .not_yet(reason::QUOTAS)
        .doc("Length of a sample for quotas on changes of metadata (s)."),
    class("client.quota.callback.class", None, Any, Low).refused(reason::PLUGIN).doc("A class that decides quotas."),
];
