//! Clients on a machine of their own, which speak the protocol over the simulated network, and the oracle that knows what they were
//! told.
//!
//! A producer is idempotent and stubborn: it sends one batch again and again, to whoever leads, until it is acknowledged. So in the
//! end every partition must hold each value once, in order, at the offset that was told. A consumer reads along: what was read once
//! stays where it was.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{
    CreateTopicsRequest, FetchRequest, InitProducerIdRequest, MetadataRequest, ProduceRequest, TopicName,
};
use kafka_protocol::protocol::StrBytes;
use ottla::base::error_code::ErrorCode;
use ottla::base::ids::{LeaderEpoch, Millis, Offset, ProducerEpoch, ProducerId, Sequence};
use ottla::peer::address::Address;
use ottla::peer::connection::{Connection, ConnectionOptions};
use ottla::record::batch::batches;
use ottla::record::builder::BatchBuilder;
use ottla::record::compression::Compression;
use ottla::record::iter::records;

use crate::entropy::Random;
use crate::network::host;
use crate::node::CLIENT_PORT;
use crate::trace::Trace;

pub const TOPIC: &str = "t";

/// What clients were told, and what of it is wrong.
#[derive(Default)]
pub struct Oracle {
    /// By partition: the values in the order of their sending, each with the offset at which it was acknowledged.
    pub sent: Vec<Vec<Option<i64>>>,
    /// By partition and offset: what a consumer saw there.
    pub seen: BTreeMap<(usize, i64), u64>,
    /// Rules that were found broken.
    pub broken: Vec<String>,
    /// No more is to be sent.
    pub stop: bool,
    /// Producers that have ended.
    pub done: usize,
    pub topic_made: bool,
    /// Where the consumers are, by partition.
    pub read_to: Vec<i64>,
}

pub type Shared = Rc<RefCell<Oracle>>;

impl Oracle {
    fn saw(&mut self, partition: usize, offset: i64, value: u64) {
        match self.seen.insert((partition, offset), value) {
            Some(before) if before != value => self
                .broken
                .push(format!("partition {partition}, offset {offset}: a consumer read {before} and later {value}")),
            _ => {}
        }
    }

    fn acknowledged(&mut self, partition: usize, value: usize, offset: i64) {
        if let Some(before) = self.sent[partition][value].replace(offset)
            && before != offset
        {
            self.broken.push(format!("partition {partition}: value {value} acknowledged at {before} and at {offset}"));
        }
    }

    /// Compares what a partition holds in the end with what was told.
    pub fn judge(&mut self, partition: usize, held: &[(i64, u64)]) {
        let mut broken = Vec::new();
        let values: Vec<u64> = held.iter().map(|(_, value)| *value).collect();
        let in_order: Vec<u64> = (0..values.len() as u64).collect();
        if values != in_order {
            broken.push(format!("partition {partition} holds {values:?}: not each value once and in order"));
        }
        for (value, offset) in self.sent[partition].iter().enumerate() {
            if let Some(offset) = offset
                && !held.contains(&(*offset, value as u64))
            {
                broken.push(format!("partition {partition}: value {value}, acknowledged at {offset}, is not there"));
            }
        }
        for ((_, offset), value) in self.seen.range((partition, 0)..(partition + 1, 0)) {
            if !held.contains(&(*offset, *value)) {
                broken.push(format!("partition {partition}: value {value}, read at {offset}, is not there"));
            }
        }
        self.broken.append(&mut broken);
    }
}

/// What clients need.
#[derive(Clone)]
pub struct Client {
    pub nodes: usize,
    pub oracle: Shared,
    pub random: Rc<RefCell<Random>>,
    pub trace: Trace,
}

fn name() -> TopicName {
    TopicName(StrBytes::from_static_str(TOPIC))
}

impl Client {
    /// Waits for a while, drawn from the seed.
    async fn pause_between(&self, least: i64, most: i64) {
        let ms = self.random.borrow_mut().between(least, most).unsigned_abs();
        pause(ms).await;
    }
}

async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

/// One client's connections.
struct Links {
    client: Client,
    open: BTreeMap<usize, Connection>,
}

impl Links {
    async fn to(&mut self, node: usize) -> Option<Connection> {
        if let Some(open) = self.open.get(&node).filter(|open| !open.is_lost()) {
            return Some(open.clone());
        }
        let options = ConnectionOptions {
            client_id: "client".to_owned(),
            connect_timeout: Duration::from_millis(500),
            request_timeout: Duration::from_millis(1500),
            ..ConnectionOptions::default()
        };
        let opened = Connection::open(&Address { host: host(node), port: CLIENT_PORT }, &options).await.ok()?;
        self.open.insert(node, opened.clone());
        Some(opened)
    }

    async fn any(&mut self) -> Option<Connection> {
        let node = self.client.random.borrow_mut().below(self.client.nodes);
        self.to(node).await
    }

    /// Who is said to lead a partition.
    async fn leader(&mut self, partition: usize) -> Option<usize> {
        let any = self.any().await?;
        let topic = MetadataRequestTopic::default().with_name(Some(name()));
        let request = MetadataRequest::default().with_topics(Some(vec![topic])).with_allow_auto_topic_creation(false);
        let version = any.version::<MetadataRequest>(12).ok()?;
        let told = any.send(version, &request).await.ok()?.answer().await.ok()?;
        let partitions = &told.topics.first()?.partitions;
        let found = partitions.iter().find(|p| p.partition_index as usize == partition)?;
        usize::try_from(found.leader_id.0 - 1).ok()
    }
}

/// Makes the topic, then sends and reads until the oracle says stop.
pub async fn run(client: Client, partitions: usize, synced: bool) {
    let mut links = Links { client: client.clone(), open: BTreeMap::new() };
    let config = |name: &'static str, value: &'static str| {
        let (name, value) = (StrBytes::from_static_str(name), StrBytes::from_static_str(value));
        CreatableTopicConfig::default().with_name(name).with_value(Some(value))
    };
    let mut configs = vec![config("min.insync.replicas", "2"), config("segment.bytes", "1048576")];
    if synced {
        configs.push(config("flush.messages", "1"));
    }
    loop {
        if let Some(any) = links.any().await {
            let topic = CreatableTopic::default()
                .with_name(name())
                .with_num_partitions(partitions as i32)
                .with_replication_factor(3)
                .with_configs(configs.clone());
            let request = CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(3000);
            if let Ok(version) = any.version::<CreateTopicsRequest>(6)
                && let Ok(pending) = any.send(version, &request).await
                && let Ok(made) = pending.answer().await
                && let Some(topic) = made.topics.first()
                && [0, ErrorCode::TopicAlreadyExists.code()].contains(&topic.error_code)
            {
                break;
            }
        }
        pause(100).await;
    }
    client.oracle.borrow_mut().topic_made = true;
    for partition in 0..partitions {
        tokio::task::spawn_local(produce(client.clone(), partition));
        tokio::task::spawn_local(consume(client.clone(), partition));
    }
}

async fn producer_id(links: &mut Links) -> (i64, i16) {
    loop {
        if let Some(any) = links.any().await {
            let request =
                InitProducerIdRequest::default().with_transactional_id(None).with_transaction_timeout_ms(60_000);
            if let Ok(version) = any.version::<InitProducerIdRequest>(4)
                && let Ok(pending) = any.send(version, &request).await
                && let Ok(given) = pending.answer().await
                && given.error_code == 0
            {
                return (given.producer_id.0, given.producer_epoch);
            }
        }
        pause(100).await;
    }
}

/// Sends value after value to one partition.
async fn produce(client: Client, partition: usize) {
    let mut links = Links { client: client.clone(), open: BTreeMap::new() };
    let (id, epoch) = producer_id(&mut links).await;
    let mut leader = None;
    let mut next = 0;
    while !client.oracle.borrow().stop {
        let count = client.random.borrow_mut().between(1, 3) as usize;
        let mut batch = BatchBuilder::new().producer(ProducerId(id), ProducerEpoch(epoch), Sequence(next as i32));
        for value in next..next + count {
            let size = [5, 100, 1500][client.random.borrow_mut().below(3)];
            let text = format!("{value} {}", "x".repeat(size));
            batch.append(Millis(1_700_000_000_000), None, Some(text.as_bytes()), &[]);
        }
        let Ok(batch) = batch.build(Offset(0), LeaderEpoch::NONE, Compression::None) else { return };
        client.oracle.borrow_mut().sent[partition].extend(vec![None; count]);
        // Stubborn: also once no more is to be sent, what was begun is brought to its end.
        loop {
            if leader.is_none() {
                leader = links.leader(partition).await;
            }
            let Some(node) = leader else {
                pause(50).await;
                continue;
            };
            match send(&mut links, node, partition, batch.clone()).await {
                Some((ErrorCode::None, offset)) if offset >= 0 => {
                    client.trace.note(&("acknowledged", partition, next, offset));
                    let mut oracle = client.oracle.borrow_mut();
                    (0..count).for_each(|i| oracle.acknowledged(partition, next + i, offset + i as i64));
                    break;
                }
                Some((code @ (ErrorCode::OutOfOrderSequenceNumber | ErrorCode::UnknownProducerId), _)) => {
                    let what =
                        format!("partition {partition}: the leader {node} misses what came before {next}: {code}");
                    client.oracle.borrow_mut().broken.push(what);
                    return;
                }
                Some((code, _)) => client.trace.note(&("refused", partition, next, code)),
                None => {}
            }
            leader = None;
            client.pause_between(5, 60).await;
        }
        next += count;
        client.pause_between(1, 60).await;
    }
    client.oracle.borrow_mut().done += 1;
}

async fn send(links: &mut Links, node: usize, partition: usize, batch: Bytes) -> Option<(ErrorCode, i64)> {
    let connection = links.to(node).await?;
    let data = PartitionProduceData::default().with_index(partition as i32).with_records(Some(batch));
    let topic = TopicProduceData::default().with_name(name()).with_partition_data(vec![data]);
    let request = ProduceRequest::default().with_acks(-1).with_timeout_ms(1000).with_topic_data(vec![topic]);
    let version = connection.version::<ProduceRequest>(9).ok()?;
    let answer = connection.send(version, &request).await.ok()?.answer().await.ok()?;
    let told = answer.responses.first()?.partition_responses.first()?.clone();
    Some((ErrorCode::from_code(told.error_code)?, told.base_offset))
}

/// Reads one partition from its begin on, as far as it is committed.
async fn consume(client: Client, partition: usize) {
    let mut links = Links { client: client.clone(), open: BTreeMap::new() };
    let mut leader = None;
    let mut next = 0;
    loop {
        if leader.is_none() {
            leader = links.leader(partition).await;
        }
        let read = match leader {
            Some(node) => fetch(&mut links, node, partition, next).await,
            None => None,
        };
        match read {
            Some(found) => {
                for (offset, value) in &found {
                    client.oracle.borrow_mut().saw(partition, *offset, *value);
                    next = next.max(offset + 1);
                }
                client.oracle.borrow_mut().read_to[partition] = next;
                if found.is_empty() {
                    pause(20).await;
                }
            }
            None => {
                leader = None;
                pause(50).await;
            }
        }
    }
}

async fn fetch(links: &mut Links, node: usize, partition: usize, from: i64) -> Option<Vec<(i64, u64)>> {
    let connection = links.to(node).await?;
    let wanted = FetchPartition::default()
        .with_partition(partition as i32)
        .with_fetch_offset(from)
        .with_current_leader_epoch(-1)
        .with_partition_max_bytes(100_000);
    let topic = FetchTopic::default().with_topic(name()).with_partitions(vec![wanted]);
    let request = FetchRequest::default()
        .with_replica_id((-1).into())
        .with_max_wait_ms(100)
        .with_min_bytes(1)
        .with_max_bytes(1_000_000)
        .with_topics(vec![topic]);
    let version = connection.version::<FetchRequest>(11).ok()?;
    let answer = connection.send(version, &request).await.ok()?.answer().await.ok()?;
    let data = answer.responses.first()?.partitions.first()?.clone();
    if data.error_code != 0 {
        return None;
    }
    let found = values(&data.records.unwrap_or_default());
    Some(found.into_iter().filter(|(offset, _)| *offset >= from).collect())
}

/// The values in batches, each with its offset.
pub fn values(bytes: &[u8]) -> Vec<(i64, u64)> {
    let mut found = Vec::new();
    for view in batches(bytes).map_while(Result::ok) {
        for record in records(view.payload(), view.header.record_count).map_while(Result::ok) {
            let text = record.value.map(String::from_utf8_lossy).unwrap_or_default();
            let value = text.split_once(' ').and_then(|(value, _)| value.parse().ok()).unwrap_or(u64::MAX);
            found.push((view.header.base_offset.0 + i64::from(record.offset_delta), value));
        }
    }
    found
}
