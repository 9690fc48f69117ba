//! Streams groups (KIP-1071): StreamsGroupHeartbeat v0 and StreamsGroupDescribe v0.

use kafka_protocol::messages::{GroupId, TopicName};
use kafka_protocol::protocol::StrBytes;

use super::message::{message, structure};
use crate::protocol::api::ApiKey;

structure! {
    /// A member's sign of life, with what changed since the last one.
    StreamsGroupHeartbeatRequest {
        /// The group.
        group_id: GroupId, 0..=0;
        /// The member, an id that it made itself.
        member_id: StrBytes, 0..=0;
        /// Its epoch: 0 joins, -1 leaves, -2 leaves for a while (static member).
        member_epoch: i32, 0..=0;
        /// The epoch of the endpoints that it knows.
        endpoint_information_epoch: i32, 0..=0;
        /// The static member's id.
        instance_id: Option<StrBytes>, 0..=0;
        /// Its rack.
        rack_id: Option<StrBytes>, 0..=0;
        /// How long it may take to give up tasks (ms), or -1 if unchanged.
        rebalance_timeout_ms: i32 = -1, 0..=0;
        /// Its topology; null if unchanged.
        topology: Option<HeartbeatTopology>, 0..=0;
        /// Tasks that it runs; null if unchanged.
        active_tasks: Option<Vec<TaskIds>>, 0..=0;
        /// Tasks that it follows.
        standby_tasks: Option<Vec<TaskIds>>, 0..=0;
        /// Tasks that it prepares for.
        warmup_tasks: Option<Vec<TaskIds>>, 0..=0;
        /// Its process; null if unchanged.
        process_id: Option<StrBytes>, 0..=0;
        /// Where its interactive queries are answered.
        user_endpoint: Option<Endpoint>, 0..=0;
        /// Tags for rack-aware placement.
        client_tags: Option<Vec<KeyValue>>, 0..=0;
        /// How far its tasks have restored.
        task_offsets: Option<Vec<TaskOffset>>, 0..=0;
        /// The ends of its tasks' changelogs.
        task_end_offsets: Option<Vec<TaskOffset>>, 0..=0;
        /// True to shut down the whole application.
        shutdown_application: bool, 0..=0;
    }
}
structure! {
    /// The topology of an application.
    HeartbeatTopology {
        /// Its epoch.
        epoch: i32, 0..=0;
        /// Its parts.
        subtopologies: Vec<HeartbeatSubtopology>, 0..=0;
    }
}
structure! {
    /// A part of a topology that runs as one task per partition.
    HeartbeatSubtopology {
        /// Its id.
        subtopology_id: StrBytes, 0..=0;
        /// Topics that it reads.
        source_topics: Vec<TopicName>, 0..=0;
        /// Patterns of topics that it reads.
        source_topic_regex: Vec<StrBytes>, 0..=0;
        /// Changelogs of its state.
        state_changelog_topics: Vec<TopicInfo>, 0..=0;
        /// Repartition topics that it writes.
        repartition_sink_topics: Vec<TopicName>, 0..=0;
        /// Repartition topics that it reads.
        repartition_source_topics: Vec<TopicInfo>, 0..=0;
        /// Sets of topics that must have as many partitions.
        copartition_groups: Vec<CopartitionGroup>, 0..=0;
    }
}
structure! {
    /// Topics that must have as many partitions, as indexes into the lists of the subtopology.
    CopartitionGroup {
        /// Into the source topics.
        source_topics: Vec<i16>, 0..=0;
        /// Into the patterns.
        source_topic_regex: Vec<i16>, 0..=0;
        /// Into the repartition source topics.
        repartition_source_topics: Vec<i16>, 0..=0;
    }
}
structure! {
    /// An internal topic.
    TopicInfo {
        /// Its name.
        name: TopicName, 0..=0;
        /// Its partitions, or 0 for the group to decide.
        partitions: i32, 0..=0;
        /// Its replicas, or 0 for the broker's default.
        replication_factor: i16, 0..=0;
        /// Its configuration.
        topic_configs: Vec<KeyValue>, 0..=0;
    }
}
structure! {
    /// A key and a value.
    KeyValue {
        /// The key.
        key: StrBytes, 0..=0;
        /// The value.
        value: StrBytes, 0..=0;
    }
}
structure! {
    /// Where a process answers interactive queries.
    Endpoint {
        /// The host.
        host: StrBytes, 0..=0;
        /// The port.
        port: u16, 0..=0;
    }
}
structure! {
    /// How far a task is.
    TaskOffset {
        /// The task's subtopology.
        subtopology_id: StrBytes, 0..=0;
        /// Its partition.
        partition: i32, 0..=0;
        /// The offset.
        offset: i64, 0..=0;
    }
}
structure! {
    /// The tasks of one subtopology.
    TaskIds {
        /// The subtopology.
        subtopology_id: StrBytes, 0..=0;
        /// Their partitions.
        partitions: Vec<i32>, 0..=0;
    }
}
message!(ApiKey::StreamsGroupHeartbeat, request StreamsGroupHeartbeatRequest, answered by StreamsGroupHeartbeatResponse);

structure! {
    /// What a member is to do.
    StreamsGroupHeartbeatResponse {
        /// How long the client was throttled (ms).
        throttle_time_ms: i32, 0..=0;
        /// The error, or 0.
        error_code: i16, 0..=0;
        /// The error in words.
        error_message: Option<StrBytes>, 0..=0;
        /// The member.
        member_id: StrBytes, 0..=0;
        /// Its epoch.
        member_epoch: i32, 0..=0;
        /// When to come again (ms).
        heartbeat_interval_ms: i32, 0..=0;
        /// How far behind a task may be and still count as caught up (offsets).
        acceptable_recovery_lag: i32, 0..=0;
        /// How often to send task offsets (ms).
        task_offset_interval_ms: i32, 0..=0;
        /// What stands in the group's way.
        status: Option<Vec<Status>> = Some(Vec::new()), 0..=0;
        /// Tasks to run; null if unchanged.
        active_tasks: Option<Vec<TaskIds>>, 0..=0;
        /// Tasks to follow.
        standby_tasks: Option<Vec<TaskIds>>, 0..=0;
        /// Tasks to prepare for.
        warmup_tasks: Option<Vec<TaskIds>>, 0..=0;
        /// The epoch of the endpoints below.
        endpoint_information_epoch: i32, 0..=0;
        /// Who has which partitions; null if unchanged.
        partitions_by_user_endpoint: Option<Vec<EndpointToPartitions>>, 0..=0;
    }
}
structure! {
    /// A condition of the group.
    Status {
        /// 0 stale topology, 1 missing source topics, 2 wrongly partitioned, 3 missing internal topics, 4 shut down, 5 delayed.
        status_code: i8, 0..=0;
        /// In words.
        status_detail: StrBytes, 0..=0;
    }
}
structure! {
    /// The partitions behind one endpoint.
    EndpointToPartitions {
        /// The endpoint.
        user_endpoint: Endpoint, 0..=0;
        /// Partitions of its active tasks.
        active_partitions: Vec<TopicPartitions>, 0..=0;
        /// Partitions of its standby tasks.
        standby_partitions: Vec<TopicPartitions>, 0..=0;
    }
}
structure! {
    /// Partitions of one topic.
    TopicPartitions {
        /// The topic.
        topic: TopicName, 0..=0;
        /// Its partitions.
        partitions: Vec<i32>, 0..=0;
    }
}
message!(ApiKey::StreamsGroupHeartbeat, response StreamsGroupHeartbeatResponse);

structure! {
    /// Streams groups to describe.
    StreamsGroupDescribeRequest {
        /// The groups.
        group_ids: Vec<GroupId>, 0..=0;
        /// Whether to say what the caller may do with them.
        include_authorized_operations: bool, 0..=0;
    }
}
message!(ApiKey::StreamsGroupDescribe, request StreamsGroupDescribeRequest, answered by StreamsGroupDescribeResponse);

structure! {
    /// Streams groups.
    StreamsGroupDescribeResponse {
        /// How long the client was throttled (ms).
        throttle_time_ms: i32, 0..=0;
        /// The groups.
        groups: Vec<DescribedGroup>, 0..=0;
    }
}
structure! {
    /// One streams group.
    DescribedGroup {
        /// The error, or 0.
        error_code: i16, 0..=0;
        /// The error in words.
        error_message: Option<StrBytes>, 0..=0;
        /// The group.
        group_id: GroupId, 0..=0;
        /// Its state.
        group_state: StrBytes, 0..=0;
        /// Its epoch.
        group_epoch: i32, 0..=0;
        /// The epoch of its target assignment.
        assignment_epoch: i32, 0..=0;
        /// Its topology.
        topology: Option<DescribedTopology>, 0..=0;
        /// Its members.
        members: Vec<Member>, 0..=0;
        /// What the caller may do, as bits, or `i32::MIN` if that was not asked.
        authorized_operations: i32 = i32::MIN, 0..=0;
    }
}
structure! {
    /// The topology of a group.
    DescribedTopology {
        /// Its epoch.
        epoch: i32, 0..=0;
        /// Its parts; null if they are not known.
        subtopologies: Option<Vec<DescribedSubtopology>>, 0..=0;
    }
}
structure! {
    /// A part of a topology.
    DescribedSubtopology {
        /// Its id.
        subtopology_id: StrBytes, 0..=0;
        /// Topics that it reads.
        source_topics: Vec<TopicName>, 0..=0;
        /// Repartition topics that it writes.
        repartition_sink_topics: Vec<TopicName>, 0..=0;
        /// Changelogs of its state.
        state_changelog_topics: Vec<TopicInfo>, 0..=0;
        /// Repartition topics that it reads.
        repartition_source_topics: Vec<TopicInfo>, 0..=0;
    }
}
structure! {
    /// A member of a group.
    Member {
        /// The member.
        member_id: StrBytes, 0..=0;
        /// Its epoch.
        member_epoch: i32, 0..=0;
        /// The static member's id.
        instance_id: Option<StrBytes>, 0..=0;
        /// Its rack.
        rack_id: Option<StrBytes>, 0..=0;
        /// Its client id.
        client_id: StrBytes, 0..=0;
        /// Its address.
        client_host: StrBytes, 0..=0;
        /// The epoch of its topology.
        topology_epoch: i32, 0..=0;
        /// Its process.
        process_id: StrBytes, 0..=0;
        /// Where its interactive queries are answered.
        user_endpoint: Option<Endpoint>, 0..=0;
        /// Its tags.
        client_tags: Vec<KeyValue>, 0..=0;
        /// How far its tasks have restored.
        task_offsets: Vec<TaskOffset>, 0..=0;
        /// The ends of its tasks' changelogs.
        task_end_offsets: Vec<TaskOffset>, 0..=0;
        /// What it does now.
        assignment: Assignment, 0..=0;
        /// What it is to do.
        target_assignment: Assignment, 0..=0;
        /// True if it speaks the classic protocol.
        is_classic: bool, 0..=0;
    }
}
structure! {
    /// A member's tasks.
    Assignment {
        /// Tasks to run.
        active_tasks: Vec<TaskIds>, 0..=0;
        /// Tasks to follow.
        standby_tasks: Vec<TaskIds>, 0..=0;
        /// Tasks to prepare for.
        warmup_tasks: Vec<TaskIds>, 0..=0;
    }
}
message!(ApiKey::StreamsGroupDescribe, response StreamsGroupDescribeResponse);
