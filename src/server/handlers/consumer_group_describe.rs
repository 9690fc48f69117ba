//! ConsumerGroupDescribe (69), versions 0-1. Consumer groups, their members, what these own and should own (KIP-848).
//!
//! - v1: which protocol a member speaks (KIP-1099)

use std::sync::Arc;

use kafka_protocol::messages::consumer_group_describe_request::ConsumerGroupDescribeRequest;
use kafka_protocol::messages::consumer_group_describe_response::{
    Assignment, ConsumerGroupDescribeResponse, DescribedGroup, Member, TopicPartitions,
};
use kafka_protocol::messages::{GroupId, TopicName};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::coordinator::group::consumer::describe::{Description, MemberDescription, TopicDescription, describe};
use crate::coordinator::group::machine::Outcome;
use crate::server::cluster_view::OPERATIONS_OMITTED;
use crate::server::context::Context;
use crate::server::group_wire::{GROUP_OPERATIONS, optional_text, serves_consumer_groups, text};
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

const MEMBER_TYPE_VERSION_MIN: i16 = 1;
const CLASSIC_MEMBER: i8 = 0;
const CONSUMER_MEMBER: i8 = 1;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: ConsumerGroupDescribeRequest = request.decode()?;
    let serves = serves_consumer_groups(ctx);
    let ask = |id: &GroupId| {
        let id = id.clone();
        if !serves {
            return (id, Err(ErrorCode::UnsupportedVersion));
        }
        if id.0.is_empty() {
            return (id, Err(ErrorCode::InvalidGroupId));
        }
        let submitted = ctx.groups.submit(&id.0, |machine, _| {
            Ok::<_, ErrorCode>(Outcome::reply(describe(machine, machine.consumer_settings(), &id.0)))
        });
        (id, submitted)
    };
    let asked: Vec<_> = body.group_ids.iter().map(ask).collect();
    Ok(Handled::later(async move {
        let mut groups = Vec::with_capacity(asked.len());
        for (id, submitted) in asked {
            let described = match submitted {
                Ok(answer) => answer.reply().await,
                Err(code) => Err(code),
            };
            groups.push(group(request.version(), body.include_authorized_operations, id, described));
        }
        request.respond(&ConsumerGroupDescribeResponse::default().with_groups(groups))
    }))
}

fn group(
    version: i16,
    with_operations: bool,
    id: GroupId,
    described: Result<Option<Description>, ErrorCode>,
) -> DescribedGroup {
    let name = id.0.clone();
    let group = DescribedGroup::default().with_group_id(id).with_authorized_operations(OPERATIONS_OMITTED);
    match described {
        Err(code) => group.with_error_code(code.code()),
        Ok(None) => group
            .with_error_code(ErrorCode::GroupIdNotFound.code())
            .with_error_message(Some(StrBytes::from_string(format!("there is no consumer group {name}")))),
        Ok(Some(description)) => group
            .with_group_state(text(description.state.name()))
            .with_group_epoch(description.epoch)
            .with_assignment_epoch(description.assignment_epoch)
            .with_assignor_name(text(&description.assignor))
            .with_members(description.members.iter().map(|it| member(version, it)).collect())
            .with_authorized_operations(if with_operations { GROUP_OPERATIONS } else { OPERATIONS_OMITTED }),
    }
}

fn member(version: i16, member: &MemberDescription) -> Member {
    let wire = Member::default()
        .with_member_id(text(&member.id))
        .with_instance_id(optional_text(member.instance_id.as_ref()))
        .with_rack_id(optional_text(member.rack_id.as_ref()))
        .with_member_epoch(member.epoch)
        .with_client_id(text(&member.client_id))
        .with_client_host(text(&member.client_host))
        .with_subscribed_topic_names(member.subscribed_topic_names.iter().map(|it| TopicName(text(it))).collect())
        .with_subscribed_topic_regex(optional_text(member.subscribed_topic_regex.as_ref()))
        .with_assignment(assignment(&member.assignment))
        .with_target_assignment(assignment(&member.target));
    match version >= MEMBER_TYPE_VERSION_MIN {
        true => wire.with_member_type(if member.is_classic { CLASSIC_MEMBER } else { CONSUMER_MEMBER }),
        false => wire,
    }
}

fn assignment(topics: &[TopicDescription]) -> Assignment {
    let topic = |topic: &TopicDescription| {
        TopicPartitions::default()
            .with_topic_id(uuid::Uuid::from_bytes(topic.id.0))
            .with_topic_name(TopicName(text(&topic.name)))
            .with_partitions(topic.partitions.clone())
    };
    Assignment::default().with_topic_partitions(topics.iter().map(topic).collect())
}
