//! Transactions and producer ids. The responses' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// InitProducerIdResponse, versions 0-6.
pub static INIT_PRODUCER_ID_RESPONSE: Message = Message {
    key: ApiKey::InitProducerId,
    root: Struct {
        name: "InitProducerIdResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ProducerId", Type::Int64),
            field("ProducerEpoch", Type::Int16),
            field("OngoingTxnProducerId", Type::Int64).since(6),
            field("OngoingTxnProducerEpoch", Type::Int16).since(6),
        ],
    },
};

/// AddPartitionsToTxnResponse, versions 0-5.
pub static ADD_PARTITIONS_TO_TXN_RESPONSE: Message = Message {
    key: ApiKey::AddPartitionsToTxn,
    root: Struct {
        name: "AddPartitionsToTxnResponse",
        memory: 80,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16).since(4),
            field(
                "ResultsByTransaction",
                Type::Array(&Type::Struct(&ADD_PARTITIONS_TO_TXN_RESPONSE_ADD_PARTITIONS_TO_TXN_RESULT)),
            )
            .since(4),
            field(
                "ResultsByTopicV3AndBelow",
                Type::Array(&Type::Struct(&ADD_PARTITIONS_TO_TXN_RESPONSE_ADD_PARTITIONS_TO_TXN_TOPIC_RESULT)),
            )
            .until(3),
        ],
    },
};

static ADD_PARTITIONS_TO_TXN_RESPONSE_ADD_PARTITIONS_TO_TXN_PARTITION_RESULT: Struct = Struct {
    name: "AddPartitionsToTxnPartitionResult",
    memory: 32,
    fields: &[field("PartitionIndex", Type::Int32), field("PartitionErrorCode", Type::Int16)],
};

static ADD_PARTITIONS_TO_TXN_RESPONSE_ADD_PARTITIONS_TO_TXN_TOPIC_RESULT: Struct = Struct {
    name: "AddPartitionsToTxnTopicResult",
    memory: 80,
    fields: &[
        field("Name", Type::String),
        field(
            "ResultsByPartition",
            Type::Array(&Type::Struct(&ADD_PARTITIONS_TO_TXN_RESPONSE_ADD_PARTITIONS_TO_TXN_PARTITION_RESULT)),
        ),
    ],
};

static ADD_PARTITIONS_TO_TXN_RESPONSE_ADD_PARTITIONS_TO_TXN_RESULT: Struct = Struct {
    name: "AddPartitionsToTxnResult",
    memory: 80,
    fields: &[
        field("TransactionalId", Type::String).since(4),
        field(
            "TopicResults",
            Type::Array(&Type::Struct(&ADD_PARTITIONS_TO_TXN_RESPONSE_ADD_PARTITIONS_TO_TXN_TOPIC_RESULT)),
        )
        .since(4),
    ],
};

/// AddOffsetsToTxnResponse, versions 0-4.
pub static ADD_OFFSETS_TO_TXN_RESPONSE: Message = Message {
    key: ApiKey::AddOffsetsToTxn,
    root: Struct {
        name: "AddOffsetsToTxnResponse",
        memory: 32,
        fields: &[field("ThrottleTimeMs", Type::Int32), field("ErrorCode", Type::Int16)],
    },
};

/// EndTxnResponse, versions 0-5.
pub static END_TXN_RESPONSE: Message = Message {
    key: ApiKey::EndTxn,
    root: Struct {
        name: "EndTxnResponse",
        memory: 40,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ProducerId", Type::Int64).since(5),
            field("ProducerEpoch", Type::Int16).since(5),
        ],
    },
};

/// WriteTxnMarkersResponse, versions 1-2.
pub static WRITE_TXN_MARKERS_RESPONSE: Message = Message {
    key: ApiKey::WriteTxnMarkers,
    root: Struct {
        name: "WriteTxnMarkersResponse",
        memory: 48,
        fields: &[field("Markers", Type::Array(&Type::Struct(&WRITE_TXN_MARKERS_RESPONSE_WRITABLE_TXN_MARKER_RESULT)))],
    },
};

static WRITE_TXN_MARKERS_RESPONSE_WRITABLE_TXN_MARKER_PARTITION_RESULT: Struct = Struct {
    name: "WritableTxnMarkerPartitionResult",
    memory: 32,
    fields: &[field("PartitionIndex", Type::Int32), field("ErrorCode", Type::Int16)],
};

static WRITE_TXN_MARKERS_RESPONSE_WRITABLE_TXN_MARKER_TOPIC_RESULT: Struct = Struct {
    name: "WritableTxnMarkerTopicResult",
    memory: 80,
    fields: &[
        field("Name", Type::String),
        field(
            "Partitions",
            Type::Array(&Type::Struct(&WRITE_TXN_MARKERS_RESPONSE_WRITABLE_TXN_MARKER_PARTITION_RESULT)),
        ),
    ],
};

static WRITE_TXN_MARKERS_RESPONSE_WRITABLE_TXN_MARKER_RESULT: Struct = Struct {
    name: "WritableTxnMarkerResult",
    memory: 56,
    fields: &[
        field("ProducerId", Type::Int64),
        field("Topics", Type::Array(&Type::Struct(&WRITE_TXN_MARKERS_RESPONSE_WRITABLE_TXN_MARKER_TOPIC_RESULT))),
    ],
};

/// TxnOffsetCommitResponse, versions 0-5.
pub static TXN_OFFSET_COMMIT_RESPONSE: Message = Message {
    key: ApiKey::TxnOffsetCommit,
    root: Struct {
        name: "TxnOffsetCommitResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("Topics", Type::Array(&Type::Struct(&TXN_OFFSET_COMMIT_RESPONSE_TXN_OFFSET_COMMIT_RESPONSE_TOPIC))),
        ],
    },
};

static TXN_OFFSET_COMMIT_RESPONSE_TXN_OFFSET_COMMIT_RESPONSE_PARTITION: Struct = Struct {
    name: "TxnOffsetCommitResponsePartition",
    memory: 32,
    fields: &[field("PartitionIndex", Type::Int32), field("ErrorCode", Type::Int16)],
};

static TXN_OFFSET_COMMIT_RESPONSE_TXN_OFFSET_COMMIT_RESPONSE_TOPIC: Struct = Struct {
    name: "TxnOffsetCommitResponseTopic",
    memory: 80,
    fields: &[
        field("Name", Type::String),
        field(
            "Partitions",
            Type::Array(&Type::Struct(&TXN_OFFSET_COMMIT_RESPONSE_TXN_OFFSET_COMMIT_RESPONSE_PARTITION)),
        ),
    ],
};

/// DescribeTransactionsResponse, versions 0.
pub static DESCRIBE_TRANSACTIONS_RESPONSE: Message = Message {
    key: ApiKey::DescribeTransactions,
    root: Struct {
        name: "DescribeTransactionsResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("TransactionStates", Type::Array(&Type::Struct(&DESCRIBE_TRANSACTIONS_RESPONSE_TRANSACTION_STATE))),
        ],
    },
};

static DESCRIBE_TRANSACTIONS_RESPONSE_TOPIC_DATA: Struct = Struct {
    name: "TopicData",
    memory: 80,
    fields: &[field("Topic", Type::String), field("Partitions", Type::Array(&Type::Int32))],
};

static DESCRIBE_TRANSACTIONS_RESPONSE_TRANSACTION_STATE: Struct = Struct {
    name: "TransactionState",
    memory: 136,
    fields: &[
        field("ErrorCode", Type::Int16),
        field("TransactionalId", Type::String),
        field("TransactionState", Type::String),
        field("TransactionTimeoutMs", Type::Int32),
        field("TransactionStartTimeMs", Type::Int64),
        field("ProducerId", Type::Int64),
        field("ProducerEpoch", Type::Int16),
        field("Topics", Type::Array(&Type::Struct(&DESCRIBE_TRANSACTIONS_RESPONSE_TOPIC_DATA))),
    ],
};

/// ListTransactionsResponse, versions 0-2.
pub static LIST_TRANSACTIONS_RESPONSE: Message = Message {
    key: ApiKey::ListTransactions,
    root: Struct {
        name: "ListTransactionsResponse",
        memory: 80,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("UnknownStateFilters", Type::Array(&Type::String)),
            field("TransactionStates", Type::Array(&Type::Struct(&LIST_TRANSACTIONS_RESPONSE_TRANSACTION_STATE))),
        ],
    },
};

static LIST_TRANSACTIONS_RESPONSE_TRANSACTION_STATE: Struct = Struct {
    name: "TransactionState",
    memory: 96,
    fields: &[
        field("TransactionalId", Type::String),
        field("ProducerId", Type::Int64),
        field("TransactionState", Type::String),
    ],
};

/// AllocateProducerIdsResponse, versions 0.
pub static ALLOCATE_PRODUCER_IDS_RESPONSE: Message = Message {
    key: ApiKey::AllocateProducerIds,
    root: Struct {
        name: "AllocateProducerIdsResponse",
        memory: 48,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ProducerIdStart", Type::Int64),
            field("ProducerIdLen", Type::Int32),
        ],
    },
};
