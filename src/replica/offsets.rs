//! Questions about a partition's offsets: by timestamp, by leader epoch; and moving its start.

use crate::base::ids::{LeaderEpoch, Millis, Offset};
use crate::log::error::{DeleteRecordsError, ReadError};
use crate::log::read_info::{ReadUpTo, TimestampAndOffset};
use crate::replica::partition::{LeaderError, Partition};

/// Which offset is asked for (ListOffsets).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetSpec {
    /// The end of what the isolation level lets one read (-1).
    Latest,
    /// The log start (-2).
    Earliest,
    /// The record with the greatest timestamp (-3, KIP-734).
    MaxTimestamp,
    /// The earliest offset held locally (-4, KIP-405): the log start, since nothing is tiered.
    EarliestLocal,
    /// The latest offset in tiered storage (-5): none, since nothing is tiered.
    LatestTiered,
    /// The earliest offset not yet in tiered storage (-6, KIP-1023): none, since nothing is tiered.
    EarliestPendingUpload,
    /// The first record with a timestamp at or after this one.
    Timestamp(Millis),
}

/// Why a question went unanswered.
#[derive(Debug, thiserror::Error)]
pub enum OffsetsError {
    /// It is not led here, or in another epoch.
    #[error(transparent)]
    Leader(#[from] LeaderError),
    /// The leader does not know yet how far what it took over is committed.
    #[error("the high watermark has not reached the start of the leader epoch yet")]
    NotKnownYet,
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The log start could not be moved there.
    #[error(transparent)]
    DeleteRecords(#[from] DeleteRecordsError),
}

/// The offset asked for, or none where no record answers. `up_to` bounds what is visible.
pub fn list_offset(
    partition: &Partition,
    spec: OffsetSpec,
    up_to: ReadUpTo,
    current_epoch: Option<LeaderEpoch>,
) -> Result<Option<TimestampAndOffset>, OffsetsError> {
    let _turn = partition.turn();
    let epoch = partition.lead(current_epoch)?;
    let log = &**partition.log();
    let end = match up_to {
        ReadUpTo::LastStable => log.last_stable_offset(),
        ReadUpTo::HighWatermark => log.high_watermark(),
        ReadUpTo::LogEnd => log.log_end_offset(),
    };
    let plain = |offset: Offset| {
        let leader_epoch = log.epoch_for_offset(offset).unwrap_or(LeaderEpoch::NONE);
        Some(TimestampAndOffset { timestamp: Millis::NONE, offset, leader_epoch })
    };
    // A new leader's high watermark may lie behind what consumers have seen from the old one.
    let is_known =
        up_to == ReadUpTo::LogEnd || partition.epoch_start().is_none_or(|start| start <= log.high_watermark());
    let visible = |found: Option<TimestampAndOffset>| match found {
        Some(found) if found.offset < end => Ok(Some(found)),
        Some(_) if !is_known => Err(OffsetsError::NotKnownYet),
        _ => Ok(None),
    };
    match spec {
        OffsetSpec::Latest if !is_known => Err(OffsetsError::NotKnownYet),
        OffsetSpec::Latest => {
            Ok(Some(TimestampAndOffset { timestamp: Millis::NONE, offset: end, leader_epoch: epoch }))
        }
        OffsetSpec::Earliest | OffsetSpec::EarliestLocal => Ok(plain(log.log_start_offset())),
        OffsetSpec::LatestTiered | OffsetSpec::EarliestPendingUpload => Ok(None),
        OffsetSpec::MaxTimestamp => visible(log.max_timestamp()?),
        OffsetSpec::Timestamp(at) => visible(log.offset_for_timestamp(at)?),
    }
}

/// The end of the newest epoch at or below `epoch` (OffsetForLeaderEpoch).
pub fn end_of_epoch(
    partition: &Partition,
    epoch: LeaderEpoch,
    current_epoch: Option<LeaderEpoch>,
) -> Result<(LeaderEpoch, Offset), OffsetsError> {
    let _turn = partition.turn();
    partition.lead(current_epoch)?;
    Ok(partition.log().end_offset_for_epoch(epoch))
}

/// Moves the log start up to `offset` (`None`: the high watermark), and returns where it now stands.
pub fn delete_records(partition: &Partition, offset: Option<Offset>) -> Result<Offset, OffsetsError> {
    let _turn = partition.turn();
    partition.lead(None)?;
    let log = partition.log();
    log.delete_records_to(offset.unwrap_or_else(|| log.high_watermark()))?;
    // The followers learn of it with the answers that they wait for.
    partition.follower_waiters.end_all();
    Ok(log.log_start_offset())
}

/// The lowest log start of all replicas that are alive: what lies before it is gone everywhere (KIP-107).
pub fn low_watermark(partition: &Partition) -> Result<Offset, LeaderError> {
    partition.lead(None)?;
    let own = partition.log().log_start_offset();
    let followers = partition.with_leading(|leading| {
        let alive = leading.followers().filter(|(node, _)| partition.home.alive(*node).is_some());
        alive.map(|(_, follower)| follower.log_start).min()
    });
    Ok(followers.flatten().map_or(own, |lowest| lowest.min(own)))
}
