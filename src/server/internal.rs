//! What other nodes of the cluster ask on the controllers' listener (`protocol/internal.rs`), and what the end of their
//! connections tells.
//!
//! Each question is worked on apart, so that one which waits (an entry to be agreed on, metadata to come) does not keep those
//! behind it waiting for more than the order of the answers.

use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;

use crate::base::error_code::ErrorCode;
use crate::controller::operation::{self, Operation};
use crate::controller::quorum::membership::QuorumChange;
use crate::controller::quorum::network::RaftCall;
use crate::controller::quorum_controller::{ControllerError, QuorumController};
use crate::peer::{identify, leader_hint, metadata_follower, probe};
use crate::protocol::internal::{self, Identity, InternalApi, InternalRequest};
use crate::server::connection_info::{ConnectedNode, ConnectionInfo};
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::Refusal;

/// An answer's error and payload.
type Outcome = (ErrorCode, Vec<u8>);

/// Hands one frame to what it asks for.
pub fn handle(ctx: &Arc<Context>, connection: &Rc<ConnectionInfo>, frame: Bytes) -> Result<Handled, Refusal> {
    let request = internal::parse_request(frame).map_err(|error| Refusal::NotServed(error.to_string()))?;
    let correlation_id = request.correlation_id;
    let ours = &ctx.controller.identity().cluster_id;
    if request.api != InternalApi::Identify && request.from.cluster_id != *ours {
        tracing::warn!(
            peer = %connection.peer, theirs = request.from.cluster_id, "a node of another cluster speaks to this one"
        );
        return answer_with(ctx, correlation_id, (ErrorCode::InconsistentClusterId, Vec::new()));
    }
    let Some(local) = ctx.controller.local().cloned() else {
        return answer_with(ctx, correlation_id, (ErrorCode::NotController, Vec::new()));
    };
    remember(connection, &request);
    let cluster_id = ours.clone();
    let work = async move { answer(&local, &cluster_id, request).await };
    Ok(later(ctx, correlation_id, work))
}

fn respond(
    ctx: &Context,
    correlation_id: i32,
    (error, payload): Outcome,
) -> Result<crate::protocol::response::Response, Refusal> {
    internal::encode_answer(correlation_id, error, ctx.controller.identity(), &payload)
        .ok_or_else(|| Refusal::NotServed("the answer does not fit a frame".to_owned()))
}

fn answer_with(ctx: &Context, correlation_id: i32, outcome: Outcome) -> Result<Handled, Refusal> {
    respond(ctx, correlation_id, outcome).map(Handled::Now)
}

fn later(ctx: &Arc<Context>, correlation_id: i32, work: impl Future<Output = Outcome> + 'static) -> Handled {
    let ctx = Arc::clone(ctx);
    let working = tokio::task::spawn_local(work);
    Handled::later(async move {
        let outcome = working.await.unwrap_or((ErrorCode::UnknownServerError, Vec::new()));
        respond(&ctx, correlation_id, outcome)
    })
}

/// Who it is whose end the end of this connection would tell. A broker is known by its own requests (`broker_requests`).
fn remember(connection: &ConnectionInfo, request: &InternalRequest) {
    if request.api == InternalApi::RaftAppend {
        *connection.node.borrow_mut() = Some(ConnectedNode::Leader(request.from.node_id));
    }
}

async fn answer(local: &QuorumController, cluster_id: &str, request: InternalRequest) -> Outcome {
    let from = &request.from;
    match request.api {
        InternalApi::Identify => {
            (ErrorCode::None, identify::put(cluster_id, local.is_founded().await, &local.voters()))
        }
        InternalApi::RaftAppend => raft(local, from, RaftCall::Append, &request.payload).await,
        InternalApi::RaftPreVote => raft(local, from, RaftCall::PreVote, &request.payload).await,
        InternalApi::RaftVote => raft(local, from, RaftCall::Vote, &request.payload).await,
        InternalApi::RaftSnapshot => raft(local, from, RaftCall::Snapshot, &request.payload).await,
        InternalApi::Operation => match operation::decode::<Operation>(&request.payload) {
            Ok(operation) => (ErrorCode::None, operation::encode(&local.submit_any(operation).await)),
            Err(error) => {
                tracing::warn!(node = %from.node_id, %error, "an operation cannot be read");
                (ErrorCode::InvalidRequest, Vec::new())
            }
        },
        InternalApi::ChangeQuorum => match operation::decode::<QuorumChange>(&request.payload) {
            Ok(change) => (ErrorCode::None, operation::encode(&local.change_quorum(change).await)),
            Err(error) => {
                tracing::warn!(node = %from.node_id, %error, "a change of the quorum cannot be read");
                (ErrorCode::InvalidRequest, Vec::new())
            }
        },
        InternalApi::FollowMetadata => match metadata_follower::follow_of(&request.payload) {
            Some((after, wait)) => given(local, local.follow(from.node_id, from.directory_id, after, wait).await),
            None => (ErrorCode::InvalidRequest, Vec::new()),
        },
        InternalApi::FetchImage => match metadata_follower::fetch_of(&request.payload) {
            Some((end, position)) => given(local, local.fetch_image(end, position).await),
            None => (ErrorCode::InvalidRequest, Vec::new()),
        },
        InternalApi::QuorumStatus if local.is_leader() => (ErrorCode::None, operation::encode(&local.status())),
        InternalApi::QuorumStatus => not_controller(local),
    }
}

async fn raft(local: &QuorumController, sender: &Identity, call: RaftCall, payload: &[u8]) -> Outcome {
    match local.raft(sender.node_id, sender.directory_id, call, payload).await {
        Ok(answer) => (ErrorCode::None, answer),
        Err(error) => {
            tracing::warn!(node = %sender.node_id, ?call, %error, "a question of the quorum is refused");
            (ErrorCode::InvalidRequest, Vec::new())
        }
    }
}

fn given(local: &QuorumController, answer: Result<Vec<u8>, ControllerError>) -> Outcome {
    match answer {
        Ok(payload) => (ErrorCode::None, payload),
        Err(ControllerError::NotController { .. }) => not_controller(local),
        Err(_) => (ErrorCode::UnknownServerError, Vec::new()),
    }
}

fn not_controller(local: &QuorumController) -> Outcome {
    (ErrorCode::NotController, leader_hint::put(local.leader(), &local.voters()))
}

/// The connection of a node has ended. Whether the node has, its ports tell.
pub async fn connection_ended(ctx: &Arc<Context>, node: ConnectedNode) {
    let Some(local) = ctx.controller.local() else { return };
    match node {
        ConnectedNode::Broker(id) => local.connection_lost(id),
        ConnectedNode::Leader(id) => {
            let Some((_, at)) = ctx.controller.others().into_iter().find(|(other, _)| *other == id) else { return };
            if probe::is_refused(at.host.clone(), at.port).await {
                tracing::info!(voter = %id, "the process of the active controller is gone");
                local.voter_is_gone(id);
            }
        }
    }
}
