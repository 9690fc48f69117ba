//! A topic that is deleted and made again under its name, and what must be left of it: the newest of its kind, and nothing older.
//!
//! Values are sent by the topic's id, so that none can end up in another one. Each begins with the number of the life it was sent in.

use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::{CreateTopicsRequest, DeleteTopicsRequest, MetadataRequest, ProduceRequest};
use ottla::base::error_code::ErrorCode;
use ottla::base::ids::{LeaderEpoch, Millis, Offset, Uuid};
use ottla::record::builder::BatchBuilder;
use ottla::record::compression::Compression;

use crate::client::{Client, REQUEST_TIMEOUT_MS};
use crate::links::{Links, name, pause};

pub const TOPIC: &str = "d";
/// Values of one life at most.
const VALUES: u64 = 1000;

/// What was done.
#[derive(Debug, Default)]
pub struct Renewal {
    life: u64,
    /// The values of this life that were acknowledged, and where.
    acknowledged: Vec<(i64, u64)>,
    /// The topic is there; it is not while it is deleted.
    pub exists: bool,
    pub done: bool,
}

impl Renewal {
    /// Compares what a replica holds with what was sent in the newest life.
    pub fn judge(&self, held: &[(i64, u64)]) -> Result<(), String> {
        if let Some(old) = held.iter().find(|(_, value)| value / VALUES != self.life) {
            return Err(format!("topic {TOPIC}: {old:?} is of another life than {}", self.life));
        }
        match self.acknowledged.iter().find(|sent| !held.contains(sent)) {
            Some(missing) => Err(format!("topic {TOPIC}: {missing:?} was acknowledged and is not there, but {held:?}")),
            None => Ok(()),
        }
    }
}

/// Makes the topic, writes to it, deletes it, and again, until the oracle says stop.
pub async fn run(client: Client) {
    let mut links = Links::new(&client, REQUEST_TIMEOUT_MS);
    let mut past = Vec::new();
    loop {
        let id = create(&mut links, &past).await;
        client.oracle.borrow_mut().renewal.exists = true;
        let life = client.oracle.borrow().renewal.life;
        for value in life * VALUES..life * VALUES + 20 {
            client.pause_between(1, 80).await;
            if client.oracle.borrow().stop {
                client.oracle.borrow_mut().renewal.done = true;
                return;
            }
            if let Some(offset) = send(&mut links, id, value).await {
                client.trace.note(&("renewed", value, offset));
                client.oracle.borrow_mut().renewal.acknowledged.push((offset, value));
            }
        }
        client.oracle.borrow_mut().renewal.exists = false;
        delete(&mut links, id).await;
        past.push(id);
        let renewal = &mut client.oracle.borrow_mut().renewal;
        renewal.life += 1;
        renewal.acknowledged.clear();
    }
}

/// Makes it; those of `past` are gone, whatever a broker says that has not heard of it.
async fn create(links: &mut Links, past: &[Uuid]) -> Uuid {
    loop {
        let nodes = links.client.nodes as i16;
        let topic =
            CreatableTopic::default().with_name(name(TOPIC)).with_num_partitions(1).with_replication_factor(nodes);
        let request = CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(3000);
        if let Some(topic) = links.ask_any(7, &request).await.and_then(|made| made.topics.first().cloned())
            && topic.error_code == 0
        {
            return Uuid(*topic.topic_id.as_bytes());
        }
        // It may have been made though nobody said so.
        let wanted = MetadataRequestTopic::default().with_name(Some(name(TOPIC)));
        let request = MetadataRequest::default().with_topics(Some(vec![wanted])).with_allow_auto_topic_creation(false);
        if let Some(told) = links.ask_any(12, &request).await
            && let Some(topic) = told.topics.first().filter(|topic| topic.error_code == 0)
            && let id = Uuid(*topic.topic_id.as_bytes())
            && !past.contains(&id)
        {
            return id;
        }
        pause(100).await;
    }
}

/// Sends a value once, and gives the offset if it was acknowledged.
async fn send(links: &mut Links, id: Uuid, value: u64) -> Option<i64> {
    let node = links.leader(TOPIC, 0).await?;
    let mut batch = BatchBuilder::new();
    batch.append(Millis(1_700_000_000_000), None, Some(format!("{value} x").as_bytes()), &[]);
    let batch = batch.build(Offset(0), LeaderEpoch::NONE, Compression::None).ok()?;
    let data = PartitionProduceData::default().with_index(0).with_records(Some(batch));
    let id = uuid::Uuid::from_bytes(id.0);
    let topic = TopicProduceData::default().with_topic_id(id).with_partition_data(vec![data]);
    let request = ProduceRequest::default().with_acks(-1).with_timeout_ms(1000).with_topic_data(vec![topic]);
    let answer = links.ask(node, 13, &request).await?;
    let told = answer.responses.first()?.partition_responses.first()?;
    (told.error_code == 0).then_some(told.base_offset)
}

async fn delete(links: &mut Links, id: Uuid) {
    let gone = [ErrorCode::None.code(), ErrorCode::UnknownTopicId.code()];
    loop {
        let id = uuid::Uuid::from_bytes(id.0);
        let topic = DeleteTopicState::default().with_name(None).with_topic_id(id);
        let request = DeleteTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(3000);
        let answer = links.ask_any(6, &request).await;
        let first = answer.and_then(|answer| answer.responses.first().cloned());
        if first.is_some_and(|first| gone.contains(&first.error_code)) {
            return;
        }
        pause(100).await;
    }
}
