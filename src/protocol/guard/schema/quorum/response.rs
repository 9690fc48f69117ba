//! The controllers' quorum. The responses' fields.
//!
//! Made by `proto-tests/tools/schema_tables.py` from the schemas of Kafka 4.3.1.

use super::super::{Message, Struct, Type, field};
use crate::protocol::api::ApiKey;

/// VoteResponse, versions 0-2.
pub static VOTE_RESPONSE: Message = Message {
    key: ApiKey::Vote,
    root: Struct {
        name: "VoteResponse",
        memory: 80,
        fields: &[
            field("ErrorCode", Type::Int16),
            field("Topics", Type::Array(&Type::Struct(&VOTE_RESPONSE_TOPIC_DATA))),
            field("NodeEndpoints", Type::Array(&Type::Struct(&VOTE_RESPONSE_NODE_ENDPOINT))).since(1).tagged(0, 1),
        ],
    },
};

static VOTE_RESPONSE_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    memory: 40,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("ErrorCode", Type::Int16),
        field("LeaderId", Type::Int32),
        field("LeaderEpoch", Type::Int32),
        field("VoteGranted", Type::Bool),
    ],
};

static VOTE_RESPONSE_TOPIC_DATA: Struct = Struct {
    name: "TopicData",
    memory: 80,
    fields: &[
        field("TopicName", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&VOTE_RESPONSE_PARTITION_DATA))),
    ],
};

static VOTE_RESPONSE_NODE_ENDPOINT: Struct = Struct {
    name: "NodeEndpoint",
    memory: 64,
    fields: &[
        field("NodeId", Type::Int32).since(1),
        field("Host", Type::String).since(1),
        field("Port", Type::Uint16).since(1),
    ],
};

/// BeginQuorumEpochResponse, versions 0-1.
pub static BEGIN_QUORUM_EPOCH_RESPONSE: Message = Message {
    key: ApiKey::BeginQuorumEpoch,
    root: Struct {
        name: "BeginQuorumEpochResponse",
        memory: 80,
        fields: &[
            field("ErrorCode", Type::Int16),
            field("Topics", Type::Array(&Type::Struct(&BEGIN_QUORUM_EPOCH_RESPONSE_TOPIC_DATA))),
            field("NodeEndpoints", Type::Array(&Type::Struct(&BEGIN_QUORUM_EPOCH_RESPONSE_NODE_ENDPOINT)))
                .since(1)
                .tagged(0, 1),
        ],
    },
};

static BEGIN_QUORUM_EPOCH_RESPONSE_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    memory: 40,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("ErrorCode", Type::Int16),
        field("LeaderId", Type::Int32),
        field("LeaderEpoch", Type::Int32),
    ],
};

static BEGIN_QUORUM_EPOCH_RESPONSE_TOPIC_DATA: Struct = Struct {
    name: "TopicData",
    memory: 80,
    fields: &[
        field("TopicName", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&BEGIN_QUORUM_EPOCH_RESPONSE_PARTITION_DATA))),
    ],
};

static BEGIN_QUORUM_EPOCH_RESPONSE_NODE_ENDPOINT: Struct = Struct {
    name: "NodeEndpoint",
    memory: 64,
    fields: &[
        field("NodeId", Type::Int32).since(1),
        field("Host", Type::String).since(1),
        field("Port", Type::Uint16).since(1),
    ],
};

/// EndQuorumEpochResponse, versions 0-1.
pub static END_QUORUM_EPOCH_RESPONSE: Message = Message {
    key: ApiKey::EndQuorumEpoch,
    root: Struct {
        name: "EndQuorumEpochResponse",
        memory: 80,
        fields: &[
            field("ErrorCode", Type::Int16),
            field("Topics", Type::Array(&Type::Struct(&END_QUORUM_EPOCH_RESPONSE_TOPIC_DATA))),
            field("NodeEndpoints", Type::Array(&Type::Struct(&END_QUORUM_EPOCH_RESPONSE_NODE_ENDPOINT)))
                .since(1)
                .tagged(0, 1),
        ],
    },
};

static END_QUORUM_EPOCH_RESPONSE_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    memory: 40,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("ErrorCode", Type::Int16),
        field("LeaderId", Type::Int32),
        field("LeaderEpoch", Type::Int32),
    ],
};

static END_QUORUM_EPOCH_RESPONSE_TOPIC_DATA: Struct = Struct {
    name: "TopicData",
    memory: 80,
    fields: &[
        field("TopicName", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&END_QUORUM_EPOCH_RESPONSE_PARTITION_DATA))),
    ],
};

static END_QUORUM_EPOCH_RESPONSE_NODE_ENDPOINT: Struct = Struct {
    name: "NodeEndpoint",
    memory: 64,
    fields: &[
        field("NodeId", Type::Int32).since(1),
        field("Host", Type::String).since(1),
        field("Port", Type::Uint16).since(1),
    ],
};

/// DescribeQuorumResponse, versions 0-2.
pub static DESCRIBE_QUORUM_RESPONSE: Message = Message {
    key: ApiKey::DescribeQuorum,
    root: Struct {
        name: "DescribeQuorumResponse",
        memory: 112,
        fields: &[
            field("ErrorCode", Type::Int16),
            field("ErrorMessage", Type::String).since(2).null_since(2),
            field("Topics", Type::Array(&Type::Struct(&DESCRIBE_QUORUM_RESPONSE_TOPIC_DATA))),
            field("Nodes", Type::Array(&Type::Struct(&DESCRIBE_QUORUM_RESPONSE_NODE))).since(2),
        ],
    },
};

static DESCRIBE_QUORUM_RESPONSE_REPLICA_STATE: Struct = Struct {
    name: "ReplicaState",
    memory: 72,
    fields: &[
        field("ReplicaId", Type::Int32),
        field("ReplicaDirectoryId", Type::Uuid).since(2),
        field("LogEndOffset", Type::Int64),
        field("LastFetchTimestamp", Type::Int64).since(1),
        field("LastCaughtUpTimestamp", Type::Int64).since(1),
    ],
};

static DESCRIBE_QUORUM_RESPONSE_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    memory: 128,
    fields: &[
        field("PartitionIndex", Type::Int32),
        field("ErrorCode", Type::Int16),
        field("ErrorMessage", Type::String).since(2).null_since(2),
        field("LeaderId", Type::Int32),
        field("LeaderEpoch", Type::Int32),
        field("HighWatermark", Type::Int64),
        field("CurrentVoters", Type::Array(&Type::Struct(&DESCRIBE_QUORUM_RESPONSE_REPLICA_STATE))),
        field("Observers", Type::Array(&Type::Struct(&DESCRIBE_QUORUM_RESPONSE_REPLICA_STATE))),
    ],
};

static DESCRIBE_QUORUM_RESPONSE_TOPIC_DATA: Struct = Struct {
    name: "TopicData",
    memory: 80,
    fields: &[
        field("TopicName", Type::String),
        field("Partitions", Type::Array(&Type::Struct(&DESCRIBE_QUORUM_RESPONSE_PARTITION_DATA))),
    ],
};

static DESCRIBE_QUORUM_RESPONSE_LISTENER: Struct = Struct {
    name: "Listener",
    memory: 96,
    fields: &[
        field("Name", Type::String).since(2),
        field("Host", Type::String).since(2),
        field("Port", Type::Uint16).since(2),
    ],
};

static DESCRIBE_QUORUM_RESPONSE_NODE: Struct = Struct {
    name: "Node",
    memory: 56,
    fields: &[
        field("NodeId", Type::Int32).since(2),
        field("Listeners", Type::Array(&Type::Struct(&DESCRIBE_QUORUM_RESPONSE_LISTENER))).since(2),
    ],
};

/// AddRaftVoterResponse, versions 0-1.
pub static ADD_RAFT_VOTER_RESPONSE: Message = Message {
    key: ApiKey::AddRaftVoter,
    root: Struct {
        name: "AddRaftVoterResponse",
        memory: 64,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ErrorMessage", Type::String).null_since(0),
        ],
    },
};

/// RemoveRaftVoterResponse, versions 0.
pub static REMOVE_RAFT_VOTER_RESPONSE: Message = Message {
    key: ApiKey::RemoveRaftVoter,
    root: Struct {
        name: "RemoveRaftVoterResponse",
        memory: 64,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("ErrorMessage", Type::String).null_since(0),
        ],
    },
};

/// UpdateRaftVoterResponse, versions 0.
pub static UPDATE_RAFT_VOTER_RESPONSE: Message = Message {
    key: ApiKey::UpdateRaftVoter,
    root: Struct {
        name: "UpdateRaftVoterResponse",
        memory: 104,
        fields: &[
            field("ThrottleTimeMs", Type::Int32),
            field("ErrorCode", Type::Int16),
            field("CurrentLeader", Type::Struct(&UPDATE_RAFT_VOTER_RESPONSE_CURRENT_LEADER)).tagged(0, 0),
        ],
    },
};

static UPDATE_RAFT_VOTER_RESPONSE_CURRENT_LEADER: Struct = Struct {
    name: "CurrentLeader",
    memory: 72,
    fields: &[
        field("LeaderId", Type::Int32),
        field("LeaderEpoch", Type::Int32),
        field("Host", Type::String),
        field("Port", Type::Int32),
    ],
};
