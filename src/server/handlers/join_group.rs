//! JoinGroup (11), versions 0-9. A member of a classic group joins its next generation; the answer comes when all have joined.
//!
//! - v1: a rebalance timeout of its own
//! - v4: a new member is given an id and comes back with it (KIP-394)
//! - v5: static members (KIP-345)
//! - v6: flexible
//! - v7: the protocol type in the answer
//! - v8: why it joins (KIP-800)
//! - v9: a static leader that is back need not assign anew (KIP-814)

use std::sync::Arc;

use kafka_protocol::messages::join_group_request::JoinGroupRequest;
use kafka_protocol::messages::join_group_response::{JoinGroupResponse, JoinGroupResponseMember};
use kafka_protocol::protocol::StrBytes;

use crate::base::ids::Uuid;
use crate::base::random;
use crate::coordinator::group::classic::join::{JoinGroup, join};
use crate::coordinator::group::classic::settings::Settings;
use crate::coordinator::group::classic::soft::{JoinMember, JoinReply};
use crate::machine::outcome::WaiterId;
use crate::server::context::Context;
use crate::server::group_wire::{answer, client_host, optional_shared, optional_text, shared, text};
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

/// From here on a member has a rebalance timeout; before, its session timeout serves.
const REBALANCE_TIMEOUT_VERSION_MIN: i16 = 1;
const MEMBER_ID_REQUIRED_VERSION_MIN: i16 = 4;
const INSTANCE_ID_VERSION_MIN: i16 = 5;
/// From here on the answer has the protocol type, and what is missing is null.
const PROTOCOL_TYPE_VERSION_MIN: i16 = 7;
const SKIP_ASSIGNMENT_VERSION_MIN: i16 = 9;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: JoinGroupRequest = request.decode()?;
    let member_id = body.member_id.clone();
    let op = to_domain(&request, &body);
    let settings = Settings::new(&ctx.config);
    let submitted = ctx.groups.submit(&body.group_id.0, |machine, call| {
        join(machine, call.now, &settings, JoinGroup { waiter: call.waiter, ..op })
    });
    answer(request, submitted, move |request, reply| {
        let version = request.version();
        match reply {
            Ok(reply) => to_wire(version, &reply),
            Err(code) => to_wire(version, &JoinReply::error(code, shared(&member_id))),
        }
    })
}

fn to_domain(request: &Request, body: &JoinGroupRequest) -> JoinGroup {
    let version = request.version();
    let has_rebalance_timeout = version >= REBALANCE_TIMEOUT_VERSION_MIN;
    let mut fresh = Uuid::ZERO;
    if body.member_id.is_empty() {
        fresh = random::uuid();
    }
    JoinGroup {
        group: shared(&body.group_id.0),
        member_id: shared(&body.member_id),
        fresh,
        instance_id: optional_shared(body.group_instance_id.as_ref()),
        client_id: request.client_id().into(),
        client_host: client_host(request.client_host()),
        session_timeout_ms: body.session_timeout_ms,
        rebalance_timeout_ms: if has_rebalance_timeout { body.rebalance_timeout_ms } else { body.session_timeout_ms },
        protocol_type: shared(&body.protocol_type),
        // A copy, so that a member does not hold on to the frame that it came in.
        protocols: body.protocols.iter().map(|it| (shared(&it.name), it.metadata.to_vec().into())).collect(),
        reason: optional_shared(body.reason.as_ref()),
        can_rejoin_with_id: version >= MEMBER_ID_REQUIRED_VERSION_MIN,
        can_skip_assignment: version >= SKIP_ASSIGNMENT_VERSION_MIN,
        waiter: WaiterId(0),
    }
}

fn to_wire(version: i16, reply: &JoinReply) -> JoinGroupResponse {
    let member = |member: &JoinMember| {
        let wire = JoinGroupResponseMember::default()
            .with_member_id(text(&member.member_id))
            .with_metadata(member.metadata.clone());
        match version >= INSTANCE_ID_VERSION_MIN {
            true => wire.with_group_instance_id(optional_text(member.instance_id.as_ref())),
            false => wire,
        }
    };
    let has_type = version >= PROTOCOL_TYPE_VERSION_MIN;
    let protocol = optional_text(reply.protocol.as_ref());
    let answer = JoinGroupResponse::default()
        .with_error_code(reply.error.code())
        .with_generation_id(reply.generation)
        .with_protocol_name(if has_type { protocol } else { protocol.or(Some(StrBytes::default())) })
        .with_leader(reply.leader.as_deref().map(text).unwrap_or_default())
        .with_member_id(text(&reply.member_id))
        .with_members(reply.members.iter().map(member).collect());
    let answer = if has_type { answer.with_protocol_type(optional_text(reply.protocol_type.as_ref())) } else { answer };
    if reply.skip_assignment { answer.with_skip_assignment(true) } else { answer }
}
