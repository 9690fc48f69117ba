//! ListPartitionReassignments (46), version 0. Which replicas are on the move (KIP-455).
//!
//! Kafka's brokers pass this on to the active controller: whoever has just ordered a move by one broker and asks another finds it.
//! Here the controller is asked how far it is, and this broker answers once it is as far.

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::BrokerId;
use kafka_protocol::messages::list_partition_reassignments_request::ListPartitionReassignmentsRequest;
use kafka_protocol::messages::list_partition_reassignments_response::{
    ListPartitionReassignmentsResponse, OngoingPartitionReassignment, OngoingTopicReassignment,
};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{NodeId, PartitionIndex};
use crate::controller::reassignment::{self, OngoingReassignment};
use crate::metadata::image::MetadataImage;
use crate::server::context::Context;
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: ListPartitionReassignmentsRequest = request.decode()?;
    let wanted: Option<Vec<_>> = body.topics.map(|topics| {
        let indexes = |indexes: Vec<i32>| indexes.into_iter().map(PartitionIndex).collect();
        topics.into_iter().map(|topic| (topic.name.to_string(), indexes(topic.partition_indexes))).collect()
    });
    let timeout = Duration::from_millis(u64::try_from(body.timeout_ms).unwrap_or(0));
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let answer = match as_far_as_the_controller(&ctx, timeout).await {
            Ok(()) => found(&ctx.metadata(), wanted.as_deref()),
            Err(code) => ListPartitionReassignmentsResponse::default().with_error_code(code.code()),
        };
        request.respond(&answer)
    }))
}

async fn as_far_as_the_controller(ctx: &Context, timeout: Duration) -> Result<(), ErrorCode> {
    let status = ctx.controller.status().await.map_err(|error| error_map::controller(&error))?;
    let applied = ctx.wait_applied(status.high_watermark.plus(-1), timeout).await;
    if applied { Ok(()) } else { Err(ErrorCode::RequestTimedOut) }
}

fn found(
    image: &MetadataImage,
    wanted: Option<&[(String, Vec<PartitionIndex>)]>,
) -> ListPartitionReassignmentsResponse {
    let topics = reassignment::list(image, wanted).into_iter().map(|(name, ongoing)| {
        OngoingTopicReassignment::default()
            .with_name(StrBytes::from_string(name).into())
            .with_partitions(ongoing.into_iter().map(to_wire).collect())
    });
    ListPartitionReassignmentsResponse::default().with_error_message(None).with_topics(topics.collect())
}

fn to_wire(ongoing: OngoingReassignment) -> OngoingPartitionReassignment {
    let ids = |ids: Vec<NodeId>| ids.into_iter().map(|id| BrokerId(id.0)).collect();
    OngoingPartitionReassignment::default()
        .with_partition_index(ongoing.partition.0)
        .with_replicas(ids(ongoing.replicas))
        .with_adding_replicas(ids(ongoing.adding))
        .with_removing_replicas(ids(ongoing.removing))
}
