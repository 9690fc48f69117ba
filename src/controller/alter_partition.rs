//! A leader tells the ISR that it wants (KIP-497): the fence is the partition epoch, and who is added must be alive.

use super::Decision;
use super::api_error::ApiError;
use super::brokers::check_epoch;
use super::context::Context;
use super::partition_change::Election;
use super::{builder, placement};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, Uuid};
use crate::metadata::image::MetadataImage;
use crate::metadata::record::MetadataRecord;
use crate::metadata::topics::PartitionImage;

/// What a broker wants of partitions that it leads.
#[derive(Clone, Debug)]
pub struct AlterPartition {
    /// Who asks.
    pub broker_id: NodeId,
    /// Under which registration.
    pub broker_epoch: BrokerEpoch,
    /// What it wants.
    pub partitions: Vec<WantedIsr>,
}

/// What is wanted of one partition.
#[derive(Clone, Debug)]
pub struct WantedIsr {
    /// Its topic.
    pub topic_id: Uuid,
    /// Its index.
    pub partition: PartitionIndex,
    /// The epoch in which the asker leads.
    pub leader_epoch: LeaderEpoch,
    /// The state that the asker knows.
    pub partition_epoch: PartitionEpoch,
    /// The ISR, each with its broker epoch; -1 is "not known".
    pub isr: Vec<(NodeId, BrokerEpoch)>,
    /// Recovered (0) or recovering (1).
    pub leader_recovery_state: i8,
}

/// What a partition is, as its leader is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionNow {
    /// Who leads.
    pub leader: NodeId,
    /// In which epoch.
    pub leader_epoch: LeaderEpoch,
    /// The ISR.
    pub isr: Vec<NodeId>,
    /// Recovered (0) or recovering (1).
    pub leader_recovery_state: i8,
    /// The state that this is.
    pub partition_epoch: PartitionEpoch,
}

/// One result for each partition, in the order asked.
pub type AlterPartitionReply = Vec<(Uuid, PartitionIndex, Result<PartitionNow, ErrorCode>)>;

/// Decides.
pub fn decide(
    image: &MetadataImage,
    context: &Context,
    operation: &AlterPartition,
) -> Decision<Result<AlterPartitionReply, ApiError>> {
    if let Err(error) = check_epoch(image, operation.broker_id, operation.broker_epoch) {
        return Decision::refused(Err(error));
    }
    let mut records = Vec::new();
    let mut scratch = image.clone();
    let mut reply = Vec::with_capacity(operation.partitions.len());
    for wanted in &operation.partitions {
        let result = one(&scratch, context, operation.broker_id, wanted).map(|(partition, record)| {
            if let Some(record) = record {
                let _ = scratch.apply(context.next_offset, &record);
                records.push(record);
            }
            partition
        });
        // A change may have finished a reassignment and so moved the leadership away from who asked.
        let now = scratch.topic_by_id(wanted.topic_id).and_then(|topic| topic.partition(wanted.partition)).cloned();
        let result = match (result, now) {
            (Ok(before), Some(after)) if after.leader != before.leader => Err(ErrorCode::NewLeaderElected),
            (Ok(_), Some(after)) => Ok(now_of(after)),
            (Ok(_), None) => Err(ErrorCode::UnknownTopicOrPartition),
            (Err(error), _) => Err(error),
        };
        reply.push((wanted.topic_id, wanted.partition, result));
    }
    Decision::new(records, Ok(reply))
}

fn now_of(partition: PartitionImage) -> PartitionNow {
    let PartitionImage { leader, leader_epoch, isr, leader_recovery_state, partition_epoch, .. } = partition;
    PartitionNow { leader, leader_epoch, isr, leader_recovery_state, partition_epoch }
}

fn one(
    image: &MetadataImage,
    context: &Context,
    broker_id: NodeId,
    wanted: &WantedIsr,
) -> Result<(PartitionImage, Option<MetadataRecord>), ErrorCode> {
    let topic = image.topic_by_id(wanted.topic_id).ok_or(ErrorCode::UnknownTopicId)?;
    let partition = topic.partition(wanted.partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    check(image, partition, broker_id, wanted)?;
    let isr = wanted.isr.iter().map(|(id, _)| *id).collect();
    let config = context.topic_config(image, &topic.name);
    let election = if config.unclean_leader_election_enable { Election::Unclean } else { Election::Online };
    let acceptable = builder::acceptable_leader(image, partition);
    let directory = |id| placement::default_directory(image, id);
    let change = builder::of(image, context, topic, wanted.partition, partition, &acceptable, &directory)
        .isr(isr)
        .recovery_state(wanted.leader_recovery_state)
        .election(election)
        .build();
    Ok((partition.clone(), change.map(MetadataRecord::PartitionChange)))
}

fn check(
    image: &MetadataImage,
    partition: &PartitionImage,
    broker_id: NodeId,
    wanted: &WantedIsr,
) -> Result<(), ErrorCode> {
    // The asker is ahead of us: a newer controller must have told it.
    if wanted.leader_epoch > partition.leader_epoch || wanted.partition_epoch > partition.partition_epoch {
        return Err(ErrorCode::NotController);
    }
    if wanted.leader_epoch < partition.leader_epoch {
        return Err(ErrorCode::FencedLeaderEpoch);
    }
    if broker_id != partition.leader {
        return Err(ErrorCode::InvalidRequest);
    }
    if wanted.partition_epoch < partition.partition_epoch {
        return Err(ErrorCode::InvalidUpdateVersion);
    }
    let mut ids: Vec<_> = wanted.isr.iter().map(|(id, _)| *id).collect();
    ids.sort();
    let distinct = ids.windows(2).all(|pair| pair[0] != pair[1]);
    let known = ids.iter().all(|id| partition.replicas.contains(id));
    if ids.is_empty() || !distinct || !known || !ids.contains(&partition.leader) {
        return Err(ErrorCode::InvalidRequest);
    }
    let recovering = match wanted.leader_recovery_state {
        0 => false,
        1 => true,
        _ => return Err(ErrorCode::InvalidRequest),
    };
    if recovering && (ids.len() > 1 || partition.leader_recovery_state == 0) {
        return Err(ErrorCode::InvalidRequest);
    }
    let eligible = |(id, epoch): &(NodeId, BrokerEpoch)| {
        placement::is_active(image, *id)
            && image.brokers().get(*id).is_some_and(|broker| epoch.is_none() || broker.broker_epoch == *epoch)
    };
    if wanted.isr.iter().all(eligible) { Ok(()) } else { Err(ErrorCode::IneligibleReplica) }
}

#[cfg(test)]
#[path = "alter_partition_test.rs"]
mod tests;
