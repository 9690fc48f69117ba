//! Compaction under any run of writes, transactions, restarts and crashes: what a reader makes of the log never changes.

use std::path::PathBuf;
use std::sync::Arc;

use proptest::prelude::*;

use super::clean::clean;
use super::error::CleanError;
use super::world_test::{NOW, RETENTION, World, next_round, open, read, single};
use super::{CleanerSettings, Pace};
use crate::base::ids::{LeaderEpoch, Millis, Offset};
use crate::log::log::{AppendOrigin, Log};
use crate::log::read_info::ReadUpTo;
use crate::record::builder::BatchBuilder;
use crate::record::compression::Compression;

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
