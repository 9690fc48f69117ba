//! AlterPartition (56), versions 2-3. A leader tells the in-sync sets that it wants (KIP-497); served on the controllers' listener.
//!
//! - v2: topics by their ids
//! - v3: each member of the set with the registration under which it fetched (KIP-903)

use std::sync::Arc;

use kafka_protocol::messages::BrokerId;
use kafka_protocol::messages::alter_partition_request::{self as asked, AlterPartitionRequest};
use kafka_protocol::messages::alter_partition_response::{AlterPartitionResponse, PartitionData, TopicData};

use crate::base::error_code::ErrorCode;
use crate::base::ids::{BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex, Uuid};
use crate::controller::alter_partition::{AlterPartition, AlterPartitionReply, PartitionNow, WantedIsr};
use crate::server::broker_requests;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

/// The first version in which members come with their broker epochs.
const MEMBER_EPOCHS_VERSION_MIN: i16 = 3;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: AlterPartitionRequest = request.decode()?;
    // Who wants nothing is told so by any controller, whoever it is.
    if body.topics.is_empty() {
        return request.now(&AlterPartitionResponse::default());
    }
    let (broker_id, broker_epoch) =
        broker_requests::speaks(ctx, &request.connection, body.broker_id, body.broker_epoch);
    let version = request.version();
    let wanted = |topic: &asked::TopicData| {
        let topic_id = Uuid(topic.topic_id.into_bytes());
        topic.partitions.iter().map(move |partition| wanted(topic_id, partition, version)).collect::<Vec<_>>()
    };
    let operation =
        AlterPartition { broker_id, broker_epoch, partitions: body.topics.iter().flat_map(wanted).collect() };
    let topics = body.topics.into_iter().map(|topic| (topic.topic_id, topic.partitions.len())).collect();
    broker_requests::decide(ctx, request, operation, move |outcome| to_wire(topics, outcome))
}

fn wanted(topic_id: Uuid, partition: &asked::PartitionData, version: i16) -> WantedIsr {
    let isr = if version >= MEMBER_EPOCHS_VERSION_MIN {
        let member = |member: &asked::BrokerState| (NodeId(member.broker_id.0), BrokerEpoch(member.broker_epoch));
        partition.new_isr_with_epochs.iter().map(member).collect()
    } else {
        partition.new_isr.iter().map(|id| (NodeId(id.0), BrokerEpoch::NONE)).collect()
    };
    WantedIsr {
        topic_id,
        partition: PartitionIndex(partition.partition_index),
        leader_epoch: LeaderEpoch(partition.leader_epoch),
        partition_epoch: PartitionEpoch(partition.partition_epoch),
        isr,
        leader_recovery_state: partition.leader_recovery_state,
    }
}

/// The results in the topics in which they were asked for: each with its number of partitions.
fn to_wire(
    topics: Vec<(uuid::Uuid, usize)>,
    outcome: Result<AlterPartitionReply, ErrorCode>,
) -> AlterPartitionResponse {
    let mut results = match outcome {
        Ok(results) => results.into_iter(),
        Err(code) => return AlterPartitionResponse::default().with_error_code(code.code()),
    };
    let topic = |(id, partitions): (uuid::Uuid, usize)| {
        let partitions = results.by_ref().take(partitions).map(|(_, index, now)| partition(index, now)).collect();
        TopicData::default().with_topic_id(id).with_partitions(partitions)
    };
    AlterPartitionResponse::default().with_topics(topics.into_iter().map(topic).collect())
}

fn partition(index: PartitionIndex, now: Result<PartitionNow, ErrorCode>) -> PartitionData {
    let told = PartitionData::default().with_partition_index(index.0);
    match now {
        Ok(now) => told
            .with_leader_id(BrokerId(now.leader.0))
            .with_leader_epoch(now.leader_epoch.0)
            .with_isr(now.isr.iter().map(|id| BrokerId(id.0)).collect())
            .with_leader_recovery_state(now.leader_recovery_state)
            .with_partition_epoch(now.partition_epoch.0),
        Err(code) => told.with_error_code(code.code()),
    }
}
