//! Configurations, quotas and client telemetry. The responses' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// DescribeConfigsResponse, versions 1-4.
pub static DESCRIBE_CONFIGS_RESPONSE: Message = Message {
    key: ApiKey::DescribeConfigs,
    root: Struct {
        name: "DescribeConfigsResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("Results", Type::Array(&Type::Struct(&DESCRIBE_CONFIGS_RESPONSE_DESCRIBE_CONFIGS_RESULT))),
        ],
    },
};

static DESCRIBE_CONFIGS_RESPONSE_DESCRIBE_CONFIGS_SYNONYM: Struct = Struct {
    name: "DescribeConfigsSynonym",
    memory: 96,
    fields: &[
        field("Name", Type::String).since(1),
        field("Value", Type::String).since(1).null_since(0),
        field("Source", Type::Int8).since(1),
    ],
};

static DESCRIBE_CONFIGS_RESPONSE_DESCRIBE_CONFIGS_RESOURCE_RESULT: Struct = Struct {
    name: "DescribeConfigsResourceResult",
    memory: 152,
    fields: &[
        field("Name", Type::String),
        field("Value", Type::String).null_since(0),
        field("ReadOnly", Type::Bool),
        field("ConfigSource", Type::Int8).since(1),
        field("IsSensitive", Type::Bool),
        field("Synonyms", Type::Array(&Type::Struct(&DESCRIBE_CONFIGS_RESPONSE_DESCRIBE_CONFIGS_SYNONYM))).since(1),
        field("ConfigType", Type::Int8).since(3),
        field("Documentation", Type::String).since(3).null_since(0),
    ],
};

static DESCRIBE_CONFIGS_RESPONSE_DESCRIBE_CONFIGS_RESULT: Struct = Struct {
    name: "DescribeConfigsResult",
    memory: 120,
    fields: &[
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
        field("ResourceType", Type::Int8),
        field("ResourceName", Type::String),
        field("Configs", Type::Array(&Type::Struct(&DESCRIBE_CONFIGS_RESPONSE_DESCRIBE_CONFIGS_RESOURCE_RESULT))),
    ],
};

/// AlterConfigsResponse, versions 0-2.
pub static ALTER_CONFIGS_RESPONSE: Message = Message {
    key: ApiKey::AlterConfigs,
    root: Struct {
        name: "AlterConfigsResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("Responses", Type::Array(&Type::Struct(&ALTER_CONFIGS_RESPONSE_ALTER_CONFIGS_RESOURCE_RESPONSE))),
        ],
    },
};

static ALTER_CONFIGS_RESPONSE_ALTER_CONFIGS_RESOURCE_RESPONSE: Struct = Struct {
    name: "AlterConfigsResourceResponse",
    memory: 96,
    fields: &[
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
        field("ResourceType", Type::Int8),
        field("ResourceName", Type::String),
    ],
};

/// IncrementalAlterConfigsResponse, versions 0-1.
pub static INCREMENTAL_ALTER_CONFIGS_RESPONSE: Message = Message {
    key: ApiKey::IncrementalAlterConfigs,
    root: Struct {
        name: "IncrementalAlterConfigsResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field(
                "Responses",
                Type::Array(&Type::Struct(&INCREMENTAL_ALTER_CONFIGS_RESPONSE_ALTER_CONFIGS_RESOURCE_RESPONSE)),
            ),
        ],
    },
};

static INCREMENTAL_ALTER_CONFIGS_RESPONSE_ALTER_CONFIGS_RESOURCE_RESPONSE: Struct = Struct {
    name: "AlterConfigsResourceResponse",
    memory: 96,
    fields: &[
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
        field("ResourceType", Type::Int8),
        field("ResourceName", Type::String),
    ],
};

/// ListConfigResourcesResponse, versions 0-1.
pub static LIST_CONFIG_RESOURCES_RESPONSE: Message = Message {
    key: ApiKey::ListConfigResources,
    root: Struct {
        name: "ListConfigResourcesResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ConfigResources", Type::Array(&Type::Struct(&LIST_CONFIG_RESOURCES_RESPONSE_CONFIG_RESOURCE))),
        ],
    },
};

static LIST_CONFIG_RESOURCES_RESPONSE_CONFIG_RESOURCE: Struct = Struct {
    name: "ConfigResource",
    memory: 64,
    fields: &[field("ResourceName", Type::String), field("ResourceType", Type::Int8).since(1)],
};

/// DescribeClientQuotasResponse, versions 0-1.
pub static DESCRIBE_CLIENT_QUOTAS_RESPONSE: Message = Message {
    key: ApiKey::DescribeClientQuotas,
    root: Struct {
        name: "DescribeClientQuotasResponse",
        memory: 88,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ErrorMessage", Type::String).null_since(0),
            field("Entries", Type::Array(&Type::Struct(&DESCRIBE_CLIENT_QUOTAS_RESPONSE_ENTRY_DATA))).null_since(0),
        ],
    },
};

static DESCRIBE_CLIENT_QUOTAS_RESPONSE_ENTITY_DATA: Struct = Struct {
    name: "EntityData",
    memory: 88,
    fields: &[field("EntityType", Type::String), field("EntityName", Type::String).null_since(0)],
};

static DESCRIBE_CLIENT_QUOTAS_RESPONSE_VALUE_DATA: Struct =
    Struct { name: "ValueData", memory: 64, fields: &[field("Key", Type::String), field("Value", Type::Float64)] };

static DESCRIBE_CLIENT_QUOTAS_RESPONSE_ENTRY_DATA: Struct = Struct {
    name: "EntryData",
    memory: 72,
    fields: &[
        field("Entity", Type::Array(&Type::Struct(&DESCRIBE_CLIENT_QUOTAS_RESPONSE_ENTITY_DATA))),
        field("Values", Type::Array(&Type::Struct(&DESCRIBE_CLIENT_QUOTAS_RESPONSE_VALUE_DATA))),
    ],
};

/// AlterClientQuotasResponse, versions 0-1.
pub static ALTER_CLIENT_QUOTAS_RESPONSE: Message = Message {
    key: ApiKey::AlterClientQuotas,
    root: Struct {
        name: "AlterClientQuotasResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("Entries", Type::Array(&Type::Struct(&ALTER_CLIENT_QUOTAS_RESPONSE_ENTRY_DATA))),
        ],
    },
};

static ALTER_CLIENT_QUOTAS_RESPONSE_ENTITY_DATA: Struct = Struct {
    name: "EntityData",
    memory: 88,
    fields: &[field("EntityType", Type::String), field("EntityName", Type::String).null_since(0)],
};

static ALTER_CLIENT_QUOTAS_RESPONSE_ENTRY_DATA: Struct = Struct {
    name: "EntryData",
    memory: 88,
    fields: &[
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
        field("Entity", Type::Array(&Type::Struct(&ALTER_CLIENT_QUOTAS_RESPONSE_ENTITY_DATA))),
    ],
};

/// GetTelemetrySubscriptionsResponse, versions 0.
pub static GET_TELEMETRY_SUBSCRIPTIONS_RESPONSE: Message = Message {
    key: ApiKey::GetTelemetrySubscriptions,
    root: Struct {
        name: "GetTelemetrySubscriptionsResponse",
        memory: 112,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ClientInstanceId", Type::Uuid),
            field("SubscriptionId", Type::Int32),
            field("AcceptedCompressionTypes", Type::Array(&Type::Int8)),
            field("PushIntervalMs", Type::Int32),
            field("TelemetryMaxBytes", Type::Int32),
            field("DeltaTemporality", Type::Bool),
            field("RequestedMetrics", Type::Array(&Type::String)),
        ],
    },
};

/// PushTelemetryResponse, versions 0.
pub static PUSH_TELEMETRY_RESPONSE: Message = Message {
    key: ApiKey::PushTelemetry,
    root: Struct {
        name: "PushTelemetryResponse",
        memory: 32,
        fields: &[field("ThrottleTimeMs", Type::Int32), field("ErrorCode", Type::Int16)],
    },
};
