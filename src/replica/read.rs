//! Reading for a fetch: many partitions, one budget of bytes, and the wait for more when too little is there.
//!
//! What is read comes up as `Records`: a slice of a segment file or of memory, never copied.

use std::sync::Arc;
use std::time::Duration;

use crate::base::ids::{BrokerEpoch, LeaderEpoch, NodeId, Offset};
use crate::log::error::ReadError;
use crate::log::read_info::{OnCold, ReadInfo, ReadUpTo};
use crate::replica::fetch_waiter::{FetchWaiter, FetchWaiters};
use crate::replica::follower::FollowerFetch;
use crate::replica::leading::FollowerError;
use crate::replica::partition::{LeaderError, Partition};
use crate::replica::read_replica;

/// Who fetches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A consumer, from the leader or from any replica.
    Consumer {
        /// True if only the leader may answer: an old consumer does not know that others can.
        leader_only: bool,
    },
    /// A follower: where it fetches from tells what it has.
    Follower {
        /// Its broker.
        node: NodeId,
        /// The registration of its broker (KIP-903); -1 is "it does not say".
        broker_epoch: BrokerEpoch,
    },
}

/// What a whole fetch asks for.
#[derive(Debug, Clone)]
pub struct FetchParams {
    /// How long to wait for `min_bytes`.
    pub max_wait: Duration,
    /// Answer at once when this much is there (bytes).
    pub min_bytes: usize,
    /// No more than this in all (bytes), but for the first batch, which is given whole.
    pub max_bytes: usize,
    /// How far may be read.
    pub up_to: ReadUpTo,
    /// Who fetches.
    pub reader: Reader,
    /// The rack of a consumer that may be sent to a replica near to it (KIP-392).
    pub rack: Option<String>,
}

/// What a fetch asks of one partition.
pub struct PartitionFetch {
    /// The partition.
    pub partition: Arc<Partition>,
    /// From here on.
    pub from: Offset,
    /// No more than this from this partition (bytes).
    pub max_bytes: usize,
    /// The epoch in which the client believes the leader to be, or none.
    pub current_epoch: Option<LeaderEpoch>,
    /// The epoch of the last record that the client has, or none: lets it learn of a truncation (KIP-320, KIP-595).
    pub last_fetched_epoch: Option<LeaderEpoch>,
    /// Where a follower's log starts; -1 of a consumer.
    pub log_start: Offset,
    /// How often the partition had had news when it was read last; [`read_now`] notes it.
    pub read_at: u64,
}

/// What was read of one partition.
pub struct PartitionRead {
    /// Records and offsets.
    pub info: ReadInfo,
    /// Where the client's log departs from ours: the newest epoch we share, and its end here. No records come with it.
    pub diverging: Option<(LeaderEpoch, Offset)>,
    /// The replica that the consumer should read from instead. No records come with it.
    pub preferred: Option<NodeId>,
}

/// Why one partition could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It is not led here, or in another epoch.
    #[error(transparent)]
    Leader(#[from] LeaderError),
    /// The log refused.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// The outcome for each partition, in the order asked; for the first ones only, as long as the others wait for the disk.
pub type Reads = Vec<Result<PartitionRead, FetchError>>;

/// Whether a read takes note of how far a follower has come: only the first of a fetch does, the later ones would tell an old
/// story as a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Noted,
    KnownAlready,
}

/// Reads what is there now and at hand. A follower's progress is noted. The first partition that has to be read from the disk ends
/// it, so that none behind it takes its share: then fewer are read than asked for, and [`read_rest`] goes on.
pub fn read_now(params: &FetchParams, fetches: &mut [PartitionFetch]) -> Reads {
    let mut reads = Vec::with_capacity(fetches.len());
    read_on(params, fetches, &mut reads, OnCold::Refuse);
    reads
}

/// Reads the partitions that [`read_now`] has left. Waits for the disk: not for an event loop.
pub fn read_rest(params: &FetchParams, fetches: &mut [PartitionFetch], reads: &mut Reads) {
    read_on(params, fetches, reads, OnCold::Wait);
}

fn read_on(params: &FetchParams, fetches: &mut [PartitionFetch], reads: &mut Reads, on_cold: OnCold) {
    let mut used: usize = reads.iter().map(bytes_of).sum();
    for fetch in fetches.iter_mut().skip(reads.len()) {
        fetch.read_at = waiters(params, fetch).news();
        let max_bytes = params.max_bytes.saturating_sub(used).min(fetch.max_bytes);
        let read = read_one(params, fetch, max_bytes, used == 0, Progress::Noted, on_cold);
        if matches!(read, Err(FetchError::Read(ReadError::Cold))) {
            return;
        }
        used += bytes_of(&read);
        reads.push(read);
    }
}

/// Reads those partitions again that have had news since, with what the others leave of the budget. Where a log starts is not
/// told as news: the next fetch finds it. So it does what would have to be read from the disk: the earlier outcome stands.
fn refresh(params: &FetchParams, fetches: &mut [PartitionFetch], reads: &mut Reads) {
    let mut used: usize = reads.iter().map(bytes_of).sum();
    for (fetch, read) in fetches.iter_mut().zip(reads) {
        let news = waiters(params, fetch).news();
        // A follower is told how far is committed, and may be given what was held back: of both there is no news.
        if news == fetch.read_at && matches!(params.reader, Reader::Consumer { .. }) {
            continue;
        }
        let others = used - bytes_of(read);
        let budget = params.max_bytes.saturating_sub(others).min(fetch.max_bytes);
        let again = read_one(params, fetch, budget, others == 0, Progress::KnownAlready, OnCold::Refuse);
        if matches!(again, Err(FetchError::Read(ReadError::Cold))) {
            continue;
        }
        fetch.read_at = news;
        *read = again;
        used = others + bytes_of(read);
    }
}

/// Those who wait as this fetch would.
fn waiters<'a>(params: &FetchParams, fetch: &'a PartitionFetch) -> &'a FetchWaiters {
    match params.reader {
        Reader::Consumer { .. } => &fetch.partition.waiters,
        Reader::Follower { .. } => &fetch.partition.follower_waiters,
    }
}

fn bytes_of(read: &Result<PartitionRead, FetchError>) -> usize {
    read.as_ref().map_or(0, |read| read.info.records.len())
}

fn read_one(
    params: &FetchParams,
    fetch: &PartitionFetch,
    max_bytes: usize,
    min_one_batch: bool,
    progress: Progress,
    on_cold: OnCold,
) -> Result<PartitionRead, FetchError> {
    let partition = &fetch.partition;
    let _turn = partition.turn();
    match params.reader {
        Reader::Consumer { leader_only: false } => partition.serve(fetch.current_epoch)?,
        Reader::Consumer { leader_only: true } => partition.lead(fetch.current_epoch)?,
        Reader::Follower { node, .. } => {
            let epoch = partition.lead(fetch.current_epoch)?;
            if partition.with_leading(|leading| leading.follower(node).is_some()) != Some(true) {
                return Err(not_assigned(fetch.current_epoch).into());
            }
            epoch
        }
    };
    if let Some(epoch) = fetch.last_fetched_epoch.filter(|e| !e.is_none())
        && let Some(diverging) = diverging(partition, fetch.from, epoch)?
    {
        let mut info = partition.log().read_or(fetch.from.min(diverging.1), 0, params.up_to, false, on_cold)?;
        info.records = crate::record::records::Records::EMPTY;
        return Ok(PartitionRead { info, diverging: Some(diverging), preferred: None });
    }
    let preferred = params.rack.as_ref().and_then(|rack| read_replica::preferred(partition, rack, fetch.from));
    let held_back = matches!(params.reader, Reader::Follower { node, .. } if partition.holds_back(node));
    let nothing = preferred.is_some() || held_back;
    let (max_bytes, min_one_batch) = if nothing { (0, false) } else { (max_bytes, min_one_batch) };
    let mut info = partition.log().read_or(fetch.from, max_bytes, params.up_to, min_one_batch, on_cold)?;
    if let Reader::Follower { .. } = params.reader {
        partition.sent_to_follower(info.records.len());
    }
    if let (Reader::Follower { node, broker_epoch }, Progress::Noted) = (params.reader, progress) {
        let told = FollowerFetch { node, broker_epoch, from: fetch.from, log_start: fetch.log_start };
        partition.follower_fetched(&told).map_err(|error| match error {
            FollowerError::NotAssigned => not_assigned(fetch.current_epoch),
            FollowerError::Stale => LeaderError::NotLeader,
        })?;
        // This very fetch may have committed records: the follower learns of it now and not a round later.
        info.high_watermark = partition.log().high_watermark();
    }
    Ok(PartitionRead { info, diverging: None, preferred })
}

/// A replica that we do not know of: if it names our epoch, its metadata is ahead of ours.
fn not_assigned(named: Option<LeaderEpoch>) -> LeaderError {
    if named.is_some_and(|e| !e.is_none()) { LeaderError::Unknown } else { LeaderError::NotLeader }
}

/// Where a log that ends at `from` with a record of `epoch` departs from ours, if it does.
fn diverging(
    partition: &Partition,
    from: Offset,
    epoch: LeaderEpoch,
) -> Result<Option<(LeaderEpoch, Offset)>, ReadError> {
    let log = &partition.log();
    let (shared, end) = log.end_offset_for_epoch(epoch);
    let start = log.log_start_offset();
    if shared.is_none() || end.is_none() || from < start {
        return Err(ReadError::OutOfRange { offset: from, start, end: log.log_end_offset() });
    }
    Ok((shared < epoch || end < from).then_some((shared, end)))
}

/// True when the answer need not wait: enough bytes, or something that the client should know at once.
pub fn is_enough(params: &FetchParams, reads: &Reads) -> bool {
    let mut bytes = 0;
    for read in reads {
        match read {
            Err(_) | Ok(PartitionRead { diverging: Some(_), .. } | PartitionRead { preferred: Some(_), .. }) => {
                return true;
            }
            Ok(read) => bytes += read.info.records.len(),
        }
    }
    bytes >= params.min_bytes
}

/// Reads again what has changed, when enough has come or the time is up, whichever is first.
pub async fn read_waiting(params: FetchParams, mut fetches: Vec<PartitionFetch>, mut reads: Reads) -> Reads {
    let have: usize = reads.iter().map(bytes_of).sum();
    let missing = params.min_bytes.saturating_sub(have).max(1);
    let waiter = FetchWaiter::new(i64::try_from(missing).unwrap_or(i64::MAX));
    for fetch in &fetches {
        // What is held back wakes nobody: the time does.
        if !matches!(params.reader, Reader::Follower { node, .. } if fetch.partition.holds_back(node)) {
            waiters(&params, fetch).enter(&waiter);
        }
    }
    // What came between the first read and our entry told nobody: look once more before sleeping.
    refresh(&params, &mut fetches, &mut reads);
    if is_enough(&params, &reads) {
        return reads;
    }
    // Too late is as good as woken: either way, what is there now is the answer.
    let _ = tokio::time::timeout(params.max_wait, waiter.woken()).await;
    refresh(&params, &mut fetches, &mut reads);
    reads
}
