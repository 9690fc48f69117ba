//! Adding partitions to topics. Keys will map to other partitions afterwards; that is the asker's business.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::api_error::ApiError;
use super::context::Context;
use super::create_topics::{partition, too_many};
use super::operation::Named;
use super::{Decision, placement};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{NodeId, PartitionIndex};
use crate::base::limits::PARTITIONS_PER_REQUEST_MAX;
use crate::metadata::image::MetadataImage;
use crate::metadata::record::MetadataRecord;

/// Topics that are to grow.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CreatePartitions {
    /// Which.
    pub topics: Vec<MorePartitions>,
    /// Only say what would happen.
    pub validate_only: bool,
}

/// How far one topic is to grow.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct MorePartitions {
    /// The topic.
    pub name: String,
    /// How many partitions it has afterwards.
    pub count: i32,
    /// The replicas of each new partition, where they are chosen by hand.
    pub assignments: Option<Vec<Vec<NodeId>>>,
}

/// Decides.
pub fn decide(image: &MetadataImage, context: &Context, operation: &CreatePartitions) -> Decision<Named<()>> {
    let mut records = Vec::new();
    let mut reply = Vec::new();
    let mut seen = BTreeSet::new();
    let repeated: BTreeSet<&str> =
        operation.topics.iter().map(|topic| topic.name.as_str()).filter(|name| !seen.insert(*name)).collect();
    let twice = || ApiError::new(ErrorCode::InvalidRequest, "Duplicate topic name.");
    reply.extend(repeated.iter().map(|name| ((*name).to_owned(), Err(twice()))));
    let mut partitions_left = PARTITIONS_PER_REQUEST_MAX;
    for topic in &operation.topics {
        if repeated.contains(topic.name.as_str()) {
            continue;
        }
        let result = grow(image, context, topic, partitions_left).map(|more| {
            partitions_left -= more.len();
            records.extend(more);
        });
        reply.push((topic.name.clone(), result));
    }
    if operation.validate_only {
        records.clear();
    }
    Decision::new(records, reply)
}

fn grow(
    image: &MetadataImage,
    context: &Context,
    wanted: &MorePartitions,
    partitions_left: usize,
) -> Result<Vec<MetadataRecord>, ApiError> {
    let topic = image.topic(&wanted.name).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    let current = topic.partitions.len();
    let refuse = |message: String| Err(ApiError::new(ErrorCode::InvalidPartitions, message));
    let count = usize::try_from(wanted.count).unwrap_or(0);
    if count == current {
        return refuse(format!("topic {} has {current} partitions as it is; ask for more than that", wanted.name));
    }
    if count < current {
        return refuse(format!(
            "topic {} has {current} partitions; {} would be fewer, and partitions are never taken away",
            wanted.name, wanted.count
        ));
    }
    let more = count - current;
    too_many(more, partitions_left)?;
    let factor = topic.partitions.first().map_or(1, |first| first.replicas.len());
    let placed = match &wanted.assignments {
        Some(assignments) => {
            if assignments.len() != more {
                return Err(ApiError::new(
                    ErrorCode::InvalidReplicaAssignment,
                    format!(
                        "{more} partitions would be added, but replicas are listed for {}; list them for each new partition or for none",
                        assignments.len()
                    ),
                ));
            }
            let mut placed = Vec::with_capacity(more);
            for replicas in assignments {
                let assignment = placement::by_hand(image, replicas, Some(factor))?;
                if assignment.isr.is_empty() {
                    return Err(ApiError::new(
                        ErrorCode::InvalidReplicaAssignment,
                        "one of the lists names no broker that could lead: all in it are fenced or shutting down",
                    ));
                }
                placed.push(assignment);
            }
            placed
        }
        None => {
            placement::place(image, context.chance.as_ref(), current, more, i16::try_from(factor).unwrap_or(i16::MAX))
                .map_err(|fault| ApiError::new(ErrorCode::InvalidReplicationFactor, fault))?
        }
    };
    let index = |at: usize| PartitionIndex((current + at) as i32);
    Ok(placed
        .into_iter()
        .enumerate()
        .map(|(at, assignment)| partition(image, topic.id, index(at), assignment))
        .collect())
}
