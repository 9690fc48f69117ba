//! Opening a log: what is on disk becomes a `Log`, recovered where the last stop was not clean.
//!
//! After a clean stop nothing is read but the end of the last segment. Otherwise segments from the recovery point's on are
//! read batch by batch. Any index, snapshot or checkpoint that is missing or wrong is made anew.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use parking_lot::{Mutex, RwLock};

use super::background::Background;
use super::cleaner::checkpoint::CleanerCheckpoint;
use super::config::LogConfig;
use super::disk;
use super::error::{OpenError, StorageError};
use super::file_records::FileRecords;
use super::file_system;
use super::health::DirHealth;
use super::index::transaction_index::TransactionIndex;
use super::index::{offset_index, time_index};
use super::leader_epoch::{self, LeaderEpochCache};
use super::log::{End, Ends, Log, Writer, first_unstable};
use super::partition_metadata;
use super::producer_snapshot;
use super::producer_state::ProducerState;
use super::recovery;
use super::scan::BatchScan;
use super::segment::{LogSegment, file_path};
use super::tail_cache::TailCache;
use crate::base::ids::{Millis, Offset, TopicPartition, Uuid};

/// What a log is opened with.
pub struct OpenOptions {
    /// Whose log.
    pub name: TopicPartition,
    /// The topic's id; written to `partition.metadata` if that is not there yet.
    pub topic_id: Uuid,
    /// Its directory. It is there.
    pub dir: PathBuf,
    /// Its settings.
    pub config: LogConfig,
    /// Known to be on disk up to here.
    pub recovery_point: Offset,
    /// Where it starts, if that is checkpointed.
    pub log_start: Offset,
    /// True if the last stop was clean.
    pub clean: bool,
    /// The health of its log directory.
    pub health: Arc<DirHealth>,
    /// Where slow file work goes.
    pub background: Arc<Background>,
}

impl Log {
    /// Opens the log in `options.dir`. Blocks, for as long as recovery takes.
    pub fn open(options: OpenOptions, now: Millis) -> Result<Arc<Self>, OpenError> {
        let dir = options.dir.as_path();
        let bases = settle_files(dir)?;
        let (epochs, epochs_whole) = LeaderEpochCache::load(dir.join(leader_epoch::FILE_NAME))?;
        let loaded = load_segments(&options, &bases, &epochs, now)?;
        let (mut segments, mut writer, mut end) = (loaded.segments, loaded.writer, loaded.end);
        if segments.is_empty() {
            end = options.log_start.max(Offset(0));
            segments.push(Arc::new(LogSegment::create(dir, end, now)?));
        }
        let first = segments[0].base_offset;
        let log_start = options.log_start.max(first);
        if log_start > end {
            // Everything that was there lies below the log start: what remains is an empty log that begins there.
            segments = vec![Arc::new(LogSegment::create(dir, log_start, now)?)];
            writer.producers = ProducerState::default();
            end = log_start;
        }
        if !epochs_whole && !loaded.scanned_whole {
            rebuild_epochs(&epochs, &segments)?;
        }
        let departed = epochs.truncate_end(end);
        epochs.truncate_start(log_start);
        // Epochs that the log does not hold any more must not come back with the next crash. An empty log has no epochs and
        // needs no file; what a scan has found, the next scan finds again.
        if departed || !epochs_whole && !loaded.recovered && epochs.latest().is_some() {
            match epochs.write() {
                // A full device must not keep a log from being read: the file is due, and written with the next recovery point.
                Err(error) if error.is_no_space() => tracing::warn!(%error, "the device is full"),
                written => written?,
            }
        }
        partition_metadata::ensure(dir, options.topic_id)?;
        let active = &segments[segments.len() - 1];
        active.hold()?;
        let end = End { offset: end, segment: active.base_offset, position: active.size() };
        let first_unstable = first_unstable(&writer);
        Ok(Arc::new(Self {
            name: options.name,
            topic_id: options.topic_id,
            config: ArcSwap::from_pointee(options.config),
            ends: RwLock::new(Ends { log_end: end, high_watermark: start_end(&segments, log_start), first_unstable }),
            recovery_point: AtomicI64::new(if loaded.recovered {
                options.recovery_point.min(end.offset).0
            } else {
                end.offset.0
            }),
            tail: TailCache::default(),
            log_start: AtomicI64::new(log_start.0),
            structure: Mutex::new(()),
            flushing: Mutex::new(()),
            generation: AtomicU64::new(0),
            deleted: AtomicBool::new(false),
            cleaned: OnceLock::new(),
            entries_unsynced: AtomicBool::new(true),
            writer: Mutex::new(writer),
            segments: ArcSwap::from_pointee(segments),
            epochs,
            changed: AtomicBool::new(loaded.recovered),
            health: options.health,
            background: options.background,
            dir: options.dir,
        }))
    }
}

fn start_end(segments: &[Arc<LogSegment>], log_start: Offset) -> End {
    End { offset: log_start, segment: segments[0].base_offset, position: 0 }
}

struct Loaded {
    segments: Vec<Arc<LogSegment>>,
    writer: Writer,
    end: Offset,
    recovered: bool,
    /// True if every segment was scanned from its beginning.
    scanned_whole: bool,
}

fn load_segments(
    options: &OpenOptions,
    bases: &[Offset],
    epochs: &LeaderEpochCache,
    now: Millis,
) -> Result<Loaded, OpenError> {
    let dir = options.dir.as_path();
    // The segment that holds the recovery point is the first that may not be whole.
    let trusted = if options.clean {
        bases.len()
    } else {
        bases.partition_point(|base| *base <= options.recovery_point).saturating_sub(1)
    };
    let mut segments: Vec<Arc<LogSegment>> = Vec::with_capacity(bases.len());
    let mut end = bases.first().copied().unwrap_or(Offset(0));
    let (mut recovered, mut scanned_whole) = (false, true);
    let mut writer: Option<Writer> = None;
    for (i, base) in bases.iter().enumerate() {
        let opened = if i < trusted && writer.is_none() { open_trusted(dir, *base, now)? } else { None };
        if let Some(segment) = opened {
            segments.push(Arc::new(segment));
            scanned_whole = false;
            continue;
        }
        recovered = true;
        let segment = LogSegment::create(dir, *base, now)?;
        let state = match &mut writer {
            Some(writer) => writer,
            None => writer.insert(recovery::rebuild_producers(dir, &segments, *base, now)?),
        };
        let mut has_later = false;
        for later in &bases[i + 1..] {
            has_later |= length(&file_path(dir, *later, "log"))?.unwrap_or(0) > 0;
        }
        let place = recovery::Place { was_safe: i < trusted, has_later };
        let found = recovery::recover(&segment, state, place, options.config.index_interval_bytes, now)?;
        for (epoch, start) in &found.epochs {
            epochs.assign(*epoch, *start);
        }
        end = found.end;
        let is_last = i + 1 == bases.len();
        if !is_last {
            segment.seal()?;
            segment.sync()?;
            segment.file.loosen();
        }
        segments.push(Arc::new(segment));
        // The next segment was begun where this one ended, and only compaction takes anything from the end of a segment: what is
        // missing was never written. A gap in a log that is compacted, or once was, says nothing. (Its segments are on disk before
        // the next one is begun.)
        let has_gap = !place.was_safe && bases.get(i + 1).is_some_and(|next| found.end < *next);
        let has_lost = has_gap && !options.config.cleanup_policy.compact && !was_compacted(options)?;
        if has_lost {
            tracing::error!(
                segment = %segments[i].path.display(), end = %found.end, next = %bases[i + 1],
                "the segment's end was never written before the last stop; the log ends there and what follows is set aside"
            );
        }
        if (found.cut > 0 || has_lost) && !is_last {
            // What lies behind a cut cannot follow it any more, and is kept out of the way.
            for behind in &bases[i + 1..] {
                recovery::set_aside(dir, *behind)?;
            }
            break;
        }
    }
    if writer.is_none()
        && let Some(last) = segments.last()
    {
        end = end_of(last)?;
        // It is appended to again: its indexes grow in memory.
        last.offsets.reopen();
        last.times.reopen();
    }
    let snapshots_behind = producer_snapshot::list(dir)?.into_iter().filter(|o| *o > end);
    for behind in snapshots_behind {
        disk::remove(&producer_snapshot::path(dir, behind))?;
    }
    let writer = match writer {
        Some(writer) => writer,
        None => recovery::rebuild_producers(dir, &segments, end, now)?,
    };
    Ok(Loaded { segments, writer, end, recovered, scanned_whole })
}

/// True if compaction has been at work in the log, whatever its settings are now.
fn was_compacted(options: &OpenOptions) -> Result<bool, StorageError> {
    Ok(CleanerCheckpoint::load(options.health.path())?.offset_of(&options.name).is_some())
}

/// Opens a segment by its indexes, or `None` if one of them is missing or cannot be right: then it must be recovered.
fn open_trusted(dir: &Path, base: Offset, now: Millis) -> Result<Option<LogSegment>, OpenError> {
    let log_bytes = length(&file_path(dir, base, "log"))?.unwrap_or(0);
    let fits = |ending: &str, entry: usize, file_needed: bool| -> Result<bool, StorageError> {
        Ok(match length(&file_path(dir, base, ending))? {
            Some(bytes) => bytes.is_multiple_of(entry as u64),
            None => !file_needed,
        })
    };
    let needed = log_bytes > 0;
    if !fits("index", offset_index::ENTRY_BYTES, needed)? || !fits("timeindex", time_index::ENTRY_BYTES, needed)? {
        return Ok(None);
    }
    let Some(transactions) = TransactionIndex::load(file_path(dir, base, "txnindex")) else { return Ok(None) };
    let segment = LogSegment::open(dir, base, transactions, now)?;
    // Kafka leaves index files longer than their entries after a crash; zeros at the end do not ascend.
    if !segment.offsets.is_sane(log_bytes) || !segment.times.is_sane() || (needed && segment.times.is_empty()) {
        return Ok(None);
    }
    Ok(Some(segment))
}

fn length(path: &Path) -> Result<Option<u64>, StorageError> {
    match file_system::metadata(path) {
        Ok(m) => Ok(Some(m.length)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(StorageError::of("measure", path)(e)),
    }
}

/// The offset behind the last batch of a segment.
fn end_of(segment: &LogSegment) -> Result<Offset, OpenError> {
    let from = segment.offsets.last_position();
    let mut scan = BatchScan::new(&segment.file, &segment.path, from, segment.size());
    let mut end = segment.base_offset;
    let mut covered = from;
    loop {
        match scan.next_batch() {
            Ok(Some(at)) => {
                end = at.header.next_offset();
                covered = at.position + at.header.size() as u64;
            }
            Ok(None) => break,
            Err(e) => return Err(OpenError::BadFile { path: segment.path.clone(), reason: e.to_string() }),
        }
    }
    if covered < segment.size() {
        let reason = format!("{} bytes behind the last whole batch after a clean stop", segment.size() - covered);
        return Err(OpenError::BadFile { path: segment.path.clone(), reason });
    }
    Ok(end)
}

fn rebuild_epochs(epochs: &LeaderEpochCache, segments: &[Arc<LogSegment>]) -> Result<(), OpenError> {
    epochs.clear();
    for segment in segments {
        let mut scan = BatchScan::new(&segment.file, &segment.path, 0, segment.size());
        loop {
            match scan.next_batch() {
                Ok(Some(at)) => drop(epochs.assign(at.header.leader_epoch, at.header.base_offset)),
                Ok(None) => break,
                Err(e) => return Err(OpenError::BadFile { path: segment.path.clone(), reason: e.to_string() }),
            }
        }
    }
    Ok(())
}

/// Finishes or undoes what a crash interrupted, and lists the segments' base offsets, ascending.
fn settle_files(dir: &Path) -> Result<Vec<Offset>, StorageError> {
    let names = list(dir)?;
    let cleaned_from = names.iter().filter(|n| n.ends_with(".cleaned")).filter_map(|n| leading_offset(n)).min();
    let mut swapped = Vec::new();
    for name in &names {
        if let Some(complete) = name.strip_suffix(".swap") {
            let Some(offset) = leading_offset(complete) else { continue };
            // One at or behind a file that was still being written belongs to a split that did not get through.
            if cleaned_from.is_some_and(|from| offset >= from) {
                disk::remove(&dir.join(name))?;
            } else {
                swapped.push((complete.to_owned(), offset));
            }
        } else if [".deleted", ".cleaned", ".tmp"].iter().any(|ending| name.ends_with(ending)) {
            disk::remove(&dir.join(name))?;
        }
    }
    if !swapped.is_empty() {
        finish_swaps(dir, &names, &swapped)?;
    }
    let names = list(dir)?;
    let mut bases: Vec<Offset> = names.iter().filter_map(|name| base_of(name, "log")).collect();
    bases.sort_unstable();
    for name in &names {
        let orphan = ["index", "timeindex", "txnindex"].iter().find_map(|ending| base_of(name, ending));
        if orphan.is_some_and(|base| bases.binary_search(&base).is_err()) {
            tracing::warn!(file = %dir.join(name).display(), "an index without its segment is removed");
            disk::remove(&dir.join(name))?;
        }
    }
    Ok(bases)
}

/// Compacted segments, whole, that were about to take the place of others: those that lie between the first of them and the
/// end of the last go first.
fn finish_swaps(dir: &Path, names: &[String], swapped: &[(String, Offset)]) -> Result<(), StorageError> {
    let logs = || swapped.iter().filter(|(name, _)| name.ends_with(".log"));
    let mut end = Offset::NONE;
    for (name, base) in logs() {
        let path = dir.join(format!("{name}.swap"));
        let file = FileRecords::on_disk(&path);
        let size = file.length().map_err(StorageError::of("measure", &path))?;
        let mut scan = BatchScan::new(&file, &path, 0, size);
        let mut next = base.plus(1);
        while let Ok(Some(at)) = scan.next_batch() {
            next = at.header.next_offset();
        }
        end = end.max(next);
    }
    if let Some(from) = logs().map(|(_, base)| *base).min() {
        let replaced = |name: &String| {
            let inside = leading_offset(name).is_some_and(|offset| offset >= from && offset < end);
            inside && !name.ends_with(".swap") && !name.ends_with(".snapshot")
        };
        for name in names.iter().filter(|name| replaced(name)) {
            disk::remove(&dir.join(name))?;
        }
    }
    for (name, _) in swapped {
        let path = dir.join(format!("{name}.swap"));
        file_system::rename(&path, &dir.join(name)).map_err(StorageError::of("rename", &path))?;
    }
    disk::sync_dir(dir)
}

fn list(dir: &Path) -> Result<Vec<String>, StorageError> {
    file_system::list(dir).map_err(StorageError::of("list", dir))
}

/// The offset that a file is named by, whatever its ending.
fn leading_offset(name: &str) -> Option<Offset> {
    let (digits, rest) = name.split_at_checked(20)?;
    let whole = rest.starts_with('.') && digits.bytes().all(|b| b.is_ascii_digit());
    whole.then(|| digits.parse().ok().map(Offset)).flatten()
}

fn base_of(name: &str, ending: &str) -> Option<Offset> {
    let digits = name.strip_suffix(ending)?.strip_suffix('.')?;
    let whole = digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit());
    whole.then(|| digits.parse().ok().map(Offset)).flatten()
}
