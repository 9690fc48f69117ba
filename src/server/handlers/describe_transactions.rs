//! DescribeTransactions (65), version 0. Where the transactions of some ids stand (KIP-664).

use std::sync::Arc;

use kafka_protocol::messages::describe_transactions_request::DescribeTransactionsRequest;
use kafka_protocol::messages::describe_transactions_response::{
    DescribeTransactionsResponse, TopicData, TransactionState,
};
use kafka_protocol::messages::{ProducerId, TopicName, TransactionalId};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::coordinator::transaction::describe::describe;
use crate::coordinator::transaction::state::TransactionMetadata;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: DescribeTransactionsRequest = request.decode()?;
    let asked: Vec<_> = body
        .transactional_ids
        .into_iter()
        .map(|id| {
            let answer = ctx.transactions.submit(&id, |machine, _| describe(machine, &id));
            (id, answer)
        })
        .collect();
    Ok(Handled::later(async move {
        let mut states = Vec::with_capacity(asked.len());
        for (id, answer) in asked {
            states.push(state(id, answer.reply().await));
        }
        request.respond(&DescribeTransactionsResponse::default().with_transaction_states(states))
    }))
}

fn state(id: TransactionalId, found: Result<TransactionMetadata, ErrorCode>) -> TransactionState {
    let state = TransactionState::default().with_transactional_id(id);
    let metadata = match found {
        Ok(metadata) => metadata,
        Err(code) => return state.with_error_code(code.code()),
    };
    let mut topics: Vec<TopicData> = Vec::new();
    for partition in metadata.partitions.iter() {
        match topics.last_mut().filter(|last| *last.topic.0 == *partition.topic) {
            Some(last) => last.partitions.push(partition.partition.0),
            None => topics.push(
                TopicData::default()
                    .with_topic(TopicName(StrBytes::from_string(partition.topic.to_string())))
                    .with_partitions(vec![partition.partition.0]),
            ),
        }
    }
    state
        .with_transaction_state(StrBytes::from_static_str(metadata.state.name()))
        .with_transaction_timeout_ms(metadata.timeout_ms)
        .with_transaction_start_time_ms(metadata.started.0)
        .with_producer_id(ProducerId(metadata.producer.id.0))
        .with_producer_epoch(metadata.producer.epoch.0)
        .with_topics(topics)
}
