//! The controllers' quorum. The requests' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// VoteRequest, versions 0-2.
pub static VOTE_REQUEST: Message = Message {
    key: ApiKey::Vote,
    root: Struct {
        name: "VoteRequest",
        memory: 88,
        fields: &[
            field("ClusterId", Type::String).null_since(0),
            field("VoterId", Type::Int32).since(1),
            field("Topics", Type::Array(&Type::Struct(&VOTE_REQUEST_TOPIC_DATA))),
        ],
    },
};

static VOTE_REQUEST_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    memory: 88,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("ReplicaEpoch", Type::Int32),
        field("ReplicaId", Type::Int32),
        field("ReplicaDirectoryId", Type::Uuid).since(1),
        field("VoterDirectoryId", Type::Uuid).since(1),
        field("LastOffsetEpoch", Type::Int32),
        field("LastOffset", Type::Int64),
        field("PreVote", Type::Bool).since(2),
    ],
};

static VOTE_REQUEST_TOPIC_DATA: Struct = Struct {
    name: "TopicData",
    memory: 80,
    fields: &[
        field("TopicName", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&VOTE_REQUEST_PARTITION_DATA))),
    ],
};

/// BeginQuorumEpochRequest, versions 0-1.
pub static BEGIN_QUORUM_EPOCH_REQUEST: Message = Message {
    key: ApiKey::BeginQuorumEpoch,
    root: Struct {
        name: "BeginQuorumEpochRequest",
        memory: 112,
        fields: &[
            field("ClusterId", Type::String).null_since(0),
            field("VoterId", Type::Int32).since(1),
            field("Topics", Type::Array(&Type::Struct(&BEGIN_QUORUM_EPOCH_REQUEST_TOPIC_DATA))),
            field("LeaderEndpoints", Type::Array(&Type::Struct(&BEGIN_QUORUM_EPOCH_REQUEST_LEADER_ENDPOINT))).since(1),
        ],
    },
};

static BEGIN_QUORUM_EPOCH_REQUEST_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    memory: 56,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("VoterDirectoryId", Type::Uuid).since(1),
        field("LeaderId", Type::Int32),
        field("LeaderEpoch", Type::Int32),
    ],
};

static BEGIN_QUORUM_EPOCH_REQUEST_TOPIC_DATA: Struct = Struct {
    name: "TopicData",
    memory: 80,
    fields: &[
        field("TopicName", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&BEGIN_QUORUM_EPOCH_REQUEST_PARTITION_DATA))),
    ],
};

static BEGIN_QUORUM_EPOCH_REQUEST_LEADER_ENDPOINT: Struct = Struct {
    name: "LeaderEndpoint",
    memory: 96,
    fields: &[
        field("Name", Type::String).since(1),
        field("Host", Type::String).since(1),
        field("Port", Type::Uint16).since(1),
    ],
};

/// EndQuorumEpochRequest, versions 0-1.
pub static END_QUORUM_EPOCH_REQUEST: Message = Message {
    key: ApiKey::EndQuorumEpoch,
    root: Struct {
        name: "EndQuorumEpochRequest",
        memory: 104,
        fields: &[
            field("ClusterId", Type::String).null_since(0),
            field("Topics", Type::Array(&Type::Struct(&END_QUORUM_EPOCH_REQUEST_TOPIC_DATA))),
            field("LeaderEndpoints", Type::Array(&Type::Struct(&END_QUORUM_EPOCH_REQUEST_LEADER_ENDPOINT))).since(1),
        ],
    },
};

static END_QUORUM_EPOCH_REQUEST_REPLICA_INFO: Struct = Struct {
    name: "ReplicaInfo",
    memory: 48,
    fields: &[field("CandidateId", Type::Int32).since(1), field("CandidateDirectoryId", Type::Uuid).since(1)],
};

static END_QUORUM_EPOCH_REQUEST_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    memory: 88,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("LeaderId", Type::Int32),
        field("LeaderEpoch", Type::Int32),
        field("PreferredSuccessors", Type::Array(&Type::Int32)).until(0),
        field("PreferredCandidates", Type::Array(&Type::Struct(&END_QUORUM_EPOCH_REQUEST_REPLICA_INFO))).since(1),
    ],
};

static END_QUORUM_EPOCH_REQUEST_TOPIC_DATA: Struct = Struct {
    name: "TopicData",
    memory: 80,
    fields: &[
        field("TopicName", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&END_QUORUM_EPOCH_REQUEST_PARTITION_DATA))),
    ],
};

static END_QUORUM_EPOCH_REQUEST_LEADER_ENDPOINT: Struct = Struct {
    name: "LeaderEndpoint",
    memory: 96,
    fields: &[
        field("Name", Type::String).since(1),
        field("Host", Type::String).since(1),
        field("Port", Type::Uint16).since(1),
    ],
};

/// DescribeQuorumRequest, versions 0-2.
pub static DESCRIBE_QUORUM_REQUEST: Message = Message {
    key: ApiKey::DescribeQuorum,
    root: Struct {
        name: "DescribeQuorumRequest",
        memory: 48,
        fields: &[field("Topics", Type::Array(&Type::Struct(&DESCRIBE_QUORUM_REQUEST_TOPIC_DATA)))],
    },
};

static DESCRIBE_QUORUM_REQUEST_PARTITION_DATA: Struct =
    Struct { name: "PartitionData", memory: 32, fields: &[field("PartitionIndex", Type::Int32)] };

static DESCRIBE_QUORUM_REQUEST_TOPIC_DATA: Struct = Struct {
    name: "TopicData",
    memory: 80,
    fields: &[
        field("TopicName", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&DESCRIBE_QUORUM_REQUEST_PARTITION_DATA))),
    ],
};

/// AddRaftVoterRequest, versions 0-1.
pub static ADD_RAFT_VOTER_REQUEST: Message = Message {
    key: ApiKey::AddRaftVoter,
    root: Struct {
        name: "AddRaftVoterRequest",
        memory: 112,
        fields: &[
            field("ClusterId", Type::String).null_since(0),
            field("TimeoutMs", Type::Int32),
            field("VoterId", Type::Int32),
            field("VoterDirectoryId", Type::Uuid),
            field("Listeners", Type::Array(&Type::Struct(&ADD_RAFT_VOTER_REQUEST_LISTENER))),
            field("AckWhenCommitted", Type::Bool).since(1),
        ],
    },
};

static ADD_RAFT_VOTER_REQUEST_LISTENER: Struct = Struct {
    name: "Listener",
    memory: 96,
    fields: &[field("Name", Type::String), field("Host", Type::String), field("Port", Type::Uint16)],
};

/// RemoveRaftVoterRequest, versions 0.
pub static REMOVE_RAFT_VOTER_REQUEST: Message = Message {
    key: ApiKey::RemoveRaftVoter,
    root: Struct {
        name: "RemoveRaftVoterRequest",
        memory: 80,
        fields: &[
            field("ClusterId", Type::String).null_since(0),
            field("VoterId", Type::Int32),
            field("VoterDirectoryId", Type::Uuid),
        ],
    },
};

/// UpdateRaftVoterRequest, versions 0.
pub static UPDATE_RAFT_VOTER_REQUEST: Message = Message {
    key: ApiKey::UpdateRaftVoter,
    root: Struct {
        name: "UpdateRaftVoterRequest",
        memory: 136,
        fields: &[
            field("ClusterId", Type::String).null_since(0),
            field("CurrentLeaderEpoch", Type::Int32),
            field("VoterId", Type::Int32),
            field("VoterDirectoryId", Type::Uuid),
            field("Listeners", Type::Array(&Type::Struct(&UPDATE_RAFT_VOTER_REQUEST_LISTENER))),
            field("KRaftVersionFeature", Type::Struct(&UPDATE_RAFT_VOTER_REQUEST_KRAFT_VERSION_FEATURE)),
        ],
    },
};

static UPDATE_RAFT_VOTER_REQUEST_LISTENER: Struct = Struct {
    name: "Listener",
    memory: 96,
    fields: &[field("Name", Type::String), field("Host", Type::String), field("Port", Type::Uint16)],
};

static UPDATE_RAFT_VOTER_REQUEST_KRAFT_VERSION_FEATURE: Struct = Struct {
    name: "KRaftVersionFeature",
    memory: 32,
    fields: &[field("MinSupportedVersion", Type::Int16), field("MaxSupportedVersion", Type::Int16)],
};
