//! Streams groups (KIP-1071). The requests' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// StreamsGroupHeartbeatRequest, versions 0.
pub static STREAMS_GROUP_HEARTBEAT_REQUEST: Message = Message {
    key: ApiKey::StreamsGroupHeartbeat,
    root: Struct {
        name: "StreamsGroupHeartbeatRequest",
        memory: 464,
        fields: &[
            field("GroupId", Type::String),
            field("MemberId", Type::String),
            field("MemberEpoch", Type::Int32),
            field("EndpointInformationEpoch", Type::Int32),
            field("InstanceId", Type::String).null_since(0),
            field("RackId", Type::String).null_since(0),
            field("RebalanceTimeoutMs", Type::Int32),
            field("Topology", Type::Struct(&STREAMS_GROUP_HEARTBEAT_REQUEST_TOPOLOGY)).null_since(0),
            field("ActiveTasks", Type::Array(&Type::Struct(&STREAMS_GROUP_HEARTBEAT_REQUEST_TASK_IDS))).null_since(0),
            field("StandbyTasks", Type::Array(&Type::Struct(&STREAMS_GROUP_HEARTBEAT_REQUEST_TASK_IDS))).null_since(0),
            field("WarmupTasks", Type::Array(&Type::Struct(&STREAMS_GROUP_HEARTBEAT_REQUEST_TASK_IDS))).null_since(0),
            field("ProcessId", Type::String).null_since(0),
            field("UserEndpoint", Type::Struct(&STREAMS_GROUP_HEARTBEAT_REQUEST_ENDPOINT)).null_since(0),
            field("ClientTags", Type::Array(&Type::Struct(&STREAMS_GROUP_HEARTBEAT_REQUEST_KEY_VALUE))).null_since(0),
            field("TaskOffsets", Type::Array(&Type::Struct(&STREAMS_GROUP_HEARTBEAT_REQUEST_TASK_OFFSET)))
                .null_since(0),
            field("TaskEndOffsets", Type::Array(&Type::Struct(&STREAMS_GROUP_HEARTBEAT_REQUEST_TASK_OFFSET)))
                .null_since(0),
            field("ShutdownApplication", Type::Bool),
        ],
    },
};

static STREAMS_GROUP_HEARTBEAT_REQUEST_KEY_VALUE: Struct =
    Struct { name: "KeyValue", memory: 88, fields: &[field("Key", Type::String), field("Value", Type::String)] };

static STREAMS_GROUP_HEARTBEAT_REQUEST_TOPIC_INFO: Struct = Struct {
    name: "TopicInfo",
    memory: 88,
    fields: &[
        field("Name", Type::String),
        field("Partitions", Type::Int32),
        field("ReplicationFactor", Type::Int16),
        field("TopicConfigs", Type::Array(&Type::Struct(&STREAMS_GROUP_HEARTBEAT_REQUEST_KEY_VALUE))),
    ],
};

static STREAMS_GROUP_HEARTBEAT_REQUEST_COPARTITION_GROUP: Struct = Struct {
    name: "CopartitionGroup",
    memory: 96,
    fields: &[
        field("SourceTopics", Type::Array(&Type::Int16)),
        field("SourceTopicRegex", Type::Array(&Type::Int16)),
        field("RepartitionSourceTopics", Type::Array(&Type::Int16)),
    ],
};

static STREAMS_GROUP_HEARTBEAT_REQUEST_SUBTOPOLOGY: Struct = Struct {
    name: "Subtopology",
    memory: 200,
    fields: &[
        field("SubtopologyId", Type::String),
        field("SourceTopics", Type::Array(&Type::String)),
        field("SourceTopicRegex", Type::Array(&Type::String)),
        field("StateChangelogTopics", Type::Array(&Type::Struct(&STREAMS_GROUP_HEARTBEAT_REQUEST_TOPIC_INFO))),
        field("RepartitionSinkTopics", Type::Array(&Type::String)),
        field("RepartitionSourceTopics", Type::Array(&Type::Struct(&STREAMS_GROUP_HEARTBEAT_REQUEST_TOPIC_INFO))),
        field("CopartitionGroups", Type::Array(&Type::Struct(&STREAMS_GROUP_HEARTBEAT_REQUEST_COPARTITION_GROUP))),
    ],
};

static STREAMS_GROUP_HEARTBEAT_REQUEST_TOPOLOGY: Struct = Struct {
    name: "Topology",
    memory: 56,
    fields: &[
        field("Epoch", Type::Int32),
        field("Subtopologies", Type::Array(&Type::Struct(&STREAMS_GROUP_HEARTBEAT_REQUEST_SUBTOPOLOGY))),
    ],
};

static STREAMS_GROUP_HEARTBEAT_REQUEST_TASK_IDS: Struct = Struct {
    name: "TaskIds",
    memory: 80,
    fields: &[field("SubtopologyId", Type::String), field("Partitions", Type::Array(&Type::Int32))],
};

static STREAMS_GROUP_HEARTBEAT_REQUEST_ENDPOINT: Struct =
    Struct { name: "Endpoint", memory: 64, fields: &[field("Host", Type::String), field("Port", Type::Uint16)] };

static STREAMS_GROUP_HEARTBEAT_REQUEST_TASK_OFFSET: Struct = Struct {
    name: "TaskOffset",
    memory: 72,
    fields: &[field("SubtopologyId", Type::String), field("Partition", Type::Int32), field("Offset", Type::Int64)],
};

/// StreamsGroupDescribeRequest, versions 0.
pub static STREAMS_GROUP_DESCRIBE_REQUEST: Message = Message {
    key: ApiKey::StreamsGroupDescribe,
    root: Struct {
        name: "StreamsGroupDescribeRequest",
        memory: 56,
        fields: &[field("GroupIds", Type::Array(&Type::String)), field("IncludeAuthorizedOperations", Type::Bool)],
    },
};
