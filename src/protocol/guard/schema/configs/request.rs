//! Configurations, quotas and client telemetry. The requests' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// DescribeConfigsRequest, versions 1-4.
pub static DESCRIBE_CONFIGS_REQUEST: Message = Message {
    key: ApiKey::DescribeConfigs,
    root: Struct {
        name: "DescribeConfigsRequest",
        memory: 56,
        fields: &[
            field("Resources", Type::Array(&Type::Struct(&DESCRIBE_CONFIGS_REQUEST_DESCRIBE_CONFIGS_RESOURCE))),
            field("IncludeSynonyms", Type::Bool).since(1),
            field("IncludeDocumentation", Type::Bool).since(3),
        ],
    },
};

static DESCRIBE_CONFIGS_REQUEST_DESCRIBE_CONFIGS_RESOURCE: Struct = Struct {
    name: "DescribeConfigsResource",
    memory: 88,
    fields: &[
        field("ResourceType", Type::Int8),
        field("ResourceName", Type::String),
        field("ConfigurationKeys", Type::Array(&Type::String)).null_since(0),
    ],
};

/// AlterConfigsRequest, versions 0-2.
pub static ALTER_CONFIGS_REQUEST: Message = Message {
    key: ApiKey::AlterConfigs,
    root: Struct {
        name: "AlterConfigsRequest",
        memory: 56,
        fields: &[
            field("Resources", Type::Array(&Type::Struct(&ALTER_CONFIGS_REQUEST_ALTER_CONFIGS_RESOURCE))),
            field("ValidateOnly", Type::Bool),
        ],
    },
};

static ALTER_CONFIGS_REQUEST_ALTERABLE_CONFIG: Struct = Struct {
    name: "AlterableConfig",
    memory: 88,
    fields: &[field("Name", Type::String), field("Value", Type::String).null_since(0)],
};

static ALTER_CONFIGS_REQUEST_ALTER_CONFIGS_RESOURCE: Struct = Struct {
    name: "AlterConfigsResource",
    memory: 88,
    fields: &[
        field("ResourceType", Type::Int8),
        field("ResourceName", Type::String),
        field("Configs", Type::Array(&Type::Struct(&ALTER_CONFIGS_REQUEST_ALTERABLE_CONFIG))),
    ],
};

/// IncrementalAlterConfigsRequest, versions 0-1.
pub static INCREMENTAL_ALTER_CONFIGS_REQUEST: Message = Message {
    key: ApiKey::IncrementalAlterConfigs,
    root: Struct {
        name: "IncrementalAlterConfigsRequest",
        memory: 56,
        fields: &[
            field("Resources", Type::Array(&Type::Struct(&INCREMENTAL_ALTER_CONFIGS_REQUEST_ALTER_CONFIGS_RESOURCE))),
            field("ValidateOnly", Type::Bool),
        ],
    },
};

static INCREMENTAL_ALTER_CONFIGS_REQUEST_ALTERABLE_CONFIG: Struct = Struct {
    name: "AlterableConfig",
    memory: 96,
    fields: &[
        field("Name", Type::String),
        field("ConfigOperation", Type::Int8),
        field("Value", Type::String).null_since(0),
    ],
};

static INCREMENTAL_ALTER_CONFIGS_REQUEST_ALTER_CONFIGS_RESOURCE: Struct = Struct {
    name: "AlterConfigsResource",
    memory: 88,
    fields: &[
        field("ResourceType", Type::Int8),
        field("ResourceName", Type::String),
        field("Configs", Type::Array(&Type::Struct(&INCREMENTAL_ALTER_CONFIGS_REQUEST_ALTERABLE_CONFIG))),
    ],
};

/// ListConfigResourcesRequest, versions 0-1.
pub static LIST_CONFIG_RESOURCES_REQUEST: Message = Message {
    key: ApiKey::ListConfigResources,
    root: Struct {
        name: "ListConfigResourcesRequest",
        memory: 48,
        fields: &[field("ResourceTypes", Type::Array(&Type::Int8)).since(1)],
    },
};

/// DescribeClientQuotasRequest, versions 0-1.
pub static DESCRIBE_CLIENT_QUOTAS_REQUEST: Message = Message {
    key: ApiKey::DescribeClientQuotas,
    root: Struct {
        name: "DescribeClientQuotasRequest",
        memory: 56,
        fields: &[
            field("Components", Type::Array(&Type::Struct(&DESCRIBE_CLIENT_QUOTAS_REQUEST_COMPONENT_DATA))),
            field("Strict", Type::Bool),
        ],
    },
};

static DESCRIBE_CLIENT_QUOTAS_REQUEST_COMPONENT_DATA: Struct = Struct {
    name: "ComponentData",
    memory: 96,
    fields: &[
        field("EntityType", Type::String),
        field("MatchType", Type::Int8),
        field("Match", Type::String).null_since(0),
    ],
};

/// AlterClientQuotasRequest, versions 0-1.
pub static ALTER_CLIENT_QUOTAS_REQUEST: Message = Message {
    key: ApiKey::AlterClientQuotas,
    root: Struct {
        name: "AlterClientQuotasRequest",
        memory: 56,
        fields: &[
            field("Entries", Type::Array(&Type::Struct(&ALTER_CLIENT_QUOTAS_REQUEST_ENTRY_DATA))),
            field("ValidateOnly", Type::Bool),
        ],
    },
};

static ALTER_CLIENT_QUOTAS_REQUEST_ENTITY_DATA: Struct = Struct {
    name: "EntityData",
    memory: 88,
    fields: &[field("EntityType", Type::String), field("EntityName", Type::String).null_since(0)],
};

static ALTER_CLIENT_QUOTAS_REQUEST_OP_DATA: Struct = Struct {
    name: "OpData",
    memory: 72,
    fields: &[field("Key", Type::String), field("Value", Type::Float64), field("Remove", Type::Bool)],
};

static ALTER_CLIENT_QUOTAS_REQUEST_ENTRY_DATA: Struct = Struct {
    name: "EntryData",
    memory: 72,
    fields: &[
        field("Entity", Type::Array(&Type::Struct(&ALTER_CLIENT_QUOTAS_REQUEST_ENTITY_DATA))),
        field("Ops", Type::Array(&Type::Struct(&ALTER_CLIENT_QUOTAS_REQUEST_OP_DATA))),
    ],
};

/// GetTelemetrySubscriptionsRequest, versions 0.
pub static GET_TELEMETRY_SUBSCRIPTIONS_REQUEST: Message = Message {
    key: ApiKey::GetTelemetrySubscriptions,
    root: Struct {
        name: "GetTelemetrySubscriptionsRequest",
        memory: 40,
        fields: &[field("ClientInstanceId", Type::Uuid)],
    },
};

/// PushTelemetryRequest, versions 0.
pub static PUSH_TELEMETRY_REQUEST: Message = Message {
    key: ApiKey::PushTelemetry,
    root: Struct {
        name: "PushTelemetryRequest",
        memory: 80,
        fields: &[
            field("ClientInstanceId", Type::Uuid),
            field("SubscriptionId", Type::Int32),
            field("Terminating", Type::Bool),
            field("CompressionType", Type::Int8),
            field("Metrics", Type::Bytes),
        ],
    },
};
