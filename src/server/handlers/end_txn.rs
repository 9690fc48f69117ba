//! EndTxn (26), versions 0-5. A producer commits its transaction, or aborts it (KIP-98).
//!
//! - v2: `PRODUCER_FENCED` instead of `INVALID_PRODUCER_EPOCH` (KIP-588)
//! - v3: flexible
//! - v4: `TRANSACTION_ABORTABLE` (KIP-890)
//! - v5: each end bumps the epoch; the answer says as whom the producer goes on (KIP-890)

use std::sync::Arc;

use kafka_protocol::messages::ProducerId as WireProducerId;
use kafka_protocol::messages::end_txn_request::EndTxnRequest;
use kafka_protocol::messages::end_txn_response::EndTxnResponse;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, ProducerEpoch, ProducerId};
use crate::coordinator::transaction::end_txn::{EndTxn, end_txn};
use crate::coordinator::transaction::machine::{NeedsProducerId, Outcome, TransactionMachine};
use crate::coordinator::transaction::state::{Producer, TransactionVersion};
use crate::machine::machine::TransactionResult;
use crate::server::context::Context;
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

/// From here on each end bumps the epoch.
const BUMPING_VERSION_MIN: i16 = 5;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: EndTxnRequest = request.decode()?;
    let bumps_epoch = request.version() >= BUMPING_VERSION_MIN;
    let version = if bumps_epoch { TransactionVersion::V2 } else { TransactionVersion::V0 };
    let result = if body.committed { TransactionResult::Commit } else { TransactionResult::Abort };
    let producer = Producer::new(ProducerId(body.producer_id.0), ProducerEpoch(body.producer_epoch));
    let id = body.transactional_id.to_string();
    let decide = {
        let id = id.clone();
        move |machine: &TransactionMachine,
              now: Millis,
              fresh: Option<ProducerId>|
              -> Result<Outcome<Producer>, NeedsProducerId> {
            end_txn(machine, now, &EndTxn { transactional_id: &id, producer, result, version, fresh })
        }
    };
    let begun = ctx.transactions.begin_fresh(&id, &decide);
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let reply = match begun {
            Some(answer) => answer.reply().await,
            None => ctx.transactions.finish(&id, decide).await,
        };
        request.respond(&answer(request.version(), reply))
    }))
}

fn answer(version: i16, reply: Result<Producer, ErrorCode>) -> EndTxnResponse {
    let (code, producer) = match reply {
        Ok(producer) => (ErrorCode::None, producer),
        Err(code) => (error_map::fenced(code, version, 2), Producer::new(ProducerId::NONE, ProducerEpoch::NONE)),
    };
    let answer = EndTxnResponse::default().with_error_code(code.code());
    if version < BUMPING_VERSION_MIN {
        return answer;
    }
    answer.with_producer_id(WireProducerId(producer.id.0)).with_producer_epoch(producer.epoch.0)
}
