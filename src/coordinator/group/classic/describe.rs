//! DescribeGroups: a classic group and its members.

use std::sync::Arc;

use bytes::Bytes;

use super::group::State;
use crate::base::error_code::ErrorCode;
use crate::coordinator::group::machine::{Group, GroupMachine};
use crate::coordinator::group::record::MemberId;

/// The state that Kafka prints for a group that there is not.
pub const DEAD: &str = "Dead";

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Where it stands.
    pub state: State,
    /// `consumer`, `connect`, ...; empty where offsets are all that there ever was.
    pub protocol_type: Arc<str>,
    /// The assignor; empty unless the group is stable.
    pub protocol: Arc<str>,
    /// Its members.
    pub members: Vec<DescribedMember>,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DescribedMember {
    /// Its id.
    pub member_id: MemberId,
    /// Its static name.
    pub instance_id: Option<Arc<str>>,
    /// What the client calls itself.
    pub client_id: Arc<str>,
    /// Where it connects from.
    pub client_host: Arc<str>,
    /// What it tells the assignor; empty unless the group is stable.
    pub metadata: Bytes,
    /// What it consumes.
    pub assignment: Bytes,
}

/// Describes a classic group. Of other kinds the classic API knows nothing, whatever their members speak.
pub fn describe(machine: &GroupMachine, group: &str) -> Result<Description, NotFound> {
    let group = match machine.groups.get(group) {
        Some(Group::Classic(group)) => group,
        Some(Group::Consumer(_)) => return Err(NotFound::NotClassic),
        None => return Err(NotFound::Unknown),
    };
    let nothing: Arc<str> = "".into();
    let head = &group.head;
    let protocol = head.protocol.clone().filter(|_| head.state == State::Stable);
    let members = group.members().map(|member| DescribedMember {
        member_id: member.id.clone(),
        instance_id: member.instance_id.clone(),
        client_id: member.client_id.clone(),
        client_host: member.client_host.clone(),
        metadata: protocol.as_deref().and_then(|protocol| member.metadata(protocol)).cloned().unwrap_or_default(),
        assignment: member.assignment.clone(),
    });
    Ok(Description {
        state: head.state,
        protocol_type: head.protocol_type.clone().unwrap_or_else(|| nothing.clone()),
        members: members.collect(),
        protocol: protocol.unwrap_or(nothing),
    })
}

/// Why there is no description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotFound {
    /// There is no such group.
    Unknown,
    /// The group is of another kind.
    NotClassic,
}

impl NotFound {
    /// The code; old versions of the API tell only the state [`DEAD`].
    pub fn code(self) -> ErrorCode {
        ErrorCode::GroupIdNotFound
    }

    /// The words of Kafka.
    pub fn message(self, group: &str) -> String {
        match self {
            Self::Unknown => format!("there is no group {group}"),
            Self::NotClassic => format!("group {group} does not speak the classic protocol"),
        }
    }
}
