//! Elections: on request (KIP-183, KIP-460), and wherever a broker came, went or is going.

use serde::{Deserialize, Serialize};

use super::Decision;
use super::api_error::ApiError;
use super::context::Context;
use super::partition_change::Election;
use super::{builder, placement};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{NodeId, PartitionIndex, Uuid};
use crate::metadata::image::MetadataImage;
use crate::metadata::record::MetadataRecord;
use crate::metadata::topics::TopicImage;

/// Partitions to elect leaders of.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ElectLeaders {
    /// True: any that is alive, where nobody in sync is; false: the preferred leader.
    pub unclean: bool,
    /// Which; none is all of them.
    pub partitions: Option<Vec<(String, Vec<PartitionIndex>)>>,
}

/// One result for each partition. Asked for all, partitions that needed nothing are left out.
pub type ElectLeadersReply = Vec<(String, Vec<(PartitionIndex, Result<(), ApiError>)>)>;

/// Decides.
pub fn decide(image: &MetadataImage, context: &Context, operation: &ElectLeaders) -> Decision<ElectLeadersReply> {
    let mut records = Vec::new();
    let mut reply = Vec::new();
    match &operation.partitions {
        Some(topics) => {
            for (name, indexes) in topics {
                let results = indexes
                    .iter()
                    .map(|index| (*index, elect(image, context, name, *index, operation.unclean, &mut records)))
                    .collect();
                reply.push((name.clone(), results));
            }
        }
        None => {
            for topic in image.topics().iter() {
                let results: Vec<_> = (0..topic.partitions.len() as i32)
                    .map(PartitionIndex)
                    .map(|index| (index, elect(image, context, &topic.name, index, operation.unclean, &mut records)))
                    .filter(|(_, result)| !matches!(result, Err(error) if error.code == ErrorCode::ElectionNotNeeded))
                    .collect();
                reply.push((topic.name.to_string(), results));
            }
        }
    }
    Decision::new(records, reply)
}

pub(super) fn elect(
    image: &MetadataImage,
    context: &Context,
    topic: &str,
    index: PartitionIndex,
    unclean: bool,
    records: &mut Vec<MetadataRecord>,
) -> Result<(), ApiError> {
    let unknown = |what: String| ApiError::new(ErrorCode::UnknownTopicOrPartition, what);
    let topic = image.topic(topic).ok_or_else(|| unknown(format!("there is no topic {topic}")))?;
    let partition =
        topic.partition(index).ok_or_else(|| unknown(format!("topic {} has no partition {index}", topic.name)))?;
    let needed = if unclean { partition.leader.is_none() } else { partition.leader != partition.preferred_leader() };
    if !needed {
        let words = format!("{}-{index} is led by {}, as it should be", topic.name, partition.leader);
        return Err(ApiError::new(ErrorCode::ElectionNotNeeded, words));
    }
    let election = if unclean { Election::Unclean } else { Election::Preferred };
    let acceptable = builder::acceptable_leader(image, partition);
    let directory = |id| placement::default_directory(image, id);
    let change =
        builder::of(image, context, topic, index, partition, &acceptable, &directory).election(election).build();
    let elected = change.as_ref().and_then(|change| change.leader);
    let good = match elected {
        Some(leader) if unclean => !leader.is_none(),
        Some(leader) => leader == partition.preferred_leader(),
        None => false,
    };
    if !good {
        let code =
            if unclean { ErrorCode::EligibleLeadersNotAvailable } else { ErrorCode::PreferredLeaderNotAvailable };
        let who = if unclean {
            "no replica".to_owned()
        } else {
            format!("its first replica, {},", partition.preferred_leader())
        };
        return Err(ApiError::new(code, format!("{who} could lead {}-{index} just now", topic.name)));
    }
    records.extend(change.map(MetadataRecord::PartitionChange));
    Ok(())
}

/// The changes that follow when `gone` can neither lead nor be in sync any more, or when `back` can lead again.
pub(super) fn after_broker_change(
    image: &MetadataImage,
    context: &Context,
    gone: Option<NodeId>,
    back: Option<NodeId>,
) -> Vec<MetadataRecord> {
    let mut records = Vec::new();
    for topic in image.topics().iter() {
        for (at, partition) in topic.partitions.iter().enumerate() {
            let touched = gone.is_some_and(|id| partition.isr.contains(&id) || partition.leader == id)
                || (back.is_some_and(|id| partition.replicas.contains(&id)) && partition.leader.is_none());
            if touched {
                records.extend(settle(image, context, topic, PartitionIndex(at as i32), gone, back, &[]));
            }
        }
    }
    records
}

/// The changes that follow when a broker is back whose last stop was not clean (KIP-966): it may lack what it had in sync, so it
/// is neither in sync nor eligible to lead until it has caught up.
pub(super) fn after_unclean_shutdown(image: &MetadataImage, context: &Context, id: NodeId) -> Vec<MetadataRecord> {
    let mut records = Vec::new();
    for topic in image.topics().iter() {
        for (at, partition) in topic.partitions.iter().enumerate() {
            let counted = partition.isr.contains(&id) || partition.eligible_leader_replicas.contains(&id);
            if counted || partition.leader == id {
                records.extend(settle(image, context, topic, PartitionIndex(at as i32), Some(id), None, &[id]));
            }
        }
    }
    records
}

/// The changes that follow when only those directories of a broker are left: what it held in others it can neither lead nor have
/// in sync (KIP-858).
pub(super) fn after_directories_lost(
    image: &MetadataImage,
    context: &Context,
    id: NodeId,
    online: &[Uuid],
) -> Vec<MetadataRecord> {
    let mut records = Vec::new();
    for topic in image.topics().iter() {
        for (at, partition) in topic.partitions.iter().enumerate() {
            let directory = partition.replicas.iter().position(|replica| *replica == id);
            let directory = directory.and_then(|at| partition.directories.get(at)).copied().unwrap_or_default();
            let lost = !directory.is_zero() && !online.contains(&directory);
            if lost && (partition.isr.contains(&id) || partition.leader == id) {
                records.extend(settle(image, context, topic, PartitionIndex(at as i32), Some(id), None, &[]));
            }
        }
    }
    records
}

pub(super) fn settle(
    image: &MetadataImage,
    context: &Context,
    topic: &TopicImage,
    index: PartitionIndex,
    gone: Option<NodeId>,
    back: Option<NodeId>,
    unclean_shutdown: &[NodeId],
) -> Option<MetadataRecord> {
    let partition = topic.partition(index)?;
    let alive = |id: NodeId| {
        Some(id) != gone
            && (Some(id) == back || placement::is_active(image, id))
            && builder::has_online_dir(image, partition, id)
    };
    let directory = |id| placement::default_directory(image, id);
    let elr = image.features().level("eligible.leader.replicas.version") > 0;
    let mut isr: Vec<_> = partition.isr.iter().copied().filter(|id| Some(*id) != gone).collect();
    // Without eligible leaders the last one in sync stays so: it alone holds what was committed.
    if isr.is_empty() && !elr {
        isr.clone_from(&partition.isr);
    }
    let unclean = context.topic_config(image, &topic.name).unclean_leader_election_enable;
    builder::of(image, context, topic, index, partition, &alive, &directory)
        .isr(isr)
        .unclean_shutdown(unclean_shutdown.to_vec())
        .election(if unclean { Election::Unclean } else { Election::Online })
        .build()
        .map(MetadataRecord::PartitionChange)
}
