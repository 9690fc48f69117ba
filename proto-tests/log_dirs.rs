//! Replicas move between log directories: under load, killed in the middle, given up, as Apache Kafka's tools see it.

mod support;

#[path = "log_dirs/tools.rs"]
mod tools;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use support::broker::{Broker, Kind};
use support::paths::Scratch;
use support::reader;
use support::record::noise;
use support::wire::{Batch, Wire, now};

const TOPIC: &str = "moving";

/// A server with two log directories.
fn start(kind: Kind, scratch: &Scratch) -> Broker {
    let dirs = format!("{},{}", scratch.path().join("data").display(), second(scratch).display());
    Broker::at(kind, scratch.path(), &[("log.dirs", &dirs), ("log.segment.bytes", "1048576")])
}

fn second(scratch: &Scratch) -> PathBuf {
    scratch.path().join("second")
}

/// Replicas of the topic: directory, partition, lag, whether it is on its way there.
fn replicas(wire: &mut Wire) -> Vec<(PathBuf, i64, i64, bool)> {
    let answer = wire.call("DescribeLogDirs", 4, json!({"topics": null})).expect("an answer");
    let mut found = Vec::new();
    for dir in answer["results"].as_array().expect("directories") {
        let path = PathBuf::from(dir["logDir"].as_str().expect("a path"));
        let topics = dir["topics"].as_array().expect("topics").iter().filter(|topic| topic["name"] == TOPIC);
        for p in topics.flat_map(|topic| topic["partitions"].as_array().expect("partitions")) {
            let number = |field: &str| p[field].as_i64().expect("a number");
            found.push((path.clone(), number("partitionIndex"), number("offsetLag"), p["isFutureKey"] == true));
        }
    }
    found
}

fn place(wire: &mut Wire) -> PathBuf {
    replicas(wire).into_iter().find(|r| r.1 == 0 && !r.3).expect("the replica").0
}

fn ask(wire: &mut Wire, topic: &str, partition: i32, path: &Path) -> Value {
    let topics = json!([{"name": topic, "partitions": [partition]}]);
    let body = json!({"dirs": [{"path": path.display().to_string(), "topics": topics}]});
    let answer = wire.call("AlterReplicaLogDirs", 2, body).expect("an answer");
    answer["results"][0]["partitions"][0]["errorCode"].clone()
}

fn until_moved(wire: &mut Wire, to: &Path) {
    let end = Instant::now() + Duration::from_secs(60);
    while replicas(wire).iter().any(|r| r.3) || place(wire) != to {
        assert!(Instant::now() < end, "{:?}", replicas(wire));
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn throttle(wire: &mut Wire, bytes_per_second: Option<u32>) {
    let (operation, value) = bytes_per_second.map_or((1, Value::Null), |n| (0, json!(n.to_string())));
    let config =
        json!({"name": "replica.alter.log.dirs.io.max.bytes.per.second", "configOperation": operation, "value": value});
    let resource = json!({"resourceType": 4, "resourceName": "1", "configs": [config]});
    let answer = wire.call("IncrementalAlterConfigs", 1, json!({"resources": [resource], "validateOnly": false}));
    assert_eq!(answer.expect("an answer")["responses"][0]["errorCode"], 0);
}

fn fill(wire: &mut Wire, megabytes: usize) {
    for i in 0..megabytes * 4 {
        let value = noise(i as u64, 250_000);
        reader::append(wire, TOPIC, 0, Batch::of(now(), &[&value]).base64());
    }
}

#[test]
fn a_replica_moves_while_it_is_written_and_read() {
    let scratch = Scratch::new("moves");
    let broker = start(Kind::Ottla, &scratch);
    let mut wire = broker.wire();
    reader::create(&mut wire, TOPIC, 1, &[]);
    fill(&mut wire, 4);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut wire = broker.wire();
            let mut written = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let value = format!("while it moves {}", written.len());
                written
                    .push((reader::append(&mut wire, TOPIC, 0, Batch::of(now(), &[value.as_bytes()]).base64()), value));
            }
            written
        });
        for _ in 0..6 {
            let from = place(&mut wire);
            let to =
                [scratch.path().join("data"), second(&scratch)].into_iter().find(|d| *d != from).expect("a directory");
            let asked = Instant::now();
            assert_eq!(ask(&mut wire, TOPIC, 0, &to), 0);
            until_moved(&mut wire, &to);
            println!("  moved after {:?}", asked.elapsed());
        }
        stop.store(true, Ordering::Relaxed);
        let written = writer.join().expect("the writer");
        assert!(written.windows(2).all(|w| w[0].0 + 1 == w[1].0), "offsets follow each other");
        let contents = reader::read(&mut wire, TOPIC, 0, false);
        assert_eq!(contents.end, written.last().expect("something was written").0 + 1);
        // Once over all of it: a fast writer leaves hundreds of thousands of batches.
        let heads = reader::batches(&contents.bytes);
        for (offset, value) in written {
            let at = heads.binary_search_by_key(&offset, |head| head.base_offset).expect("a batch");
            let bytes = &contents.bytes[heads[at].position..heads[at].position + heads[at].length];
            assert!(bytes.windows(value.len()).any(|w| w == value.as_bytes()), "{value} at {offset}");
        }
    });
}

#[test]
fn a_move_survives_kill_9_wherever_it_is() {
    let scratch = Scratch::new("moves-killed");
    let mut broker = start(Kind::Ottla, &scratch);
    let mut wire = broker.wire();
    reader::create(&mut wire, TOPIC, 1, &[]);
    fill(&mut wire, 8);
    let mut before = reader::read(&mut wire, TOPIC, 0, false);
    let mut seen_on_its_way = 0;
    for round in 0..8 {
        let from = place(&mut wire);
        let to = [scratch.path().join("data"), second(&scratch)].into_iter().find(|d| *d != from).expect("a directory");
        // The first rounds are slow, so that the end comes in the middle; the others are killed near the swap.
        throttle(&mut wire, (round < 4).then_some(16_000_000));
        assert_eq!(ask(&mut wire, TOPIC, 0, &to), 0);
        std::thread::sleep(Duration::from_millis(if round < 4 { 60 * (round + 1) } else { 8 * round }));
        broker.kill();
        broker.run();
        wire = broker.wire();
        seen_on_its_way += usize::from(replicas(&mut wire).iter().any(|r| r.3));
        throttle(&mut wire, None);
        reader::list(&mut wire, TOPIC, 0, -1);
        // An end between the two renames leaves two whole replicas of which either may stay; the move is asked for again then.
        if place(&mut wire) == from && !replicas(&mut wire).iter().any(|r| r.3) {
            assert_eq!(ask(&mut wire, TOPIC, 0, &to), 0);
        }
        until_moved(&mut wire, &to);
        let after = reader::read(&mut wire, TOPIC, 0, false);
        assert!(after == before, "round {round}: the partition holds what it held: {} and {}", before.end, after.end);
        reader::append(&mut wire, TOPIC, 0, Batch::of(now(), &[b"after a move"]).base64());
        before = reader::read(&mut wire, TOPIC, 0, false);
    }
    assert!(seen_on_its_way > 0, "no kill came while a replica was on its way");
    broker.stop();
    broker.run();
    assert!(reader::read(&mut broker.wire(), TOPIC, 0, false) == before);
}

#[test]
fn a_move_is_given_up_by_asking_for_the_directory_it_is_in() {
    let scratch = Scratch::new("moves-back");
    let broker = start(Kind::Ottla, &scratch);
    let mut wire = broker.wire();
    reader::create(&mut wire, TOPIC, 1, &[]);
    fill(&mut wire, 6);
    let from = place(&mut wire);
    let to = [scratch.path().join("data"), second(&scratch)].into_iter().find(|d| *d != from).expect("a directory");
    throttle(&mut wire, Some(1_000_000));
    assert_eq!(ask(&mut wire, TOPIC, 0, &to), 0);
    let moving = replicas(&mut wire).into_iter().find(|r| r.3).expect("a copy");
    assert!(moving.0 == to && moving.2 > 0, "{moving:?}");
    assert_eq!(ask(&mut wire, TOPIC, 0, &from), 0);
    until_moved(&mut wire, &from);
    assert_eq!(ask(&mut wire, TOPIC, 0, Path::new("/no/such/directory")), 57);
    assert_eq!(ask(&mut wire, "no-such-topic", 0, &to), 3);
    // Where a partition that is not here yet is to go was noted.
    assert_eq!(ask(&mut wire, "placed", 0, &to), 3);
    reader::create(&mut wire, "placed", 1, &[]);
    assert!(to.join("placed-0").is_dir());
}
