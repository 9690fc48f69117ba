//! A leader's wish for other in-sync sets: AlterPartition (56).

use std::collections::BTreeMap;

use kafka_protocol::messages::alter_partition_request::{BrokerState, PartitionData, TopicData};
use kafka_protocol::messages::{AlterPartitionRequest, AlterPartitionResponse, BrokerId};

use super::{Answered, BrokerRequest, checked, stale};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch, PartitionIndex};
use crate::controller::alter_partition::{AlterPartition, AlterPartitionReply, PartitionNow, WantedIsr};
use crate::controller::api_error::ApiError;
use crate::peer::wire;

impl BrokerRequest for AlterPartition {
    type Message = AlterPartitionRequest;

    fn message(&self) -> AlterPartitionRequest {
        let mut topics: BTreeMap<_, Vec<PartitionData>> = BTreeMap::new();
        for wanted in &self.partitions {
            topics.entry(wanted.topic_id).or_default().push(partition(wanted));
        }
        let topic = |(id, partitions)| TopicData::default().with_topic_id(wire::uuid(id)).with_partitions(partitions);
        AlterPartitionRequest::default()
            .with_broker_id(BrokerId(self.broker_id.0))
            .with_broker_epoch(self.broker_epoch.0)
            .with_topics(topics.into_iter().map(topic).collect())
    }

    fn answer_of(&self, response: AlterPartitionResponse) -> Answered<Result<AlterPartitionReply, ApiError>> {
        if let Err(error) = checked(response.error_code, stale(self.broker_id, self.broker_epoch))? {
            return Ok(Err(error));
        }
        let mut told = BTreeMap::new();
        for topic in response.topics {
            for state in topic.partitions {
                let now = match wire::code(state.error_code) {
                    ErrorCode::None => Ok(PartitionNow {
                        leader: NodeId(state.leader_id.0),
                        leader_epoch: LeaderEpoch(state.leader_epoch),
                        isr: state.isr.iter().map(|id| NodeId(id.0)).collect(),
                        leader_recovery_state: state.leader_recovery_state,
                        partition_epoch: PartitionEpoch(state.partition_epoch),
                    }),
                    code => Err(code),
                };
                told.insert((wire::id(topic.topic_id), PartitionIndex(state.partition_index)), now);
            }
        }
        let result = |wanted: &WantedIsr| {
            let now = told.remove(&(wanted.topic_id, wanted.partition)).unwrap_or(Err(ErrorCode::UnknownServerError));
            (wanted.topic_id, wanted.partition, now)
        };
        Ok(Ok(self.partitions.iter().map(result).collect()))
    }
}

fn partition(wanted: &WantedIsr) -> PartitionData {
    let member = |(id, epoch): &(NodeId, BrokerEpoch)| {
        BrokerState::default().with_broker_id(BrokerId(id.0)).with_broker_epoch(epoch.0)
    };
    PartitionData::default()
        .with_partition_index(wanted.partition.0)
        .with_leader_epoch(wanted.leader_epoch.0)
        .with_partition_epoch(wanted.partition_epoch.0)
        .with_new_isr_with_epochs(wanted.isr.iter().map(member).collect())
        .with_leader_recovery_state(wanted.leader_recovery_state)
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::alter_partition_response;

    use super::*;
    use crate::base::ids::Uuid;
    use crate::controller::quorum_controller::ControllerError;

    fn wanted(topic: u8, partition: i32) -> WantedIsr {
        WantedIsr {
            topic_id: Uuid([topic; 16]),
            partition: PartitionIndex(partition),
            leader_epoch: LeaderEpoch(4),
            partition_epoch: PartitionEpoch(7),
            isr: vec![(NodeId(1), BrokerEpoch(11)), (NodeId(2), BrokerEpoch::NONE)],
            leader_recovery_state: 0,
        }
    }

    /// The message groups by topic, and the answer may come in any order; results are in the order asked all the same.
    #[test]
    fn results_are_in_the_order_asked() {
        let asked = AlterPartition {
            broker_id: NodeId(1),
            broker_epoch: BrokerEpoch(11),
            partitions: vec![wanted(9, 1), wanted(3, 0), wanted(9, 0)],
        };
        let message = asked.message();
        let parts: Vec<_> = message.topics.iter().map(|topic| topic.partitions.len()).collect();
        assert_eq!(parts, [1, 2]);
        let told = |topic: u8, partition, error: ErrorCode| {
            let state = alter_partition_response::PartitionData::default()
                .with_partition_index(partition)
                .with_error_code(error.code())
                .with_leader_id(BrokerId(1))
                .with_isr(vec![BrokerId(1)])
                .with_partition_epoch(8);
            alter_partition_response::TopicData::default()
                .with_topic_id(wire::uuid(Uuid([topic; 16])))
                .with_partitions(vec![state])
        };
        let response = AlterPartitionResponse::default()
            .with_topics(vec![told(9, 0, ErrorCode::None), told(9, 1, ErrorCode::InvalidUpdateVersion)]);
        let results = asked.answer_of(response).unwrap().unwrap();
        let short: Vec<_> = results.iter().map(|(_, index, now)| (index.0, now.as_ref().err().copied())).collect();
        assert_eq!(
            short,
            [(1, Some(ErrorCode::InvalidUpdateVersion)), (0, Some(ErrorCode::UnknownServerError)), (0, None)],
            "what nobody answered for is not known"
        );
    }

    #[test]
    fn a_code_for_the_whole_says_whether_anything_was_decided() {
        let asked = AlterPartition { broker_id: NodeId(1), broker_epoch: BrokerEpoch(11), partitions: Vec::new() };
        let answer = |code: ErrorCode| asked.answer_of(AlterPartitionResponse::default().with_error_code(code.code()));
        assert_eq!(answer(ErrorCode::NotController).unwrap_err(), ControllerError::NotController { leader: None });
        assert_eq!(answer(ErrorCode::RequestTimedOut).unwrap_err(), ControllerError::Unknown);
        let refused = answer(ErrorCode::StaleBrokerEpoch).unwrap().unwrap_err();
        assert!(refused.to_string().contains("epoch 11"), "{refused}");
    }
}
