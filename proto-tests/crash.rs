//! Ottla dies and comes back: no acknowledged record is lost, doubled or moved, whatever of its files is missing or damaged.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use support::broker::{Broker, under_test};
use support::client::{Client, From, Library};
use support::paths::Scratch;
use support::reader::{self, Contents};
use support::record;
use support::wire::{Batch, Wire, now};

const SECONDS: u64 = 20;

#[test]
fn kill_nine_in_a_loop_under_idempotent_load() {
    let mut broker = Broker::start(under_test(), &[]);
    let scratch = Scratch::new("crash");
    reader::create(&mut broker.wire(), "load", 3, &[]);
    let mut client = Client::start(Library::Franz, &broker.bootstrap(), scratch.path());
    let file = scratch.path().join("acknowledged.jsonl");
    client.send(json!({"op": "load", "topic": "load", "partitions": 3, "seconds": SECONDS, "file": file}));
    let begin = std::time::Instant::now();
    let mut deaths = 0;
    while begin.elapsed() < Duration::from_secs(SECONDS) {
        // Not at the same point of anything: between 100 and 900 ms after the start.
        std::thread::sleep(Duration::from_millis(100 + (deaths * 377) % 800));
        broker.kill();
        broker.run();
        deaths += 1;
    }
    let answer = client.answer().expect("the load ends");
    let acknowledged = record::read(&file);
    println!("{deaths} deaths; {answer}; {} acknowledged", acknowledged.len());
    assert!(acknowledged.len() > 100, "the load was no load: {answer}");
    assert_eq!(answer["failed"], 0, "an idempotent producer fails no record over restarts: {answer}");

    let mut wire = broker.wire();
    let mut seen: BTreeMap<i32, Vec<record::Record>> = BTreeMap::new();
    for partition in 0..3 {
        let end = reader::list(&mut wire, "load", partition, -1);
        let got = client_read(&mut client, "load", partition, end as usize, scratch.path());
        let offsets: Vec<i64> = got.iter().map(|r| r.offset).collect();
        assert_eq!(offsets, (0..end).collect::<Vec<_>>(), "offsets of partition {partition} without a hole");
        seen.insert(partition, got);
    }
    let mut values = BTreeSet::new();
    for r in seen.values().flatten() {
        assert!(values.insert(r.value.clone()), "doubled: {r:?}");
    }
    for a in &acknowledged {
        // The load writes the partition down where a record has its timestamp.
        let at = &seen[&(a.timestamp as i32)].get(a.offset as usize);
        assert_eq!(at.map(|r| &r.value), Some(&a.value), "acknowledged at {} of partition {}", a.offset, a.timestamp);
    }
    for (partition, records) in &seen {
        let numbers: Vec<&Option<Vec<u8>>> = records.iter().map(|r| &r.value).collect();
        assert!(numbers.windows(2).all(|w| w[0] < w[1]), "partition {partition} is out of order");
    }
    broker.stop();
}

/// What groups have committed is there after every death: offsets of their own, and those of transactions that were committed.
#[test]
fn kill_nine_keeps_committed_offsets() {
    const GROUPS: usize = 20;
    const PARTITIONS: i64 = 3;
    let mut broker = Broker::start(under_test(), &[]);
    reader::create(&mut broker.wire(), "t", PARTITIONS as i32, &[]);
    coordinated(&mut broker.wire(), 0, "g0");
    coordinated(&mut broker.wire(), 1, "tx");
    let mut committed: BTreeMap<(String, i64), i64> = BTreeMap::new();
    for round in 0..5i64 {
        let mut wire = broker.wire();
        let commit = |group: &str, partition: i64, offset: i64| {
            json!({"groupId": group, "generationIdOrMemberEpoch": -1, "memberId": "", "groupInstanceId": null,
                "topics": [offsets(partition, offset)]})
        };
        for step in 0..60 {
            let (group, partition) = (format!("g{}", step % GROUPS), step as i64 % PARTITIONS);
            let offset = round * 1000 + step as i64;
            let answer = asked(&mut wire, "OffsetCommit", 9, commit(&group, partition, offset));
            assert_eq!(answer["topics"][0]["partitions"][0]["errorCode"], 0, "{answer}");
            committed.insert((group, partition), offset);
        }
        // One transaction is committed, the next aborted, the last left open.
        for (group, ends) in [("g0", Some(true)), ("g1", Some(false)), ("g2", None)] {
            let offset = round * 1000 + 500;
            in_transaction(&mut wire, group, offset, ends);
            if ends == Some(true) {
                committed.insert((group.to_string(), 0), offset);
            }
        }
        broker.kill();
        broker.run();
        let mut wire = broker.wire();
        for group in (0..GROUPS).map(|group| format!("g{group}")) {
            let body = json!({"requireStable": false, "groups": [{"groupId": group, "memberId": null, "memberEpoch": -1, "topics": null}]});
            let answer = asked(&mut wire, "OffsetFetch", 9, body);
            for partition in answer["groups"][0]["topics"][0]["partitions"].as_array().expect("partitions") {
                let index = partition["partitionIndex"].as_i64().expect("a number");
                let known = committed.get(&(group.clone(), index)).copied();
                assert_eq!(partition["committedOffset"].as_i64(), known, "{group}, partition {index}, round {round}");
            }
        }
    }
    assert!(committed.len() > GROUPS);
    broker.stop();
}

fn offsets(partition: i64, offset: i64) -> serde_json::Value {
    json!({"name": "t", "partitions": [{"partitionIndex": partition, "committedOffset": offset, "committedLeaderEpoch": -1,
        "committedMetadata": ""}]})
}

/// Commits an offset of partition 0 in a transaction of its own, which is ended if it is said how.
fn in_transaction(wire: &mut Wire, group: &str, offset: i64, commits: Option<bool>) {
    let begun = asked(wire, "InitProducerId", 4, json!({"transactionalId": "tx", "transactionTimeoutMs": 60000}));
    let (id, epoch) = (begun["producerId"].clone(), begun["producerEpoch"].clone());
    let of_group =
        json!({"transactionalId": "tx", "producerId": id.clone(), "producerEpoch": epoch.clone(), "groupId": group});
    assert_eq!(asked(wire, "AddOffsetsToTxn", 3, of_group.clone())["errorCode"], 0);
    let mut commit = of_group;
    commit["topics"] = json!([offsets(0, offset)]);
    let answer = asked(wire, "TxnOffsetCommit", 3, commit);
    assert_eq!(answer["topics"][0]["partitions"][0]["errorCode"], 0, "{answer}");
    let Some(commits) = commits else { return };
    let end = json!({"transactionalId": "tx", "producerId": id, "producerEpoch": epoch, "committed": commits});
    assert_eq!(asked(wire, "EndTxn", 3, end)["errorCode"], 0);
}

/// Waits until a coordinator is there.
fn coordinated(wire: &mut Wire, kind: i8, key: &str) {
    asked(wire, "FindCoordinator", 4, json!({"keyType": kind, "coordinatorKeys": [key]}));
}

/// Asks again while the coordinator is coming up, or is still ending the transaction before.
fn asked(wire: &mut Wire, api: &str, version: i16, body: serde_json::Value) -> serde_json::Value {
    // COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR, CONCURRENT_TRANSACTIONS
    let is_passing = |text: &str| {
        [14, 15, 16, 51].iter().any(|code| {
            text.contains(&format!("\"errorCode\":{code},")) || text.contains(&format!("\"errorCode\":{code}}}"))
        })
    };
    for _ in 0..200 {
        let answer = wire.call(api, version, body.clone()).expect("an answer");
        if !is_passing(&answer.to_string()) {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{api} is never answered");
}

fn client_read(client: &mut Client, topic: &str, partition: i32, count: usize, dir: &Path) -> Vec<record::Record> {
    if count == 0 {
        return Vec::new();
    }
    let file = dir.join(format!("read-{partition}.jsonl"));
    client.send(
        json!({"op": "consume", "topic": topic, "partition": partition, "count": count, "file": file, "offset": -2}),
    );
    client.answer().expect("the partition is read");
    record::read(&file)
}

/// What the damage tests start from: several segments with idempotent batches, some of them stamped by the broker.
struct Before {
    broker: Broker,
    contents: Contents,
    times: Vec<(i64, i64)>,
    pristine: PathBuf,
    _scratch: Scratch,
}

const TOPIC: &str = "damaged";

impl Before {
    fn new() -> Before {
        // An index entry for each batch or two, and segments of a megabyte.
        let overrides =
            [("log.segment.bytes", "1048576"), ("log.index.interval.bytes", "200"), ("log.retention.ms", "-1")];
        let mut broker = Broker::start(under_test(), &overrides);
        let mut wire = broker.wire();
        reader::create(&mut wire, TOPIC, 1, &[]);
        let id = wire
            .call("InitProducerId", 4, json!({"transactionalId": null, "transactionTimeoutMs": 60000}))
            .expect("an id");
        let producer = id["producerId"].as_i64().expect("an id");
        let base = now() - 3_600_000;
        let mut times = Vec::new();
        for i in 0..60 {
            let value = record::noise(i, if i == 59 { 40 } else { 50_000 });
            let mut b = Batch::of(base + i as i64 * 1000, &[b"head", &value]);
            (b.producer_id, b.producer_epoch, b.sequence) = (producer, 0, i as i32 * 2);
            let offset = reader::append(&mut wire, TOPIC, 0, b.base64());
            times.push((base + i as i64 * 1000, offset));
        }
        let contents = reader::read(&mut wire, TOPIC, 0, false);
        assert_eq!(contents.end, 120);
        broker.kill();
        let scratch = Scratch::new("pristine");
        let pristine = scratch.path().join("data");
        copy(&broker.data(), &pristine);
        Before { broker, contents, times, pristine, _scratch: scratch }
    }

    /// Puts everything back, lets `damage` loose on the data directory, starts, looks, kills.
    fn round(&mut self, what: &str, damage: impl FnOnce(&Path), expected_end: i64) -> Result<(), String> {
        let data = self.broker.data();
        std::fs::remove_dir_all(&data).expect("the old data goes");
        copy(&self.pristine, &data);
        damage(&data);
        self.broker.run();
        let mut wire = self.broker.wire();
        eprintln!("{what}");
        let got = reader::read(&mut wire, TOPIC, 0, false);
        let mut result = Ok(());
        let whole: Vec<_> = reader::batches(&self.contents.bytes);
        let keep = whole
            .iter()
            .filter(|h| h.base_offset + i64::from(h.last_offset_delta) < expected_end)
            .map(|h| h.length)
            .sum::<usize>();
        if got.end != expected_end || got.bytes != self.contents.bytes[..keep] {
            result = Err(format!(
                "{what}: end {} instead of {expected_end}, {} bytes instead of {keep}",
                got.end,
                got.bytes.len()
            ));
        }
        for (time, offset) in self.times.iter().step_by(7) {
            let expected = if *offset < expected_end { *offset } else { -1 };
            let found = reader::list(&mut wire, TOPIC, 0, *time);
            if found != expected {
                result = Err(format!("{what}: time {time} is at {found}, not at {expected}"));
            }
        }
        self.broker.kill();
        result
    }

    fn partition(&self) -> PathBuf {
        self.pristine.join(format!("{TOPIC}-0"))
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}

#[test]
fn every_index_snapshot_and_checkpoint_missing_cut_and_corrupted() {
    let mut before = Before::new();
    let mut files: Vec<PathBuf> = Vec::new();
    for dir in [before.pristine.clone(), before.partition()] {
        for entry in std::fs::read_dir(&dir).expect("a directory") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            // The records themselves, and the two files that say whose directory it is, are not derived from anything.
            let kept = name.ends_with(".log")
                || name == "meta.properties"
                || name == "partition.metadata"
                || name.starts_with(".lock");
            if path.is_file() && !kept {
                files.push(path.strip_prefix(&before.pristine).expect("below").to_path_buf());
            }
        }
    }
    files.sort();
    assert!(files.iter().any(|f| f.extension().is_some_and(|e| e == "index")), "{files:?}");
    let mut failures = Vec::new();
    for file in &files {
        let length = std::fs::metadata(before.pristine.join(file)).expect("a file").len();
        let name = file.display();
        let mut note = |r: Result<(), String>| failures.extend(r.err());
        note(before.round(&format!("{name} deleted"), |d| std::fs::remove_file(d.join(file)).expect("deleted"), 120));
        for cut in [0, length / 2, length.saturating_sub(1)] {
            let shorten = |d: &Path| {
                std::fs::File::options().write(true).open(d.join(file)).and_then(|f| f.set_len(cut)).expect("cut")
            };
            note(before.round(&format!("{name} cut to {cut} of {length}"), shorten, 120));
        }
        for (what, byte) in [("zeros", 0u8), ("ones", 0xff)] {
            let overwrite = |d: &Path| std::fs::write(d.join(file), vec![byte; length as usize]).expect("overwritten");
            note(before.round(&format!("{name} all {what}"), overwrite, 120));
        }
        let noise = |d: &Path| std::fs::write(d.join(file), record::noise(5, length as usize)).expect("overwritten");
        note(before.round(&format!("{name} all noise"), noise, 120));
    }
    println!("{} files, each in seven ways", files.len());
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn the_last_batch_cut_at_every_byte() {
    let mut before = Before::new();
    let heads = reader::batches(&before.contents.bytes);
    let last = heads.last().expect("batches").length as u64;
    let mut logs: Vec<PathBuf> = std::fs::read_dir(before.partition())
        .expect("a directory")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == "log"))
        .collect();
    logs.sort();
    let log = logs.last().expect("a segment").strip_prefix(&before.pristine).expect("below").to_path_buf();
    // Behind the last batch a segment may be preallocated; what counts is where the batch ends.
    let base: i64 = log.file_stem().expect("a name").to_string_lossy().parse().expect("an offset");
    let end: u64 = heads.iter().filter(|h| h.base_offset >= base).map(|h| h.length as u64).sum();
    let mut failures = Vec::new();
    for cut in 0..last {
        let shorten = |d: &Path| {
            let file = std::fs::File::options().write(true).open(d.join(&log)).expect("the segment");
            file.set_len(end - last + cut).expect("cut");
        };
        failures.extend(before.round(&format!("last batch cut after {cut} of {last} bytes"), shorten, 118).err());
        let flip = |d: &Path| {
            let path = d.join(&log);
            let mut bytes = std::fs::read(&path).expect("the segment");
            bytes[(end - last + cut) as usize] ^= 0x10;
            std::fs::write(&path, bytes).expect("written");
        };
        // The first twelve bytes and the epoch are not under the checksum; the rest is.
        if cut >= 16 {
            failures.extend(before.round(&format!("byte {cut} of the last batch flipped"), flip, 118).err());
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn topics_and_settings_survive_kill_nine() {
    let mut broker = Broker::start(under_test(), &[]);
    for round in 0..12 {
        let mut wire = broker.wire();
        let topic = format!("round-{round}");
        reader::create(&mut wire, &topic, 2, &[("retention.ms", "123456")]);
        let alter = json!({"resources": [{"resourceType": 2, "resourceName": topic, "configs": [{"name": "segment.ms", "configOperation": 0, "value": "987654"}]}]});
        wire.call("IncrementalAlterConfigs", 1, alter).expect("an answer");
        let ids = |w: &mut support::wire::Wire| {
            let answer = w.call("Metadata", 12, json!({"topics": null})).expect("an answer");
            let mut list: Vec<String> = answer["topics"]
                .as_array()
                .expect("topics")
                .iter()
                .map(|t| format!("{} {}", t["name"], t["topicId"]))
                .collect();
            list.sort();
            (answer["clusterId"].to_string(), list)
        };
        let before = ids(&mut wire);
        broker.kill();
        broker.run();
        let mut wire = broker.wire();
        assert_eq!(ids(&mut wire), before, "round {round}");
        let ask = json!({"resources": [{"resourceType": 2, "resourceName": topic, "configurationKeys": ["retention.ms", "segment.ms"]}]});
        let answer = wire.call("DescribeConfigs", 4, ask).expect("an answer");
        let mut values: Vec<String> = answer["results"][0]["configs"]
            .as_array()
            .expect("configs")
            .iter()
            .map(|c| c["value"].to_string())
            .collect();
        values.sort();
        assert_eq!(values, ["\"123456\"", "\"987654\""], "round {round}");
    }
    broker.stop();
}

#[test]
fn sigterm_in_the_middle_of_load_is_a_clean_end() {
    let mut broker = Broker::start(under_test(), &[]);
    let scratch = Scratch::new("sigterm");
    reader::create(&mut broker.wire(), "load", 1, &[]);
    let mut client = Client::start(Library::Franz, &broker.bootstrap(), scratch.path());
    let file = scratch.path().join("acknowledged.jsonl");
    client.send(json!({"op": "load", "topic": "load", "partitions": 1, "seconds": 3, "file": file}));
    std::thread::sleep(Duration::from_millis(1200));
    broker.stop();
    assert!(broker.data().join(".kafka_cleanshutdown").exists(), "a clean end leaves its mark");
    broker.run();
    client.answer().expect("the load ends");
    let acknowledged = record::read(&file);
    let got = client.consume("load", From::Beginning, acknowledged.len()).expect("all is there");
    assert!(acknowledged.iter().zip(&got).all(|(a, g)| a.value == g.value && a.offset == g.offset));
    broker.stop();
}
