//! ListGroups: an overview of a classic group.

use std::sync::Arc;

use super::group::ClassicGroup;
use crate::coordinator::group::list::Overview;

/// A group's kind, as Kafka prints it.
pub const TYPE: &str = "classic";

/// The overview of a group.
pub fn overview(id: &Arc<str>, group: &ClassicGroup) -> Overview {
    Overview {
        group: Arc::clone(id),
        protocol_type: group.head.protocol_type.clone().unwrap_or_else(|| "".into()),
        state: group.head.state.name(),
        kind: TYPE,
    }
}
