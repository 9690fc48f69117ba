//! BrokerHeartbeat (63), versions 0-2. A broker says that it lives, and hears what the controller thinks of it (KIP-631); served on
//! the controllers' listener.
//!
//! - v1: log directories that failed (KIP-858)
//! - v2: log directories that take no new replicas (KIP-1066)

use std::sync::Arc;

use kafka_protocol::messages::broker_heartbeat_response::BrokerHeartbeatResponse;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{Offset, Uuid};
use crate::controller::brokers::{BrokerHeartbeat, HeartbeatReply};
use crate::protocol::extra::brokers::BrokerHeartbeatRequest;
use crate::server::broker_requests;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: BrokerHeartbeatRequest = request.decode()?;
    let (broker_id, broker_epoch) =
        broker_requests::speaks(ctx, &request.connection, body.broker_id, body.broker_epoch);
    let ids = |dirs: &Vec<uuid::Uuid>| dirs.iter().map(|dir| Uuid(dir.into_bytes())).collect();
    let operation = BrokerHeartbeat {
        broker_id,
        broker_epoch,
        metadata_offset: Offset(body.current_metadata_offset),
        want_fence: body.want_fence,
        want_shut_down: body.want_shut_down,
        offline_log_dirs: ids(&body.offline_log_dirs),
        cordoned_log_dirs: body.cordoned_log_dirs.as_ref().map(ids),
    };
    broker_requests::decide(ctx, request, operation, to_wire)
}

fn to_wire(outcome: Result<HeartbeatReply, ErrorCode>) -> BrokerHeartbeatResponse {
    match outcome {
        Ok(reply) => BrokerHeartbeatResponse::default()
            .with_is_caught_up(reply.is_caught_up)
            .with_is_fenced(reply.is_fenced)
            .with_should_shut_down(reply.should_shut_down),
        Err(code) => BrokerHeartbeatResponse::default().with_error_code(code.code()),
    }
}
