//! Compaction under any run of writes, transactions, restarts and crashes: what a reader makes of the log never changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;

use super::checkpoint::CleanerCheckpoint;
use super::clean::clean;
use super::cleanable::{LogToClean, measure};
use super::error::CleanError;
use super::swap::{Step, steps};
use super::{CleanStats, CleanerSettings, Pace};
use crate::base::ids::{
    LeaderEpoch, Millis, Offset, PartitionIndex, ProducerEpoch, ProducerId, Sequence, TopicPartition, Uuid,
};
use crate::log::background::Background;
use crate::log::config::{CleanupPolicy, LogConfig};
use crate::log::health::DirHealth;
use crate::log::loader::OpenOptions;
use crate::log::log::{AppendOrigin, Log};
use crate::log::read_info::ReadUpTo;
use crate::record::batch::{self, BatchHeader, CONTROL, TRANSACTIONAL};
use crate::record::builder::BatchBuilder;
use crate::record::compression::Compression;
use crate::record::control::{ControlType, end_txn_value};
use crate::record::iter::records;
use crate::record::records::Records;

const NOW: Millis = Millis(1_700_000_000_000);
const EPOCH: LeaderEpoch = LeaderEpoch(1);
const RETENTION: Millis = Millis(1000);

struct Free;
impl Pace for Free {
    fn spend(&mut self, _bytes: usize) -> bool {
        true
    }
}

fn config() -> LogConfig {
    LogConfig {
        segment_bytes: 1500,
        index_interval_bytes: 200,
        cleanup_policy: CleanupPolicy { delete: false, compact: true },
        delete_retention_ms: RETENTION,
        min_cleanable_dirty_ratio: 0.0,
        timestamp_after_max_ms: Millis(i64::MAX),
        verifies_transactions: false,
        ..LogConfig::default()
    }
}

fn open(dir: &Path, clean: bool) -> Arc<Log> {
    let options = OpenOptions {
        name: TopicPartition::new("t", PartitionIndex(0)),
        topic_id: Uuid([7; 16]),
        dir: dir.join("t-0"),
        config: config(),
        recovery_point: Offset(0),
        log_start: Offset(0),
        clean,
        health: DirHealth::new(dir.to_path_buf()),
        background: Arc::new(Background::start().unwrap()),
    };
    std::fs::create_dir_all(dir.join("t-0")).unwrap();
    let log = Log::open(options, NOW).unwrap();
    log.clean_with(Arc::new(CleanerCheckpoint::load(dir).unwrap()));
    log.update_high_watermark(log.log_end_offset());
    log
}

/// One record, from the log or as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Record {
    key: Vec<u8>,
    value: Option<Vec<u8>>,
    timestamp: i64,
}

/// What lies in the log: heads of batches, and records by offset.
struct Contents {
    heads: Vec<BatchHeader>,
    records: BTreeMap<i64, Record>,
    /// What a reader of committed transactions is given.
    committed: BTreeSet<i64>,
}

fn read(log: &Log, up_to: ReadUpTo) -> Contents {
    let mut found = Contents { heads: Vec::new(), records: BTreeMap::new(), committed: BTreeSet::new() };
    let mut next = log.log_start_offset();
    let mut aborted: HashMap<ProducerId, BTreeSet<Offset>> = HashMap::new();
    let mut ongoing: BTreeSet<ProducerId> = BTreeSet::new();
    loop {
        let info = log.read(next, 400, up_to, true).unwrap();
        for txn in &info.aborted {
            aborted.entry(txn.producer_id).or_default().insert(txn.first_offset);
        }
        let bytes = match &info.records {
            Records::Memory(bytes) => bytes.clone(),
            Records::Pieces(pieces) => pieces.concat().into(),
            Records::File(slice) => {
                let mut out = vec![0; slice.len];
                slice.file.read_exact_at(&mut out, slice.position).unwrap();
                out.into()
            }
        };
        let before = found.heads.len();
        for view in batch::batches(&bytes).map_while(Result::ok) {
            view.verify_crc().unwrap();
            let head = view.header;
            assert!(head.base_offset >= next || found.heads.len() == before, "offsets ascend");
            next = head.next_offset();
            found.heads.push(head);
            let started = aborted.get_mut(&head.producer_id).map(|firsts| {
                let begun: Vec<_> = firsts.iter().copied().filter(|f| *f <= head.last_offset()).collect();
                firsts.retain(|f| !begun.contains(f));
                !begun.is_empty()
            });
            if started == Some(true) {
                ongoing.insert(head.producer_id);
            }
            let plain = head.compression().unwrap().decompress(view.payload(), 1 << 20).unwrap();
            let mut left = 0;
            for record in records(&plain, head.record_count).map(Result::unwrap) {
                left += 1;
                if head.is_control() {
                    ongoing.remove(&head.producer_id);
                    continue;
                }
                let offset = head.base_offset.0 + i64::from(record.offset_delta);
                let timestamp = head.base_timestamp.0 + record.timestamp_delta;
                let (key, value) = (record.key.unwrap().to_vec(), record.value.map(<[u8]>::to_vec));
                found.records.insert(offset, Record { key, value, timestamp });
                if !(head.is_transactional() && ongoing.contains(&head.producer_id)) {
                    found.committed.insert(offset);
                }
            }
            assert_eq!(left, head.record_count);
        }
        if found.heads.len() == before {
            return found;
        }
    }
}

/// A log and what was written to it.
struct World {
    temp: tempfile::TempDir,
    log: Option<Arc<Log>>,
    now: Millis,
    written: BTreeMap<i64, Record>,
    aborted: BTreeSet<i64>,
    /// Of each producer, its next sequence and the offsets of its open transaction.
    producers: BTreeMap<i64, (i32, Option<Vec<i64>>)>,
}

impl World {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let log = Some(open(temp.path(), true));
        Self { temp, log, now: NOW, written: BTreeMap::new(), aborted: BTreeSet::new(), producers: BTreeMap::new() }
    }

    fn log(&self) -> &Arc<Log> {
        self.log.as_ref().unwrap()
    }

    fn append(&self, bytes: Bytes, origin: AppendOrigin) -> Offset {
        let info = self.log().append_as_leader(bytes, EPOCH, origin, self.now).unwrap();
        self.log().update_high_watermark(info.end());
        info.first_offset
    }

    /// `seed` chooses keys, values, codec.
    fn write(&mut self, seed: u64, producer: Option<i64>, transactional: bool) {
        let mut builder = BatchBuilder::new().flags(if transactional { TRANSACTIONAL } else { 0 });
        let count = 1 + seed % 4;
        if let Some(id) = producer {
            let (sequence, open) = self.producers.entry(id).or_insert((0, None));
            if open.is_some() != transactional {
                if !transactional {
                    return; // outside its transaction nothing of it is taken
                }
                *open = Some(Vec::new());
            }
            builder = builder.producer(ProducerId(id), ProducerEpoch(0), Sequence(*sequence));
            *sequence += count as i32;
        }
        let mut wrote = Vec::new();
        for i in 0..count {
            let key = format!("key-{}", (seed / 7 + i * 3) % 9).into_bytes();
            let value = (!(seed / 11 + i).is_multiple_of(5))
                .then(|| format!("value {seed} {i} {}", "x".repeat((seed % 60) as usize)).into_bytes());
            let timestamp = self.now.plus(Millis((seed % 50) as i64));
            builder.append(timestamp, Some(&key), value.as_deref(), &[(b"h", Some(b"v"))]);
            wrote.push(Record { key, value, timestamp: timestamp.0 });
        }
        let codec = Compression::ALL[(seed / 3 % 5) as usize];
        let first = self.append(builder.build(Offset(0), LeaderEpoch::NONE, codec).unwrap(), AppendOrigin::Client);
        for (i, record) in wrote.into_iter().enumerate() {
            let offset = first.0 + i as i64;
            self.written.insert(offset, record);
            if let Some((_, Some(open))) = producer.and_then(|id| self.producers.get_mut(&id)).filter(|_| transactional)
            {
                open.push(offset);
            }
        }
    }

    fn end_transaction(&mut self, id: i64, commit: bool) {
        let Some(open) = self.producers.get_mut(&id).and_then(|(_, open)| open.take()) else { return };
        let kind = if commit { ControlType::Commit } else { ControlType::Abort };
        let mut builder = BatchBuilder::new().flags(TRANSACTIONAL | CONTROL).producer(
            ProducerId(id),
            ProducerEpoch(0),
            Sequence::NONE,
        );
        builder.append(self.now, Some(&kind.key()), Some(&end_txn_value(0)), &[]);
        let marker = builder.build(Offset(0), LeaderEpoch::NONE, Compression::None).unwrap();
        self.append(marker, AppendOrigin::Coordinator);
        if !commit {
            self.aborted.extend(open);
        }
    }

    fn measure(&self) -> LogToClean {
        let log = self.log();
        let checkpoint = log.cleaned.get().unwrap().offset_of(&log.name);
        measure(log, checkpoint, self.now).unwrap()
    }

    fn clean(&self, map_bytes_max: usize) -> Option<(Offset, CleanStats)> {
        let todo = self.measure();
        if !todo.is_due() {
            return None;
        }
        let settings = CleanerSettings { map_bytes_max, map_load_factor: 0.9, io_bytes: 700 };
        Some(clean(&todo, &settings, self.now, &mut Free).unwrap())
    }

    fn reopen(&mut self, clean: bool) {
        let log = self.log.take().unwrap();
        if clean {
            log.close().unwrap();
        }
        log.background.finish();
        drop(log);
        self.log = Some(open(self.temp.path(), clean));
    }

    /// Latest committed value of each key, from `records`; aborted ones are left out.
    fn state<'a>(&self, records: impl Iterator<Item = (&'a i64, &'a Record)>) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let mut state = BTreeMap::new();
        for (_, record) in records.filter(|(offset, _)| !self.aborted.contains(offset)) {
            match &record.value {
                Some(value) => drop(state.insert(record.key.clone(), value.clone())),
                None => drop(state.remove(&record.key)),
            }
        }
        state
    }

    /// Nothing is there that was not written; nothing is missed by a reader from the start.
    fn check(&self) {
        let log = self.log();
        let found = read(log, ReadUpTo::LogEnd);
        for (offset, record) in &found.records {
            assert_eq!(Some(record), self.written.get(offset), "offset {offset}");
        }
        assert_eq!(self.state(found.records.iter()), self.state(self.written.iter()));
        let bound = self.measure().first_uncleanable.0;
        let untouched = |records: &BTreeMap<i64, Record>| records.range(bound..).map(|(o, _)| *o).collect::<Vec<_>>();
        assert_eq!(untouched(&found.records), untouched(&self.written));
        let stable = log.last_stable_offset().0;
        let read_committed = read(log, ReadUpTo::LastStable);
        let expected: BTreeSet<i64> =
            found.records.range(..stable).map(|(o, _)| *o).filter(|o| !self.aborted.contains(o)).collect();
        assert_eq!(read_committed.committed, expected);
    }

    /// Below where a pass ended there is one record for each key, and nothing of aborted transactions.
    fn check_cleaned(&self, end: Offset) {
        let found = read(self.log(), ReadUpTo::LogEnd);
        let mut keys = BTreeSet::new();
        for (offset, record) in found.records.range(..end.0) {
            assert!(keys.insert(record.key.clone()), "{offset}: a second record of its key");
            assert!(!self.aborted.contains(offset), "{offset} was aborted");
        }
    }

    /// Every producer's sequence, as far as the log tells.
    fn sequences(&self) -> BTreeMap<i64, (i32, Option<i64>)> {
        let active = self.log().active_producers();
        let of = |p: crate::log::producer_state::ActiveProducer| {
            (p.producer_id.0, (p.last_sequence.0, p.current_txn_start_offset.map(|o| o.0)))
        };
        active.into_iter().map(of).collect()
    }

    fn files(&self, ending: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.temp.path().join("t-0")).unwrap().map(|e| e.unwrap().path());
        let mut files: Vec<_> = entries.filter(|p| p.to_string_lossy().ends_with(ending)).collect();
        files.sort();
        files
    }

    /// Takes the last swap back to where a crash after `done` of its steps would have left the files.
    fn undo_swap(&self, done: usize) {
        let base = |p: &PathBuf| p.file_name().unwrap().to_str().unwrap()[..20].parse::<i64>().unwrap();
        let replaced: Vec<i64> = self.files(".log.deleted").iter().map(base).collect();
        let there: Vec<i64> = self.files(".log").iter().map(base).collect();
        let Some(last) = there.iter().rev().find(|b| replaced.contains(b)) else { return };
        let group: Vec<Offset> = replaced.iter().filter(|b| *b >= last).map(|b| Offset(*b)).collect();
        let steps = steps(&self.temp.path().join("t-0"), Offset(*last), &group);
        let done = done % (steps.len() + 1);
        for step in steps[done..].iter().rev() {
            if let Step::Rename(from, to) = step
                && to.exists()
            {
                std::fs::rename(to, from).unwrap();
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Op {
    Write(u64),
    Produce(i64, u64),
    Transact(i64, u64),
    End(i64, bool),
    Roll,
    Wait(i64),
    Clean(usize),
    CleanAndCrash(usize),
    Reopen(bool),
    ForgetSnapshots,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => any::<u64>().prop_map(|s| Op::Write(s >> 8)),
        3 => (1i64..4, any::<u64>()).prop_map(|(p, s)| Op::Produce(p, s >> 8)),
        4 => (10i64..13, any::<u64>()).prop_map(|(p, s)| Op::Transact(p, s >> 8)),
        3 => (10i64..13, any::<bool>()).prop_map(|(p, c)| Op::End(p, c)),
        1 => Just(Op::Roll),
        1 => (0i64..1500).prop_map(Op::Wait),
        2 => prop_oneof![Just(0usize), Just(1 << 20)].prop_map(Op::Clean),
        1 => (0usize..64).prop_map(Op::CleanAndCrash),
        1 => any::<bool>().prop_map(Op::Reopen),
        1 => Just(Op::ForgetSnapshots),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn a_reader_never_notices(ops in proptest::collection::vec(op(), 20..160)) {
        let mut world = World::new();
        for op in ops {
            match op {
                Op::Write(seed) => world.write(seed, None, false),
                Op::Produce(id, seed) => world.write(seed, Some(id), false),
                Op::Transact(id, seed) => world.write(seed, Some(id), true),
                Op::End(id, commit) => world.end_transaction(id, commit),
                Op::Roll => world.log().roll(world.now).unwrap(),
                Op::Wait(ms) => world.now = world.now.plus(Millis(ms)),
                Op::Clean(map) => {
                    if let Some((end, _)) = world.clean(map) {
                        world.check_cleaned(end);
                        let log = world.log();
                        prop_assert_eq!(log.cleaned.get().unwrap().offset_of(&log.name), Some(end));
                    }
                    world.check();
                }
                Op::CleanAndCrash(done) => {
                    world.files(".deleted").iter().for_each(|f| std::fs::remove_file(f).unwrap());
                    // The checkpoint is written after the swap: a crash before its end finds the one from before.
                    let checkpoint = world.temp.path().join(super::checkpoint::FILE_NAME);
                    let before = std::fs::read(&checkpoint).ok();
                    world.clean(1 << 20);
                    let log = world.log.take().unwrap();
                    log.flush().unwrap();
                    let keep = world.temp.path().join("kept");
                    std::fs::create_dir_all(&keep).unwrap();
                    for file in world.files(".deleted") {
                        std::fs::copy(&file, keep.join(file.file_name().unwrap())).unwrap();
                    }
                    log.background.finish();
                    drop(log);
                    for entry in std::fs::read_dir(&keep).unwrap() {
                        let path = entry.unwrap().path();
                        std::fs::rename(&path, world.temp.path().join("t-0").join(path.file_name().unwrap())).unwrap();
                    }
                    world.undo_swap(done);
                    match before {
                        Some(bytes) => std::fs::write(&checkpoint, bytes).unwrap(),
                        None => drop(std::fs::remove_file(&checkpoint)),
                    }
                    world.log = Some(open(world.temp.path(), false));
                    for ending in [".cleaned", ".swap", ".deleted"] {
                        prop_assert_eq!(world.files(ending), Vec::<PathBuf>::new());
                    }
                    world.check();
                }
                Op::Reopen(clean) => {
                    world.reopen(clean);
                    world.check();
                }
                Op::ForgetSnapshots => {
                    let before = world.sequences();
                    let log = world.log.take().unwrap();
                    log.background.finish();
                    drop(log);
                    world.files(".snapshot").iter().for_each(|f| std::fs::remove_file(f).unwrap());
                    world.log = Some(open(world.temp.path(), false));
                    prop_assert_eq!(world.sequences(), before);
                    world.check();
                }
            }
        }
        world.check();
    }
}

fn single(world: &mut World, key: &str, value: Option<&str>) -> i64 {
    let mut builder = BatchBuilder::new();
    builder.append(world.now, Some(key.as_bytes()), value.map(str::as_bytes), &[]);
    let bytes = builder.build(Offset(0), LeaderEpoch::NONE, Compression::Zstd).unwrap();
    let offset = world.append(bytes, AppendOrigin::Client).0;
    let record = Record { key: key.into(), value: value.map(|v| v.as_bytes().to_vec()), timestamp: world.now.0 };
    world.written.insert(offset, record);
    offset
}

/// Rolls, and writes something so that there is something to do.
fn next_round(world: &mut World, n: i64) {
    single(world, "other", Some(&n.to_string()));
    world.log().roll(world.now).unwrap();
    single(world, "active", Some("v"));
    world.clean(1 << 20).unwrap();
    world.check();
}

#[test]
fn a_tombstone_is_seen_for_its_time_and_then_goes() {
    let mut world = World::new();
    single(&mut world, "k", Some("v"));
    let tombstone = single(&mut world, "k", None);
    next_round(&mut world, 0);
    let found = read(world.log(), ReadUpTo::LogEnd);
    assert_eq!(found.records.keys().copied().take(2).collect::<Vec<_>>(), [tombstone, tombstone + 1]);
    let head = found.heads.iter().find(|h| h.base_offset.0 == tombstone).unwrap();
    assert_eq!(head.delete_horizon(), Some(NOW.plus(RETENTION)));
    assert_eq!(head.max_timestamp, NOW);
    world.now = NOW.plus(Millis(RETENTION.0 - 1));
    next_round(&mut world, 1);
    assert!(read(world.log(), ReadUpTo::LogEnd).records.contains_key(&tombstone));
    world.now = NOW.plus(RETENTION);
    next_round(&mut world, 2);
    assert!(!read(world.log(), ReadUpTo::LogEnd).records.contains_key(&tombstone));
}

#[test]
fn a_marker_goes_after_its_records_and_its_time() {
    let mut world = World::new();
    world.write(0, Some(10), true);
    world.end_transaction(10, false);
    // A later batch, so that the aborted one need not stay for its sequence.
    world.write(0, Some(10), true);
    world.end_transaction(10, true);
    let markers = |world: &World| {
        read(world.log(), ReadUpTo::LogEnd).heads.iter().filter(|h| h.is_control() && h.record_count > 0).count()
    };
    // The first pass drops the aborted records, the second finds them gone and begins the markers' time.
    for n in 0..2 {
        next_round(&mut world, n);
        assert_eq!(markers(&world), 2);
    }
    world.now = world.now.plus(RETENTION);
    next_round(&mut world, 2);
    assert_eq!(markers(&world), 1, "the committed one still has records");
}

#[test]
fn segments_are_merged_and_one_that_loses_nothing_is_left_alone() {
    let mut world = World::new();
    for i in 0..200 {
        world.write(i * 7, None, false);
    }
    let before = world.log().segment_count();
    world.clean(1 << 20).unwrap();
    world.check();
    let name = |world: &World| world.log().segments.load()[0].path.clone();
    let inode = |world: &World| std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(name(world)).unwrap());
    // What a pass has made small, the next one merges.
    next_round(&mut world, 0);
    let after = world.log().segment_count();
    assert!(before > 5 && after <= 4, "{before} → {after}");
    let mut big = BatchBuilder::new();
    big.append(world.now, Some(b"big"), Some(&[7; 1400]), &[]);
    let bytes = big.build(Offset(0), LeaderEpoch::NONE, Compression::None).unwrap();
    let fresh = World::new();
    fresh.append(bytes, AppendOrigin::Client);
    fresh.log().roll(fresh.now).unwrap();
    let mut other = fresh;
    let before = inode(&other);
    single(&mut other, "other", Some("v"));
    other.log().roll(other.now).unwrap();
    other.clean(1 << 20).unwrap();
    assert_eq!(inode(&other), before);
}

#[test]
fn a_cut_calls_a_pass_off_and_takes_the_checkpoint_back() {
    struct Cut<'a>(&'a Log, Offset);
    impl Pace for Cut<'_> {
        fn spend(&mut self, _bytes: usize) -> bool {
            self.0.truncate_to(self.1, NOW).unwrap();
            true
        }
    }
    let mut world = World::new();
    for i in 0..100 {
        world.write(i * 7, None, false);
    }
    world.clean(1 << 20).unwrap();
    let end = world.measure().first_dirty;
    for i in 0..100 {
        world.write(i * 11, None, false);
    }
    let todo = world.measure();
    assert_eq!(todo.first_dirty, end);
    let to = Offset(end.0 - 10);
    let settings = CleanerSettings { map_bytes_max: 1 << 20, map_load_factor: 0.9, io_bytes: 700 };
    let outcome = clean(&todo, &settings, NOW, &mut Cut(world.log(), to));
    assert!(matches!(outcome, Err(CleanError::Aborted)), "{outcome:?}");
    assert!(!world.log().is_offline());
    assert!(world.files(".cleaned").is_empty() && world.files(".swap").is_empty());
    assert!(world.measure().first_dirty <= to);
    world.reopen(false);
    assert!(world.measure().first_dirty <= to);
}

#[test]
fn readers_read_on_while_segments_are_replaced() {
    let mut world = World::new();
    for i in 0..150 {
        world.write(i * 7, None, false);
    }
    let log = Arc::clone(world.log());
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for up_to in [ReadUpTo::LogEnd, ReadUpTo::HighWatermark, ReadUpTo::LastStable] {
            let (log, stop, written) = (&log, &stop, world.written.clone());
            scope.spawn(move || {
                while !stop.load(std::sync::atomic::Ordering::Acquire) {
                    let found = read(log, up_to);
                    let known = found.records.iter().filter(|(o, _)| written.contains_key(o));
                    known.for_each(|(offset, record)| assert_eq!(Some(record), written.get(offset)));
                    assert!(!found.records.is_empty());
                }
            });
        }
        for n in 0..40 {
            next_round(&mut world, n);
        }
        stop.store(true, std::sync::atomic::Ordering::Release);
    });
}
