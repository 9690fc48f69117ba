//! The closed list of what the controller can be asked, and of what it answers.
//!
//! An operation is a value in domain words: handlers translate the wire into it, `peer` will carry it between nodes.
//! [`Ask`] ties each operation to its answer, so that who submits one gets the right type back.

use super::alter_partition::{AlterPartition, AlterPartitionReply};
use super::api_error::ApiError;
use super::brokers::{BrokerHeartbeat, HeartbeatReply, RegisterBroker, UnregisterBroker};
use super::configs::{AlterConfigs, AlterConfigsReply};
use super::create_partitions::CreatePartitions;
use super::create_topics::{CreateTopics, CreateTopicsReply};
use super::delete_topics::{DeleteTopics, DeleteTopicsReply};
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

/// One result for each name asked for, in the order asked.
pub type Named<T> = Vec<(String, Result<T, ApiError>)>;

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident => $answer:ty),* $(,)?) => {
        /// Everything that the controller can be asked.
        #[derive(Clone, Debug)]
        pub enum Operation { $($(#[$doc])* $name($name)),* }

        /// Everything that it answers.
        #[derive(Clone, Debug)]
        pub enum Reply { $($(#[$doc])* $name($answer)),* }

        impl Operation {
            /// The operation's name, for logs and transcripts.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name)),* }
            }
        }

        $(
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
        )*
    };
}

operations! {
    /// Creates topics.
    CreateTopics => CreateTopicsReply,
    /// Deletes topics by name or id.
    DeleteTopics => DeleteTopicsReply,
    /// Adds partitions to topics.
    CreatePartitions => Named<()>,
    /// A leader tells a new ISR (KIP-497).
    AlterPartition => Result<AlterPartitionReply, ApiError>,
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
    /// Hands out a block of producer ids (KIP-730).
    AllocateProducerIds => Result<ProducerIdBlock, ApiError>,
    /// A broker comes up (KIP-631).
    RegisterBroker => Result<BrokerEpoch, ApiError>,
    /// A broker says that it is alive.
    BrokerHeartbeat => Result<HeartbeatReply, ApiError>,
    /// A broker is taken out for good.
    UnregisterBroker => Result<(), ApiError>,
}
