//! TxnOffsetCommit (28), versions 0-5. A group has come so far once a transaction is committed (KIP-98).
//!
//! - v2: leader epochs (KIP-320); a coordinator that is loading says so
//! - v3: flexible; who commits: member, generation, static name (KIP-447)
//! - v4: `TRANSACTION_ABORTABLE` (KIP-890)
//! - v5: the commit itself adds the group's partition to the transaction (KIP-890)

use std::sync::Arc;

use kafka_protocol::messages::TopicName;
use kafka_protocol::messages::txn_offset_commit_request::{TxnOffsetCommitRequest, TxnOffsetCommitRequestPartition};
use kafka_protocol::messages::txn_offset_commit_response::{
    TxnOffsetCommitResponse, TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};

use crate::base::error_code::ErrorCode;
use crate::base::ids::{LeaderEpoch, Offset, PartitionIndex, ProducerEpoch, ProducerId, Sequence};
use crate::base::topic_name::CONSUMER_OFFSETS;
use crate::coordinator::group::offsets::commit::{CommitPartition, CommitReply, CommitTopic};
use crate::coordinator::group::offsets::txn_commit::{TxnOffsetCommit, commit};
use crate::coordinator::group::service::Answer;
use crate::coordinator::partition_of;
use crate::coordinator::transaction::state::Producer;
use crate::log::verification::Guard;
use crate::replica::partition::Partition;
use crate::server::context::Context;
use crate::server::group_wire::{answer, optional_shared, shared};
use crate::server::handlers::{Handled, offset_commit};
use crate::server::offset_topics::{Asked, TopicCodes, existing, merged};
use crate::server::request::{Refusal, Request};
use crate::server::transaction_guard::{First, Question, Speaks, Words};

/// Older producers take "loading" for an end, and "not available" for a reason to try again.
const LOADING_VERSION_MIN: i16 = 2;
const SAYS_ABORT_VERSION_MIN: i16 = 4;
const ADDS_VERSION_MIN: i16 = 5;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: TxnOffsetCommitRequest = request.decode()?;
    let commit = Arc::new(Commit::of(ctx, request.version(), body));
    if commit.op.topics.is_empty() {
        return request.now(&to_wire(request.version(), commit.refused.clone()));
    }
    if commit.op.group.is_empty() {
        return commit.answer(request, Err(ErrorCode::InvalidGroupId));
    }
    let question = match commit.question(ctx, request.version()) {
        Ok(None) => return commit.submit(ctx, request, None),
        Ok(Some(question)) => question,
        Err(code) => return commit.answer(request, Err(code)),
    };
    let ctx = Arc::clone(ctx);
    Ok(Handled::Alone(Box::pin(async move {
        let asked = question.begin(&ctx);
        let words = question.ask(&ctx, asked).await;
        match commit.submit(&ctx, request, Some(&words))? {
            Handled::Now(response) => Ok(response),
            Handled::Later(rest) | Handled::Alone(rest) => rest.await,
            Handled::Silent => Err(Refusal::NotServed("a commit needs an answer".into())),
        }
    })))
}

/// One request.
struct Commit {
    transactional_id: String,
    op: TxnOffsetCommit,
    names: Vec<TopicName>,
    refused: Vec<TopicCodes>,
    /// The partition that holds the group's offsets, if it is here.
    partition: Option<Arc<Partition>>,
}

impl Commit {
    fn of(ctx: &Context, version: i16, body: TxnOffsetCommitRequest) -> Self {
        let image = ctx.metadata();
        let (mut topics, mut names, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for topic in body.topics {
            let asked = Asked::Name(&topic.name);
            match asked.find(&image) {
                Err(code) => refused.push(asked.refused(code, topic.partitions.iter().map(|p| p.partition_index))),
                Ok(known) => {
                    let partitions = existing(known, topic.partitions, |p| p.partition_index, &mut refused);
                    if !partitions.is_empty() {
                        let partitions = partitions.iter().map(partition).collect();
                        topics.push(CommitTopic { name: known.name.shared(), id: known.id, partitions });
                        names.push(topic.name);
                    }
                }
            }
        }
        let group = shared(&body.group_id.0);
        let offsets = image.topic(CONSUMER_OFFSETS).map_or(0, |topic| topic.partitions.len());
        let partition = ctx.replicas.partition(CONSUMER_OFFSETS, partition_of(&group, offsets));
        let op = TxnOffsetCommit {
            group,
            producer: (ProducerId(body.producer_id.0), ProducerEpoch(body.producer_epoch)),
            member_id: shared(&body.member_id),
            instance_id: optional_shared(body.group_instance_id.as_ref()),
            generation: body.generation_id,
            api_version: version,
            topics,
        };
        Self { transactional_id: body.transactional_id.0.to_string(), op, names, refused, partition }
    }

    /// What the transaction's coordinator must be asked before.
    fn question(&self, ctx: &Context, version: i16) -> Result<Option<Question>, ErrorCode> {
        let speaks = match version {
            ..SAYS_ABORT_VERSION_MIN => Speaks::Old,
            SAYS_ABORT_VERSION_MIN..ADDS_VERSION_MIN => Speaks::OldWithAbort,
            _ => Speaks::New,
        };
        // Whether it is here or not, it stays so for this request: nobody has asked about one that comes to be led here meanwhile.
        let Some(partition) = &self.partition else { return Ok(None) };
        partition.lead(None).map_err(|_| ErrorCode::NotCoordinator)?;
        let producer = Producer::new(self.op.producer.0, self.op.producer.1);
        let first = First { partition: Arc::clone(partition), producer, sequence: Sequence::NONE };
        let verifies = ctx.config.transaction_partition_verification_enable();
        Question::of(&self.transactional_id, speaks, &[first], verifies, ctx.now())
    }

    fn submit(self: Arc<Self>, ctx: &Context, request: Request, words: Option<&Words>) -> Result<Handled, Refusal> {
        let guard = match self.guard(words) {
            Ok(guard) => guard,
            Err(code) => return self.answer(request, Err(code)),
        };
        let submitted = ctx.groups.submit(&self.op.group, |machine, call| {
            // Only the group's coordinator ends transactions in this log, and it is busy with this: nothing comes between.
            let (id, epoch) = self.op.producer;
            let overtaken = |guard| self.partition.as_ref().is_none_or(|p| !p.log().is_verified(id, epoch, guard));
            if guard.is_some_and(overtaken) {
                return Err(ErrorCode::InvalidTxnState);
            }
            commit(machine, call.now, &self.op)
        });
        self.answer(request, submitted)
    }

    fn guard(&self, words: Option<&Words>) -> Result<Option<Guard>, ErrorCode> {
        let (Some(words), Some(partition)) = (words, &self.partition) else { return Ok(None) };
        words.of(&partition.name).map_err(|code| match code {
            // Producers know this one, and try again.
            ErrorCode::NotEnoughReplicas => ErrorCode::CoordinatorLoadInProgress,
            code => code,
        })
    }

    fn answer(
        self: Arc<Self>,
        request: Request,
        submitted: Result<Answer<CommitReply>, ErrorCode>,
    ) -> Result<Handled, Refusal> {
        answer(request, submitted, move |request, reply| {
            let answered = offset_commit::answered(&self.op.topics, self.names.clone(), reply);
            to_wire(request.version(), merged(self.refused.clone(), answered))
        })
    }
}

fn partition(wire: &TxnOffsetCommitRequestPartition) -> CommitPartition {
    CommitPartition {
        index: PartitionIndex(wire.partition_index),
        offset: Offset(wire.committed_offset),
        leader_epoch: LeaderEpoch(wire.committed_leader_epoch),
        metadata: wire.committed_metadata.as_ref().filter(|note| !note.is_empty()).map(shared).unwrap_or_default(),
    }
}

fn to_wire(version: i16, topics: Vec<TopicCodes>) -> TxnOffsetCommitResponse {
    let told = |code: ErrorCode| match code {
        ErrorCode::CoordinatorLoadInProgress if version < LOADING_VERSION_MIN => ErrorCode::CoordinatorNotAvailable,
        code => code,
    };
    let topics = topics.into_iter().map(|topic| {
        let partitions = topic.partitions.into_iter().map(|(index, code)| {
            TxnOffsetCommitResponsePartition::default().with_partition_index(index).with_error_code(told(code).code())
        });
        TxnOffsetCommitResponseTopic::default().with_name(topic.name).with_partitions(partitions.collect())
    });
    TxnOffsetCommitResponse::default().with_topics(topics.collect())
}
