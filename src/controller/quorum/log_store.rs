//! openraft's log over a `Log`.
//!
//! Orderings that this file keeps:
//! - entries are readable when `append` returns, and openraft is told of them only once they are on disk;
//! - writes of the log and of the vote never overlap: each holds the one `io` lock until it is on disk;
//! - the purge is remembered before anything is removed, and finished on the next start if that is cut short;
//! - nothing is purged before a snapshot that holds it is on disk.
//!
//! Any failure ends the node: after a failed fsync a later success would prove nothing.

use std::fmt::Debug;
use std::ops::{Bound, RangeBounds};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use openraft::storage::{LogFlushed, RaftLogStorage};
use openraft::{EntryPayload, LogState, OptionalSend, RaftLogReader, Vote};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::entry;
use super::state_file::{self, QuorumState};
use super::state_machine::Kept;
use super::types::{Entry, EntryId, Failure, QuorumTypes, entry_id, offset, read_failure, write_failure};
use crate::base::clock::SharedClock;
use crate::base::ids::Offset;
use crate::log::log::Log;
use crate::log::read_info::ReadUpTo;
use crate::machine::blocking;
use crate::record::batch::{BatchError, BatchView, batches};

/// Bytes read from the log at once.
const READ_BYTES: usize = 1024 * 1024;

/// The log of one quorum. Clones share it.
#[derive(Clone)]
pub struct LogStore {
    shared: Arc<Shared>,
}

struct Shared {
    log: Arc<Log>,
    dir: PathBuf,
    clock: SharedClock,
    state: Mutex<QuorumState>,
    /// Bytes of entries: what was there at the start, and all that was appended since.
    written: AtomicU64,
    /// Held from before a write until it is on disk.
    io: tokio::sync::Mutex<()>,
    /// What the newest snapshot holds; none where nobody makes any.
    kept: Option<watch::Receiver<Kept>>,
}

/// A piece of the log that does not read as entries.
#[derive(Debug, thiserror::Error)]
#[error("the metadata log at offset {at}: {why}")]
struct Unreadable {
    at: Offset,
    why: String,
}

/// A snapshot that was to take the place of entries could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the metadata log up to offset {upto} stays: no snapshot holds it")]
struct NotKept {
    upto: Offset,
}

impl LogStore {
    /// Over an open log, with what `quorum-state` said. `kept` tells what snapshots hold.
    pub fn new(log: Arc<Log>, state: QuorumState, clock: SharedClock, kept: Option<watch::Receiver<Kept>>) -> Self {
        let (dir, written) = (log.dir().to_path_buf(), AtomicU64::new(log.size()));
        let (state, io) = (Mutex::new(state), tokio::sync::Mutex::new(()));
        Self { shared: Arc::new(Shared { log, dir, clock, state, written, io, kept }) }
    }

    /// The log itself.
    pub fn log(&self) -> &Arc<Log> {
        &self.shared.log
    }

    /// Bytes of entries: those that were there at the start, and all that were appended since.
    pub fn bytes_written(&self) -> u64 {
        self.shared.written.load(Ordering::Relaxed)
    }

    /// Runs what blocks on the blocking pool, alone, and after all that was begun before it.
    async fn exclusively<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let _alone = self.shared.io.lock().await;
        let shared = Arc::clone(&self.shared);
        blocking::run(move || work(&shared)).await.unwrap_or_else(|error| Err(write_failure(&error)))
    }

    /// Remembers a change of the state, durably.
    async fn remember(&self, change: impl FnOnce(&mut QuorumState) + Send + 'static) -> Result<(), Failure> {
        self.exclusively(move |shared| {
            let mut next = shared.state.lock().clone();
            change(&mut next);
            state_file::write(&shared.dir, &next).map_err(|error| write_failure(&error))?;
            *shared.state.lock() = next;
            Ok(())
        })
        .await
    }

    /// The last entry of the log, the removed ones counted in.
    pub fn last_place(&self) -> Option<EntryId> {
        self.last_entry().or(self.shared.state.lock().purged)
    }

    /// The last entry in the log.
    pub fn last_entry(&self) -> Option<EntryId> {
        let last = self.shared.log.log_end_offset().plus(-1);
        if last < self.shared.log.log_start_offset() {
            return None;
        }
        self.shared.log.epoch_for_offset(last).map(|epoch| entry_id(last, epoch))
    }
}

impl Shared {
    /// Entries from `start` up to `end` (exclusive); stops early after about `bytes_max` bytes, never before the first.
    fn read(&self, start: Offset, end: Offset, bytes_max: usize) -> Result<Vec<Entry>, Failure> {
        let mut entries = Vec::new();
        let mut next = start;
        let mut taken = 0;
        while next < end && (entries.is_empty() || taken < bytes_max) {
            let read = self.log.read(next, READ_BYTES, ReadUpTo::LogEnd, true).map_err(|error| read_failure(&error))?;
            let bytes = read.records.to_bytes().map_err(|error| read_failure(&error))?;
            let before = next;
            for batch in whole_batches(&bytes) {
                let batch = batch.map_err(|error| read_failure(&error))?;
                let unreadable = |why: String| read_failure(&Unreadable { at: batch.header.base_offset, why });
                let at = batch.header.base_offset;
                if at < next || at >= end {
                    continue;
                }
                entries.push(entry::of_batch(&batch).map_err(|error| unreadable(error.to_string()))?);
                next = batch.header.next_offset();
            }
            taken += bytes.len();
            if next == before {
                break;
            }
        }
        Ok(entries)
    }

    /// The last entry of the log but one that says who votes: another is only appended once that is committed.
    fn last_members_but_one(&self) -> Result<Option<EntryId>, Failure> {
        let (mut last, mut before) = (None, None);
        let (mut next, end) = (self.log.log_start_offset(), self.log.log_end_offset());
        while next < end {
            let entries = self.read(next, end, READ_BYTES)?;
            let Some(newest) = entries.last() else { break };
            next = offset(&newest.log_id).plus(1);
            for entry in entries.iter().filter(|entry| matches!(entry.payload, EntryPayload::Membership(_))) {
                before = last.replace(entry.log_id);
            }
        }
        Ok(before)
    }
}

/// The batches of what was read at once. The last may be cut short where the reading stopped: it is read again, from its beginning.
fn whole_batches(bytes: &[u8]) -> impl Iterator<Item = Result<BatchView<'_>, BatchError>> {
    batches(bytes).enumerate().map_while(|(at, batch)| match batch {
        Err(BatchError::Short { .. }) if at > 0 => None,
        batch => Some(batch),
    })
}

/// The log's own batches from `start` up to `last` (inclusive), about `bytes_max` bytes. Blocks.
pub fn read_batches(log: &Log, start: Offset, last: Offset, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    if start > last {
        return Ok(out);
    }
    let read = log.read(start, bytes_max, ReadUpTo::LogEnd, true).map_err(|error| read_failure(&error))?;
    let bytes = read.records.to_bytes().map_err(|error| read_failure(&error))?;
    for batch in whole_batches(&bytes) {
        let batch = batch.map_err(|error| read_failure(&error))?;
        let at = batch.header.base_offset;
        if at >= start && at <= last {
            out.extend_from_slice(batch.bytes);
        }
    }
    Ok(out)
}

fn range(range: &impl RangeBounds<u64>, log: &Log) -> (Offset, Offset) {
    let at = |index: u64| Offset(i64::try_from(index).unwrap_or(i64::MAX));
    let start = match range.start_bound() {
        Bound::Included(index) => at(*index),
        Bound::Excluded(index) => at(index.saturating_add(1)),
        Bound::Unbounded => Offset(0),
    };
    let end = match range.end_bound() {
        Bound::Included(index) => at(index.saturating_add(1)),
        Bound::Excluded(index) => at(*index),
        Bound::Unbounded => Offset(i64::MAX),
    };
    (start.max(log.log_start_offset()), end.min(log.log_end_offset()))
}

impl RaftLogReader<QuorumTypes> for LogStore {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        wanted: RB,
    ) -> Result<Vec<Entry>, Failure> {
        let (start, end) = range(&wanted, &self.shared.log);
        let shared = Arc::clone(&self.shared);
        // What was just appended is in the page cache; only a long way back can block, and then only a restart or a follower waits.
        shared.read(start, end, usize::MAX)
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> Result<Vec<Entry>, Failure> {
        let (start, end) = range(&(start..end), &self.shared.log);
        self.shared.read(start, end, READ_BYTES)
    }
}

impl RaftLogStorage<QuorumTypes> for LogStore {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<QuorumTypes>, Failure> {
        let last_purged_log_id = self.shared.state.lock().purged;
        let last_log_id = self.last_place();
        Ok(LogState { last_purged_log_id, last_log_id })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote<u64>) -> Result<(), Failure> {
        let vote = *vote;
        self.remember(move |state| state.vote = Some(vote)).await
    }

    async fn read_vote(&mut self) -> Result<Option<Vote<u64>>, Failure> {
        Ok(self.shared.state.lock().vote)
    }

    async fn save_committed(&mut self, committed: Option<EntryId>) -> Result<(), Failure> {
        // Not forced to the disk: it goes there with the next vote or purge, and one that is too old does no harm.
        self.shared.state.lock().committed = committed;
        if let Some(id) = committed {
            self.shared.log.update_high_watermark(offset(&id).plus(1));
        }
        Ok(())
    }

    async fn read_committed(&mut self) -> Result<Option<EntryId>, Failure> {
        let committed = self.shared.state.lock().committed;
        // One that was never forced to disk may lie beyond a log whose tail was lost.
        let committed = committed.filter(|id| offset(id) < self.shared.log.log_end_offset());
        // What the file says may be long out of date. openraft takes all members but the last of the log for committed, as they are,
        // and ends where it is then to cut the log before them.
        let committed = committed.max(self.shared.last_members_but_one()?);
        if let Some(id) = &committed {
            self.shared.log.update_high_watermark(offset(id).plus(1));
        }
        Ok(committed)
    }

    async fn append<I>(&mut self, entries: I, callback: LogFlushed<QuorumTypes>) -> Result<(), Failure>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let now = self.shared.clock.wall();
        let mut bytes = Vec::new();
        let mut first = None;
        let purged = self.shared.state.lock().purged;
        for entry in entries {
            // What a snapshot holds already is not written again.
            if purged.is_some_and(|purged| entry.log_id.index <= purged.index) {
                continue;
            }
            first.get_or_insert(offset(&entry.log_id));
            bytes.extend_from_slice(&entry::to_batch(&entry, now).map_err(|error| write_failure(&error))?);
        }
        let Some(first) = first else {
            callback.log_io_completed(Ok(()));
            return Ok(());
        };
        let alone = self.shared.io.lock().await;
        let log = &self.shared.log;
        if log.log_start_offset() == log.log_end_offset() && log.log_end_offset() < first {
            // A log without entries begins where openraft begins it.
            log.truncate_fully_and_start_at(first, now).map_err(|error| write_failure(&error))?;
        }
        if log.log_end_offset() != first {
            let why = format!("an entry for offset {first} leaves a hole: the log ends at {}", log.log_end_offset());
            return Err(write_failure(&Unreadable { at: first, why }));
        }
        let written = bytes.len() as u64;
        log.append_as_follower(bytes.into(), now).map_err(|error| write_failure(&error))?;
        self.shared.written.fetch_add(written, Ordering::Relaxed);
        let log = Arc::clone(log);
        let flushed = blocking::run(move || log.flush()).await;
        drop(alone);
        callback.log_io_completed(match flushed {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(std::io::Error::other(error)),
            Err(error) => Err(std::io::Error::other(error)),
        });
        Ok(())
    }

    async fn truncate(&mut self, from: EntryId) -> Result<(), Failure> {
        self.exclusively(move |shared| {
            let now = shared.clock.wall();
            shared.log.truncate_to(offset(&from), now).map_err(|error| write_failure(&error))?;
            shared.log.flush().map_err(|error| write_failure(&error))?;
            Ok(())
        })
        .await
    }

    async fn purge(&mut self, upto: EntryId) -> Result<(), Failure> {
        // openraft asks for it while the snapshot that came from the leader is still being written.
        if let Some(mut kept) = self.shared.kept.clone() {
            let held = kept.wait_for(|kept| kept.failed || kept.last >= Some(upto)).await;
            if held.is_err() || held.is_ok_and(|kept| kept.failed) {
                return Err(write_failure(&NotKept { upto: offset(&upto) }));
            }
        }
        self.remember(move |state| state.purged = Some(upto)).await?;
        self.exclusively(move |shared| {
            remove_prefix(&shared.log, &upto, &shared.clock).map_err(|error| write_failure(&error))
        })
        .await
    }
}

/// Removes the entries up to `upto`, which a snapshot holds. Also finishes what an earlier process began.
pub fn remove_prefix(log: &Log, upto: &EntryId, clock: &SharedClock) -> Result<(), std::io::Error> {
    let start = offset(upto).plus(1);
    if log.log_end_offset() < start {
        return log.truncate_fully_and_start_at(start, clock.wall()).map_err(std::io::Error::other);
    }
    if log.log_start_offset() < start {
        log.update_high_watermark(log.high_watermark().max(start));
        log.delete_records_to(start).map_err(std::io::Error::other)?;
        log.delete_old_segments(clock.wall()).map_err(std::io::Error::other)?;
    }
    Ok(())
}
