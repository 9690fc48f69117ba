//! Records in and out: Produce, Fetch, and the questions about offsets. The responses' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// ProduceResponse, versions 3-13.
pub static PRODUCE_RESPONSE: Message = Message {
    key: ApiKey::Produce,
    root: Struct {
        name: "ProduceResponse",
        memory: 80,
        fields: &[
            field("Responses", Type::Array(&Type::Struct(&PRODUCE_RESPONSE_TOPIC_PRODUCE_RESPONSE))),
            field("ThrottleTimeMs", Type::Int32).since(1),
            field("NodeEndpoints", Type::Array(&Type::Struct(&PRODUCE_RESPONSE_NODE_ENDPOINT))).since(10).tagged(0, 10),
        ],
    },
};

static PRODUCE_RESPONSE_BATCH_INDEX_AND_ERROR_MESSAGE: Struct = Struct {
    name: "BatchIndexAndErrorMessage",
    memory: 64,
    fields: &[
        field("BatchIndex", Type::Int32).since(8),
        field("BatchIndexErrorMessage", Type::String).since(8).null_since(8),
    ],
};

static PRODUCE_RESPONSE_LEADER_ID_AND_EPOCH: Struct = Struct {
    name: "LeaderIdAndEpoch",
    memory: 32,
    fields: &[field("LeaderId", Type::Int32).since(10), field("LeaderEpoch", Type::Int32).since(10)],
};

static PRODUCE_RESPONSE_PARTITION_PRODUCE_RESPONSE: Struct = Struct {
    name: "PartitionProduceResponse",
    memory: 144,
    fields: &[
        field("Index", Type::Int32),
        field("ErrorCode", Type::Int16),
        field("BaseOffset", Type::Int64),
        field("LogAppendTimeMs", Type::Int64).since(2),
        field("LogStartOffset", Type::Int64).since(5),
        field("RecordErrors", Type::Array(&Type::Struct(&PRODUCE_RESPONSE_BATCH_INDEX_AND_ERROR_MESSAGE))).since(8),
        field("ErrorMessage", Type::String).since(8).null_since(8),
        field("CurrentLeader", Type::Struct(&PRODUCE_RESPONSE_LEADER_ID_AND_EPOCH)).since(10).tagged(0, 10),
    ],
};

static PRODUCE_RESPONSE_TOPIC_PRODUCE_RESPONSE: Struct = Struct {
    name: "TopicProduceResponse",
    memory: 96,
    fields: &[
        field("Name", Type::String).until(12),
        field("TopicId", Type::Uuid).since(13),
        field("PartitionResponses", Type::Array(&Type::Struct(&PRODUCE_RESPONSE_PARTITION_PRODUCE_RESPONSE))),
    ],
};

static PRODUCE_RESPONSE_NODE_ENDPOINT: Struct = Struct {
    name: "NodeEndpoint",
    memory: 96,
    fields: &[
        field("NodeId", Type::Int32).since(10),
        field("Host", Type::String).since(10),
        field("Port", Type::Int32).since(10),
        field("Rack", Type::String).since(10).null_since(10),
    ],
};

/// FetchResponse, versions 4-18.
pub static FETCH_RESPONSE: Message = Message {
    key: ApiKey::Fetch,
    root: Struct {
        name: "FetchResponse",
        memory: 88,
        fields: &[
            field("ThrottleTimeMs", Type::Int32).since(1),
            field("ErrorCode", Type::Int16).since(7),
            field("SessionId", Type::Int32).since(7),
            field("Responses", Type::Array(&Type::Struct(&FETCH_RESPONSE_FETCHABLE_TOPIC_RESPONSE))),
            field("NodeEndpoints", Type::Array(&Type::Struct(&FETCH_RESPONSE_NODE_ENDPOINT))).since(16).tagged(0, 16),
        ],
    },
};

static FETCH_RESPONSE_EPOCH_END_OFFSET: Struct = Struct {
    name: "EpochEndOffset",
    memory: 40,
    fields: &[field("Epoch", Type::Int32).since(12), field("EndOffset", Type::Int64).since(12)],
};

static FETCH_RESPONSE_LEADER_ID_AND_EPOCH: Struct = Struct {
    name: "LeaderIdAndEpoch",
    memory: 32,
    fields: &[field("LeaderId", Type::Int32).since(12), field("LeaderEpoch", Type::Int32).since(12)],
};

static FETCH_RESPONSE_SNAPSHOT_ID: Struct =
    Struct { name: "SnapshotId", memory: 40, fields: &[field("EndOffset", Type::Int64), field("Epoch", Type::Int32)] };

static FETCH_RESPONSE_ABORTED_TRANSACTION: Struct = Struct {
    name: "AbortedTransaction",
    memory: 40,
    fields: &[field("ProducerId", Type::Int64).since(4), field("FirstOffset", Type::Int64).since(4)],
};

static FETCH_RESPONSE_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    memory: 232,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("ErrorCode", Type::Int16),
        field("HighWatermark", Type::Int64),
        field("LastStableOffset", Type::Int64).since(4),
        field("LogStartOffset", Type::Int64).since(5),
        field("DivergingEpoch", Type::Struct(&FETCH_RESPONSE_EPOCH_END_OFFSET)).since(12).tagged(0, 12),
        field("CurrentLeader", Type::Struct(&FETCH_RESPONSE_LEADER_ID_AND_EPOCH)).since(12).tagged(1, 12),
        field("SnapshotId", Type::Struct(&FETCH_RESPONSE_SNAPSHOT_ID)).since(12).tagged(2, 12),
        field("AbortedTransactions", Type::Array(&Type::Struct(&FETCH_RESPONSE_ABORTED_TRANSACTION)))
            .since(4)
            .null_since(4),
        field("PreferredReadReplica", Type::Int32).since(11),
        field("Records", Type::Records).null_since(0),
    ],
};

static FETCH_RESPONSE_FETCHABLE_TOPIC_RESPONSE: Struct = Struct {
    name: "FetchableTopicResponse",
    memory: 96,
    fields: &[
        field("Topic", Type::String).until(12),
        field("TopicId", Type::Uuid).since(13),
        field("Partitions", Type::Array(&Type::Struct(&FETCH_RESPONSE_PARTITION_DATA))),
    ],
};

static FETCH_RESPONSE_NODE_ENDPOINT: Struct = Struct {
    name: "NodeEndpoint",
    memory: 96,
    fields: &[
        field("NodeId", Type::Int32).since(16),
        field("Host", Type::String).since(16),
        field("Port", Type::Int32).since(16),
        field("Rack", Type::String).since(16).null_since(16),
    ],
};

/// ListOffsetsResponse, versions 1-11.
pub static LIST_OFFSETS_RESPONSE: Message = Message {
    key: ApiKey::ListOffsets,
    root: Struct {
        name: "ListOffsetsResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32).since(2),
            field("Topics", Type::Array(&Type::Struct(&LIST_OFFSETS_RESPONSE_LIST_OFFSETS_TOPIC_RESPONSE))),
        ],
    },
};

static LIST_OFFSETS_RESPONSE_LIST_OFFSETS_PARTITION_RESPONSE: Struct = Struct {
    name: "ListOffsetsPartitionResponse",
    memory: 56,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("ErrorCode", Type::Int16),
        field("Timestamp", Type::Int64).since(1),
        field("Offset", Type::Int64).since(1),
        field("LeaderEpoch", Type::Int32).since(4),
    ],
};

static LIST_OFFSETS_RESPONSE_LIST_OFFSETS_TOPIC_RESPONSE: Struct = Struct {
    name: "ListOffsetsTopicResponse",
    memory: 80,
    fields: &[
        field("Name", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&LIST_OFFSETS_RESPONSE_LIST_OFFSETS_PARTITION_RESPONSE))),
    ],
};

/// OffsetForLeaderEpochResponse, versions 2-4.
pub static OFFSET_FOR_LEADER_EPOCH_RESPONSE: Message = Message {
    key: ApiKey::OffsetForLeaderEpoch,
    root: Struct {
        name: "OffsetForLeaderEpochResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32).since(2),
            field(
                "Topics",
                Type::Array(&Type::Struct(&OFFSET_FOR_LEADER_EPOCH_RESPONSE_OFFSET_FOR_LEADER_TOPIC_RESULT)),
            ),
        ],
    },
};

static OFFSET_FOR_LEADER_EPOCH_RESPONSE_EPOCH_END_OFFSET: Struct = Struct {
    name: "EpochEndOffset",
    memory: 48,
    fields: &[
        field("ErrorCode", Type::Int16),
        field("Partition", Type::Int32),
        field("LeaderEpoch", Type::Int32).since(1),
        field("EndOffset", Type::Int64),
    ],
};

static OFFSET_FOR_LEADER_EPOCH_RESPONSE_OFFSET_FOR_LEADER_TOPIC_RESULT: Struct = Struct {
    name: "OffsetForLeaderTopicResult",
    memory: 80,
    fields: &[
        field("Topic", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&OFFSET_FOR_LEADER_EPOCH_RESPONSE_EPOCH_END_OFFSET))),
    ],
};

/// DeleteRecordsResponse, versions 0-2.
pub static DELETE_RECORDS_RESPONSE: Message = Message {
    key: ApiKey::DeleteRecords,
    root: Struct {
        name: "DeleteRecordsResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("Topics", Type::Array(&Type::Struct(&DELETE_RECORDS_RESPONSE_DELETE_RECORDS_TOPIC_RESULT))),
        ],
    },
};

static DELETE_RECORDS_RESPONSE_DELETE_RECORDS_PARTITION_RESULT: Struct = Struct {
    name: "DeleteRecordsPartitionResult",
    memory: 40,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("LowWatermark", Type::Int64),
        field("ErrorCode", Type::Int16),
    ],
};

static DELETE_RECORDS_RESPONSE_DELETE_RECORDS_TOPIC_RESULT: Struct = Struct {
    name: "DeleteRecordsTopicResult",
    memory: 80,
    fields: &[
        field("Name", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&DELETE_RECORDS_RESPONSE_DELETE_RECORDS_PARTITION_RESULT))),
    ],
};

/// DescribeProducersResponse, versions 0.
pub static DESCRIBE_PRODUCERS_RESPONSE: Message = Message {
    key: ApiKey::DescribeProducers,
    root: Struct {
        name: "DescribeProducersResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("Topics", Type::Array(&Type::Struct(&DESCRIBE_PRODUCERS_RESPONSE_TOPIC_RESPONSE))),
        ],
    },
};

static DESCRIBE_PRODUCERS_RESPONSE_PRODUCER_STATE: Struct = Struct {
    name: "ProducerState",
    memory: 64,
    fields: &[
        field("ProducerId", Type::Int64),
        field("ProducerEpoch", Type::Int32),
        field("LastSequence", Type::Int32),
        field("LastTimestamp", Type::Int64),
        field("CoordinatorEpoch", Type::Int32),
        field("CurrentTxnStartOffset", Type::Int64),
    ],
};

static DESCRIBE_PRODUCERS_RESPONSE_PARTITION_RESPONSE: Struct = Struct {
    name: "PartitionResponse",
    memory: 88,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
        field("ActiveProducers", Type::Array(&Type::Struct(&DESCRIBE_PRODUCERS_RESPONSE_PRODUCER_STATE))),
    ],
};

static DESCRIBE_PRODUCERS_RESPONSE_TOPIC_RESPONSE: Struct = Struct {
    name: "TopicResponse",
    memory: 80,
    fields: &[
        field("Name", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&DESCRIBE_PRODUCERS_RESPONSE_PARTITION_RESPONSE))),
    ],
};

/// FetchSnapshotResponse, versions 0-1.
pub static FETCH_SNAPSHOT_RESPONSE: Message = Message {
    key: ApiKey::FetchSnapshot,
    root: Struct {
        name: "FetchSnapshotResponse",
        memory: 80,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("Topics", Type::Array(&Type::Struct(&FETCH_SNAPSHOT_RESPONSE_TOPIC_SNAPSHOT))),
            field("NodeEndpoints", Type::Array(&Type::Struct(&FETCH_SNAPSHOT_RESPONSE_NODE_ENDPOINT)))
                .since(1)
                .tagged(0, 1),
        ],
    },
};

static FETCH_SNAPSHOT_RESPONSE_SNAPSHOT_ID: Struct =
    Struct { name: "SnapshotId", memory: 40, fields: &[field("EndOffset", Type::Int64), field("Epoch", Type::Int32)] };

static FETCH_SNAPSHOT_RESPONSE_LEADER_ID_AND_EPOCH: Struct = Struct {
    name: "LeaderIdAndEpoch",
    memory: 32,
    fields: &[field("LeaderId", Type::Int32), field("LeaderEpoch", Type::Int32)],
};

static FETCH_SNAPSHOT_RESPONSE_PARTITION_SNAPSHOT: Struct = Struct {
    name: "PartitionSnapshot",
    memory: 152,
    fields: &[
        field("Index", Type::Int32),
        field("ErrorCode", Type::Int16),
        field("SnapshotId", Type::Struct(&FETCH_SNAPSHOT_RESPONSE_SNAPSHOT_ID)),
        field("CurrentLeader", Type::Struct(&FETCH_SNAPSHOT_RESPONSE_LEADER_ID_AND_EPOCH)).tagged(0, 0),
        field("Size", Type::Int64),
        field("Position", Type::Int64),
        field("UnalignedRecords", Type::Records),
    ],
};

static FETCH_SNAPSHOT_RESPONSE_TOPIC_SNAPSHOT: Struct = Struct {
    name: "TopicSnapshot",
    memory: 80,
    fields: &[
        field("Name", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&FETCH_SNAPSHOT_RESPONSE_PARTITION_SNAPSHOT))),
    ],
};

static FETCH_SNAPSHOT_RESPONSE_NODE_ENDPOINT: Struct = Struct {
    name: "NodeEndpoint",
    memory: 64,
    fields: &[
        field("NodeId", Type::Int32).since(1),
        field("Host", Type::String).since(1),
        field("Port", Type::Uint16).since(1),
    ],
};
