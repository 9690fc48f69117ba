//! A client's connections: one to each broker, made anew when it is lost, and the questions that every client asks.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    CreateTopicsRequest, FetchRequest, FindCoordinatorRequest, InitProducerIdRequest, MetadataRequest, ProduceRequest,
    TopicName, TransactionalId,
};
use kafka_protocol::protocol::{Request, StrBytes};
use ottla::base::error_code::ErrorCode;
use ottla::peer::address::Address;
use ottla::peer::connection::{Connection, ConnectionOptions};

use crate::client::Client;
use crate::network::host;
use crate::node::CLIENT_PORT;

/// What a key names that a coordinator is asked for.
#[derive(Debug, Clone, Copy)]
pub enum KeyType {
    Group = 0,
    Transaction = 1,
}

/// One client's connections.
pub struct Links {
    pub client: Client,
    request_timeout: Duration,
    open: BTreeMap<usize, Connection>,
    /// The newest leader epoch of each partition that it was told of.
    epochs: BTreeMap<(&'static str, usize), i32>,
}

pub fn name(topic: &'static str) -> TopicName {
    TopicName(StrBytes::from_static_str(topic))
}

pub async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

impl Links {
    /// None yet; an answer is waited for that long.
    pub fn new(client: &Client, request_timeout_ms: u64) -> Self {
        let request_timeout = Duration::from_millis(request_timeout_ms);
        Self { client: client.clone(), request_timeout, open: BTreeMap::new(), epochs: BTreeMap::new() }
    }

    async fn to(&mut self, node: usize) -> Option<Connection> {
        if let Some(open) = self.open.get(&node).filter(|open| !open.is_lost()) {
            return Some(open.clone());
        }
        let options = ConnectionOptions {
            client_id: "client".to_owned(),
            connect_timeout: Duration::from_millis(500),
            request_timeout: self.request_timeout,
            ..ConnectionOptions::default()
        };
        let opened = Connection::open(&Address { host: host(node), port: CLIENT_PORT }, &options).await.ok()?;
        self.open.insert(node, opened.clone());
        Some(opened)
    }

    /// Asks a broker. None: it was not reached, or nobody knows what became of the question.
    pub async fn ask<R: Request>(&mut self, node: usize, version_max: i16, request: &R) -> Option<R::Response> {
        let connection = self.to(node).await?;
        let version = connection.version::<R>(version_max).ok()?;
        connection.send(version, request).await.ok()?.answer().await.ok()
    }

    /// Asks any of them.
    pub async fn ask_any<R: Request>(&mut self, version_max: i16, request: &R) -> Option<R::Response> {
        let node = self.client.random.borrow_mut().below(self.client.nodes);
        self.ask(node, version_max, request).await
    }

    /// Who is said to lead a partition. As every client of Kafka's, it does not go back to an older leader (KIP-320): one that was
    /// replaced and has not heard of it tells everybody that it leads.
    pub async fn leader(&mut self, topic: &'static str, partition: usize) -> Option<usize> {
        let wanted = MetadataRequestTopic::default().with_name(Some(name(topic)));
        let request = MetadataRequest::default().with_topics(Some(vec![wanted])).with_allow_auto_topic_creation(false);
        let told = self.ask_any(12, &request).await?;
        let partitions = &told.topics.first()?.partitions;
        let found = partitions.iter().find(|p| p.partition_index as usize == partition)?;
        let newest = self.epochs.entry((topic, partition)).or_insert(found.leader_epoch);
        if found.leader_epoch < *newest {
            return None;
        }
        *newest = found.leader_epoch;
        usize::try_from(found.leader_id.0 - 1).ok()
    }

    /// Who is said to be the coordinator of a group or a transactional id.
    pub async fn coordinator(&mut self, key: &'static str, key_type: KeyType) -> Option<usize> {
        let key = StrBytes::from_static_str(key);
        let request = FindCoordinatorRequest::default().with_key(key).with_key_type(key_type as i8);
        let told = self.ask_any(3, &request).await.filter(|told| told.error_code == 0)?;
        usize::try_from(told.node_id.0 - 1).ok()
    }

    /// Makes a topic, or finds it made.
    pub async fn make_topic(
        &mut self,
        topic: &'static str,
        partitions: usize,
        replicas: usize,
        configs: &[(&'static str, &'static str)],
    ) {
        let config = |(name, value): &(&'static str, &'static str)| {
            let (name, value) = (StrBytes::from_static_str(name), StrBytes::from_static_str(value));
            CreatableTopicConfig::default().with_name(name).with_value(Some(value))
        };
        let wanted = CreatableTopic::default()
            .with_name(name(topic))
            .with_num_partitions(partitions as i32)
            .with_replication_factor(replicas as i16)
            .with_configs(configs.iter().map(config).collect());
        let request = CreateTopicsRequest::default().with_topics(vec![wanted]).with_timeout_ms(3000);
        loop {
            if let Some(made) = self.ask_any(6, &request).await
                && let Some(topic) = made.topics.first()
                && [0, ErrorCode::TopicAlreadyExists.code()].contains(&topic.error_code)
            {
                return;
            }
            pause(100).await;
        }
    }

    /// An id for a producer that is idempotent and no more.
    pub async fn producer_id(&mut self) -> (i64, i16) {
        let request = InitProducerIdRequest::default().with_transactional_id(None).with_transaction_timeout_ms(60_000);
        loop {
            if let Some(given) = self.ask_any(4, &request).await.filter(|given| given.error_code == 0) {
                return (given.producer_id.0, given.producer_epoch);
            }
            pause(100).await;
        }
    }

    /// Sends a batch, in a transaction or not. Gives the offset at which it was acknowledged.
    pub async fn produce(
        &mut self,
        node: usize,
        (topic, partition): (&'static str, usize),
        transaction: Option<&'static str>,
        batch: Bytes,
    ) -> Option<(ErrorCode, i64)> {
        let data = PartitionProduceData::default().with_index(partition as i32).with_records(Some(batch));
        let topic = TopicProduceData::default().with_name(name(topic)).with_partition_data(vec![data]);
        let transaction = transaction.map(|id| TransactionalId(StrBytes::from_static_str(id)));
        let request = ProduceRequest::default()
            .with_transactional_id(transaction)
            .with_acks(-1)
            .with_timeout_ms(1000)
            .with_topic_data(vec![topic]);
        let answer = self.ask(node, 12, &request).await?;
        let told = answer.responses.first()?.partition_responses.first()?;
        Some((ErrorCode::from_code(told.error_code)?, told.base_offset))
    }

    /// Reads one partition from an offset on, as far as it is committed; with `settled`, only what no transaction holds open.
    pub async fn fetch(
        &mut self,
        node: usize,
        (topic, partition): (&'static str, usize),
        from: i64,
        settled: bool,
    ) -> Option<PartitionData> {
        let wanted = FetchPartition::default()
            .with_partition(partition as i32)
            .with_fetch_offset(from)
            .with_current_leader_epoch(-1)
            .with_partition_max_bytes(100_000);
        let topic = FetchTopic::default().with_topic(name(topic)).with_partitions(vec![wanted]);
        let request = FetchRequest::default()
            .with_replica_id((-1).into())
            .with_max_wait_ms(100)
            .with_min_bytes(1)
            .with_max_bytes(1_000_000)
            .with_isolation_level(i8::from(settled))
            .with_topics(vec![topic]);
        let answer = self.ask(node, 11, &request).await?;
        let data = answer.responses.first()?.partitions.first()?;
        (data.error_code == 0).then(|| data.clone())
    }

    /// As [`Links::fetch`], from the leader: who that is is asked where it is not known, and forgotten when it gives nothing.
    pub async fn fetch_from_leader(
        &mut self,
        leader: &mut Option<usize>,
        (topic, partition): (&'static str, usize),
        from: i64,
        settled: bool,
    ) -> Option<PartitionData> {
        if leader.is_none() {
            *leader = self.leader(topic, partition).await;
        }
        let read = match *leader {
            Some(node) => self.fetch(node, (topic, partition), from, settled).await,
            None => None,
        };
        if read.is_none() {
            *leader = None;
        }
        read
    }
}
