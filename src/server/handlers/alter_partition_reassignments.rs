//! AlterPartitionReassignments (45), versions 0-1. Moves replicas to other brokers, or stops moving them (KIP-455).
//!
//! - v1: whether the number of replicas may change (KIP-860)

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::alter_partition_reassignments_request::{
    AlterPartitionReassignmentsRequest, ReassignableTopic,
};
use kafka_protocol::messages::alter_partition_reassignments_response::{
    AlterPartitionReassignmentsResponse, ReassignablePartitionResponse, ReassignableTopicResponse,
};
use kafka_protocol::protocol::StrBytes;

use crate::base::ids::{NodeId, PartitionIndex};
use crate::controller::api_error::ApiError;
use crate::controller::reassignment::{AlterPartitionReassignments, AlterReassignmentsReply, Reassignment};
use crate::server::context::Context;
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: AlterPartitionReassignmentsRequest = request.decode()?;
    let factor_may_change = request.version() == 0 || body.allow_replication_factor_change;
    let answer = AlterPartitionReassignmentsResponse::default()
        .with_allow_replication_factor_change(factor_may_change)
        .with_error_message(None);
    if body.topics.is_empty() {
        return request.now(&answer);
    }
    let operation = AlterPartitionReassignments {
        topics: body.topics.iter().map(to_domain).collect(),
        allow_replication_factor_change: factor_may_change,
    };
    let timeout = Duration::from_millis(u64::try_from(body.timeout_ms).unwrap_or(0));
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let answer = match ctx.change(operation, timeout).await {
            Ok(reply) => answer.with_responses(to_wire(reply)),
            Err(error) => answer
                .with_error_code(error_map::controller(&error).code())
                .with_error_message(Some(StrBytes::from_string(error.to_string()))),
        };
        request.respond(&answer)
    }))
}

fn to_domain(topic: &ReassignableTopic) -> (String, Vec<Reassignment>) {
    let partitions = topic.partitions.iter().map(|partition| Reassignment {
        partition: PartitionIndex(partition.partition_index),
        replicas: partition.replicas.as_ref().map(|ids| ids.iter().map(|id| NodeId(id.0)).collect()),
    });
    (topic.name.to_string(), partitions.collect())
}

fn to_wire(reply: AlterReassignmentsReply) -> Vec<ReassignableTopicResponse> {
    let one = |(index, result): (PartitionIndex, Result<(), ApiError>)| {
        let (code, message) = result.map_or_else(|error| (error.code.code(), error.message), |()| (0, None));
        ReassignablePartitionResponse::default()
            .with_partition_index(index.0)
            .with_error_code(code)
            .with_error_message(message.map(StrBytes::from_string))
    };
    reply
        .into_iter()
        .map(|(name, results)| {
            ReassignableTopicResponse::default()
                .with_name(StrBytes::from_string(name).into())
                .with_partitions(results.into_iter().map(one).collect())
        })
        .collect()
}
