//! A log changes its directory: nothing of it is lost, whenever the process ends.

use std::path::Path;

use bytes::Bytes;

use super::*;
use crate::base::ids::{BrokerEpoch, LeaderEpoch, NodeId, PartitionIndex, ProducerEpoch, ProducerId, Sequence, Uuid};
use crate::log::config::LogConfig;
use crate::log::dir::LogDir;
use crate::log::log::AppendOrigin;
use crate::log::read_info::ReadUpTo;
use crate::record::batch::batches;
use crate::record::builder::BatchBuilder;
use crate::record::compression::Compression;

const NOW: Millis = Millis(1_700_000_000_000);
const ID: Uuid = Uuid([7; 16]);

fn name() -> TopicPartition {
    TopicPartition::new("orders", PartitionIndex(0))
}

fn config() -> LogConfig {
    LogConfig {
        segment_bytes: 2000,
        index_interval_bytes: 100,
        file_delete_delay_ms: Millis(60_000),
        ..LogConfig::default()
    }
}

fn load(root: &Path) -> Arc<LogManager> {
    let dir = |name: &str| LogDir::open(&root.join(name), "cluster", NodeId(1)).unwrap();
    LogManager::load(vec![dir("a"), dir("b")], &|_| config(), &|_| false, 1, NOW).unwrap()
}

fn fill(log: &Log, n: i32) {
    let first = log.log_end_offset().0 as i32;
    for i in first..first + n {
        let mut batch = BatchBuilder::new().producer(ProducerId(9), ProducerEpoch(0), Sequence(i));
        batch.append(NOW, Some(b"k"), Some(format!("value {i}").as_bytes()), &[]);
        let batch = batch.build(Offset(0), LeaderEpoch::NONE, Compression::None).unwrap();
        let info = log.append_as_leader(batch, LeaderEpoch(3), AppendOrigin::Client, NOW).unwrap();
        log.update_high_watermark(info.end());
    }
}

fn bytes(log: &Log) -> Bytes {
    let mut all = Vec::new();
    let mut from = log.log_start_offset();
    while from < log.log_end_offset() {
        let piece = log.read(from, 500, ReadUpTo::LogEnd, true).unwrap().records.to_bytes().unwrap();
        let last = batches(&piece).map_while(Result::ok).last().unwrap();
        from = last.header.next_offset();
        all.extend_from_slice(&piece[..whole(&piece)]);
    }
    all.into()
}

/// The bytes of the whole batches: the last one may be cut short.
fn whole(piece: &Bytes) -> usize {
    batches(piece).map_while(Result::ok).map(|batch| batch.bytes.len()).sum()
}

fn copy(from: &Log, to: &Log) {
    while to.log_end_offset() < from.log_end_offset() {
        let piece = from.read(to.log_end_offset(), 700, ReadUpTo::LogEnd, true).unwrap().records.to_bytes().unwrap();
        to.append_as_follower(piece.slice(..whole(&piece)), NOW).unwrap();
    }
}

/// A log in one of two directories, and the other one.
fn begun(root: &Path) -> (Arc<LogManager>, Arc<Log>, PathBuf) {
    let logs = load(root);
    let log = logs.get_or_create(&name(), ID, Uuid::ZERO, config(), NOW).unwrap();
    fill(&log, 100);
    let other = logs.dirs().map(|(dir, _)| dir.path.clone()).find(|path| path != log.parent_dir()).unwrap();
    (logs, log, other)
}

fn directories(root: &Path) -> Vec<String> {
    let mut found: Vec<String> = ["a", "b"]
        .iter()
        .flat_map(|dir| disk::names_in(&root.join(dir)).unwrap().into_iter().map(move |name| (dir, name)))
        .filter(|(_, name)| name.starts_with("orders"))
        .map(|(dir, name)| {
            format!(
                "{dir}/{}",
                name.split('.').next().unwrap().to_owned() + name.rsplit_once('-').map_or("", |(_, e)| e)
            )
        })
        .collect();
    found.sort();
    found
}

#[test]
fn a_copy_takes_the_place_of_its_log_and_remembers_its_producers() {
    let root = tempfile::tempdir().unwrap();
    let (logs, log, other) = begun(root.path());
    log.delete_records_to(Offset(10)).unwrap();
    let before = bytes(&log);
    let future = logs.create_future(&name(), &other, NOW).unwrap();
    assert!(future.dir().to_str().unwrap().ends_with("-future"));
    copy(&log, &future);
    let moved = logs.promote(&name(), NOW).unwrap();
    assert_eq!(moved.parent_dir(), other);
    assert!(moved.dir().ends_with("orders-0") && logs.future(&name()).is_none());
    assert_eq!((moved.log_start_offset(), moved.high_watermark(), bytes(&moved)), (Offset(10), Offset(100), before));
    fill(&moved, 5);
    // Whoever still holds the old one harms nothing.
    log.flush().unwrap();
    assert_eq!(log.delete_old_segments(NOW).unwrap(), 0);
    assert!(log.read(Offset(10), 500, ReadUpTo::LogEnd, true).is_err() || !log.health().is_offline());
    assert!(!log.health().is_offline());
    let after = bytes(&moved);
    logs.close(BrokerEpoch(1));
    drop((logs, log, moved));
    let logs = load(root.path());
    let log = logs.get(&name()).unwrap();
    assert_eq!((log.parent_dir(), bytes(&log)), (other.as_path(), after));
    fill(&log, 1);
}

#[test]
fn a_start_finds_a_copy_again_and_a_crash_between_the_renames_loses_nothing() {
    let root = tempfile::tempdir().unwrap();
    let (logs, log, other) = begun(root.path());
    let future = logs.create_future(&name(), &other, NOW).unwrap();
    copy(&log, &future);
    fill(&log, 7);
    let before = bytes(&log);
    let (at, copied) = (future.dir().to_path_buf(), future.log_end_offset());
    logs.background().finish();
    drop((logs, log, future));

    let logs = load(root.path());
    assert_eq!(logs.future(&name()).map(|f| f.log_end_offset()), Some(copied));
    copy(&logs.get(&name()).unwrap(), &logs.future(&name()).unwrap());
    logs.background().finish();
    drop(logs);
    // As if the first of the two renames had been the last thing done.
    std::fs::rename(&at, other.join("orders-0")).unwrap();
    let logs = load(root.path());
    assert_eq!(bytes(&logs.get(&name()).unwrap()), before);
    assert!(logs.future(&name()).is_none());
    let kept = directories(root.path());
    assert_eq!(kept.iter().filter(|d| d.ends_with("stray")).count(), 1, "{kept:?}");
    assert_eq!(kept.len(), 2, "{kept:?}");
}

#[test]
fn a_copy_ends_with_its_log_or_when_it_is_given_up() {
    let root = tempfile::tempdir().unwrap();
    let (logs, log, other) = begun(root.path());
    assert!(logs.create_future(&name(), log.parent_dir(), NOW).is_err());
    assert!(logs.create_future(&name(), Path::new("/nowhere"), NOW).is_err());
    logs.create_future(&name(), &other, NOW).unwrap();
    logs.drop_future(&name()).unwrap();
    assert!(logs.promote(&name(), NOW).is_err());
    logs.create_future(&name(), &other, NOW).unwrap();
    logs.delete(&name()).unwrap();
    assert!(logs.future(&name()).is_none() && logs.get(&name()).is_none());
    drop((logs, log));
    let logs = load(root.path());
    assert!(logs.get(&name()).is_none() && logs.futures().is_empty());
}

#[test]
fn names_of_directories_say_whose_copy_they_hold() {
    let name = TopicPartition::new("with.dots-and-dashes", PartitionIndex(12));
    assert_eq!(future_of(&beside(&name, FUTURE_ENDING)), Some(name.clone()));
    assert_eq!(future_of("orders-0"), None);
    assert_eq!(future_of("orders-0.abc-delete"), None);
    let long = TopicPartition::new("x".repeat(249), PartitionIndex(0));
    assert!(can_be_copied(&name) && !can_be_copied(&long));
    assert_eq!(beside(&long, FUTURE_ENDING).len(), NAME_BYTES_MAX);
}
