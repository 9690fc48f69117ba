//! The files are Kafka's: Apache Kafka's own dump tool reads what Ottla wrote, and Ottla serves partition directories that
//! Apache Kafka wrote, with transactions and compaction in them, exactly as Apache Kafka served them.

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use support::broker::{Broker, Kind, under_test};
use support::client::{Client, From, Library};
use support::paths::{Scratch, files};
use support::reader::{self, Contents};
use support::record::{Record, noise};
use support::tools::Tools;
use support::wire::{Batch, now};

fn keyed(n: usize, start: i64) -> Vec<Record> {
    (0..n)
        .map(|i| Record {
            offset: -1,
            timestamp: start + i as i64 * 10,
            key: Some(format!("key-{}", i % 5).into_bytes()),
            value: (i % 11 != 10).then(|| noise(i as u64, 500 + i % 300)),
            headers: vec![("h".to_string(), Some(b"v".to_vec()))],
        })
        .collect()
}

#[test]
fn dump_log_reads_what_ottla_wrote() {
    let overrides = [("log.segment.bytes", "1048576"), ("log.index.interval.bytes", "500")];
    let mut broker = Broker::start(under_test(), &overrides);
    let scratch = Scratch::new("dump");
    let mut client = Client::start(Library::Java, &broker.bootstrap(), scratch.path());
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let topic = format!("dumped-{codec}");
        client.create(&topic, 1).expect("a topic");
        client.produce(&topic, codec, true, &keyed(3000, now() - 3_600_000)).expect("records");
    }
    reader::create(
        &mut broker.wire(),
        "dumped-recompressed",
        1,
        &[("compression.type", "zstd"), ("message.timestamp.type", "LogAppendTime")],
    );
    client.produce("dumped-recompressed", "none", false, &keyed(300, now() - 3_600_000)).expect("records");
    broker.stop();

    let mut tools = Tools::start();
    let mut failures = Vec::new();
    let mut looked = 0;
    for entry in std::fs::read_dir(broker.data()).expect("the data") {
        let dir = entry.expect("an entry").path();
        let name = dir.file_name().expect("a name").to_string_lossy().into_owned();
        if !name.starts_with("dumped-") {
            continue;
        }
        let mut dump = |flags: &[&str], file: &Path| {
            let path = file.display().to_string();
            let run = tools.run("kafka-dump-log", &[flags, &["--files", &path]].concat(), "");
            let bad = ["Mismatches", "Found", "not valid", "Exception", "corrupt", "Non-secure", "isvalid: false"];
            if run.code != 0 || bad.iter().any(|b| run.out.contains(b) || run.err.contains(b)) {
                let lines =
                    run.out.lines().chain(run.err.lines()).filter(|l| bad.iter().any(|b| l.contains(b))).take(3);
                failures.push(format!("{path}: exit code {}: {}", run.code, lines.collect::<Vec<_>>().join(" / ")));
            }
            looked += 1;
            run.out
        };
        let mut records = 0;
        for log in files(&dir, "log") {
            records += dump(&["--deep-iteration", "--print-data-log"], &log)
                .lines()
                .filter(|l| l.starts_with("| offset:"))
                .count();
        }
        for index in files(&dir, "index").iter().chain(&files(&dir, "timeindex")) {
            dump(&["--index-sanity-check"], index);
            // Without the flag every entry is held against the log.
            dump(&[], index);
        }
        for file in files(&dir, "snapshot").iter().chain(&files(&dir, "txnindex")) {
            dump(&[], file);
        }
        let expected = if name.contains("recompressed") { 300 } else { 3000 };
        if records != expected {
            failures.push(format!("{name}: {records} records, not {expected}"));
        }
    }
    println!("{looked} files dumped");
    assert!(looked > 20, "only {looked} files");
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// What a partition says to any question, to compare the two servers.
#[derive(Debug, PartialEq)]
struct Said {
    uncommitted: Contents,
    committed: Contents,
    times: Vec<i64>,
    greatest: i64,
}

fn ask(broker: &Broker, topic: &str, times: &[i64]) -> Said {
    let mut wire = broker.wire();
    let uncommitted = reader::read(&mut wire, topic, 0, false);
    let committed = reader::read(&mut wire, topic, 0, true);
    let greatest = reader::list(&mut wire, topic, 0, -3);
    let times = times.iter().map(|t| reader::list(&mut wire, topic, 0, *t)).collect();
    Said { uncommitted, committed, times, greatest }
}

fn copy_partition(from: &Path, to: &Path) {
    // The directory keeps the id of the topic it now belongs to.
    let id = std::fs::read(to.join("partition.metadata")).ok();
    std::fs::remove_dir_all(to).expect("the empty partition goes");
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
    match id {
        Some(id) => std::fs::write(to.join("partition.metadata"), id).expect("the topic's id"),
        None => std::fs::remove_file(to.join("partition.metadata")).expect("the other id goes"),
    }
}

#[test]
fn ottla_opens_what_apache_kafka_wrote() {
    let overrides =
        [("log.segment.bytes", "1048576"), ("log.index.interval.bytes", "500"), ("log.cleaner.backoff.ms", "200")];
    let mut kafka = Broker::start(Kind::Kafka, &overrides);
    let scratch = Scratch::new("opens");
    let mut client = Client::start(Library::Java, &kafka.bootstrap(), scratch.path());
    let start = now() - 3_600_000;
    let topics = ["plain", "zipped", "transactions", "open-transaction", "shortened", "compacted"];
    let compact: &[(&str, &str)] = &[
        ("cleanup.policy", "compact"),
        ("segment.ms", "300"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("delete.retention.ms", "86400000"),
    ];
    for topic in topics {
        reader::create(&mut kafka.wire(), topic, 1, if topic == "compacted" { compact } else { &[] });
    }
    client.produce("plain", "none", true, &keyed(4000, start)).expect("records");
    client.produce("zipped", "zstd", false, &keyed(6000, start)).expect("records");
    client.produce("shortened", "lz4", true, &keyed(8000, start)).expect("records");
    for (topic, open) in [("transactions", false), ("open-transaction", true)] {
        client.send(
            json!({"op": "transact", "topic": topic, "transactions": 9, "records": 4, "open": open, "start": start}),
        );
        client.answer().expect("transactions");
    }
    for round in 0..6 {
        client.produce("compacted", "none", round % 2 == 0, &keyed(200, start + round * 100_000)).expect("records");
        std::thread::sleep(Duration::from_millis(350));
    }
    client.produce("compacted", "none", true, &keyed(1, start + 1_000_000)).expect("a record to roll the segment");
    let shorten = json!({"topics": [{"name": "shortened", "partitions": [{"partitionIndex": 0, "offset": 3333}]}], "timeoutMs": 5000});
    kafka.wire().call("DeleteRecords", 2, shorten).expect("an answer");
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let left: i32 = reader::batches(&reader::read(&mut kafka.wire(), "compacted", 0, false).bytes)
            .iter()
            .map(|h| h.count)
            .sum();
        if left < 600 {
            break;
        }
        assert!(Instant::now() < end, "Apache Kafka did not compact: {left} records");
        std::thread::sleep(Duration::from_millis(200));
    }
    // The cleaner may still be at it: wait until two looks agree.
    let times: Vec<i64> = (0..40).map(|i| start + i * 4321).chain([0, start - 1, i64::MAX]).collect();
    let mut said: Vec<Said> = topics.iter().map(|t| ask(&kafka, t, &times)).collect();
    loop {
        std::thread::sleep(Duration::from_millis(1500));
        let again: Vec<Said> = topics.iter().map(|t| ask(&kafka, t, &times)).collect();
        if again == said {
            break;
        }
        said = again;
    }
    let (transactions, open) = (&said[2], &said[3]);
    assert!(!transactions.committed.aborted.is_empty(), "there are aborted transactions");
    assert!(open.uncommitted.stable < open.uncommitted.end, "there is an open transaction");

    // A copy while it runs is what a crash leaves; after the stop it is what a clean end leaves.
    let crashed = scratch.path().join("crashed");
    std::fs::create_dir_all(&crashed).expect("a directory");
    for topic in topics {
        let (from, to) = (kafka.data().join(format!("{topic}-0")), crashed.join(format!("{topic}-0")));
        std::fs::create_dir_all(&to).expect("a directory");
        for entry in std::fs::read_dir(&from).expect("a directory") {
            let entry = entry.expect("an entry");
            std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
        }
    }
    kafka.stop();
    let mut failures = Vec::new();
    for (how, source) in [("a clean end", kafka.data()), ("a crash", crashed)] {
        let mut ottla = Broker::start(under_test(), &[("log.cleaner.enable", "false"), ("log.retention.ms", "-1")]);
        for topic in topics {
            reader::create(&mut ottla.wire(), topic, 1, &[]);
        }
        if how == "a crash" {
            ottla.kill();
        } else {
            ottla.stop();
        }
        for topic in topics {
            copy_partition(&source.join(format!("{topic}-0")), &ottla.data().join(format!("{topic}-0")));
        }
        if how == "a clean end" {
            // Where each log starts is in a file beside the partitions.
            std::fs::copy(source.join("log-start-offset-checkpoint"), ottla.data().join("log-start-offset-checkpoint"))
                .expect("a copy");
        }
        ottla.run();
        for (topic, expected) in topics.iter().zip(&said) {
            let mut got = ask(&ottla, topic, &times);
            if how == "a crash" && *topic == "shortened" {
                // The start was in memory alone; whole segments below it are gone all the same.
                assert!(got.uncommitted.start <= 3333);
                continue;
            }
            got.committed.aborted.sort_unstable();
            let mut aborted = expected.committed.aborted.clone();
            aborted.sort_unstable();
            let mut note = |what: &str, right: bool| {
                if !right {
                    failures.push(format!("{topic} after {how}: {what}"));
                }
            };
            let (g, e) = (&got.uncommitted, &expected.uncommitted);
            note(
                &format!(
                    "start {}, end {}, stable {}; not {}, {}, {}",
                    g.start, g.end, g.stable, e.start, e.end, e.stable
                ),
                (g.start, g.end, g.stable) == (e.start, e.end, e.stable),
            );
            note("bytes", g.bytes == e.bytes);
            note("committed bytes", got.committed.bytes == expected.committed.bytes);
            note(&format!("aborted {:?}, not {aborted:?}", got.committed.aborted), got.committed.aborted == aborted);
            // Where DeleteRecords has raised the start above whole segments, Apache Kafka looks for older times in those
            // segments and finds nothing; Ottla finds the first record that is left.
            let quirk = |i: usize| *topic == "shortened" && expected.times[i] == -1 && got.times[i] == 3333;
            let times = (0..times.len()).all(|i| got.times[i] == expected.times[i] || quirk(i));
            note(&format!("times {:?}, not {:?}", got.times, expected.times), times);
            note(
                &format!("greatest time at {}, not {}", got.greatest, expected.greatest),
                got.greatest == expected.greatest,
            );
        }
        // And it goes on from there.
        let mut wire = ottla.wire();
        let next = reader::append(&mut wire, "plain", 0, Batch::of(now(), &[b"more"]).base64());
        assert_eq!(next, said[0].uncommitted.end);
        ottla.stop();
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// Latest value of each key, as a reader from the start makes it of the partition.
fn latest(
    client: &mut Client,
    topic: &str,
    count: usize,
) -> std::collections::BTreeMap<Vec<u8>, (i64, Option<Vec<u8>>)> {
    let records = client.consume(topic, From::Beginning, count).expect("records");
    let keyed = records.into_iter().map(|r| (r.key.expect("a key"), (r.offset, r.value)));
    keyed.collect()
}

#[test]
fn apache_kafka_reads_what_ottla_compacted() {
    let overrides = [("log.index.interval.bytes", "500"), ("log.cleaner.backoff.ms", "200")];
    let mut ottla = Broker::start(under_test(), &overrides);
    let scratch = Scratch::new("compacted");
    let mut client = Client::start(Library::Java, &ottla.bootstrap(), scratch.path());
    let start = now() - 3_600_000;
    let compact: &[(&str, &str)] = &[
        ("cleanup.policy", "compact"),
        ("segment.ms", "300"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("file.delete.delay.ms", "1000"),
    ];
    let codecs = ["none", "gzip", "snappy", "lz4", "zstd"];
    let mut expected = Vec::new();
    for codec in codecs {
        let topic = format!("compacted-{codec}");
        reader::create(&mut ottla.wire(), &topic, 1, compact);
        for round in 0..5 {
            client.produce(&topic, codec, round % 2 == 0, &keyed(200, start + round * 100_000)).expect("records");
        }
        client.produce(&topic, codec, true, &keyed(1, start + 1_000_000)).expect("a record to roll the segment");
    }
    let mut wire = ottla.wire();
    let counted = |wire: &mut _, topic: &str| -> i32 {
        reader::batches(&reader::read(wire, topic, 0, false).bytes).iter().map(|h| h.count).sum()
    };
    let end = Instant::now() + Duration::from_secs(30);
    for codec in codecs {
        let topic = format!("compacted-{codec}");
        // Five keys, and what is in the active segment.
        while counted(&mut wire, &topic) > 10 {
            assert!(Instant::now() < end, "{topic} was not compacted: {} records", counted(&mut wire, &topic));
            std::thread::sleep(Duration::from_millis(100));
        }
        let left = usize::try_from(counted(&mut wire, &topic)).expect("a count");
        expected.push((topic.clone(), latest(&mut client, &topic, left), reader::read(&mut wire, &topic, 0, true)));
    }
    // A record without a key is refused, and the replaced files go after their time.
    let refused = client.produce("compacted-none", "none", false, &[Record { key: None, ..keyed(1, start).remove(0) }]);
    assert!(refused.is_err(), "a compacted topic took a record without a key");
    let deleted = |data: &Path| -> usize {
        codecs.iter().map(|c| files(&data.join(format!("compacted-{c}-0")), "deleted").len()).sum()
    };
    let end = Instant::now() + Duration::from_secs(15);
    while deleted(&ottla.data()) > 0 {
        assert!(Instant::now() < end, "replaced files stay for ever");
        std::thread::sleep(Duration::from_millis(100));
    }
    ottla.stop();
    let checkpoint = std::fs::read_to_string(ottla.data().join("cleaner-offset-checkpoint")).expect("a checkpoint");
    assert!(codecs.iter().all(|c| checkpoint.contains(&format!("compacted-{c} 0 "))), "{checkpoint}");

    let mut tools = Tools::start();
    for (topic, _, _) in &expected {
        let dir = ottla.data().join(format!("{topic}-0"));
        let looked = ["log", "index", "timeindex", "snapshot"].map(|ending| files(&dir, ending)).concat();
        assert!(looked.len() >= 3, "{topic}: {looked:?}");
        for file in looked {
            let path = file.display().to_string();
            let flags: &[&str] = if path.ends_with(".log") { &["--deep-iteration"] } else { &[] };
            let run = tools.run("kafka-dump-log", &[flags, &["--files", &path]].concat(), "");
            let bad = ["Mismatches", "not valid", "Exception", "corrupt", "isvalid: false"];
            let wrong = run.code != 0 || bad.iter().any(|b| run.out.contains(b) || run.err.contains(b));
            assert!(!wrong, "{path}: {} {}", run.out, run.err);
        }
    }

    let mut kafka = Broker::start(Kind::Kafka, &[("log.cleaner.backoff.ms", "3600000")]);
    for (topic, _, _) in &expected {
        reader::create(&mut kafka.wire(), topic, 1, &[("cleanup.policy", "compact")]);
    }
    kafka.stop();
    for (topic, _, _) in &expected {
        let partition = format!("{topic}-0");
        copy_partition(&ottla.data().join(&partition), &kafka.data().join(&partition));
    }
    kafka.run();
    let mut client = Client::start(Library::Java, &kafka.bootstrap(), scratch.path());
    for (topic, records, contents) in &expected {
        let got = reader::read(&mut kafka.wire(), topic, 0, true);
        assert_eq!((got.end, &got.bytes), (contents.end, &contents.bytes), "{topic}");
        let left = reader::batches(&got.bytes).iter().map(|h| usize::try_from(h.count).expect("a count")).sum();
        assert_eq!(&latest(&mut client, topic, left), records, "{topic}");
        let newest: Vec<_> = records.values().filter_map(|(_, value)| value.clone()).collect();
        assert!(!newest.is_empty());
    }
    kafka.stop();
}
