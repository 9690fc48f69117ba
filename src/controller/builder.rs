//! Sets up a [`PartitionChangeBuilder`] with what the image knows of a partition's surroundings.

use super::context::Context;
use super::partition_change::PartitionChangeBuilder;
use super::placement;
use crate::base::ids::{NodeId, PartitionIndex, Uuid};
use crate::metadata::image::MetadataImage;
use crate::metadata::topics::{PartitionImage, TopicImage};

/// The feature that lets replicas outside the ISR be eligible to lead.
const ELIGIBLE_LEADER_REPLICAS: &str = "eligible.leader.replicas.version";

/// Who may lead a partition: a broker that is active and has the replica's directory online.
pub(super) fn acceptable_leader<'a>(
    image: &'a MetadataImage,
    partition: &'a PartitionImage,
) -> impl Fn(NodeId) -> bool + 'a {
    move |id| placement::is_active(image, id) && has_online_dir(image, partition, id)
}

/// Whether the directory of a replica is online as far as anybody knows.
pub(super) fn has_online_dir(image: &MetadataImage, partition: &PartitionImage, id: NodeId) -> bool {
    let Some(broker) = image.brokers().get(id) else { return false };
    let directory = partition
        .replicas
        .iter()
        .position(|replica| *replica == id)
        .and_then(|at| partition.directories.get(at).copied())
        .unwrap_or(Uuid::ZERO);
    directory.is_zero() || broker.log_dirs.is_empty() || broker.log_dirs.contains(&directory)
}

/// A builder that knows the topic's `min.insync.replicas` and whether eligible leaders are kept.
pub(super) fn of<'a>(
    image: &MetadataImage,
    context: &Context,
    topic: &TopicImage,
    index: PartitionIndex,
    partition: &'a PartitionImage,
    acceptable: &'a dyn Fn(NodeId) -> bool,
    default_directory: &'a dyn Fn(NodeId) -> Uuid,
) -> PartitionChangeBuilder<'a> {
    let min_isr = context.topic_config(image, &topic.name).min_insync_replicas;
    PartitionChangeBuilder::new(partition, topic.id, index, acceptable, default_directory)
        .eligible_leaders(image.features().level(ELIGIBLE_LEADER_REPLICAS) > 0, usize::try_from(min_isr).unwrap_or(1))
}
