//! Which decider takes which operation: the closed list against the files of this room.

use super::context::Context;
use super::operation::{Operation, Reply};
use super::{
    Decision, alter_partition, brokers, configs, create_partitions, create_topics, delete_topics, directories,
    election, features, producer_ids, quotas, reassignment, scram,
};
use crate::metadata::image::MetadataImage;

/// Decides one operation on one image. Pure: nothing has happened until the records are committed.
pub fn decide(image: &MetadataImage, context: &Context, operation: &Operation) -> Decision<Reply> {
    match operation {
        Operation::CreateTopics(op) => create_topics::decide(image, context, op).map(Reply::CreateTopics),
        Operation::DeleteTopics(op) => delete_topics::decide(image, op).map(Reply::DeleteTopics),
        Operation::CreatePartitions(op) => create_partitions::decide(image, context, op).map(Reply::CreatePartitions),
        Operation::AlterPartition(op) => alter_partition::decide(image, context, op).map(Reply::AlterPartition),
        Operation::ElectLeaders(op) => election::decide(image, context, op).map(Reply::ElectLeaders),
        Operation::AlterPartitionReassignments(op) => {
            reassignment::decide(image, context, op).map(Reply::AlterPartitionReassignments)
        }
        Operation::AlterConfigs(op) => configs::decide(image, context, op).map(Reply::AlterConfigs),
        Operation::AlterClientQuotas(op) => quotas::decide(image, op).map(Reply::AlterClientQuotas),
        Operation::UpdateFeatures(op) => features::decide(image, op).map(Reply::UpdateFeatures),
        Operation::AlterScramCredentials(op) => scram::decide(image, op).map(Reply::AlterScramCredentials),
        Operation::AllocateProducerIds(op) => producer_ids::decide(image, op).map(Reply::AllocateProducerIds),
        Operation::RegisterBroker(op) => brokers::register(image, context, op).map(Reply::RegisterBroker),
        Operation::BrokerHeartbeat(op) => brokers::heartbeat(image, context, op).map(Reply::BrokerHeartbeat),
        Operation::AssignReplicas(op) => directories::decide(image, context, op).map(Reply::AssignReplicas),
        Operation::FenceBroker(op) => brokers::fence_gone(image, context, op).map(Reply::FenceBroker),
        Operation::UnregisterBroker(op) => brokers::unregister(image, context, op).map(Reply::UnregisterBroker),
    }
}
