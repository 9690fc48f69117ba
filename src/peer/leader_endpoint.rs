//! A leader's broker as its followers ask it, over one connection: Fetch in an incremental session, ListOffsets.
//!
//! Only topics by id are spoken of (Fetch from version 13 on): a topic deleted and made again is another one.

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::fetch_request::{FetchPartition, FetchRequest, FetchTopic, ForgottenTopic};
use kafka_protocol::messages::fetch_response::{FetchResponse, PartitionData};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic};

use super::address::Address;
use super::connection::{Connection, ConnectionOptions};
use super::error::PeerError;
use super::follower_session::{FollowerSession, Told};
use super::wire;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionIndex, TopicName};
use crate::replica::edges::{
    EndpointError, FetchWish, FollowedPartition, LeaderAnswer, LeaderEndpoint, LeaderEndpoints, Promise,
};

/// Topics by id (KIP-516).
const VERSION_MIN: i16 = 13;
/// The follower's id and registration in a structure of their own (KIP-903).
const REPLICA_STATE_VERSION_MIN: i16 = 15;
/// The latest offset, and the earliest.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

/// How a follower fetches.
#[derive(Debug, Clone)]
pub struct FollowerOptions {
    /// Who follows.
    pub replica: NodeId,
    /// `replica.fetch.wait.max.ms`
    pub max_wait: Duration,
    /// `replica.fetch.min.bytes`
    pub min_bytes: i32,
    /// `replica.fetch.response.max.bytes`
    pub max_bytes: i32,
    /// `replica.fetch.max.bytes`
    pub partition_max_bytes: i32,
    /// The connection.
    pub connection: ConnectionOptions,
}

/// What changes while the process runs.
pub trait Surroundings: Send + Sync {
    /// Where a broker is reached by others.
    fn address(&self, broker: NodeId) -> Option<Address>;
    /// The registration under which this broker lives.
    fn broker_epoch(&self) -> BrokerEpoch;
}

/// Endpoints over connections.
pub struct BrokerEndpoints {
    options: FollowerOptions,
    surroundings: Arc<dyn Surroundings>,
}

impl BrokerEndpoints {
    /// Endpoints that fetch as `options` say.
    pub fn new(options: FollowerOptions, surroundings: Arc<dyn Surroundings>) -> Self {
        Self { options, surroundings }
    }
}

impl LeaderEndpoints for BrokerEndpoints {
    fn endpoint(&self, leader: NodeId, fetcher: usize) -> Box<dyn LeaderEndpoint> {
        let mut options = self.options.clone();
        options.connection.client_id = format!("broker-{}-fetcher-{fetcher}", self.options.replica);
        let surroundings = Arc::clone(&self.surroundings);
        Box::new(BrokerEndpoint {
            leader,
            options,
            surroundings,
            connection: None,
            session: FollowerSession::default(),
        })
    }
}

/// One endpoint.
struct BrokerEndpoint {
    leader: NodeId,
    options: FollowerOptions,
    surroundings: Arc<dyn Surroundings>,
    connection: Option<Connection>,
    session: FollowerSession,
}

impl LeaderEndpoint for BrokerEndpoint {
    fn fetch<'a>(
        &'a mut self,
        wishes: &'a [(FollowedPartition, FetchWish)],
    ) -> Promise<'a, Result<Vec<LeaderAnswer>, EndpointError>> {
        Box::pin(async move {
            let fetched = self.try_fetch(wishes).await;
            fetched.map_err(|error| self.give_up(&error))
        })
    }

    fn log_ends<'a>(
        &'a mut self,
        partition: &'a FollowedPartition,
        leader_epoch: LeaderEpoch,
    ) -> Promise<'a, Result<Result<(Offset, Offset), ErrorCode>, EndpointError>> {
        Box::pin(async move {
            let mut ends = [Offset::NONE; 2];
            for (end, which) in ends.iter_mut().zip([EARLIEST, LATEST]) {
                match self.list_offset(partition, leader_epoch, which).await {
                    Ok(Ok(offset)) => *end = offset,
                    Ok(Err(code)) => return Ok(Err(code)),
                    Err(error) => return Err(self.give_up(&error)),
                }
            }
            Ok(Ok((ends[0], ends[1])))
        })
    }
}

impl BrokerEndpoint {
    /// Begins anew after an error: what the leader knows of the session is uncertain.
    fn give_up(&mut self, error: &PeerError) -> EndpointError {
        self.connection = None;
        self.session.lost();
        EndpointError(error.to_string())
    }

    async fn connection(&mut self) -> Result<Connection, PeerError> {
        let address = self.surroundings.address(self.leader).ok_or(PeerError::UnknownBroker(self.leader))?;
        if let Some(open) = self.connection.as_ref().filter(|c| !c.is_lost() && *c.address() == address) {
            return Ok(open.clone());
        }
        self.session.lost();
        let opened = Connection::open(&address, &self.options.connection).await?;
        self.connection = Some(opened.clone());
        Ok(opened)
    }

    async fn try_fetch(&mut self, wishes: &[(FollowedPartition, FetchWish)]) -> Result<Vec<LeaderAnswer>, PeerError> {
        let connection = self.connection().await?;
        let version = connection.version::<FetchRequest>(i16::MAX)?;
        if version < VERSION_MIN {
            return Err(PeerError::refused("follow by topic id", ErrorCode::UnsupportedVersion, None));
        }
        let told = self.session.next(wishes);
        let response = connection.send(version, &self.request(version, told)).await?.answer().await?;
        match wire::code(response.error_code) {
            ErrorCode::None => self.session.answered(response.session_id),
            ErrorCode::FetchSessionIdNotFound
            | ErrorCode::InvalidFetchSessionEpoch
            | ErrorCode::FetchSessionTopicIdError => {
                self.session.refused();
                return Ok(Vec::new());
            }
            code => return Err(PeerError::refused(format!("fetch from broker {}", self.leader), code, None)),
        }
        Ok(self.answers(response))
    }

    fn request(&self, version: i16, told: Told) -> FetchRequest {
        let mut topics: Vec<FetchTopic> = Vec::new();
        for ((id, partition), wish) in told.named {
            let id = wire::uuid(id);
            if topics.last().is_none_or(|topic| topic.topic_id != id) {
                topics.push(FetchTopic::default().with_topic_id(id));
            }
            let wanted = FetchPartition::default()
                .with_partition(partition.0)
                .with_fetch_offset(wish.from.0)
                .with_current_leader_epoch(wish.leader_epoch.0)
                .with_last_fetched_epoch(wish.last_fetched_epoch.0)
                .with_log_start_offset(wish.log_start.0)
                .with_partition_max_bytes(self.options.partition_max_bytes);
            if let Some(topic) = topics.last_mut() {
                topic.partitions.push(wanted);
            }
        }
        let forgotten = told.forgotten.into_iter().map(|(id, partition)| {
            ForgottenTopic::default().with_topic_id(wire::uuid(id)).with_partitions(vec![partition.0])
        });
        let mut request = FetchRequest::default()
            .with_max_wait_ms(i32::try_from(self.options.max_wait.as_millis()).unwrap_or(i32::MAX))
            .with_min_bytes(self.options.min_bytes)
            .with_max_bytes(self.options.max_bytes)
            .with_session_id(told.id)
            .with_session_epoch(told.epoch)
            .with_topics(topics)
            .with_forgotten_topics_data(forgotten.collect());
        if version >= REPLICA_STATE_VERSION_MIN {
            request.replica_state.replica_id = self.options.replica.0.into();
            request.replica_state.replica_epoch = self.surroundings.broker_epoch().0;
        } else {
            request.replica_id = self.options.replica.0.into();
        }
        request
    }

    fn answers(&self, response: FetchResponse) -> Vec<LeaderAnswer> {
        let mut answers = Vec::with_capacity(response.responses.iter().map(|t| t.partitions.len()).sum());
        for topic in response.responses {
            let id = wire::id(topic.topic_id);
            for data in topic.partitions {
                let key = (id, PartitionIndex(data.partition_index));
                // What was not asked for is none of ours to follow.
                let Some(name) = self.session.topic(&key) else { continue };
                answers.push(answer(FollowedPartition { topic_id: id, topic: name.clone(), partition: key.1 }, data));
            }
        }
        answers
    }

    async fn list_offset(
        &mut self,
        partition: &FollowedPartition,
        leader_epoch: LeaderEpoch,
        which: i64,
    ) -> Result<Result<Offset, ErrorCode>, PeerError> {
        let connection = self.connection().await?;
        let wanted = ListOffsetsPartition::default()
            .with_partition_index(partition.partition.0)
            .with_current_leader_epoch(leader_epoch.0)
            .with_timestamp(which);
        let topic = ListOffsetsTopic::default().with_name(topic(&partition.topic)).with_partitions(vec![wanted]);
        let request =
            ListOffsetsRequest::default().with_replica_id(self.options.replica.0.into()).with_topics(vec![topic]);
        let response = connection.call(&request).await?;
        let found = response.topics.into_iter().flat_map(|t| t.partitions).next();
        Ok(match found {
            Some(found) if found.error_code == 0 => Ok(Offset(found.offset)),
            Some(found) => Err(wire::code(found.error_code)),
            None => Err(ErrorCode::UnknownServerError),
        })
    }
}

fn topic(name: &TopicName) -> kafka_protocol::messages::TopicName {
    wire::topic(name.as_str())
}

fn answer(partition: FollowedPartition, data: PartitionData) -> LeaderAnswer {
    let departs = &data.diverging_epoch;
    let diverging = (departs.end_offset >= 0).then_some((LeaderEpoch(departs.epoch), Offset(departs.end_offset)));
    LeaderAnswer {
        partition,
        error: wire::code(data.error_code),
        high_watermark: Offset(data.high_watermark),
        log_start: Offset(data.log_start_offset),
        diverging,
        records: data.records.unwrap_or_default(),
    }
}
