//! InitProducerId (22), versions 0-5. An id for a producer that wants its batches to be written exactly once (KIP-98).
//!
//! - v2: flexible
//! - v3: the producer's own id and epoch, to go on after an error (KIP-360)
//! - v4: `PRODUCER_FENCED` instead of `INVALID_PRODUCER_EPOCH` (KIP-588)
//! - v5: `TRANSACTION_ABORTABLE` (KIP-890)
//!
//! Without a transactional id every request gets a fresh id at epoch 0, whatever it says of an old one. With one the transaction
//! coordinator decides: it fences whoever had the id before, and aborts what that one left open.

use std::sync::Arc;

use kafka_protocol::messages::ProducerId;
use kafka_protocol::messages::init_producer_id_request::InitProducerIdRequest;
use kafka_protocol::messages::init_producer_id_response::InitProducerIdResponse;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{self, Millis, ProducerEpoch};
use crate::coordinator::transaction::init_producer_id::{InitProducerId, init_producer_id};
use crate::coordinator::transaction::machine::TransactionMachine;
use crate::coordinator::transaction::state::Producer;
use crate::server::context::Context;
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: InitProducerIdRequest = request.decode()?;
    if let Some(code) = fault(&body) {
        return request.now(&refused(code));
    }
    if body.transactional_id.is_some() {
        return transactional(ctx, request, &body);
    }
    if let Some(id) = ctx.producer_ids.take() {
        return request.now(&granted(Producer::new(id, ProducerEpoch(0))));
    }
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let answer = match ctx.producer_ids.next(&ctx.controller, ctx.node_id).await {
            Some(id) => granted(Producer::new(id, ProducerEpoch(0))),
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
    body.transactional_id.as_ref().filter(|id| id.is_empty()).map(|_| ErrorCode::InvalidRequest)
}

fn transactional(ctx: &Arc<Context>, request: Request, body: &InitProducerIdRequest) -> Result<Handled, Refusal> {
    let id = body.transactional_id.as_ref().map(|id| id.to_string()).unwrap_or_default();
    let timeout_ms = body.transaction_timeout_ms;
    let was = Producer::new(ids::ProducerId(body.producer_id.0), ProducerEpoch(body.producer_epoch));
    let expected = (!was.id.is_none()).then_some(was);
    let decide = {
        let id = id.clone();
        move |machine: &TransactionMachine, now: Millis, fresh: Option<ids::ProducerId>| {
            let op = InitProducerId {
                transactional_id: &id,
                timeout_ms,
                two_phase_commit: false,
                keep_prepared: false,
                expected,
                fresh,
            };
            init_producer_id(machine, now, &op)
        }
    };
    let begun = ctx.transactions.begin_fresh(&id, &decide);
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let reply = match begun {
            Some(answer) => answer.reply().await,
            None => ctx.transactions.finish(&id, decide).await,
        };
        let version = request.version();
        request.respond(&reply.map_or_else(|code| refused(error_map::fenced(code, version, 4)), granted))
    }))
}

fn granted(producer: Producer) -> InitProducerIdResponse {
    InitProducerIdResponse::default().with_producer_id(ProducerId(producer.id.0)).with_producer_epoch(producer.epoch.0)
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
    fn ids_and_epochs_come_together() {
        let plain = InitProducerIdRequest::default().with_transactional_id(None);
        assert_eq!(fault(&plain), None);
        assert_eq!(fault(&plain.clone().with_producer_id(ProducerId(5))), Some(ErrorCode::InvalidRequest));
        assert_eq!(fault(&plain.clone().with_producer_id(ProducerId(5)).with_producer_epoch(2)), None);
        let named = |id| plain.clone().with_transactional_id(Some(TransactionalId(StrBytes::from_static_str(id))));
        assert_eq!(fault(&named("")), Some(ErrorCode::InvalidRequest));
        assert_eq!(fault(&named("t")), None);
    }
}
