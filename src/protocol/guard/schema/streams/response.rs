//! Streams groups (KIP-1071). The responses' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// StreamsGroupHeartbeatResponse, versions 0.
pub static STREAMS_GROUP_HEARTBEAT_RESPONSE: Message = Message {
    key: ApiKey::StreamsGroupHeartbeat,
    root: Struct {
        name: "StreamsGroupHeartbeatResponse",
        memory: 240,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ErrorMessage", Type::String).null_since(0),
            field("MemberId", Type::String),
            field("MemberEpoch", Type::Int32),
            field("HeartbeatIntervalMs", Type::Int32),
            field("AcceptableRecoveryLag", Type::Int32),
            field("TaskOffsetIntervalMs", Type::Int32),
            field("Status", Type::Array(&Type::Struct(&STREAMS_GROUP_HEARTBEAT_RESPONSE_STATUS))).null_since(0),
            field("ActiveTasks", Type::Array(&Type::Struct(&STREAMS_GROUP_HEARTBEAT_RESPONSE_TASK_IDS))).null_since(0),
            field("StandbyTasks", Type::Array(&Type::Struct(&STREAMS_GROUP_HEARTBEAT_RESPONSE_TASK_IDS))).null_since(0),
            field("WarmupTasks", Type::Array(&Type::Struct(&STREAMS_GROUP_HEARTBEAT_RESPONSE_TASK_IDS))).null_since(0),
            field("EndpointInformationEpoch", Type::Int32),
            field(
                "PartitionsByUserEndpoint",
                Type::Array(&Type::Struct(&STREAMS_GROUP_HEARTBEAT_RESPONSE_ENDPOINT_TO_PARTITIONS)),
            )
            .null_since(0),
        ],
    },
};

static STREAMS_GROUP_HEARTBEAT_RESPONSE_STATUS: Struct = Struct {
    name: "Status",
    memory: 64,
    fields: &[field("StatusCode", Type::Int8), field("StatusDetail", Type::String)],
};

static STREAMS_GROUP_HEARTBEAT_RESPONSE_TASK_IDS: Struct = Struct {
    name: "TaskIds",
    memory: 80,
    fields: &[field("SubtopologyId", Type::String), field("Partitions", Type::Array(&Type::Int32))],
};

static STREAMS_GROUP_HEARTBEAT_RESPONSE_ENDPOINT: Struct =
    Struct { name: "Endpoint", memory: 64, fields: &[field("Host", Type::String), field("Port", Type::Uint16)] };

static STREAMS_GROUP_HEARTBEAT_RESPONSE_TOPIC_PARTITION: Struct = Struct {
    name: "TopicPartition",
    memory: 80,
    fields: &[field("Topic", Type::String), field("Partitions", Type::Array(&Type::Int32))],
};

static STREAMS_GROUP_HEARTBEAT_RESPONSE_ENDPOINT_TO_PARTITIONS: Struct = Struct {
    name: "EndpointToPartitions",
    memory: 136,
    fields: &[
        field("UserEndpoint", Type::Struct(&STREAMS_GROUP_HEARTBEAT_RESPONSE_ENDPOINT)),
        field("ActivePartitions", Type::Array(&Type::Struct(&STREAMS_GROUP_HEARTBEAT_RESPONSE_TOPIC_PARTITION))),
        field("StandbyPartitions", Type::Array(&Type::Struct(&STREAMS_GROUP_HEARTBEAT_RESPONSE_TOPIC_PARTITION))),
    ],
};

/// StreamsGroupDescribeResponse, versions 0.
pub static STREAMS_GROUP_DESCRIBE_RESPONSE: Message = Message {
    key: ApiKey::StreamsGroupDescribe,
    root: Struct {
        name: "StreamsGroupDescribeResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("Groups", Type::Array(&Type::Struct(&STREAMS_GROUP_DESCRIBE_RESPONSE_DESCRIBED_GROUP))),
        ],
    },
};

static STREAMS_GROUP_DESCRIBE_RESPONSE_KEY_VALUE: Struct =
    Struct { name: "KeyValue", memory: 88, fields: &[field("Key", Type::String), field("Value", Type::String)] };

static STREAMS_GROUP_DESCRIBE_RESPONSE_TOPIC_INFO: Struct = Struct {
    name: "TopicInfo",
    memory: 88,
    fields: &[
        field("Name", Type::String),
        field("Partitions", Type::Int32),
        field("ReplicationFactor", Type::Int16),
        field("TopicConfigs", Type::Array(&Type::Struct(&STREAMS_GROUP_DESCRIBE_RESPONSE_KEY_VALUE))),
    ],
};

static STREAMS_GROUP_DESCRIBE_RESPONSE_SUBTOPOLOGY: Struct = Struct {
    name: "Subtopology",
    memory: 152,
    fields: &[
        field("SubtopologyId", Type::String),
        field("SourceTopics", Type::Array(&Type::String)),
        field("RepartitionSinkTopics", Type::Array(&Type::String)),
        field("StateChangelogTopics", Type::Array(&Type::Struct(&STREAMS_GROUP_DESCRIBE_RESPONSE_TOPIC_INFO))),
        field("RepartitionSourceTopics", Type::Array(&Type::Struct(&STREAMS_GROUP_DESCRIBE_RESPONSE_TOPIC_INFO))),
    ],
};

static STREAMS_GROUP_DESCRIBE_RESPONSE_TOPOLOGY: Struct = Struct {
    name: "Topology",
    memory: 56,
    fields: &[
        field("Epoch", Type::Int32),
        field("Subtopologies", Type::Array(&Type::Struct(&STREAMS_GROUP_DESCRIBE_RESPONSE_SUBTOPOLOGY))).null_since(0),
    ],
};

static STREAMS_GROUP_DESCRIBE_RESPONSE_ENDPOINT: Struct =
    Struct { name: "Endpoint", memory: 64, fields: &[field("Host", Type::String), field("Port", Type::Uint16)] };

static STREAMS_GROUP_DESCRIBE_RESPONSE_TASK_OFFSET: Struct = Struct {
    name: "TaskOffset",
    memory: 72,
    fields: &[field("SubtopologyId", Type::String), field("Partition", Type::Int32), field("Offset", Type::Int64)],
};

static STREAMS_GROUP_DESCRIBE_RESPONSE_TASK_IDS: Struct = Struct {
    name: "TaskIds",
    memory: 80,
    fields: &[field("SubtopologyId", Type::String), field("Partitions", Type::Array(&Type::Int32))],
};

static STREAMS_GROUP_DESCRIBE_RESPONSE_ASSIGNMENT: Struct = Struct {
    name: "Assignment",
    memory: 96,
    fields: &[
        field("ActiveTasks", Type::Array(&Type::Struct(&STREAMS_GROUP_DESCRIBE_RESPONSE_TASK_IDS))),
        field("StandbyTasks", Type::Array(&Type::Struct(&STREAMS_GROUP_DESCRIBE_RESPONSE_TASK_IDS))),
        field("WarmupTasks", Type::Array(&Type::Struct(&STREAMS_GROUP_DESCRIBE_RESPONSE_TASK_IDS))),
    ],
};

static STREAMS_GROUP_DESCRIBE_RESPONSE_MEMBER: Struct = Struct {
    name: "Member",
    memory: 560,
    fields: &[
        field("MemberId", Type::String),
        field("MemberEpoch", Type::Int32),
        field("InstanceId", Type::String).null_since(0),
        field("RackId", Type::String).null_since(0),
        field("ClientId", Type::String),
        field("ClientHost", Type::String),
        field("TopologyEpoch", Type::Int32),
        field("ProcessId", Type::String),
        field("UserEndpoint", Type::Struct(&STREAMS_GROUP_DESCRIBE_RESPONSE_ENDPOINT)).null_since(0),
        field("ClientTags", Type::Array(&Type::Struct(&STREAMS_GROUP_DESCRIBE_RESPONSE_KEY_VALUE))),
        field("TaskOffsets", Type::Array(&Type::Struct(&STREAMS_GROUP_DESCRIBE_RESPONSE_TASK_OFFSET))),
        field("TaskEndOffsets", Type::Array(&Type::Struct(&STREAMS_GROUP_DESCRIBE_RESPONSE_TASK_OFFSET))),
        field("Assignment", Type::Struct(&STREAMS_GROUP_DESCRIBE_RESPONSE_ASSIGNMENT)),
        field("TargetAssignment", Type::Struct(&STREAMS_GROUP_DESCRIBE_RESPONSE_ASSIGNMENT)),
        field("IsClassic", Type::Bool),
    ],
};

static STREAMS_GROUP_DESCRIBE_RESPONSE_DESCRIBED_GROUP: Struct = Struct {
    name: "DescribedGroup",
    memory: 216,
    fields: &[
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
        field("GroupId", Type::String),
        field("GroupState", Type::String),
        field("GroupEpoch", Type::Int32),
        field("AssignmentEpoch", Type::Int32),
        field("Topology", Type::Struct(&STREAMS_GROUP_DESCRIBE_RESPONSE_TOPOLOGY)).null_since(0),
        field("Members", Type::Array(&Type::Struct(&STREAMS_GROUP_DESCRIBE_RESPONSE_MEMBER))),
        field("AuthorizedOperations", Type::Int32),
    ],
};
