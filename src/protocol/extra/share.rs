//! Share groups: ShareFetch v2 and ShareAcknowledge v2 (KIP-1206, KIP-1222), and the lag in DescribeShareGroupOffsets v1
//! (KIP-1226).

use kafka_protocol::messages::{BrokerId, GroupId, ShareFetchResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::message::{message, structure};
use crate::protocol::api::ApiKey;

structure! {
    /// Records to acquire, and acknowledgements of earlier ones.
    ShareFetchRequest {
        /// The group.
        group_id: Option<GroupId>, 1..=2;
        /// The member.
        member_id: Option<StrBytes> = Some(StrBytes::new()), 1..=2;
        /// The share session's epoch: 0 opens, -1 closes.
        share_session_epoch: i32, 1..=2;
        /// How long to wait for records (ms).
        max_wait_ms: i32, 1..=2;
        /// The least bytes to answer with before that.
        min_bytes: i32, 1..=2;
        /// The most bytes to answer with.
        max_bytes: i32 = i32::MAX, 1..=2;
        /// The most records to acquire.
        max_records: i32, 1..=2;
        /// How many records to acquire as one batch.
        batch_size: i32, 1..=2;
        /// 0: whole batches even beyond the maximum; 1: never more records than asked for (KIP-1206).
        share_acquire_mode: i8, 2..=2;
        /// True if acknowledgements here renew locks (KIP-1222).
        is_renew_ack: bool, 2..=2;
        /// The topics to fetch.
        topics: Vec<FetchTopic>, 1..=2;
        /// Partitions to take out of the session.
        forgotten_topics_data: Vec<ForgottenTopic>, 1..=2;
    }
}
structure! {
    /// One topic to fetch.
    FetchTopic {
        /// Its id.
        topic_id: Uuid, 1..=2;
        /// Its partitions.
        partitions: Vec<FetchPartition>, 1..=2;
    }
}
structure! {
    /// One partition to fetch.
    FetchPartition {
        /// The partition.
        partition_index: i32, 1..=2;
        /// Acknowledgements for it.
        acknowledgement_batches: Vec<AcknowledgementBatch>, 1..=2;
    }
}
structure! {
    /// A range of offsets and what became of them.
    AcknowledgementBatch {
        /// The first offset.
        first_offset: i64, 1..=2;
        /// The last offset.
        last_offset: i64, 1..=2;
        /// One for each, or one for all: 0 gap, 1 accept, 2 release, 3 reject, 4 renew.
        acknowledge_types: Vec<i8>, 1..=2;
    }
}
structure! {
    /// Partitions to take out of the session.
    ForgottenTopic {
        /// The topic's id.
        topic_id: Uuid, 1..=2;
        /// The partitions.
        partitions: Vec<i32>, 1..=2;
    }
}
message!(ApiKey::ShareFetch, request ShareFetchRequest, answered by ShareFetchResponse);

structure! {
    /// Acknowledgements alone.
    ShareAcknowledgeRequest {
        /// The group.
        group_id: Option<GroupId>, 1..=2;
        /// The member.
        member_id: Option<StrBytes> = Some(StrBytes::new()), 1..=2;
        /// The share session's epoch.
        share_session_epoch: i32, 1..=2;
        /// True if they renew locks (KIP-1222).
        is_renew_ack: bool, 2..=2;
        /// The topics.
        topics: Vec<AcknowledgeTopic>, 1..=2;
    }
}
structure! {
    /// One topic's acknowledgements.
    AcknowledgeTopic {
        /// The topic's id.
        topic_id: Uuid, 1..=2;
        /// Its partitions.
        partitions: Vec<FetchPartition>, 1..=2;
    }
}
message!(ApiKey::ShareAcknowledge, request ShareAcknowledgeRequest, answered by ShareAcknowledgeResponse);

structure! {
    /// What became of acknowledgements.
    ShareAcknowledgeResponse {
        /// How long the client was throttled (ms).
        throttle_time_ms: i32, 1..=2;
        /// The error of the whole request, or 0.
        error_code: i16, 1..=2;
        /// The error in words.
        error_message: Option<StrBytes>, 1..=2;
        /// How long a record stays acquired (ms).
        acquisition_lock_timeout_ms: i32, 2..=2;
        /// The topics.
        responses: Vec<ShareAcknowledgeTopicResponse>, 1..=2;
        /// Where the leaders named above can be reached.
        node_endpoints: Vec<NodeEndpoint>, 1..=2;
    }
}
structure! {
    /// One topic's answers.
    ShareAcknowledgeTopicResponse {
        /// The topic's id.
        topic_id: Uuid, 1..=2;
        /// Its partitions.
        partitions: Vec<PartitionData>, 1..=2;
    }
}
structure! {
    /// One partition's answer.
    PartitionData {
        /// The partition.
        partition_index: i32, 1..=2;
        /// Its error, or 0.
        error_code: i16, 1..=2;
        /// The error in words.
        error_message: Option<StrBytes>, 1..=2;
        /// Its leader now.
        current_leader: LeaderIdAndEpoch, 1..=2;
    }
}
structure! {
    /// A leader and its epoch.
    LeaderIdAndEpoch {
        /// The leader's node id.
        leader_id: i32, 1..=2;
        /// Its epoch.
        leader_epoch: i32, 1..=2;
    }
}
structure! {
    /// Where a broker can be reached.
    NodeEndpoint {
        /// The broker.
        node_id: BrokerId, 1..=2;
        /// Its host.
        host: StrBytes, 1..=2;
        /// Its port.
        port: i32, 1..=2;
        /// Its rack.
        rack: Option<StrBytes>, 1..=2;
    }
}
message!(ApiKey::ShareAcknowledge, response ShareAcknowledgeResponse);

structure! {
    /// The start offsets of share groups.
    DescribeShareGroupOffsetsResponse {
        /// How long the client was throttled (ms).
        throttle_time_ms: i32, 0..=1;
        /// The groups.
        groups: Vec<DescribeShareGroupOffsetsResponseGroup>, 0..=1;
    }
}
structure! {
    /// One group.
    DescribeShareGroupOffsetsResponseGroup {
        /// The group.
        group_id: GroupId, 0..=1;
        /// Its topics.
        topics: Vec<DescribeShareGroupOffsetsResponseTopic>, 0..=1;
        /// Its error, or 0.
        error_code: i16, 0..=1;
        /// The error in words.
        error_message: Option<StrBytes>, 0..=1;
    }
}
structure! {
    /// One topic of a group.
    DescribeShareGroupOffsetsResponseTopic {
        /// Its name.
        topic_name: TopicName, 0..=1;
        /// Its id.
        topic_id: Uuid, 0..=1;
        /// Its partitions.
        partitions: Vec<DescribeShareGroupOffsetsResponsePartition>, 0..=1;
    }
}
structure! {
    /// One partition of a group.
    DescribeShareGroupOffsetsResponsePartition {
        /// The partition.
        partition_index: i32, 0..=1;
        /// The first offset that is not delivered for good.
        start_offset: i64, 0..=1;
        /// The partition's leader epoch.
        leader_epoch: i32, 0..=1;
        /// Records still to be delivered, or -1.
        lag: i64 = -1, 1..=1;
        /// Its error, or 0.
        error_code: i16, 0..=1;
        /// The error in words.
        error_message: Option<StrBytes>, 0..=1;
    }
}
message!(ApiKey::DescribeShareGroupOffsets, response DescribeShareGroupOffsetsResponse);
