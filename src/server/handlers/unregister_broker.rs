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
        let outcome = ctx.change(operation, CHANGE_TIMEOUT).await;
        let outcome = outcome.unwrap_or_else(|error| Err(error_map::controller(&error).into()));
        let (code, message) = error_map::code_and_message(outcome);
        // Kafka has an empty text here where there is nothing to say, and not null.
        let message = Some(message.unwrap_or_default());
        request.respond(&UnregisterBrokerResponse::default().with_error_code(code).with_error_message(message))
    }))
}
