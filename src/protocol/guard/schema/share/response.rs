//! Share groups (KIP-932) as their members and administrators see them. The responses' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// ShareGroupHeartbeatResponse, versions 1.
pub static SHARE_GROUP_HEARTBEAT_RESPONSE: Message = Message {
    key: ApiKey::ShareGroupHeartbeat,
    root: Struct {
        name: "ShareGroupHeartbeatResponse",
        memory: 152,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ErrorMessage", Type::String).null_since(0),
            field("MemberId", Type::String).null_since(0),
            field("MemberEpoch", Type::Int32),
            field("HeartbeatIntervalMs", Type::Int32),
            field("Assignment", Type::Struct(&SHARE_GROUP_HEARTBEAT_RESPONSE_ASSIGNMENT)).null_since(0),
        ],
    },
};

static SHARE_GROUP_HEARTBEAT_RESPONSE_TOPIC_PARTITIONS: Struct = Struct {
    name: "TopicPartitions",
    memory: 64,
    fields: &[field("TopicId", Type::Uuid), field("Partitions", Type::Array(&Type::Int32))],
};

static SHARE_GROUP_HEARTBEAT_RESPONSE_ASSIGNMENT: Struct = Struct {
    name: "Assignment",
    memory: 48,
    fields: &[field("TopicPartitions", Type::Array(&Type::Struct(&SHARE_GROUP_HEARTBEAT_RESPONSE_TOPIC_PARTITIONS)))],
};

/// ShareGroupDescribeResponse, versions 1.
pub static SHARE_GROUP_DESCRIBE_RESPONSE: Message = Message {
    key: ApiKey::ShareGroupDescribe,
    root: Struct {
        name: "ShareGroupDescribeResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("Groups", Type::Array(&Type::Struct(&SHARE_GROUP_DESCRIBE_RESPONSE_DESCRIBED_GROUP))),
        ],
    },
};

static SHARE_GROUP_DESCRIBE_RESPONSE_TOPIC_PARTITIONS: Struct = Struct {
    name: "TopicPartitions",
    memory: 96,
    fields: &[
        field("TopicId", Type::Uuid),
        field("TopicName", Type::String),
        field("Partitions", Type::Array(&Type::Int32)),
    ],
};

static SHARE_GROUP_DESCRIBE_RESPONSE_ASSIGNMENT: Struct = Struct {
    name: "Assignment",
    memory: 48,
    fields: &[field("TopicPartitions", Type::Array(&Type::Struct(&SHARE_GROUP_DESCRIBE_RESPONSE_TOPIC_PARTITIONS)))],
};

static SHARE_GROUP_DESCRIBE_RESPONSE_MEMBER: Struct = Struct {
    name: "Member",
    memory: 232,
    fields: &[
        field("MemberId", Type::String),
        field("RackId", Type::String).null_since(0),
        field("MemberEpoch", Type::Int32),
        field("ClientId", Type::String),
        field("ClientHost", Type::String),
        field("SubscribedTopicNames", Type::Array(&Type::String)),
        field("Assignment", Type::Struct(&SHARE_GROUP_DESCRIBE_RESPONSE_ASSIGNMENT)),
    ],
};

static SHARE_GROUP_DESCRIBE_RESPONSE_DESCRIBED_GROUP: Struct = Struct {
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
        field("Members", Type::Array(&Type::Struct(&SHARE_GROUP_DESCRIBE_RESPONSE_MEMBER))),
        field("AuthorizedOperations", Type::Int32),
    ],
};

/// ShareFetchResponse, versions 1-2.
pub static SHARE_FETCH_RESPONSE: Message = Message {
    key: ApiKey::ShareFetch,
    root: Struct {
        name: "ShareFetchResponse",
        memory: 120,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ErrorMessage", Type::String).null_since(0),
            field("AcquisitionLockTimeoutMs", Type::Int32).since(1),
            field("Responses", Type::Array(&Type::Struct(&SHARE_FETCH_RESPONSE_SHARE_FETCHABLE_TOPIC_RESPONSE))),
            field("NodeEndpoints", Type::Array(&Type::Struct(&SHARE_FETCH_RESPONSE_NODE_ENDPOINT))),
        ],
    },
};

static SHARE_FETCH_RESPONSE_LEADER_ID_AND_EPOCH: Struct = Struct {
    name: "LeaderIdAndEpoch",
    memory: 32,
    fields: &[field("LeaderId", Type::Int32), field("LeaderEpoch", Type::Int32)],
};

static SHARE_FETCH_RESPONSE_ACQUIRED_RECORDS: Struct = Struct {
    name: "AcquiredRecords",
    memory: 48,
    fields: &[field("FirstOffset", Type::Int64), field("LastOffset", Type::Int64), field("DeliveryCount", Type::Int16)],
};

static SHARE_FETCH_RESPONSE_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    memory: 184,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
        field("AcknowledgeErrorCode", Type::Int16),
        field("AcknowledgeErrorMessage", Type::String).null_since(0),
        field("CurrentLeader", Type::Struct(&SHARE_FETCH_RESPONSE_LEADER_ID_AND_EPOCH)),
        field("Records", Type::Records).null_in(0, 0),
        field("AcquiredRecords", Type::Array(&Type::Struct(&SHARE_FETCH_RESPONSE_ACQUIRED_RECORDS))),
    ],
};

static SHARE_FETCH_RESPONSE_SHARE_FETCHABLE_TOPIC_RESPONSE: Struct = Struct {
    name: "ShareFetchableTopicResponse",
    memory: 64,
    fields: &[
        field("TopicId", Type::Uuid),
        field("Partitions", Type::Array(&Type::Struct(&SHARE_FETCH_RESPONSE_PARTITION_DATA))),
    ],
};

static SHARE_FETCH_RESPONSE_NODE_ENDPOINT: Struct = Struct {
    name: "NodeEndpoint",
    memory: 96,
    fields: &[
        field("NodeId", Type::Int32),
        field("Host", Type::String),
        field("Port", Type::Int32),
        field("Rack", Type::String).null_since(0),
    ],
};

/// ShareAcknowledgeResponse, versions 1-2.
pub static SHARE_ACKNOWLEDGE_RESPONSE: Message = Message {
    key: ApiKey::ShareAcknowledge,
    root: Struct {
        name: "ShareAcknowledgeResponse",
        memory: 120,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ErrorMessage", Type::String).null_since(0),
            field("AcquisitionLockTimeoutMs", Type::Int32).since(2),
            field(
                "Responses",
                Type::Array(&Type::Struct(&SHARE_ACKNOWLEDGE_RESPONSE_SHARE_ACKNOWLEDGE_TOPIC_RESPONSE)),
            ),
            field("NodeEndpoints", Type::Array(&Type::Struct(&SHARE_ACKNOWLEDGE_RESPONSE_NODE_ENDPOINT))),
        ],
    },
};

static SHARE_ACKNOWLEDGE_RESPONSE_LEADER_ID_AND_EPOCH: Struct = Struct {
    name: "LeaderIdAndEpoch",
    memory: 32,
    fields: &[field("LeaderId", Type::Int32), field("LeaderEpoch", Type::Int32)],
};

static SHARE_ACKNOWLEDGE_RESPONSE_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    memory: 96,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
        field("CurrentLeader", Type::Struct(&SHARE_ACKNOWLEDGE_RESPONSE_LEADER_ID_AND_EPOCH)),
    ],
};

static SHARE_ACKNOWLEDGE_RESPONSE_SHARE_ACKNOWLEDGE_TOPIC_RESPONSE: Struct = Struct {
    name: "ShareAcknowledgeTopicResponse",
    memory: 64,
    fields: &[
        field("TopicId", Type::Uuid),
        field("Partitions", Type::Array(&Type::Struct(&SHARE_ACKNOWLEDGE_RESPONSE_PARTITION_DATA))),
    ],
};

static SHARE_ACKNOWLEDGE_RESPONSE_NODE_ENDPOINT: Struct = Struct {
    name: "NodeEndpoint",
    memory: 96,
    fields: &[
        field("NodeId", Type::Int32),
        field("Host", Type::String),
        field("Port", Type::Int32),
        field("Rack", Type::String).null_since(0),
    ],
};

/// DescribeShareGroupOffsetsResponse, versions 0-1.
pub static DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE: Message = Message {
    key: ApiKey::DescribeShareGroupOffsets,
    root: Struct {
        name: "DescribeShareGroupOffsetsResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field(
                "Groups",
                Type::Array(&Type::Struct(
                    &DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE_DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE_GROUP,
                )),
            ),
        ],
    },
};

static DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE_DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE_PARTITION: Struct = Struct {
    name: "DescribeShareGroupOffsetsResponsePartition",
    memory: 88,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("StartOffset", Type::Int64),
        field("LeaderEpoch", Type::Int32),
        field("Lag", Type::Int64).since(1),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
    ],
};

static DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE_DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE_TOPIC: Struct = Struct {
    name: "DescribeShareGroupOffsetsResponseTopic",
    memory: 96,
    fields: &[
        field("TopicName", Type::String),
        field("TopicId", Type::Uuid),
        field(
            "Partitions",
            Type::Array(&Type::Struct(
                &DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE_DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE_PARTITION,
            )),
        ),
    ],
};

static DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE_DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE_GROUP: Struct = Struct {
    name: "DescribeShareGroupOffsetsResponseGroup",
    memory: 120,
    fields: &[
        field("GroupId", Type::String),
        field(
            "Topics",
            Type::Array(&Type::Struct(
                &DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE_DESCRIBE_SHARE_GROUP_OFFSETS_RESPONSE_TOPIC,
            )),
        ),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
    ],
};

/// AlterShareGroupOffsetsResponse, versions 0.
pub static ALTER_SHARE_GROUP_OFFSETS_RESPONSE: Message = Message {
    key: ApiKey::AlterShareGroupOffsets,
    root: Struct {
        name: "AlterShareGroupOffsetsResponse",
        memory: 88,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ErrorMessage", Type::String).null_since(0),
            field(
                "Responses",
                Type::Array(&Type::Struct(
                    &ALTER_SHARE_GROUP_OFFSETS_RESPONSE_ALTER_SHARE_GROUP_OFFSETS_RESPONSE_TOPIC,
                )),
            ),
        ],
    },
};

static ALTER_SHARE_GROUP_OFFSETS_RESPONSE_ALTER_SHARE_GROUP_OFFSETS_RESPONSE_PARTITION: Struct = Struct {
    name: "AlterShareGroupOffsetsResponsePartition",
    memory: 64,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
    ],
};

static ALTER_SHARE_GROUP_OFFSETS_RESPONSE_ALTER_SHARE_GROUP_OFFSETS_RESPONSE_TOPIC: Struct = Struct {
    name: "AlterShareGroupOffsetsResponseTopic",
    memory: 96,
    fields: &[
        field("TopicName", Type::String),
        field("TopicId", Type::Uuid),
        field(
            "Partitions",
            Type::Array(&Type::Struct(
                &ALTER_SHARE_GROUP_OFFSETS_RESPONSE_ALTER_SHARE_GROUP_OFFSETS_RESPONSE_PARTITION,
            )),
        ),
    ],
};

/// DeleteShareGroupOffsetsResponse, versions 0.
pub static DELETE_SHARE_GROUP_OFFSETS_RESPONSE: Message = Message {
    key: ApiKey::DeleteShareGroupOffsets,
    root: Struct {
        name: "DeleteShareGroupOffsetsResponse",
        memory: 88,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ErrorMessage", Type::String).null_since(0),
            field(
                "Responses",
                Type::Array(&Type::Struct(
                    &DELETE_SHARE_GROUP_OFFSETS_RESPONSE_DELETE_SHARE_GROUP_OFFSETS_RESPONSE_TOPIC,
                )),
            ),
        ],
    },
};

static DELETE_SHARE_GROUP_OFFSETS_RESPONSE_DELETE_SHARE_GROUP_OFFSETS_RESPONSE_TOPIC: Struct = Struct {
    name: "DeleteShareGroupOffsetsResponseTopic",
    memory: 112,
    fields: &[
        field("TopicName", Type::String),
        field("TopicId", Type::Uuid),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
    ],
};
