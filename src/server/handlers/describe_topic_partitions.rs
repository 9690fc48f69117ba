//! DescribeTopicPartitions (75), version 0. Topics and their partitions page by page (KIP-966), in the order of their names.
//!
//! A page ends after so many partitions: the client's limit, or `max.request.partition.size.limit` if that is less. What is left
//! is named by a cursor, with which the client asks again. A cursor's topic must be among the topics asked for, if any are.

use std::collections::BTreeSet;
use std::sync::Arc;

use kafka_protocol::messages::describe_topic_partitions_request::DescribeTopicPartitionsRequest;
use kafka_protocol::messages::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponse, DescribeTopicPartitionsResponsePartition,
    DescribeTopicPartitionsResponseTopic,
};
use kafka_protocol::messages::{BrokerId, TopicName};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use crate::base::error_code::ErrorCode;
use crate::base::ids::NodeId;
use crate::base::topic_name;
use crate::metadata::image::MetadataImage;
use crate::metadata::topics::{PartitionImage, TopicImage};
use crate::server::cluster_view::{self, TOPIC_OPERATIONS};
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: DescribeTopicPartitionsRequest = request.decode()?;
    let limit = body.response_partition_limit.min(ctx.config.max_request_partition_size_limit()).max(1);
    request.now(&describe(&ctx.metadata(), &request.connection.listener, &body, limit as usize))
}

/// One page of at most `limit` partitions.
fn describe(
    image: &MetadataImage,
    listener: &str,
    body: &DescribeTopicPartitionsRequest,
    limit: usize,
) -> DescribeTopicPartitionsResponse {
    let all = body.topics.is_empty();
    let asked: BTreeSet<&str> = body.topics.iter().map(|topic| &*topic.name.0).collect();
    let (from_name, from_index) = match &body.cursor {
        None => ("", 0),
        Some(cursor) if cursor.partition_index < 0 || !(all || asked.contains(&*cursor.topic_name.0)) => {
            return refused(body);
        }
        Some(cursor) => (&*cursor.topic_name.0, cursor.partition_index as usize),
    };
    let mut page = Page { response: DescribeTopicPartitionsResponse::default(), left: limit };
    let first_index = |name: &str| if name == from_name { from_index } else { 0 };
    if all {
        for topic in image.topics().from_name(from_name) {
            if !page.add(image, listener, topic, first_index(&topic.name)) {
                break;
            }
        }
    } else {
        for name in asked.range(from_name..) {
            let more = match image.topic(name) {
                Some(topic) => page.add(image, listener, topic, first_index(name)),
                None => page.add_missing(name),
            };
            if !more {
                break;
            }
        }
    }
    page.response
}

struct Page {
    response: DescribeTopicPartitionsResponse,
    /// Partitions that still fit.
    left: usize,
}

impl Page {
    /// Adds what fits of a topic. False if the page is full.
    fn add(&mut self, image: &MetadataImage, listener: &str, topic: &TopicImage, first: usize) -> bool {
        if self.left == 0 {
            self.end_at(&topic.name, 0);
            return false;
        }
        let end = topic.partitions.len().min(first.saturating_add(self.left));
        let partitions = topic.partitions.get(first..end).unwrap_or_default();
        self.left -= partitions.len();
        let numbered = partitions.iter().zip(first as i32..);
        self.response.topics.push(
            blank(&topic.name, ErrorCode::None).with_topic_id(Uuid::from_bytes(topic.id.0)).with_partitions(
                numbered.map(|(partition, index)| to_wire(image, listener, index, partition)).collect(),
            ),
        );
        if end < topic.partitions.len() {
            self.end_at(&topic.name, end as i32);
            return false;
        }
        true
    }

    fn add_missing(&mut self, name: &str) -> bool {
        if self.left == 0 {
            self.end_at(name, 0);
            return false;
        }
        let legal = topic_name::check(name).is_ok();
        let code = if legal { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::InvalidTopicException };
        self.response.topics.push(blank(name, code));
        true
    }

    fn end_at(&mut self, name: &str, partition: i32) {
        self.response.next_cursor =
            Some(Cursor::default().with_topic_name(wire_name(name)).with_partition_index(partition));
    }
}

fn to_wire(
    image: &MetadataImage,
    listener: &str,
    index: i32,
    partition: &PartitionImage,
) -> DescribeTopicPartitionsResponsePartition {
    let view = cluster_view::partition(image, partition, listener);
    DescribeTopicPartitionsResponsePartition::default()
        .with_partition_index(index)
        .with_leader_id(BrokerId(view.leader.unwrap_or(NodeId::NONE).0))
        .with_leader_epoch(view.leader_epoch.0)
        .with_replica_nodes(ids(&partition.replicas))
        .with_isr_nodes(ids(&partition.isr))
        .with_eligible_leader_replicas(Some(ids(&partition.eligible_leader_replicas)))
        .with_last_known_elr(Some(ids(&partition.last_known_elr)))
        .with_offline_replicas(ids(&view.offline))
}

fn blank(name: &str, code: ErrorCode) -> DescribeTopicPartitionsResponseTopic {
    DescribeTopicPartitionsResponseTopic::default()
        .with_error_code(code.code())
        .with_name(Some(wire_name(name)))
        .with_is_internal(topic_name::is_internal(name))
        .with_topic_authorized_operations(TOPIC_OPERATIONS)
}

/// A request that contradicts itself: every topic gets the error.
fn refused(body: &DescribeTopicPartitionsRequest) -> DescribeTopicPartitionsResponse {
    let topic = |name: &TopicName| {
        DescribeTopicPartitionsResponseTopic::default()
            .with_error_code(ErrorCode::InvalidRequest.code())
            .with_name(Some(name.clone()))
    };
    DescribeTopicPartitionsResponse::default().with_topics(body.topics.iter().map(|asked| topic(&asked.name)).collect())
}

fn ids(nodes: &[NodeId]) -> Vec<BrokerId> {
    nodes.iter().map(|node| BrokerId(node.0)).collect()
}

fn wire_name(name: &str) -> TopicName {
    TopicName(StrBytes::from_string(name.to_owned()))
}

#[cfg(test)]
#[path = "describe_topic_partitions_test.rs"]
mod tests;
