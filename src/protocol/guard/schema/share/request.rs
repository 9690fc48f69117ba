//! Share groups (KIP-932) as their members and administrators see them. The requests' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// ShareGroupHeartbeatRequest, versions 1.
pub static SHARE_GROUP_HEARTBEAT_REQUEST: Message = Message {
    key: ApiKey::ShareGroupHeartbeat,
    root: Struct {
        name: "ShareGroupHeartbeatRequest",
        memory: 152,
        fields: &[
            field("GroupId", Type::String),
            field("MemberId", Type::String),
            field("MemberEpoch", Type::Int32),
            field("RackId", Type::String).null_since(0),
            field("SubscribedTopicNames", Type::Array(&Type::String)).null_since(0),
        ],
    },
};

/// ShareGroupDescribeRequest, versions 1.
pub static SHARE_GROUP_DESCRIBE_REQUEST: Message = Message {
    key: ApiKey::ShareGroupDescribe,
    root: Struct {
        name: "ShareGroupDescribeRequest",
        memory: 56,
        fields: &[field("GroupIds", Type::Array(&Type::String)), field("IncludeAuthorizedOperations", Type::Bool)],
    },
};

/// ShareFetchRequest, versions 1-2.
pub static SHARE_FETCH_REQUEST: Message = Message {
    key: ApiKey::ShareFetch,
    root: Struct {
        name: "ShareFetchRequest",
        memory: 168,
        fields: &[
            field("GroupId", Type::String).null_since(0),
            field("MemberId", Type::String).null_since(0),
            field("ShareSessionEpoch", Type::Int32),
            field("MaxWaitMs", Type::Int32),
            field("MinBytes", Type::Int32),
            field("MaxBytes", Type::Int32),
            field("MaxRecords", Type::Int32).since(1),
            field("BatchSize", Type::Int32).since(1),
            field("ShareAcquireMode", Type::Int8).since(2),
            field("IsRenewAck", Type::Bool).since(2),
            field("Topics", Type::Array(&Type::Struct(&SHARE_FETCH_REQUEST_FETCH_TOPIC))),
            field("ForgottenTopicsData", Type::Array(&Type::Struct(&SHARE_FETCH_REQUEST_FORGOTTEN_TOPIC))),
        ],
    },
};

static SHARE_FETCH_REQUEST_ACKNOWLEDGEMENT_BATCH: Struct = Struct {
    name: "AcknowledgementBatch",
    memory: 64,
    fields: &[
        field("FirstOffset", Type::Int64),
        field("LastOffset", Type::Int64),
        field("AcknowledgeTypes", Type::Array(&Type::Int8)),
    ],
};

static SHARE_FETCH_REQUEST_FETCH_PARTITION: Struct = Struct {
    name: "FetchPartition",
    memory: 56,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("PartitionMaxBytes", Type::Int32).until(0),
        field("AcknowledgementBatches", Type::Array(&Type::Struct(&SHARE_FETCH_REQUEST_ACKNOWLEDGEMENT_BATCH))),
    ],
};

static SHARE_FETCH_REQUEST_FETCH_TOPIC: Struct = Struct {
    name: "FetchTopic",
    memory: 64,
    fields: &[
        field("TopicId", Type::Uuid),
        field("Partitions", Type::Array(&Type::Struct(&SHARE_FETCH_REQUEST_FETCH_PARTITION))),
    ],
};

static SHARE_FETCH_REQUEST_FORGOTTEN_TOPIC: Struct = Struct {
    name: "ForgottenTopic",
    memory: 64,
    fields: &[field("TopicId", Type::Uuid), field("Partitions", Type::Array(&Type::Int32))],
};

/// ShareAcknowledgeRequest, versions 1-2.
pub static SHARE_ACKNOWLEDGE_REQUEST: Message = Message {
    key: ApiKey::ShareAcknowledge,
    root: Struct {
        name: "ShareAcknowledgeRequest",
        memory: 120,
        fields: &[
            field("GroupId", Type::String).null_since(0),
            field("MemberId", Type::String).null_since(0),
            field("ShareSessionEpoch", Type::Int32),
            field("IsRenewAck", Type::Bool).since(2),
            field("Topics", Type::Array(&Type::Struct(&SHARE_ACKNOWLEDGE_REQUEST_ACKNOWLEDGE_TOPIC))),
        ],
    },
};

static SHARE_ACKNOWLEDGE_REQUEST_ACKNOWLEDGEMENT_BATCH: Struct = Struct {
    name: "AcknowledgementBatch",
    memory: 64,
    fields: &[
        field("FirstOffset", Type::Int64),
        field("LastOffset", Type::Int64),
        field("AcknowledgeTypes", Type::Array(&Type::Int8)),
    ],
};

static SHARE_ACKNOWLEDGE_REQUEST_ACKNOWLEDGE_PARTITION: Struct = Struct {
    name: "AcknowledgePartition",
    memory: 56,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("AcknowledgementBatches", Type::Array(&Type::Struct(&SHARE_ACKNOWLEDGE_REQUEST_ACKNOWLEDGEMENT_BATCH))),
    ],
};

static SHARE_ACKNOWLEDGE_REQUEST_ACKNOWLEDGE_TOPIC: Struct = Struct {
    name: "AcknowledgeTopic",
    memory: 64,
    fields: &[
        field("TopicId", Type::Uuid),
        field("Partitions", Type::Array(&Type::Struct(&SHARE_ACKNOWLEDGE_REQUEST_ACKNOWLEDGE_PARTITION))),
    ],
};

/// DescribeShareGroupOffsetsRequest, versions 0-1.
pub static DESCRIBE_SHARE_GROUP_OFFSETS_REQUEST: Message = Message {
    key: ApiKey::DescribeShareGroupOffsets,
    root: Struct {
        name: "DescribeShareGroupOffsetsRequest",
        memory: 48,
        fields: &[field(
            "Groups",
            Type::Array(&Type::Struct(
                &DESCRIBE_SHARE_GROUP_OFFSETS_REQUEST_DESCRIBE_SHARE_GROUP_OFFSETS_REQUEST_GROUP,
            )),
        )],
    },
};

static DESCRIBE_SHARE_GROUP_OFFSETS_REQUEST_DESCRIBE_SHARE_GROUP_OFFSETS_REQUEST_TOPIC: Struct = Struct {
    name: "DescribeShareGroupOffsetsRequestTopic",
    memory: 80,
    fields: &[field("TopicName", Type::String), field("Partitions", Type::Array(&Type::Int32))],
};

static DESCRIBE_SHARE_GROUP_OFFSETS_REQUEST_DESCRIBE_SHARE_GROUP_OFFSETS_REQUEST_GROUP: Struct = Struct {
    name: "DescribeShareGroupOffsetsRequestGroup",
    memory: 80,
    fields: &[
        field("GroupId", Type::String),
        field(
            "Topics",
            Type::Array(&Type::Struct(
                &DESCRIBE_SHARE_GROUP_OFFSETS_REQUEST_DESCRIBE_SHARE_GROUP_OFFSETS_REQUEST_TOPIC,
            )),
        )
        .null_since(0),
    ],
};

/// AlterShareGroupOffsetsRequest, versions 0.
pub static ALTER_SHARE_GROUP_OFFSETS_REQUEST: Message = Message {
    key: ApiKey::AlterShareGroupOffsets,
    root: Struct {
        name: "AlterShareGroupOffsetsRequest",
        memory: 80,
        fields: &[
            field("GroupId", Type::String),
            field(
                "Topics",
                Type::Array(&Type::Struct(&ALTER_SHARE_GROUP_OFFSETS_REQUEST_ALTER_SHARE_GROUP_OFFSETS_REQUEST_TOPIC)),
            ),
        ],
    },
};

static ALTER_SHARE_GROUP_OFFSETS_REQUEST_ALTER_SHARE_GROUP_OFFSETS_REQUEST_PARTITION: Struct = Struct {
    name: "AlterShareGroupOffsetsRequestPartition",
    memory: 40,
    fields: &[field("PartitionIndex", Type::Int32), field("StartOffset", Type::Int64)],
};

static ALTER_SHARE_GROUP_OFFSETS_REQUEST_ALTER_SHARE_GROUP_OFFSETS_REQUEST_TOPIC: Struct = Struct {
    name: "AlterShareGroupOffsetsRequestTopic",
    memory: 80,
    fields: &[
        field("TopicName", Type::String),
        field(
            "Partitions",
            Type::Array(&Type::Struct(&ALTER_SHARE_GROUP_OFFSETS_REQUEST_ALTER_SHARE_GROUP_OFFSETS_REQUEST_PARTITION)),
        ),
    ],
};

/// DeleteShareGroupOffsetsRequest, versions 0.
pub static DELETE_SHARE_GROUP_OFFSETS_REQUEST: Message = Message {
    key: ApiKey::DeleteShareGroupOffsets,
    root: Struct {
        name: "DeleteShareGroupOffsetsRequest",
        memory: 80,
        fields: &[
            field("GroupId", Type::String),
            field(
                "Topics",
                Type::Array(&Type::Struct(
                    &DELETE_SHARE_GROUP_OFFSETS_REQUEST_DELETE_SHARE_GROUP_OFFSETS_REQUEST_TOPIC,
                )),
            ),
        ],
    },
};

static DELETE_SHARE_GROUP_OFFSETS_REQUEST_DELETE_SHARE_GROUP_OFFSETS_REQUEST_TOPIC: Struct =
    Struct { name: "DeleteShareGroupOffsetsRequestTopic", memory: 56, fields: &[field("TopicName", Type::String)] };
