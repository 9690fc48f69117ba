//! The cluster: versions, features, brokers and controllers. The responses' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// ApiVersionsResponse, versions 0-4.
pub static API_VERSIONS_RESPONSE: Message = Message {
    key: ApiKey::ApiVersions,
    root: Struct {
        name: "ApiVersionsResponse",
        memory: 112,
        fields: &[
            field("ErrorCode", Type::Int16),
            field("ApiKeys", Type::Array(&Type::Struct(&API_VERSIONS_RESPONSE_API_VERSION))),
            field("ThrottleTimeMs", Type::Int32).since(1),
            field("SupportedFeatures", Type::Array(&Type::Struct(&API_VERSIONS_RESPONSE_SUPPORTED_FEATURE_KEY)))
                .since(3)
                .tagged(0, 3),
            field("FinalizedFeaturesEpoch", Type::Int64).since(3).tagged(1, 3),
            field("FinalizedFeatures", Type::Array(&Type::Struct(&API_VERSIONS_RESPONSE_FINALIZED_FEATURE_KEY)))
                .since(3)
                .tagged(2, 3),
            field("ZkMigrationReady", Type::Bool).since(3).tagged(3, 3),
        ],
    },
};

static API_VERSIONS_RESPONSE_API_VERSION: Struct = Struct {
    name: "ApiVersion",
    memory: 32,
    fields: &[field("ApiKey", Type::Int16), field("MinVersion", Type::Int16), field("MaxVersion", Type::Int16)],
};

static API_VERSIONS_RESPONSE_SUPPORTED_FEATURE_KEY: Struct = Struct {
    name: "SupportedFeatureKey",
    memory: 64,
    fields: &[
        field("Name", Type::String).since(3),
        field("MinVersion", Type::Int16).since(3),
        field("MaxVersion", Type::Int16).since(3),
    ],
};

static API_VERSIONS_RESPONSE_FINALIZED_FEATURE_KEY: Struct = Struct {
    name: "FinalizedFeatureKey",
    memory: 64,
    fields: &[
        field("Name", Type::String).since(3),
        field("MaxVersionLevel", Type::Int16).since(3),
        field("MinVersionLevel", Type::Int16).since(3),
    ],
};

/// DescribeClusterResponse, versions 0-2.
pub static DESCRIBE_CLUSTER_RESPONSE: Message = Message {
    key: ApiKey::DescribeCluster,
    root: Struct {
        name: "DescribeClusterResponse",
        memory: 128,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ErrorMessage", Type::String).null_since(0),
            field("EndpointType", Type::Int8).since(1),
            field("ClusterId", Type::String),
            field("ControllerId", Type::Int32),
            field("Brokers", Type::Array(&Type::Struct(&DESCRIBE_CLUSTER_RESPONSE_DESCRIBE_CLUSTER_BROKER))),
            field("ClusterAuthorizedOperations", Type::Int32),
        ],
    },
};

static DESCRIBE_CLUSTER_RESPONSE_DESCRIBE_CLUSTER_BROKER: Struct = Struct {
    name: "DescribeClusterBroker",
    memory: 104,
    fields: &[
        field("BrokerId", Type::Int32),
        field("Host", Type::String),
        field("Port", Type::Int32),
        field("Rack", Type::String).null_since(0),
        field("IsFenced", Type::Bool).since(2),
    ],
};

/// UpdateFeaturesResponse, versions 0-2.
pub static UPDATE_FEATURES_RESPONSE: Message = Message {
    key: ApiKey::UpdateFeatures,
    root: Struct {
        name: "UpdateFeaturesResponse",
        memory: 88,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ErrorMessage", Type::String).null_since(0),
            field("Results", Type::Array(&Type::Struct(&UPDATE_FEATURES_RESPONSE_UPDATABLE_FEATURE_RESULT))).until(1),
        ],
    },
};

static UPDATE_FEATURES_RESPONSE_UPDATABLE_FEATURE_RESULT: Struct = Struct {
    name: "UpdatableFeatureResult",
    memory: 96,
    fields: &[
        field("Feature", Type::String),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
    ],
};

/// AlterPartitionResponse, versions 2-3.
pub static ALTER_PARTITION_RESPONSE: Message = Message {
    key: ApiKey::AlterPartition,
    root: Struct {
        name: "AlterPartitionResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("Topics", Type::Array(&Type::Struct(&ALTER_PARTITION_RESPONSE_TOPIC_DATA))),
        ],
    },
};

static ALTER_PARTITION_RESPONSE_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    memory: 72,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("ErrorCode", Type::Int16),
        field("LeaderId", Type::Int32),
        field("LeaderEpoch", Type::Int32),
        field("Isr", Type::Array(&Type::Int32)),
        field("LeaderRecoveryState", Type::Int8).since(1),
        field("PartitionEpoch", Type::Int32),
    ],
};

static ALTER_PARTITION_RESPONSE_TOPIC_DATA: Struct = Struct {
    name: "TopicData",
    memory: 64,
    fields: &[
        field("TopicId", Type::Uuid).since(2),
        field("Partitions", Type::Array(&Type::Struct(&ALTER_PARTITION_RESPONSE_PARTITION_DATA))),
    ],
};

/// BrokerRegistrationResponse, versions 0-4.
pub static BROKER_REGISTRATION_RESPONSE: Message = Message {
    key: ApiKey::BrokerRegistration,
    root: Struct {
        name: "BrokerRegistrationResponse",
        memory: 40,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("BrokerEpoch", Type::Int64),
        ],
    },
};

/// BrokerHeartbeatResponse, versions 0-2.
pub static BROKER_HEARTBEAT_RESPONSE: Message = Message {
    key: ApiKey::BrokerHeartbeat,
    root: Struct {
        name: "BrokerHeartbeatResponse",
        memory: 40,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("IsCaughtUp", Type::Bool),
            field("IsFenced", Type::Bool),
            field("ShouldShutDown", Type::Bool),
        ],
    },
};

/// UnregisterBrokerResponse, versions 0.
pub static UNREGISTER_BROKER_RESPONSE: Message = Message {
    key: ApiKey::UnregisterBroker,
    root: Struct {
        name: "UnregisterBrokerResponse",
        memory: 64,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ErrorMessage", Type::String).null_since(0),
        ],
    },
};

/// ControllerRegistrationResponse, versions 0.
pub static CONTROLLER_REGISTRATION_RESPONSE: Message = Message {
    key: ApiKey::ControllerRegistration,
    root: Struct {
        name: "ControllerRegistrationResponse",
        memory: 64,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ErrorMessage", Type::String).null_since(0),
        ],
    },
};

/// AssignReplicasToDirsResponse, versions 0.
pub static ASSIGN_REPLICAS_TO_DIRS_RESPONSE: Message = Message {
    key: ApiKey::AssignReplicasToDirs,
    root: Struct {
        name: "AssignReplicasToDirsResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("Directories", Type::Array(&Type::Struct(&ASSIGN_REPLICAS_TO_DIRS_RESPONSE_DIRECTORY_DATA))),
        ],
    },
};

static ASSIGN_REPLICAS_TO_DIRS_RESPONSE_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    memory: 32,
    fields: &[field("PartitionIndex", Type::Int32), field("ErrorCode", Type::Int16)],
};

static ASSIGN_REPLICAS_TO_DIRS_RESPONSE_TOPIC_DATA: Struct = Struct {
    name: "TopicData",
    memory: 64,
    fields: &[
        field("TopicId", Type::Uuid),
        field("Partitions", Type::Array(&Type::Struct(&ASSIGN_REPLICAS_TO_DIRS_RESPONSE_PARTITION_DATA))),
    ],
};

static ASSIGN_REPLICAS_TO_DIRS_RESPONSE_DIRECTORY_DATA: Struct = Struct {
    name: "DirectoryData",
    memory: 64,
    fields: &[
        field("Id", Type::Uuid),
        field("Topics", Type::Array(&Type::Struct(&ASSIGN_REPLICAS_TO_DIRS_RESPONSE_TOPIC_DATA))),
    ],
};

/// EnvelopeResponse, versions 0.
pub static ENVELOPE_RESPONSE: Message = Message {
    key: ApiKey::Envelope,
    root: Struct {
        name: "EnvelopeResponse",
        memory: 64,
        fields: &[field("ResponseData", Type::Bytes).null_since(0), field("ErrorCode", Type::Int16)],
    },
};
