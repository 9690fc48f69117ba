//! Putting a copy in the place of the segments that it stands for, so that a crash at any point leaves the old or the new.
//!
//! ```text
//!   x.log.cleaned  →  x.log.swap      every file of the copy          a crash before the last of them: the old stay
//!   (directory synced)                                                from here on: the new are put in place at the next start
//!   x.log, y.log   →  *.deleted       every file of the old ones
//!   x.log.swap     →  x.log           every file of the copy
//!   (directory synced)
//! ```
//!
//! Readers that hold the old segments read on through files that are kept open for them; new readers find the list changed.
//! Appends go on meanwhile: the writer's lock is taken only to publish the list.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::error::CleanError;
use super::sink::CLEANED;
use crate::base::ids::{Millis, Offset};
use crate::log::disk;
use crate::log::error::StorageError;
use crate::log::file_system;
use crate::log::index::transaction_index::TransactionIndex;
use crate::log::log::{End, Log};
use crate::log::producer_snapshot;
use crate::log::segment::{LogSegment, file_path};

const SWAP: &str = ".swap";
const DELETED: &str = ".deleted";
const ENDINGS: [&str; 4] = ["log", "index", "timeindex", "txnindex"];

/// One thing done to the directory.
#[derive(Debug)]
pub(super) enum Step {
    /// A file that may be missing is renamed.
    Rename(PathBuf, PathBuf),
    /// The directory is synced.
    Sync(PathBuf),
}

impl Step {
    pub(super) fn run(&self) -> Result<(), StorageError> {
        match self {
            Self::Sync(dir) => disk::sync_dir(dir),
            Self::Rename(from, to) => match file_system::rename(from, to) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(StorageError::of("rename", from)(e)),
                _ => Ok(()),
            },
        }
    }
}

/// What is done to put the copy at `base` in the place of the segments at `replaced`.
pub(super) fn steps(dir: &Path, base: Offset, replaced: &[Offset]) -> Vec<Step> {
    let named = |base: Offset, ending: &str, suffix: &str| disk::with_suffix(&file_path(dir, base, ending), suffix);
    let of_copy = |from: &str, to: &str| ENDINGS.map(|e| Step::Rename(named(base, e, from), named(base, e, to)));
    let mut steps = Vec::from(of_copy(CLEANED, SWAP));
    steps.push(Step::Sync(dir.to_path_buf()));
    for old in replaced {
        steps.extend(ENDINGS.map(|e| Step::Rename(named(*old, e, ""), named(*old, e, DELETED))));
    }
    steps.extend(of_copy(SWAP, ""));
    steps.push(Step::Sync(dir.to_path_buf()));
    steps
}

/// Swaps the copy of `group` in. Calls it off if the log was cut since `generation`, or if a segment of the group is gone.
pub(super) fn swap(log: &Log, group: &[Arc<LogSegment>], generation: u64, now: Millis) -> Result<(), CleanError> {
    let bases: Vec<Offset> = group.iter().map(|s| s.base_offset).collect();
    let (Some(base), _structure) = (bases.first().copied(), log.structure.lock()) else { return Ok(()) };
    let _no_flush = log.flushing.lock();
    // Nobody but us changes what lies before the active segment as long as this lock is held.
    let segments = log.segments.load_full();
    let at = segments.partition_point(|s| s.base_offset < base);
    let is_there = segments.get(at..at + group.len()).is_some_and(|there| {
        there.iter().zip(group).all(|(there, ours)| Arc::ptr_eq(there, ours)) && at + group.len() < segments.len()
    });
    if !is_there || is_called_off(log, generation) {
        return Err(CleanError::Aborted);
    }
    for old in group {
        old.pin()?;
    }
    for step in steps(&log.dir, base, &bases) {
        // Half of a swap is no state to go on from; the next start finishes it.
        step.run().inspect_err(|e| log.health.fail_for_good(e))?;
    }
    publish(log, at, group.len(), base, now)?;
    for merged in &bases[1..] {
        disk::remove(&producer_snapshot::path(&log.dir, *merged))?;
    }
    remove_later(log, &bases);
    Ok(())
}

/// True if what a pass has read since `generation` is no longer what the log holds.
pub(super) fn is_called_off(log: &Log, generation: u64) -> bool {
    log.deleted.load(Ordering::Acquire) || log.generation.load(Ordering::Acquire) != generation
}

fn publish(log: &Log, at: usize, count: usize, base: Offset, now: Millis) -> Result<(), StorageError> {
    let index = file_path(&log.dir, base, "txnindex");
    let transactions = TransactionIndex::load(index.clone()).ok_or_else(|| {
        StorageError::of("read back the transaction index", &index)(std::io::ErrorKind::InvalidData.into())
    });
    let opened = transactions.and_then(|transactions| LogSegment::open(&log.dir, base, transactions, now));
    let copy = opened.inspect_err(|e| log.health.fail_for_good(e))?;
    let _writer = log.writer.lock();
    let mut segments = Vec::clone(&log.segments.load());
    let gone: Vec<_> = segments.splice(at..at + count, [Arc::new(copy)]).collect();
    let behind = segments[at + 1].base_offset;
    // Before the list as well: what is found by the new transaction indexes must be read from the new files.
    log.tail.forget_before(behind);
    {
        // Positions count in files that are no longer there. Before the list: who finds the new list finds this too.
        let mut ends = log.ends.write();
        if gone.iter().any(|s| s.base_offset == ends.high_watermark.segment) {
            ends.high_watermark = End { offset: ends.high_watermark.offset, segment: behind, position: 0 };
        }
    }
    log.segments.store(Arc::new(segments));
    Ok(())
}

fn remove_later(log: &Log, bases: &[Offset]) {
    let files: Vec<PathBuf> = bases
        .iter()
        .flat_map(|base| ENDINGS.map(|e| disk::with_suffix(&file_path(&log.dir, *base, e), DELETED)))
        .collect();
    let health = Arc::clone(&log.health);
    log.background.run_after(log.config().file_delete_delay_ms, move || {
        for file in files {
            if let Err(error) = disk::remove(&file) {
                health.fail(&error);
            }
        }
    });
}
