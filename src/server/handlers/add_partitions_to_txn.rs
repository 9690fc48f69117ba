//! AddPartitionsToTxn (24), versions 0-5. Partitions join a transaction (KIP-98), or a broker asks whether they have (KIP-890).
//!
//! - v2: `PRODUCER_FENCED` instead of `INVALID_PRODUCER_EPOCH` (KIP-588)
//! - v3: flexible
//! - v4: brokers only: many transactions at once, and only asking
//! - v5: `TRANSACTION_ABORTABLE` (KIP-890)

use std::collections::BTreeSet;
use std::sync::Arc;

use kafka_protocol::messages::add_partitions_to_txn_request::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction,
};
use kafka_protocol::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnResponse, AddPartitionsToTxnResult,
    AddPartitionsToTxnTopicResult,
};

use crate::base::error_code::ErrorCode;
use crate::base::ids::{PartitionIndex, ProducerEpoch, ProducerId, TopicPartition};
use crate::coordinator::transaction::add_partitions::{AddPartitions, add_partitions};
use crate::coordinator::transaction::service::Answer;
use crate::coordinator::transaction::state::{Producer, TransactionVersion};
use crate::coordinator::transaction::verify::{Verify, verify};
use crate::metadata::image::MetadataImage;
use crate::server::context::Context;
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

/// From here on brokers ask, of many transactions at once.
const BATCHED_VERSION_MIN: i16 = 4;

/// What becomes of one transaction's partitions.
enum Asked {
    Refused(Vec<ErrorCode>),
    Added(Answer<()>),
    Verified(Answer<Vec<Result<(), ErrorCode>>>),
}

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: AddPartitionsToTxnRequest = request.decode()?;
    let version = request.version();
    let transactions = if version >= BATCHED_VERSION_MIN {
        let distinct = |txn: AddPartitionsToTxnTransaction| if txn.verify_only { distinct(txn) } else { txn };
        body.transactions.into_iter().map(distinct).collect()
    } else {
        vec![
            AddPartitionsToTxnTransaction::default()
                .with_transactional_id(body.v3_and_below_transactional_id)
                .with_producer_id(body.v3_and_below_producer_id)
                .with_producer_epoch(body.v3_and_below_producer_epoch)
                .with_topics(body.v3_and_below_topics),
        ]
    };
    let image = ctx.metadata();
    let asked: Vec<_> = transactions.into_iter().map(|txn| (ask(ctx, &image, version, &txn), txn)).collect();
    Ok(Handled::later(async move {
        let mut results = Vec::with_capacity(asked.len());
        for (asked, txn) in asked {
            let topics = topic_results(&txn.topics, &codes(asked, &txn, version).await);
            results.push(
                AddPartitionsToTxnResult::default()
                    .with_transactional_id(txn.transactional_id)
                    .with_topic_results(topics),
            );
        }
        let answer = AddPartitionsToTxnResponse::default();
        let answer = if version >= BATCHED_VERSION_MIN {
            answer.with_results_by_transaction(results)
        } else {
            let only = results.pop().map(|result| result.topic_results);
            answer.with_results_by_topic_v3_and_below(only.unwrap_or_default())
        };
        request.respond(&answer)
    }))
}

fn ask(ctx: &Context, image: &MetadataImage, version: i16, txn: &AddPartitionsToTxnTransaction) -> Asked {
    let partitions = partitions(&txn.topics);
    let exists = |p: &TopicPartition| {
        let index = usize::try_from(p.partition.0).ok();
        index.is_some_and(|at| image.topic(&p.topic).is_some_and(|topic| at < topic.partitions.len()))
    };
    if !partitions.iter().all(exists) {
        let code = |p| if exists(p) { ErrorCode::OperationNotAttempted } else { ErrorCode::UnknownTopicOrPartition };
        return Asked::Refused(partitions.iter().map(code).collect());
    }
    let id: &str = &txn.transactional_id;
    let producer = Producer::new(ProducerId(txn.producer_id.0), ProducerEpoch(txn.producer_epoch));
    if txn.verify_only {
        let op = Verify { transactional_id: id, producer, partitions: &partitions };
        return Asked::Verified(ctx.transactions.submit(id, |machine, _| verify(machine, &op)));
    }
    let partitions: BTreeSet<_> = partitions.into_iter().collect();
    let version = if version >= BATCHED_VERSION_MIN { TransactionVersion::V2 } else { TransactionVersion::V0 };
    let op = AddPartitions { transactional_id: id, producer, partitions, version };
    Asked::Added(ctx.transactions.submit(id, |machine, now| add_partitions(machine, now, &op)))
}

/// A code for each partition, in the order asked.
async fn codes(asked: Asked, txn: &AddPartitionsToTxnTransaction, version: i16) -> Vec<ErrorCode> {
    let count = txn.topics.iter().map(|topic| topic.partitions.len()).sum();
    match asked {
        Asked::Refused(codes) => codes,
        Asked::Added(answer) => {
            let code = answer.reply().await.err().unwrap_or(ErrorCode::None);
            vec![error_map::fenced(code, version, 2); count]
        }
        Asked::Verified(answer) => match answer.reply().await {
            Ok(said) => said.into_iter().map(|said| said.err().unwrap_or(ErrorCode::None)).collect(),
            Err(code) => vec![code; count],
        },
    }
}

/// Who only asks is told of each partition once, and of no topic without partitions.
fn distinct(mut txn: AddPartitionsToTxnTransaction) -> AddPartitionsToTxnTransaction {
    for topic in &mut txn.topics {
        let mut seen = BTreeSet::new();
        topic.partitions.retain(|index| seen.insert(*index));
    }
    txn.topics.retain(|topic| !topic.partitions.is_empty());
    txn
}

fn partitions(topics: &[AddPartitionsToTxnTopic]) -> Vec<TopicPartition> {
    let of = |topic: &AddPartitionsToTxnTopic| {
        let name = crate::base::ids::TopicName::from(&*topic.name.0);
        topic.partitions.iter().map(move |index| TopicPartition::new(name.clone(), PartitionIndex(*index))).collect()
    };
    topics.iter().flat_map(of as fn(&AddPartitionsToTxnTopic) -> Vec<TopicPartition>).collect()
}

fn topic_results(topics: &[AddPartitionsToTxnTopic], codes: &[ErrorCode]) -> Vec<AddPartitionsToTxnTopicResult> {
    let mut codes = codes.iter();
    let results = topics.iter().map(|topic| {
        let results = topic.partitions.iter().zip(codes.by_ref()).map(|(index, code)| {
            AddPartitionsToTxnPartitionResult::default()
                .with_partition_index(*index)
                .with_partition_error_code(code.code())
        });
        AddPartitionsToTxnTopicResult::default()
            .with_name(topic.name.clone())
            .with_results_by_partition(results.collect())
    });
    results.collect()
}
