//! AlterReplicaLogDirs (34), versions 1-2. Moves replicas between this broker's directories (KIP-113).
//!
//! - v2: flexible
//!
//! Answered when the move has begun; DescribeLogDirs tells how far it is. Naming the directory that a replica is in already
//! gives up a move to another one. A directory named for a replica that is not here yet is where it will be created; such a
//! replica is answered as not available, or as unknown where there is no such partition.

use std::path::Path;
use std::sync::Arc;

use kafka_protocol::messages::alter_replica_log_dirs_request::AlterReplicaLogDirsRequest;
use kafka_protocol::messages::alter_replica_log_dirs_response::{
    AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult, AlterReplicaLogDirsResponse,
};

use crate::base::error_code::ErrorCode;
use crate::base::ids::{PartitionIndex, TopicPartition};
use crate::log::future;
use crate::replica::log_moves::LogMoves;
use crate::server::context::{Context, blocking};
use crate::server::handlers::Handled;
use crate::server::handlers::describe_log_dirs::Cordoned;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: AlterReplicaLogDirsRequest = request.decode()?;
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        // A copy's files are created before the answer.
        let topics = blocking(move || alter(&ctx, &body)).await.unwrap_or_default();
        request.respond(&AlterReplicaLogDirsResponse::default().with_results(topics))
    }))
}

fn alter(ctx: &Context, body: &AlterReplicaLogDirsRequest) -> Vec<AlterReplicaLogDirTopicResult> {
    let cordoned = Cordoned::of(ctx);
    let mut topics: Vec<AlterReplicaLogDirTopicResult> = Vec::new();
    for dir in &body.dirs {
        for topic in &dir.topics {
            let result = |index: &i32| {
                let code = place(ctx, &cordoned, (&topic.name, PartitionIndex(*index)), Path::new(&*dir.path));
                AlterReplicaLogDirPartitionResult::default().with_partition_index(*index).with_error_code(code.code())
            };
            let partitions = topic.partitions.iter().map(result);
            // A topic may be spread over several directories of the request; the answer names it once.
            match topics.iter_mut().find(|known| known.topic_name == topic.name) {
                Some(known) => known.partitions.extend(partitions),
                None => {
                    let result = AlterReplicaLogDirTopicResult::default().with_topic_name(topic.name.clone());
                    topics.push(result.with_partitions(partitions.collect()));
                }
            }
        }
    }
    topics
}

fn place(ctx: &Context, cordoned: &Cordoned, (topic, index): (&str, PartitionIndex), path: &Path) -> ErrorCode {
    let name = TopicPartition::new(topic, index);
    if !future::can_be_copied(&name) {
        return ErrorCode::InvalidTopicException;
    }
    let logs = ctx.replicas.logs();
    let Some((_, offline)) = logs.dirs().find(|(dir, _)| dir.path == path) else { return ErrorCode::LogDirNotFound };
    if offline {
        return ErrorCode::KafkaStorageError;
    }
    if cordoned.contains(path) {
        return ErrorCode::InvalidReplicaAssignment;
    }
    let Some(partition) = ctx.replicas.partition(topic, index) else {
        logs.prefer(&name, path);
        let image = ctx.metadata();
        let exists = image.topic(topic).is_some_and(|topic| topic.partition(index).is_some());
        return if exists { ErrorCode::ReplicaNotAvailable } else { ErrorCode::UnknownTopicOrPartition };
    };
    if partition.log().is_offline() {
        return ErrorCode::KafkaStorageError;
    }
    match LogMoves::begin(&ctx.replicas, &partition, path) {
        Ok(()) => ErrorCode::None,
        Err(error) => {
            tracing::warn!(partition = %partition.name, to = %path.display(), %error, "a replica cannot be moved");
            ErrorCode::KafkaStorageError
        }
    }
}
