//! The main stories, read aloud: what members say, what is written, what they are told.

use super::bench_test::{Bench, alive, join, owns};
use super::heartbeat::ConsumerGroupHeartbeat;
use super::test_image::{TestImage, id};
use crate::base::ids::Millis;
use crate::coordinator::group::record::TopicPartitions;

fn bench() -> Bench {
    let mut image = TestImage::default();
    image.topic("foo", 2);
    let mut bench = Bench::new(image);
    bench.settings.assignment_interval_ms.default = 0;
    bench
}

fn foo(partitions: &[i32]) -> Vec<TopicPartitions> {
    vec![TopicPartitions { topic_id: id("foo"), partitions: partitions.to_vec(), assignment_epochs: None }]
}

fn named(op: ConsumerGroupHeartbeat) -> ConsumerGroupHeartbeat {
    ConsumerGroupHeartbeat { instance_id: Some("i".into()), ..op }
}

#[test]
fn a_partition_moves_to_a_newcomer() {
    let mut bench = bench();
    bench.beat(join("a", &["foo"])).unwrap();
    bench.beat(join("b", &["foo"])).unwrap();
    bench.now = Millis(2_000);
    bench.beat(alive("a", 2)).unwrap();
    bench.beat(owns("a", 2, foo(&[0]))).unwrap();
    bench.beat(alive("b", 3)).unwrap();
    bench.beat(alive("a", -1)).unwrap();
    assert_eq!(bench.transcript.as_str(), include_str!("stories/newcomer.txt"));
}

#[test]
fn a_static_member_restarts() {
    let mut bench = bench();
    bench.beat(named(join("a", &["foo"]))).unwrap();
    bench.beat(named(alive("a", -2))).unwrap();
    bench.beat(named(join("b", &["foo"]))).unwrap();
    assert!(bench.beat(named(alive("a", 2))).is_err());
    assert_eq!(bench.transcript.as_str(), include_str!("stories/static.txt"));
}
