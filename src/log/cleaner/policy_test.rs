//! What a topic's settings make of its log: when it is due, how much of it may be touched, and what `compact,delete` lets go.

use super::world_test::{NOW, World, read, single};
use crate::base::ids::{Millis, Offset};
use crate::log::config::{CleanupPolicy, LogConfig};
use crate::log::read_info::ReadUpTo;

fn configure(world: &World, change: impl FnOnce(&mut LogConfig)) {
    let mut config = LogConfig::clone(&world.log().config());
    change(&mut config);
    world.log().set_config(config);
}

/// A segment of one record, behind which the log goes on.
fn sealed(world: &mut World, key: &str, value: &str) -> i64 {
    let offset = single(world, key, Some(value));
    world.log().roll(world.now).unwrap();
    offset
}

fn offsets(world: &World) -> Vec<i64> {
    read(world.log(), ReadUpTo::LogEnd).records.into_keys().collect()
}

fn is_cleaned(world: &World) -> bool {
    world.clean(1 << 20).is_some()
}

#[test]
fn a_log_is_due_once_its_dirty_part_is_large_enough() {
    let mut world = World::new();
    configure(&world, |config| config.min_cleanable_dirty_ratio = 0.5);
    for n in 0..4 {
        sealed(&mut world, &format!("key-{n}"), "value");
    }
    assert!(is_cleaned(&world), "all of it is dirty");
    assert!(!is_cleaned(&world), "none of it is");
    let due = (1..20).find(|n| {
        sealed(&mut world, &format!("key-{n}"), "again");
        world.measure().is_due()
    });
    // Batches of a size: the fifth makes more than the four that are clean.
    assert_eq!(due, Some(5));
    assert!(is_cleaned(&world));
}

#[test]
fn what_is_younger_than_the_minimal_lag_is_not_touched() {
    let mut world = World::new();
    configure(&world, |config| config.min_compaction_lag_ms = Millis(1000));
    let old = sealed(&mut world, "key", "old");
    world.now = NOW.plus(Millis(500));
    let new = sealed(&mut world, "key", "new");
    world.now = NOW.plus(Millis(999));
    assert_eq!(world.measure().cleanable_bytes, 0);
    assert!(!is_cleaned(&world));
    world.now = NOW.plus(Millis(1000));
    assert_eq!(world.measure().first_uncleanable, Offset(new));
    assert!(is_cleaned(&world));
    assert_eq!(offsets(&world), [old, new], "what would outdate it is too young to be looked at");
    world.now = NOW.plus(Millis(1500));
    assert!(is_cleaned(&world));
    assert_eq!(offsets(&world), [new]);
}

#[test]
fn what_has_waited_for_the_maximal_lag_is_due_however_little_it_is() {
    let mut world = World::new();
    configure(&world, |config| {
        (config.min_cleanable_dirty_ratio, config.max_compaction_lag_ms) = (1.0, Millis(1000));
    });
    single(&mut world, "key", Some("old"));
    world.now = NOW.plus(Millis(1001));
    // The active segment is never compacted: what has waited so long leaves it.
    assert_eq!(world.log().segment_count(), 1);
    let new = sealed(&mut world, "key", "new");
    assert_eq!(world.log().segment_count(), 3);
    world.now = NOW.plus(Millis(1000));
    assert!(!is_cleaned(&world));
    world.now = NOW.plus(Millis(1001));
    assert!(is_cleaned(&world));
    assert_eq!(offsets(&world), [new]);
}

#[test]
fn a_log_that_is_compacted_and_deleted_loses_the_old_and_keeps_the_last_of_the_rest() {
    let mut world = World::new();
    configure(&world, |config| config.retention_ms = Millis(1000));
    sealed(&mut world, "key", "oldest");
    let end = world.log().log_end_offset();
    assert!(world.log().delete_records_to(end).is_err(), "nobody deletes from a log that is compacted alone");
    assert_eq!(world.log().delete_old_segments(NOW.plus(Millis(1 << 40))).unwrap(), 0, "nor does time");

    let policy = CleanupPolicy { delete: true, compact: true };
    configure(&world, |config| config.cleanup_policy = policy);
    world.now = NOW.plus(Millis(900));
    sealed(&mut world, "key", "old");
    let other = sealed(&mut world, "other", "value");
    let new = sealed(&mut world, "key", "new");
    assert_eq!(world.log().delete_old_segments(NOW.plus(Millis(1000))).unwrap(), 0);
    assert_eq!(world.log().delete_old_segments(NOW.plus(Millis(1001))).unwrap(), 1);
    assert_eq!(world.log().log_start_offset(), end);
    assert_eq!(world.measure().first_dirty, end);
    assert!(is_cleaned(&world));
    assert_eq!(offsets(&world), [other, new]);
    // What compaction has left grows old as well, and so may what is before an offset.
    world.now = NOW.plus(Millis(1800));
    let last = sealed(&mut world, "key", "last");
    assert!(world.log().delete_old_segments(NOW.plus(Millis(1901))).unwrap() > 0);
    assert_eq!((world.log().log_start_offset(), offsets(&world)), (Offset(last), vec![last]));
    world.log().delete_records_to(Offset(last + 1)).unwrap();
    assert!(offsets(&world).is_empty());
    // And it goes on.
    world.now = NOW.plus(Millis(2000));
    let (_, after) = (sealed(&mut world, "key", "before"), sealed(&mut world, "key", "after"));
    assert!(is_cleaned(&world));
    assert_eq!(offsets(&world), [after]);
    world.reopen(false);
    assert_eq!(offsets(&world), [after]);
}
