//! ConsumerGroupDescribe and DescribeGroups: who is in a group, and what each member reads.
//!
//! Which of the two protocols a group speaks is not known before: the newer request is sent first, as Kafka's admin client does,
//! and a group that is not found so is asked for as a classic one.

use kafka_protocol::messages::consumer_group_describe_response::{Assignment, DescribedGroup};
use kafka_protocol::messages::describe_groups_response::DescribedGroup as ClassicGroup;
use kafka_protocol::messages::{ConsumerGroupDescribeRequest, DescribeGroupsRequest, GroupId};

use super::coordinator::{self, Key};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{NodeId, PartitionIndex};
use crate::coordinator::group::consumer::consumer_protocol;
use crate::peer::client::{Client, Retry};
use crate::peer::connection::Connection;
use crate::peer::error::PeerError;
use crate::peer::wire;

/// A group.
#[derive(Debug, Clone)]
pub struct GroupDescription {
    /// Its id.
    pub id: String,
    /// `classic` or `consumer`.
    pub kind: &'static str,
    /// `Stable`, `Empty` and so on.
    pub state: String,
    /// Who divides the partitions: an assignor's name, or nothing.
    pub assignor: String,
    /// The epoch of a group of the newer protocol.
    pub epoch: Option<i32>,
    /// The epoch of its target assignment.
    pub target_epoch: Option<i32>,
    /// The broker that coordinates it.
    pub coordinator: NodeId,
    /// Its members.
    pub members: Vec<MemberDescription>,
}

/// A member.
#[derive(Debug, Clone)]
pub struct MemberDescription {
    /// Its id.
    pub id: String,
    /// Its `group.instance.id`, if it is static.
    pub instance_id: Option<String>,
    /// Its client's name.
    pub client_id: String,
    /// Where it connects from.
    pub host: String,
    /// Its epoch, in a group of the newer protocol.
    pub epoch: Option<i32>,
    /// What it reads now.
    pub assignment: Vec<(String, PartitionIndex)>,
    /// What it shall read, where the protocol tells.
    pub target: Option<Vec<(String, PartitionIndex)>>,
}

/// Describes a group; one that does not exist is refused with GROUP_ID_NOT_FOUND.
pub async fn describe_group(client: &Client, group: &str, retry: &mut Retry) -> Result<GroupDescription, PeerError> {
    coordinator::ask(client, Key::Group(group), retry, async |node, connection| {
        match consumer(node, connection, group).await {
            Err(PeerError::Unsupported { .. }) => classic(node, connection, group).await,
            Err(error) if matches!(error.code(), Some(ErrorCode::GroupIdNotFound | ErrorCode::UnsupportedVersion)) => {
                classic(node, connection, group).await
            }
            other => other,
        }
    })
    .await
}

fn describing(group: &str) -> impl Fn() -> String + '_ {
    move || format!("describe group {group:?}")
}

fn not_mentioned(group: &str) -> PeerError {
    let message = Some("the answer does not mention it".to_string());
    PeerError::refused(describing(group)(), ErrorCode::UnknownServerError, message)
}

async fn consumer(node: NodeId, connection: &Connection, group: &str) -> Result<GroupDescription, PeerError> {
    let request = ConsumerGroupDescribeRequest::default().with_group_ids(vec![GroupId(wire::text(group))]);
    let answer = connection.call(&request).await?;
    let found = answer.groups.into_iter().next().ok_or_else(|| not_mentioned(group))?;
    wire::check(found.error_code, found.error_message.as_ref(), describing(group))?;
    Ok(of_consumer(node, found))
}

fn of_consumer(node: NodeId, found: DescribedGroup) -> GroupDescription {
    let member = |member: kafka_protocol::messages::consumer_group_describe_response::Member| MemberDescription {
        id: member.member_id.to_string(),
        instance_id: wire::string(member.instance_id.as_ref()),
        client_id: member.client_id.to_string(),
        host: member.client_host.to_string(),
        epoch: Some(member.member_epoch),
        assignment: partitions(&member.assignment),
        target: Some(partitions(&member.target_assignment)),
    };
    GroupDescription {
        id: found.group_id.0.to_string(),
        kind: "consumer",
        state: found.group_state.to_string(),
        assignor: found.assignor_name.to_string(),
        epoch: Some(found.group_epoch),
        target_epoch: Some(found.assignment_epoch),
        coordinator: node,
        members: found.members.into_iter().map(member).collect(),
    }
}

fn partitions(assignment: &Assignment) -> Vec<(String, PartitionIndex)> {
    let of = |topic: &kafka_protocol::messages::consumer_group_describe_response::TopicPartitions| {
        let name = topic.topic_name.0.to_string();
        topic.partitions.iter().map(|p| (name.clone(), PartitionIndex(*p))).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = assignment.topic_partitions.iter().flat_map(of).collect();
    all.sort();
    all
}

async fn classic(node: NodeId, connection: &Connection, group: &str) -> Result<GroupDescription, PeerError> {
    let request = DescribeGroupsRequest::default().with_groups(vec![GroupId(wire::text(group))]);
    let answer = connection.call(&request).await?;
    let found = answer.groups.into_iter().next().ok_or_else(|| not_mentioned(group))?;
    wire::check(found.error_code, found.error_message.as_ref(), describing(group))?;
    // Brokers before version 6 of the answer say of a group that is not there that it is dead.
    if &*found.group_state == "Dead" {
        return Err(PeerError::refused(describing(group)(), ErrorCode::GroupIdNotFound, None));
    }
    Ok(of_classic(node, found))
}

fn of_classic(node: NodeId, found: ClassicGroup) -> GroupDescription {
    // What other kinds of members (Kafka Connect's workers) are given is theirs alone to read.
    let of_consumers = &*found.protocol_type == "consumer";
    let member = |member: kafka_protocol::messages::describe_groups_response::DescribedGroupMember| MemberDescription {
        id: member.member_id.to_string(),
        instance_id: wire::string(member.group_instance_id.as_ref()),
        client_id: member.client_id.to_string(),
        host: member.client_host.to_string(),
        epoch: None,
        assignment: if of_consumers { classic_partitions(&member.member_assignment) } else { Vec::new() },
        target: None,
    };
    GroupDescription {
        id: found.group_id.0.to_string(),
        kind: "classic",
        state: found.group_state.to_string(),
        assignor: found.protocol_data.to_string(),
        epoch: None,
        target_epoch: None,
        coordinator: node,
        members: found.members.into_iter().map(member).collect(),
    }
}

/// Of a member that has none yet the assignment is empty; one that cannot be read counts as none.
fn classic_partitions(bytes: &[u8]) -> Vec<(String, PartitionIndex)> {
    let (topics, _) = consumer_protocol::decode_assignment(bytes).unwrap_or_default();
    let of = |(topic, partitions): (std::sync::Arc<str>, Vec<i32>)| {
        partitions.into_iter().map(|p| (topic.to_string(), PartitionIndex(p))).collect::<Vec<_>>()
    };
    let mut all: Vec<_> = topics.into_iter().flat_map(of).collect();
    all.sort();
    all
}
