//! A reader of assigned partitions: one task per leader, all into one channel.
//!
//! ```text
//!  partitions by leader ──► a task per leader: fetch, hand over, fetch on ──► channel ──► whoever reads
//!        ▲                         │ a leader moved, a connection was lost
//!        └───── ask for metadata ──┘
//! ```
//!
//! Batches are handed over as they came: the reader checks and opens them (and drops what lies before the offset it asked for).
//! The channel is short, so that a slow reader slows the fetching.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::admin::list_offsets::{OffsetSpec, list_offsets};
use super::client::{Client, Retry};
use super::error::PeerError;
use super::fetch::{self, FetchFrom, FetchOptions, Fetched};
use super::metadata::Wanted;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{NodeId, Offset, PartitionIndex};
use crate::record::batch::{BatchError, BatchHeader, LOG_OVERHEAD};

/// A partition to read, and up to where.
#[derive(Debug, Clone)]
pub struct Assigned {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: PartitionIndex,
    /// The first offset wanted.
    pub from: Offset,
    /// The first offset that is not wanted any more; nothing to go on for ever.
    pub until: Option<Offset>,
}

impl Assigned {
    fn is_done(&self) -> bool {
        self.until.is_some_and(|until| self.from >= until)
    }
}

/// What the reader gets.
#[derive(Debug)]
pub enum Delivery {
    /// Batches of a partition.
    Batches(Fetched),
    /// Records before `now_from` were deleted while reading.
    Skipped {
        /// The topic.
        topic: String,
        /// The partition.
        partition: PartitionIndex,
        /// The offset that was wanted.
        wanted: Offset,
        /// The first that is there.
        now_from: Offset,
    },
}

/// How long a partition may stay without a leader before reading fails.
const LEADERLESS_MAX: Duration = Duration::from_secs(60);
/// How long the others are read on before one without a leader is looked up again.
const HOMELESS_PAUSE: Duration = Duration::from_secs(1);

/// Reads until all partitions are done, or the receiver is dropped.
pub async fn consume(
    client: &Client,
    assigned: Vec<Assigned>,
    options: FetchOptions,
    out: mpsc::Sender<Delivery>,
) -> Result<(), PeerError> {
    let mut left: Vec<Assigned> = assigned.into_iter().filter(|a| !a.is_done()).collect();
    let mut retry = Retry::within(LEADERLESS_MAX).patient();
    while !left.is_empty() && !out.is_closed() {
        let stop = Arc::new(AtomicBool::new(false));
        let mut readers = JoinSet::new();
        let mut trouble = None;
        for (leader, assigned) in by_leader(client, &mut left, &mut trouble) {
            let (client, out, stop) = (client.clone(), out.clone(), Arc::clone(&stop));
            readers.spawn(Reader { client, leader, assigned, options, out, stop, read: false }.run());
        }
        let homeless = trouble.is_some();
        loop {
            // As soon as one has stopped for a reason, all stop between two fetches and give back what is left to read.
            let ended = if homeless && !stop.load(Ordering::Relaxed) {
                let Ok(ended) = tokio::time::timeout(HOMELESS_PAUSE, readers.join_next()).await else {
                    stop.store(true, Ordering::Relaxed);
                    continue;
                };
                ended
            } else {
                readers.join_next().await
            };
            let Some(Ok((reader, result))) = ended else { break };
            left.extend(reader.assigned);
            if reader.read {
                retry = Retry::within(LEADERLESS_MAX).patient();
            }
            if let Err(error) = result {
                stop.store(true, Ordering::Relaxed);
                if !retry.allows(&error) {
                    return Err(error);
                }
                trouble = Some(error);
            }
        }
        if let Some(error) = trouble.filter(|_| !out.is_closed()) {
            retry.pause(error).await?;
            let mut topics: Vec<_> = left.iter().map(|a| a.topic.clone()).collect();
            topics.sort();
            topics.dedup();
            if let Err(error) = client.metadata(Wanted::These(&topics), false).await {
                retry.pause(error).await?;
            }
        }
    }
    Ok(())
}

/// Sorts partitions by their leaders; those without one stay, with the reason.
fn by_leader(
    client: &Client,
    left: &mut Vec<Assigned>,
    trouble: &mut Option<PeerError>,
) -> BTreeMap<NodeId, Vec<Assigned>> {
    let known = client.known();
    let mut sorted: BTreeMap<NodeId, Vec<Assigned>> = BTreeMap::new();
    for assigned in std::mem::take(left) {
        match known.leader(&assigned.topic, assigned.partition) {
            Ok(found) => sorted.entry(found.leader).or_default().push(assigned),
            Err(error) => {
                *trouble = Some(error);
                left.push(assigned);
            }
        }
    }
    sorted
}

/// Reads the partitions of one leader.
struct Reader {
    client: Client,
    leader: NodeId,
    assigned: Vec<Assigned>,
    options: FetchOptions,
    out: mpsc::Sender<Delivery>,
    stop: Arc<AtomicBool>,
    read: bool,
}

impl Reader {
    /// Reads until its partitions are done, or something goes wrong. Gives itself back with what is left to read.
    async fn run(mut self) -> (Self, Result<(), PeerError>) {
        let result = self.read_on().await;
        (self, result)
    }

    async fn read_on(&mut self) -> Result<(), PeerError> {
        let connection = self.client.broker(self.leader).await?;
        while !self.assigned.is_empty() && !self.out.is_closed() && !self.stop.load(Ordering::Relaxed) {
            let known = self.client.known();
            let from: Vec<_> = self
                .assigned
                .iter()
                .map(|a| {
                    let leader_epoch = known.leader(&a.topic, a.partition)?.leader_epoch;
                    let topic_id = known.topic(&a.topic)?.id;
                    Ok(FetchFrom {
                        topic: a.topic.clone(),
                        topic_id,
                        partition: a.partition,
                        offset: a.from,
                        leader_epoch,
                    })
                })
                .collect::<Result<_, PeerError>>()?;
            let fetched = fetch::fetch(&connection, &from, &self.options).await?;
            for fetched in fetched {
                self.hand_over(fetched).await?;
            }
            // Those that were served last stand last next time, so that a full response does not starve them.
            let turn = self.assigned.len().min(1);
            self.assigned.rotate_left(turn);
            self.assigned.retain(|a| !a.is_done());
        }
        Ok(())
    }

    async fn hand_over(&mut self, fetched: Fetched) -> Result<(), PeerError> {
        let Some(at) = self.assigned.iter().position(|a| a.topic == fetched.topic && a.partition == fetched.partition)
        else {
            return Ok(());
        };
        let mine = &mut self.assigned[at];
        let what = || format!("read partition {} of topic {:?} from offset {}", mine.partition, mine.topic, mine.from);
        match fetched.error {
            ErrorCode::None => {}
            ErrorCode::OffsetOutOfRange => return self.out_of_range(at).await,
            code => return Err(PeerError::refused(what(), code, None)),
        }
        if fetched.records.is_empty() {
            return Ok(());
        }
        let next = next_offset(&fetched.records).map_err(|error| {
            PeerError::refused(
                what(),
                ErrorCode::CorruptMessage,
                Some(format!("the first batch cannot be read: {error}")),
            )
        })?;
        mine.from = next.max(mine.from);
        self.read = true;
        // A receiver that is gone is noticed by the loop.
        let _ = self.out.send(Delivery::Batches(fetched)).await;
        Ok(())
    }

    /// Goes on from the partition's start if records were deleted; any other offset that is not there is an error.
    async fn out_of_range(&mut self, at: usize) -> Result<(), PeerError> {
        let Assigned { topic, partition, from: wanted, .. } = self.assigned[at].clone();
        let edge = async |spec| {
            let mut retry = Retry::within(LEADERLESS_MAX).patient();
            let found =
                list_offsets(&self.client, &topic, &[partition], spec, self.options.isolation, &mut retry).await?;
            Ok::<_, PeerError>(found.get(&partition).copied().flatten().unwrap_or(Offset(0)))
        };
        let now_from = edge(OffsetSpec::Earliest).await?;
        if wanted >= now_from {
            let end = edge(OffsetSpec::Latest).await?;
            return Err(PeerError::refused(
                format!("read partition {partition} of topic {topic:?} from offset {wanted}"),
                ErrorCode::OffsetOutOfRange,
                Some(format!("it begins at offset {now_from} and ends before {end}")),
            ));
        }
        self.assigned[at].from = now_from;
        let _ = self.out.send(Delivery::Skipped { topic, partition, wanted, now_from }).await;
        Ok(())
    }
}

/// The offset behind the last whole batch. At least one must be whole: a leader always sends the first so.
fn next_offset(records: &[u8]) -> Result<Offset, BatchError> {
    let (mut rest, mut next) = (records, None);
    loop {
        let header = match BatchHeader::parse(rest) {
            Ok(header) => header,
            Err(BatchError::Short { .. }) if next.is_some() => break,
            Err(error) => return Err(error),
        };
        let size = LOG_OVERHEAD + header.length as usize;
        match rest.get(size..) {
            Some(behind) => (rest, next) = (behind, Some(header.next_offset())),
            None if next.is_some() => break,
            None => return Err(BatchError::Short { needed: size, remain: rest.len() }),
        }
        if rest.is_empty() {
            break;
        }
    }
    next.ok_or(BatchError::Short { needed: LOG_OVERHEAD, remain: records.len() })
}
