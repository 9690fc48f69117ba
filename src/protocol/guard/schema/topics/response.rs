//! Topics: what there is of them, creation, deletion, placement. The responses' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// MetadataResponse, versions 0-13.
pub static METADATA_RESPONSE: Message = Message {
    key: ApiKey::Metadata,
    root: Struct {
        name: "MetadataResponse",
        memory: 120,
        fields: &[
            field("ThrottleTimeMs", Type::Int32).since(3),
            field("Brokers", Type::Array(&Type::Struct(&METADATA_RESPONSE_METADATA_RESPONSE_BROKER))),
            field("ClusterId", Type::String).since(2).null_since(2),
            field("ControllerId", Type::Int32).since(1),
            field("Topics", Type::Array(&Type::Struct(&METADATA_RESPONSE_METADATA_RESPONSE_TOPIC))),
            field("ClusterAuthorizedOperations", Type::Int32).since(8).until(10),
            field("ErrorCode", Type::Int16).since(13),
        ],
    },
};

static METADATA_RESPONSE_METADATA_RESPONSE_BROKER: Struct = Struct {
    name: "MetadataResponseBroker",
    memory: 96,
    fields: &[
        field("NodeId", Type::Int32),
        field("Host", Type::String),
        field("Port", Type::Int32),
        field("Rack", Type::String).since(1).null_since(1),
    ],
};

static METADATA_RESPONSE_METADATA_RESPONSE_PARTITION: Struct = Struct {
    name: "MetadataResponsePartition",
    memory: 112,
    fields: &[
        field("ErrorCode", Type::Int16),
        field("PartitionIndex", Type::Int32),
        field("LeaderId", Type::Int32),
        field("LeaderEpoch", Type::Int32).since(7),
        field("ReplicaNodes", Type::Array(&Type::Int32)),
        field("IsrNodes", Type::Array(&Type::Int32)),
        field("OfflineReplicas", Type::Array(&Type::Int32)).since(5),
    ],
};

static METADATA_RESPONSE_METADATA_RESPONSE_TOPIC: Struct = Struct {
    name: "MetadataResponseTopic",
    memory: 104,
    fields: &[
        field("ErrorCode", Type::Int16),
        field("Name", Type::String).null_since(12),
        field("TopicId", Type::Uuid).since(10),
        field("IsInternal", Type::Bool).since(1),
        field("Partitions", Type::Array(&Type::Struct(&METADATA_RESPONSE_METADATA_RESPONSE_PARTITION))),
        field("TopicAuthorizedOperations", Type::Int32).since(8),
    ],
};

/// CreateTopicsResponse, versions 2-7.
pub static CREATE_TOPICS_RESPONSE: Message = Message {
    key: ApiKey::CreateTopics,
    root: Struct {
        name: "CreateTopicsResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32).since(2),
            field("Topics", Type::Array(&Type::Struct(&CREATE_TOPICS_RESPONSE_CREATABLE_TOPIC_RESULT))),
        ],
    },
};

static CREATE_TOPICS_RESPONSE_CREATABLE_TOPIC_CONFIGS: Struct = Struct {
    name: "CreatableTopicConfigs",
    memory: 96,
    fields: &[
        field("Name", Type::String).since(5),
        field("Value", Type::String).since(5).null_since(5),
        field("ReadOnly", Type::Bool).since(5),
        field("ConfigSource", Type::Int8).since(5),
        field("IsSensitive", Type::Bool).since(5),
    ],
};

static CREATE_TOPICS_RESPONSE_CREATABLE_TOPIC_RESULT: Struct = Struct {
    name: "CreatableTopicResult",
    memory: 144,
    fields: &[
        field("Name", Type::String),
        field("TopicId", Type::Uuid).since(7),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).since(1).null_since(0),
        field("TopicConfigErrorCode", Type::Int16).since(5).tagged(0, 5),
        field("NumPartitions", Type::Int32).since(5),
        field("ReplicationFactor", Type::Int16).since(5),
        field("Configs", Type::Array(&Type::Struct(&CREATE_TOPICS_RESPONSE_CREATABLE_TOPIC_CONFIGS)))
            .since(5)
            .null_since(5),
    ],
};

/// DeleteTopicsResponse, versions 1-6.
pub static DELETE_TOPICS_RESPONSE: Message = Message {
    key: ApiKey::DeleteTopics,
    root: Struct {
        name: "DeleteTopicsResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32).since(1),
            field("Responses", Type::Array(&Type::Struct(&DELETE_TOPICS_RESPONSE_DELETABLE_TOPIC_RESULT))),
        ],
    },
};

static DELETE_TOPICS_RESPONSE_DELETABLE_TOPIC_RESULT: Struct = Struct {
    name: "DeletableTopicResult",
    memory: 112,
    fields: &[
        field("Name", Type::String).null_since(6),
        field("TopicId", Type::Uuid).since(6),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).since(5).null_since(5),
    ],
};

/// CreatePartitionsResponse, versions 0-3.
pub static CREATE_PARTITIONS_RESPONSE: Message = Message {
    key: ApiKey::CreatePartitions,
    root: Struct {
        name: "CreatePartitionsResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("Results", Type::Array(&Type::Struct(&CREATE_PARTITIONS_RESPONSE_CREATE_PARTITIONS_TOPIC_RESULT))),
        ],
    },
};

static CREATE_PARTITIONS_RESPONSE_CREATE_PARTITIONS_TOPIC_RESULT: Struct = Struct {
    name: "CreatePartitionsTopicResult",
    memory: 96,
    fields: &[
        field("Name", Type::String),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
    ],
};

/// DescribeTopicPartitionsResponse, versions 0.
pub static DESCRIBE_TOPIC_PARTITIONS_RESPONSE: Message = Message {
    key: ApiKey::DescribeTopicPartitions,
    root: Struct {
        name: "DescribeTopicPartitionsResponse",
        memory: 120,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field(
                "Topics",
                Type::Array(&Type::Struct(
                    &DESCRIBE_TOPIC_PARTITIONS_RESPONSE_DESCRIBE_TOPIC_PARTITIONS_RESPONSE_TOPIC,
                )),
            ),
            field("NextCursor", Type::Struct(&DESCRIBE_TOPIC_PARTITIONS_RESPONSE_CURSOR)).null_since(0),
        ],
    },
};

static DESCRIBE_TOPIC_PARTITIONS_RESPONSE_DESCRIBE_TOPIC_PARTITIONS_RESPONSE_PARTITION: Struct = Struct {
    name: "DescribeTopicPartitionsResponsePartition",
    memory: 160,
    fields: &[
        field("ErrorCode", Type::Int16),
        field("PartitionIndex", Type::Int32),
        field("LeaderId", Type::Int32),
        field("LeaderEpoch", Type::Int32),
        field("ReplicaNodes", Type::Array(&Type::Int32)),
        field("IsrNodes", Type::Array(&Type::Int32)),
        field("EligibleLeaderReplicas", Type::Array(&Type::Int32)).null_since(0),
        field("LastKnownElr", Type::Array(&Type::Int32)).null_since(0),
        field("OfflineReplicas", Type::Array(&Type::Int32)),
    ],
};

static DESCRIBE_TOPIC_PARTITIONS_RESPONSE_DESCRIBE_TOPIC_PARTITIONS_RESPONSE_TOPIC: Struct = Struct {
    name: "DescribeTopicPartitionsResponseTopic",
    memory: 104,
    fields: &[
        field("ErrorCode", Type::Int16),
        field("Name", Type::String).null_since(0),
        field("TopicId", Type::Uuid),
        field("IsInternal", Type::Bool),
        field(
            "Partitions",
            Type::Array(&Type::Struct(
                &DESCRIBE_TOPIC_PARTITIONS_RESPONSE_DESCRIBE_TOPIC_PARTITIONS_RESPONSE_PARTITION,
            )),
        ),
        field("TopicAuthorizedOperations", Type::Int32),
    ],
};

static DESCRIBE_TOPIC_PARTITIONS_RESPONSE_CURSOR: Struct = Struct {
    name: "Cursor",
    memory: 64,
    fields: &[field("TopicName", Type::String), field("PartitionIndex", Type::Int32)],
};

/// ElectLeadersResponse, versions 0-2.
pub static ELECT_LEADERS_RESPONSE: Message = Message {
    key: ApiKey::ElectLeaders,
    root: Struct {
        name: "ElectLeadersResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16).since(1),
            field(
                "ReplicaElectionResults",
                Type::Array(&Type::Struct(&ELECT_LEADERS_RESPONSE_REPLICA_ELECTION_RESULT)),
            ),
        ],
    },
};

static ELECT_LEADERS_RESPONSE_PARTITION_RESULT: Struct = Struct {
    name: "PartitionResult",
    memory: 64,
    fields: &[
        field("PartitionId", Type::Int32),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
    ],
};

static ELECT_LEADERS_RESPONSE_REPLICA_ELECTION_RESULT: Struct = Struct {
    name: "ReplicaElectionResult",
    memory: 80,
    fields: &[
        field("Topic", Type::String),
        field("PartitionResult", Type::Array(&Type::Struct(&ELECT_LEADERS_RESPONSE_PARTITION_RESULT))),
    ],
};

/// AlterPartitionReassignmentsResponse, versions 0-1.
pub static ALTER_PARTITION_REASSIGNMENTS_RESPONSE: Message = Message {
    key: ApiKey::AlterPartitionReassignments,
    root: Struct {
        name: "AlterPartitionReassignmentsResponse",
        memory: 88,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("AllowReplicationFactorChange", Type::Bool).since(1),
            field("ErrorCode", Type::Int16),
            field("ErrorMessage", Type::String).null_since(0),
            field(
                "Responses",
                Type::Array(&Type::Struct(&ALTER_PARTITION_REASSIGNMENTS_RESPONSE_REASSIGNABLE_TOPIC_RESPONSE)),
            ),
        ],
    },
};

static ALTER_PARTITION_REASSIGNMENTS_RESPONSE_REASSIGNABLE_PARTITION_RESPONSE: Struct = Struct {
    name: "ReassignablePartitionResponse",
    memory: 64,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
    ],
};

static ALTER_PARTITION_REASSIGNMENTS_RESPONSE_REASSIGNABLE_TOPIC_RESPONSE: Struct = Struct {
    name: "ReassignableTopicResponse",
    memory: 80,
    fields: &[
        field("Name", Type::String),
        field(
            "Partitions",
            Type::Array(&Type::Struct(&ALTER_PARTITION_REASSIGNMENTS_RESPONSE_REASSIGNABLE_PARTITION_RESPONSE)),
        ),
    ],
};

/// ListPartitionReassignmentsResponse, versions 0.
pub static LIST_PARTITION_REASSIGNMENTS_RESPONSE: Message = Message {
    key: ApiKey::ListPartitionReassignments,
    root: Struct {
        name: "ListPartitionReassignmentsResponse",
        memory: 88,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ErrorMessage", Type::String).null_since(0),
            field(
                "Topics",
                Type::Array(&Type::Struct(&LIST_PARTITION_REASSIGNMENTS_RESPONSE_ONGOING_TOPIC_REASSIGNMENT)),
            ),
        ],
    },
};

static LIST_PARTITION_REASSIGNMENTS_RESPONSE_ONGOING_PARTITION_REASSIGNMENT: Struct = Struct {
    name: "OngoingPartitionReassignment",
    memory: 104,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("Replicas", Type::Array(&Type::Int32)),
        field("AddingReplicas", Type::Array(&Type::Int32)),
        field("RemovingReplicas", Type::Array(&Type::Int32)),
    ],
};

static LIST_PARTITION_REASSIGNMENTS_RESPONSE_ONGOING_TOPIC_REASSIGNMENT: Struct = Struct {
    name: "OngoingTopicReassignment",
    memory: 80,
    fields: &[
        field("Name", Type::String),
        field(
            "Partitions",
            Type::Array(&Type::Struct(&LIST_PARTITION_REASSIGNMENTS_RESPONSE_ONGOING_PARTITION_REASSIGNMENT)),
        ),
    ],
};

/// AlterReplicaLogDirsResponse, versions 1-2.
pub static ALTER_REPLICA_LOG_DIRS_RESPONSE: Message = Message {
    key: ApiKey::AlterReplicaLogDirs,
    root: Struct {
        name: "AlterReplicaLogDirsResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field(
                "Results",
                Type::Array(&Type::Struct(&ALTER_REPLICA_LOG_DIRS_RESPONSE_ALTER_REPLICA_LOG_DIR_TOPIC_RESULT)),
            ),
        ],
    },
};

static ALTER_REPLICA_LOG_DIRS_RESPONSE_ALTER_REPLICA_LOG_DIR_PARTITION_RESULT: Struct = Struct {
    name: "AlterReplicaLogDirPartitionResult",
    memory: 32,
    fields: &[field("PartitionIndex", Type::Int32), field("ErrorCode", Type::Int16)],
};

static ALTER_REPLICA_LOG_DIRS_RESPONSE_ALTER_REPLICA_LOG_DIR_TOPIC_RESULT: Struct = Struct {
    name: "AlterReplicaLogDirTopicResult",
    memory: 80,
    fields: &[
        field("TopicName", Type::String),
        field(
            "Partitions",
            Type::Array(&Type::Struct(&ALTER_REPLICA_LOG_DIRS_RESPONSE_ALTER_REPLICA_LOG_DIR_PARTITION_RESULT)),
        ),
    ],
};

/// DescribeLogDirsResponse, versions 1-5.
pub static DESCRIBE_LOG_DIRS_RESPONSE: Message = Message {
    key: ApiKey::DescribeLogDirs,
    root: Struct {
        name: "DescribeLogDirsResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16).since(3),
            field("Results", Type::Array(&Type::Struct(&DESCRIBE_LOG_DIRS_RESPONSE_DESCRIBE_LOG_DIRS_RESULT))),
        ],
    },
};

static DESCRIBE_LOG_DIRS_RESPONSE_DESCRIBE_LOG_DIRS_PARTITION: Struct = Struct {
    name: "DescribeLogDirsPartition",
    memory: 48,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("PartitionSize", Type::Int64),
        field("OffsetLag", Type::Int64),
        field("IsFutureKey", Type::Bool),
    ],
};

static DESCRIBE_LOG_DIRS_RESPONSE_DESCRIBE_LOG_DIRS_TOPIC: Struct = Struct {
    name: "DescribeLogDirsTopic",
    memory: 80,
    fields: &[
        field("Name", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&DESCRIBE_LOG_DIRS_RESPONSE_DESCRIBE_LOG_DIRS_PARTITION))),
    ],
};

static DESCRIBE_LOG_DIRS_RESPONSE_DESCRIBE_LOG_DIRS_RESULT: Struct = Struct {
    name: "DescribeLogDirsResult",
    memory: 104,
    fields: &[
        field("ErrorCode", Type::Int16),
        field("LogDir", Type::String),
        field("Topics", Type::Array(&Type::Struct(&DESCRIBE_LOG_DIRS_RESPONSE_DESCRIBE_LOG_DIRS_TOPIC))),
        field("TotalBytes", Type::Int64).since(4),
        field("UsableBytes", Type::Int64).since(4),
        field("IsCordoned", Type::Bool).since(5),
    ],
};
