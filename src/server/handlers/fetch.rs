//! Fetch (1), versions 4-18. Gives slices of the log untouched; waits for `min_bytes` up to `max_wait_ms`.
//!
//! - v4: isolation level (KIP-98)
//! - v5: log start offset
//! - v7: incremental fetch sessions (KIP-227)
//! - v9: current leader epoch (KIP-320)
//! - v11: rack id (KIP-392)
//! - v12: flexible; last fetched epoch, diverging epoch (KIP-595)
//! - v13: topics by id (KIP-516)
//! - v15: replica state moves to a tagged field (KIP-903)
//! - v16: node endpoints (KIP-951)
//! - v17: replica directory id (KIP-853)
//! - v18: the follower's high watermark (KIP-1166)

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::fetch_request::FetchRequest;
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{BrokerEpoch, LeaderEpoch, NodeId, Offset, PartitionIndex, TopicName, Uuid};
use crate::log::read_info::{AbortedTxn, ReadUpTo};
use crate::protocol::fetch_response::{
    self, AbortedTransaction, FetchResponse, FetchedPartition, FetchedTopic, NodeEndpoint,
};
use crate::protocol::response::Response;
use crate::record::records::Records;
use crate::replica::manager::HostedTopic;
use crate::replica::read::{self, FetchParams, PartitionFetch, PartitionRead, Reader, Reads};
use crate::server::cluster_view::BrokerView;
use crate::server::context::{Context, blocking};
use crate::server::current_leader::CurrentLeaders;
use crate::server::error_map;
use crate::server::fetch_session::{FetchContext, FetchKey, FetchWish, SessionRequest, Told, TopicRef};
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

/// The first version that names topics by id.
const TOPIC_ID_VERSION_MIN: i16 = 13;
/// The first version whose consumers tell their rack.
const RACK_VERSION_MIN: i16 = 11;
/// The one way to select that is known, as `replica.selector.class` names it.
const RACK_SELECTOR: &str = "RackAwareReplicaSelector";
/// The first version whose followers tell their registration.
const REPLICA_STATE_VERSION_MIN: i16 = 15;
/// The first version whose clients learn who leads instead.
const CURRENT_LEADER_VERSION_MIN: i16 = 16;
/// The isolation level of a reader that sees everything.
const READ_UNCOMMITTED: i8 = 0;
/// The isolation level of a reader that sees committed transactions only.
const READ_COMMITTED: i8 = 1;

/// One partition of the fetch, resolved or refused.
struct Asked {
    key: FetchKey,
    hosted: Option<Arc<HostedTopic>>,
    /// Its place among the partitions that are read, or why it is not read.
    read: Result<usize, ErrorCode>,
}

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: FetchRequest = request.decode()?;
    let version = request.version();
    if !(READ_UNCOMMITTED..=READ_COMMITTED).contains(&body.isolation_level) {
        let refused = FetchResponse::failed(ErrorCode::UnknownServerError);
        return Ok(Handled::Now(fetch_response::encode(version, request.header.correlation_id, refused)?));
    }
    let session = session_request(&body, version);
    let (context, wishes) = match ctx.fetch_sessions.open(session, ctx.clock.monotonic()) {
        Ok(opened) => opened,
        Err(code) => {
            let refused = FetchResponse::failed(code);
            return Ok(Handled::Now(fetch_response::encode(version, request.header.correlation_id, refused)?));
        }
    };
    let reader = reader(&body, version);
    let params = FetchParams {
        max_wait: Duration::from_millis(u64::try_from(body.max_wait_ms).unwrap_or(0)),
        min_bytes: usize::try_from(body.min_bytes).unwrap_or(0),
        max_bytes: usize::try_from(body.max_bytes.min(ctx.config.fetch_max_bytes())).unwrap_or(0),
        up_to: up_to(reader, body.isolation_level),
        reader,
        rack: rack(ctx, &body, reader),
    };
    let up_to = params.up_to;
    let (asked, mut fetches) = resolve(ctx, wishes);
    // What cannot be read ends the wait before it begins.
    let at_once = params.max_wait.is_zero() || fetches.is_empty() || asked.iter().any(|a| a.read.is_err());
    let reads = read::read_now(&params, &mut fetches);
    let is_cold = reads.len() < fetches.len();
    if !is_cold && (at_once || read::is_enough(&params, &reads)) {
        return Ok(Handled::Now(answer(ctx, &request, &context, &asked, reads, up_to)?));
    }
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let (mut fetches, mut reads) = (fetches, reads);
        if is_cold {
            // The first cold partition and those behind it, where waiting for a disk holds up nobody else.
            let wanted = params.clone();
            let all = blocking(move || {
                read::read_rest(&wanted, &mut fetches, &mut reads);
                (fetches, reads)
            });
            (fetches, reads) = all.await.unwrap_or_default();
        }
        if !at_once && !read::is_enough(&params, &reads) {
            reads = read::read_waiting(params, fetches, reads).await;
        }
        answer(&ctx, &request, &context, &asked, reads, up_to)
    }))
}

/// A follower names its broker; a consumer that can tell its rack may read from any replica (KIP-392).
fn reader(body: &FetchRequest, version: i16) -> Reader {
    let (node, epoch) = if version >= REPLICA_STATE_VERSION_MIN {
        (body.replica_state.replica_id.0, body.replica_state.replica_epoch)
    } else {
        (body.replica_id.0, BrokerEpoch::NONE.0)
    };
    if node >= 0 {
        Reader::Follower { node: NodeId(node), broker_epoch: BrokerEpoch(epoch) }
    } else {
        Reader::Consumer { leader_only: version < RACK_VERSION_MIN }
    }
}

/// A consumer's rack, where consumers are sent to replicas near to them.
fn rack(ctx: &Context, body: &FetchRequest, reader: Reader) -> Option<String> {
    let told = reader == (Reader::Consumer { leader_only: false }) && !body.rack_id.is_empty();
    let selects = || ctx.config.text("replica.selector.class").is_some_and(|class| class.ends_with(RACK_SELECTOR));
    (told && selects()).then(|| body.rack_id.to_string())
}

fn up_to(reader: Reader, isolation_level: i8) -> ReadUpTo {
    match reader {
        Reader::Follower { .. } => ReadUpTo::LogEnd,
        Reader::Consumer { .. } if isolation_level == READ_COMMITTED => ReadUpTo::LastStable,
        Reader::Consumer { .. } => ReadUpTo::HighWatermark,
    }
}

fn session_request(body: &FetchRequest, version: i16) -> SessionRequest {
    let by_id = version >= TOPIC_ID_VERSION_MIN;
    let topic_ref = |name: &str, id: uuid::Uuid| {
        if by_id { TopicRef::Id(Uuid(id.into_bytes())) } else { TopicRef::Name(TopicName::from(name)) }
    };
    let mut wishes = Vec::with_capacity(body.topics.iter().map(|t| t.partitions.len()).sum());
    for topic in &body.topics {
        let named = topic_ref(&topic.topic, topic.topic_id);
        for p in &topic.partitions {
            let key = FetchKey { topic: named.clone(), partition: PartitionIndex(p.partition) };
            let wish = FetchWish {
                from: Offset(p.fetch_offset),
                max_bytes: p.partition_max_bytes,
                current_epoch: LeaderEpoch(p.current_leader_epoch),
                last_fetched_epoch: LeaderEpoch(p.last_fetched_epoch),
                log_start: Offset(p.log_start_offset),
            };
            wishes.push((key, wish));
        }
    }
    let forgotten = body.forgotten_topics_data.iter().flat_map(|topic| {
        let named = topic_ref(&topic.topic, topic.topic_id);
        topic.partitions.iter().map(move |p| FetchKey { topic: named.clone(), partition: PartitionIndex(*p) })
    });
    SessionRequest {
        id: body.session_id,
        // Before sessions existed every fetch was a full one.
        epoch: if version < 7 { crate::server::fetch_session::FINAL_EPOCH } else { body.session_epoch },
        by_id,
        forgotten: forgotten.collect(),
        wishes,
    }
}

fn resolve(ctx: &Context, wishes: Vec<(FetchKey, FetchWish)>) -> (Vec<Asked>, Vec<PartitionFetch>) {
    let table = ctx.replicas.hosted();
    let mut asked = Vec::with_capacity(wishes.len());
    let mut fetches = Vec::with_capacity(wishes.len());
    for (key, wish) in wishes {
        let (hosted, unknown) = match &key.topic {
            TopicRef::Name(name) => (table.by_name.get(name), ErrorCode::UnknownTopicOrPartition),
            TopicRef::Id(id) => (table.by_id.get(id), ErrorCode::UnknownTopicId),
        };
        let read = match hosted {
            None => Err(unknown),
            Some(hosted) => match hosted.partition(key.partition) {
                None => Err(ErrorCode::UnknownTopicOrPartition),
                Some(partition) => {
                    fetches.push(PartitionFetch {
                        partition: Arc::clone(partition),
                        from: wish.from,
                        max_bytes: usize::try_from(wish.max_bytes).unwrap_or(0),
                        current_epoch: Some(wish.current_epoch),
                        last_fetched_epoch: Some(wish.last_fetched_epoch),
                        log_start: wish.log_start,
                        read_at: 0,
                    });
                    Ok(fetches.len() - 1)
                }
            },
        };
        asked.push(Asked { hosted: hosted.cloned(), key, read });
    }
    (asked, fetches)
}

fn answer(
    ctx: &Context,
    request: &Request,
    context: &FetchContext,
    asked: &[Asked],
    reads: Reads,
    up_to: ReadUpTo,
) -> Result<Response, Refusal> {
    let version = request.version();
    let committed = up_to == ReadUpTo::LastStable;
    let mut reads: Vec<_> = reads.into_iter().map(Some).collect();
    let mut answers = Vec::with_capacity(asked.len());
    let mut outcomes = Vec::with_capacity(asked.len());
    let mut leaders =
        (version >= CURRENT_LEADER_VERSION_MIN).then(|| CurrentLeaders::new(ctx, &request.connection.listener));
    for one in asked {
        let answer = match &one.read {
            Err(code) => FetchedPartition::failed(one.key.partition, *code),
            Ok(place) => match reads.get_mut(*place).and_then(Option::take) {
                Some(Ok(read)) => given(one.key.partition, read, committed),
                Some(Err(error)) => unread(one, error_map::fetch(&error), leaders.as_mut()),
                None => FetchedPartition::failed(one.key.partition, ErrorCode::UnknownServerError),
            },
        };
        if let Some(hosted) = &one.hosted {
            if answer.error.is_none() {
                hosted.metrics.fetched(answer.records.len() as u64);
            } else {
                hosted.metrics.failed_fetch();
            }
        }
        let notable = !answer.error.is_none()
            || !answer.records.is_empty()
            || answer.diverging_epoch.is_some()
            || !answer.preferred_read_replica.is_none();
        // Who is told where its log departs cuts it there, and takes nothing else from such an answer.
        let told = match answer.diverging_epoch {
            Some(_) => Told { high_watermark: Offset::NONE, log_start_offset: Offset::NONE },
            None => Told { high_watermark: answer.high_watermark, log_start_offset: answer.log_start_offset },
        };
        outcomes.push((one.key.clone(), notable, told));
        answers.push(answer);
    }
    let selected = context.select(&outcomes);
    let topics = group(asked, answers, &selected);
    // Followers know from the metadata where brokers are.
    let leaders = leaders.filter(|_| up_to != ReadUpTo::LogEnd);
    let node_endpoints = leaders.map(|leaders| leaders.reached().map(endpoint).collect()).unwrap_or_default();
    let response =
        FetchResponse { session_id: context.id(), topics, node_endpoints, ..FetchResponse::failed(ErrorCode::None) };
    Ok(fetch_response::encode(request.version(), request.header.correlation_id, response)?)
}

/// Puts partitions of one topic that follow each other under one topic, keeping the order asked.
fn group(asked: &[Asked], answers: Vec<FetchedPartition>, selected: &[bool]) -> Vec<FetchedTopic> {
    let mut topics: Vec<FetchedTopic> = Vec::new();
    let mut last: Option<&TopicRef> = None;
    for ((one, answer), _) in asked.iter().zip(answers).zip(selected).filter(|(_, selected)| **selected) {
        if last != Some(&one.key.topic) {
            let (name, id) = match &one.key.topic {
                TopicRef::Name(name) => (name.clone(), Uuid::ZERO),
                TopicRef::Id(id) => (TopicName::from(""), *id),
            };
            topics.push(FetchedTopic { name, id, partitions: Vec::new() });
            last = Some(&one.key.topic);
        }
        if let Some(topic) = topics.last_mut() {
            topic.partitions.push(answer);
        }
    }
    topics
}

/// A partition that is here but could not be read. Unlike one that is not here, Kafka gives it no list of aborted transactions;
/// with the news that somebody else leads comes who does (KIP-951).
fn unread(one: &Asked, code: ErrorCode, leaders: Option<&mut CurrentLeaders<'_>>) -> FetchedPartition {
    let told = leaders.filter(|_| matches!(code, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch));
    let partition = one.hosted.as_ref().and_then(|hosted| hosted.partition(one.key.partition));
    let current_leader = told.zip(partition).map(|(leaders, partition)| leaders.tell(partition));
    FetchedPartition { aborted: None, current_leader, ..FetchedPartition::failed(one.key.partition, code) }
}

fn endpoint(broker: BrokerView) -> NodeEndpoint {
    NodeEndpoint {
        node_id: broker.id,
        host: StrBytes::from_string(broker.host),
        port: broker.port,
        rack: broker.rack.map(StrBytes::from_string),
    }
}

fn given(index: PartitionIndex, read: PartitionRead, committed: bool) -> FetchedPartition {
    let PartitionRead { info, diverging, preferred } = read;
    FetchedPartition {
        high_watermark: info.high_watermark,
        last_stable_offset: info.last_stable_offset,
        log_start_offset: info.log_start_offset,
        aborted: committed.then(|| {
            let told = |a: &AbortedTxn| AbortedTransaction { producer_id: a.producer_id, first_offset: a.first_offset };
            info.aborted.iter().map(told).collect()
        }),
        records: if diverging.is_some() { Records::EMPTY } else { info.records },
        diverging_epoch: diverging,
        preferred_read_replica: preferred.unwrap_or(NodeId::NONE),
        ..FetchedPartition::failed(index, ErrorCode::None)
    }
}
