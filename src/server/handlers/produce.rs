//! Produce (0), versions 3-13. Appends each partition's batch as it was sent; answers when `acks` is met.
//!
//! - v3: transactional id, magic-2 batches only, one batch per partition
//! - v5: log start offset in the answer
//! - v7: zstd (KIP-110)
//! - v8: errors per record (KIP-467)
//! - v10: the current leader in the answer (KIP-951)
//! - v12: a transactional batch may add its partition implicitly (KIP-890)
//! - v13: topics by id (KIP-516)
//!
//! With acks=0 nothing is answered; an error then closes the connection, which is how such a producer learns of it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::messages::TopicName;
use kafka_protocol::messages::produce_response::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse, ProduceResponse,
    TopicProduceResponse,
};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, Offset, PartitionIndex};
use crate::base::topic_name;
use crate::coordinator::transaction::state::Producer;
use crate::log::error::AppendError;
use crate::protocol::produce_request::{ProduceRequest, ProducedPartition, ProducedTopic};
use crate::protocol::response::Response;
use crate::record::batch::{self, BatchHeader};
use crate::record::compression::Compression;
use crate::replica::append::{self, Acks, Appended, ProduceError};
use crate::replica::manager::HostedTopic;
use crate::server::cluster_view::BrokerView;
use crate::server::context::Context;
use crate::server::current_leader::CurrentLeaders;
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};
use crate::server::transaction_guard::{First, Question, Speaks, Words};

/// Who may write to internal topics.
const ADMIN_CLIENT_ID: &str = "__admin_client";
/// The first version whose producers know zstd.
const ZSTD_VERSION_MIN: i16 = 7;
/// The first version whose producers learn who leads instead.
const CURRENT_LEADER_VERSION_MIN: i16 = 10;
/// The first version whose producers know what `TRANSACTION_ABORTABLE` says, and the first in which producing adds a partition to
/// the transaction (KIP-890).
const SAYS_ABORT_VERSION_MIN: i16 = 11;
const ADDS_VERSION_MIN: i16 = 12;
/// The first version that names topics by id.
const TOPIC_ID_VERSION_MIN: i16 = 13;

/// One partition's outcome, before it is known whether it is settled; a refusal with the partition's log start.
type Outcome = Result<Appended, (ProduceError, Offset)>;

/// A partition's place in its request: the topic's, and its own in it.
type Place = (usize, usize);

const NOT_ADDED: &str = "the partition has not joined the transaction";

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body = ProduceRequest::decode(request.version(), request.body.clone()).map_err(|e| request.undecodable(e))?;
    let Some(acks) = acks(body.acks) else {
        return request.now(&refuse_all(&body, ErrorCode::InvalidRequiredAcks));
    };
    // Who writes transactional records names the transaction.
    if body.transactional_id().is_none() && has_transactional(&body) {
        return request.now(&refuse_all(&body, ErrorCode::TransactionalIdAuthorizationFailed));
    }
    let (question, elsewhere) = match question(ctx, request.version(), &body) {
        Ok((None, elsewhere)) => return append_all(ctx, request, &body, acks, &Words::default(), &elsewhere),
        Ok((Some(question), elsewhere)) => (question, elsewhere),
        Err(code) => return request.now(&refuse_all(&body, code)),
    };
    let asked = match question.begin(ctx).now() {
        Ok(reply) => {
            let words = question.words(reply);
            if !words.is_busy() {
                return append_all(ctx, request, &body, acks, &words, &elsewhere);
            }
            question.begin(ctx)
        }
        Err(asked) => asked,
    };
    let ctx = Arc::clone(ctx);
    Ok(Handled::Alone(Box::pin(async move {
        let words = question.ask(&ctx, asked).await;
        match append_all(&ctx, request, &body, acks, &words, &elsewhere)? {
            Handled::Now(response) => Ok(response),
            Handled::Later(rest) | Handled::Alone(rest) => rest.await,
            Handled::Silent => Err(Refusal::NotServed("transactional records need an answer".into())),
        }
    })))
}

/// What must be asked of the transaction's coordinator before the records are taken, and the places of transactional records that
/// are not led here, in order. Those are refused in the end as well: whoever comes to lead one while the coordinator is asked has not
/// asked about it, and would take the records for some that never joined the transaction, which a client does not try again.
fn question(ctx: &Context, version: i16, body: &ProduceRequest) -> Result<(Option<Question>, Vec<Place>), ErrorCode> {
    let Some(transactional_id) = body.transactional_id() else { return Ok((None, Vec::new())) };
    let speaks = match version {
        ..SAYS_ABORT_VERSION_MIN => Speaks::Old,
        SAYS_ABORT_VERSION_MIN..ADDS_VERSION_MIN => Speaks::OldWithAbort,
        _ => Speaks::New,
    };
    let (mut firsts, mut elsewhere) = (Vec::new(), Vec::new());
    for (t, topic) in body.topics().enumerate() {
        let hosted = hosted(ctx, version, &topic);
        for (p, data) in topic.partitions().enumerate() {
            let header = data.records.as_ref().and_then(|records| BatchHeader::parse(records).ok());
            let Some(header) = header.filter(|header| header.is_transactional()) else { continue };
            let partition = hosted.as_ref().and_then(|hosted| hosted.partition(data.index));
            match partition.filter(|partition| partition.lead(None).is_ok()) {
                Some(partition) => {
                    let producer = Producer::new(header.producer_id, header.producer_epoch);
                    firsts.push(First { partition: Arc::clone(partition), producer, sequence: header.base_sequence });
                }
                None => elsewhere.push((t, p)),
            }
        }
    }
    let verifies = ctx.config.transaction_partition_verification_enable();
    Ok((Question::of(transactional_id, speaks, &firsts, verifies, ctx.now())?, elsewhere))
}

fn append_all(
    ctx: &Arc<Context>,
    request: Request,
    body: &ProduceRequest,
    acks: Acks,
    words: &Words,
    elsewhere: &[Place],
) -> Result<Handled, Refusal> {
    let version = request.version();
    let client = (version, request.client_id());
    let now = ctx.now();
    let mut waits = Vec::new();
    let mut responses = Vec::with_capacity(body.topic_count());
    for (t, topic) in body.topics().enumerate() {
        let hosted = hosted(ctx, version, &topic);
        let mut partitions = Vec::with_capacity(topic.partition_count);
        for (p, data) in topic.partitions().enumerate() {
            let index = data.index.0;
            let words = elsewhere.binary_search(&(t, p)).is_err().then_some(words);
            let (answer, appended) = match append_one(ctx, client, hosted.as_deref(), data, words, acks, now) {
                Err(code) => {
                    let words = (code == ErrorCode::InvalidTxnState).then(|| NOT_ADDED.to_owned());
                    (refused(index, code, words), None)
                }
                Ok(outcome) => answer(index, outcome),
            };
            if let Some(appended) = appended.filter(|a| !a.is_settled()) {
                waits.push((responses.len(), partitions.len(), appended));
            }
            partitions.push(answer);
        }
        let name = hosted.as_ref().map_or(topic.name, |h| &h.name);
        responses.push(topic_response(name, &topic, partitions));
    }
    let response = ProduceResponse::default().with_responses(responses);
    if acks == Acks::None {
        return silent(&response);
    }
    if waits.is_empty() {
        return respond(ctx, &request, response).map(Handled::Now);
    }
    let timeout = Duration::from_millis(u64::try_from(body.timeout_ms).unwrap_or(0));
    Ok(Handled::later(settle(Arc::clone(ctx), request, response, waits, timeout)))
}

fn has_transactional(body: &ProduceRequest) -> bool {
    let mut partitions = body.topics().flat_map(|topic| topic.partitions());
    partitions.any(|data| data.records.is_some_and(|records| batch::begins_transactional(&records)))
}

fn acks(acks: i16) -> Option<Acks> {
    match acks {
        0 => Some(Acks::None),
        1 => Some(Acks::Leader),
        -1 => Some(Acks::All),
        _ => None,
    }
}

fn hosted(ctx: &Context, version: i16, topic: &ProducedTopic<'_>) -> Option<Arc<HostedTopic>> {
    if version >= TOPIC_ID_VERSION_MIN { ctx.replicas.topic_by_id(topic.id) } else { ctx.replicas.topic(topic.name) }
}

fn append_one(
    ctx: &Context,
    (version, client_id): (i16, &str),
    hosted: Option<&HostedTopic>,
    data: ProducedPartition,
    words: Option<&Words>,
    acks: Acks,
    now: Millis,
) -> Result<Outcome, ErrorCode> {
    let unknown =
        if version >= TOPIC_ID_VERSION_MIN { ErrorCode::UnknownTopicId } else { ErrorCode::UnknownTopicOrPartition };
    let hosted = hosted.ok_or(unknown)?;
    let partition = hosted.partition(data.index).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    // What the coordinators have written is theirs alone; Kafka's own administrator is trusted by its name.
    if topic_name::is_internal(&hosted.name) && client_id != ADMIN_CLIENT_ID {
        return Err(ErrorCode::InvalidTopicException);
    }
    let batches = data.records.ok_or(ErrorCode::InvalidRecord)?;
    check_codec(version, &batches)?;
    let guard = words.ok_or(ErrorCode::NotLeaderOrFollower)?.of(&partition.name)?;
    let bytes = batches.len() as u64;
    let outcome = append::append(&ctx.replicas, partition, batches, guard, acks, now);
    match &outcome {
        Ok(appended) => hosted.metrics.produced(bytes, appended.info.record_count()),
        Err(_) => hosted.metrics.failed_produce(),
    }
    Ok(outcome.map_err(|error| (error, partition.log().log_start_offset())))
}

/// A producer that cannot read zstd back may not write it (KIP-110).
fn check_codec(version: i16, batches: &Bytes) -> Result<(), ErrorCode> {
    if version >= ZSTD_VERSION_MIN {
        return Ok(());
    }
    match BatchHeader::parse(batches) {
        Ok(header) if header.compression() == Some(Compression::Zstd) => Err(ErrorCode::UnsupportedCompressionType),
        _ => Ok(()),
    }
}

fn answer(index: i32, outcome: Outcome) -> (PartitionProduceResponse, Option<Appended>) {
    match outcome {
        Ok(appended) => {
            let info = &appended.info;
            let answer = PartitionProduceResponse::default()
                .with_index(index)
                .with_base_offset(info.first_offset.0)
                .with_log_append_time_ms(info.log_append_time.0)
                .with_log_start_offset(info.log_start_offset.0);
            (answer, Some(appended))
        }
        Err((error, log_start)) => {
            let code = error_map::produce(&error);
            let mut answer = refused(index, code, Some(error.to_string()));
            if tells_log_start(&error) {
                answer.log_start_offset = log_start.0;
            }
            if let ProduceError::Append(
                AppendError::InvalidRecords { records, .. } | AppendError::Timestamp { records, .. },
            ) = &error
            {
                answer.record_errors = records
                    .iter()
                    .map(|r| {
                        BatchIndexAndErrorMessage::default()
                            .with_batch_index(r.index)
                            .with_batch_index_error_message(Some(StrBytes::from_string(r.message.clone())))
                    })
                    .collect();
            }
            (answer, None)
        }
    }
}

/// Kafka tells where the log starts with a refusal that the log itself made of the batch's content.
fn tells_log_start(error: &ProduceError) -> bool {
    match error {
        ProduceError::Leader(_) | ProduceError::NotEnoughReplicas { .. } => false,
        ProduceError::Append(error) => !matches!(
            error,
            AppendError::NotOneBatch(_)
                | AppendError::Corrupt(_)
                | AppendError::TooLarge { .. }
                | AppendError::LargerThanSegment { .. }
                | AppendError::Storage(_)
        ),
    }
}

fn refused(index: i32, code: ErrorCode, message: Option<String>) -> PartitionProduceResponse {
    PartitionProduceResponse::default()
        .with_index(index)
        .with_error_code(code.code())
        .with_base_offset(-1)
        .with_log_append_time_ms(-1)
        .with_log_start_offset(-1)
        .with_error_message(message.map(StrBytes::from_string))
}

fn refuse_all(body: &ProduceRequest, code: ErrorCode) -> ProduceResponse {
    let responses = body.topics().map(|topic| {
        let partitions = topic.partitions().map(|p| refused(p.index.0, code, None)).collect();
        topic_response(topic.name, &topic, partitions)
    });
    ProduceResponse::default().with_responses(responses.collect())
}

fn topic_response(
    name: &str,
    topic: &ProducedTopic<'_>,
    partitions: Vec<PartitionProduceResponse>,
) -> TopicProduceResponse {
    TopicProduceResponse::default()
        .with_name(TopicName(StrBytes::from_string(name.to_owned())))
        .with_topic_id(uuid::Uuid::from_bytes(topic.id.0))
        .with_partition_responses(partitions)
}

fn silent(response: &ProduceResponse) -> Result<Handled, Refusal> {
    let failed = response.responses.iter().flat_map(|t| &t.partition_responses).find(|p| p.error_code != 0);
    match failed {
        None => Ok(Handled::Silent),
        Some(p) => Err(Refusal::NotServed(format!(
            "a produce with acks=0 failed with error {} on partition {}; the connection is closed because no answer may be sent",
            p.error_code, p.index
        ))),
    }
}

/// Waits for what is not settled yet; what is still open when the time is up is answered with `REQUEST_TIMED_OUT`.
async fn settle(
    ctx: Arc<Context>,
    request: Request,
    mut response: ProduceResponse,
    waits: Vec<(usize, usize, Appended)>,
    timeout: Duration,
) -> Result<Response, Refusal> {
    let mut late = std::pin::pin!(tokio::time::sleep(timeout));
    for (topic, partition, appended) in waits {
        let code = tokio::select! {
            biased;
            settled = appended.settled() => match settled {
                Ok(()) => continue,
                Err(error) => error_map::commit(error),
            },
            () = until(late.as_mut()) => ErrorCode::RequestTimedOut,
        };
        let answer = &mut response.responses[topic].partition_responses[partition];
        *answer = refused(answer.index, code, None);
    }
    respond(&ctx, &request, response)
}

/// Answers; where somebody else leads by now, with who does (KIP-951).
fn respond(ctx: &Context, request: &Request, mut response: ProduceResponse) -> Result<Response, Refusal> {
    if request.version() >= CURRENT_LEADER_VERSION_MIN {
        let mut leaders = CurrentLeaders::new(ctx, &request.connection.listener);
        for topic in &mut response.responses {
            let partitions = topic.partition_responses.iter_mut();
            for answer in partitions.filter(|p| p.error_code == ErrorCode::NotLeaderOrFollower.code()) {
                let Some(hosted) = ctx.replicas.topic(&topic.name) else { continue };
                let Some(partition) = hosted.partition(PartitionIndex(answer.index)) else { continue };
                let (leader, epoch) = leaders.tell(partition);
                answer.current_leader =
                    LeaderIdAndEpoch::default().with_leader_id(leader.0.into()).with_leader_epoch(epoch.0);
            }
        }
        response.node_endpoints = leaders.reached().map(endpoint).collect();
    }
    request.respond(&response)
}

fn endpoint(broker: BrokerView) -> NodeEndpoint {
    NodeEndpoint::default()
        .with_node_id(broker.id.0.into())
        .with_host(StrBytes::from_string(broker.host))
        .with_port(broker.port)
        .with_rack(broker.rack.map(StrBytes::from_string))
}

/// Ends when the time is up, also if it was up before.
async fn until(late: std::pin::Pin<&mut tokio::time::Sleep>) {
    if !late.is_elapsed() {
        late.await;
    }
}
