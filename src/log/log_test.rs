//! A log from the outside: what goes in comes out, also after a crash at any byte.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use super::append_info::LogAppendInfo;
use super::background::Background;
use super::config::LogConfig;
use super::error::{AppendError, OpenError, ReadError};
use super::health::DirHealth;
use super::loader::OpenOptions;
use super::log::{AppendOrigin, Log};
use super::read_info::ReadUpTo;
use crate::base::ids::{
    LeaderEpoch, Millis, Offset, PartitionIndex, ProducerEpoch, ProducerId, Sequence, TopicPartition, Uuid,
};
use crate::base::limits::RECALLED_PAGES_MAX;
use crate::record::batch::{batches, crc};
use crate::record::builder::BatchBuilder;
use crate::record::compression::Compression;
use crate::record::iter::records;

const NOW: Millis = Millis(1_700_000_000_000);

fn small_segments() -> LogConfig {
    LogConfig { segment_bytes: 2000, index_interval_bytes: 100, ..LogConfig::default() }
}

fn open(dir: &Path, config: LogConfig, clean: bool, recovery_point: i64) -> Result<Arc<Log>, OpenError> {
    let options = OpenOptions {
        name: TopicPartition::new("t", PartitionIndex(0)),
        topic_id: Uuid([7; 16]),
        dir: dir.to_path_buf(),
        config,
        recovery_point: Offset(recovery_point),
        log_start: Offset(0),
        clean,
        health: DirHealth::new(dir.to_path_buf()),
        background: Arc::new(Background::start().unwrap()),
    };
    Log::open(options, NOW)
}

fn batch(values: &[&str], codec: Compression) -> Bytes {
    timed(values, codec, NOW)
}

fn timed(values: &[&str], codec: Compression, at: Millis) -> Bytes {
    let mut builder = BatchBuilder::new();
    for (i, value) in values.iter().enumerate() {
        builder.append(at.plus(Millis(i as i64)), Some(b"k"), Some(value.as_bytes()), &[]);
    }
    builder.build(Offset(0), LeaderEpoch::NONE, codec).unwrap()
}

fn append(log: &Log, bytes: Bytes) -> Offset {
    let info = log.append_as_leader(bytes, LeaderEpoch(0), AppendOrigin::Client, NOW).unwrap();
    log.update_high_watermark(info.end());
    info.first_offset
}

/// Every record from `from` on: offset and value.
fn all(log: &Log, mut from: Offset) -> Vec<(i64, String)> {
    let mut out = Vec::new();
    while from < log.high_watermark() {
        let bytes = log.read(from, 300, ReadUpTo::HighWatermark, true).unwrap().records.to_bytes().unwrap();
        for view in batches(&bytes).map_while(Result::ok) {
            view.verify_crc().unwrap();
            let codec = view.header.compression().unwrap();
            let payload = codec.decompress(view.payload(), 1 << 20).unwrap();
            for record in records(&payload, view.header.record_count) {
                let record = record.unwrap();
                let offset = view.header.base_offset.plus(i64::from(record.offset_delta));
                if offset >= from {
                    out.push((offset.0, String::from_utf8(record.value.unwrap().to_vec()).unwrap()));
                }
            }
            from = from.max(view.header.next_offset());
        }
    }
    out
}

fn fill(log: &Log, n: i64) -> Vec<(i64, String)> {
    let mut wrote = Vec::new();
    for i in 0..n {
        let codec = Compression::ALL[(i % 5) as usize];
        let (a, b) = (format!("value {i}"), format!("second {i} {}", "x".repeat((i % 7) as usize * 10)));
        let first = append(log, batch(&[&a, &b], codec));
        wrote.extend([(first.0, a), (first.0 + 1, b)]);
    }
    wrote
}

#[test]
fn a_payload_that_does_not_inflate_is_refused_where_records_are_checked() {
    for codec in [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd] {
        let mut noise = batch(&["a value", "another"], codec).to_vec();
        let checksummed = 21;
        noise[61..].fill(0xA5);
        let sum = crc(&noise[checksummed..]);
        noise[checksummed - 4..checksummed].copy_from_slice(&sum.to_be_bytes());
        let noise = Bytes::from(noise);
        for (strict, taken) in [(false, true), (true, false)] {
            let dir = tempfile::tempdir().unwrap();
            let config = LogConfig { strict_compressed_validation: strict, ..LogConfig::default() };
            let log = open(dir.path(), config, true, 0).unwrap();
            let appended = log.append_as_leader(noise.clone(), LeaderEpoch(0), AppendOrigin::Client, NOW);
            assert_eq!(appended.is_ok(), taken, "{codec:?}, strict {strict}");
            assert_eq!(log.log_end_offset(), Offset(if taken { 2 } else { 0 }));
        }
    }
}

#[test]
fn what_goes_in_comes_out_over_segments_and_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), small_segments(), true, 0).unwrap();
    let wrote = fill(&log, 100);
    assert!(log.segment_count() > 5);
    assert_eq!(all(&log, Offset(0)), wrote);
    assert_eq!(all(&log, Offset(101)), wrote[101..]);
    log.close().unwrap();
    drop(log);
    for clean in [true, false] {
        let log = open(dir.path(), small_segments(), clean, 0).unwrap();
        assert_eq!(log.log_end_offset(), Offset(200));
        log.update_high_watermark(Offset(200));
        assert_eq!(all(&log, Offset(0)), wrote, "clean: {clean}");
        assert_eq!(log.end_offset_for_epoch(LeaderEpoch(0)), (LeaderEpoch(0), Offset(200)));
    }
}

#[test]
fn reads_outside_the_log_are_errors_and_at_its_end_are_empty() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), LogConfig::default(), true, 0).unwrap();
    fill(&log, 3);
    assert!(log.read(Offset(6), 100, ReadUpTo::HighWatermark, true).unwrap().records.is_empty());
    assert!(matches!(log.read(Offset(7), 100, ReadUpTo::HighWatermark, true), Err(ReadError::OutOfRange { .. })));
    log.delete_records_to(Offset(3)).unwrap();
    assert!(matches!(log.read(Offset(2), 100, ReadUpTo::HighWatermark, true), Err(ReadError::OutOfRange { .. })));
    assert_eq!(all(&log, Offset(3))[0].0, 3);
}

#[test]
fn nothing_beyond_the_high_watermark_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), LogConfig::default(), true, 0).unwrap();
    fill(&log, 2);
    log.append_as_leader(batch(&["unseen"], Compression::None), LeaderEpoch(0), AppendOrigin::Client, NOW).unwrap();
    assert_eq!(all(&log, Offset(0)).len(), 4);
    assert!(log.read(Offset(4), 1000, ReadUpTo::HighWatermark, true).unwrap().records.is_empty());
    assert!(!log.read(Offset(4), 1000, ReadUpTo::LogEnd, true).unwrap().records.is_empty());
}

#[test]
fn a_crash_at_every_byte_of_the_last_batch_keeps_all_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), LogConfig::default(), true, 0).unwrap();
    let wrote = fill(&log, 4);
    let whole = log.size();
    append(&log, batch(&["last", "batch"], Compression::None));
    let end = log.size();
    drop(log);
    let file = dir.path().join("00000000000000000000.log");
    let content = std::fs::read(&file).unwrap();
    for cut in whole..=end {
        for tail in [&[][..], &[0; 100][..], &[0xff; 100][..]] {
            let mut torn = content[..cut as usize].to_vec();
            torn.extend_from_slice(tail);
            // A tail may happen to be just what was cut off.
            let is_whole = torn.starts_with(&content);
            std::fs::write(&file, torn).unwrap();
            let log = open(dir.path(), LogConfig::default(), false, 0).unwrap();
            let expected = if is_whole { Offset(10) } else { Offset(8) };
            assert_eq!(log.log_end_offset(), expected, "cut at {cut}");
            log.update_high_watermark(expected);
            assert_eq!(all(&log, Offset(0))[..8], wrote);
        }
    }
}

#[test]
fn damage_in_the_middle_is_told_and_nothing_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), LogConfig::default(), true, 0).unwrap();
    fill(&log, 6);
    drop(log);
    let file = dir.path().join("00000000000000000000.log");
    let mut content = std::fs::read(&file).unwrap();
    content[100] ^= 1;
    std::fs::write(&file, &content).unwrap();
    assert!(matches!(open(dir.path(), LogConfig::default(), false, 0), Err(OpenError::Damaged { .. })));
    assert_eq!(std::fs::read(&file).unwrap(), content);
}

#[test]
fn lost_and_damaged_indexes_are_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), small_segments(), true, 0).unwrap();
    let wrote = fill(&log, 60);
    log.close().unwrap();
    drop(log);
    let files: Vec<_> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| !p.to_string_lossy().ends_with(".log"))
        .collect();
    for file in &files {
        let original = std::fs::read(file).unwrap();
        let mut flipped = original.clone();
        flipped.iter_mut().for_each(|b| *b ^= 0x55);
        let half = original[..original.len() / 2].to_vec();
        for damage in [None, Some(Vec::new()), Some(flipped), Some(half)] {
            match &damage {
                None => std::fs::remove_file(file).unwrap(),
                Some(bytes) => std::fs::write(file, bytes).unwrap(),
            }
            if file.ends_with("partition.metadata") && damage.is_some_and(|bytes| !bytes.is_empty()) {
                // Whose data it is cannot be made up.
                let refused = open(dir.path(), small_segments(), true, 0);
                assert!(matches!(refused, Err(OpenError::BadFile { .. })), "{:?}", refused.err());
                std::fs::write(file, &original).unwrap();
                continue;
            }
            let log = open(dir.path(), small_segments(), true, 0).unwrap();
            assert_eq!(log.log_end_offset(), Offset(120), "{}", file.display());
            log.update_high_watermark(Offset(120));
            assert_eq!(all(&log, Offset(0)), wrote, "{}", file.display());
            assert_eq!(all(&log, Offset(77)), wrote[77..], "{}", file.display());
            assert_eq!(log.latest_epoch(), Some(LeaderEpoch(0)), "{}", file.display());
            log.close().unwrap();
        }
    }
}

/// One record of a producer, appended.
fn produce(log: &Log, id: i64, epoch: i16, sequence: i32) -> Result<LogAppendInfo, AppendError> {
    let mut builder = BatchBuilder::new().producer(ProducerId(id), ProducerEpoch(epoch), Sequence(sequence));
    builder.append(NOW, None, Some(b"v"), &[]);
    let bytes = builder.build(Offset(0), LeaderEpoch::NONE, Compression::None).unwrap();
    log.append_as_leader(bytes, LeaderEpoch(0), AppendOrigin::Client, NOW)
}

#[test]
fn a_duplicate_is_answered_also_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    // Two batches to a segment: what is remembered of a producer lies in several, and snapshots lie between.
    let config = || LogConfig { segment_bytes: 150, index_interval_bytes: 100, ..LogConfig::default() };
    let is_refused = |sent| matches!(sent, Err(AppendError::OutOfOrderSequence { .. }));
    let log = open(dir.path(), config(), true, 0).unwrap();
    let before: Vec<Offset> = (0..3).map(|sequence| produce(&log, 5, 0, sequence).unwrap().first_offset).collect();
    assert_eq!(before, [Offset(0), Offset(1), Offset(2)]);
    let mut sent = Vec::new();
    for sequence in 0..7 {
        for (id, epoch) in [(4, 0), (5, 1)] {
            sent.push((id, epoch, sequence, produce(&log, id, epoch, sequence).unwrap().first_offset));
        }
    }
    let (forgotten, remembered) = sent.split_at(4);
    let as_it_was = |log: &Log, when: &str| {
        for (id, epoch, sequence, offset) in remembered {
            let again = produce(log, *id, *epoch, *sequence).unwrap();
            assert!(again.duplicate && again.first_offset == *offset, "{when}: {sequence} of producer {id}");
        }
        for (id, epoch, sequence, _) in forgotten {
            assert!(is_refused(produce(log, *id, *epoch, *sequence)), "{when}: {sequence} of producer {id}");
        }
        assert!(is_refused(produce(log, 4, 0, 8)), "{when}: a gap");
        assert!(matches!(produce(log, 5, 0, 2), Err(AppendError::ProducerFenced { .. })), "{when}: an old epoch");
    };
    as_it_was(&log, "before");
    log.close().unwrap();
    drop(log);
    for clean in [true, false] {
        let log = open(dir.path(), config(), clean, 12).unwrap();
        as_it_was(&log, if clean { "after a clean stop" } else { "after a crash" });
    }
    let log = open(dir.path(), config(), true, 0).unwrap();
    let next = produce(&log, 4, 0, 7).unwrap();
    assert!(!next.duplicate && next.first_offset == Offset(17), "it goes on");
    assert_eq!(produce(&log, 4, 0, 3).unwrap().first_offset, Offset(9), "the fifth from the new end");
    assert!(is_refused(produce(&log, 4, 0, 2)));
}

#[test]
fn after_a_restart_a_bounded_part_of_the_log_is_read_again_for_duplicates() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), LogConfig::default(), true, 0).unwrap();
    for sequence in 0..3 {
        produce(&log, 4, 0, sequence).unwrap();
    }
    let page = "x".repeat(4096);
    for _ in 0..RECALLED_PAGES_MAX {
        append(&log, batch(&[&page], Compression::None));
    }
    for sequence in 0..3 {
        produce(&log, 5, 0, sequence).unwrap();
    }
    log.close().unwrap();
    drop(log);
    let log = open(dir.path(), LogConfig::default(), true, 0).unwrap();
    assert!(matches!(produce(&log, 4, 0, 1), Err(AppendError::OutOfOrderSequence { .. })), "too far back");
    assert!(produce(&log, 4, 0, 2).unwrap().duplicate, "its snapshot tells the last");
    assert!(produce(&log, 5, 0, 0).unwrap().duplicate);
}

#[test]
fn times_are_found_to_the_record() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), small_segments(), true, 0).unwrap();
    for i in 0..40i64 {
        let codec = Compression::ALL[(i % 5) as usize];
        append(&log, timed(&["a", "b", "c"], codec, NOW.plus(Millis(i * 100))));
    }
    for reopened in [false, true] {
        let log = if reopened {
            log.close().unwrap();
            open(dir.path(), small_segments(), true, 0).unwrap()
        } else {
            log.clone()
        };
        for i in [0i64, 1, 17, 39] {
            for j in 0..3 {
                let found = log.offset_for_timestamp(NOW.plus(Millis(i * 100 + j))).unwrap().unwrap();
                assert_eq!((found.offset, found.timestamp), (Offset(i * 3 + j), NOW.plus(Millis(i * 100 + j))));
            }
            let between = log.offset_for_timestamp(NOW.plus(Millis(i * 100 - 50))).unwrap().unwrap();
            assert_eq!(between.offset, Offset(i * 3));
        }
        assert_eq!(log.offset_for_timestamp(NOW.plus(Millis(4000))).unwrap(), None);
        assert_eq!(log.max_timestamp().unwrap().unwrap().offset, Offset(119));
    }
}

#[test]
fn truncation_cuts_to_the_batch_and_appends_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), small_segments(), true, 0).unwrap();
    let wrote = fill(&log, 50);
    log.truncate_to(Offset(42), NOW).unwrap();
    assert_eq!(log.log_end_offset(), Offset(42));
    assert_eq!(all(&log, Offset(0)), wrote[..42]);
    assert_eq!(append(&log, batch(&["next"], Compression::None)), Offset(42));
    log.truncate_fully_and_start_at(Offset(1000), NOW).unwrap();
    assert_eq!((log.log_start_offset(), log.log_end_offset()), (Offset(1000), Offset(1000)));
    assert_eq!(append(&log, batch(&["first"], Compression::None)), Offset(1000));
}

#[test]
fn retention_removes_old_segments_by_size_and_by_time() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), LogConfig { retention_bytes: 4000, ..small_segments() }, true, 0).unwrap();
    fill(&log, 100);
    let before = log.size();
    assert!(log.delete_old_segments(NOW).unwrap() > 0);
    assert!(log.size() < before && log.size() >= 4000);
    assert!(log.log_start_offset() > Offset(0));
    log.set_config(LogConfig { retention_ms: Millis(1000), ..small_segments() });
    log.delete_old_segments(NOW.plus(Millis(10_000))).unwrap();
    assert_eq!(log.log_start_offset(), log.log_end_offset());
    assert_eq!(append(&log, batch(&["goes on"], Compression::None)), Offset(200));
}

#[test]
fn what_a_client_may_not_send_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path(), LogConfig { max_message_bytes: 500, ..LogConfig::default() }, true, 0).unwrap();
    let refuse = |bytes: Bytes| log.append_as_leader(bytes, LeaderEpoch(0), AppendOrigin::Client, NOW).unwrap_err();
    let good = batch(&["v"], Compression::None);
    let two = Bytes::from([good.clone(), good.clone()].concat());
    assert!(matches!(refuse(two), AppendError::NotOneBatch(_)));
    assert!(matches!(refuse(Bytes::new()), AppendError::NotOneBatch(_)));
    let mut bad = good.to_vec();
    bad[65] ^= 1;
    assert!(matches!(refuse(bad.into()), AppendError::Corrupt(_)));
    let mut old = good.to_vec();
    old[16] = 1;
    assert!(matches!(refuse(old.into()), AppendError::NotOneBatch(_)));
    assert!(matches!(refuse(good.slice(..good.len() - 1)), AppendError::NotOneBatch(_)));
    assert!(matches!(refuse(batch(&[&"x".repeat(600)], Compression::None)), AppendError::TooLarge { .. }));
    let late = timed(&["v"], Compression::None, NOW.plus(Millis(7_200_000)));
    assert!(matches!(refuse(late), AppendError::Timestamp { .. }));
    let mut control = BatchBuilder::new().flags(crate::record::batch::CONTROL);
    control.append(NOW, Some(b"0000"), Some(b"000000"), &[]);
    let control = control.build(Offset(0), LeaderEpoch::NONE, Compression::None).unwrap();
    assert!(matches!(refuse(control), AppendError::Invalid(_)));
    assert_eq!(log.log_end_offset(), Offset(0));
}

#[test]
fn a_new_epoch_is_on_disk_before_the_recovery_point_passes_it_and_found_again_before_that() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(super::leader_epoch::FILE_NAME);
    let lead = |log: &Log, epoch: i32| {
        let bytes = batch(&["a", "b"], Compression::None);
        log.append_as_leader(bytes, LeaderEpoch(epoch), AppendOrigin::Client, NOW).unwrap();
    };
    let log = open(dir.path(), LogConfig::default(), false, 0).unwrap();
    lead(&log, 3);
    assert!(!file.exists(), "the first record of an epoch waits for no fsync");
    let synced = log.flush().unwrap();
    let flushed = std::fs::read_to_string(&file).unwrap();
    assert_eq!(flushed, "0\n1\n3 0\n");
    lead(&log, 7);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), flushed);
    // As after a crash: what lies behind the recovery point is scanned.
    let found = open(dir.path(), LogConfig::default(), false, synced.0).unwrap();
    assert_eq!(found.end_offset_for_epoch(LeaderEpoch(3)), (LeaderEpoch(3), Offset(2)));
    assert_eq!(found.latest_epoch(), Some(LeaderEpoch(7)));
    // What a crash took from the log's end does not come back as an epoch.
    found.flush().unwrap();
    let segment = std::fs::OpenOptions::new().write(true).open(dir.path().join("00000000000000000000.log")).unwrap();
    segment.set_len(segment.metadata().unwrap().len() / 2).unwrap();
    let cut = open(dir.path(), LogConfig::default(), false, 0).unwrap();
    assert_eq!(cut.latest_epoch(), Some(LeaderEpoch(3)));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), flushed);
}

#[test]
fn a_segment_ends_when_it_is_large_or_old_or_its_index_is_full() {
    let segments = |config: LogConfig, step: Millis| {
        let temp = tempfile::tempdir().unwrap();
        let log = open(temp.path(), config, true, 0).unwrap();
        for i in 0..40 {
            append(&log, timed(&["value"], Compression::None, NOW.plus(Millis(i * step.0))));
        }
        log.segment_count()
    };
    let still = Millis(0);
    assert_eq!(segments(LogConfig::default(), still), 1);
    assert_eq!(segments(LogConfig { segment_bytes: 800, ..LogConfig::default() }, still), 4, "size");
    let old = LogConfig { segment_ms: Millis(1000), timestamp_after_max_ms: Millis(i64::MAX), ..LogConfig::default() };
    assert_eq!(segments(old.clone(), still), 1);
    assert_eq!(segments(old, Millis(110)), 4, "time between the first record and the one that comes");
    // An entry for each batch but the first, of 8 bytes in the offset index.
    let full = LogConfig { index_interval_bytes: 0, index_bytes_max: 80, ..LogConfig::default() };
    assert_eq!(segments(full, still), 4, "index");
}

#[test]
fn time_until_a_sync_counts_from_the_first_record_that_was_not_synced() {
    let temp = tempfile::tempdir().unwrap();
    let config = LogConfig { flush_ms: Millis(100), ..LogConfig::default() };
    let log = open(temp.path(), config, true, 0).unwrap();
    let write = |at: i64| {
        let bytes = timed(&["value"], Compression::None, NOW.plus(Millis(at)));
        log.append_as_leader(bytes, LeaderEpoch(0), AppendOrigin::Client, NOW.plus(Millis(at))).unwrap().end()
    };
    let overdue = |at: i64| log.is_flush_overdue(NOW.plus(Millis(at)));
    assert!(!overdue(1_000_000), "nothing was written");
    let end = write(0);
    write(60);
    assert!(!overdue(99) && overdue(100));
    log.flush_to(end).unwrap();
    assert!(!overdue(1_000_000), "one sync is for all that is there");
    assert_eq!(log.recovery_point(), log.log_end_offset());
    write(1000);
    assert!(!overdue(1099) && overdue(1100));
}
