//! ListGroups: an overview of a classic group.

use std::sync::Arc;

use super::group::ClassicGroup;

/// A group's kind, as Kafka prints it.
pub const TYPE: &str = "Classic";

/// A group in a list; of whichever kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// Its name.
    pub group: Arc<str>,
    /// `consumer`, `connect`, ...; empty where offsets are all that there ever was.
    pub protocol_type: Arc<str>,
    /// Where it stands, as Kafka prints it.
    pub state: &'static str,
    /// Its kind, as Kafka prints it.
    pub kind: &'static str,
}

/// The overview of a group.
pub fn overview(id: &Arc<str>, group: &ClassicGroup) -> Overview {
    Overview {
        group: Arc::clone(id),
        protocol_type: group.head.protocol_type.clone().unwrap_or_else(|| "".into()),
        state: group.head.state.name(),
        kind: TYPE,
    }
}
