//! The closed list of what the controller can be asked, and of what it answers.
//!
//! An operation is a value in domain words: handlers translate the wire into it. [`Ask`] ties each operation to its answer, so that who
//! submits one gets the right type back.
//!
//! Between nodes an operation travels in one of two ways. What a client asked for is passed on as it is ([`PassedOn`], as JSON: new
//! fields and kinds can join, and this is no path of data). What a broker asks for itself goes as Kafka's own message for it, and
//! never in this form.

use serde::{Deserialize, Serialize};

use super::alter_partition::{AlterPartition, AlterPartitionReply};
use super::api_error::ApiError;
use super::brokers::{BrokerHeartbeat, FenceBroker, HeartbeatReply, RegisterBroker, UnregisterBroker};
use super::configs::{AlterConfigs, AlterConfigsReply};
use super::create_partitions::CreatePartitions;
use super::create_topics::{CreateTopics, CreateTopicsReply};
use super::delete_topics::{DeleteTopics, DeleteTopicsReply};
use super::directories::{AssignReplicas, AssignReplicasReply};
use super::election::{ElectLeaders, ElectLeadersReply};
use super::features::{UpdateFeatures, UpdateFeaturesReply};
use super::producer_ids::{AllocateProducerIds, ProducerIdBlock};
use super::quotas::{AlterClientQuotas, AlterClientQuotasReply};
use super::reassignment::{AlterPartitionReassignments, AlterReassignmentsReply};
use super::scram::{AlterScramCredentials, AlterScramReply};
use crate::base::ids::BrokerEpoch;

/// A kind of operation and its answer.
pub trait Ask: Into<Operation> {
    /// What is answered.
    type Answer: Send + 'static;
    /// Takes the answer out of the closed list; gives it back if it answers something else.
    fn answer(reply: Reply) -> Result<Self::Answer, Reply>;
}

/// What a node passes on to the one that decides, for a client.
pub trait PassedOn: Ask {}

/// Anything of these that is passed on, as it travels between nodes.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    // Only an operation that is not passed on, maps with keys that are no text, or a writer that fails could make this fail.
    serde_json::to_vec(value).unwrap_or_default()
}

/// What [`encode`] made. What it allocates is bounded by what came.
pub fn decode<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(bytes)
}

/// One result for each name asked for, in the order asked.
pub type Named<T> = Vec<(String, Result<T, ApiError>)>;

macro_rules! ask {
    ($name:ident => $answer:ty) => {
        impl From<$name> for Operation {
            fn from(operation: $name) -> Self {
                Self::$name(operation)
            }
        }
        impl Ask for $name {
            type Answer = $answer;
            fn answer(reply: Reply) -> Result<$answer, Reply> {
                match reply {
                    Reply::$name(answer) => Ok(answer),
                    other => Err(other),
                }
            }
        }
    };
}

macro_rules! operations {
    (
        passed on { $($(#[$doc:meta])* $name:ident => $answer:ty),* $(,)? }
        asked by brokers { $($(#[$own_doc:meta])* $own:ident => $own_answer:ty),* $(,)? }
    ) => {
        /// Everything that the controller can be asked.
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub enum Operation {
            $($(#[$doc])* $name($name),)*
            $($(#[$own_doc])* #[serde(skip)] $own($own)),*
        }

        /// Everything that it answers.
        #[derive(Clone, Debug, Serialize, Deserialize)]
        pub enum Reply {
            $($(#[$doc])* $name($answer),)*
            $($(#[$own_doc])* #[serde(skip)] $own($own_answer)),*
        }

        impl Operation {
            /// The operation's name, for logs and transcripts.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                    $(Self::$own(_) => stringify!($own)),*
                }
            }
        }

        $(ask!($name => $answer); impl PassedOn for $name {})*
        $(ask!($own => $own_answer);)*
    };
}

operations! {
    passed on {
        /// Creates topics.
        CreateTopics => CreateTopicsReply,
        /// Deletes topics by name or id.
        DeleteTopics => DeleteTopicsReply,
        /// Adds partitions to topics.
        CreatePartitions => Named<()>,
        /// Elects leaders on request (KIP-183, KIP-460).
        ElectLeaders => ElectLeadersReply,
        /// Moves replicas, or stops moving them (KIP-455).
        AlterPartitionReassignments => AlterReassignmentsReply,
        /// Sets and removes configuration values.
        AlterConfigs => AlterConfigsReply,
        /// Sets and removes client quotas (KIP-546).
        AlterClientQuotas => AlterClientQuotasReply,
        /// Finalises feature levels (KIP-584).
        UpdateFeatures => UpdateFeaturesReply,
        /// Sets and removes SCRAM credentials (KIP-554).
        AlterScramCredentials => AlterScramReply,
        /// A broker is taken out for good.
        UnregisterBroker => Result<(), ApiError>,
    }
    asked by brokers {
        /// A leader tells a new ISR (KIP-497).
        AlterPartition => Result<AlterPartitionReply, ApiError>,
        /// Hands out a block of producer ids (KIP-730).
        AllocateProducerIds => Result<ProducerIdBlock, ApiError>,
        /// A broker comes up (KIP-631).
        RegisterBroker => Result<BrokerEpoch, ApiError>,
        /// A broker says that it is alive.
        BrokerHeartbeat => Result<HeartbeatReply, ApiError>,
        /// A broker says in which directories its replicas are (KIP-858).
        AssignReplicas => Result<AssignReplicasReply, ApiError>,
        /// A broker's process is gone: what this node's own controller finds out.
        FenceBroker => (),
    }
}
