//! Authentication and authorization: SASL, ACLs, delegation tokens, SCRAM credentials. The requests' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// SaslHandshakeRequest, versions 0-1.
pub static SASL_HANDSHAKE_REQUEST: Message = Message {
    key: ApiKey::SaslHandshake,
    root: Struct { name: "SaslHandshakeRequest", memory: 32, fields: &[field("Mechanism", Type::String)] },
};

/// SaslAuthenticateRequest, versions 0-2.
pub static SASL_AUTHENTICATE_REQUEST: Message = Message {
    key: ApiKey::SaslAuthenticate,
    root: Struct { name: "SaslAuthenticateRequest", memory: 56, fields: &[field("AuthBytes", Type::Bytes)] },
};

/// DescribeAclsRequest, versions 1-3.
pub static DESCRIBE_ACLS_REQUEST: Message = Message {
    key: ApiKey::DescribeAcls,
    root: Struct {
        name: "DescribeAclsRequest",
        memory: 128,
        fields: &[
            field("ResourceTypeFilter", Type::Int8),
            field("ResourceNameFilter", Type::String).null_since(0),
            field("PatternTypeFilter", Type::Int8).since(1),
            field("PrincipalFilter", Type::String).null_since(0),
            field("HostFilter", Type::String).null_since(0),
            field("Operation", Type::Int8),
            field("PermissionType", Type::Int8),
        ],
    },
};

/// CreateAclsRequest, versions 1-3.
pub static CREATE_ACLS_REQUEST: Message = Message {
    key: ApiKey::CreateAcls,
    root: Struct {
        name: "CreateAclsRequest",
        memory: 48,
        fields: &[field("Creations", Type::Array(&Type::Struct(&CREATE_ACLS_REQUEST_ACL_CREATION)))],
    },
};

static CREATE_ACLS_REQUEST_ACL_CREATION: Struct = Struct {
    name: "AclCreation",
    memory: 128,
    fields: &[
        field("ResourceType", Type::Int8),
        field("ResourceName", Type::String),
        field("ResourcePatternType", Type::Int8).since(1),
        field("Principal", Type::String),
        field("Host", Type::String),
        field("Operation", Type::Int8),
        field("PermissionType", Type::Int8),
    ],
};

/// DeleteAclsRequest, versions 1-3.
pub static DELETE_ACLS_REQUEST: Message = Message {
    key: ApiKey::DeleteAcls,
    root: Struct {
        name: "DeleteAclsRequest",
        memory: 48,
        fields: &[field("Filters", Type::Array(&Type::Struct(&DELETE_ACLS_REQUEST_DELETE_ACLS_FILTER)))],
    },
};

static DELETE_ACLS_REQUEST_DELETE_ACLS_FILTER: Struct = Struct {
    name: "DeleteAclsFilter",
    memory: 128,
    fields: &[
        field("ResourceTypeFilter", Type::Int8),
        field("ResourceNameFilter", Type::String).null_since(0),
        field("PatternTypeFilter", Type::Int8).since(1),
        field("PrincipalFilter", Type::String).null_since(0),
        field("HostFilter", Type::String).null_since(0),
        field("Operation", Type::Int8),
        field("PermissionType", Type::Int8),
    ],
};

/// CreateDelegationTokenRequest, versions 1-3.
pub static CREATE_DELEGATION_TOKEN_REQUEST: Message = Message {
    key: ApiKey::CreateDelegationToken,
    root: Struct {
        name: "CreateDelegationTokenRequest",
        memory: 120,
        fields: &[
            field("OwnerPrincipalType", Type::String).since(3).null_since(3),
            field("OwnerPrincipalName", Type::String).since(3).null_since(3),
            field("Renewers", Type::Array(&Type::Struct(&CREATE_DELEGATION_TOKEN_REQUEST_CREATABLE_RENEWERS))),
            field("MaxLifetimeMs", Type::Int64),
        ],
    },
};

static CREATE_DELEGATION_TOKEN_REQUEST_CREATABLE_RENEWERS: Struct = Struct {
    name: "CreatableRenewers",
    memory: 88,
    fields: &[field("PrincipalType", Type::String), field("PrincipalName", Type::String)],
};

/// RenewDelegationTokenRequest, versions 1-2.
pub static RENEW_DELEGATION_TOKEN_REQUEST: Message = Message {
    key: ApiKey::RenewDelegationToken,
    root: Struct {
        name: "RenewDelegationTokenRequest",
        memory: 64,
        fields: &[field("Hmac", Type::Bytes), field("RenewPeriodMs", Type::Int64)],
    },
};

/// ExpireDelegationTokenRequest, versions 1-2.
pub static EXPIRE_DELEGATION_TOKEN_REQUEST: Message = Message {
    key: ApiKey::ExpireDelegationToken,
    root: Struct {
        name: "ExpireDelegationTokenRequest",
        memory: 64,
        fields: &[field("Hmac", Type::Bytes), field("ExpiryTimePeriodMs", Type::Int64)],
    },
};

/// DescribeDelegationTokenRequest, versions 1-3.
pub static DESCRIBE_DELEGATION_TOKEN_REQUEST: Message = Message {
    key: ApiKey::DescribeDelegationToken,
    root: Struct {
        name: "DescribeDelegationTokenRequest",
        memory: 48,
        fields: &[field(
            "Owners",
            Type::Array(&Type::Struct(&DESCRIBE_DELEGATION_TOKEN_REQUEST_DESCRIBE_DELEGATION_TOKEN_OWNER)),
        )
        .null_since(0)],
    },
};

static DESCRIBE_DELEGATION_TOKEN_REQUEST_DESCRIBE_DELEGATION_TOKEN_OWNER: Struct = Struct {
    name: "DescribeDelegationTokenOwner",
    memory: 88,
    fields: &[field("PrincipalType", Type::String), field("PrincipalName", Type::String)],
};

/// DescribeUserScramCredentialsRequest, versions 0.
pub static DESCRIBE_USER_SCRAM_CREDENTIALS_REQUEST: Message = Message {
    key: ApiKey::DescribeUserScramCredentials,
    root: Struct {
        name: "DescribeUserScramCredentialsRequest",
        memory: 48,
        fields: &[field("Users", Type::Array(&Type::Struct(&DESCRIBE_USER_SCRAM_CREDENTIALS_REQUEST_USER_NAME)))
            .null_since(0)],
    },
};

static DESCRIBE_USER_SCRAM_CREDENTIALS_REQUEST_USER_NAME: Struct =
    Struct { name: "UserName", memory: 56, fields: &[field("Name", Type::String)] };

/// AlterUserScramCredentialsRequest, versions 0.
pub static ALTER_USER_SCRAM_CREDENTIALS_REQUEST: Message = Message {
    key: ApiKey::AlterUserScramCredentials,
    root: Struct {
        name: "AlterUserScramCredentialsRequest",
        memory: 72,
        fields: &[
            field(
                "Deletions",
                Type::Array(&Type::Struct(&ALTER_USER_SCRAM_CREDENTIALS_REQUEST_SCRAM_CREDENTIAL_DELETION)),
            ),
            field(
                "Upsertions",
                Type::Array(&Type::Struct(&ALTER_USER_SCRAM_CREDENTIALS_REQUEST_SCRAM_CREDENTIAL_UPSERTION)),
            ),
        ],
    },
};

static ALTER_USER_SCRAM_CREDENTIALS_REQUEST_SCRAM_CREDENTIAL_DELETION: Struct = Struct {
    name: "ScramCredentialDeletion",
    memory: 64,
    fields: &[field("Name", Type::String), field("Mechanism", Type::Int8)],
};

static ALTER_USER_SCRAM_CREDENTIALS_REQUEST_SCRAM_CREDENTIAL_UPSERTION: Struct = Struct {
    name: "ScramCredentialUpsertion",
    memory: 128,
    fields: &[
        field("Name", Type::String),
        field("Mechanism", Type::Int8),
        field("Iterations", Type::Int32),
        field("Salt", Type::Bytes),
        field("SaltedPassword", Type::Bytes),
    ],
};
