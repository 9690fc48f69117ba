//! A log on a disk that loses power at every single change, that fails, and that is full: what was synced is there afterwards, what is
//! there was appended, and nothing is told to be safe that is not.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::background::{Background, BackgroundJobs};
use super::config::LogConfig;
use super::dir::LogDir;
use super::error::{AppendError, OpenError};
use super::file_system::{self, Mounted};
use super::health::DirHealth;
use super::loader::OpenOptions;
use super::log::{AppendOrigin, Log};
use super::manager::LogManager;
use super::read_info::ReadUpTo;
use super::simulated_disk::{Faults, SimulatedDisk};
use crate::base::ids::{LeaderEpoch, Millis, NodeId, Offset, PartitionIndex, TopicPartition, Uuid};
use crate::record::batch::batches;
use crate::record::builder::BatchBuilder;
use crate::record::compression::Compression;
use crate::record::iter::records;

const NOW: Millis = Millis(1_700_000_000_000);

/// A disk at a place of its own.
struct Place {
    disk: Arc<SimulatedDisk>,
    dir: PathBuf,
    _mounted: Mounted,
}

impl Place {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let at = PathBuf::from(format!("/simulated/log-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        let disk = SimulatedDisk::new();
        let _mounted = file_system::mount(&at, Arc::clone(&disk));
        let dir = at.join("t-0");
        file_system::create_dirs(&dir).unwrap();
        file_system::sync_dir(&at).unwrap();
        Self { disk, dir, _mounted }
    }

    fn open(&self, recovery_point: Offset) -> Result<(Arc<Log>, BackgroundJobs), OpenError> {
        let (background, jobs) = Background::by_hand();
        let options = OpenOptions {
            name: TopicPartition::new("t", PartitionIndex(0)),
            topic_id: Uuid([7; 16]),
            dir: self.dir.clone(),
            config: LogConfig { segment_bytes: 6000, index_interval_bytes: 500, ..LogConfig::default() },
            recovery_point,
            log_start: Offset(0),
            clean: false,
            health: DirHealth::new(self.dir.parent().unwrap_or(Path::new("/")).to_path_buf()),
            background: Arc::new(background),
        };
        Ok((Log::open(options, NOW)?, jobs))
    }
}

struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % n.max(1)
    }
}

fn batch(value: u64, size: usize) -> Bytes {
    let text = format!("{value} {}", "x".repeat(size));
    let mut builder = BatchBuilder::new();
    builder.append(NOW, None, Some(text.as_bytes()), &[]);
    builder.build(Offset(0), LeaderEpoch::NONE, Compression::None).unwrap()
}

/// The values in a log, which has one record to a batch.
fn values(log: &Log) -> Vec<u64> {
    let mut found = Vec::new();
    let mut next = log.log_start_offset();
    while next < log.log_end_offset() {
        let read = log.read(next, 1 << 16, ReadUpTo::LogEnd, true).unwrap().records.to_bytes().unwrap();
        for view in batches(&read).map_while(Result::ok) {
            view.verify_crc().unwrap();
            assert_eq!(view.header.base_offset, Offset(found.len() as i64), "offsets follow each other");
            let record = records(view.payload(), 1).next().unwrap().unwrap();
            let text = String::from_utf8(record.value.unwrap().to_vec()).unwrap();
            found.push(text.split_once(' ').unwrap().0.parse().unwrap());
            next = view.header.next_offset();
        }
    }
    found
}

/// What the log may hold after a crash: at least the first `safe` values, a prefix of one of the histories since the last sync.
struct Promise {
    histories: Vec<Vec<u64>>,
    safe: usize,
    next: u64,
}

impl Promise {
    fn now(&self) -> &Vec<u64> {
        &self.histories[self.histories.len() - 1]
    }
    fn synced(&mut self) {
        self.histories.drain(..self.histories.len() - 1);
        self.safe = self.now().len();
    }
    /// What was cut off does not come back.
    fn cut_is_safe(&mut self) {
        self.histories.drain(..self.histories.len() - 1);
    }
    fn cut(&mut self, to: usize) {
        let mut cut = self.now().clone();
        cut.truncate(to);
        self.safe = self.safe.min(to);
        self.histories.push(cut);
    }
    fn holds(&self, found: &[u64]) -> bool {
        found.len() >= self.safe && self.histories.iter().any(|history| history.starts_with(found))
    }
}

/// Appends, syncs, cuts, seals and closes at random until the disk fails or the steps are done.
fn live(log: &Log, jobs: &BackgroundJobs, promise: &mut Promise, random: &mut Random, steps: usize) -> Option<()> {
    let mut epoch = log.latest_epoch().unwrap_or(LeaderEpoch(0));
    for _ in 0..steps {
        match random.below(20) {
            0..=11 => {
                let value = promise.next;
                promise.next += 1;
                // It may be there although it failed, as the last of all.
                let last = promise.histories.len() - 1;
                promise.histories[last].push(value);
                let size = [10, 300, 900, 3000][random.below(4)];
                log.append_as_leader(batch(value, size), epoch, AppendOrigin::Client, NOW).ok()?;
                log.update_high_watermark(log.log_end_offset());
            }
            12..=14 => {
                log.flush().ok()?;
                promise.synced();
            }
            15..=16 => drop(jobs.run_one()),
            17 => {
                let end = promise.now().len();
                let to = end - random.below(end.min(6) + 1);
                promise.cut(to);
                log.truncate_to(Offset(to as i64), NOW).ok()?;
                promise.cut_is_safe();
                epoch = LeaderEpoch(epoch.0 + 1);
            }
            18 => log.roll(NOW).ok()?,
            _ => {
                log.close().ok()?;
                promise.synced();
            }
        }
    }
    Some(())
}

/// One log through several power cuts, the first after `changes` changes.
fn cut_after(changes: u64, seed: u64) -> Result<bool, String> {
    let place = Place::new();
    let mut random = Random::new(seed);
    let mut promise = Promise { histories: vec![Vec::new()], safe: 0, next: 0 };
    let mut came_through = false;
    let mut power_for = changes;
    for _ in 0..3 {
        place.disk.set_faults(Faults { power_for: Some(power_for), ..Faults::default() });
        // The checkpoint may say where the last sync was, or nothing; the disk may also fail while the log is recovered.
        let point = if random.below(2) == 0 { 0 } else { promise.safe as i64 };
        match place.open(Offset(point)) {
            Ok((log, jobs)) => {
                let found = values(&log);
                if !promise.holds(&found) {
                    let Promise { histories, safe, .. } = &promise;
                    return Err(format!("{found:?} is left of {histories:?}, of which {safe} were safe"));
                }
                promise.histories = vec![found];
                came_through = live(&log, &jobs, &mut promise, &mut random, 60).is_some();
            }
            Err(error @ OpenError::Damaged { .. }) => return Err(format!("refused: {error}")),
            Err(_) if place.disk.is_out_of_power() => {}
            Err(error) => return Err(error.to_string()),
        }
        place.disk.power_cut(&mut |n| random.below(n));
        power_for = 20 + random.below(150) as u64;
    }
    let (log, _jobs) = place.open(Offset(0)).map_err(|error| error.to_string())?;
    let found = values(&log);
    if promise.holds(&found) { Ok(came_through) } else { Err(format!("{found:?} is left of {:?}", promise.histories)) }
}

#[test]
fn a_power_cut_at_any_change_loses_nothing_that_was_synced() {
    let runs = (0..150).flat_map(|changes| (0..4).map(move |seed| (changes, seed * 1000 + changes)));
    let lost = runs.filter_map(|(changes, seed)| {
        let what = cut_after(changes, seed).err()?;
        Some(format!("power for {changes} changes, seed {seed}: {what}"))
    });
    let lost: Vec<String> = lost.collect();
    assert!(lost.is_empty(), "{} runs:\n{}", lost.len(), lost.join("\n"));
}

#[test]
fn after_a_failed_sync_nothing_is_told_to_be_safe() {
    let place = Place::new();
    let (log, _jobs) = place.open(Offset(0)).unwrap();
    let append = |value| log.append_as_leader(batch(value, 10), LeaderEpoch(0), AppendOrigin::Client, NOW);
    append(1).unwrap();
    log.flush().unwrap();
    append(2).unwrap();
    place.disk.set_faults(Faults { syncs_fail: true, ..Faults::default() });
    assert!(log.flush().is_err());
    // The disk seems well again; what it dropped it does not tell of a second time.
    place.disk.set_faults(Faults::default());
    assert!(log.flush().is_err(), "a later sync proves nothing");
    assert!(append(3).is_err(), "nothing more is taken");
    assert!(log.is_offline());
    assert_eq!(log.recovery_point(), Offset(1));
    place.disk.power_cut(&mut |n| n - 1);
    assert_eq!(values(&place.open(Offset(1)).unwrap().0), [1]);
}

#[test]
fn a_failed_write_takes_the_directory_offline() {
    let place = Place::new();
    let (log, _jobs) = place.open(Offset(0)).unwrap();
    let append = |value| log.append_as_leader(batch(value, 10), LeaderEpoch(0), AppendOrigin::Client, NOW);
    append(1).unwrap();
    place.disk.set_faults(Faults { writes_fail: true, ..Faults::default() });
    assert!(append(2).is_err());
    place.disk.set_faults(Faults::default());
    assert!(append(3).is_err());
    assert_eq!((log.is_offline(), values(&log)), (true, vec![1]));
}

#[test]
fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    let place = Place::new();
    let (log, _jobs) = place.open(Offset(0)).unwrap();
    let append = |value| log.append_as_leader(batch(value, 400), LeaderEpoch(0), AppendOrigin::Client, NOW);
    append(1).unwrap();
    append(2).unwrap();
    place.disk.set_faults(Faults { capacity: Some(place.disk.used() + 100), ..Faults::default() });
    for _ in 0..3 {
        assert!(matches!(append(3), Err(AppendError::Storage(error)) if error.is_no_space()));
    }
    assert_eq!((log.is_offline(), values(&log)), (false, vec![1, 2]));
    place.disk.set_faults(Faults::default());
    append(4).unwrap();
    log.flush().unwrap();
    place.disk.power_cut(&mut |_| 0);
    assert_eq!(values(&place.open(Offset(0)).unwrap().0), [1, 2, 4]);
}

#[test]
fn a_log_without_room_is_made_later_and_one_that_cannot_be_made_takes_the_directory_offline() {
    let place = Place::new();
    let dir = LogDir::open(&place.dir.with_file_name("data"), "cluster", NodeId(1)).unwrap();
    let logs = LogManager::load(vec![dir], &|_| LogConfig::default(), &|_| false, 1, NOW).unwrap();
    let make = |topic| {
        let name = TopicPartition::new(topic, PartitionIndex(0));
        logs.get_or_create(&name, Uuid([7; 16]), Uuid::ZERO, LogConfig::default(), NOW)
    };
    place.disk.set_faults(Faults { capacity: Some(place.disk.used() + 10), ..Faults::default() });
    for _ in 0..3 {
        assert!(matches!(make("t"), Err(OpenError::Storage(error)) if error.is_no_space()));
    }
    place.disk.set_faults(Faults::default());
    make("t").unwrap().append_as_leader(batch(1, 10), LeaderEpoch(0), AppendOrigin::Client, NOW).unwrap();
    assert_eq!(logs.offline_dirs(), 0);
    place.disk.set_faults(Faults { writes_fail: true, ..Faults::default() });
    assert!(matches!(make("u"), Err(OpenError::Storage(_))));
    place.disk.set_faults(Faults::default());
    assert!(matches!(make("u"), Err(OpenError::BadFile { .. })), "it is trusted again");
    assert_eq!(logs.offline_dirs(), 1);
}

#[test]
fn a_log_that_a_full_disk_kept_from_being_opened_is_opened_when_there_is_room() {
    let place = Place::new();
    let path = place.dir.with_file_name("data");
    let config = LogConfig { segment_bytes: 1500, index_interval_bytes: 500, ..LogConfig::default() };
    let load = || {
        let dir = LogDir::open(&path, "cluster", NodeId(1)).unwrap();
        LogManager::load(vec![dir], &|_| config.clone(), &|_| false, 1, NOW).unwrap()
    };
    let name = TopicPartition::new("t", PartitionIndex(0));
    let make = |logs: &LogManager| logs.get_or_create(&name, Uuid([7; 16]), Uuid::ZERO, config.clone(), NOW);
    let log = make(&load()).unwrap();
    for value in 1..=6 {
        log.append_as_leader(batch(value, 600), LeaderEpoch(0), AppendOrigin::Client, NOW).unwrap();
    }
    log.flush().unwrap();
    drop(log);
    // Without the indexes of its sealed segments it has to make them anew, for which there is no room.
    let dir = path.join("t-0");
    for name in file_system::list(&dir).unwrap().into_iter().filter(|name| name.ends_with("index")) {
        file_system::remove_file(&dir.join(name)).unwrap();
    }
    place.disk.set_faults(Faults { capacity: Some(place.disk.used()), ..Faults::default() });
    let logs = load();
    assert!(logs.get(&name).is_none(), "it was opened all the same");
    for _ in 0..3 {
        assert!(matches!(make(&logs), Err(OpenError::Storage(error)) if error.is_no_space()));
    }
    place.disk.set_faults(Faults::default());
    assert_eq!(values(&make(&logs).unwrap()), [1, 2, 3, 4, 5, 6]);
    assert!(logs.get(&name).is_some());
}
