//! DescribeProducers (61), version 0. The producers that a partition's leader remembers (KIP-664).

use std::sync::Arc;

use kafka_protocol::messages::ProducerId;
use kafka_protocol::messages::describe_producers_request::DescribeProducersRequest;
use kafka_protocol::messages::describe_producers_response::{
    DescribeProducersResponse, PartitionResponse, ProducerState, TopicResponse,
};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::base::ids::PartitionIndex;
use crate::base::topic_name;
use crate::server::context::Context;
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::handlers::config_resources::Told;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: DescribeProducersRequest = request.decode()?;
    let topics = body.topics.iter().map(|topic| {
        let partitions = topic.partition_indexes.iter().map(|index| {
            let answer = PartitionResponse::default().with_partition_index(*index);
            match producers(ctx, &topic.name, *index) {
                Ok(producers) => answer.with_active_producers(producers),
                Err((code, words)) => {
                    answer.with_error_code(code.code()).with_error_message(Some(StrBytes::from_string(words)))
                }
            }
        });
        TopicResponse::default().with_name(topic.name.clone()).with_partitions(partitions.collect())
    });
    request.now(&DescribeProducersResponse::default().with_topics(topics.collect()))
}

fn producers(ctx: &Context, topic: &str, index: i32) -> Result<Vec<ProducerState>, Told> {
    topic_name::check(topic).map_err(|fault| (ErrorCode::InvalidTopicException, fault.to_string()))?;
    let unknown = || (ErrorCode::UnknownTopicOrPartition, format!("there is no replica of {topic}-{index} here"));
    let partition = ctx.replicas.partition(topic, PartitionIndex(index)).ok_or_else(unknown)?;
    partition.lead(None).map_err(|error| (error_map::leader(error), error.to_string()))?;
    let state = |p: crate::log::producer_state::ActiveProducer| {
        ProducerState::default()
            .with_producer_id(ProducerId(p.producer_id.0))
            .with_producer_epoch(i32::from(p.producer_epoch.0))
            .with_last_sequence(p.last_sequence.0)
            .with_last_timestamp(p.last_timestamp.0)
            .with_coordinator_epoch(p.coordinator_epoch)
            .with_current_txn_start_offset(p.current_txn_start_offset.map_or(-1, |o| o.0))
    };
    Ok(partition.log().active_producers().into_iter().map(state).collect())
}
