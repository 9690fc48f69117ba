//! DeleteRecords (21), versions 0-2. Moves the start of each partition's log; -1 means "to the high watermark" (KIP-107). Answered
//! when all replicas that are alive have followed, or the request's time is up.
//!
//! - v2: flexible

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::delete_records_request::DeleteRecordsRequest;
use kafka_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsResponse, DeleteRecordsTopicResult,
};

use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, Offset, PartitionIndex};
use crate::replica::offsets;
use crate::replica::partition::Partition;
use crate::server::context::{Context, blocking};
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

/// The offset by which a client names the high watermark.
const HIGH_WATERMARK: i64 = -1;
/// How often the replicas' log starts are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// One partition of the request: where its log starts here from now on, or why it does not.
type Deleted = Result<(Arc<Partition>, Offset), ErrorCode>;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: DeleteRecordsRequest = request.decode()?;
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let deadline = ctx.clock.monotonic().plus(Millis(body.timeout_ms.max(0).into()));
        // Moving a log's start may delete segments: not on the event loop.
        let (blocked, asked) = (Arc::clone(&ctx), body.clone());
        let deleted = blocking(move || delete_all(&blocked, &asked)).await.unwrap_or_default();
        let mut deleted = deleted.into_iter();
        let mut topics = Vec::with_capacity(body.topics.len());
        for topic in body.topics {
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            for asked in &topic.partitions {
                let outcome = deleted.next().unwrap_or(Err(ErrorCode::UnknownServerError));
                let low = followed(&ctx, outcome, deadline).await;
                let result = DeleteRecordsPartitionResult::default().with_partition_index(asked.partition_index);
                partitions.push(match low {
                    Ok(low) => result.with_low_watermark(low.0),
                    Err(code) => result.with_low_watermark(-1).with_error_code(code.code()),
                });
            }
            topics.push(DeleteRecordsTopicResult::default().with_name(topic.name).with_partitions(partitions));
        }
        request.respond(&DeleteRecordsResponse::default().with_topics(topics))
    }))
}

fn delete_all(ctx: &Context, body: &DeleteRecordsRequest) -> Vec<Deleted> {
    let delete = |topic: &str, index: i32, offset: i64| -> Deleted {
        let partition =
            ctx.replicas.partition(topic, PartitionIndex(index)).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let to = match offset {
            HIGH_WATERMARK => None,
            to if to < 0 => return Err(ErrorCode::OffsetOutOfRange),
            to => Some(Offset(to)),
        };
        let start = offsets::delete_records(&partition, to).map_err(|e| error_map::offsets(&e))?;
        Ok((partition, to.unwrap_or(start)))
    };
    let partitions = body.topics.iter().flat_map(|topic| topic.partitions.iter().map(move |p| (topic, p)));
    partitions.map(|(topic, p)| delete(&topic.name, p.partition_index, p.offset)).collect()
}

/// Waits until the log of every replica that is alive starts there.
async fn followed(ctx: &Context, deleted: Deleted, deadline: Millis) -> Result<Offset, ErrorCode> {
    let (partition, target) = deleted?;
    loop {
        let low = offsets::low_watermark(&partition).map_err(error_map::leader)?;
        if low >= target {
            return Ok(low);
        }
        if ctx.clock.monotonic() >= deadline {
            return Err(ErrorCode::RequestTimedOut);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
