//! LeaveGroup (13), versions 0-5. Members leave a classic group.
//!
//! - v3: several at once, static ones by their names (KIP-345)
//! - v4: flexible
//! - v5: why they leave (KIP-800)

use std::sync::Arc;

use kafka_protocol::messages::leave_group_request::LeaveGroupRequest;
use kafka_protocol::messages::leave_group_response::{LeaveGroupResponse, MemberResponse};

use crate::base::error_code::ErrorCode;
use crate::coordinator::group::classic::leave::{LeaveGroup, LeaveReply, Leaving, leave};
use crate::server::context::Context;
use crate::server::group_wire::{answer, optional_shared, optional_text, shared, text};
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

/// From here on several members may leave at once.
const MEMBERS_VERSION_MIN: i16 = 3;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: LeaveGroupRequest = request.decode()?;
    let members = if request.version() < MEMBERS_VERSION_MIN {
        vec![Leaving { member_id: shared(&body.member_id), instance_id: None, reason: None }]
    } else {
        let leaving = body.members.iter().map(|member| Leaving {
            member_id: shared(&member.member_id),
            instance_id: optional_shared(member.group_instance_id.as_ref()),
            reason: optional_shared(member.reason.as_ref()),
        });
        leaving.collect()
    };
    let op = LeaveGroup { group: shared(&body.group_id.0), members };
    let submitted = ctx.groups.submit(&body.group_id.0, |machine, call| leave(machine, call.now, op));
    answer(request, submitted, |request, reply| to_wire(request.version(), reply))
}

fn to_wire(version: i16, reply: Result<LeaveReply, ErrorCode>) -> LeaveGroupResponse {
    let answer = LeaveGroupResponse::default();
    match reply {
        Err(code) => answer.with_error_code(code.code()),
        Ok(reply) if version < MEMBERS_VERSION_MIN => {
            let code = reply.members.first().map_or(ErrorCode::None, |(_, _, code)| *code);
            answer.with_error_code(code.code())
        }
        Ok(reply) => {
            let member = |(id, name, code): &(Arc<str>, Option<Arc<str>>, ErrorCode)| {
                MemberResponse::default()
                    .with_member_id(text(id))
                    .with_group_instance_id(optional_text(name.as_ref()))
                    .with_error_code(code.code())
            };
            answer.with_members(reply.members.iter().map(member).collect())
        }
    }
}
