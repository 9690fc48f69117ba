//! DescribeQuorum (55), versions 0-2. Who leads the metadata quorum, and how far each member is (KIP-595).
//!
//! - v1: times of the last fetch (KIP-836)
//! - v2: directory ids, and where the controllers listen (KIP-853)

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::messages::BrokerId;
use kafka_protocol::messages::describe_quorum_request::DescribeQuorumRequest;
use kafka_protocol::messages::describe_quorum_response::{
    DescribeQuorumResponse, Listener, Node, PartitionData, ReplicaState, TopicData,
};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::base::ids::NodeId;
use crate::base::topic_name::CLUSTER_METADATA;
use crate::controller::quorum::voters::VoterEndpoint;
use crate::controller::quorum_controller::{QuorumReplica, QuorumStatus};
use crate::server::context::Context;
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

/// The first version with directory ids and the controllers' listeners.
const DIRECTORY_VERSION_MIN: i16 = 2;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: DescribeQuorumRequest = request.decode()?;
    let version = request.version();
    if !is_for_the_quorum(&body) {
        let answer = DescribeQuorumResponse::default().with_topics(unknown(&body));
        return request.now(&with_nodes(answer, version, Vec::new()));
    }
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        // Only the leader knows how far the others are.
        let answer = match ctx.controller.status().await {
            Ok(status) => {
                let nodes = nodes(&status.listeners);
                let name = StrBytes::from_static_str(CLUSTER_METADATA).into();
                let topic =
                    TopicData::default().with_topic_name(name).with_partitions(vec![partition(status, version)]);
                with_nodes(DescribeQuorumResponse::default().with_topics(vec![topic]), version, nodes)
            }
            Err(error) => {
                let code = error_map::controller(&error).code();
                with_nodes(DescribeQuorumResponse::default().with_error_code(code), version, Vec::new())
            }
        };
        request.respond(&answer)
    }))
}

/// Kafka says where the controllers are to a right question only, and has an empty message where nothing is wrong.
fn with_nodes(answer: DescribeQuorumResponse, version: i16, nodes: Vec<Node>) -> DescribeQuorumResponse {
    if version < DIRECTORY_VERSION_MIN {
        return answer;
    }
    answer.with_error_message(Some(StrBytes::from_static_str(""))).with_nodes(nodes)
}

fn is_for_the_quorum(body: &DescribeQuorumRequest) -> bool {
    match body.topics.as_slice() {
        [topic] => {
            let only = matches!(topic.partitions.as_slice(), [partition] if partition.partition_index == 0);
            only && &**topic.topic_name == CLUSTER_METADATA
        }
        _ => false,
    }
}

fn partition(status: QuorumStatus, version: i16) -> PartitionData {
    PartitionData::default()
        .with_leader_id(BrokerId(status.leader_id.0))
        .with_leader_epoch(status.leader_epoch.0)
        .with_high_watermark(status.high_watermark.0)
        .with_current_voters(status.voters.into_iter().map(|r| replica(r, version)).collect())
        .with_observers(status.observers.into_iter().map(|r| replica(r, version)).collect())
}

fn replica(replica: QuorumReplica, version: i16) -> ReplicaState {
    let directory = if version >= DIRECTORY_VERSION_MIN { replica.directory_id.0 } else { [0; 16] };
    ReplicaState::default()
        .with_replica_id(BrokerId(replica.id.0))
        .with_replica_directory_id(uuid::Uuid::from_bytes(directory))
        .with_log_end_offset(replica.log_end_offset.0)
        .with_last_fetch_timestamp(replica.last_fetch.0)
        .with_last_caught_up_timestamp(replica.last_caught_up.0)
}

fn unknown(body: &DescribeQuorumRequest) -> Vec<TopicData> {
    let refused = |index: i32| {
        PartitionData::default().with_partition_index(index).with_error_code(ErrorCode::UnknownTopicOrPartition.code())
    };
    let topics = body.topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| refused(partition.partition_index)).collect();
        TopicData::default().with_topic_name(topic.topic_name.clone()).with_partitions(partitions)
    });
    topics.collect()
}

fn nodes(listeners: &BTreeMap<NodeId, Vec<VoterEndpoint>>) -> Vec<Node> {
    let listener = |at: &VoterEndpoint| {
        Listener::default()
            .with_name(StrBytes::from_string(at.name.clone()))
            .with_host(StrBytes::from_string(at.host.clone()))
            .with_port(at.port)
    };
    let node = |(id, at): (&NodeId, &Vec<VoterEndpoint>)| {
        Node::default().with_node_id(BrokerId(id.0)).with_listeners(at.iter().map(listener).collect())
    };
    listeners.iter().map(node).collect()
}
