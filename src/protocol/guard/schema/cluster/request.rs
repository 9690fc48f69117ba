//! The cluster: versions, features, brokers and controllers. The requests' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// ApiVersionsRequest, versions 0-4.
pub static API_VERSIONS_REQUEST: Message = Message {
    key: ApiKey::ApiVersions,
    root: Struct {
        name: "ApiVersionsRequest",
        memory: 88,
        fields: &[
            field("ClientSoftwareName", Type::String).since(3),
            field("ClientSoftwareVersion", Type::String).since(3),
        ],
    },
};

/// DescribeClusterRequest, versions 0-2.
pub static DESCRIBE_CLUSTER_REQUEST: Message = Message {
    key: ApiKey::DescribeCluster,
    root: Struct {
        name: "DescribeClusterRequest",
        memory: 32,
        fields: &[
            field("IncludeClusterAuthorizedOperations", Type::Bool),
            field("EndpointType", Type::Int8).since(1),
            field("IncludeFencedBrokers", Type::Bool).since(2),
        ],
    },
};

/// UpdateFeaturesRequest, versions 0-2.
pub static UPDATE_FEATURES_REQUEST: Message = Message {
    key: ApiKey::UpdateFeatures,
    root: Struct {
        name: "UpdateFeaturesRequest",
        memory: 56,
        fields: &[
            field("timeoutMs", Type::Int32),
            field("FeatureUpdates", Type::Array(&Type::Struct(&UPDATE_FEATURES_REQUEST_FEATURE_UPDATE_KEY))),
            field("ValidateOnly", Type::Bool).since(1),
        ],
    },
};

static UPDATE_FEATURES_REQUEST_FEATURE_UPDATE_KEY: Struct = Struct {
    name: "FeatureUpdateKey",
    memory: 64,
    fields: &[
        field("Feature", Type::String),
        field("MaxVersionLevel", Type::Int16),
        field("AllowDowngrade", Type::Bool).until(0),
        field("UpgradeType", Type::Int8).since(1),
    ],
};

/// AlterPartitionRequest, versions 2-3.
pub static ALTER_PARTITION_REQUEST: Message = Message {
    key: ApiKey::AlterPartition,
    root: Struct {
        name: "AlterPartitionRequest",
        memory: 64,
        fields: &[
            field("BrokerId", Type::Int32),
            field("BrokerEpoch", Type::Int64),
            field("Topics", Type::Array(&Type::Struct(&ALTER_PARTITION_REQUEST_TOPIC_DATA))),
        ],
    },
};

static ALTER_PARTITION_REQUEST_BROKER_STATE: Struct = Struct {
    name: "BrokerState",
    memory: 40,
    fields: &[field("BrokerId", Type::Int32).since(3), field("BrokerEpoch", Type::Int64).since(3)],
};

static ALTER_PARTITION_REQUEST_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    memory: 88,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("LeaderEpoch", Type::Int32),
        field("NewIsr", Type::Array(&Type::Int32)).until(2),
        field("NewIsrWithEpochs", Type::Array(&Type::Struct(&ALTER_PARTITION_REQUEST_BROKER_STATE))).since(3),
        field("LeaderRecoveryState", Type::Int8).since(1),
        field("PartitionEpoch", Type::Int32),
    ],
};

static ALTER_PARTITION_REQUEST_TOPIC_DATA: Struct = Struct {
    name: "TopicData",
    memory: 64,
    fields: &[
        field("TopicId", Type::Uuid).since(2),
        field("Partitions", Type::Array(&Type::Struct(&ALTER_PARTITION_REQUEST_PARTITION_DATA))),
    ],
};

/// BrokerRegistrationRequest, versions 0-4.
pub static BROKER_REGISTRATION_REQUEST: Message = Message {
    key: ApiKey::BrokerRegistration,
    root: Struct {
        name: "BrokerRegistrationRequest",
        memory: 192,
        fields: &[
            field("BrokerId", Type::Int32),
            field("ClusterId", Type::String),
            field("IncarnationId", Type::Uuid),
            field("Listeners", Type::Array(&Type::Struct(&BROKER_REGISTRATION_REQUEST_LISTENER))),
            field("Features", Type::Array(&Type::Struct(&BROKER_REGISTRATION_REQUEST_FEATURE))),
            field("Rack", Type::String).null_since(0),
            field("IsMigratingZkBroker", Type::Bool).since(1),
            field("LogDirs", Type::Array(&Type::Uuid)).since(2),
            field("PreviousBrokerEpoch", Type::Int64).since(3),
        ],
    },
};

static BROKER_REGISTRATION_REQUEST_LISTENER: Struct = Struct {
    name: "Listener",
    memory: 96,
    fields: &[
        field("Name", Type::String),
        field("Host", Type::String),
        field("Port", Type::Uint16),
        field("SecurityProtocol", Type::Int16),
    ],
};

static BROKER_REGISTRATION_REQUEST_FEATURE: Struct = Struct {
    name: "Feature",
    memory: 64,
    fields: &[
        field("Name", Type::String),
        field("MinSupportedVersion", Type::Int16),
        field("MaxSupportedVersion", Type::Int16),
    ],
};

/// BrokerHeartbeatRequest, versions 0-2.
pub static BROKER_HEARTBEAT_REQUEST: Message = Message {
    key: ApiKey::BrokerHeartbeat,
    root: Struct {
        name: "BrokerHeartbeatRequest",
        memory: 96,
        fields: &[
            field("BrokerId", Type::Int32),
            field("BrokerEpoch", Type::Int64),
            field("CurrentMetadataOffset", Type::Int64),
            field("WantFence", Type::Bool),
            field("WantShutDown", Type::Bool),
            field("OfflineLogDirs", Type::Array(&Type::Uuid)).since(1).tagged(0, 1),
            field("CordonedLogDirs", Type::Array(&Type::Uuid)).since(2).null_since(2).tagged(1, 2),
        ],
    },
};

/// UnregisterBrokerRequest, versions 0.
pub static UNREGISTER_BROKER_REQUEST: Message = Message {
    key: ApiKey::UnregisterBroker,
    root: Struct { name: "UnregisterBrokerRequest", memory: 32, fields: &[field("BrokerId", Type::Int32)] },
};

/// ControllerRegistrationRequest, versions 0.
pub static CONTROLLER_REGISTRATION_REQUEST: Message = Message {
    key: ApiKey::ControllerRegistration,
    root: Struct {
        name: "ControllerRegistrationRequest",
        memory: 96,
        fields: &[
            field("ControllerId", Type::Int32),
            field("IncarnationId", Type::Uuid),
            field("ZkMigrationReady", Type::Bool),
            field("Listeners", Type::Array(&Type::Struct(&CONTROLLER_REGISTRATION_REQUEST_LISTENER))),
            field("Features", Type::Array(&Type::Struct(&CONTROLLER_REGISTRATION_REQUEST_FEATURE))),
        ],
    },
};

static CONTROLLER_REGISTRATION_REQUEST_LISTENER: Struct = Struct {
    name: "Listener",
    memory: 96,
    fields: &[
        field("Name", Type::String),
        field("Host", Type::String),
        field("Port", Type::Uint16),
        field("SecurityProtocol", Type::Int16),
    ],
};

static CONTROLLER_REGISTRATION_REQUEST_FEATURE: Struct = Struct {
    name: "Feature",
    memory: 64,
    fields: &[
        field("Name", Type::String),
        field("MinSupportedVersion", Type::Int16),
        field("MaxSupportedVersion", Type::Int16),
    ],
};

/// AssignReplicasToDirsRequest, versions 0.
pub static ASSIGN_REPLICAS_TO_DIRS_REQUEST: Message = Message {
    key: ApiKey::AssignReplicasToDirs,
    root: Struct {
        name: "AssignReplicasToDirsRequest",
        memory: 64,
        fields: &[
            field("BrokerId", Type::Int32),
            field("BrokerEpoch", Type::Int64),
            field("Directories", Type::Array(&Type::Struct(&ASSIGN_REPLICAS_TO_DIRS_REQUEST_DIRECTORY_DATA))),
        ],
    },
};

static ASSIGN_REPLICAS_TO_DIRS_REQUEST_PARTITION_DATA: Struct =
    Struct { name: "PartitionData", memory: 32, fields: &[field("PartitionIndex", Type::Int32)] };

static ASSIGN_REPLICAS_TO_DIRS_REQUEST_TOPIC_DATA: Struct = Struct {
    name: "TopicData",
    memory: 64,
    fields: &[
        field("TopicId", Type::Uuid),
        field("Partitions", Type::Array(&Type::Struct(&ASSIGN_REPLICAS_TO_DIRS_REQUEST_PARTITION_DATA))),
    ],
};

static ASSIGN_REPLICAS_TO_DIRS_REQUEST_DIRECTORY_DATA: Struct = Struct {
    name: "DirectoryData",
    memory: 64,
    fields: &[
        field("Id", Type::Uuid),
        field("Topics", Type::Array(&Type::Struct(&ASSIGN_REPLICAS_TO_DIRS_REQUEST_TOPIC_DATA))),
    ],
};

/// EnvelopeRequest, versions 0.
pub static ENVELOPE_REQUEST: Message = Message {
    key: ApiKey::Envelope,
    root: Struct {
        name: "EnvelopeRequest",
        memory: 120,
        fields: &[
            field("RequestData", Type::Bytes),
            field("RequestPrincipal", Type::Bytes).null_since(0),
            field("ClientHostAddress", Type::Bytes),
        ],
    },
};
