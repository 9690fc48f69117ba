//! Clients on a machine of their own, which speak the protocol over the simulated network, and the oracle that knows what they were
//! told.
//!
//! A producer is idempotent and stubborn: it sends one batch again and again, to whoever leads, until it is acknowledged. So in the
//! end every partition must hold each value once, in order, at the offset that was told. A consumer reads along: what was read once
//! stays where it was.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use ottla::base::error_code::ErrorCode;
use ottla::base::ids::{LeaderEpoch, Millis, Offset, ProducerEpoch, ProducerId, Sequence};
use ottla::record::batch::batches;
use ottla::record::builder::BatchBuilder;
use ottla::record::compression::Compression;
use ottla::record::iter::records;

use crate::compaction::Compacted;
use crate::entropy::Random;
use crate::groups::Groups;
use crate::links::{Links, pause};
use crate::renewal::Renewal;
use crate::trace::Trace;
use crate::transactions::Transactions;

pub const TOPIC: &str = "t";
/// How long a client waits for an answer (ms).
pub const REQUEST_TIMEOUT_MS: u64 = 1500;

/// What clients were told, and what of it is wrong.
#[derive(Default)]
pub struct Oracle {
    /// By partition: the values in the order of their sending, each with the offset at which it was acknowledged.
    pub sent: Vec<Vec<Option<i64>>>,
    /// By partition and offset: what a consumer saw there.
    pub seen: BTreeMap<(usize, i64), u64>,
    /// By partition: who refused the newest value last, and how.
    pub refused: BTreeMap<usize, (usize, usize, ErrorCode)>,
    /// Rules that were found broken.
    pub broken: Vec<String>,
    /// No more is to be sent.
    pub stop: bool,
    /// Producers that have ended.
    pub done: usize,
    pub topic_made: bool,
    /// Where the consumers are, by partition.
    pub read_to: Vec<i64>,
    pub transactions: Transactions,
    pub groups: Groups,
    pub compacted: Compacted,
    pub renewal: Renewal,
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

impl Client {
    /// Waits for a while, drawn from the seed.
    pub async fn pause_between(&self, least: i64, most: i64) {
        let ms = self.random.borrow_mut().between(least, most).unsigned_abs();
        pause(ms).await;
    }
}

/// A partition that is written and read, and its number in the oracle.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    pub topic: &'static str,
    pub partition: usize,
    pub slot: usize,
}

/// Makes the topic, then sends and reads until the oracle says stop.
pub async fn run(client: Client, partitions: usize) {
    let mut links = Links::new(&client, REQUEST_TIMEOUT_MS);
    links.make_topic(TOPIC, partitions, client.nodes, &[("segment.bytes", "1048576")]).await;
    client.oracle.borrow_mut().topic_made = true;
    for partition in 0..partitions {
        write_and_read(&client, Target { topic: TOPIC, partition, slot: partition });
    }
}

/// Begins to send to a partition, and to read it.
pub fn write_and_read(client: &Client, target: Target) {
    tokio::task::spawn_local(produce(client.clone(), target));
    tokio::task::spawn_local(consume(client.clone(), target));
}

/// Sends value after value to one partition.
async fn produce(client: Client, Target { topic, partition, slot }: Target) {
    let mut links = Links::new(&client, REQUEST_TIMEOUT_MS);
    let (id, epoch) = links.producer_id().await;
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
        client.oracle.borrow_mut().sent[slot].extend(vec![None; count]);
        // Stubborn: also once no more is to be sent, what was begun is brought to its end.
        loop {
            if leader.is_none() {
                leader = links.leader(topic, partition).await;
            }
            let Some(node) = leader else {
                pause(50).await;
                continue;
            };
            match links.produce(node, (topic, partition), None, batch.clone()).await {
                Some((ErrorCode::None, offset)) if offset >= 0 => {
                    client.trace.note(&("acknowledged", slot, next, offset));
                    let mut oracle = client.oracle.borrow_mut();
                    oracle.refused.remove(&slot);
                    (0..count).for_each(|i| oracle.acknowledged(slot, next + i, offset + i as i64));
                    break;
                }
                // Also out of order: so answers a leader that was replaced by the one that acknowledged what came before, and has not
                // heard of it. A leader that has lost something refuses for ever.
                Some((code, _)) => {
                    client.trace.note(&("refused", slot, next, code));
                    client.oracle.borrow_mut().refused.insert(slot, (node, next, code));
                }
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

/// Reads one partition from its begin on, as far as it is committed.
async fn consume(client: Client, Target { topic, partition, slot }: Target) {
    let mut links = Links::new(&client, REQUEST_TIMEOUT_MS);
    let mut leader = None;
    let mut next = 0;
    loop {
        match links.fetch_from_leader(&mut leader, (topic, partition), next, false).await {
            Some(read) => {
                let before = next;
                for (offset, value) in values(&read.records.unwrap_or_default()) {
                    if offset >= next {
                        client.oracle.borrow_mut().saw(slot, offset, value);
                        next = offset + 1;
                    }
                }
                client.oracle.borrow_mut().read_to[slot] = next;
                if next == before {
                    pause(20).await;
                }
            }
            None => pause(50).await,
        }
    }
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
