//! What must be asked of a transaction's coordinator before a partition takes the transaction's first records (KIP-890).
//!
//! Producers of the old way have added the partition themselves: it is only looked whether they have. For those of the new way
//! being produced to is what adds it. Where the coordinator is here and its answer is committed at once, nothing waits.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, NodeId, Sequence, TopicPartition};
use crate::coordinator::transaction::add_partitions::{AddPartitions, add_partitions};
use crate::coordinator::transaction::service::Answer;
use crate::coordinator::transaction::state::{Producer, TransactionVersion};
use crate::coordinator::transaction::verify::{Verify, verify};
use crate::log::verification::{FirstBatch, Guard};
use crate::replica::partition::Partition;
use crate::server::context::Context;

/// How the producer speaks of transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// It has added the partition, and knows no error that says "abort this transaction".
    Old,
    /// It has added the partition.
    OldWithAbort,
    /// Its records add the partition; every transaction has its epoch.
    New,
}

/// What the coordinator said of each partition that it had to be asked about.
#[derive(Debug, Default)]
pub struct Words(HashMap<TopicPartition, Result<Guard, ErrorCode>>);

impl Words {
    /// True if the transaction before is still being ended, and the producer need not know of it yet.
    pub fn is_busy(&self) -> bool {
        self.0.values().any(|word| *word == Err(ErrorCode::ConcurrentTransactions))
    }

    /// The guard of a partition, if one was needed.
    pub fn of(&self, partition: &TopicPartition) -> Result<Option<Guard>, ErrorCode> {
        if self.0.is_empty() { Ok(None) } else { self.0.get(partition).copied().transpose() }
    }
}

/// The first records that a partition led here is to take.
pub struct First {
    /// The partition.
    pub partition: Arc<Partition>,
    /// Whose records.
    pub producer: Producer,
    /// Their first sequence; offsets of groups have none.
    pub sequence: Sequence,
}

/// A question for the coordinator.
#[derive(Debug)]
pub struct Question {
    transactional_id: String,
    producer: Producer,
    speaks: Speaks,
    guards: HashMap<TopicPartition, Guard>,
}

impl Question {
    /// What must be asked before `firsts` are appended: the first batch of each partition that is led here. None: nothing.
    pub fn of(
        transactional_id: &str,
        speaks: Speaks,
        firsts: &[First],
        verifies: bool,
        now: Millis,
    ) -> Result<Option<Self>, ErrorCode> {
        let Some(First { producer, .. }) = firsts.first() else { return Ok(None) };
        let producer = *producer;
        if firsts.iter().any(|first| first.producer != producer) {
            return Err(ErrorCode::InvalidProducerIdMapping);
        }
        let bumps_epoch = speaks == Speaks::New;
        if !verifies && !bumps_epoch {
            return Ok(None);
        }
        let guards: HashMap<_, _> = firsts
            .iter()
            .filter_map(|First { partition, sequence, .. }| {
                let (producer_id, epoch, sequence) = (producer.id, producer.epoch, *sequence);
                let batch = FirstBatch { producer_id, epoch, sequence, bumps_epoch };
                Some((partition.name.clone(), partition.log().begin_verification(batch, now)?))
            })
            .collect();
        let question = Self { transactional_id: transactional_id.to_owned(), producer, speaks, guards };
        Ok((!question.guards.is_empty()).then_some(question))
    }

    /// Asks once. The answer has no word for the partitions that need none.
    pub fn begin(&self, ctx: &Context) -> Asked {
        let partitions: Vec<TopicPartition> = self.guards.keys().cloned().collect();
        let (id, producer) = (&self.transactional_id, self.producer);
        let elsewhere =
            ctx.transactions.coordinator_of(id).filter(|leader| *leader != ctx.node_id && !leader.is_none());
        if let Some(leader) = elsewhere {
            return Asked::Elsewhere(leader, partitions);
        }
        if self.speaks == Speaks::New {
            let partitions: BTreeSet<_> = partitions.into_iter().collect();
            let op = AddPartitions { transactional_id: id, producer, partitions, version: TransactionVersion::V2 };
            return Asked::Added(ctx.transactions.submit(id, |machine, now| add_partitions(machine, now, &op)));
        }
        let op = Verify { transactional_id: id, producer, partitions: &partitions };
        let answer = ctx.transactions.submit(id, |machine, _| verify(machine, &op));
        Asked::Verified(partitions, answer)
    }

    /// Asks until there is an answer. While the transaction before is still being ended, a producer of the new way need not
    /// be bothered: it is asked again, for as long as `add.partitions.to.txn.retry.backoff.max.ms` allows.
    pub async fn ask(self, ctx: &Context, first: Asked) -> Words {
        let millis = |ms: i32| Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        let pause_max = millis(ctx.config.add_partitions_to_txn_retry_backoff_ms());
        let until = ctx.clock.monotonic().plus(Millis(ctx.config.add_partitions_to_txn_retry_backoff_max_ms().into()));
        let (mut asked, mut pause) = (first, Duration::from_millis(1));
        loop {
            let reply = match asked {
                Asked::Elsewhere(leader, partitions) => self.ask_elsewhere(ctx, leader, &partitions).await,
                asked => asked.reply().await,
            };
            let words = self.words(reply);
            if !words.is_busy() || ctx.clock.monotonic() >= until {
                return words;
            }
            tokio::time::sleep(pause.min(pause_max)).await;
            pause *= 2;
            asked = self.begin(ctx);
        }
    }

    async fn ask_elsewhere(&self, ctx: &Context, leader: NodeId, partitions: &[TopicPartition]) -> Reply {
        let producer = (self.producer.id, self.producer.epoch);
        let verify_only = self.speaks != Speaks::New;
        let asked = ctx.transaction_partitions.ask(leader, &self.transactional_id, producer, verify_only, partitions);
        match asked.await {
            Ok(said) => Reply::Each(
                said.into_iter()
                    .filter(|(partition, _)| self.guards.contains_key(partition))
                    .map(|(partition, code)| (partition, if code == ErrorCode::None { Ok(()) } else { Err(code) }))
                    .collect(),
            ),
            Err(error) => {
                tracing::debug!(%leader, %error, "the transaction's coordinator could not be asked");
                Reply::All(Err(ErrorCode::NetworkException))
            }
        }
    }

    /// The words of an answer that is there.
    pub fn words(&self, reply: Reply) -> Words {
        let word = |partition: &TopicPartition, said: Result<(), ErrorCode>| {
            (partition.clone(), said.map(|()| self.guards[partition]).map_err(|code| told(code, self.speaks)))
        };
        Words(match reply {
            Reply::All(said) => self.guards.keys().map(|partition| word(partition, said)).collect(),
            Reply::Each(said) => said.iter().map(|(partition, said)| word(partition, *said)).collect(),
        })
    }
}

/// A question that was asked.
pub enum Asked {
    /// To add.
    Added(Answer<()>),
    /// Not yet: the coordinator is on another broker.
    Elsewhere(NodeId, Vec<TopicPartition>),
    /// Whether they were added.
    Verified(Vec<TopicPartition>, Answer<Vec<Result<(), ErrorCode>>>),
}

/// What was answered.
#[derive(Debug)]
pub enum Reply {
    /// Of all alike.
    All(Result<(), ErrorCode>),
    /// Of each.
    Each(Vec<(TopicPartition, Result<(), ErrorCode>)>),
}

impl Asked {
    /// The answer, if it is there.
    pub fn now(self) -> Result<Reply, Self> {
        match self {
            Self::Added(Answer::Ready(said)) => Ok(Reply::All(said)),
            Self::Verified(partitions, Answer::Ready(said)) => Ok(each(partitions, said)),
            waiting => Err(waiting),
        }
    }

    async fn reply(self) -> Reply {
        match self {
            Self::Added(answer) => Reply::All(answer.reply().await),
            Self::Verified(partitions, answer) => each(partitions, answer.reply().await),
            Self::Elsewhere(..) => Reply::All(Err(ErrorCode::NotCoordinator)),
        }
    }
}

fn each(partitions: Vec<TopicPartition>, said: Result<Vec<Result<(), ErrorCode>>, ErrorCode>) -> Reply {
    match said {
        Ok(said) => Reply::Each(partitions.into_iter().zip(said).collect()),
        Err(code) => Reply::All(Err(code)),
    }
}

/// What a producer is told of the coordinator's refusal, in words that it knows.
fn told(code: ErrorCode, speaks: Speaks) -> ErrorCode {
    match code {
        ErrorCode::ProducerFenced => ErrorCode::InvalidProducerEpoch,
        ErrorCode::TransactionAbortable if speaks == Speaks::Old => ErrorCode::InvalidTxnState,
        ErrorCode::ConcurrentTransactions if speaks == Speaks::New => code,
        // What passes by itself: the producer tries again.
        ErrorCode::ConcurrentTransactions
        | ErrorCode::NetworkException
        | ErrorCode::CoordinatorLoadInProgress
        | ErrorCode::CoordinatorNotAvailable
        | ErrorCode::NotCoordinator => ErrorCode::NotEnoughReplicas,
        code => code,
    }
}
