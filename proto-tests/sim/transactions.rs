//! A transactional producer, a reader of what is committed, and the oracle of both.
//!
//! Each transaction writes unique values to one or two partitions, is then committed or aborted, and whatever goes wrong, its
//! producer begins again as a new incarnation. A reader sees each committed transaction whole, in order and once, and nothing of an
//! aborted one. Where a commit was sent and its answer is lost for good, it may be either, but not half of both.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use kafka_protocol::messages::fetch_response::AbortedTransaction;
use kafka_protocol::messages::{EndTxnRequest, InitProducerIdRequest, TransactionalId};
use kafka_protocol::protocol::StrBytes;
use ottla::base::error_code::ErrorCode;
use ottla::base::ids::{LeaderEpoch, Millis, Offset, ProducerEpoch, ProducerId, Sequence};
use ottla::record::batch::{TRANSACTIONAL, batches};
use ottla::record::builder::BatchBuilder;
use ottla::record::compression::Compression;
use ottla::record::control::ControlType;
use ottla::record::iter::records;

use crate::client::{Client, REQUEST_TIMEOUT_MS, values};
use crate::links::{KeyType, Links, pause};

pub const TOPIC: &str = "x";
pub const PARTITIONS: usize = 2;
const ID: &str = "transactor";

/// What its producer knows of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Open,
    Committed,
    Aborted,
    /// Its commit was sent, and nobody said what became of it.
    Unknown,
}

#[derive(Debug)]
struct Transaction {
    fate: Fate,
    /// By partition.
    values: BTreeMap<usize, Vec<u64>>,
}

/// What the producer was told, and the reader has seen.
#[derive(Debug, Default)]
pub struct Transactions {
    all: Vec<Transaction>,
    read: [Vec<u64>; PARTITIONS],
    /// How far the reader has come.
    pub read_to: [i64; PARTITIONS],
    next_value: u64,
    pub done: bool,
}

impl Transactions {
    /// Compares what the reader has seen with what the producer was told, once both have come to the end.
    pub fn judge(&self) -> Result<(), String> {
        let seen: BTreeSet<u64> = self.read.iter().flatten().copied().collect();
        let is_seen =
            |transaction: &Transaction| transaction.values.values().flatten().any(|value| seen.contains(value));
        let counts = |transaction: &&Transaction| {
            transaction.fate == Fate::Committed || (transaction.fate == Fate::Unknown && is_seen(transaction))
        };
        for partition in 0..PARTITIONS {
            let of_partition =
                |transaction: &Transaction| transaction.values.get(&partition).cloned().unwrap_or_default();
            let wanted: Vec<u64> = self.all.iter().filter(counts).flat_map(of_partition).collect();
            let read = &self.read[partition];
            if *read != wanted {
                let missing: Vec<_> = wanted.iter().filter(|value| !read.contains(value)).collect();
                let is_odd = |t: &&Transaction| {
                    let values = of_partition(t);
                    values
                        .iter()
                        .any(|value| missing.contains(&value) || (read.contains(value) && !wanted.contains(value)))
                };
                let odd: Vec<_> = self.all.iter().filter(is_odd).collect();
                return Err(format!(
                    "topic {TOPIC}, partition {partition}: read were {read:?}, committed {wanted:?}; what differs: {odd:?}"
                ));
            }
        }
        Ok(())
    }
}

/// Makes the topic, then produces and reads until the oracle says stop.
pub async fn run(client: Client, timeout_ms: i32) {
    let mut links = Links::new(&client, REQUEST_TIMEOUT_MS);
    links.make_topic(TOPIC, PARTITIONS, client.nodes, &[]).await;
    for partition in 0..PARTITIONS {
        tokio::task::spawn_local(read(client.clone(), partition));
    }
    let mut producer =
        Producer { links, client: client.clone(), timeout_ms, id: -1, epoch: -1, sequences: [0; PARTITIONS] };
    producer.begin().await;
    while !client.oracle.borrow().stop {
        producer.transaction().await;
        client.pause_between(1, 80).await;
    }
    client.oracle.borrow_mut().transactions.done = true;
}

struct Producer {
    links: Links,
    client: Client,
    timeout_ms: i32,
    id: i64,
    /// None (-1) once somebody else has ended a transaction: it must begin again.
    epoch: i16,
    sequences: [i32; PARTITIONS],
}

/// Somebody else has ended the transaction.
struct Lost;

impl Producer {
    /// Becomes a new incarnation: what an earlier one left open is aborted.
    async fn begin(&mut self) {
        let request = InitProducerIdRequest::default()
            .with_transactional_id(Some(TransactionalId(StrBytes::from_static_str(ID))))
            .with_transaction_timeout_ms(self.timeout_ms)
            .with_producer_id((-1).into())
            .with_producer_epoch(-1);
        loop {
            if let Some(node) = self.links.coordinator(ID, KeyType::Transaction).await
                && let Some(given) = self.links.ask(node, 4, &request).await
                && given.error_code == 0
            {
                (self.id, self.epoch) = (given.producer_id.0, given.producer_epoch);
                self.sequences = [0; PARTITIONS];
                return;
            }
            self.client.pause_between(20, 100).await;
        }
    }

    async fn transaction(&mut self) {
        let mut partitions: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
        let count = self.client.random.borrow_mut().between(1, 3);
        for _ in 0..count {
            let partition = self.client.random.borrow_mut().below(PARTITIONS);
            let mut oracle = self.client.oracle.borrow_mut();
            partitions.entry(partition).or_default().push(oracle.transactions.next_value);
            oracle.transactions.next_value += 1;
        }
        let index = {
            let transactions = &mut self.client.oracle.borrow_mut().transactions;
            transactions.all.push(Transaction { fate: Fate::Open, values: partitions.clone() });
            transactions.all.len() - 1
        };
        let commits = !self.client.random.borrow_mut().one_in(3);
        let fate = match self.write(&partitions).await {
            Ok(()) => self.end(commits).await,
            Err(Lost) => Fate::Aborted,
        };
        self.client.trace.note(&("transaction", index, fate));
        self.client.oracle.borrow_mut().transactions.all[index].fate = fate;
        if self.epoch < 0 {
            self.begin().await;
        }
    }

    async fn write(&mut self, partitions: &BTreeMap<usize, Vec<u64>>) -> Result<(), Lost> {
        for (partition, values) in partitions {
            let at = Sequence(self.sequences[*partition]);
            let mut batch =
                BatchBuilder::new().producer(ProducerId(self.id), ProducerEpoch(self.epoch), at).flags(TRANSACTIONAL);
            for value in values {
                batch.append(Millis(1_700_000_000_000), None, Some(format!("{value} x").as_bytes()), &[]);
            }
            let Ok(batch) = batch.build(Offset(0), LeaderEpoch::NONE, Compression::None) else { return Err(Lost) };
            self.send(*partition, batch).await?;
            self.sequences[*partition] += values.len() as i32;
        }
        Ok(())
    }

    /// Sends a batch until it is acknowledged, or until it is certain that it never will be.
    async fn send(&mut self, partition: usize, batch: Bytes) -> Result<(), Lost> {
        loop {
            if let Some(node) = self.links.leader(TOPIC, partition).await {
                match self.links.produce(node, (TOPIC, partition), Some(ID), batch.clone()).await {
                    Some((ErrorCode::None, _)) => return Ok(()),
                    // From a leader that was replaced and does not know it yet.
                    Some((ErrorCode::OutOfOrderSequenceNumber, _)) | None => {}
                    Some((code, _)) if code.is_retriable() => {}
                    Some((code, _)) => {
                        self.client.trace.note(&("lost", partition, code));
                        self.epoch = -1;
                        return Err(Lost);
                    }
                }
            }
            self.client.pause_between(5, 60).await;
        }
    }

    /// Ends the transaction; the answer gives the epoch of the next one.
    async fn end(&mut self, commits: bool) -> Fate {
        let request = EndTxnRequest::default()
            .with_transactional_id(TransactionalId(StrBytes::from_static_str(ID)))
            .with_producer_id(self.id.into())
            .with_producer_epoch(self.epoch)
            .with_committed(commits);
        let mut unanswered = false;
        loop {
            if let Some(node) = self.links.coordinator(ID, KeyType::Transaction).await {
                let Some(answer) = self.links.ask(node, 5, &request).await else {
                    unanswered = true;
                    self.client.pause_between(5, 60).await;
                    continue;
                };
                match ErrorCode::from_code(answer.error_code) {
                    Some(ErrorCode::None) => {
                        (self.id, self.epoch) = (answer.producer_id.0, answer.producer_epoch);
                        self.sequences = [0; PARTITIONS];
                        return if commits { Fate::Committed } else { Fate::Aborted };
                    }
                    Some(code) if code.is_retriable() => {}
                    code => {
                        self.client.trace.note(&("not ended", code));
                        self.epoch = -1;
                        return if commits && unanswered { Fate::Unknown } else { Fate::Aborted };
                    }
                }
            }
            self.client.pause_between(5, 60).await;
        }
    }
}

/// Reads what is committed of one partition, from its begin on.
async fn read(client: Client, partition: usize) {
    let mut links = Links::new(&client, REQUEST_TIMEOUT_MS);
    let (mut leader, mut next) = (None, 0);
    loop {
        let Some(read) = links.fetch_from_leader(&mut leader, (TOPIC, partition), next, true).await else {
            pause(50).await;
            continue;
        };
        let (found, end) =
            committed(&read.records.unwrap_or_default(), read.aborted_transactions.unwrap_or_default(), next);
        {
            let transactions = &mut client.oracle.borrow_mut().transactions;
            transactions.read[partition].extend(found);
            transactions.read_to[partition] = end;
        }
        if end == next {
            pause(20).await;
        }
        next = end;
    }
}

/// The committed values from `from` on, and where they end. `aborted` tells where each aborted transaction begins.
fn committed(bytes: &[u8], mut aborted: Vec<AbortedTransaction>, from: i64) -> (Vec<u64>, i64) {
    aborted.sort_by_key(|transaction| transaction.first_offset);
    let (mut begins, mut open) = (aborted.into_iter().peekable(), BTreeSet::new());
    let (mut found, mut end) = (Vec::new(), from);
    for view in batches(bytes).map_while(Result::ok) {
        let header = &view.header;
        while let Some(begun) = begins.next_if(|begun| begun.first_offset <= header.last_offset().0) {
            open.insert(begun.producer_id.0);
        }
        if header.is_control() {
            let key =
                records(view.payload(), header.record_count).next().and_then(Result::ok).and_then(|record| record.key);
            if key.and_then(ControlType::from_key) == Some(ControlType::Abort) {
                open.remove(&header.producer_id.0);
            }
        } else if !(header.is_transactional() && open.contains(&header.producer_id.0)) {
            found.extend(values(view.bytes).into_iter().filter(|(offset, _)| *offset >= from).map(|(_, value)| value));
        }
        end = end.max(header.next_offset().0);
    }
    (found, end)
}
