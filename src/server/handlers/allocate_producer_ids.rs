//! AllocateProducerIds (67), version 0. A broker gets a block of producer ids (KIP-730); served on the controllers' listener.

use std::sync::Arc;

use kafka_protocol::messages::ProducerId;
use kafka_protocol::messages::allocate_producer_ids_request::AllocateProducerIdsRequest;
use kafka_protocol::messages::allocate_producer_ids_response::AllocateProducerIdsResponse;

use crate::base::error_code::ErrorCode;
use crate::controller::producer_ids::{AllocateProducerIds, ProducerIdBlock};
use crate::server::broker_requests;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: AllocateProducerIdsRequest = request.decode()?;
    let (broker_id, broker_epoch) =
        broker_requests::speaks(ctx, &request.connection, body.broker_id, body.broker_epoch);
    broker_requests::decide(ctx, request, AllocateProducerIds { broker_id, broker_epoch }, to_wire)
}

fn to_wire(outcome: Result<ProducerIdBlock, ErrorCode>) -> AllocateProducerIdsResponse {
    match outcome {
        Ok(block) => AllocateProducerIdsResponse::default()
            .with_producer_id_start(ProducerId(block.first.0))
            .with_producer_id_len(block.len),
        Err(code) => AllocateProducerIdsResponse::default().with_error_code(code.code()),
    }
}
