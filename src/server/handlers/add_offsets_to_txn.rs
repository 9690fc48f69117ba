//! AddOffsetsToTxn (25), versions 0-4. The offsets of a group join a transaction (KIP-98).
//!
//! - v2: `PRODUCER_FENCED` instead of `INVALID_PRODUCER_EPOCH` (KIP-588)
//! - v3: flexible
//! - v4: `TRANSACTION_ABORTABLE` (KIP-890)

use std::sync::Arc;

use kafka_protocol::messages::add_offsets_to_txn_request::AddOffsetsToTxnRequest;
use kafka_protocol::messages::add_offsets_to_txn_response::AddOffsetsToTxnResponse;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{ProducerEpoch, ProducerId, TopicPartition};
use crate::base::topic_name::CONSUMER_OFFSETS;
use crate::coordinator::partition_of;
use crate::coordinator::transaction::add_offsets::{AddOffsets, add_offsets};
use crate::coordinator::transaction::service::Answer;
use crate::coordinator::transaction::state::Producer;
use crate::server::auto_topics;
use crate::server::context::Context;
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: AddOffsetsToTxnRequest = request.decode()?;
    let begun = add(ctx, &body);
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let answer = match begun {
            Some(answer) => answer,
            None => {
                // Nobody has looked for the group's coordinator yet.
                auto_topics::create(&ctx, vec![CONSUMER_OFFSETS.to_owned()]).await;
                add(&ctx, &body).unwrap_or(Answer::Ready(Err(ErrorCode::CoordinatorNotAvailable)))
            }
        };
        let code = answer.reply().await.err().unwrap_or(ErrorCode::None);
        let code = error_map::fenced(code, request.version(), 2);
        request.respond(&AddOffsetsToTxnResponse::default().with_error_code(code.code()))
    }))
}

/// None: there is no topic for offsets yet.
fn add(ctx: &Context, body: &AddOffsetsToTxnRequest) -> Option<Answer<()>> {
    let image = ctx.metadata();
    let partitions = image.topic(CONSUMER_OFFSETS)?.partitions.len();
    let op = AddOffsets {
        transactional_id: &body.transactional_id,
        producer: Producer::new(ProducerId(body.producer_id.0), ProducerEpoch(body.producer_epoch)),
        offsets_partition: TopicPartition::new(CONSUMER_OFFSETS, partition_of(&body.group_id, partitions)),
    };
    Some(ctx.transactions.submit(op.transactional_id, |machine, now| add_offsets(machine, now, &op)))
}
