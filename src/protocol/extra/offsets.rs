//! OffsetCommit and OffsetFetch requests with the topic ids of version 10 (KIP-848).

use kafka_protocol::messages::{GroupId, OffsetCommitResponse, OffsetFetchResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::message::{message, structure};
use crate::protocol::api::ApiKey;

structure! {
    /// Offsets for a group to keep.
    OffsetCommitRequest {
        /// The group.
        group_id: GroupId, 2..=10;
        /// The classic group's generation or the consumer's member epoch; -1 outside of a group's management.
        generation_id_or_member_epoch: i32 = -1, 2..=10;
        /// The member, or empty.
        member_id: StrBytes, 2..=10;
        /// The static member (KIP-345).
        group_instance_id: Option<StrBytes>, 7..=10;
        /// How long to keep the offsets (ms), or -1 for the broker's setting.
        retention_time_ms: i64 = -1, 2..=4;
        /// The topics.
        topics: Vec<OffsetCommitRequestTopic>, 2..=10;
    }
}
structure! {
    /// One topic of a commit.
    OffsetCommitRequestTopic {
        /// Its name, up to version 9.
        name: TopicName, 2..=9;
        /// Its id, from version 10.
        topic_id: Uuid, 10..=10;
        /// Its partitions.
        partitions: Vec<OffsetCommitRequestPartition>, 2..=10;
    }
}
structure! {
    /// One partition of a commit.
    OffsetCommitRequestPartition {
        /// The partition.
        partition_index: i32, 2..=10;
        /// The offset of the next record to consume.
        committed_offset: i64, 2..=10;
        /// The leader epoch of the last record consumed, or -1.
        committed_leader_epoch: i32 = -1, 6..=10;
        /// What the client wants kept beside it.
        committed_metadata: Option<StrBytes> = Some(StrBytes::new()), 2..=10;
    }
}
message!(ApiKey::OffsetCommit, request OffsetCommitRequest, answered by OffsetCommitResponse);

structure! {
    /// A question for a group's offsets: one group up to version 7, several from 8.
    OffsetFetchRequest {
        /// The group, up to version 7.
        group_id: GroupId, 1..=7;
        /// Its topics, or null for all.
        topics: Option<Vec<OffsetFetchRequestTopic>> = Some(Vec::new()), 1..=7;
        /// The groups, from version 8.
        groups: Vec<OffsetFetchRequestGroup>, 8..=10;
        /// Whether to fail on offsets of transactions that are not decided yet (KIP-447).
        require_stable: bool, 7..=10;
    }
}
structure! {
    /// One topic, up to version 7.
    OffsetFetchRequestTopic {
        /// Its name.
        name: TopicName, 1..=7;
        /// Its partitions.
        partition_indexes: Vec<i32>, 1..=7;
    }
}
structure! {
    /// One group, from version 8.
    OffsetFetchRequestGroup {
        /// The group.
        group_id: GroupId, 8..=10;
        /// The member, or null.
        member_id: Option<StrBytes>, 9..=10;
        /// The member's epoch, or -1.
        member_epoch: i32 = -1, 9..=10;
        /// Its topics, or null for all.
        topics: Option<Vec<OffsetFetchRequestTopics>> = Some(Vec::new()), 8..=10;
    }
}
structure! {
    /// One topic of a group, from version 8.
    OffsetFetchRequestTopics {
        /// Its name, up to version 9.
        name: TopicName, 8..=9;
        /// Its id, from version 10.
        topic_id: Uuid, 10..=10;
        /// Its partitions.
        partition_indexes: Vec<i32>, 8..=10;
    }
}
message!(ApiKey::OffsetFetch, request OffsetFetchRequest, answered by OffsetFetchResponse);
