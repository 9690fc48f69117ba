//! DeleteRecords (21), versions 0-2. Moves the start of each partition's log; -1 means "to the high watermark" (KIP-107).
//!
//! - v2: flexible

use std::sync::Arc;

use kafka_protocol::messages::delete_records_request::DeleteRecordsRequest;
use kafka_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsResponse, DeleteRecordsTopicResult,
};

use crate::base::error_code::ErrorCode;
use crate::base::ids::{Offset, PartitionIndex};
use crate::replica::offsets;
use crate::server::context::{Context, blocking};
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

/// The offset by which a client names the high watermark.
const HIGH_WATERMARK: i64 = -1;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: DeleteRecordsRequest = request.decode()?;
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        // Moving a log's start may delete segments: not on the event loop.
        let topics = blocking(move || delete_all(&ctx, &body)).await.unwrap_or_default();
        request.respond(&DeleteRecordsResponse::default().with_topics(topics))
    }))
}

fn delete_all(ctx: &Context, body: &DeleteRecordsRequest) -> Vec<DeleteRecordsTopicResult> {
    let delete = |topic: &str, index: i32, offset: i64| -> Result<Offset, ErrorCode> {
        let partition =
            ctx.replicas.partition(topic, PartitionIndex(index)).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let to = match offset {
            HIGH_WATERMARK => None,
            to if to < 0 => return Err(ErrorCode::OffsetOutOfRange),
            to => Some(Offset(to)),
        };
        offsets::delete_records(&partition, to).map_err(|e| error_map::offsets(&e))
    };
    let result = |topic: &str, index: i32, offset: i64| {
        let result = DeleteRecordsPartitionResult::default().with_partition_index(index);
        match delete(topic, index, offset) {
            Ok(low) => result.with_low_watermark(low.0),
            Err(code) => result.with_low_watermark(-1).with_error_code(code.code()),
        }
    };
    body.topics
        .iter()
        .map(|topic| {
            let partitions =
                topic.partitions.iter().map(|p| result(&topic.name, p.partition_index, p.offset)).collect();
            DeleteRecordsTopicResult::default().with_name(topic.name.clone()).with_partitions(partitions)
        })
        .collect()
}
