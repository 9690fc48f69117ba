//! A compacted log, what was written to it, and what a reader makes of it: the ground of `model_test`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::checkpoint::CleanerCheckpoint;
use super::clean::clean;
use super::cleanable::{LogToClean, measure};
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

pub(super) const NOW: Millis = Millis(1_700_000_000_000);
const EPOCH: LeaderEpoch = LeaderEpoch(1);
pub(super) const RETENTION: Millis = Millis(1000);

pub(super) struct Free;
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

pub(super) fn open(dir: &Path, clean: bool) -> Arc<Log> {
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
pub(super) struct Record {
    pub(super) key: Vec<u8>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) timestamp: i64,
}

/// What lies in the log: heads of batches, and records by offset.
pub(super) struct Contents {
    pub(super) heads: Vec<BatchHeader>,
    pub(super) records: BTreeMap<i64, Record>,
    /// What a reader of committed transactions is given.
    pub(super) committed: BTreeSet<i64>,
}

pub(super) fn read(log: &Log, up_to: ReadUpTo) -> Contents {
    let mut found = Contents { heads: Vec::new(), records: BTreeMap::new(), committed: BTreeSet::new() };
    let mut next = log.log_start_offset();
    let mut aborted: HashMap<ProducerId, BTreeSet<Offset>> = HashMap::new();
    let mut ongoing: BTreeSet<ProducerId> = BTreeSet::new();
    loop {
        let info = log.read(next, 400, up_to, true).unwrap();
        for txn in &info.aborted {
            aborted.entry(txn.producer_id).or_default().insert(txn.first_offset);
        }
        let bytes = info.records.to_bytes().unwrap();
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
pub(super) struct World {
    pub(super) temp: tempfile::TempDir,
    pub(super) log: Option<Arc<Log>>,
    pub(super) now: Millis,
    pub(super) written: BTreeMap<i64, Record>,
    pub(super) aborted: BTreeSet<i64>,
    /// Of each producer, its next sequence and the offsets of its open transaction.
    pub(super) producers: BTreeMap<i64, (i32, Option<Vec<i64>>)>,
}

impl World {
    pub(super) fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let log = Some(open(temp.path(), true));
        Self { temp, log, now: NOW, written: BTreeMap::new(), aborted: BTreeSet::new(), producers: BTreeMap::new() }
    }

    pub(super) fn log(&self) -> &Arc<Log> {
        self.log.as_ref().unwrap()
    }

    pub(super) fn append(&self, bytes: Bytes, origin: AppendOrigin) -> Offset {
        let info = self.log().append_as_leader(bytes, EPOCH, origin, self.now).unwrap();
        self.log().update_high_watermark(info.end());
        info.first_offset
    }

    /// `seed` chooses keys, values, codec.
    pub(super) fn write(&mut self, seed: u64, producer: Option<i64>, transactional: bool) {
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

    pub(super) fn end_transaction(&mut self, id: i64, commit: bool) {
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

    pub(super) fn measure(&self) -> LogToClean {
        let log = self.log();
        let checkpoint = log.cleaned.get().unwrap().offset_of(&log.name);
        measure(log, checkpoint, self.now).unwrap()
    }

    pub(super) fn clean(&self, map_bytes_max: usize) -> Option<(Offset, CleanStats)> {
        let todo = self.measure();
        if !todo.is_due() {
            return None;
        }
        let settings = CleanerSettings { map_bytes_max, map_load_factor: 0.9, io_bytes: 700 };
        Some(clean(&todo, &settings, self.now, &mut Free).unwrap())
    }

    pub(super) fn reopen(&mut self, clean: bool) {
        let log = self.log.take().unwrap();
        if clean {
            log.close().unwrap();
        }
        log.background.finish();
        drop(log);
        self.log = Some(open(self.temp.path(), clean));
    }

    /// Latest committed value of each key, from `records`; aborted ones are left out.
    pub(super) fn state<'a>(&self, records: impl Iterator<Item = (&'a i64, &'a Record)>) -> BTreeMap<Vec<u8>, Vec<u8>> {
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
    pub(super) fn check(&self) {
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
    pub(super) fn check_cleaned(&self, end: Offset) {
        let found = read(self.log(), ReadUpTo::LogEnd);
        let mut keys = BTreeSet::new();
        for (offset, record) in found.records.range(..end.0) {
            assert!(keys.insert(record.key.clone()), "{offset}: a second record of its key");
            assert!(!self.aborted.contains(offset), "{offset} was aborted");
        }
    }

    /// Every producer's sequence, as far as the log tells.
    pub(super) fn sequences(&self) -> BTreeMap<i64, (i32, Option<i64>)> {
        let active = self.log().active_producers();
        let of = |p: crate::log::producer_state::ActiveProducer| {
            (p.producer_id.0, (p.last_sequence.0, p.current_txn_start_offset.map(|o| o.0)))
        };
        active.into_iter().map(of).collect()
    }

    pub(super) fn files(&self, ending: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.temp.path().join("t-0")).unwrap().map(|e| e.unwrap().path());
        let mut files: Vec<_> = entries.filter(|p| p.to_string_lossy().ends_with(ending)).collect();
        files.sort();
        files
    }

    /// Takes the last swap back to where a crash after `done` of its steps would have left the files.
    pub(super) fn undo_swap(&self, done: usize) {
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

pub(super) fn single(world: &mut World, key: &str, value: Option<&str>) -> i64 {
    let mut builder = BatchBuilder::new();
    builder.append(world.now, Some(key.as_bytes()), value.map(str::as_bytes), &[]);
    let bytes = builder.build(Offset(0), LeaderEpoch::NONE, Compression::Zstd).unwrap();
    let offset = world.append(bytes, AppendOrigin::Client).0;
    let record = Record { key: key.into(), value: value.map(|v| v.as_bytes().to_vec()), timestamp: world.now.0 };
    world.written.insert(offset, record);
    offset
}

/// Rolls, and writes something so that there is something to do.
pub(super) fn next_round(world: &mut World, n: i64) {
    single(world, "other", Some(&n.to_string()));
    world.log().roll(world.now).unwrap();
    single(world, "active", Some("v"));
    world.clean(1 << 20).unwrap();
    world.check();
}
