//! The log under any run of operations, beside readers, after crashes with unwritten pages: what survives is exactly what should.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use proptest::prelude::*;

use super::background::Background;
use super::config::LogConfig;
use super::error::{AppendError, OpenError};
use super::health::DirHealth;
use super::loader::OpenOptions;
use super::log::{AppendOrigin, Log};
use super::read_info::ReadUpTo;
use crate::base::ids::{
    LeaderEpoch, Millis, Offset, PartitionIndex, ProducerEpoch, ProducerId, Sequence, TopicPartition, Uuid,
};
use crate::record::batch::{self, BatchHeader, TRANSACTIONAL};
use crate::record::builder::BatchBuilder;
use crate::record::compression::Compression;
use crate::record::control::{ControlType, end_txn_value};

const NOW: Millis = Millis(1_700_000_000_000);
const EPOCH: LeaderEpoch = LeaderEpoch(1);

#[derive(Clone, Copy)]
struct Reopen {
    clean: bool,
    recovery_point: i64,
    log_start: i64,
}

const CRASHED: Reopen = Reopen { clean: false, recovery_point: 0, log_start: 0 };
const CLEAN: Reopen = Reopen { clean: true, ..CRASHED };

fn try_open(dir: &Path, config: LogConfig, how: Reopen) -> Result<Arc<Log>, OpenError> {
    let options = OpenOptions {
        name: TopicPartition::new("t", PartitionIndex(0)),
        topic_id: Uuid([7; 16]),
        dir: dir.to_path_buf(),
        config,
        recovery_point: Offset(how.recovery_point),
        log_start: Offset(how.log_start),
        clean: how.clean,
        health: DirHealth::new(dir.to_path_buf()),
        background: Arc::new(Background::start().unwrap()),
    };
    Log::open(options, NOW)
}

fn open(dir: &Path, config: LogConfig, how: Reopen) -> Arc<Log> {
    try_open(dir, config, how).unwrap()
}

fn small() -> LogConfig {
    LogConfig { segment_bytes: 4096, index_interval_bytes: 256, verifies_transactions: false, ..LogConfig::default() }
}

fn built(producer: Option<(i64, i16, i32)>, flags: i16, records: &[(&[u8], &[u8])]) -> Bytes {
    let mut builder = BatchBuilder::new().flags(flags);
    if let Some((id, epoch, sequence)) = producer {
        builder = builder.producer(ProducerId(id), ProducerEpoch(epoch), Sequence(sequence));
    }
    for (key, value) in records {
        builder.append(NOW, Some(key), Some(value), &[]);
    }
    builder.build(Offset(0), LeaderEpoch::NONE, Compression::None).unwrap()
}

fn plain(values: &[&[u8]]) -> Bytes {
    built(None, 0, &values.iter().map(|v| (&b"k"[..], *v)).collect::<Vec<_>>())
}

fn produced(id: i64, epoch: i16, sequence: i32, flags: i16) -> Bytes {
    built(Some((id, epoch, sequence)), flags, &[(b"k", b"v"), (b"k", b"v")])
}

fn marker(id: i64, epoch: i16, kind: ControlType, coordinator: i32) -> Bytes {
    let flags = batch::TRANSACTIONAL | batch::CONTROL;
    built(Some((id, epoch, -1)), flags, &[(&kind.key(), &end_txn_value(coordinator))])
}

fn append(log: &Log, bytes: Bytes) -> Offset {
    let info = log.append_as_leader(bytes, EPOCH, AppendOrigin::Client, NOW).unwrap();
    log.update_high_watermark(info.end());
    info.first_offset
}

fn end_txn(log: &Log, bytes: Bytes) -> Result<Offset, AppendError> {
    let info = log.append_as_leader(bytes, EPOCH, AppendOrigin::Coordinator, NOW)?;
    log.update_high_watermark(info.end());
    Ok(info.first_offset)
}

fn heads(log: &Log) -> Vec<BatchHeader> {
    let mut found: Vec<BatchHeader> = Vec::new();
    let mut next = log.log_start_offset();
    loop {
        let info = log.read(next, 1 << 20, ReadUpTo::LogEnd, true).unwrap();
        let got = info.records.to_bytes().unwrap();
        let before = found.len();
        found.extend(batch::batches(&got).map_while(Result::ok).map(|view| {
            view.verify_crc().unwrap();
            view.header
        }));
        match found.last() {
            Some(last) if found.len() > before => next = last.next_offset(),
            _ => return found,
        }
    }
}

fn bases(log: &Log) -> Vec<i64> {
    heads(log).iter().map(|h| h.base_offset.0).collect()
}

#[test]
fn readers_beside_a_writer_see_whole_batches_in_order() {
    let temp = tempfile::tempdir().unwrap();
    let config = LogConfig { segment_bytes: 50_000, index_interval_bytes: 512, ..LogConfig::default() };
    let log = open(temp.path(), config, CRASHED);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for up_to in [ReadUpTo::LogEnd, ReadUpTo::HighWatermark, ReadUpTo::LastStable] {
            let (log, done) = (&log, &done);
            scope.spawn(move || {
                let mut next = Offset(0);
                loop {
                    let finished = done.load(Ordering::SeqCst);
                    let info = log.read(next, 20_000, up_to, true).unwrap();
                    let got = info.records.to_bytes().unwrap();
                    if got.is_empty() && finished && next == log.log_end_offset() {
                        break;
                    }
                    for view in batch::batches(&got).map_while(Result::ok) {
                        view.verify_crc().unwrap();
                        assert_eq!(view.header.base_offset, next);
                        next = view.header.next_offset();
                        assert!(up_to == ReadUpTo::LogEnd || next <= log.high_watermark());
                    }
                }
            });
        }
        for i in 0..2500usize {
            let value = vec![i as u8; 10 + (i * 37) % 900];
            append(&log, plain(&[&value, b"z"]));
            if i % 700 == 0 {
                log.flush().unwrap();
            }
        }
        done.store(true, Ordering::SeqCst);
    });
}

#[test]
fn readers_of_committed_transactions_stop_at_the_first_open_one() {
    let temp = tempfile::tempdir().unwrap();
    let config = || LogConfig { verifies_transactions: false, ..LogConfig::default() };
    let log = open(temp.path(), config(), CRASHED);
    append(&log, produced(1, 0, 0, TRANSACTIONAL));
    append(&log, produced(2, 0, 0, TRANSACTIONAL));
    append(&log, plain(&[b"plain"]));
    assert_eq!(log.last_stable_offset(), Offset(0));
    let outside = log.append_as_leader(produced(1, 0, 2, 0), EPOCH, AppendOrigin::Client, NOW);
    assert!(matches!(outside, Err(AppendError::TransactionState(_))));
    end_txn(&log, marker(1, 0, ControlType::Abort, 3)).unwrap();
    assert!(matches!(end_txn(&log, marker(1, 0, ControlType::Abort, 2)), Err(AppendError::CoordinatorFenced { .. })));
    assert_eq!(log.last_stable_offset(), Offset(2));
    let info =
        log.append_as_leader(marker(2, 0, ControlType::Commit, 3), EPOCH, AppendOrigin::Coordinator, NOW).unwrap();
    // Decided, but the marker is not below the high watermark yet.
    assert_eq!(log.last_stable_offset(), Offset(2));
    log.update_high_watermark(info.end());
    assert_eq!(log.last_stable_offset(), Offset(7));
    append(&log, produced(1, 0, 2, TRANSACTIONAL));
    log.close().unwrap();
    log.background.finish();
    drop(log);
    for how in [CLEAN, CRASHED] {
        let log = open(temp.path(), config(), how);
        log.update_high_watermark(Offset(9));
        assert_eq!(log.last_stable_offset(), Offset(7));
        let info = log.read(Offset(0), 1 << 20, ReadUpTo::LastStable, true).unwrap();
        assert_eq!(batch::batches(&info.records.to_bytes().unwrap()).count(), 5);
        let aborted: Vec<_> = info.aborted.iter().map(|a| (a.producer_id.0, a.first_offset.0)).collect();
        assert_eq!(aborted, [(1, 0)]);
    }
}

#[test]
fn an_older_leader_is_refused() {
    let temp = tempfile::tempdir().unwrap();
    let log = open(temp.path(), LogConfig::default(), CRASHED);
    append(&log, plain(&[b"x"]));
    let stale = log.append_as_leader(plain(&[b"x"]), LeaderEpoch(0), AppendOrigin::Client, NOW);
    assert!(matches!(stale, Err(AppendError::StaleLeaderEpoch { .. })));
}

#[test]
fn a_log_can_be_cut_anywhere_and_goes_on() {
    for cut in [0, 1, 57, 150, 299, 300, 400] {
        let temp = tempfile::tempdir().unwrap();
        let log = open(temp.path(), small(), CRASHED);
        for i in 0..150 {
            log.append_as_leader(produced(9, 0, 2 * i, 0), LeaderEpoch(i / 50), AppendOrigin::Client, NOW).unwrap();
        }
        if cut % 2 == 0 {
            log.flush().unwrap();
        }
        log.truncate_to(Offset(cut), NOW).unwrap();
        let end = cut.min(300);
        assert_eq!(log.log_end_offset(), Offset(end));
        let left: Vec<i64> = (0..150).map(|i| 2 * i).filter(|base| base + 2 <= end).collect();
        assert_eq!(bases(&log), left);
        assert!(log.recovery_point() <= Offset(end) && log.high_watermark() <= Offset(end));
        let next = log.append_as_leader(plain(&[b"x"]), LeaderEpoch(7), AppendOrigin::Client, NOW).unwrap();
        assert_eq!(next.first_offset, Offset(end));
        log.flush().unwrap();
        assert_eq!(log.recovery_point(), Offset(end + 1));
        log.background.finish();
        drop(log);
        let log = open(temp.path(), small(), CRASHED);
        assert_eq!(log.log_end_offset(), Offset(end + 1), "cut at {cut}");
        assert_eq!(bases(&log).len(), left.len() + 1);
    }
}

fn log_files(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    let mut files: Vec<_> = entries.filter(|p| p.extension().is_some_and(|e| e == "log")).collect();
    files.sort();
    files
}

fn filled(dir: &Path, batches: usize) -> Vec<i64> {
    let log = open(dir, LogConfig { segment_bytes: 40_000, ..small() }, CRASHED);
    for i in 0..batches {
        append(&log, plain(&[&vec![i as u8 + 1; 700]]));
    }
    log.background.finish();
    bases(&log)
}

#[test]
fn pages_that_were_never_written_end_the_log_and_what_follows_is_set_aside() {
    let temp = tempfile::tempdir().unwrap();
    let all = filled(temp.path(), 150);
    let files = log_files(temp.path());
    assert!(files.len() >= 3);
    let original = std::fs::read(&files[0]).unwrap();
    let mut holed = original.clone();
    holed[8192..16384].fill(0);
    std::fs::write(&files[0], &holed).unwrap();
    let log = open(temp.path(), small(), CRASHED);
    let left = bases(&log);
    assert_eq!(left, all[..left.len()]);
    assert_eq!(left.len(), 8192 / (original.len() / all.iter().filter(|b| **b < 150).count().min(52)).max(1));
    let aside: Vec<_> = std::fs::read_dir(temp.path())
        .unwrap()
        .map(|e| e.unwrap())
        .filter(|e| e.file_name().to_string_lossy().ends_with(".set-aside"))
        .collect();
    let kept: u64 = aside.iter().map(|e| e.metadata().unwrap().len()).sum();
    assert!(aside.len() >= 3 && kept > 60_000);
    assert_eq!(append(&log, plain(&[b"goes on"])), Offset(left.len() as i64));
}

#[test]
fn damage_before_good_records_is_never_cut_off() {
    let temp = tempfile::tempdir().unwrap();
    filled(temp.path(), 150);
    let files = log_files(temp.path());
    // In the middle of a segment, and at the end of one that others follow.
    for at in [10_000, std::fs::metadata(&files[0]).unwrap().len() as usize - 10] {
        let original = std::fs::read(&files[0]).unwrap();
        let mut bad = original.clone();
        bad[at] ^= 1;
        std::fs::write(&files[0], &bad).unwrap();
        assert!(matches!(try_open(temp.path(), small(), CRASHED), Err(OpenError::Damaged { .. })), "byte {at}");
        assert_eq!(std::fs::read(&files[0]).unwrap(), bad);
        assert_eq!(log_files(temp.path()), files);
        // Also where only an index has to be made anew, before the recovery point.
        let _ = std::fs::remove_file(files[0].with_extension("index"));
        let safe = Reopen { recovery_point: 149, ..CRASHED };
        assert!(matches!(try_open(temp.path(), small(), safe), Err(OpenError::Damaged { .. })), "byte {at}");
        assert_eq!(log_files(temp.path()), files);
        std::fs::write(&files[0], &original).unwrap();
    }
    assert_eq!(bases(&open(temp.path(), small(), CRASHED)).len(), 150);
}

#[test]
fn a_compaction_that_was_swapping_is_finished_or_undone() {
    let temp = tempfile::tempdir().unwrap();
    let all = filled(temp.path(), 150);
    let files = log_files(temp.path());
    let base = |file: &Path| file.file_stem().unwrap().to_string_lossy().parse::<i64>().unwrap();
    let (second, third) = (base(&files[1]), base(&files[2]));
    // The first two segments were compacted into one, which was to be swapped in.
    let bytes = [std::fs::read(&files[0]).unwrap(), std::fs::read(&files[1]).unwrap()].concat();
    std::fs::write(files[0].with_extension("log.swap"), &bytes).unwrap();
    std::fs::write(files[2].with_extension("log.cleaned"), b"half").unwrap();
    let log = open(temp.path(), small(), CRASHED);
    assert_eq!(bases(&log), all);
    assert!(!files[1].exists() && second < third);
    drop(log);
    // Nothing of an unfinished split is believed.
    std::fs::write(files[2].with_extension("log.swap"), b"half").unwrap();
    std::fs::write(files[2].with_extension("log.cleaned"), b"half").unwrap();
    assert_eq!(bases(&open(temp.path(), small(), CRASHED)), all);
}

#[test]
fn a_stamp_ahead_of_time_keeps_no_segment_for_ever() {
    let temp = tempfile::tempdir().unwrap();
    let config = LogConfig { retention_ms: Millis(1000), timestamp_after_max_ms: Millis(i64::MAX), ..small() };
    let log = open(temp.path(), config, CRASHED);
    let mut builder = BatchBuilder::new();
    builder.append(NOW.plus(Millis(1 << 40)), Some(b"k"), Some(b"v"), &[]);
    append(&log, builder.build(Offset(0), LeaderEpoch::NONE, Compression::None).unwrap());
    assert_eq!(log.delete_old_segments(NOW).unwrap(), 0);
    assert_eq!(log.delete_old_segments(NOW.plus(Millis(5000))).unwrap(), 1);
    assert_eq!(log.log_start_offset(), Offset(1));
}

#[test]
fn a_failed_sync_takes_the_directory_offline_for_good() {
    let temp = tempfile::tempdir().unwrap();
    let log = open(temp.path(), small(), CRASHED);
    append(&log, plain(&[b"x"]));
    let full = super::error::StorageError::of("sync", temp.path())(std::io::ErrorKind::StorageFull.into());
    log.health().fail(&full);
    assert!(!log.is_offline());
    log.health().fail_for_good(&full);
    assert!(log.append_as_leader(plain(&[b"x"]), EPOCH, AppendOrigin::Client, NOW).is_err());
    assert!(log.flush().is_err());
    assert_eq!(log.recovery_point(), Offset(0));
    assert_eq!(bases(&log), [0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn any_run_of_operations_keeps_the_log_whole(ops in proptest::collection::vec((0u8..8, 0i64..400), 1..50)) {
        let temp = tempfile::tempdir().unwrap();
        let mut log = open(temp.path(), small(), CRASHED);
        let mut model: Vec<i64> = Vec::new();
        for (op, arg) in ops {
            match op {
                0..=2 => {
                    for _ in 0..arg % 40 {
                        model.push(append(&log, plain(&[&[op; 60]])).0);
                    }
                }
                3 => {
                    log.flush().unwrap();
                }
                4 => {
                    let at = Offset(arg).max(log.log_start_offset());
                    log.truncate_to(at, NOW).unwrap();
                    model.retain(|o| *o < at.0);
                }
                5 => {
                    let to = Offset(arg).min(log.high_watermark());
                    log.delete_records_to(to).unwrap();
                    log.delete_old_segments(NOW).unwrap();
                    model.retain(|o| *o >= to.0);
                }
                _ => {
                    let how = Reopen { clean: op == 7, recovery_point: log.recovery_point().0, log_start: log.log_start_offset().0 };
                    if how.clean {
                        log.close().unwrap();
                    }
                    // A crash ends this thread too.
                    log.background.finish();
                    drop(log);
                    log = open(temp.path(), small(), how);
                    log.update_high_watermark(log.log_end_offset());
                }
            }
            prop_assert_eq!(bases(&log), model.clone());
        }
    }
}
