//! The words between the offsets' records: steps that are not appended, and timers.

use std::sync::Arc;

use crate::base::ids::Uuid;
use crate::coordinator::group::record::GroupId;

/// A step that is not appended.
#[derive(Debug, Clone)]
pub enum Soft {
    /// The search for expired offsets is here now; none: it is done.
    Sweep(Option<Sweep>),
    /// These topics are gone.
    Deleted(Arc<[DeletedTopic]>),
    /// The offsets of the first topic that is gone are gone as well.
    Forgotten,
}

/// A search for expired offsets: which groups there were when it began, and how many of them are done.
#[derive(Debug, Clone)]
pub struct Sweep {
    /// The groups.
    pub groups: Arc<[GroupId]>,
    /// The first of them that is not done.
    pub at: usize,
}

/// A topic that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedTopic {
    /// Its name; there may be another topic of that name by now.
    pub name: Arc<str>,
    /// Its id.
    pub id: Uuid,
}

/// What the offsets wait for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Looking for offsets that have expired (`offsets.retention.check.interval.ms`).
    Expire,
    /// Going on with it: others had their turn.
    Sweep,
    /// Going on with removing the offsets of topics that are gone.
    Forget,
}
