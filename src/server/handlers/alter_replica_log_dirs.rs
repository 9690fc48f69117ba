//! AlterReplicaLogDirs (34), versions 1-2. Moves replicas between this broker's directories (KIP-113).
//!
//! - v2: flexible
//!
//! Naming the directory that a replica is in already succeeds. Moving one to another directory is not built yet and is
//! answered as a storage error, so that no tool waits for a move that never ends.

use std::path::Path;
use std::sync::Arc;

use kafka_protocol::messages::alter_replica_log_dirs_request::AlterReplicaLogDirsRequest;
use kafka_protocol::messages::alter_replica_log_dirs_response::{
    AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult, AlterReplicaLogDirsResponse,
};

use crate::base::error_code::ErrorCode;
use crate::base::ids::PartitionIndex;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: AlterReplicaLogDirsRequest = request.decode()?;
    let mut topics: Vec<AlterReplicaLogDirTopicResult> = Vec::new();
    for dir in &body.dirs {
        for topic in &dir.topics {
            let result = |index: &i32| {
                let code = place(ctx, &topic.name, PartitionIndex(*index), Path::new(&*dir.path));
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
    request.now(&AlterReplicaLogDirsResponse::default().with_results(topics))
}

fn place(ctx: &Context, topic: &str, index: PartitionIndex, path: &Path) -> ErrorCode {
    let Some((_, offline)) = ctx.replicas.logs().dirs().find(|(dir, _)| dir.path == path) else {
        return ErrorCode::LogDirNotFound;
    };
    if offline {
        return ErrorCode::KafkaStorageError;
    }
    let Some(partition) = ctx.replicas.partition(topic, index) else { return ErrorCode::UnknownTopicOrPartition };
    if partition.log.is_offline() {
        return ErrorCode::KafkaStorageError;
    }
    if partition.log.parent_dir() == path {
        return ErrorCode::None;
    }
    tracing::warn!(partition = %partition.name, to = %path.display(), "moving a replica between directories is not built yet");
    ErrorCode::KafkaStorageError
}
