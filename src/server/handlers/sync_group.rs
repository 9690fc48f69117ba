//! SyncGroup (14), versions 0-5. A member asks what it consumes; the leader says it for all.
//!
//! - v3: static members (KIP-345)
//! - v4: flexible
//! - v5: protocol type and name, to be sure that both mean the same generation

use std::sync::Arc;

use kafka_protocol::messages::sync_group_request::SyncGroupRequest;
use kafka_protocol::messages::sync_group_response::SyncGroupResponse;

use crate::base::error_code::ErrorCode;
use crate::coordinator::group::classic::soft::SyncReply;
use crate::coordinator::group::classic::sync::{SyncGroup, sync};
use crate::machine::outcome::WaiterId;
use crate::server::context::Context;
use crate::server::group_wire::{answer, optional_shared, optional_text, shared};
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

/// From here on the protocol must be named.
const PROTOCOL_VERSION_MIN: i16 = 5;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: SyncGroupRequest = request.decode()?;
    let version = request.version();
    if version >= PROTOCOL_VERSION_MIN && (body.protocol_type.is_none() || body.protocol_name.is_none()) {
        return request.now(&to_wire(version, &SyncReply::error(ErrorCode::InconsistentGroupProtocol)));
    }
    let op = SyncGroup {
        group: shared(&body.group_id.0),
        generation: body.generation_id,
        member_id: shared(&body.member_id),
        instance_id: optional_shared(body.group_instance_id.as_ref()),
        protocol_type: optional_shared(body.protocol_type.as_ref()),
        protocol: optional_shared(body.protocol_name.as_ref()),
        // A copy, so that a member does not hold on to the frame that it came in.
        assignments: body.assignments.iter().map(|it| (shared(&it.member_id), it.assignment.to_vec().into())).collect(),
        waiter: WaiterId(0),
    };
    let submitted = ctx
        .groups
        .submit(&body.group_id.0, |machine, call| sync(machine, call.now, SyncGroup { waiter: call.waiter, ..op }));
    answer(request, submitted, |request, reply| to_wire(request.version(), &reply.unwrap_or_else(SyncReply::error)))
}

fn to_wire(version: i16, reply: &SyncReply) -> SyncGroupResponse {
    let answer =
        SyncGroupResponse::default().with_error_code(reply.error.code()).with_assignment(reply.assignment.clone());
    if version < PROTOCOL_VERSION_MIN {
        return answer;
    }
    answer
        .with_protocol_type(optional_text(reply.protocol_type.as_ref()))
        .with_protocol_name(optional_text(reply.protocol.as_ref()))
}
