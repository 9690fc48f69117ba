//! OffsetForLeaderEpoch (23), versions 2-4. Where an epoch ended, so that a client can tell whether its log was truncated.
//!
//! - v2: current leader epoch (KIP-320)
//! - v3: replica id
//! - v4: flexible

use std::sync::Arc;

use kafka_protocol::messages::offset_for_leader_epoch_request::OffsetForLeaderEpochRequest;
use kafka_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderEpochResponse, OffsetForLeaderTopicResult,
};

use crate::base::error_code::ErrorCode;
use crate::base::ids::{LeaderEpoch, Offset, PartitionIndex};
use crate::replica::offsets;
use crate::server::context::Context;
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: OffsetForLeaderEpochRequest = request.decode()?;
    let topics = body.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|p| {
            let answer = EpochEndOffset::default().with_partition(p.partition);
            match end_of(ctx, &topic.topic, p.partition, p.leader_epoch, p.current_leader_epoch) {
                Ok((epoch, end)) => answer.with_leader_epoch(epoch.0).with_end_offset(end.0),
                Err(code) => answer.with_error_code(code.code()).with_leader_epoch(-1).with_end_offset(-1),
            }
        });
        OffsetForLeaderTopicResult::default().with_topic(topic.topic.clone()).with_partitions(partitions.collect())
    });
    request.now(&OffsetForLeaderEpochResponse::default().with_topics(topics.collect()))
}

fn end_of(
    ctx: &Context,
    topic: &str,
    index: i32,
    epoch: i32,
    current: i32,
) -> Result<(LeaderEpoch, Offset), ErrorCode> {
    let partition = ctx.replicas.partition(topic, PartitionIndex(index)).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    offsets::end_of_epoch(&partition, LeaderEpoch(epoch), Some(LeaderEpoch(current)))
        .map_err(|e| error_map::offsets(&e))
}
