//! A client that reads what only the disk has: it waits for the disk, and nobody else does.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::broker::{Broker, under_test};
use crate::support::record::noise;
use crate::support::tampered::Tampered;
use crate::support::wire::{Batch, Wire, now};
use crate::support::{paths, reader};

/// How long the disk takes for each read.
const READ: Duration = Duration::from_secs(2);
/// Longer than this and somebody else was held up. It leaves room for a machine that is busy.
const OTHERS_MAX: Duration = Duration::from_millis(1000);
/// More than there are event loops, so that each has some.
const OTHERS: usize = 8;

/// How often the page cache may keep what it was asked to let go of.
const TRIES: usize = 10;

#[test]
fn a_cold_read_holds_up_nobody_else() {
    // Segments of the least size that Kafka allows: all but the last are sealed, their files and indexes closed after a restart.
    let mut broker = Broker::start(under_test(), &[]);
    reader::create(&mut broker.wire(), "cold", 1, &[("segment.bytes", "1048576")]);
    let mut wire = broker.wire();
    for n in 0..25 {
        reader::append(&mut wire, "cold", 0, Batch::of(now(), &[&noise(n, 100_000)]).base64());
    }
    for n in 0..5 {
        reader::append(&mut wire, "cold", 0, Batch::of(now(), &[&noise(n, 1_000)]).base64());
    }
    drop(wire);
    broker.stop();
    broker.run();
    let replica = broker.data().join("cold-0");
    let logs = paths::files(&replica, "log");
    assert!(logs.len() >= 3, "{logs:?}");

    // From a sealed segment, sent by the kernel; from the last one, small enough to go through memory; decided records only.
    for (what, offset, max_bytes, isolation) in
        [("a large read", 3, 150_000, 0), ("a small read", 26, 2_000, 0), ("a read of decided records", 12, 150_000, 1)]
    {
        let slow =
            Tampered::start(broker.process().pid, &logs, &format!("pread64,preadv:delay_enter={}", READ.as_micros()));
        let came_from_disk = (0..TRIES).any(|_| {
            logs.iter().for_each(|path| evict(path));
            let (took, slowest) = beside_others(&broker, offset, max_bytes, isolation);
            println!("{what}: {took:?}; of the others the slowest call took {slowest:?}");
            assert!(slowest < OTHERS_MAX, "{what} held up others for {slowest:?}");
            took >= READ
        });
        drop(slow);
        assert!(came_from_disk, "{what} never came from the disk");
    }
}

/// Takes a file's bytes out of the page cache, but for those that somebody holds at that moment.
fn evict(path: &Path) {
    let file = std::fs::File::open(path).expect("the file");
    file.sync_all().expect("its bytes are on the disk");
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).expect("the page cache is asked to let go of it");
}

/// How long a read took, and the slowest call of the others meanwhile.
fn beside_others(broker: &Broker, offset: i64, max_bytes: i32, isolation: i8) -> (Duration, Duration) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let others: Vec<_> = (0..OTHERS).map(|_| scope.spawn(|| slowest_call(broker.wire(), &over))).collect();
        let begun = Instant::now();
        let read = fetch(&mut broker.wire(), offset, max_bytes, isolation);
        let took = begun.elapsed();
        over.store(true, Ordering::Relaxed);
        assert_eq!(read["errorCode"], 0, "{read}");
        assert!(!read["records"].is_null(), "{read}");
        let slowest = others.into_iter().map(|other| other.join().expect("a well-behaved client")).max();
        (took, slowest.unwrap_or_default())
    })
}

/// Asks for what needs no disk, again and again; the longest time that it took.
fn slowest_call(mut wire: Wire, over: &AtomicBool) -> Duration {
    let mut slowest = Duration::ZERO;
    while !over.load(Ordering::Relaxed) {
        let begun = Instant::now();
        wire.call("ApiVersions", 0, json!({})).expect("an answer");
        slowest = slowest.max(begun.elapsed());
        std::thread::sleep(Duration::from_millis(10));
    }
    slowest
}

fn fetch(wire: &mut Wire, offset: i64, max_bytes: i32, isolation: i8) -> Value {
    wire.set_timeout(Duration::from_secs(60));
    let p = json!({"partition": 0, "currentLeaderEpoch": -1, "fetchOffset": offset, "lastFetchedEpoch": -1,
        "logStartOffset": -1, "partitionMaxBytes": max_bytes});
    let body = json!({"replicaId": -1, "maxWaitMs": 500, "minBytes": 1, "maxBytes": max_bytes, "isolationLevel": isolation,
        "sessionId": 0, "sessionEpoch": -1, "topics": [{"topic": "cold", "partitions": [p]}], "forgottenTopicsData": [],
        "rackId": ""});
    wire.call("Fetch", 12, body).expect("an answer")["responses"][0]["partitions"][0].clone()
}
