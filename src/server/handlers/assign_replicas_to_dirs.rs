//! AssignReplicasToDirs (73), version 0. A broker with several log directories says where its replicas are (KIP-858); served on the
//! controllers' listener.

use std::sync::Arc;

use kafka_protocol::messages::assign_replicas_to_dirs_request::{self as asked, AssignReplicasToDirsRequest};
use kafka_protocol::messages::assign_replicas_to_dirs_response::{
    AssignReplicasToDirsResponse, DirectoryData, PartitionData, TopicData,
};

use crate::base::error_code::ErrorCode;
use crate::base::ids::{PartitionIndex, Uuid};
use crate::controller::directories::{AssignReplicas, AssignReplicasReply, PlacedReplica};
use crate::server::broker_requests;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: AssignReplicasToDirsRequest = request.decode()?;
    let (broker_id, broker_epoch) =
        broker_requests::speaks(ctx, &request.connection, body.broker_id, body.broker_epoch);
    let operation = AssignReplicas { broker_id, broker_epoch, replicas: replicas(&body) };
    broker_requests::decide(ctx, request, operation, move |outcome| to_wire(&body.directories, outcome))
}

fn replicas(body: &AssignReplicasToDirsRequest) -> Vec<PlacedReplica> {
    let mut replicas = Vec::new();
    for directory in &body.directories {
        for topic in &directory.topics {
            replicas.extend(topic.partitions.iter().map(|partition| PlacedReplica {
                topic_id: Uuid(topic.topic_id.into_bytes()),
                partition: PartitionIndex(partition.partition_index),
                directory: Uuid(directory.id.into_bytes()),
            }));
        }
    }
    replicas
}

/// The results in the shape in which they were asked for.
fn to_wire(
    asked: &[asked::DirectoryData],
    outcome: Result<AssignReplicasReply, ErrorCode>,
) -> AssignReplicasToDirsResponse {
    let mut results = match outcome {
        Ok(results) => results.into_iter(),
        Err(code) => return AssignReplicasToDirsResponse::default().with_error_code(code.code()),
    };
    let mut partition = |asked: &asked::PartitionData| {
        let code = results.next().unwrap_or(Err(ErrorCode::UnknownServerError)).err().unwrap_or(ErrorCode::None);
        PartitionData::default().with_partition_index(asked.partition_index).with_error_code(code.code())
    };
    let mut topic = |asked: &asked::TopicData| {
        let partitions = asked.partitions.iter().map(&mut partition).collect();
        TopicData::default().with_topic_id(asked.topic_id).with_partitions(partitions)
    };
    let directory = |asked: &asked::DirectoryData| {
        DirectoryData::default().with_id(asked.id).with_topics(asked.topics.iter().map(&mut topic).collect())
    };
    AssignReplicasToDirsResponse::default().with_directories(asked.iter().map(directory).collect())
}
