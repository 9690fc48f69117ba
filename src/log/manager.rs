//! All logs of this broker, over all its log directories.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Mutex, RwLock};

use super::background::Background;
use super::checkpoint;
use super::cleaner::checkpoint::CleanerCheckpoint;
use super::config::LogConfig;
use super::dir::LogDir;
use super::disk;
use super::error::{OpenError, StorageError};
use super::file_system;
use super::flusher::Flusher;
use super::future;
use super::health::DirHealth;
use super::loader::OpenOptions;
use super::log::Log;
use super::partition_metadata;
use super::producer_budget;
use crate::base::ids::{BrokerEpoch, Millis, Offset, PartitionIndex, TopicPartition, Uuid};

/// The ending of a directory whose partition is being deleted.
const DELETE_ENDING: &str = "-delete";

/// Logs that are closed at a time.
const CLOSING_THREADS_MAX: usize = 8;

/// A log directory and what its checkpoints said at the start.
pub(super) struct Dir {
    pub(super) dir: LogDir,
    pub(super) health: Arc<DirHealth>,
    recovery_points: BTreeMap<TopicPartition, Offset>,
    log_starts: BTreeMap<TopicPartition, Offset>,
    high_watermarks: BTreeMap<TopicPartition, Offset>,
    pub(super) cleaned: Arc<CleanerCheckpoint>,
    /// What the file of high watermarks says now.
    written_watermarks: Mutex<BTreeMap<TopicPartition, Offset>>,
    /// Logs that are gone, and of which a checkpoint may say something yet: by name, which another log may be given.
    outlived: Mutex<BTreeSet<TopicPartition>>,
}

impl Dir {
    /// What the checkpoints said when the directory was opened, of any log.
    fn named(&self) -> impl Iterator<Item = &TopicPartition> {
        self.recovery_points.keys().chain(self.log_starts.keys()).chain(self.high_watermarks.keys())
    }
}

/// A partition directory found on disk.
#[derive(Clone)]
struct Found {
    name: TopicPartition,
    path: PathBuf,
    topic_id: Uuid,
    dir: usize,
    /// It is a copy on its way into this directory.
    is_future: bool,
}

/// All logs.
pub struct LogManager {
    pub(super) dirs: Vec<Dir>,
    pub(super) logs: RwLock<HashMap<TopicPartition, Arc<Log>>>,
    /// Copies on their way to another directory.
    pub(super) futures: RwLock<HashMap<TopicPartition, Arc<Log>>>,
    /// Where logs that are not here yet are to be created.
    pub(super) preferred: Mutex<HashMap<TopicPartition, PathBuf>>,
    pub(super) creating: Mutex<()>,
    /// Logs that could not be opened.
    broken: Mutex<Vec<TopicPartition>>,
    /// Those of them that may be opened yet: the device was full.
    short_of_room: Mutex<HashMap<TopicPartition, Found>>,
    /// Directories that could not be opened at all.
    missing: AtomicUsize,
    background: Arc<Background>,
}

impl LogManager {
    /// Opens every log in `dirs`, several at a time. A log that cannot be opened is told of and left out: its partition
    /// stays unavailable, all others serve. `skip` names topics that somebody else opens (the controller's own log).
    pub fn load(
        dirs: Vec<LogDir>,
        config_of: &(dyn Fn(&TopicPartition) -> LogConfig + Sync),
        skip: &(dyn Fn(&str) -> bool + Sync),
        threads_per_dir: usize,
        now: Millis,
    ) -> Result<Arc<Self>, OpenError> {
        let first = dirs.first().map(|dir| dir.path.clone()).unwrap_or_default();
        let background = Background::for_dir(&first).map_err(StorageError::of("start a thread for", "log files"))?;
        let mut opened = Vec::with_capacity(dirs.len());
        for dir in dirs {
            let high_watermarks = checkpoint::read_offsets(&dir.path.join(checkpoint::HIGH_WATERMARKS))?;
            opened.push(Dir {
                health: DirHealth::new(dir.path.clone()),
                recovery_points: checkpoint::read_offsets(&dir.path.join(checkpoint::RECOVERY_POINTS))?,
                log_starts: checkpoint::read_offsets(&dir.path.join(checkpoint::LOG_STARTS))?,
                cleaned: Arc::new(CleanerCheckpoint::load(&dir.path)?),
                written_watermarks: Mutex::new(high_watermarks.clone()),
                outlived: Mutex::default(),
                high_watermarks,
                dir,
            });
        }
        let manager = Self {
            dirs: opened,
            logs: RwLock::default(),
            futures: RwLock::default(),
            preferred: Mutex::default(),
            creating: Mutex::new(()),
            broken: Mutex::default(),
            short_of_room: Mutex::default(),
            missing: AtomicUsize::new(0),
            background: Arc::new(background),
        };
        let found = manager.find(skip)?;
        let next = AtomicUsize::new(0);
        let threads = (threads_per_dir.max(1) * manager.dirs.len()).min(found.len());
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some(one) = found.get(next.fetch_add(1, Ordering::Relaxed)) {
                        manager.load_one(one, config_of(&one.name), now);
                    }
                });
            }
        });
        manager.settle_futures();
        for dir in &manager.dirs {
            let broken = manager.broken.lock();
            dir.cleaned.retain(|name| manager.get(name).is_some() || broken.contains(name));
            let is_here = |name: &TopicPartition| {
                broken.contains(name) || manager.get(name).is_some_and(|log| Arc::ptr_eq(log.health(), &dir.health))
            };
            dir.outlived.lock().extend(dir.named().filter(|name| !is_here(name)).cloned());
        }
        Ok(Arc::new(manager))
    }

    fn find(&self, skip: &dyn Fn(&str) -> bool) -> Result<Vec<Found>, OpenError> {
        let mut found = Vec::new();
        for (i, dir) in self.dirs.iter().enumerate() {
            let path = &dir.dir.path;
            for text in disk::names_in(path)? {
                let path = path.join(&text);
                if !file_system::metadata(&path).is_ok_and(|m| m.is_dir) {
                    continue;
                }
                if text.ends_with(DELETE_ENDING) {
                    self.background.run(move || remove_tree(&path));
                    continue;
                }
                let future = future::future_of(&text);
                let is_future = future.is_some();
                let Some(name) = future.or_else(|| partition_of(&text)).filter(|n| !skip(&n.topic)) else { continue };
                let topic_id = match partition_metadata::read(&path) {
                    Ok(id) => id.unwrap_or(Uuid::ZERO),
                    Err(OpenError::BadFile { path, reason }) => {
                        let path = path.display();
                        tracing::error!(partition = %name, %path, reason, "nobody knows whose data it is; it is left alone");
                        if !is_future {
                            self.broken.lock().push(name);
                        }
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                found.push(Found { name, path, topic_id, dir: i, is_future });
            }
        }
        Ok(found)
    }

    fn load_one(&self, found: &Found, config: LogConfig, now: Millis) {
        match self.open_found(found, config, now) {
            Ok(log) if found.is_future => self.found_future(log),
            Ok(log) => self.keep_longer(log),
            Err(error) if found.is_future => {
                tracing::warn!(partition = %found.name, %error, "the copy of a log cannot be opened; it is left alone");
            }
            Err(error) => {
                tracing::error!(partition = %found.name, %error, "the log cannot be opened; its partition is unavailable");
                self.broken.lock().push(found.name.clone());
                if matches!(&error, OpenError::Storage(error) if error.is_shortage()) {
                    self.short_of_room.lock().insert(found.name.clone(), found.clone());
                }
            }
        }
    }

    fn open_found(&self, found: &Found, config: LogConfig, now: Millis) -> Result<Arc<Log>, OpenError> {
        let dir = &self.dirs[found.dir];
        let options = self.options(dir, found.name.clone(), found.topic_id, found.path.clone(), config);
        let log = Log::open(options, now)?;
        if let Some(high_watermark) = dir.high_watermarks.get(&found.name) {
            log.update_high_watermark(*high_watermark);
        }
        log.clean_with(Arc::clone(&dir.cleaned));
        Ok(log)
    }

    /// Opens a log for which the start had no room once more; none if it is no such log.
    pub(super) fn open_again(
        &self,
        name: &TopicPartition,
        topic_id: Uuid,
        config: LogConfig,
        now: Millis,
    ) -> Option<Result<Arc<Log>, OpenError>> {
        let found = self.short_of_room.lock().get(name).filter(|found| found.topic_id == topic_id).cloned()?;
        let opened = self.open_found(&found, config, now);
        match &opened {
            Err(OpenError::Storage(error)) if error.is_shortage() => return Some(opened),
            Ok(log) => {
                tracing::info!(partition = %name, "there is room again, and the log is open");
                self.logs.write().insert(name.clone(), Arc::clone(log));
                self.broken.lock().retain(|broken| broken != name);
            }
            Err(_) => {}
        }
        self.short_of_room.lock().remove(name);
        Some(opened)
    }

    pub(super) fn options(
        &self,
        dir: &Dir,
        name: TopicPartition,
        topic_id: Uuid,
        path: PathBuf,
        config: LogConfig,
    ) -> OpenOptions {
        OpenOptions {
            recovery_point: dir.recovery_points.get(&name).copied().unwrap_or(Offset(0)),
            log_start: dir.log_starts.get(&name).copied().unwrap_or(Offset(0)),
            clean: dir.dir.was_clean,
            health: Arc::clone(&dir.health),
            background: Arc::clone(&self.background),
            name,
            topic_id,
            dir: path,
            config,
        }
    }

    /// A log that is open.
    pub fn get(&self, name: &TopicPartition) -> Option<Arc<Log>> {
        self.logs.read().get(name).cloned()
    }

    /// All logs that are open.
    pub fn all(&self) -> Vec<Arc<Log>> {
        self.logs.read().values().cloned().collect()
    }

    /// Further directories could not be opened when the broker started.
    pub fn note_missing(&self, dirs: usize) {
        self.missing.store(dirs, Ordering::Relaxed);
    }

    /// The id of the directory that a log is in.
    pub fn directory_of(&self, log: &Log) -> Option<Uuid> {
        self.dirs.iter().find(|dir| Arc::ptr_eq(log.health(), &dir.health)).map(|dir| dir.dir.meta.directory_id)
    }

    /// Takes a partition's log away: its directory is renamed at once and removed after `file.delete.delay.ms`. So is its copy.
    pub fn delete(&self, name: &TopicPartition) -> Result<(), StorageError> {
        self.drop_future(name)?;
        let Some(log) = self.logs.write().remove(name) else { return Ok(()) };
        self.retire(&log)
    }

    /// Ends a log that is in no table any more, and has its files removed later.
    pub(super) fn retire(&self, log: &Log) -> Result<(), StorageError> {
        log.abandon();
        self.outlive(log);
        log.cleaned.get().map_or(Ok(()), |cleaned| cleaned.remove(&log.name))?;
        let path = log.dir().to_path_buf();
        let gone = path.with_file_name(future::beside(&log.name, DELETE_ENDING));
        // Not synced: should a crash bring the directory back, the topic's id in it tells that nobody wants it.
        let renamed = file_system::rename(&path, &gone).map_err(StorageError::of("rename", &path));
        renamed.inspect_err(|error| {
            if !error.is_not_found() {
                log.health().fail(error)
            }
        })?;
        self.background.run_after(log.config().file_delete_delay_ms, move || remove_tree(&gone));
        Ok(())
    }

    /// Removes what retention lets go. `now` is wall time.
    pub fn retention_tick(&self, now: Millis) {
        for log in self.all() {
            if let Err(error) = log.delete_old_segments(now) {
                log.health().fail(&error);
            }
        }
    }

    /// Forgets producers that have been silent for `producer.id.expiration.ms`. `now` is wall time.
    pub fn producers_tick(&self, now: Millis) {
        self.all().iter().for_each(|log| log.expire_producers(now));
    }

    /// Forgets the producers silent for longest, of whatever log, where all logs together remember too many. Every second or so.
    pub fn producers_excess_tick(&self) {
        let excess = producer_budget::excess();
        if excess == 0 {
            return;
        }
        let (logs, mut ages) = (self.all(), Vec::new());
        logs.iter().for_each(|log| log.silent_producers(&mut ages));
        let Some(last) = excess.min(ages.len()).checked_sub(1) else { return };
        let until = *ages.select_nth_unstable(last).1;
        logs.iter().for_each(|log| log.forget_producers(until));
        tracing::info!(forgotten = excess, left = producer_budget::remembered(), "too many producers were remembered");
    }

    /// Removes files whose `file.delete.delay.ms` is over. `now` on a clock that never goes back; every second or so.
    pub fn removal_tick(&self, now: Millis) {
        self.background.tick(now);
    }

    /// Syncs logs whose `flush.ms` is due, and gives back the memory of tails that nobody reads. Every second or so.
    pub fn flush_tick(&self, flusher: &Flusher, now: Millis) {
        let logs = self.all();
        logs.iter().for_each(|log| log.tail_tick());
        for log in logs.into_iter().filter(|log| log.is_flush_overdue(now)) {
            let end = log.log_end_offset();
            // A failure has taken the directory offline and told of it.
            flusher.request(log, end, Box::new(|_| ()));
        }
    }

    /// Writes recovery points, log starts and high watermarks.
    pub fn checkpoint_tick(&self) {
        for dir in self.dirs.iter().filter(|dir| !dir.health.is_offline()) {
            if let Err(error) = self.checkpoint(dir) {
                dir.health.fail(&error);
            }
        }
    }

    /// Writes high watermarks, where they have moved.
    pub fn high_watermark_tick(&self) {
        for dir in self.dirs.iter().filter(|dir| !dir.health.is_offline()) {
            if let Err(error) = self.checkpoint_high_watermarks(dir) {
                dir.health.fail(&error);
            }
        }
    }

    fn checkpoint(&self, dir: &Dir) -> Result<(), StorageError> {
        let outlived = std::mem::take(&mut *dir.outlived.lock());
        self.write_checkpoints(dir).inspect_err(|_| dir.outlived.lock().extend(outlived))
    }

    /// Has the checkpoints say nothing of a log that is gone, before another is given its name: a power cut would leave the new one
    /// with what the old one's start, recovery point and high watermark were.
    pub(super) fn forget_outlived(&self, dir: &Dir, name: &TopicPartition) -> Result<(), StorageError> {
        let is_named = dir.outlived.lock().contains(name);
        if is_named { self.checkpoint(dir).inspect_err(|error| dir.health.fail(error)) } else { Ok(()) }
    }

    /// A log is in no table any more.
    pub(super) fn outlive(&self, log: &Log) {
        if let Some(dir) = self.dirs.iter().find(|dir| Arc::ptr_eq(&dir.health, log.health())) {
            dir.outlived.lock().insert(log.name.clone());
        }
    }

    fn write_checkpoints(&self, dir: &Dir) -> Result<(), StorageError> {
        let path = &dir.dir.path;
        let points = self.offsets_of(dir, Log::recovery_point, &dir.recovery_points);
        checkpoint::write_offsets(&path.join(checkpoint::RECOVERY_POINTS), &points)?;
        let mut starts = self.offsets_of(dir, Log::log_start_offset, &dir.log_starts);
        // What the first segment's name says already needs no line; what is said of a log that is not open stays.
        starts.retain(|name, start| self.get(name).is_none_or(|log| *start > log.first_segment_base()));
        checkpoint::write_offsets(&path.join(checkpoint::LOG_STARTS), &starts)?;
        self.checkpoint_high_watermarks(dir)
    }

    fn checkpoint_high_watermarks(&self, dir: &Dir) -> Result<(), StorageError> {
        let now = self.offsets_of(dir, Log::high_watermark, &dir.high_watermarks);
        let path = dir.dir.path.join(checkpoint::HIGH_WATERMARKS);
        let mut written = dir.written_watermarks.lock();
        if *written != now || !file_system::exists(&path) {
            checkpoint::write_offsets(&path, &now)?;
            *written = now;
        }
        Ok(())
    }

    /// An offset of each log in a directory. What the files said of logs that could not be opened stays.
    fn offsets_of(
        &self,
        dir: &Dir,
        of: impl Fn(&Log) -> Offset,
        before: &BTreeMap<TopicPartition, Offset>,
    ) -> BTreeMap<TopicPartition, Offset> {
        let all = self.all().into_iter().chain(self.futures());
        let logs = all.filter(|log| Arc::ptr_eq(log.health(), &dir.health));
        let mut offsets: BTreeMap<_, _> = logs.map(|log| (log.name.clone(), of(&log))).collect();
        let broken = self.broken.lock();
        offsets.extend(broken.iter().filter_map(|name| Some((name.clone(), *before.get(name)?))));
        offsets
    }

    /// The broker epoch under which all directories were closed cleanly the last time; none if they do not agree.
    pub fn clean_epoch(&self) -> BrokerEpoch {
        let mut epochs = self.dirs.iter().map(|dir| dir.dir.clean_epoch);
        let first = epochs.next().unwrap_or(BrokerEpoch::NONE);
        if epochs.all(|epoch| epoch == first) { first } else { BrokerEpoch::NONE }
    }

    /// Stops cleanly: everything is synced and checkpointed, and each directory that is whole is marked as closed by the broker
    /// registered under `epoch`. Blocks.
    pub fn close(&self, epoch: BrokerEpoch) {
        let mut logs = self.all();
        logs.extend(self.futures());
        // What is simulated happens in one order.
        let simulated = self.dirs.iter().any(|dir| file_system::is_simulated(dir.health.path()));
        let threads = if simulated { 1 } else { CLOSING_THREADS_MAX };
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..logs.len().min(threads) {
                scope.spawn(|| {
                    while let Some(log) = logs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if let Err(error) = log.close() {
                            log.health().fail(&error.0);
                        }
                    }
                });
            }
        });
        self.background.finish();
        self.checkpoint_tick();
        if !self.broken.lock().is_empty() {
            // What could not be opened must be looked at again by the next start.
            return;
        }
        for dir in self.dirs.iter().filter(|dir| !dir.health.is_offline()) {
            if let Err(error) = dir.dir.mark_clean(epoch) {
                dir.health.fail(&error);
            }
        }
    }

    /// The directories: path, id, and whether each is offline.
    pub fn dirs(&self) -> impl Iterator<Item = (&LogDir, bool)> {
        self.dirs.iter().map(|dir| (&dir.dir, dir.health.is_offline()))
    }
    /// How many directories are offline.
    pub fn offline_dirs(&self) -> usize {
        self.dirs.iter().filter(|dir| dir.health.is_offline()).count() + self.missing.load(Ordering::Relaxed)
    }
    /// True if no directory is left.
    pub fn all_offline(&self) -> bool {
        self.dirs.iter().all(|dir| dir.health.is_offline())
    }
    /// The thread for slow file work, for a log that is opened elsewhere.
    pub fn background(&self) -> &Arc<Background> {
        &self.background
    }
}

pub(super) fn partition_of(directory: &str) -> Option<TopicPartition> {
    let (topic, index) = directory.rsplit_once('-')?;
    let index: i32 = index.parse().ok().filter(|i| *i >= 0)?;
    (!topic.is_empty()).then(|| TopicPartition::new(topic, PartitionIndex(index)))
}

pub(super) fn remove_tree(path: &Path) {
    if let Err(error) = file_system::remove_tree(path) {
        tracing::warn!(path = %path.display(), %error, "a deleted partition's directory could not be removed");
    }
}
