//! The state of share groups, between brokers. The requests' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// InitializeShareGroupStateRequest, versions 0.
pub static INITIALIZE_SHARE_GROUP_STATE_REQUEST: Message = Message {
    key: ApiKey::InitializeShareGroupState,
    root: Struct {
        name: "InitializeShareGroupStateRequest",
        memory: 80,
        fields: &[
            field("GroupId", Type::String),
            field("Topics", Type::Array(&Type::Struct(&INITIALIZE_SHARE_GROUP_STATE_REQUEST_INITIALIZE_STATE_DATA))),
        ],
    },
};

static INITIALIZE_SHARE_GROUP_STATE_REQUEST_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    memory: 40,
    fields: &[field("Partition", Type::Int32), field("StateEpoch", Type::Int32), field("StartOffset", Type::Int64)],
};

static INITIALIZE_SHARE_GROUP_STATE_REQUEST_INITIALIZE_STATE_DATA: Struct = Struct {
    name: "InitializeStateData",
    memory: 64,
    fields: &[
        field("TopicId", Type::Uuid),
        field("Partitions", Type::Array(&Type::Struct(&INITIALIZE_SHARE_GROUP_STATE_REQUEST_PARTITION_DATA))),
    ],
};

/// ReadShareGroupStateRequest, versions 0.
pub static READ_SHARE_GROUP_STATE_REQUEST: Message = Message {
    key: ApiKey::ReadShareGroupState,
    root: Struct {
        name: "ReadShareGroupStateRequest",
        memory: 80,
        fields: &[
            field("GroupId", Type::String),
            field("Topics", Type::Array(&Type::Struct(&READ_SHARE_GROUP_STATE_REQUEST_READ_STATE_DATA))),
        ],
    },
};

static READ_SHARE_GROUP_STATE_REQUEST_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    memory: 32,
    fields: &[field("Partition", Type::Int32), field("LeaderEpoch", Type::Int32)],
};

static READ_SHARE_GROUP_STATE_REQUEST_READ_STATE_DATA: Struct = Struct {
    name: "ReadStateData",
    memory: 64,
    fields: &[
        field("TopicId", Type::Uuid),
        field("Partitions", Type::Array(&Type::Struct(&READ_SHARE_GROUP_STATE_REQUEST_PARTITION_DATA))),
    ],
};

/// WriteShareGroupStateRequest, versions 0-1.
pub static WRITE_SHARE_GROUP_STATE_REQUEST: Message = Message {
    key: ApiKey::WriteShareGroupState,
    root: Struct {
        name: "WriteShareGroupStateRequest",
        memory: 80,
        fields: &[
            field("GroupId", Type::String),
            field("Topics", Type::Array(&Type::Struct(&WRITE_SHARE_GROUP_STATE_REQUEST_WRITE_STATE_DATA))),
        ],
    },
};

static WRITE_SHARE_GROUP_STATE_REQUEST_STATE_BATCH: Struct = Struct {
    name: "StateBatch",
    memory: 48,
    fields: &[
        field("FirstOffset", Type::Int64),
        field("LastOffset", Type::Int64),
        field("DeliveryState", Type::Int8),
        field("DeliveryCount", Type::Int16),
    ],
};

static WRITE_SHARE_GROUP_STATE_REQUEST_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    memory: 72,
    fields: &[
        field("Partition", Type::Int32),
        field("StateEpoch", Type::Int32),
        field("LeaderEpoch", Type::Int32),
        field("StartOffset", Type::Int64),
        field("DeliveryCompleteCount", Type::Int32).since(1),
        field("StateBatches", Type::Array(&Type::Struct(&WRITE_SHARE_GROUP_STATE_REQUEST_STATE_BATCH))),
    ],
};

static WRITE_SHARE_GROUP_STATE_REQUEST_WRITE_STATE_DATA: Struct = Struct {
    name: "WriteStateData",
    memory: 64,
    fields: &[
        field("TopicId", Type::Uuid),
        field("Partitions", Type::Array(&Type::Struct(&WRITE_SHARE_GROUP_STATE_REQUEST_PARTITION_DATA))),
    ],
};

/// DeleteShareGroupStateRequest, versions 0.
pub static DELETE_SHARE_GROUP_STATE_REQUEST: Message = Message {
    key: ApiKey::DeleteShareGroupState,
    root: Struct {
        name: "DeleteShareGroupStateRequest",
        memory: 80,
        fields: &[
            field("GroupId", Type::String),
            field("Topics", Type::Array(&Type::Struct(&DELETE_SHARE_GROUP_STATE_REQUEST_DELETE_STATE_DATA))),
        ],
    },
};

static DELETE_SHARE_GROUP_STATE_REQUEST_PARTITION_DATA: Struct =
    Struct { name: "PartitionData", memory: 32, fields: &[field("Partition", Type::Int32)] };

static DELETE_SHARE_GROUP_STATE_REQUEST_DELETE_STATE_DATA: Struct = Struct {
    name: "DeleteStateData",
    memory: 64,
    fields: &[
        field("TopicId", Type::Uuid),
        field("Partitions", Type::Array(&Type::Struct(&DELETE_SHARE_GROUP_STATE_REQUEST_PARTITION_DATA))),
    ],
};

/// ReadShareGroupStateSummaryRequest, versions 0-1.
pub static READ_SHARE_GROUP_STATE_SUMMARY_REQUEST: Message = Message {
    key: ApiKey::ReadShareGroupStateSummary,
    root: Struct {
        name: "ReadShareGroupStateSummaryRequest",
        memory: 80,
        fields: &[
            field("GroupId", Type::String),
            field(
                "Topics",
                Type::Array(&Type::Struct(&READ_SHARE_GROUP_STATE_SUMMARY_REQUEST_READ_STATE_SUMMARY_DATA)),
            ),
        ],
    },
};

static READ_SHARE_GROUP_STATE_SUMMARY_REQUEST_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    memory: 32,
    fields: &[field("Partition", Type::Int32), field("LeaderEpoch", Type::Int32)],
};

static READ_SHARE_GROUP_STATE_SUMMARY_REQUEST_READ_STATE_SUMMARY_DATA: Struct = Struct {
    name: "ReadStateSummaryData",
    memory: 64,
    fields: &[
        field("TopicId", Type::Uuid),
        field("Partitions", Type::Array(&Type::Struct(&READ_SHARE_GROUP_STATE_SUMMARY_REQUEST_PARTITION_DATA))),
    ],
};
