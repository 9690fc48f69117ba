//! UpdateRaftVoter (82), version 0. A voter tells the leader where it listens now (KIP-853). Nobody passes it on: who is asked and
//! does not lead says who does.

use std::sync::Arc;

use kafka_protocol::messages::BrokerId;
use kafka_protocol::messages::update_raft_voter_request::UpdateRaftVoterRequest;
use kafka_protocol::messages::update_raft_voter_response::{CurrentLeader, UpdateRaftVoterResponse};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{NodeId, Uuid};
use crate::controller::quorum::membership::QuorumChange;
use crate::controller::quorum::voters::{Member, VoterEndpoint};
use crate::controller::quorum_controller::{QuorumController, QuorumStatus};
use crate::metadata::features;
use crate::server::context::Context;
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: UpdateRaftVoterRequest = request.decode()?;
    let wrong = error_map::other_cluster(body.cluster_id.as_deref(), &ctx.cluster_id);
    let Some(local) = ctx.controller.local().cloned() else {
        let code = ErrorCode::NotLeaderOrFollower.code();
        return request.now(&UpdateRaftVoterResponse::default().with_error_code(code));
    };
    Ok(Handled::later(async move {
        let code = match wrong {
            Some(wrong) => wrong.code,
            None => update(&local, body).await.err().unwrap_or(ErrorCode::None),
        };
        let answer = UpdateRaftVoterResponse::default().with_error_code(code.code());
        request.respond(&answer.with_current_leader(current_leader(local.status())))
    }))
}

async fn update(local: &QuorumController, body: UpdateRaftVoterRequest) -> Result<(), ErrorCode> {
    let (named, epoch) = (body.current_leader_epoch, local.status().leader_epoch.0);
    if named != epoch {
        return Err(if named < epoch { ErrorCode::FencedLeaderEpoch } else { ErrorCode::UnknownLeaderEpoch });
    }
    if !local.is_leader() {
        return Err(ErrorCode::NotLeaderOrFollower);
    }
    let (can, level) = (&body.k_raft_version_feature, local.image().features().level(features::KRAFT_VERSION));
    if !(0..=level).contains(&can.min_supported_version) || can.max_supported_version < level {
        return Err(ErrorCode::InvalidRequest);
    }
    let endpoints = body.listeners.into_iter().map(|at| VoterEndpoint {
        name: at.name.to_string(),
        host: at.host.to_string(),
        port: at.port,
    });
    let directory_id = Uuid(body.voter_directory_id.into_bytes());
    let member = Member { directory_id, endpoints: endpoints.collect() };
    let changed = local.change_quorum(QuorumChange::Update { id: NodeId(body.voter_id), member }).await;
    error_map::quorum(changed).map_err(|error| match error.code {
        ErrorCode::NotController => ErrorCode::NotLeaderOrFollower,
        code => code,
    })
}

/// Who leads, and where it listens, as far as this node knows.
fn current_leader(status: QuorumStatus) -> CurrentLeader {
    let leader =
        CurrentLeader::default().with_leader_id(BrokerId(status.leader_id.0)).with_leader_epoch(status.leader_epoch.0);
    match status.listeners.get(&status.leader_id).and_then(|endpoints| endpoints.first()) {
        Some(at) => leader.with_host(StrBytes::from_string(at.host.clone())).with_port(i32::from(at.port)),
        None => leader,
    }
}
