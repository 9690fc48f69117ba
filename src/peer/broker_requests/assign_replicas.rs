//! In which directories a broker's replicas are: AssignReplicasToDirs (73).

use std::collections::BTreeMap;

use kafka_protocol::messages::assign_replicas_to_dirs_request::{DirectoryData, PartitionData, TopicData};
use kafka_protocol::messages::{AssignReplicasToDirsRequest, AssignReplicasToDirsResponse, BrokerId};

use super::{Answered, BrokerRequest, checked, stale};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{PartitionIndex, Uuid};
use crate::controller::api_error::ApiError;
use crate::controller::directories::{AssignReplicas, AssignReplicasReply, PlacedReplica};
use crate::peer::wire;

impl BrokerRequest for AssignReplicas {
    type Message = AssignReplicasToDirsRequest;

    fn message(&self) -> AssignReplicasToDirsRequest {
        let mut directories: BTreeMap<Uuid, BTreeMap<Uuid, Vec<PartitionData>>> = BTreeMap::new();
        for replica in &self.replicas {
            let partition = PartitionData::default().with_partition_index(replica.partition.0);
            let topics = directories.entry(replica.directory).or_default();
            topics.entry(replica.topic_id).or_default().push(partition);
        }
        let topic = |(id, partitions)| TopicData::default().with_topic_id(wire::uuid(id)).with_partitions(partitions);
        let directory = |(id, topics): (Uuid, BTreeMap<Uuid, Vec<PartitionData>>)| {
            DirectoryData::default().with_id(wire::uuid(id)).with_topics(topics.into_iter().map(topic).collect())
        };
        AssignReplicasToDirsRequest::default()
            .with_broker_id(BrokerId(self.broker_id.0))
            .with_broker_epoch(self.broker_epoch.0)
            .with_directories(directories.into_iter().map(directory).collect())
    }

    fn answer_of(&self, response: AssignReplicasToDirsResponse) -> Answered<Result<AssignReplicasReply, ApiError>> {
        if let Err(error) = checked(response.error_code, stale(self.broker_id, self.broker_epoch))? {
            return Ok(Err(error));
        }
        let mut told = BTreeMap::new();
        for directory in response.directories {
            for topic in directory.topics {
                for partition in topic.partitions {
                    let index = PartitionIndex(partition.partition_index);
                    told.insert(
                        (wire::id(directory.id), wire::id(topic.topic_id), index),
                        wire::code(partition.error_code),
                    );
                }
            }
        }
        let result = |replica: &PlacedReplica| match told.get(&(replica.directory, replica.topic_id, replica.partition))
        {
            Some(ErrorCode::None) => Ok(()),
            Some(code) => Err(*code),
            None => Err(ErrorCode::UnknownServerError),
        };
        Ok(Ok(self.replicas.iter().map(result).collect()))
    }
}
