//! DescribeCluster (60), versions 0-2. The cluster's id, its brokers, and a controller to turn to (KIP-700).
//!
//! - v1: what kind of endpoint is asked, brokers or controllers (KIP-919)
//! - v2: fenced brokers on request (KIP-1073)

use std::sync::Arc;

use kafka_protocol::messages::BrokerId;
use kafka_protocol::messages::describe_cluster_request::DescribeClusterRequest;
use kafka_protocol::messages::describe_cluster_response::{DescribeClusterBroker, DescribeClusterResponse};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::base::ids::NodeId;
use crate::controller::quorum::voters::Member;
use crate::controller::quorum_controller::QuorumController;
use crate::protocol::api::ListenerKind;
use crate::server::cluster_view::{self, BrokerView, CLUSTER_OPERATIONS, OPERATIONS_OMITTED};
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

/// Endpoint types (KIP-919).
const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: DescribeClusterRequest = request.decode()?;
    if request.connection.kind == ListenerKind::Controller && body.endpoint_type == CONTROLLERS {
        return request.now(&controllers(ctx));
    }
    let here = if request.connection.kind == ListenerKind::Controller { CONTROLLERS } else { BROKERS };
    if let Some((code, message)) = wrong_endpoint(request.version(), body.endpoint_type, here) {
        let answer = DescribeClusterResponse::default()
            .with_error_code(code.code())
            .with_error_message(Some(StrBytes::from_string(message)));
        return request.now(&answer);
    }
    let image = ctx.metadata();
    let mut brokers = cluster_view::brokers(&image, &request.connection.listener);
    let controller = cluster_view::controller_of(&brokers);
    brokers.retain(|broker| body.include_fenced_brokers || !broker.fenced);
    let operations = if body.include_cluster_authorized_operations { CLUSTER_OPERATIONS } else { OPERATIONS_OMITTED };
    let answer = DescribeClusterResponse::default()
        .with_cluster_id(StrBytes::from_string(ctx.cluster_id.clone()))
        .with_controller_id(BrokerId(controller.0))
        .with_brokers(brokers.into_iter().map(to_wire).collect())
        .with_cluster_authorized_operations(operations)
        .with_endpoint_type(BROKERS);
    request.now(&answer)
}

/// The voters, as somebody who asks on a controllers' listener reaches them.
fn controllers(ctx: &Context) -> DescribeClusterResponse {
    let node = |id: NodeId, host: &str, port: u16| {
        DescribeClusterBroker::default()
            .with_broker_id(BrokerId(id.0))
            .with_host(StrBytes::from_string(host.to_owned()))
            .with_port(i32::from(port))
    };
    let voters = ctx.controller.voters();
    let at = |(id, member): (&NodeId, &Member)| member.endpoints.first().map(|at| node(*id, &at.host, at.port));
    let nodes: Vec<_> = voters.voters.iter().filter_map(at).collect();
    let leader = ctx.controller.local().and_then(QuorumController::leader).unwrap_or(NodeId::NONE);
    DescribeClusterResponse::default()
        .with_cluster_id(StrBytes::from_string(ctx.cluster_id.clone()))
        .with_controller_id(BrokerId(leader.0))
        .with_brokers(nodes)
        .with_cluster_authorized_operations(OPERATIONS_OMITTED)
        .with_endpoint_type(CONTROLLERS)
}

fn wrong_endpoint(version: i16, endpoint_type: i8, here: i8) -> Option<(ErrorCode, String)> {
    let (code, message) = match endpoint_type {
        kind if kind == here => return None,
        BROKERS => (ErrorCode::MismatchedEndpointType, "this is a controller's listener, not a broker's".to_owned()),
        CONTROLLERS => {
            (ErrorCode::MismatchedEndpointType, "this is a broker's listener, not a controller's".to_owned())
        }
        other => (ErrorCode::UnsupportedEndpointType, format!("there is no endpoint type {other}")),
    };
    // Version 0 does not know the finer codes.
    Some((if version == 0 { ErrorCode::InvalidRequest } else { code }, message))
}

fn to_wire(broker: BrokerView) -> DescribeClusterBroker {
    DescribeClusterBroker::default()
        .with_broker_id(BrokerId(broker.id.0))
        .with_host(StrBytes::from_string(broker.host))
        .with_port(broker.port)
        .with_rack(broker.rack.map(StrBytes::from_string))
        .with_is_fenced(broker.fenced)
}
