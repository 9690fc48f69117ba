//! ElectLeaders (43), versions 0-2. Gives partitions back to their preferred leaders, or, uncleanly, to any that is alive.
//!
//! - v1: unclean elections (KIP-460)
//! - v2: flexible

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::elect_leaders_request::ElectLeadersRequest;
use kafka_protocol::messages::elect_leaders_response::{ElectLeadersResponse, PartitionResult, ReplicaElectionResult};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::base::ids::PartitionIndex;
use crate::controller::api_error::ApiError;
use crate::controller::election::{ElectLeaders, ElectLeadersReply};
use crate::server::context::Context;
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: ElectLeadersRequest = request.decode()?;
    let unclean = match body.election_type {
        0 => false,
        1 => true,
        other => {
            let error = ApiError::new(ErrorCode::InvalidRequest, format!("there is no election of type {other}"));
            return request.now(&failed(&body, &error));
        }
    };
    if body.topic_partitions.as_ref().is_some_and(Vec::is_empty) {
        return request.now(&ElectLeadersResponse::default());
    }
    let partitions = body.topic_partitions.as_ref().map(|topics| {
        topics
            .iter()
            .map(|t| (t.topic.to_string(), t.partitions.iter().map(|p| PartitionIndex(*p)).collect()))
            .collect()
    });
    let timeout = Duration::from_millis(u64::try_from(body.timeout_ms).unwrap_or(0));
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let answer = match ctx.change(ElectLeaders { unclean, partitions }, timeout).await {
            Ok(reply) => ElectLeadersResponse::default().with_replica_election_results(to_wire(reply)),
            Err(error) => failed(&body, &ApiError::new(error_map::controller(&error), error.to_string())),
        };
        request.respond(&answer)
    }))
}

fn to_wire(reply: ElectLeadersReply) -> Vec<ReplicaElectionResult> {
    let result = |(index, result): (PartitionIndex, Result<(), ApiError>)| match result {
        Ok(()) => PartitionResult::default().with_partition_id(index.0),
        Err(error) => refused(index.0, &error),
    };
    reply
        .into_iter()
        .map(|(topic, results)| {
            ReplicaElectionResult::default()
                .with_topic(StrBytes::from_string(topic).into())
                .with_partition_result(results.into_iter().map(result).collect())
        })
        .collect()
}

fn refused(partition: i32, error: &ApiError) -> PartitionResult {
    PartitionResult::default()
        .with_partition_id(partition)
        .with_error_code(error.code.code())
        .with_error_message(error.message.clone().map(StrBytes::from_string))
}

/// The same error for the request and for every partition that it names.
fn failed(body: &ElectLeadersRequest, error: &ApiError) -> ElectLeadersResponse {
    let topics = body.topic_partitions.iter().flatten();
    let results = topics.map(|topic| {
        ReplicaElectionResult::default()
            .with_topic(topic.topic.clone())
            .with_partition_result(topic.partitions.iter().map(|index| refused(*index, error)).collect())
    });
    ElectLeadersResponse::default().with_error_code(error.code.code()).with_replica_election_results(results.collect())
}
