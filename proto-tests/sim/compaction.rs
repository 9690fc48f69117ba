//! A producer to a compacted topic, and what must be left of what it sent.
//!
//! Values grow, and each has one of a few keys. Whatever was compacted where, every replica holds the newest value of each key at the
//! offset that was acknowledged, and nothing that was not sent there.

use std::collections::BTreeMap;

use ottla::base::error_code::ErrorCode;
use ottla::base::ids::{LeaderEpoch, Millis, Offset, ProducerEpoch, ProducerId, Sequence};
use ottla::record::builder::BatchBuilder;
use ottla::record::compression::Compression;

use crate::client::{Client, REQUEST_TIMEOUT_MS};
use crate::links::Links;

pub const TOPIC: &str = "k";
const KEYS: usize = 5;
/// Segments roll by the records' time: one record is so much later than the one before (ms), and a segment spans so much.
const APART_MS: usize = 100;
const SEGMENT_MS: &str = "1000";

/// What was sent.
#[derive(Debug, Default)]
pub struct Compacted {
    /// The key of each value, and the offset at which it was acknowledged; the last one may have none yet.
    sent: Vec<(usize, Option<i64>)>,
    /// How the newest value was answered last.
    pub answered: Option<(ErrorCode, i64)>,
    pub done: bool,
}

impl Compacted {
    /// Compares what a replica holds with what was sent.
    pub fn judge(&self, held: &[(i64, u64)]) -> Result<(), String> {
        let held: BTreeMap<u64, i64> = held.iter().map(|(offset, value)| (*value, *offset)).collect();
        let mut newest: [Option<usize>; KEYS] = [None; KEYS];
        for (value, (key, offset)) in self.sent.iter().enumerate() {
            newest[*key] = Some(value);
            if let Some(found) = held.get(&(value as u64))
                && offset.is_some_and(|offset| offset != *found)
            {
                return Err(format!("topic {TOPIC}: value {value} is at {found}, and was acknowledged at {offset:?}"));
            }
        }
        match newest.into_iter().flatten().find(|value| !held.contains_key(&(*value as u64))) {
            Some(missing) => {
                Err(format!("topic {TOPIC}: {missing}, the newest of its key, is not there, but {held:?}"))
            }
            None => Ok(()),
        }
    }
}

/// Makes the topic and sends until the oracle says stop.
pub async fn run(client: Client) {
    let mut links = Links::new(&client, REQUEST_TIMEOUT_MS);
    let configs = [("cleanup.policy", "compact"), ("segment.ms", SEGMENT_MS), ("min.cleanable.dirty.ratio", "0.01")];
    links.make_topic(TOPIC, 1, client.nodes, &configs).await;
    let (id, epoch) = links.producer_id().await;
    while !client.oracle.borrow().stop {
        let value = client.oracle.borrow().compacted.sent.len();
        let key = client.random.borrow_mut().below(KEYS);
        client.oracle.borrow_mut().compacted.sent.push((key, None));
        let mut batch = BatchBuilder::new().producer(ProducerId(id), ProducerEpoch(epoch), Sequence(value as i32));
        let at = Millis(1_700_000_000_000 + (value * APART_MS) as i64);
        batch.append(at, Some(format!("k{key}").as_bytes()), Some(format!("{value} x").as_bytes()), &[]);
        let Ok(batch) = batch.build(Offset(0), LeaderEpoch::NONE, Compression::None) else { return };
        loop {
            if let Some(node) = links.leader(TOPIC, 0).await {
                let answered = links.produce(node, (TOPIC, 0), None, batch.clone()).await;
                client.oracle.borrow_mut().compacted.answered = answered;
                if let Some((ErrorCode::None, offset)) = answered {
                    client.trace.note(&("compacted", value, offset));
                    client.oracle.borrow_mut().compacted.sent[value].1 = Some(offset);
                    break;
                }
            }
            client.pause_between(5, 60).await;
        }
        client.pause_between(1, 60).await;
    }
    client.oracle.borrow_mut().compacted.done = true;
}
