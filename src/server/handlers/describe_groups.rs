//! DescribeGroups (15), versions 0-6. Classic groups and their members. A group that is not there, or of another kind, is
//! described as dead.
//!
//! - v3: what the asker may do with it (KIP-430)
//! - v4: static members (KIP-345)
//! - v5: flexible
//! - v6: `GROUP_ID_NOT_FOUND` and a message (KIP-1043)

use std::sync::Arc;

use kafka_protocol::messages::GroupId;
use kafka_protocol::messages::describe_groups_request::DescribeGroupsRequest;
use kafka_protocol::messages::describe_groups_response::{
    DescribeGroupsResponse, DescribedGroup, DescribedGroupMember,
};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::coordinator::group::classic::describe::{DEAD, DescribedMember, Description, NotFound, describe};
use crate::coordinator::group::machine::Outcome;
use crate::server::cluster_view::OPERATIONS_OMITTED;
use crate::server::context::Context;
use crate::server::group_wire::{GROUP_OPERATIONS, optional_text, text};
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

const OPERATIONS_VERSION_MIN: i16 = 3;
const INSTANCE_ID_VERSION_MIN: i16 = 4;
const NOT_FOUND_VERSION_MIN: i16 = 6;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: DescribeGroupsRequest = request.decode()?;
    let ask = |id: &GroupId| {
        let id = id.clone();
        let submitted =
            ctx.groups.submit(&id.0, |machine, _| Ok::<_, ErrorCode>(Outcome::reply(describe(machine, &id.0))));
        (id, submitted)
    };
    let asked: Vec<_> = body.groups.iter().map(ask).collect();
    Ok(Handled::later(async move {
        let mut groups = Vec::with_capacity(asked.len());
        for (id, submitted) in asked {
            let described = match submitted {
                Ok(answer) => answer.reply().await,
                Err(code) => Err(code),
            };
            groups.push(group(request.version(), body.include_authorized_operations, id, described));
        }
        request.respond(&DescribeGroupsResponse::default().with_groups(groups))
    }))
}

fn group(
    version: i16,
    with_operations: bool,
    id: GroupId,
    described: Result<Result<Description, NotFound>, ErrorCode>,
) -> DescribedGroup {
    let name = id.0.clone();
    let mut group = DescribedGroup::default().with_group_id(id);
    match described {
        Err(code) => group.error_code = code.code(),
        Ok(Err(missing)) => {
            group.group_state = text(DEAD);
            if version >= NOT_FOUND_VERSION_MIN {
                group.error_code = missing.code().code();
                group.error_message = Some(StrBytes::from_string(missing.message(&name)));
            }
        }
        Ok(Ok(description)) => {
            group.group_state = text(description.state.name());
            group.protocol_type = text(&description.protocol_type);
            group.protocol_data = text(&description.protocol);
            group.members = description.members.iter().map(|it| member(version, it)).collect();
        }
    }
    if version >= OPERATIONS_VERSION_MIN {
        let tells = with_operations && group.error_code == ErrorCode::None.code();
        group.authorized_operations = if tells { GROUP_OPERATIONS } else { OPERATIONS_OMITTED };
    }
    group
}

fn member(version: i16, member: &DescribedMember) -> DescribedGroupMember {
    let wire = DescribedGroupMember::default()
        .with_member_id(text(&member.member_id))
        .with_client_id(text(&member.client_id))
        .with_client_host(text(&member.client_host))
        .with_member_metadata(member.metadata.clone())
        .with_member_assignment(member.assignment.clone());
    match version >= INSTANCE_ID_VERSION_MIN {
        true => wire.with_group_instance_id(optional_text(member.instance_id.as_ref())),
        false => wire,
    }
}
