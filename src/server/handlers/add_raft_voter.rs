//! AddRaftVoter (80), versions 0-1. A controller that follows the quorum becomes one of its voters (KIP-853).
//!
//! - v1: whether the answer waits until the change is committed (KIP-1186)

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::add_raft_voter_response::AddRaftVoterResponse;

use crate::base::ids::{NodeId, Uuid};
use crate::controller::quorum::membership::QuorumChange;
use crate::controller::quorum::voters::{Member, VoterEndpoint};
use crate::protocol::extra::brokers::AddRaftVoterRequest;
use crate::server::context::{CHANGE_TIMEOUT, Context};
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: AddRaftVoterRequest = request.decode()?;
    let wrong = error_map::other_cluster(body.cluster_id.as_deref(), &ctx.cluster_id);
    let endpoints = body.listeners.into_iter().map(|at| VoterEndpoint {
        name: at.name.to_string(),
        host: at.host.to_string(),
        port: at.port,
    });
    let directory_id = Uuid(body.voter_directory_id.into_bytes());
    let change = QuorumChange::Add {
        id: NodeId(body.voter_id),
        member: Member { directory_id, endpoints: endpoints.collect() },
        timeout_ms: body.timeout_ms,
        ack_when_committed: body.ack_when_committed,
    };
    let limit = Duration::from_millis(u64::try_from(body.timeout_ms).unwrap_or(0)).max(CHANGE_TIMEOUT);
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let outcome = match wrong {
            Some(wrong) => Err(wrong),
            None => error_map::quorum(ctx.controller.change_quorum(change, limit).await),
        };
        let (code, message) = error_map::code_and_message(outcome);
        request.respond(&AddRaftVoterResponse::default().with_error_code(code).with_error_message(message))
    }))
}
