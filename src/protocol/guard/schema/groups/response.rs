//! Consumer groups: coordination and committed offsets. The responses' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// OffsetCommitResponse, versions 2-10.
pub static OFFSET_COMMIT_RESPONSE: Message = Message {
    key: ApiKey::OffsetCommit,
    root: Struct {
        name: "OffsetCommitResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32).since(3),
            field("Topics", Type::Array(&Type::Struct(&OFFSET_COMMIT_RESPONSE_OFFSET_COMMIT_RESPONSE_TOPIC))),
        ],
    },
};

static OFFSET_COMMIT_RESPONSE_OFFSET_COMMIT_RESPONSE_PARTITION: Struct = Struct {
    name: "OffsetCommitResponsePartition",
    memory: 32,
    fields: &[field("PartitionIndex", Type::Int32), field("ErrorCode", Type::Int16)],
};

static OFFSET_COMMIT_RESPONSE_OFFSET_COMMIT_RESPONSE_TOPIC: Struct = Struct {
    name: "OffsetCommitResponseTopic",
    memory: 96,
    fields: &[
        field("Name", Type::String).until(9),
        field("TopicId", Type::Uuid).since(10),
        field("Partitions", Type::Array(&Type::Struct(&OFFSET_COMMIT_RESPONSE_OFFSET_COMMIT_RESPONSE_PARTITION))),
    ],
};

/// OffsetFetchResponse, versions 1-10.
pub static OFFSET_FETCH_RESPONSE: Message = Message {
    key: ApiKey::OffsetFetch,
    root: Struct {
        name: "OffsetFetchResponse",
        memory: 80,
        fields: &[
            field("ThrottleTimeMs", Type::Int32).since(3),
            field("Topics", Type::Array(&Type::Struct(&OFFSET_FETCH_RESPONSE_OFFSET_FETCH_RESPONSE_TOPIC))).until(7),
            field("ErrorCode", Type::Int16).since(2).until(7),
            field("Groups", Type::Array(&Type::Struct(&OFFSET_FETCH_RESPONSE_OFFSET_FETCH_RESPONSE_GROUP))).since(8),
        ],
    },
};

static OFFSET_FETCH_RESPONSE_OFFSET_FETCH_RESPONSE_PARTITION: Struct = Struct {
    name: "OffsetFetchResponsePartition",
    memory: 80,
    fields: &[
        field("PartitionIndex", Type::Int32).until(7),
        field("CommittedOffset", Type::Int64).until(7),
        field("CommittedLeaderEpoch", Type::Int32).since(5).until(7),
        field("Metadata", Type::String).until(7).null_in(0, 7),
        field("ErrorCode", Type::Int16).until(7),
    ],
};

static OFFSET_FETCH_RESPONSE_OFFSET_FETCH_RESPONSE_TOPIC: Struct = Struct {
    name: "OffsetFetchResponseTopic",
    memory: 80,
    fields: &[
        field("Name", Type::String).until(7),
        field("Partitions", Type::Array(&Type::Struct(&OFFSET_FETCH_RESPONSE_OFFSET_FETCH_RESPONSE_PARTITION)))
            .until(7),
    ],
};

static OFFSET_FETCH_RESPONSE_OFFSET_FETCH_RESPONSE_PARTITIONS: Struct = Struct {
    name: "OffsetFetchResponsePartitions",
    memory: 80,
    fields: &[
        field("PartitionIndex", Type::Int32).since(8),
        field("CommittedOffset", Type::Int64).since(8),
        field("CommittedLeaderEpoch", Type::Int32).since(8),
        field("Metadata", Type::String).since(8).null_since(8),
        field("ErrorCode", Type::Int16).since(8),
    ],
};

static OFFSET_FETCH_RESPONSE_OFFSET_FETCH_RESPONSE_TOPICS: Struct = Struct {
    name: "OffsetFetchResponseTopics",
    memory: 96,
    fields: &[
        field("Name", Type::String).since(8).until(9),
        field("TopicId", Type::Uuid).since(10),
        field("Partitions", Type::Array(&Type::Struct(&OFFSET_FETCH_RESPONSE_OFFSET_FETCH_RESPONSE_PARTITIONS)))
            .since(8),
    ],
};

static OFFSET_FETCH_RESPONSE_OFFSET_FETCH_RESPONSE_GROUP: Struct = Struct {
    name: "OffsetFetchResponseGroup",
    memory: 88,
    fields: &[
        field("GroupId", Type::String).since(8),
        field("Topics", Type::Array(&Type::Struct(&OFFSET_FETCH_RESPONSE_OFFSET_FETCH_RESPONSE_TOPICS))).since(8),
        field("ErrorCode", Type::Int16).since(8),
    ],
};

/// FindCoordinatorResponse, versions 0-6.
pub static FIND_COORDINATOR_RESPONSE: Message = Message {
    key: ApiKey::FindCoordinator,
    root: Struct {
        name: "FindCoordinatorResponse",
        memory: 128,
        fields: &[
            field("ThrottleTimeMs", Type::Int32).since(1),
            field("ErrorCode", Type::Int16).until(3),
            field("ErrorMessage", Type::String).since(1).until(3).null_in(1, 3),
            field("NodeId", Type::Int32).until(3),
            field("Host", Type::String).until(3),
            field("Port", Type::Int32).until(3),
            field("Coordinators", Type::Array(&Type::Struct(&FIND_COORDINATOR_RESPONSE_COORDINATOR))).since(4),
        ],
    },
};

static FIND_COORDINATOR_RESPONSE_COORDINATOR: Struct = Struct {
    name: "Coordinator",
    memory: 136,
    fields: &[
        field("Key", Type::String).since(4),
        field("NodeId", Type::Int32).since(4),
        field("Host", Type::String).since(4),
        field("Port", Type::Int32).since(4),
        field("ErrorCode", Type::Int16).since(4),
        field("ErrorMessage", Type::String).since(4).null_since(4),
    ],
};

/// JoinGroupResponse, versions 0-9.
pub static JOIN_GROUP_RESPONSE: Message = Message {
    key: ApiKey::JoinGroup,
    root: Struct {
        name: "JoinGroupResponse",
        memory: 192,
        fields: &[
            field("ThrottleTimeMs", Type::Int32).since(2),
            field("ErrorCode", Type::Int16),
            field("GenerationId", Type::Int32),
            field("ProtocolType", Type::String).since(7).null_since(7),
            field("ProtocolName", Type::String).null_since(7),
            field("Leader", Type::String),
            field("SkipAssignment", Type::Bool).since(9),
            field("MemberId", Type::String),
            field("Members", Type::Array(&Type::Struct(&JOIN_GROUP_RESPONSE_JOIN_GROUP_RESPONSE_MEMBER))),
        ],
    },
};

static JOIN_GROUP_RESPONSE_JOIN_GROUP_RESPONSE_MEMBER: Struct = Struct {
    name: "JoinGroupResponseMember",
    memory: 120,
    fields: &[
        field("MemberId", Type::String),
        field("GroupInstanceId", Type::String).since(5).null_since(5),
        field("Metadata", Type::Bytes),
    ],
};

/// HeartbeatResponse, versions 0-4.
pub static HEARTBEAT_RESPONSE: Message = Message {
    key: ApiKey::Heartbeat,
    root: Struct {
        name: "HeartbeatResponse",
        memory: 32,
        fields: &[field("ThrottleTimeMs", Type::Int32).since(1), field("ErrorCode", Type::Int16)],
    },
};

/// LeaveGroupResponse, versions 0-5.
pub static LEAVE_GROUP_RESPONSE: Message = Message {
    key: ApiKey::LeaveGroup,
    root: Struct {
        name: "LeaveGroupResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32).since(1),
            field("ErrorCode", Type::Int16),
            field("Members", Type::Array(&Type::Struct(&LEAVE_GROUP_RESPONSE_MEMBER_RESPONSE))).since(3),
        ],
    },
};

static LEAVE_GROUP_RESPONSE_MEMBER_RESPONSE: Struct = Struct {
    name: "MemberResponse",
    memory: 96,
    fields: &[
        field("MemberId", Type::String).since(3),
        field("GroupInstanceId", Type::String).since(3).null_since(3),
        field("ErrorCode", Type::Int16).since(3),
    ],
};

/// SyncGroupResponse, versions 0-5.
pub static SYNC_GROUP_RESPONSE: Message = Message {
    key: ApiKey::SyncGroup,
    root: Struct {
        name: "SyncGroupResponse",
        memory: 128,
        fields: &[
            field("ThrottleTimeMs", Type::Int32).since(1),
            field("ErrorCode", Type::Int16),
            field("ProtocolType", Type::String).since(5).null_since(5),
            field("ProtocolName", Type::String).since(5).null_since(5),
            field("Assignment", Type::Bytes),
        ],
    },
};

/// DescribeGroupsResponse, versions 0-6.
pub static DESCRIBE_GROUPS_RESPONSE: Message = Message {
    key: ApiKey::DescribeGroups,
    root: Struct {
        name: "DescribeGroupsResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32).since(1),
            field("Groups", Type::Array(&Type::Struct(&DESCRIBE_GROUPS_RESPONSE_DESCRIBED_GROUP))),
        ],
    },
};

static DESCRIBE_GROUPS_RESPONSE_DESCRIBED_GROUP_MEMBER: Struct = Struct {
    name: "DescribedGroupMember",
    memory: 216,
    fields: &[
        field("MemberId", Type::String),
        field("GroupInstanceId", Type::String).since(4).null_since(4),
        field("ClientId", Type::String),
        field("ClientHost", Type::String),
        field("MemberMetadata", Type::Bytes),
        field("MemberAssignment", Type::Bytes),
    ],
};

static DESCRIBE_GROUPS_RESPONSE_DESCRIBED_GROUP: Struct = Struct {
    name: "DescribedGroup",
    memory: 216,
    fields: &[
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).since(6).null_since(6),
        field("GroupId", Type::String),
        field("GroupState", Type::String),
        field("ProtocolType", Type::String),
        field("ProtocolData", Type::String),
        field("Members", Type::Array(&Type::Struct(&DESCRIBE_GROUPS_RESPONSE_DESCRIBED_GROUP_MEMBER))),
        field("AuthorizedOperations", Type::Int32).since(3),
    ],
};

/// ListGroupsResponse, versions 0-5.
pub static LIST_GROUPS_RESPONSE: Message = Message {
    key: ApiKey::ListGroups,
    root: Struct {
        name: "ListGroupsResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32).since(1),
            field("ErrorCode", Type::Int16),
            field("Groups", Type::Array(&Type::Struct(&LIST_GROUPS_RESPONSE_LISTED_GROUP))),
        ],
    },
};

static LIST_GROUPS_RESPONSE_LISTED_GROUP: Struct = Struct {
    name: "ListedGroup",
    memory: 152,
    fields: &[
        field("GroupId", Type::String),
        field("ProtocolType", Type::String),
        field("GroupState", Type::String).since(4),
        field("GroupType", Type::String).since(5),
    ],
};

/// DeleteGroupsResponse, versions 0-2.
pub static DELETE_GROUPS_RESPONSE: Message = Message {
    key: ApiKey::DeleteGroups,
    root: Struct {
        name: "DeleteGroupsResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("Results", Type::Array(&Type::Struct(&DELETE_GROUPS_RESPONSE_DELETABLE_GROUP_RESULT))),
        ],
    },
};

static DELETE_GROUPS_RESPONSE_DELETABLE_GROUP_RESULT: Struct = Struct {
    name: "DeletableGroupResult",
    memory: 64,
    fields: &[field("GroupId", Type::String), field("ErrorCode", Type::Int16)],
};

/// OffsetDeleteResponse, versions 0.
pub static OFFSET_DELETE_RESPONSE: Message = Message {
    key: ApiKey::OffsetDelete,
    root: Struct {
        name: "OffsetDeleteResponse",
        memory: 32,
        fields: &[
            field("ErrorCode", Type::Int16),
            field("ThrottleTimeMs", Type::Int32),
            field("Topics", Type::Array(&Type::Struct(&OFFSET_DELETE_RESPONSE_OFFSET_DELETE_RESPONSE_TOPIC))),
        ],
    },
};

static OFFSET_DELETE_RESPONSE_OFFSET_DELETE_RESPONSE_PARTITION: Struct = Struct {
    name: "OffsetDeleteResponsePartition",
    memory: 8,
    fields: &[field("PartitionIndex", Type::Int32), field("ErrorCode", Type::Int16)],
};

static OFFSET_DELETE_RESPONSE_OFFSET_DELETE_RESPONSE_TOPIC: Struct = Struct {
    name: "OffsetDeleteResponseTopic",
    memory: 56,
    fields: &[
        field("Name", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&OFFSET_DELETE_RESPONSE_OFFSET_DELETE_RESPONSE_PARTITION))),
    ],
};

/// ConsumerGroupHeartbeatResponse, versions 0-1.
pub static CONSUMER_GROUP_HEARTBEAT_RESPONSE: Message = Message {
    key: ApiKey::ConsumerGroupHeartbeat,
    root: Struct {
        name: "ConsumerGroupHeartbeatResponse",
        memory: 152,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ErrorMessage", Type::String).null_since(0),
            field("MemberId", Type::String).null_since(0),
            field("MemberEpoch", Type::Int32),
            field("HeartbeatIntervalMs", Type::Int32),
            field("Assignment", Type::Struct(&CONSUMER_GROUP_HEARTBEAT_RESPONSE_ASSIGNMENT)).null_since(0),
        ],
    },
};

static CONSUMER_GROUP_HEARTBEAT_RESPONSE_TOPIC_PARTITIONS: Struct = Struct {
    name: "TopicPartitions",
    memory: 64,
    fields: &[field("TopicId", Type::Uuid), field("Partitions", Type::Array(&Type::Int32))],
};

static CONSUMER_GROUP_HEARTBEAT_RESPONSE_ASSIGNMENT: Struct = Struct {
    name: "Assignment",
    memory: 48,
    fields: &[field(
        "TopicPartitions",
        Type::Array(&Type::Struct(&CONSUMER_GROUP_HEARTBEAT_RESPONSE_TOPIC_PARTITIONS)),
    )],
};

/// ConsumerGroupDescribeResponse, versions 0-1.
pub static CONSUMER_GROUP_DESCRIBE_RESPONSE: Message = Message {
    key: ApiKey::ConsumerGroupDescribe,
    root: Struct {
        name: "ConsumerGroupDescribeResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("Groups", Type::Array(&Type::Struct(&CONSUMER_GROUP_DESCRIBE_RESPONSE_DESCRIBED_GROUP))),
        ],
    },
};

static CONSUMER_GROUP_DESCRIBE_RESPONSE_TOPIC_PARTITIONS: Struct = Struct {
    name: "TopicPartitions",
    memory: 96,
    fields: &[
        field("TopicId", Type::Uuid),
        field("TopicName", Type::String),
        field("Partitions", Type::Array(&Type::Int32)),
    ],
};

static CONSUMER_GROUP_DESCRIBE_RESPONSE_ASSIGNMENT: Struct = Struct {
    name: "Assignment",
    memory: 48,
    fields: &[field("TopicPartitions", Type::Array(&Type::Struct(&CONSUMER_GROUP_DESCRIBE_RESPONSE_TOPIC_PARTITIONS)))],
};

static CONSUMER_GROUP_DESCRIBE_RESPONSE_MEMBER: Struct = Struct {
    name: "Member",
    memory: 344,
    fields: &[
        field("MemberId", Type::String),
        field("InstanceId", Type::String).null_since(0),
        field("RackId", Type::String).null_since(0),
        field("MemberEpoch", Type::Int32),
        field("ClientId", Type::String),
        field("ClientHost", Type::String),
        field("SubscribedTopicNames", Type::Array(&Type::String)),
        field("SubscribedTopicRegex", Type::String).null_since(0),
        field("Assignment", Type::Struct(&CONSUMER_GROUP_DESCRIBE_RESPONSE_ASSIGNMENT)),
        field("TargetAssignment", Type::Struct(&CONSUMER_GROUP_DESCRIBE_RESPONSE_ASSIGNMENT)),
        field("MemberType", Type::Int8).since(1),
    ],
};

static CONSUMER_GROUP_DESCRIBE_RESPONSE_DESCRIBED_GROUP: Struct = Struct {
    name: "DescribedGroup",
    memory: 192,
    fields: &[
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
        field("GroupId", Type::String),
        field("GroupState", Type::String),
        field("GroupEpoch", Type::Int32),
        field("AssignmentEpoch", Type::Int32),
        field("AssignorName", Type::String),
        field("Members", Type::Array(&Type::Struct(&CONSUMER_GROUP_DESCRIBE_RESPONSE_MEMBER))),
        field("AuthorizedOperations", Type::Int32),
    ],
};
