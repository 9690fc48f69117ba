//! ListOffsets (2), versions 1-11. Finds offsets by timestamp, to the exact record, or by name.
//!
//! - v2: isolation level (KIP-98)
//! - v4: leader epochs (KIP-320)
//! - v7: max timestamp, -3 (KIP-734)
//! - v8: earliest local, -4 (KIP-405)
//! - v9: latest tiered, -5 (KIP-1005)
//! - v10: timeout for tiered look-ups (KIP-1075)
//! - v11: earliest pending upload, -6 (KIP-1023)
//!
//! A named offset of a later version than the request's is refused with `UNSUPPORTED_VERSION`.

use std::collections::HashSet;
use std::sync::Arc;

use kafka_protocol::messages::list_offsets_request::ListOffsetsRequest;
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};

use crate::base::error_code::ErrorCode;
use crate::base::ids::{LeaderEpoch, Millis, PartitionIndex};
use crate::log::read_info::{ReadUpTo, TimestampAndOffset};
use crate::replica::offsets::{self, OffsetSpec, OffsetsError};
use crate::server::context::{Context, blocking};
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

/// The isolation level of a reader that sees committed transactions only.
const READ_COMMITTED: i8 = 1;
/// The first version that tells leader epochs.
const LEADER_EPOCH_VERSION_MIN: i16 = 4;
/// The first version whose clients know that an offset may not be available yet.
const NOT_AVAILABLE_VERSION_MIN: i16 = 5;
/// The replica id of a consumer; a debugging consumer (-2) sees up to the log end.
const CONSUMER: i32 = -1;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: ListOffsetsRequest = request.decode()?;
    let by_time = body.topics.iter().flat_map(|t| &t.partitions).any(|p| p.timestamp >= 0 || p.timestamp == -3);
    let version = request.version();
    if !by_time {
        return request.now(&list_all(ctx, version, &body));
    }
    // A look-up by time reads index and log files: not on the event loop.
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let response = blocking(move || list_all(&ctx, version, &body)).await.unwrap_or_default();
        request.respond(&response)
    }))
}

fn list_all(ctx: &Context, version: i16, body: &ListOffsetsRequest) -> ListOffsetsResponse {
    let up_to = match (body.replica_id.0, body.isolation_level) {
        (CONSUMER, READ_COMMITTED) => ReadUpTo::LastStable,
        (CONSUMER, _) => ReadUpTo::HighWatermark,
        _ => ReadUpTo::LogEnd,
    };
    let mut seen = HashSet::new();
    let twice: HashSet<_> = body
        .topics
        .iter()
        .flat_map(|t| t.partitions.iter().map(|p| (t.name.clone(), p.partition_index)))
        .filter(|named| !seen.insert(named.clone()))
        .collect();
    // What is named twice is refused once.
    let mut refused = HashSet::new();
    let topics = body.topics.iter().map(|topic| {
        let once = topic.partitions.iter().filter(|p| {
            let named = (topic.name.clone(), p.partition_index);
            !twice.contains(&named) || refused.insert(named)
        });
        let partitions: Vec<_> = once.collect();
        let partitions = partitions.into_iter().map(|p| {
            let answer = ListOffsetsPartitionResponse::default().with_partition_index(p.partition_index);
            let found = if twice.contains(&(topic.name.clone(), p.partition_index)) {
                Err(ErrorCode::InvalidRequest)
            } else {
                list_one(ctx, version, &topic.name, p.partition_index, p.timestamp, p.current_leader_epoch, up_to)
            };
            match found {
                Ok(Some(found)) => {
                    let epoch = if version >= LEADER_EPOCH_VERSION_MIN { found.leader_epoch.0 } else { -1 };
                    answer.with_timestamp(found.timestamp.0).with_offset(found.offset.0).with_leader_epoch(epoch)
                }
                Ok(None) => answer.with_timestamp(-1).with_offset(-1).with_leader_epoch(-1),
                Err(code) => {
                    answer.with_error_code(code.code()).with_timestamp(-1).with_offset(-1).with_leader_epoch(-1)
                }
            }
        });
        ListOffsetsTopicResponse::default().with_name(topic.name.clone()).with_partitions(partitions.collect())
    });
    ListOffsetsResponse::default().with_topics(topics.collect())
}

fn list_one(
    ctx: &Context,
    version: i16,
    topic: &str,
    index: i32,
    timestamp: i64,
    current_epoch: i32,
    up_to: ReadUpTo,
) -> Result<Option<TimestampAndOffset>, ErrorCode> {
    let spec = spec(version, timestamp).ok_or(ErrorCode::UnsupportedVersion)?;
    let partition = ctx.replicas.partition(topic, PartitionIndex(index)).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let found = offsets::list_offset(&partition, spec, up_to, Some(LeaderEpoch(current_epoch)));
    found.map_err(|error| match error {
        OffsetsError::NotKnownYet if version < NOT_AVAILABLE_VERSION_MIN => ErrorCode::LeaderNotAvailable,
        error => error_map::offsets(&error),
    })
}

fn spec(version: i16, timestamp: i64) -> Option<OffsetSpec> {
    let (spec, since) = match timestamp {
        -1 => (OffsetSpec::Latest, 0),
        -2 => (OffsetSpec::Earliest, 0),
        -3 => (OffsetSpec::MaxTimestamp, 7),
        -4 => (OffsetSpec::EarliestLocal, 8),
        -5 => (OffsetSpec::LatestTiered, 9),
        -6 => (OffsetSpec::EarliestPendingUpload, 11),
        at if at >= 0 => (OffsetSpec::Timestamp(Millis(at)), 0),
        _ => return None,
    };
    (version >= since).then_some(spec)
}
