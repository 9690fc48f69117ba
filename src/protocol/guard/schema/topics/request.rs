//! Topics: what there is of them, creation, deletion, placement. The requests' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// MetadataRequest, versions 0-13.
pub static METADATA_REQUEST: Message = Message {
    key: ApiKey::Metadata,
    root: Struct {
        name: "MetadataRequest",
        memory: 56,
        fields: &[
            field("Topics", Type::Array(&Type::Struct(&METADATA_REQUEST_METADATA_REQUEST_TOPIC))).null_since(1),
            field("AllowAutoTopicCreation", Type::Bool).since(4),
            field("IncludeClusterAuthorizedOperations", Type::Bool).since(8).until(10),
            field("IncludeTopicAuthorizedOperations", Type::Bool).since(8),
        ],
    },
};

static METADATA_REQUEST_METADATA_REQUEST_TOPIC: Struct = Struct {
    name: "MetadataRequestTopic",
    memory: 72,
    fields: &[field("TopicId", Type::Uuid).since(10), field("Name", Type::String).null_since(10)],
};

/// CreateTopicsRequest, versions 2-7.
pub static CREATE_TOPICS_REQUEST: Message = Message {
    key: ApiKey::CreateTopics,
    root: Struct {
        name: "CreateTopicsRequest",
        memory: 56,
        fields: &[
            field("Topics", Type::Array(&Type::Struct(&CREATE_TOPICS_REQUEST_CREATABLE_TOPIC))),
            field("timeoutMs", Type::Int32),
            field("validateOnly", Type::Bool).since(1),
        ],
    },
};

static CREATE_TOPICS_REQUEST_CREATABLE_REPLICA_ASSIGNMENT: Struct = Struct {
    name: "CreatableReplicaAssignment",
    memory: 56,
    fields: &[field("PartitionIndex", Type::Int32), field("BrokerIds", Type::Array(&Type::Int32))],
};

static CREATE_TOPICS_REQUEST_CREATABLE_TOPIC_CONFIG: Struct = Struct {
    name: "CreatableTopicConfig",
    memory: 88,
    fields: &[field("Name", Type::String), field("Value", Type::String).null_since(0)],
};

static CREATE_TOPICS_REQUEST_CREATABLE_TOPIC: Struct = Struct {
    name: "CreatableTopic",
    memory: 112,
    fields: &[
        field("Name", Type::String),
        field("NumPartitions", Type::Int32),
        field("ReplicationFactor", Type::Int16),
        field("Assignments", Type::Array(&Type::Struct(&CREATE_TOPICS_REQUEST_CREATABLE_REPLICA_ASSIGNMENT))),
        field("Configs", Type::Array(&Type::Struct(&CREATE_TOPICS_REQUEST_CREATABLE_TOPIC_CONFIG))),
    ],
};

/// DeleteTopicsRequest, versions 1-6.
pub static DELETE_TOPICS_REQUEST: Message = Message {
    key: ApiKey::DeleteTopics,
    root: Struct {
        name: "DeleteTopicsRequest",
        memory: 80,
        fields: &[
            field("Topics", Type::Array(&Type::Struct(&DELETE_TOPICS_REQUEST_DELETE_TOPIC_STATE))).since(6),
            field("TopicNames", Type::Array(&Type::String)).until(5),
            field("TimeoutMs", Type::Int32),
        ],
    },
};

static DELETE_TOPICS_REQUEST_DELETE_TOPIC_STATE: Struct = Struct {
    name: "DeleteTopicState",
    memory: 72,
    fields: &[field("Name", Type::String).since(6).null_since(6), field("TopicId", Type::Uuid).since(6)],
};

/// CreatePartitionsRequest, versions 0-3.
pub static CREATE_PARTITIONS_REQUEST: Message = Message {
    key: ApiKey::CreatePartitions,
    root: Struct {
        name: "CreatePartitionsRequest",
        memory: 56,
        fields: &[
            field("Topics", Type::Array(&Type::Struct(&CREATE_PARTITIONS_REQUEST_CREATE_PARTITIONS_TOPIC))),
            field("TimeoutMs", Type::Int32),
            field("ValidateOnly", Type::Bool),
        ],
    },
};

static CREATE_PARTITIONS_REQUEST_CREATE_PARTITIONS_ASSIGNMENT: Struct =
    Struct { name: "CreatePartitionsAssignment", memory: 48, fields: &[field("BrokerIds", Type::Array(&Type::Int32))] };

static CREATE_PARTITIONS_REQUEST_CREATE_PARTITIONS_TOPIC: Struct = Struct {
    name: "CreatePartitionsTopic",
    memory: 88,
    fields: &[
        field("Name", Type::String),
        field("Count", Type::Int32),
        field("Assignments", Type::Array(&Type::Struct(&CREATE_PARTITIONS_REQUEST_CREATE_PARTITIONS_ASSIGNMENT)))
            .null_since(0),
    ],
};

/// DescribeTopicPartitionsRequest, versions 0.
pub static DESCRIBE_TOPIC_PARTITIONS_REQUEST: Message = Message {
    key: ApiKey::DescribeTopicPartitions,
    root: Struct {
        name: "DescribeTopicPartitionsRequest",
        memory: 120,
        fields: &[
            field("Topics", Type::Array(&Type::Struct(&DESCRIBE_TOPIC_PARTITIONS_REQUEST_TOPIC_REQUEST))),
            field("ResponsePartitionLimit", Type::Int32),
            field("Cursor", Type::Struct(&DESCRIBE_TOPIC_PARTITIONS_REQUEST_CURSOR)).null_since(0),
        ],
    },
};

static DESCRIBE_TOPIC_PARTITIONS_REQUEST_TOPIC_REQUEST: Struct =
    Struct { name: "TopicRequest", memory: 56, fields: &[field("Name", Type::String)] };

static DESCRIBE_TOPIC_PARTITIONS_REQUEST_CURSOR: Struct = Struct {
    name: "Cursor",
    memory: 64,
    fields: &[field("TopicName", Type::String), field("PartitionIndex", Type::Int32)],
};

/// ElectLeadersRequest, versions 0-2.
pub static ELECT_LEADERS_REQUEST: Message = Message {
    key: ApiKey::ElectLeaders,
    root: Struct {
        name: "ElectLeadersRequest",
        memory: 56,
        fields: &[
            field("ElectionType", Type::Int8).since(1),
            field("TopicPartitions", Type::Array(&Type::Struct(&ELECT_LEADERS_REQUEST_TOPIC_PARTITIONS))).null_since(0),
            field("TimeoutMs", Type::Int32),
        ],
    },
};

static ELECT_LEADERS_REQUEST_TOPIC_PARTITIONS: Struct = Struct {
    name: "TopicPartitions",
    memory: 80,
    fields: &[field("Topic", Type::String), field("Partitions", Type::Array(&Type::Int32))],
};

/// AlterPartitionReassignmentsRequest, versions 0-1.
pub static ALTER_PARTITION_REASSIGNMENTS_REQUEST: Message = Message {
    key: ApiKey::AlterPartitionReassignments,
    root: Struct {
        name: "AlterPartitionReassignmentsRequest",
        memory: 56,
        fields: &[
            field("TimeoutMs", Type::Int32),
            field("AllowReplicationFactorChange", Type::Bool).since(1),
            field("Topics", Type::Array(&Type::Struct(&ALTER_PARTITION_REASSIGNMENTS_REQUEST_REASSIGNABLE_TOPIC))),
        ],
    },
};

static ALTER_PARTITION_REASSIGNMENTS_REQUEST_REASSIGNABLE_PARTITION: Struct = Struct {
    name: "ReassignablePartition",
    memory: 56,
    fields: &[field("PartitionIndex", Type::Int32), field("Replicas", Type::Array(&Type::Int32)).null_since(0)],
};

static ALTER_PARTITION_REASSIGNMENTS_REQUEST_REASSIGNABLE_TOPIC: Struct = Struct {
    name: "ReassignableTopic",
    memory: 80,
    fields: &[
        field("Name", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&ALTER_PARTITION_REASSIGNMENTS_REQUEST_REASSIGNABLE_PARTITION))),
    ],
};

/// ListPartitionReassignmentsRequest, versions 0.
pub static LIST_PARTITION_REASSIGNMENTS_REQUEST: Message = Message {
    key: ApiKey::ListPartitionReassignments,
    root: Struct {
        name: "ListPartitionReassignmentsRequest",
        memory: 56,
        fields: &[
            field("TimeoutMs", Type::Int32),
            field(
                "Topics",
                Type::Array(&Type::Struct(&LIST_PARTITION_REASSIGNMENTS_REQUEST_LIST_PARTITION_REASSIGNMENTS_TOPICS)),
            )
            .null_since(0),
        ],
    },
};

static LIST_PARTITION_REASSIGNMENTS_REQUEST_LIST_PARTITION_REASSIGNMENTS_TOPICS: Struct = Struct {
    name: "ListPartitionReassignmentsTopics",
    memory: 80,
    fields: &[field("Name", Type::String), field("PartitionIndexes", Type::Array(&Type::Int32))],
};

/// AlterReplicaLogDirsRequest, versions 1-2.
pub static ALTER_REPLICA_LOG_DIRS_REQUEST: Message = Message {
    key: ApiKey::AlterReplicaLogDirs,
    root: Struct {
        name: "AlterReplicaLogDirsRequest",
        memory: 48,
        fields: &[field("Dirs", Type::Array(&Type::Struct(&ALTER_REPLICA_LOG_DIRS_REQUEST_ALTER_REPLICA_LOG_DIR)))],
    },
};

static ALTER_REPLICA_LOG_DIRS_REQUEST_ALTER_REPLICA_LOG_DIR_TOPIC: Struct = Struct {
    name: "AlterReplicaLogDirTopic",
    memory: 80,
    fields: &[field("Name", Type::String), field("Partitions", Type::Array(&Type::Int32))],
};

static ALTER_REPLICA_LOG_DIRS_REQUEST_ALTER_REPLICA_LOG_DIR: Struct = Struct {
    name: "AlterReplicaLogDir",
    memory: 80,
    fields: &[
        field("Path", Type::String),
        field("Topics", Type::Array(&Type::Struct(&ALTER_REPLICA_LOG_DIRS_REQUEST_ALTER_REPLICA_LOG_DIR_TOPIC))),
    ],
};

/// DescribeLogDirsRequest, versions 1-5.
pub static DESCRIBE_LOG_DIRS_REQUEST: Message = Message {
    key: ApiKey::DescribeLogDirs,
    root: Struct {
        name: "DescribeLogDirsRequest",
        memory: 48,
        fields: &[field("Topics", Type::Array(&Type::Struct(&DESCRIBE_LOG_DIRS_REQUEST_DESCRIBABLE_LOG_DIR_TOPIC)))
            .null_since(0)],
    },
};

static DESCRIBE_LOG_DIRS_REQUEST_DESCRIBABLE_LOG_DIR_TOPIC: Struct = Struct {
    name: "DescribableLogDirTopic",
    memory: 80,
    fields: &[field("Topic", Type::String), field("Partitions", Type::Array(&Type::Int32))],
};
