//! Moving replicas (KIP-455): starting, stopping and listing.
//!
//! While replicas move a partition has both the old and the new ones; whoever is leaving comes last. Once the new ones are in
//! sync, [`super::partition_change`] completes the move.

use serde::{Deserialize, Serialize};

use super::Decision;
use super::api_error::ApiError;
use super::context::Context;
use super::partition_change::Election;
use super::{builder, placement};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{NodeId, PartitionIndex};
use crate::metadata::image::MetadataImage;
use crate::metadata::record::{MetadataRecord, PartitionChange};
use crate::metadata::topics::{PartitionImage, TopicImage};

/// Partitions whose replicas are to move.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AlterPartitionReassignments {
    /// Topic, partition, and where to; no place stops a move under way.
    pub topics: Vec<(String, Vec<Reassignment>)>,
    /// Whether the number of replicas may change (KIP-860).
    pub allow_replication_factor_change: bool,
}

/// Where one partition goes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reassignment {
    /// The partition.
    pub partition: PartitionIndex,
    /// Its new replicas; none stops a move under way.
    pub replicas: Option<Vec<NodeId>>,
}

/// One result for each partition, in the order asked.
pub type AlterReassignmentsReply = Vec<(String, Vec<(PartitionIndex, Result<(), ApiError>)>)>;

/// A move under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OngoingReassignment {
    /// The partition.
    pub partition: PartitionIndex,
    /// All replicas, leaving and joining ones too.
    pub replicas: Vec<NodeId>,
    /// Joining.
    pub adding: Vec<NodeId>,
    /// Leaving.
    pub removing: Vec<NodeId>,
}

/// Decides.
pub fn decide(
    image: &MetadataImage,
    context: &Context,
    operation: &AlterPartitionReassignments,
) -> Decision<AlterReassignmentsReply> {
    let mut records = Vec::new();
    let mut reply = Vec::with_capacity(operation.topics.len());
    for (name, partitions) in &operation.topics {
        let mut results = Vec::with_capacity(partitions.len());
        for wanted in partitions {
            let result = one(image, context, name, wanted, operation.allow_replication_factor_change)
                .map(|change| records.extend(change.map(MetadataRecord::PartitionChange)));
            results.push((wanted.partition, result));
        }
        reply.push((name.clone(), results));
    }
    Decision::new(records, reply)
}

/// The moves under way, of all topics or of those partitions.
pub fn list(
    image: &MetadataImage,
    wanted: Option<&[(String, Vec<PartitionIndex>)]>,
) -> Vec<(String, Vec<OngoingReassignment>)> {
    let of_topic = |topic: &TopicImage, keep: &dyn Fn(PartitionIndex) -> bool| {
        let ongoing: Vec<_> = topic
            .partitions
            .iter()
            .enumerate()
            .map(|(at, partition)| (PartitionIndex(at as i32), partition))
            .filter(|(index, partition)| partition.is_reassigning() && keep(*index))
            .map(|(partition, image)| OngoingReassignment {
                partition,
                replicas: image.replicas.clone(),
                adding: image.adding.clone(),
                removing: image.removing.clone(),
            })
            .collect();
        (!ongoing.is_empty()).then(|| (topic.name.to_string(), ongoing))
    };
    match wanted {
        None => image.topics().iter().filter_map(|topic| of_topic(topic, &|_| true)).collect(),
        Some(topics) => topics
            .iter()
            .filter_map(|(name, indexes)| of_topic(image.topic(name)?, &|index| indexes.contains(&index)))
            .collect(),
    }
}

fn one(
    image: &MetadataImage,
    context: &Context,
    name: &str,
    wanted: &Reassignment,
    factor_may_change: bool,
) -> Result<Option<PartitionChange>, ApiError> {
    let unknown = |what: String| ApiError::new(ErrorCode::UnknownTopicOrPartition, what);
    let topic = image.topic(name).ok_or_else(|| unknown(format!("there is no topic {name}")))?;
    let index = wanted.partition;
    let partition = topic.partition(index).ok_or_else(|| unknown(format!("topic {name} has no partition {index}")))?;
    match &wanted.replicas {
        None => cancel(image, context, topic, index, partition),
        Some(replicas) => {
            let stays = partition.replicas.len() - partition.adding.len();
            if !factor_may_change && replicas.len() != stays {
                let message = format!(
                    "{name} has {stays} replicas of each partition and would have {}; the request says that their number shall stay",
                    replicas.len()
                );
                return Err(ApiError::new(ErrorCode::InvalidReplicationFactor, message));
            }
            start(image, context, topic, index, partition, replicas)
        }
    }
}

fn start(
    image: &MetadataImage,
    context: &Context,
    topic: &TopicImage,
    index: PartitionIndex,
    partition: &PartitionImage,
    target: &[NodeId],
) -> Result<Option<PartitionChange>, ApiError> {
    placement::by_hand(image, target, None)?;
    // Of a move under way, replicas that were leaving and are wanted again simply stay.
    let mut removing: Vec<_> = partition.replicas.iter().copied().filter(|id| !target.contains(id)).collect();
    removing.sort();
    let mut adding: Vec<_> = target.iter().copied().filter(|id| !partition.replicas.contains(id)).collect();
    adding.sort();
    let replicas = target.iter().chain(&removing).copied().collect();
    let acceptable = builder::acceptable_leader(image, partition);
    let directory = |id| placement::default_directory(image, id);
    Ok(builder::of(image, context, topic, index, partition, &acceptable, &directory)
        .replicas(replicas)
        .moving(removing, adding)
        .build())
}

fn cancel(
    image: &MetadataImage,
    context: &Context,
    topic: &TopicImage,
    index: PartitionIndex,
    partition: &PartitionImage,
) -> Result<Option<PartitionChange>, ApiError> {
    if !partition.is_reassigning() {
        return Err(ErrorCode::NoReassignmentInProgress.into());
    }
    let was =
        |list: &[NodeId]| -> Vec<NodeId> { list.iter().copied().filter(|id| !partition.adding.contains(id)).collect() };
    let (replicas, mut isr) = (was(&partition.replicas), was(&partition.isr));
    let unclean = context.topic_config(image, &topic.name).unclean_leader_election_enable;
    if isr.is_empty() {
        let Some(first) = replicas.first().filter(|_| unclean) else {
            let message = format!(
                "the move of {}-{index} cannot be undone: none of the replicas it had before is in sync, and unclean.leader.election.enable is false",
                topic.name
            );
            return Err(ApiError::new(ErrorCode::InvalidReplicaAssignment, message));
        };
        isr.push(*first);
    }
    let acceptable = builder::acceptable_leader(image, partition);
    let directory = |id| placement::default_directory(image, id);
    Ok(builder::of(image, context, topic, index, partition, &acceptable, &directory)
        .isr(isr)
        .replicas(replicas)
        .moving(Vec::new(), Vec::new())
        .election(if unclean { Election::Unclean } else { Election::Online })
        .build())
}
