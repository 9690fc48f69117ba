//! The state of share groups, between brokers. The responses' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// InitializeShareGroupStateResponse, versions 0.
pub static INITIALIZE_SHARE_GROUP_STATE_RESPONSE: Message = Message {
    key: ApiKey::InitializeShareGroupState,
    root: Struct {
        name: "InitializeShareGroupStateResponse",
        memory: 48,
        fields: &[field(
            "Results",
            Type::Array(&Type::Struct(&INITIALIZE_SHARE_GROUP_STATE_RESPONSE_INITIALIZE_STATE_RESULT)),
        )],
    },
};

static INITIALIZE_SHARE_GROUP_STATE_RESPONSE_PARTITION_RESULT: Struct = Struct {
    name: "PartitionResult",
    memory: 64,
    fields: &[
        field("Partition", Type::Int32),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
    ],
};

static INITIALIZE_SHARE_GROUP_STATE_RESPONSE_INITIALIZE_STATE_RESULT: Struct = Struct {
    name: "InitializeStateResult",
    memory: 64,
    fields: &[
        field("TopicId", Type::Uuid),
        field("Partitions", Type::Array(&Type::Struct(&INITIALIZE_SHARE_GROUP_STATE_RESPONSE_PARTITION_RESULT))),
    ],
};

/// ReadShareGroupStateResponse, versions 0.
pub static READ_SHARE_GROUP_STATE_RESPONSE: Message = Message {
    key: ApiKey::ReadShareGroupState,
    root: Struct {
        name: "ReadShareGroupStateResponse",
        memory: 48,
        fields: &[field("Results", Type::Array(&Type::Struct(&READ_SHARE_GROUP_STATE_RESPONSE_READ_STATE_RESULT)))],
    },
};

static READ_SHARE_GROUP_STATE_RESPONSE_STATE_BATCH: Struct = Struct {
    name: "StateBatch",
    memory: 48,
    fields: &[
        field("FirstOffset", Type::Int64),
        field("LastOffset", Type::Int64),
        field("DeliveryState", Type::Int8),
        field("DeliveryCount", Type::Int16),
    ],
};

static READ_SHARE_GROUP_STATE_RESPONSE_PARTITION_RESULT: Struct = Struct {
    name: "PartitionResult",
    memory: 104,
    fields: &[
        field("Partition", Type::Int32),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
        field("StateEpoch", Type::Int32),
        field("StartOffset", Type::Int64),
        field("StateBatches", Type::Array(&Type::Struct(&READ_SHARE_GROUP_STATE_RESPONSE_STATE_BATCH))),
    ],
};

static READ_SHARE_GROUP_STATE_RESPONSE_READ_STATE_RESULT: Struct = Struct {
    name: "ReadStateResult",
    memory: 64,
    fields: &[
        field("TopicId", Type::Uuid),
        field("Partitions", Type::Array(&Type::Struct(&READ_SHARE_GROUP_STATE_RESPONSE_PARTITION_RESULT))),
    ],
};

/// WriteShareGroupStateResponse, versions 0-1.
pub static WRITE_SHARE_GROUP_STATE_RESPONSE: Message = Message {
    key: ApiKey::WriteShareGroupState,
    root: Struct {
        name: "WriteShareGroupStateResponse",
        memory: 48,
        fields: &[field("Results", Type::Array(&Type::Struct(&WRITE_SHARE_GROUP_STATE_RESPONSE_WRITE_STATE_RESULT)))],
    },
};

static WRITE_SHARE_GROUP_STATE_RESPONSE_PARTITION_RESULT: Struct = Struct {
    name: "PartitionResult",
    memory: 64,
    fields: &[
        field("Partition", Type::Int32),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
    ],
};

static WRITE_SHARE_GROUP_STATE_RESPONSE_WRITE_STATE_RESULT: Struct = Struct {
    name: "WriteStateResult",
    memory: 64,
    fields: &[
        field("TopicId", Type::Uuid),
        field("Partitions", Type::Array(&Type::Struct(&WRITE_SHARE_GROUP_STATE_RESPONSE_PARTITION_RESULT))),
    ],
};

/// DeleteShareGroupStateResponse, versions 0.
pub static DELETE_SHARE_GROUP_STATE_RESPONSE: Message = Message {
    key: ApiKey::DeleteShareGroupState,
    root: Struct {
        name: "DeleteShareGroupStateResponse",
        memory: 48,
        fields: &[field("Results", Type::Array(&Type::Struct(&DELETE_SHARE_GROUP_STATE_RESPONSE_DELETE_STATE_RESULT)))],
    },
};

static DELETE_SHARE_GROUP_STATE_RESPONSE_PARTITION_RESULT: Struct = Struct {
    name: "PartitionResult",
    memory: 64,
    fields: &[
        field("Partition", Type::Int32),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
    ],
};

static DELETE_SHARE_GROUP_STATE_RESPONSE_DELETE_STATE_RESULT: Struct = Struct {
    name: "DeleteStateResult",
    memory: 64,
    fields: &[
        field("TopicId", Type::Uuid),
        field("Partitions", Type::Array(&Type::Struct(&DELETE_SHARE_GROUP_STATE_RESPONSE_PARTITION_RESULT))),
    ],
};

/// ReadShareGroupStateSummaryResponse, versions 0-1.
pub static READ_SHARE_GROUP_STATE_SUMMARY_RESPONSE: Message = Message {
    key: ApiKey::ReadShareGroupStateSummary,
    root: Struct {
        name: "ReadShareGroupStateSummaryResponse",
        memory: 48,
        fields: &[field(
            "Results",
            Type::Array(&Type::Struct(&READ_SHARE_GROUP_STATE_SUMMARY_RESPONSE_READ_STATE_SUMMARY_RESULT)),
        )],
    },
};

static READ_SHARE_GROUP_STATE_SUMMARY_RESPONSE_PARTITION_RESULT: Struct = Struct {
    name: "PartitionResult",
    memory: 88,
    fields: &[
        field("Partition", Type::Int32),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
        field("StateEpoch", Type::Int32),
        field("LeaderEpoch", Type::Int32),
        field("StartOffset", Type::Int64),
        field("DeliveryCompleteCount", Type::Int32).since(1),
    ],
};

static READ_SHARE_GROUP_STATE_SUMMARY_RESPONSE_READ_STATE_SUMMARY_RESULT: Struct = Struct {
    name: "ReadStateSummaryResult",
    memory: 64,
    fields: &[
        field("TopicId", Type::Uuid),
        field("Partitions", Type::Array(&Type::Struct(&READ_SHARE_GROUP_STATE_SUMMARY_RESPONSE_PARTITION_RESULT))),
    ],
};
