//! ListTransactions (66), versions 0-2. The transactions that this broker coordinates (KIP-664).
//!
//! - v1: only those that run for longer than a time (KIP-994)
//! - v2: only those whose id matches a regular expression (KIP-1152)

use std::sync::Arc;

use kafka_protocol::messages::list_transactions_request::ListTransactionsRequest;
use kafka_protocol::messages::list_transactions_response::{ListTransactionsResponse, TransactionState};
use kafka_protocol::messages::{ProducerId, TransactionalId};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{self, Millis};
use crate::coordinator::transaction::list::{Filter, Listed, Pattern};
use crate::coordinator::transaction::state;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: ListTransactionsRequest = request.decode()?;
    let known = |name: &StrBytes| state::TransactionState::from_name(name);
    let unknown: Vec<StrBytes> = body.state_filters.iter().filter(|name| known(name).is_none()).cloned().collect();
    let pattern = body.transactional_id_pattern.as_deref().filter(|pattern| !pattern.is_empty());
    let pattern = match pattern.map(Pattern::parse).transpose() {
        Ok(pattern) => pattern,
        Err(_) => return request.now(&refused(ErrorCode::InvalidRegularExpression)),
    };
    let filter = Filter {
        states: body.state_filters.iter().filter_map(known).collect(),
        has_unknown_states: !unknown.is_empty(),
        producer_ids: body.producer_id_filters.iter().map(|id| ids::ProducerId(id.0)).collect(),
        longer_than_ms: Millis(body.duration_filter),
        pattern,
    };
    let answer = match ctx.transactions.list(&filter) {
        Ok(listed) => ListTransactionsResponse::default()
            .with_unknown_state_filters(unknown)
            .with_transaction_states(listed.into_iter().map(to_wire).collect()),
        Err(code) => refused(code),
    };
    request.now(&answer)
}

fn to_wire(listed: Listed) -> TransactionState {
    TransactionState::default()
        .with_transactional_id(TransactionalId(StrBytes::from_string(listed.transactional_id.to_string())))
        .with_producer_id(ProducerId(listed.producer_id.0))
        .with_transaction_state(StrBytes::from_static_str(listed.state.name()))
}

fn refused(code: ErrorCode) -> ListTransactionsResponse {
    ListTransactionsResponse::default().with_error_code(code.code())
}
