//! Records in and out: Produce, Fetch, and the questions about offsets. The requests' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// ProduceRequest, versions 3-13.
pub static PRODUCE_REQUEST: Message = Message {
    key: ApiKey::Produce,
    root: Struct {
        name: "ProduceRequest",
        memory: 88,
        fields: &[
            field("TransactionalId", Type::String).since(3).null_since(3),
            field("Acks", Type::Int16),
            field("TimeoutMs", Type::Int32),
            field("TopicData", Type::Array(&Type::Struct(&PRODUCE_REQUEST_TOPIC_PRODUCE_DATA))),
        ],
    },
};

static PRODUCE_REQUEST_PARTITION_PRODUCE_DATA: Struct = Struct {
    name: "PartitionProduceData",
    memory: 64,
    fields: &[field("Index", Type::Int32), field("Records", Type::Records).null_since(0)],
};

static PRODUCE_REQUEST_TOPIC_PRODUCE_DATA: Struct = Struct {
    name: "TopicProduceData",
    memory: 96,
    fields: &[
        field("Name", Type::String).until(12),
        field("TopicId", Type::Uuid).since(13),
        field("PartitionData", Type::Array(&Type::Struct(&PRODUCE_REQUEST_PARTITION_PRODUCE_DATA))),
    ],
};

/// FetchRequest, versions 4-18.
pub static FETCH_REQUEST: Message = Message {
    key: ApiKey::Fetch,
    root: Struct {
        name: "FetchRequest",
        memory: 208,
        fields: &[
            field("ClusterId", Type::String).since(12).null_since(12).tagged(0, 12),
            field("ReplicaId", Type::Int32).until(14),
            field("ReplicaState", Type::Struct(&FETCH_REQUEST_REPLICA_STATE)).since(15).tagged(1, 15),
            field("MaxWaitMs", Type::Int32),
            field("MinBytes", Type::Int32),
            field("MaxBytes", Type::Int32).since(3),
            field("IsolationLevel", Type::Int8).since(4),
            field("SessionId", Type::Int32).since(7),
            field("SessionEpoch", Type::Int32).since(7),
            field("Topics", Type::Array(&Type::Struct(&FETCH_REQUEST_FETCH_TOPIC))),
            field("ForgottenTopicsData", Type::Array(&Type::Struct(&FETCH_REQUEST_FORGOTTEN_TOPIC))).since(7),
            field("RackId", Type::String).since(11),
        ],
    },
};

static FETCH_REQUEST_REPLICA_STATE: Struct = Struct {
    name: "ReplicaState",
    memory: 40,
    fields: &[field("ReplicaId", Type::Int32).since(15), field("ReplicaEpoch", Type::Int64).since(15)],
};

static FETCH_REQUEST_FETCH_PARTITION: Struct = Struct {
    name: "FetchPartition",
    memory: 80,
    fields: &[
        field("Partition", Type::Int32),
        field("CurrentLeaderEpoch", Type::Int32).since(9),
        field("FetchOffset", Type::Int64),
        field("LastFetchedEpoch", Type::Int32).since(12),
        field("LogStartOffset", Type::Int64).since(5),
        field("PartitionMaxBytes", Type::Int32),
        field("ReplicaDirectoryId", Type::Uuid).since(17).tagged(0, 17),
        field("HighWatermark", Type::Int64).since(18).tagged(1, 18),
    ],
};

static FETCH_REQUEST_FETCH_TOPIC: Struct = Struct {
    name: "FetchTopic",
    memory: 96,
    fields: &[
        field("Topic", Type::String).until(12),
        field("TopicId", Type::Uuid).since(13),
        field("Partitions", Type::Array(&Type::Struct(&FETCH_REQUEST_FETCH_PARTITION))),
    ],
};

static FETCH_REQUEST_FORGOTTEN_TOPIC: Struct = Struct {
    name: "ForgottenTopic",
    memory: 96,
    fields: &[
        field("Topic", Type::String).since(7).until(12),
        field("TopicId", Type::Uuid).since(13),
        field("Partitions", Type::Array(&Type::Int32)).since(7),
    ],
};

/// ListOffsetsRequest, versions 1-11.
pub static LIST_OFFSETS_REQUEST: Message = Message {
    key: ApiKey::ListOffsets,
    root: Struct {
        name: "ListOffsetsRequest",
        memory: 64,
        fields: &[
            field("ReplicaId", Type::Int32),
            field("IsolationLevel", Type::Int8).since(2),
            field("Topics", Type::Array(&Type::Struct(&LIST_OFFSETS_REQUEST_LIST_OFFSETS_TOPIC))),
            field("TimeoutMs", Type::Int32).since(10),
        ],
    },
};

static LIST_OFFSETS_REQUEST_LIST_OFFSETS_PARTITION: Struct = Struct {
    name: "ListOffsetsPartition",
    memory: 40,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("CurrentLeaderEpoch", Type::Int32).since(4),
        field("Timestamp", Type::Int64),
    ],
};

static LIST_OFFSETS_REQUEST_LIST_OFFSETS_TOPIC: Struct = Struct {
    name: "ListOffsetsTopic",
    memory: 80,
    fields: &[
        field("Name", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&LIST_OFFSETS_REQUEST_LIST_OFFSETS_PARTITION))),
    ],
};

/// OffsetForLeaderEpochRequest, versions 2-4.
pub static OFFSET_FOR_LEADER_EPOCH_REQUEST: Message = Message {
    key: ApiKey::OffsetForLeaderEpoch,
    root: Struct {
        name: "OffsetForLeaderEpochRequest",
        memory: 56,
        fields: &[
            field("ReplicaId", Type::Int32).since(3),
            field("Topics", Type::Array(&Type::Struct(&OFFSET_FOR_LEADER_EPOCH_REQUEST_OFFSET_FOR_LEADER_TOPIC))),
        ],
    },
};

static OFFSET_FOR_LEADER_EPOCH_REQUEST_OFFSET_FOR_LEADER_PARTITION: Struct = Struct {
    name: "OffsetForLeaderPartition",
    memory: 40,
    fields: &[
        field("Partition", Type::Int32),
        field("CurrentLeaderEpoch", Type::Int32).since(2),
        field("LeaderEpoch", Type::Int32),
    ],
};

static OFFSET_FOR_LEADER_EPOCH_REQUEST_OFFSET_FOR_LEADER_TOPIC: Struct = Struct {
    name: "OffsetForLeaderTopic",
    memory: 80,
    fields: &[
        field("Topic", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&OFFSET_FOR_LEADER_EPOCH_REQUEST_OFFSET_FOR_LEADER_PARTITION))),
    ],
};

/// DeleteRecordsRequest, versions 0-2.
pub static DELETE_RECORDS_REQUEST: Message = Message {
    key: ApiKey::DeleteRecords,
    root: Struct {
        name: "DeleteRecordsRequest",
        memory: 56,
        fields: &[
            field("Topics", Type::Array(&Type::Struct(&DELETE_RECORDS_REQUEST_DELETE_RECORDS_TOPIC))),
            field("TimeoutMs", Type::Int32),
        ],
    },
};

static DELETE_RECORDS_REQUEST_DELETE_RECORDS_PARTITION: Struct = Struct {
    name: "DeleteRecordsPartition",
    memory: 40,
    fields: &[field("PartitionIndex", Type::Int32), field("Offset", Type::Int64)],
};

static DELETE_RECORDS_REQUEST_DELETE_RECORDS_TOPIC: Struct = Struct {
    name: "DeleteRecordsTopic",
    memory: 80,
    fields: &[
        field("Name", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&DELETE_RECORDS_REQUEST_DELETE_RECORDS_PARTITION))),
    ],
};

/// DescribeProducersRequest, versions 0.
pub static DESCRIBE_PRODUCERS_REQUEST: Message = Message {
    key: ApiKey::DescribeProducers,
    root: Struct {
        name: "DescribeProducersRequest",
        memory: 48,
        fields: &[field("Topics", Type::Array(&Type::Struct(&DESCRIBE_PRODUCERS_REQUEST_TOPIC_REQUEST)))],
    },
};

static DESCRIBE_PRODUCERS_REQUEST_TOPIC_REQUEST: Struct = Struct {
    name: "TopicRequest",
    memory: 80,
    fields: &[field("Name", Type::String), field("PartitionIndexes", Type::Array(&Type::Int32))],
};

/// FetchSnapshotRequest, versions 0-1.
pub static FETCH_SNAPSHOT_REQUEST: Message = Message {
    key: ApiKey::FetchSnapshot,
    root: Struct {
        name: "FetchSnapshotRequest",
        memory: 88,
        fields: &[
            field("ClusterId", Type::String).null_since(0).tagged(0, 0),
            field("ReplicaId", Type::Int32),
            field("MaxBytes", Type::Int32),
            field("Topics", Type::Array(&Type::Struct(&FETCH_SNAPSHOT_REQUEST_TOPIC_SNAPSHOT))),
        ],
    },
};

static FETCH_SNAPSHOT_REQUEST_SNAPSHOT_ID: Struct =
    Struct { name: "SnapshotId", memory: 40, fields: &[field("EndOffset", Type::Int64), field("Epoch", Type::Int32)] };

static FETCH_SNAPSHOT_REQUEST_PARTITION_SNAPSHOT: Struct = Struct {
    name: "PartitionSnapshot",
    memory: 96,
    fields: &[
        field("Partition", Type::Int32),
        field("CurrentLeaderEpoch", Type::Int32),
        field("SnapshotId", Type::Struct(&FETCH_SNAPSHOT_REQUEST_SNAPSHOT_ID)),
        field("Position", Type::Int64),
        field("ReplicaDirectoryId", Type::Uuid).since(1).tagged(0, 1),
    ],
};

static FETCH_SNAPSHOT_REQUEST_TOPIC_SNAPSHOT: Struct = Struct {
    name: "TopicSnapshot",
    memory: 80,
    fields: &[
        field("Name", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&FETCH_SNAPSHOT_REQUEST_PARTITION_SNAPSHOT))),
    ],
};
