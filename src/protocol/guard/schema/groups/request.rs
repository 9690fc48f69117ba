//! Consumer groups: coordination and committed offsets. The requests' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// OffsetCommitRequest, versions 2-10.
pub static OFFSET_COMMIT_REQUEST: Message = Message {
    key: ApiKey::OffsetCommit,
    root: Struct {
        name: "OffsetCommitRequest",
        memory: 160,
        fields: &[
            field("GroupId", Type::String),
            field("GenerationIdOrMemberEpoch", Type::Int32).since(1),
            field("MemberId", Type::String).since(1),
            field("GroupInstanceId", Type::String).since(7).null_since(7),
            field("RetentionTimeMs", Type::Int64).since(2).until(4),
            field("Topics", Type::Array(&Type::Struct(&OFFSET_COMMIT_REQUEST_OFFSET_COMMIT_REQUEST_TOPIC))),
        ],
    },
};

static OFFSET_COMMIT_REQUEST_OFFSET_COMMIT_REQUEST_PARTITION: Struct = Struct {
    name: "OffsetCommitRequestPartition",
    memory: 72,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("CommittedOffset", Type::Int64),
        field("CommittedLeaderEpoch", Type::Int32).since(6),
        field("CommittedMetadata", Type::String).null_since(0),
    ],
};

static OFFSET_COMMIT_REQUEST_OFFSET_COMMIT_REQUEST_TOPIC: Struct = Struct {
    name: "OffsetCommitRequestTopic",
    memory: 96,
    fields: &[
        field("Name", Type::String).until(9),
        field("TopicId", Type::Uuid).since(10),
        field("Partitions", Type::Array(&Type::Struct(&OFFSET_COMMIT_REQUEST_OFFSET_COMMIT_REQUEST_PARTITION))),
    ],
};

/// OffsetFetchRequest, versions 1-10.
pub static OFFSET_FETCH_REQUEST: Message = Message {
    key: ApiKey::OffsetFetch,
    root: Struct {
        name: "OffsetFetchRequest",
        memory: 112,
        fields: &[
            field("GroupId", Type::String).until(7),
            field("Topics", Type::Array(&Type::Struct(&OFFSET_FETCH_REQUEST_OFFSET_FETCH_REQUEST_TOPIC)))
                .until(7)
                .null_in(2, 7),
            field("Groups", Type::Array(&Type::Struct(&OFFSET_FETCH_REQUEST_OFFSET_FETCH_REQUEST_GROUP))).since(8),
            field("RequireStable", Type::Bool).since(7),
        ],
    },
};

static OFFSET_FETCH_REQUEST_OFFSET_FETCH_REQUEST_TOPIC: Struct = Struct {
    name: "OffsetFetchRequestTopic",
    memory: 80,
    fields: &[field("Name", Type::String).until(7), field("PartitionIndexes", Type::Array(&Type::Int32)).until(7)],
};

static OFFSET_FETCH_REQUEST_OFFSET_FETCH_REQUEST_TOPICS: Struct = Struct {
    name: "OffsetFetchRequestTopics",
    memory: 96,
    fields: &[
        field("Name", Type::String).since(8).until(9),
        field("TopicId", Type::Uuid).since(10),
        field("PartitionIndexes", Type::Array(&Type::Int32)).since(8),
    ],
};

static OFFSET_FETCH_REQUEST_OFFSET_FETCH_REQUEST_GROUP: Struct = Struct {
    name: "OffsetFetchRequestGroup",
    memory: 120,
    fields: &[
        field("GroupId", Type::String).since(8),
        field("MemberId", Type::String).since(9).null_since(9),
        field("MemberEpoch", Type::Int32).since(9),
        field("Topics", Type::Array(&Type::Struct(&OFFSET_FETCH_REQUEST_OFFSET_FETCH_REQUEST_TOPICS)))
            .since(8)
            .null_since(8),
    ],
};

/// FindCoordinatorRequest, versions 0-6.
pub static FIND_COORDINATOR_REQUEST: Message = Message {
    key: ApiKey::FindCoordinator,
    root: Struct {
        name: "FindCoordinatorRequest",
        memory: 88,
        fields: &[
            field("Key", Type::String).until(3),
            field("KeyType", Type::Int8).since(1),
            field("CoordinatorKeys", Type::Array(&Type::String)).since(4),
        ],
    },
};

/// JoinGroupRequest, versions 0-9.
pub static JOIN_GROUP_REQUEST: Message = Message {
    key: ApiKey::JoinGroup,
    root: Struct {
        name: "JoinGroupRequest",
        memory: 216,
        fields: &[
            field("GroupId", Type::String),
            field("SessionTimeoutMs", Type::Int32),
            field("RebalanceTimeoutMs", Type::Int32).since(1),
            field("MemberId", Type::String),
            field("GroupInstanceId", Type::String).since(5).null_since(5),
            field("ProtocolType", Type::String),
            field("Protocols", Type::Array(&Type::Struct(&JOIN_GROUP_REQUEST_JOIN_GROUP_REQUEST_PROTOCOL))),
            field("Reason", Type::String).since(8).null_since(8),
        ],
    },
};

static JOIN_GROUP_REQUEST_JOIN_GROUP_REQUEST_PROTOCOL: Struct = Struct {
    name: "JoinGroupRequestProtocol",
    memory: 88,
    fields: &[field("Name", Type::String), field("Metadata", Type::Bytes)],
};

/// HeartbeatRequest, versions 0-4.
pub static HEARTBEAT_REQUEST: Message = Message {
    key: ApiKey::Heartbeat,
    root: Struct {
        name: "HeartbeatRequest",
        memory: 128,
        fields: &[
            field("GroupId", Type::String),
            field("GenerationId", Type::Int32),
            field("MemberId", Type::String),
            field("GroupInstanceId", Type::String).since(3).null_since(3),
        ],
    },
};

/// LeaveGroupRequest, versions 0-5.
pub static LEAVE_GROUP_REQUEST: Message = Message {
    key: ApiKey::LeaveGroup,
    root: Struct {
        name: "LeaveGroupRequest",
        memory: 112,
        fields: &[
            field("GroupId", Type::String),
            field("MemberId", Type::String).until(2),
            field("Members", Type::Array(&Type::Struct(&LEAVE_GROUP_REQUEST_MEMBER_IDENTITY))).since(3),
        ],
    },
};

static LEAVE_GROUP_REQUEST_MEMBER_IDENTITY: Struct = Struct {
    name: "MemberIdentity",
    memory: 120,
    fields: &[
        field("MemberId", Type::String).since(3),
        field("GroupInstanceId", Type::String).since(3).null_since(3),
        field("Reason", Type::String).since(5).null_since(5),
    ],
};

/// SyncGroupRequest, versions 0-5.
pub static SYNC_GROUP_REQUEST: Message = Message {
    key: ApiKey::SyncGroup,
    root: Struct {
        name: "SyncGroupRequest",
        memory: 216,
        fields: &[
            field("GroupId", Type::String),
            field("GenerationId", Type::Int32),
            field("MemberId", Type::String),
            field("GroupInstanceId", Type::String).since(3).null_since(3),
            field("ProtocolType", Type::String).since(5).null_since(5),
            field("ProtocolName", Type::String).since(5).null_since(5),
            field("Assignments", Type::Array(&Type::Struct(&SYNC_GROUP_REQUEST_SYNC_GROUP_REQUEST_ASSIGNMENT))),
        ],
    },
};

static SYNC_GROUP_REQUEST_SYNC_GROUP_REQUEST_ASSIGNMENT: Struct = Struct {
    name: "SyncGroupRequestAssignment",
    memory: 88,
    fields: &[field("MemberId", Type::String), field("Assignment", Type::Bytes)],
};

/// DescribeGroupsRequest, versions 0-6.
pub static DESCRIBE_GROUPS_REQUEST: Message = Message {
    key: ApiKey::DescribeGroups,
    root: Struct {
        name: "DescribeGroupsRequest",
        memory: 56,
        fields: &[
            field("Groups", Type::Array(&Type::String)),
            field("IncludeAuthorizedOperations", Type::Bool).since(3),
        ],
    },
};

/// ListGroupsRequest, versions 0-5.
pub static LIST_GROUPS_REQUEST: Message = Message {
    key: ApiKey::ListGroups,
    root: Struct {
        name: "ListGroupsRequest",
        memory: 72,
        fields: &[
            field("StatesFilter", Type::Array(&Type::String)).since(4),
            field("TypesFilter", Type::Array(&Type::String)).since(5),
        ],
    },
};

/// DeleteGroupsRequest, versions 0-2.
pub static DELETE_GROUPS_REQUEST: Message = Message {
    key: ApiKey::DeleteGroups,
    root: Struct {
        name: "DeleteGroupsRequest",
        memory: 48,
        fields: &[field("GroupsNames", Type::Array(&Type::String))],
    },
};

/// OffsetDeleteRequest, versions 0.
pub static OFFSET_DELETE_REQUEST: Message = Message {
    key: ApiKey::OffsetDelete,
    root: Struct {
        name: "OffsetDeleteRequest",
        memory: 56,
        fields: &[
            field("GroupId", Type::String),
            field("Topics", Type::Array(&Type::Struct(&OFFSET_DELETE_REQUEST_OFFSET_DELETE_REQUEST_TOPIC))),
        ],
    },
};

static OFFSET_DELETE_REQUEST_OFFSET_DELETE_REQUEST_PARTITION: Struct =
    Struct { name: "OffsetDeleteRequestPartition", memory: 8, fields: &[field("PartitionIndex", Type::Int32)] };

static OFFSET_DELETE_REQUEST_OFFSET_DELETE_REQUEST_TOPIC: Struct = Struct {
    name: "OffsetDeleteRequestTopic",
    memory: 56,
    fields: &[
        field("Name", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&OFFSET_DELETE_REQUEST_OFFSET_DELETE_REQUEST_PARTITION))),
    ],
};

/// ConsumerGroupHeartbeatRequest, versions 0-1.
pub static CONSUMER_GROUP_HEARTBEAT_REQUEST: Message = Message {
    key: ApiKey::ConsumerGroupHeartbeat,
    root: Struct {
        name: "ConsumerGroupHeartbeatRequest",
        memory: 272,
        fields: &[
            field("GroupId", Type::String),
            field("MemberId", Type::String),
            field("MemberEpoch", Type::Int32),
            field("InstanceId", Type::String).null_since(0),
            field("RackId", Type::String).null_since(0),
            field("RebalanceTimeoutMs", Type::Int32),
            field("SubscribedTopicNames", Type::Array(&Type::String)).null_since(0),
            field("SubscribedTopicRegex", Type::String).since(1).null_since(1),
            field("ServerAssignor", Type::String).null_since(0),
            field("TopicPartitions", Type::Array(&Type::Struct(&CONSUMER_GROUP_HEARTBEAT_REQUEST_TOPIC_PARTITIONS)))
                .null_since(0),
        ],
    },
};

static CONSUMER_GROUP_HEARTBEAT_REQUEST_TOPIC_PARTITIONS: Struct = Struct {
    name: "TopicPartitions",
    memory: 64,
    fields: &[field("TopicId", Type::Uuid), field("Partitions", Type::Array(&Type::Int32))],
};

/// ConsumerGroupDescribeRequest, versions 0-1.
pub static CONSUMER_GROUP_DESCRIBE_REQUEST: Message = Message {
    key: ApiKey::ConsumerGroupDescribe,
    root: Struct {
        name: "ConsumerGroupDescribeRequest",
        memory: 56,
        fields: &[field("GroupIds", Type::Array(&Type::String)), field("IncludeAuthorizedOperations", Type::Bool)],
    },
};
