//! ListPartitionReassignments (46), version 0. Which replicas are on the move (KIP-455).

use std::sync::Arc;

use kafka_protocol::messages::BrokerId;
use kafka_protocol::messages::list_partition_reassignments_request::ListPartitionReassignmentsRequest;
use kafka_protocol::messages::list_partition_reassignments_response::{
    ListPartitionReassignmentsResponse, OngoingPartitionReassignment, OngoingTopicReassignment,
};
use kafka_protocol::protocol::StrBytes;

use crate::base::ids::{NodeId, PartitionIndex};
use crate::controller::reassignment::{self, OngoingReassignment};
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: ListPartitionReassignmentsRequest = request.decode()?;
    let wanted: Option<Vec<_>> = body.topics.map(|topics| {
        let indexes = |indexes: Vec<i32>| indexes.into_iter().map(PartitionIndex).collect();
        topics.into_iter().map(|topic| (topic.name.to_string(), indexes(topic.partition_indexes))).collect()
    });
    let topics = reassignment::list(&ctx.metadata(), wanted.as_deref())
        .into_iter()
        .map(|(name, ongoing)| {
            OngoingTopicReassignment::default()
                .with_name(StrBytes::from_string(name).into())
                .with_partitions(ongoing.into_iter().map(to_wire).collect())
        })
        .collect();
    request.now(&ListPartitionReassignmentsResponse::default().with_error_message(None).with_topics(topics))
}

fn to_wire(ongoing: OngoingReassignment) -> OngoingPartitionReassignment {
    let ids = |ids: Vec<NodeId>| ids.into_iter().map(|id| BrokerId(id.0)).collect();
    OngoingPartitionReassignment::default()
        .with_partition_index(ongoing.partition.0)
        .with_replicas(ids(ongoing.replicas))
        .with_adding_replicas(ids(ongoing.adding))
        .with_removing_replicas(ids(ongoing.removing))
}
