//! Transactions and producer ids. The requests' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// InitProducerIdRequest, versions 0-6.
pub static INIT_PRODUCER_ID_REQUEST: Message = Message {
    key: ApiKey::InitProducerId,
    root: Struct {
        name: "InitProducerIdRequest",
        memory: 72,
        fields: &[
            field("TransactionalId", Type::String).null_since(0),
            field("TransactionTimeoutMs", Type::Int32),
            field("ProducerId", Type::Int64).since(3),
            field("ProducerEpoch", Type::Int16).since(3),
            field("Enable2Pc", Type::Bool).since(6),
            field("KeepPreparedTxn", Type::Bool).since(6),
        ],
    },
};

/// AddPartitionsToTxnRequest, versions 0-5.
pub static ADD_PARTITIONS_TO_TXN_REQUEST: Message = Message {
    key: ApiKey::AddPartitionsToTxn,
    root: Struct {
        name: "AddPartitionsToTxnRequest",
        memory: 120,
        fields: &[
            field(
                "Transactions",
                Type::Array(&Type::Struct(&ADD_PARTITIONS_TO_TXN_REQUEST_ADD_PARTITIONS_TO_TXN_TRANSACTION)),
            )
            .since(4),
            field("V3AndBelowTransactionalId", Type::String).until(3),
            field("V3AndBelowProducerId", Type::Int64).until(3),
            field("V3AndBelowProducerEpoch", Type::Int16).until(3),
            field(
                "V3AndBelowTopics",
                Type::Array(&Type::Struct(&ADD_PARTITIONS_TO_TXN_REQUEST_ADD_PARTITIONS_TO_TXN_TOPIC)),
            )
            .until(3),
        ],
    },
};

static ADD_PARTITIONS_TO_TXN_REQUEST_ADD_PARTITIONS_TO_TXN_TOPIC: Struct = Struct {
    name: "AddPartitionsToTxnTopic",
    memory: 80,
    fields: &[field("Name", Type::String), field("Partitions", Type::Array(&Type::Int32))],
};

static ADD_PARTITIONS_TO_TXN_REQUEST_ADD_PARTITIONS_TO_TXN_TRANSACTION: Struct = Struct {
    name: "AddPartitionsToTxnTransaction",
    memory: 96,
    fields: &[
        field("TransactionalId", Type::String).since(4),
        field("ProducerId", Type::Int64).since(4),
        field("ProducerEpoch", Type::Int16).since(4),
        field("VerifyOnly", Type::Bool).since(4),
        field("Topics", Type::Array(&Type::Struct(&ADD_PARTITIONS_TO_TXN_REQUEST_ADD_PARTITIONS_TO_TXN_TOPIC)))
            .since(4),
    ],
};

/// AddOffsetsToTxnRequest, versions 0-4.
pub static ADD_OFFSETS_TO_TXN_REQUEST: Message = Message {
    key: ApiKey::AddOffsetsToTxn,
    root: Struct {
        name: "AddOffsetsToTxnRequest",
        memory: 104,
        fields: &[
            field("TransactionalId", Type::String),
            field("ProducerId", Type::Int64),
            field("ProducerEpoch", Type::Int16),
            field("GroupId", Type::String),
        ],
    },
};

/// EndTxnRequest, versions 0-5.
pub static END_TXN_REQUEST: Message = Message {
    key: ApiKey::EndTxn,
    root: Struct {
        name: "EndTxnRequest",
        memory: 72,
        fields: &[
            field("TransactionalId", Type::String),
            field("ProducerId", Type::Int64),
            field("ProducerEpoch", Type::Int16),
            field("Committed", Type::Bool),
        ],
    },
};

/// WriteTxnMarkersRequest, versions 1-2.
pub static WRITE_TXN_MARKERS_REQUEST: Message = Message {
    key: ApiKey::WriteTxnMarkers,
    root: Struct {
        name: "WriteTxnMarkersRequest",
        memory: 48,
        fields: &[field("Markers", Type::Array(&Type::Struct(&WRITE_TXN_MARKERS_REQUEST_WRITABLE_TXN_MARKER)))],
    },
};

static WRITE_TXN_MARKERS_REQUEST_WRITABLE_TXN_MARKER_TOPIC: Struct = Struct {
    name: "WritableTxnMarkerTopic",
    memory: 80,
    fields: &[field("Name", Type::String), field("PartitionIndexes", Type::Array(&Type::Int32))],
};

static WRITE_TXN_MARKERS_REQUEST_WRITABLE_TXN_MARKER: Struct = Struct {
    name: "WritableTxnMarker",
    memory: 64,
    fields: &[
        field("ProducerId", Type::Int64),
        field("ProducerEpoch", Type::Int16),
        field("TransactionResult", Type::Bool),
        field("Topics", Type::Array(&Type::Struct(&WRITE_TXN_MARKERS_REQUEST_WRITABLE_TXN_MARKER_TOPIC))),
        field("CoordinatorEpoch", Type::Int32),
        field("TransactionVersion", Type::Int8).since(2),
    ],
};

/// TxnOffsetCommitRequest, versions 0-5.
pub static TXN_OFFSET_COMMIT_REQUEST: Message = Message {
    key: ApiKey::TxnOffsetCommit,
    root: Struct {
        name: "TxnOffsetCommitRequest",
        memory: 192,
        fields: &[
            field("TransactionalId", Type::String),
            field("GroupId", Type::String),
            field("ProducerId", Type::Int64),
            field("ProducerEpoch", Type::Int16),
            field("GenerationId", Type::Int32).since(3),
            field("MemberId", Type::String).since(3),
            field("GroupInstanceId", Type::String).since(3).null_since(3),
            field("Topics", Type::Array(&Type::Struct(&TXN_OFFSET_COMMIT_REQUEST_TXN_OFFSET_COMMIT_REQUEST_TOPIC))),
        ],
    },
};

static TXN_OFFSET_COMMIT_REQUEST_TXN_OFFSET_COMMIT_REQUEST_PARTITION: Struct = Struct {
    name: "TxnOffsetCommitRequestPartition",
    memory: 72,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("CommittedOffset", Type::Int64),
        field("CommittedLeaderEpoch", Type::Int32).since(2),
        field("CommittedMetadata", Type::String).null_since(0),
    ],
};

static TXN_OFFSET_COMMIT_REQUEST_TXN_OFFSET_COMMIT_REQUEST_TOPIC: Struct = Struct {
    name: "TxnOffsetCommitRequestTopic",
    memory: 80,
    fields: &[
        field("Name", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&TXN_OFFSET_COMMIT_REQUEST_TXN_OFFSET_COMMIT_REQUEST_PARTITION))),
    ],
};

/// DescribeTransactionsRequest, versions 0.
pub static DESCRIBE_TRANSACTIONS_REQUEST: Message = Message {
    key: ApiKey::DescribeTransactions,
    root: Struct {
        name: "DescribeTransactionsRequest",
        memory: 48,
        fields: &[field("TransactionalIds", Type::Array(&Type::String))],
    },
};

/// ListTransactionsRequest, versions 0-2.
pub static LIST_TRANSACTIONS_REQUEST: Message = Message {
    key: ApiKey::ListTransactions,
    root: Struct {
        name: "ListTransactionsRequest",
        memory: 112,
        fields: &[
            field("StateFilters", Type::Array(&Type::String)),
            field("ProducerIdFilters", Type::Array(&Type::Int64)),
            field("DurationFilter", Type::Int64).since(1),
            field("TransactionalIdPattern", Type::String).since(2).null_since(2),
        ],
    },
};

/// AllocateProducerIdsRequest, versions 0.
pub static ALLOCATE_PRODUCER_IDS_REQUEST: Message = Message {
    key: ApiKey::AllocateProducerIds,
    root: Struct {
        name: "AllocateProducerIdsRequest",
        memory: 40,
        fields: &[field("BrokerId", Type::Int32), field("BrokerEpoch", Type::Int64)],
    },
};
