//! Reading for a fetch: many partitions, one budget of bytes, and the wait for more when too little is there.
//!
//! What is read comes up as `Records`: a slice of a segment file or of memory, never copied.

use std::sync::Arc;
use std::time::Duration;

use crate::base::ids::{LeaderEpoch, Offset};
use crate::log::error::ReadError;
use crate::log::read_info::{ReadInfo, ReadUpTo};
use crate::replica::fetch_waiter::FetchWaiter;
use crate::replica::partition::{LeaderError, Partition};

/// What a whole fetch asks for.
#[derive(Debug, Clone, Copy)]
pub struct FetchParams {
    /// How long to wait for `min_bytes`.
    pub max_wait: Duration,
    /// Answer at once when this much is there (bytes).
    pub min_bytes: usize,
    /// No more than this in all (bytes), but for the first batch, which is given whole.
    pub max_bytes: usize,
    /// How far may be read.
    pub up_to: ReadUpTo,
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
}

/// What was read of one partition.
pub struct PartitionRead {
    /// Records and offsets.
    pub info: ReadInfo,
    /// Where the client's log departs from ours: the newest epoch we share, and its end here. No records come with it.
    pub diverging: Option<(LeaderEpoch, Offset)>,
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

/// The outcome for each partition, in the order asked.
pub type Reads = Vec<Result<PartitionRead, FetchError>>;

/// Reads what is there now.
pub fn read_now(params: &FetchParams, fetches: &[PartitionFetch]) -> Reads {
    let mut budget = params.max_bytes;
    let mut first = true;
    let mut reads = Vec::with_capacity(fetches.len());
    for fetch in fetches {
        let read = read_one(params, fetch, budget.min(fetch.max_bytes), first);
        if let Ok(read) = &read {
            let bytes = read.info.records.len();
            budget = budget.saturating_sub(bytes);
            first &= bytes == 0;
        }
        reads.push(read);
    }
    reads
}

fn read_one(
    params: &FetchParams,
    fetch: &PartitionFetch,
    max_bytes: usize,
    min_one_batch: bool,
) -> Result<PartitionRead, FetchError> {
    let partition = &fetch.partition;
    partition.lead(fetch.current_epoch)?;
    if let Some(epoch) = fetch.last_fetched_epoch.filter(|e| !e.is_none()) {
        let (shared, end) = partition.log.end_offset_for_epoch(epoch);
        if shared < epoch || end < fetch.from {
            let mut info = partition.log.read(fetch.from.min(end), 0, params.up_to, false)?;
            info.records = crate::record::records::Records::EMPTY;
            return Ok(PartitionRead { info, diverging: Some((shared, end)) });
        }
    }
    let info = partition.log.read(fetch.from, max_bytes, params.up_to, min_one_batch)?;
    Ok(PartitionRead { info, diverging: None })
}

/// True when the answer need not wait: enough bytes, or something that the client should know at once.
pub fn is_enough(params: &FetchParams, reads: &Reads) -> bool {
    let mut bytes = 0;
    for read in reads {
        match read {
            Err(_) | Ok(PartitionRead { diverging: Some(_), .. }) => return true,
            Ok(read) => bytes += read.info.records.len(),
        }
    }
    bytes >= params.min_bytes
}

/// Reads again when enough has come or the time is up, whichever is first.
pub async fn read_waiting(params: FetchParams, fetches: Vec<PartitionFetch>, first: Reads) -> Reads {
    let have: usize = first.iter().flatten().map(|r| r.info.records.len()).sum();
    let missing = params.min_bytes.saturating_sub(have).max(1);
    let waiter = FetchWaiter::new(i64::try_from(missing).unwrap_or(i64::MAX));
    for fetch in &fetches {
        fetch.partition.waiters.enter(&waiter);
    }
    // What came between the first read and our entry told nobody: look once more before sleeping.
    let again = read_now(&params, &fetches);
    if is_enough(&params, &again) {
        return again;
    }
    // Too late is as good as woken: either way, what is there now is the answer.
    let _ = tokio::time::timeout(params.max_wait, waiter.woken()).await;
    read_now(&params, &fetches)
}
