//! Authentication and authorization: SASL, ACLs, delegation tokens, SCRAM credentials. The responses' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// SaslHandshakeResponse, versions 0-1.
pub static SASL_HANDSHAKE_RESPONSE: Message = Message {
    key: ApiKey::SaslHandshake,
    root: Struct {
        name: "SaslHandshakeResponse",
        memory: 32,
        fields: &[field("ErrorCode", Type::Int16), field("Mechanisms", Type::Array(&Type::String))],
    },
};

/// SaslAuthenticateResponse, versions 0-2.
pub static SASL_AUTHENTICATE_RESPONSE: Message = Message {
    key: ApiKey::SaslAuthenticate,
    root: Struct {
        name: "SaslAuthenticateResponse",
        memory: 104,
        fields: &[
            field("ErrorCode", Type::Int16),
            field("ErrorMessage", Type::String).null_since(0),
            field("AuthBytes", Type::Bytes),
            field("SessionLifetimeMs", Type::Int64).since(1),
        ],
    },
};

/// DescribeAclsResponse, versions 1-3.
pub static DESCRIBE_ACLS_RESPONSE: Message = Message {
    key: ApiKey::DescribeAcls,
    root: Struct {
        name: "DescribeAclsResponse",
        memory: 88,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ErrorMessage", Type::String).null_since(0),
            field("Resources", Type::Array(&Type::Struct(&DESCRIBE_ACLS_RESPONSE_DESCRIBE_ACLS_RESOURCE))),
        ],
    },
};

static DESCRIBE_ACLS_RESPONSE_ACL_DESCRIPTION: Struct = Struct {
    name: "AclDescription",
    memory: 96,
    fields: &[
        field("Principal", Type::String),
        field("Host", Type::String),
        field("Operation", Type::Int8),
        field("PermissionType", Type::Int8),
    ],
};

static DESCRIBE_ACLS_RESPONSE_DESCRIBE_ACLS_RESOURCE: Struct = Struct {
    name: "DescribeAclsResource",
    memory: 88,
    fields: &[
        field("ResourceType", Type::Int8),
        field("ResourceName", Type::String),
        field("PatternType", Type::Int8).since(1),
        field("Acls", Type::Array(&Type::Struct(&DESCRIBE_ACLS_RESPONSE_ACL_DESCRIPTION))),
    ],
};

/// CreateAclsResponse, versions 1-3.
pub static CREATE_ACLS_RESPONSE: Message = Message {
    key: ApiKey::CreateAcls,
    root: Struct {
        name: "CreateAclsResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("Results", Type::Array(&Type::Struct(&CREATE_ACLS_RESPONSE_ACL_CREATION_RESULT))),
        ],
    },
};

static CREATE_ACLS_RESPONSE_ACL_CREATION_RESULT: Struct = Struct {
    name: "AclCreationResult",
    memory: 64,
    fields: &[field("ErrorCode", Type::Int16), field("ErrorMessage", Type::String).null_since(0)],
};

/// DeleteAclsResponse, versions 1-3.
pub static DELETE_ACLS_RESPONSE: Message = Message {
    key: ApiKey::DeleteAcls,
    root: Struct {
        name: "DeleteAclsResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("FilterResults", Type::Array(&Type::Struct(&DELETE_ACLS_RESPONSE_DELETE_ACLS_FILTER_RESULT))),
        ],
    },
};

static DELETE_ACLS_RESPONSE_DELETE_ACLS_MATCHING_ACL: Struct = Struct {
    name: "DeleteAclsMatchingAcl",
    memory: 160,
    fields: &[
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
        field("ResourceType", Type::Int8),
        field("ResourceName", Type::String),
        field("PatternType", Type::Int8).since(1),
        field("Principal", Type::String),
        field("Host", Type::String),
        field("Operation", Type::Int8),
        field("PermissionType", Type::Int8),
    ],
};

static DELETE_ACLS_RESPONSE_DELETE_ACLS_FILTER_RESULT: Struct = Struct {
    name: "DeleteAclsFilterResult",
    memory: 88,
    fields: &[
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
        field("MatchingAcls", Type::Array(&Type::Struct(&DELETE_ACLS_RESPONSE_DELETE_ACLS_MATCHING_ACL))),
    ],
};

/// CreateDelegationTokenResponse, versions 1-3.
pub static CREATE_DELEGATION_TOKEN_RESPONSE: Message = Message {
    key: ApiKey::CreateDelegationToken,
    root: Struct {
        name: "CreateDelegationTokenResponse",
        memory: 248,
        fields: &[
            field("ErrorCode", Type::Int16),
            field("PrincipalType", Type::String),
            field("PrincipalName", Type::String),
            field("TokenRequesterPrincipalType", Type::String).since(3),
            field("TokenRequesterPrincipalName", Type::String).since(3),
            field("IssueTimestampMs", Type::Int64),
            field("ExpiryTimestampMs", Type::Int64),
            field("MaxTimestampMs", Type::Int64),
            field("TokenId", Type::String),
            field("Hmac", Type::Bytes),
            field("ThrottleTimeMs", Type::Int32),
        ],
    },
};

/// RenewDelegationTokenResponse, versions 1-2.
pub static RENEW_DELEGATION_TOKEN_RESPONSE: Message = Message {
    key: ApiKey::RenewDelegationToken,
    root: Struct {
        name: "RenewDelegationTokenResponse",
        memory: 40,
        fields: &[
            field("ErrorCode", Type::Int16),
            field("ExpiryTimestampMs", Type::Int64),
            field("ThrottleTimeMs", Type::Int32),
        ],
    },
};

/// ExpireDelegationTokenResponse, versions 1-2.
pub static EXPIRE_DELEGATION_TOKEN_RESPONSE: Message = Message {
    key: ApiKey::ExpireDelegationToken,
    root: Struct {
        name: "ExpireDelegationTokenResponse",
        memory: 40,
        fields: &[
            field("ErrorCode", Type::Int16),
            field("ExpiryTimestampMs", Type::Int64),
            field("ThrottleTimeMs", Type::Int32),
        ],
    },
};

/// DescribeDelegationTokenResponse, versions 1-3.
pub static DESCRIBE_DELEGATION_TOKEN_RESPONSE: Message = Message {
    key: ApiKey::DescribeDelegationToken,
    root: Struct {
        name: "DescribeDelegationTokenResponse",
        memory: 56,
        fields: &[
            field("ErrorCode", Type::Int16),
            field("Tokens", Type::Array(&Type::Struct(&DESCRIBE_DELEGATION_TOKEN_RESPONSE_DESCRIBED_DELEGATION_TOKEN))),
            field("ThrottleTimeMs", Type::Int32),
        ],
    },
};

static DESCRIBE_DELEGATION_TOKEN_RESPONSE_DESCRIBED_DELEGATION_TOKEN_RENEWER: Struct = Struct {
    name: "DescribedDelegationTokenRenewer",
    memory: 88,
    fields: &[field("PrincipalType", Type::String), field("PrincipalName", Type::String)],
};

static DESCRIBE_DELEGATION_TOKEN_RESPONSE_DESCRIBED_DELEGATION_TOKEN: Struct = Struct {
    name: "DescribedDelegationToken",
    memory: 264,
    fields: &[
        field("PrincipalType", Type::String),
        field("PrincipalName", Type::String),
        field("TokenRequesterPrincipalType", Type::String).since(3),
        field("TokenRequesterPrincipalName", Type::String).since(3),
        field("IssueTimestamp", Type::Int64),
        field("ExpiryTimestamp", Type::Int64),
        field("MaxTimestamp", Type::Int64),
        field("TokenId", Type::String),
        field("Hmac", Type::Bytes),
        field(
            "Renewers",
            Type::Array(&Type::Struct(&DESCRIBE_DELEGATION_TOKEN_RESPONSE_DESCRIBED_DELEGATION_TOKEN_RENEWER)),
        ),
    ],
};

/// DescribeUserScramCredentialsResponse, versions 0.
pub static DESCRIBE_USER_SCRAM_CREDENTIALS_RESPONSE: Message = Message {
    key: ApiKey::DescribeUserScramCredentials,
    root: Struct {
        name: "DescribeUserScramCredentialsResponse",
        memory: 88,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ErrorMessage", Type::String).null_since(0),
            field(
                "Results",
                Type::Array(&Type::Struct(
                    &DESCRIBE_USER_SCRAM_CREDENTIALS_RESPONSE_DESCRIBE_USER_SCRAM_CREDENTIALS_RESULT,
                )),
            ),
        ],
    },
};

static DESCRIBE_USER_SCRAM_CREDENTIALS_RESPONSE_CREDENTIAL_INFO: Struct = Struct {
    name: "CredentialInfo",
    memory: 32,
    fields: &[field("Mechanism", Type::Int8), field("Iterations", Type::Int32)],
};

static DESCRIBE_USER_SCRAM_CREDENTIALS_RESPONSE_DESCRIBE_USER_SCRAM_CREDENTIALS_RESULT: Struct = Struct {
    name: "DescribeUserScramCredentialsResult",
    memory: 120,
    fields: &[
        field("User", Type::String),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
        field("CredentialInfos", Type::Array(&Type::Struct(&DESCRIBE_USER_SCRAM_CREDENTIALS_RESPONSE_CREDENTIAL_INFO))),
    ],
};

/// AlterUserScramCredentialsResponse, versions 0.
pub static ALTER_USER_SCRAM_CREDENTIALS_RESPONSE: Message = Message {
    key: ApiKey::AlterUserScramCredentials,
    root: Struct {
        name: "AlterUserScramCredentialsResponse",
        memory: 56,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field(
                "Results",
                Type::Array(&Type::Struct(&ALTER_USER_SCRAM_CREDENTIALS_RESPONSE_ALTER_USER_SCRAM_CREDENTIALS_RESULT)),
            ),
        ],
    },
};

static ALTER_USER_SCRAM_CREDENTIALS_RESPONSE_ALTER_USER_SCRAM_CREDENTIALS_RESULT: Struct = Struct {
    name: "AlterUserScramCredentialsResult",
    memory: 96,
    fields: &[
        field("User", Type::String),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).null_since(0),
    ],
};
