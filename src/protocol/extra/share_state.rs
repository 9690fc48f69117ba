//! The share coordinator's state, written and summed up with the count of deliveries done, version 1 (KIP-1226).

use kafka_protocol::messages::{GroupId, WriteShareGroupStateResponse};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::message::{message, structure};
use crate::protocol::api::ApiKey;

structure! {
    /// State for the share coordinator to keep.
    WriteShareGroupStateRequest {
        /// The group.
        group_id: GroupId, 0..=1;
        /// The topics.
        topics: Vec<WriteStateData>, 0..=1;
    }
}
structure! {
    /// One topic.
    WriteStateData {
        /// Its id.
        topic_id: Uuid, 0..=1;
        /// Its partitions.
        partitions: Vec<PartitionData>, 0..=1;
    }
}
structure! {
    /// One partition.
    PartitionData {
        /// The partition.
        partition: i32, 0..=1;
        /// The epoch of the state.
        state_epoch: i32, 0..=1;
        /// The epoch of the share partition's leader.
        leader_epoch: i32, 0..=1;
        /// The share partition's start offset, or -1 if it is not written.
        start_offset: i64, 0..=1;
        /// Records from the start offset on whose delivery is done, or -1.
        delivery_complete_count: i32 = -1, 1..=1;
        /// The batches.
        state_batches: Vec<StateBatch>, 0..=1;
    }
}
structure! {
    /// A range of offsets in one state.
    StateBatch {
        /// The first offset.
        first_offset: i64, 0..=1;
        /// The last offset.
        last_offset: i64, 0..=1;
        /// 0 available, 2 acknowledged, 4 archived.
        delivery_state: i8, 0..=1;
        /// How often they were delivered.
        delivery_count: i16, 0..=1;
    }
}
message!(ApiKey::WriteShareGroupState, request WriteShareGroupStateRequest, answered by WriteShareGroupStateResponse);

structure! {
    /// The state without its batches.
    ReadShareGroupStateSummaryResponse {
        /// The topics.
        results: Vec<ReadStateSummaryResult>, 0..=1;
    }
}
structure! {
    /// One topic.
    ReadStateSummaryResult {
        /// Its id.
        topic_id: Uuid, 0..=1;
        /// Its partitions.
        partitions: Vec<PartitionResult>, 0..=1;
    }
}
structure! {
    /// One partition.
    PartitionResult {
        /// The partition.
        partition: i32, 0..=1;
        /// Its error, or 0.
        error_code: i16, 0..=1;
        /// The error in words.
        error_message: Option<StrBytes>, 0..=1;
        /// The epoch of the state.
        state_epoch: i32, 0..=1;
        /// The epoch of the share partition's leader.
        leader_epoch: i32, 0..=1;
        /// The share partition's start offset.
        start_offset: i64, 0..=1;
        /// Records from the start offset on whose delivery is done, or -1.
        delivery_complete_count: i32 = -1, 1..=1;
    }
}
message!(ApiKey::ReadShareGroupStateSummary, response ReadShareGroupStateSummaryResponse);
