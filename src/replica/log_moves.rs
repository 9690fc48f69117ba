//! Moving replicas between this broker's log directories (KIP-113): a copy of the log is filled in the background; once it is
//! equal to the log, it takes the log's place while nobody reads or appends.
//!
//! ```text
//!   copy a piece ─▶ is it nearly there? ─ no ─▶ wait for one's turn (throttle, other moves) ─▶ copy a piece …
//!                          └ yes ─▶ sync the copy ─▶ hold the partition: copy the rest, swap
//! ```
//!
//! There are threads only while something moves. A copy that a start has found is filled on from where it ended.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

use crate::base::ids::{Millis, Offset, TopicPartition};
use crate::base::limits::LOG_COPY_BYTES;
use crate::log::error::{AppendError, FlushError, OpenError, ReadError, StorageError};
use crate::log::log::Log;
use crate::log::read_info::ReadUpTo;
use crate::record::batch::{BatchError, batches};
use crate::replica::fetcher_state::truncation_point;
use crate::replica::follow::piece_of;
use crate::replica::manager::ReplicaManager;
use crate::replica::partition::Partition;

/// The pause before a step that failed is tried again.
const RETRY: Millis = Millis(1000);

/// Why a replica is not moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The copy could not be opened, cut or swapped in.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The copy could not be written.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The copy could not be synced.
    #[error(transparent)]
    Flush(#[from] FlushError),
    /// What was read is damaged.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The disk.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A directory.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A replica on its way.
struct Move {
    name: TopicPartition,
    /// How often the log had been cut when the copy was last fitted to it; none before the first time.
    fitted_at: Option<u64>,
    not_before: Millis,
}

/// What a step came to.
enum Step {
    /// So many bytes were copied; there is more.
    More(usize),
    /// The copy has taken the log's place, or was given up.
    Done,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Move>,
    /// All that are queued or worked on.
    moving: HashSet<TopicPartition>,
    threads: Vec<JoinHandle<()>>,
    working: usize,
    stopping: bool,
    /// When the next byte may be copied (ms), at the rate that all threads share.
    free_at_ms: f64,
}

/// All moves of this broker.
#[derive(Default)]
pub struct LogMoves {
    /// One request at a time: what is there is looked at and changed in one go.
    asking: Mutex<()>,
    state: Mutex<State>,
    wake: Condvar,
    moved: Notify,
}

impl LogMoves {
    /// Moves a replica to the log directory `path`, which is there and online. A move to another directory is given up; one
    /// to the directory in which the replica is only ends that.
    pub fn begin(
        manager: &Arc<ReplicaManager>,
        partition: &Partition,
        path: &std::path::Path,
    ) -> Result<(), MoveError> {
        let _asking = manager.moves.asking.lock();
        let (logs, name) = (&manager.logs, &partition.name);
        if logs.future(name).is_some_and(|future| future.parent_dir() != path) {
            tracing::info!(partition = %name, "its move to another log directory is given up");
            logs.drop_future(name)?;
        }
        // As everybody is told: at the end of a move the partition is given its new log a moment later.
        let current = logs.get(name).unwrap_or_else(|| Arc::clone(&partition.log()));
        if current.parent_dir() != path {
            logs.create_future(name, path, manager.home.clock.wall())?;
            tracing::info!(partition = %name, to = %path.display(), "moving to another log directory");
            enter(manager, name.clone());
        }
        Ok(())
    }

    /// Goes on with the moves that an earlier process has begun.
    pub fn resume(manager: &Arc<ReplicaManager>) {
        for future in manager.logs.futures() {
            tracing::info!(partition = %future.name, at = %future.log_end_offset(), "its move to another log directory goes on");
            enter(manager, future.name.clone());
        }
    }

    /// Returns once a replica has come to another directory since the last call.
    pub async fn one_moved(&self) {
        self.moved.notified().await;
    }

    /// Ends all work after the piece at hand; what was copied stays. Blocks.
    pub fn stop(&self) {
        let threads = {
            let mut state = self.state.lock();
            state.stopping = true;
            self.wake.notify_all();
            std::mem::take(&mut state.threads)
        };
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread that moves logs ended by a panic");
            }
        }
    }

    /// The next move whose time has come; none when nothing is left to be done.
    fn next(&self, manager: &ReplicaManager) -> Option<Move> {
        let mut state = self.state.lock();
        loop {
            let now = manager.home.clock.monotonic();
            if !state.stopping
                && let Some(at) = state.queue.iter().position(|one| one.not_before <= now)
            {
                return state.queue.remove(at);
            }
            let Some(due) = state.queue.iter().map(|one| one.not_before).min().filter(|_| !state.stopping) else {
                state.working -= 1;
                return None;
            };
            let pause = u64::try_from(due.since(now).0).unwrap_or(0);
            self.wake.wait_for(&mut state, Duration::from_millis(pause.max(1)));
        }
    }

    fn put_back(&self, one: Move) {
        self.state.lock().queue.push_back(one);
    }

    /// Waits until `bytes` more may be copied.
    fn pace(&self, manager: &ReplicaManager, bytes: usize) {
        let takes_ms = bytes as f64 * 1000.0 / bytes_per_second(manager);
        let mut state = self.state.lock();
        let now = manager.home.clock.monotonic().0 as f64;
        let wait_ms = (state.free_at_ms - now).max(0.0);
        state.free_at_ms = state.free_at_ms.max(now) + takes_ms;
        if wait_ms >= 1.0 && !state.stopping {
            self.wake.wait_for(&mut state, Duration::from_millis(wait_ms as u64));
        }
    }
}

/// `replica.alter.log.dirs.io.max.bytes.per.second`, as it is set now.
fn bytes_per_second(manager: &ReplicaManager) -> f64 {
    // A key that only dynamic settings have.
    let config = manager.config.load();
    let set = config.set_value("replica.alter.log.dirs.io.max.bytes.per.second");
    set.and_then(|text| text.trim().parse::<f64>().ok()).map_or(f64::MAX, |rate| rate.max(1.0))
}

/// `num.replica.alter.log.dirs.threads`; by default one for each directory.
fn threads_max(manager: &ReplicaManager) -> usize {
    let set = manager.given.text("num.replica.alter.log.dirs.threads").and_then(|text| text.parse().ok());
    set.unwrap_or_else(|| manager.logs.dirs().count()).max(1)
}

fn enter(manager: &Arc<ReplicaManager>, name: TopicPartition) {
    let moves = &manager.moves;
    let mut state = moves.state.lock();
    if state.stopping || !state.moving.insert(name.clone()) {
        return;
    }
    state.queue.push_back(Move { name, fitted_at: None, not_before: Millis(0) });
    moves.wake.notify_one();
    if state.working < threads_max(manager) {
        let manager = Arc::clone(manager);
        let run = move || work(&manager);
        match std::thread::Builder::new().name("ottla-log-mover".into()).spawn(run) {
            Ok(thread) => {
                state.working += 1;
                state.threads.retain(|thread| !thread.is_finished());
                state.threads.push(thread);
            }
            Err(error) => tracing::error!(%error, "no thread can be had that moves logs"),
        }
    }
}

fn work(manager: &Arc<ReplicaManager>) {
    let moves = &manager.moves;
    while let Some(mut one) = moves.next(manager) {
        match step(manager, &mut one) {
            Ok(Step::More(bytes)) => {
                moves.put_back(one);
                moves.pace(manager, bytes);
            }
            Ok(Step::Done) => leave(manager, one),
            Err(error) => {
                tracing::warn!(partition = %one.name, %error, "moving to another log directory: this step failed");
                one.not_before = manager.home.clock.monotonic().plus(RETRY);
                moves.put_back(one);
            }
        }
    }
}

/// Ends one move, unless another one of the same partition was asked for meanwhile.
fn leave(manager: &ReplicaManager, one: Move) {
    let mut state = manager.moves.state.lock();
    match manager.logs.future(&one.name).filter(|future| !future.is_offline()) {
        Some(_) => state.queue.push_back(Move { fitted_at: None, ..one }),
        None => drop(state.moving.remove(&one.name)),
    }
}

fn step(manager: &ReplicaManager, one: &mut Move) -> Result<Step, MoveError> {
    let Some(future) = manager.logs.future(&one.name) else { return Ok(Step::Done) };
    let partition = manager.partition(&one.name.topic, one.name.partition);
    let Some(partition) = partition.filter(|p| p.topic_id == future.topic_id) else { return Ok(Step::Done) };
    let log = Arc::clone(&partition.log());
    if future.is_offline() || log.is_offline() {
        tracing::warn!(partition = %one.name, "a log directory is offline: the replica stays where it is");
        return Ok(Step::Done);
    }
    let now = manager.home.clock.wall();
    let copied = copy(&log, &future, &mut one.fitted_at, now)?;
    if log.bytes_behind(future.log_end_offset()) > LOG_COPY_BYTES as u64 {
        return Ok(Step::More(copied));
    }
    // Nearly there. What is left to be synced while everybody waits shall be little.
    future.flush()?;
    partition.swap_log(|log| {
        while copy(log, &future, &mut one.fitted_at, now)? > 0 {}
        Ok::<_, MoveError>(manager.logs.promote(&one.name, now)?)
    })?;
    tracing::info!(partition = %one.name, to = %partition.log().parent_dir().display(), "moved to another log directory");
    manager.moves.moved.notify_one();
    Ok(Step::Done)
}

/// Copies a piece of `log` to the end of `future`, which is fitted to it first if it was cut. Returns how many bytes.
fn copy(log: &Log, future: &Log, fitted_at: &mut Option<u64>, now: Millis) -> Result<usize, MoveError> {
    let cuts = log.cuts();
    if *fitted_at != Some(cuts) || future.log_end_offset() < log.log_start_offset() {
        fit(log, future, now)?;
        *fitted_at = Some(cuts);
    }
    let read = log.read(future.log_end_offset(), LOG_COPY_BYTES, ReadUpTo::LogEnd, true)?;
    let mut rest = read.records.to_bytes()?;
    // The last batch may be cut short.
    rest.truncate(batches(&rest).map_while(Result::ok).map(|batch| batch.bytes.len()).sum());
    if log.cuts() != cuts {
        // What was read may be cut off already: once more.
        return Ok(LOG_COPY_BYTES);
    }
    let bytes = rest.len();
    let bytes_max = future.config().segment_bytes;
    while !rest.is_empty() {
        future.append_as_follower(rest.split_to(piece_of(&rest, bytes_max)?), now)?;
    }
    future.update_high_watermark(log.high_watermark());
    future.follow_log_start(log.log_start_offset());
    Ok(bytes)
}

/// Cuts off what `future` has and `log` does not, by leader epochs as a follower does. What has nothing in common begins anew.
fn fit(log: &Log, future: &Log, now: Millis) -> Result<(), OpenError> {
    while let Some(epoch) = future.latest_epoch() {
        let (end, shared) = (future.log_end_offset(), log.end_offset_for_epoch(epoch));
        let to = if shared.0.is_none() {
            Offset::NONE
        } else {
            truncation_point(shared, |epoch| future.end_offset_for_epoch(epoch), end)
        };
        if to >= end {
            break;
        }
        if to < future.log_start_offset() {
            return future.truncate_fully_and_start_at(log.log_start_offset(), now);
        }
        future.truncate_to(to, now)?;
    }
    if future.log_end_offset() < log.log_start_offset() {
        return future.truncate_fully_and_start_at(log.log_start_offset(), now);
    }
    future.truncate_to(log.log_end_offset(), now)
}
