//! BrokerRegistration (62), versions 0-4. A broker comes up (KIP-631); served on the controllers' listener.
//!
//! - v1: brokers on their way from ZooKeeper, which are refused
//! - v2: log directories (KIP-858), without which nobody is registered
//! - v3: the epoch before a clean stop (KIP-966); who cannot tell it has not stopped cleanly
//! - v4: features that start at level 0

use std::rc::Rc;
use std::sync::Arc;

use kafka_protocol::messages::broker_registration_request::{BrokerRegistrationRequest, Feature, Listener};
use kafka_protocol::messages::broker_registration_response::BrokerRegistrationResponse;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{BrokerEpoch, NodeId, Uuid};
use crate::controller::brokers::RegisterBroker;
use crate::metadata::record::{BrokerEndpoint, BrokerFeature};
use crate::server::broker_requests;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: BrokerRegistrationRequest = request.decode()?;
    if body.is_migrating_zk_broker {
        return request.now(&to_wire(Err(ErrorCode::BrokerIdNotRegistered)));
    }
    let operation = to_domain(&body);
    let (connection, id) = (Rc::clone(&request.connection), operation.broker_id);
    broker_requests::decide(ctx, request, operation, move |outcome| {
        if outcome.is_ok() {
            broker_requests::belongs_to(&connection, id);
        }
        to_wire(outcome)
    })
}

fn to_domain(body: &BrokerRegistrationRequest) -> RegisterBroker {
    let endpoint = |l: &Listener| BrokerEndpoint {
        name: l.name.to_string(),
        host: l.host.to_string(),
        port: l.port,
        security_protocol: l.security_protocol,
    };
    let feature = |f: &Feature| BrokerFeature {
        name: f.name.to_string(),
        min: f.min_supported_version,
        max: f.max_supported_version,
    };
    RegisterBroker {
        broker_id: NodeId(body.broker_id.0),
        cluster_id: body.cluster_id.to_string(),
        incarnation_id: Uuid(body.incarnation_id.into_bytes()),
        endpoints: body.listeners.iter().map(endpoint).collect(),
        features: body.features.iter().map(feature).collect(),
        rack: body.rack.as_ref().map(ToString::to_string),
        log_dirs: body.log_dirs.iter().map(|dir| Uuid(dir.into_bytes())).collect(),
        // Before version 3 this is -1: nobody's epoch.
        previous_epoch: BrokerEpoch(body.previous_broker_epoch),
    }
}

fn to_wire(outcome: Result<BrokerEpoch, ErrorCode>) -> BrokerRegistrationResponse {
    match outcome {
        Ok(epoch) => BrokerRegistrationResponse::default().with_broker_epoch(epoch.0),
        Err(code) => BrokerRegistrationResponse::default().with_error_code(code.code()),
    }
}
