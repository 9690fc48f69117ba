//! RemoveRaftVoter (81), version 0. A voter of the quorum becomes a controller that merely follows it (KIP-853).

use std::sync::Arc;

use kafka_protocol::messages::remove_raft_voter_request::RemoveRaftVoterRequest;
use kafka_protocol::messages::remove_raft_voter_response::RemoveRaftVoterResponse;

use crate::base::ids::{NodeId, Uuid};
use crate::controller::quorum::membership::QuorumChange;
use crate::server::context::{CHANGE_TIMEOUT, Context};
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: RemoveRaftVoterRequest = request.decode()?;
    let wrong = error_map::other_cluster(body.cluster_id.as_deref(), &ctx.cluster_id);
    let directory_id = Uuid(body.voter_directory_id.into_bytes());
    let change = QuorumChange::Remove { id: NodeId(body.voter_id), directory_id };
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let outcome = match wrong {
            Some(wrong) => Err(wrong),
            None => error_map::quorum(ctx.controller.change_quorum(change, CHANGE_TIMEOUT).await),
        };
        let (code, message) = error_map::code_and_message(outcome);
        request.respond(&RemoveRaftVoterResponse::default().with_error_code(code).with_error_message(message))
    }))
}
