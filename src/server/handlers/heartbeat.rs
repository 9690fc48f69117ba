//! Heartbeat (12), versions 0-4. A member of a classic group is alive, and hears whether it must join again.
//!
//! - v3: static members (KIP-345)
//! - v4: flexible

use std::sync::Arc;

use kafka_protocol::messages::heartbeat_request::HeartbeatRequest;
use kafka_protocol::messages::heartbeat_response::HeartbeatResponse;

use crate::base::error_code::ErrorCode;
use crate::coordinator::group::classic::heartbeat::{Heartbeat, heartbeat};
use crate::server::context::Context;
use crate::server::group_wire::{answer, optional_shared, shared};
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: HeartbeatRequest = request.decode()?;
    let op = Heartbeat {
        group: shared(&body.group_id.0),
        generation: body.generation_id,
        member_id: shared(&body.member_id),
        instance_id: optional_shared(body.group_instance_id.as_ref()),
    };
    let submitted = ctx.groups.submit(&body.group_id.0, |machine, call| heartbeat(machine, call.now, op));
    answer(request, submitted, |_, reply| {
        let code = match reply {
            Ok(code) => code,
            // While the group is loaded, a member that is told so would look for another coordinator.
            Err(ErrorCode::CoordinatorLoadInProgress) => ErrorCode::None,
            Err(code) => code,
        };
        HeartbeatResponse::default().with_error_code(code.code())
    })
}
