//! A broker with several log directories says in which of them each replica is (KIP-858): so it is known what a failed one takes
//! with it.

use super::Decision;
use super::api_error::ApiError;
use super::brokers::check_epoch;
use super::context::Context;
use super::{builder, election, placement};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{BrokerEpoch, NodeId, PartitionIndex, Uuid};
use crate::metadata::image::MetadataImage;
use crate::metadata::record::MetadataRecord;

/// Replicas and where they are.
#[derive(Clone, Debug)]
pub struct AssignReplicas {
    /// Whose.
    pub broker_id: NodeId,
    /// Under which registration.
    pub broker_epoch: BrokerEpoch,
    /// The replicas.
    pub replicas: Vec<PlacedReplica>,
}

/// One replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedReplica {
    /// Its topic.
    pub topic_id: Uuid,
    /// Its partition.
    pub partition: PartitionIndex,
    /// The directory it is in.
    pub directory: Uuid,
}

/// One result for each replica, in the order told.
pub type AssignReplicasReply = Vec<Result<(), ErrorCode>>;

/// Decides.
pub fn decide(
    image: &MetadataImage,
    context: &Context,
    operation: &AssignReplicas,
) -> Decision<Result<AssignReplicasReply, ApiError>> {
    if let Err(error) = check_epoch(image, operation.broker_id, operation.broker_epoch) {
        return Decision::refused(Err(error));
    }
    let mut scratch = image.clone();
    let mut records = Vec::new();
    let mut reply = Vec::with_capacity(operation.replicas.len());
    for replica in &operation.replicas {
        reply.push(one(&scratch, context, operation.broker_id, replica).map(|changes| {
            for change in changes {
                let _ = scratch.apply(context.next_offset, &change);
                records.push(change);
            }
        }));
    }
    Decision::new(records, Ok(reply))
}

fn one(
    image: &MetadataImage,
    context: &Context,
    id: NodeId,
    replica: &PlacedReplica,
) -> Result<Vec<MetadataRecord>, ErrorCode> {
    let index = replica.partition;
    let topic = image.topic_by_id(replica.topic_id).ok_or(ErrorCode::UnknownTopicId)?;
    let partition = topic.partition(index).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    if !partition.replicas.contains(&id) {
        return Err(ErrorCode::NotLeaderOrFollower);
    }
    let acceptable = builder::acceptable_leader(image, partition);
    let directory = |id| placement::default_directory(image, id);
    let change = builder::of(image, context, topic, index, partition, &acceptable, &directory)
        .directory(id, replica.directory)
        .build();
    let mut records: Vec<_> = change.map(MetadataRecord::PartitionChange).into_iter().collect();
    let mut after = image.clone();
    for record in &records {
        let _ = after.apply(context.next_offset, record);
    }
    let online = image.brokers().get(id).is_some_and(|broker| broker.log_dirs.contains(&replica.directory));
    if let Some(topic) = after.topic_by_id(replica.topic_id).filter(|_| !online) {
        records.extend(election::settle(&after, context, topic, index, Some(id), None, &[]));
    }
    Ok(records)
}
