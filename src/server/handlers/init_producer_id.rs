//! InitProducerId (22), versions 0-5. An id for a producer that wants its batches to be written exactly once (KIP-98).
//!
//! - v2: flexible
//! - v3: the producer's own id and epoch, to go on after an error (KIP-360)
//! - v4: `PRODUCER_FENCED` instead of `INVALID_PRODUCER_EPOCH` (KIP-588)
//! - v5: `TRANSACTION_ABORTABLE` (KIP-890)
//!
//! Without a transactional id every request gets a fresh id at epoch 0, whatever it says of an old one. A transactional id
//! needs the transaction coordinator, which is not here yet: `COORDINATOR_NOT_AVAILABLE`.

use std::sync::Arc;

use kafka_protocol::messages::ProducerId;
use kafka_protocol::messages::init_producer_id_request::InitProducerIdRequest;
use kafka_protocol::messages::init_producer_id_response::InitProducerIdResponse;

use crate::base::error_code::ErrorCode;
use crate::base::ids;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: InitProducerIdRequest = request.decode()?;
    if let Some(code) = fault(&body) {
        return request.now(&refused(code));
    }
    if let Some(id) = ctx.producer_ids.take() {
        return request.now(&granted(id));
    }
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let answer = match ctx.producer_ids.next(&ctx.controller, ctx.node_id).await {
            Some(id) => granted(id),
            // Clients try again, as with Kafka while its controller is away.
            None => refused(ErrorCode::CoordinatorLoadInProgress),
        };
        request.respond(&answer)
    }))
}

fn fault(body: &InitProducerIdRequest) -> Option<ErrorCode> {
    if (body.producer_id.0 == -1) != (body.producer_epoch == -1) {
        return Some(ErrorCode::InvalidRequest);
    }
    match &body.transactional_id {
        None => None,
        Some(id) if id.is_empty() => Some(ErrorCode::InvalidRequest),
        Some(_) => Some(ErrorCode::CoordinatorNotAvailable),
    }
}

fn granted(id: ids::ProducerId) -> InitProducerIdResponse {
    InitProducerIdResponse::default().with_producer_id(ProducerId(id.0)).with_producer_epoch(0)
}

fn refused(code: ErrorCode) -> InitProducerIdResponse {
    InitProducerIdResponse::default()
        .with_error_code(code.code())
        .with_producer_id(ProducerId(-1))
        .with_producer_epoch(-1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_protocol::messages::TransactionalId;
    use kafka_protocol::protocol::StrBytes;

    #[test]
    fn ids_and_epochs_come_together_and_transactions_need_their_coordinator() {
        let plain = InitProducerIdRequest::default().with_transactional_id(None);
        assert_eq!(fault(&plain), None);
        assert_eq!(fault(&plain.clone().with_producer_id(ProducerId(5))), Some(ErrorCode::InvalidRequest));
        assert_eq!(fault(&plain.clone().with_producer_id(ProducerId(5)).with_producer_epoch(2)), None);
        let named = |id| plain.clone().with_transactional_id(Some(TransactionalId(StrBytes::from_static_str(id))));
        assert_eq!(fault(&named("")), Some(ErrorCode::InvalidRequest));
        assert_eq!(fault(&named("t")), Some(ErrorCode::CoordinatorNotAvailable));
    }
}
