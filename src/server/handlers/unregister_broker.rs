//! UnregisterBroker (64), version 0. Takes a broker that is gone for good out of the cluster (KIP-631).

use std::sync::Arc;

use kafka_protocol::messages::unregister_broker_request::UnregisterBrokerRequest;
use kafka_protocol::messages::unregister_broker_response::UnregisterBrokerResponse;

use crate::base::ids::NodeId;
use crate::controller::brokers::UnregisterBroker;
use crate::server::context::{CHANGE_TIMEOUT, Context};
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: UnregisterBrokerRequest = request.decode()?;
    let operation = UnregisterBroker { broker_id: NodeId(body.broker_id.0) };
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let code = match ctx.change(operation, CHANGE_TIMEOUT).await {
            Ok(Ok(())) => 0,
            Ok(Err(error)) => error.code.code(),
            Err(error) => error_map::controller(&error).code(),
        };
        request.respond(&UnregisterBrokerResponse::default().with_error_code(code).with_error_message(None))
    }))
}
