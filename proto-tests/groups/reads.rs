//! Where reading starts and what a group remembers: resets, positions, subscriptions by pattern, offsets that expire.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::life::{stage, stage_with};
use crate::load;
use crate::support::broker::Broker;
use crate::support::client::{Client, Library};
use crate::support::member::{Member, Protocol, Setting, until};
use crate::support::reader;
use crate::support::wire::{Batch, now};

fn topic(broker: &Broker, name: &str, partitions: i32) {
    let mut wire = broker.wire();
    reader::create(&mut wire, name, partitions, &[]);
    for p in 0..partitions {
        reader::list(&mut wire, name, p, -1);
    }
}

fn append(broker: &Broker, topic: &str, time: i64, count: usize) {
    let values: Vec<&[u8]> = vec![b"v"; count];
    reader::append(&mut broker.wire(), topic, 0, Batch::of(time, &values).base64());
}

/// A member of a group of its own on a topic.
fn on(setting: &Setting, topic: &str, name: &str, more: Value) -> Member {
    let mut spec = json!({"topic": topic, "group": format!("{name}-group")});
    for (key, value) in more.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    Member::start_with(setting, name, spec)
}

fn offsets(member: &mut Member) -> Vec<i64> {
    member.consumed().into_values().flatten().collect()
}

fn until_read(member: &mut Member, expected: std::ops::Range<i64>) {
    let what = format!("{} reads {expected:?}", member.name);
    let goal: Vec<i64> = expected.collect();
    until(&what, &mut [member], Duration::from_secs(90), |m| offsets(m[0]) == goal);
}

/// `auto.offset.reset`: earliest, latest, none, a duration, and an offset that is gone.
pub fn resets(protocol: Protocol) {
    let (broker, _scratch, setting) = stage(Library::Java, protocol, json!({}));
    topic(&broker, "reset", 1);
    append(&broker, "reset", now() - 7_200_000, 4);
    append(&broker, "reset", now(), 3);
    let mut earliest = on(&setting, "reset", "earliest", json!({"reset": "earliest"}));
    let mut latest = on(&setting, "reset", "latest", json!({"reset": "latest"}));
    let mut none = on(&setting, "reset", "none", json!({"reset": "none"}));
    let mut hour = on(&setting, "reset", "hour", json!({"reset": "by_duration:PT1H"}));
    until_read(&mut earliest, 0..7);
    until_read(&mut hour, 4..7);
    until("none fails", &mut [&mut none], Duration::from_secs(90), |m| m[0].count("failed") > 0);
    assert!(none.events().iter().any(|e| e["error"] == "NoOffsetForPartitionException"), "{}", none.tail());
    until("latest is in", &mut [&mut latest], Duration::from_secs(90), |m| m[0].count("assigned") > 0);
    // What `latest` is, is asked some time after the assignment; what comes before that is passed over.
    std::thread::sleep(Duration::from_secs(3));
    append(&broker, "reset", now(), 2);
    until_read(&mut latest, 7..9);
    until_read(&mut earliest, 0..9);
    for m in [&mut earliest, &mut latest, &mut hour] {
        m.leave();
    }
    // The group of the first stands at 9; put it at 1 and cut the log up to 5: 1 is out of range.
    let commit = json!({"partitionIndex": 0, "committedOffset": 1, "committedMetadata": ""});
    let body = json!({"groupId": "earliest-group", "generationIdOrMemberEpoch": -1, "memberId": "",
        "topics": [{"name": "reset", "partitions": [commit]}]});
    let answer = broker.wire().call("OffsetCommit", 8, body).expect("an answer");
    assert_eq!(answer["topics"][0]["partitions"][0]["errorCode"], 0, "{answer}");
    let cut =
        json!({"topics": [{"name": "reset", "partitions": [{"partitionIndex": 0, "offset": 5}]}], "timeoutMs": 5000});
    let answer = broker.wire().call("DeleteRecords", 2, cut).expect("an answer");
    assert_eq!(answer["topics"][0]["partitions"][0]["errorCode"], 0, "{answer}");
    let mut again = on(&setting, "reset", "again", json!({"group": "earliest-group"}));
    until_read(&mut again, 5..9);
    again.leave();
}

/// Subscription by pattern: topics that match, and one that is made later.
pub fn patterns(library: Library, protocol: Protocol) {
    let (broker, _scratch, setting) = stage(library, protocol, json!({}));
    for name in ["by-name-1", "by-name-2", "else"] {
        topic(&broker, name, 1);
        append(&broker, name, now(), 3);
    }
    let pattern = if library == Library::Confluent { "^by-name-.*" } else { "by-name-.*" };
    let mut member = Member::start_with(&setting, "member", json!({"pattern": pattern}));
    let mut goal: BTreeSet<String> = ["by-name-1-0", "by-name-2-0"].map(String::from).into();
    until("what matches", &mut [&mut member], Duration::from_secs(90), |m| *m[0].owned() == goal);
    topic(&broker, "by-name-3", 1);
    append(&broker, "by-name-3", now(), 3);
    goal.insert("by-name-3-0".to_string());
    // A server looks at expressions again ten seconds after it did so last, at the earliest.
    until("a topic made later", &mut [&mut member], Duration::from_secs(60), |m| *m[0].owned() == goal);
    until("all of it is read", &mut [&mut member], Duration::from_secs(90), |m| {
        m[0].consumed().into_iter().all(|(p, o)| goal.contains(&p) && o.len() == 3) && m[0].consumed().len() == 3
    });
    member.leave();
}

/// Committed offsets with metadata, positions, offsets by time, seeking: what a consumer can ask beside reading.
pub fn positions(protocol: Protocol) {
    let (broker, scratch, setting) = stage(Library::Java, protocol, json!({}));
    topic(&broker, "placed", 2);
    let start = now() - 100_000;
    for n in 0..5 {
        append(&broker, "placed", start + n * 1000, 2);
    }
    let mut client = Client::start(Library::Java, &broker.bootstrap(), scratch.path());
    let protocol = if setting.protocol == Protocol::Classic { "classic" } else { "consumer" };
    let command =
        json!({"op": "positions", "topic": "placed", "group": "asks", "protocol": protocol, "timestamp": start + 1500});
    client.send(command);
    let answer = client.answer().expect("the positions");
    let expected = json!({"ok": true, "committed before": null, "beginning": 0, "end": 10, "by time": 4, "by a time after the end": null,
        "position": 10, "committed": 7, "metadata": "seven", "position after seek": 3, "read after seek": 3,
        "read after seeking to the end": 0, "committed of the other": null, "lag": 7, "paused": 0, "resumed": 3});
    assert_eq!(answer, expected);
}

/// Offsets expire when their group has been empty for `offsets.retention.minutes`, and go with their topic at once.
pub fn expiry() {
    let properties = [("offsets.retention.minutes", "1"), ("offsets.retention.check.interval.ms", "1000")];
    let (broker, _scratch, setting) = stage_with(Library::Franz, Protocol::Classic, json!({}), &properties);
    for name in ["kept", "dropped"] {
        topic(&broker, name, 1);
        append(&broker, name, now(), 3);
    }
    let mut wire = broker.wire();
    let committed = |group: &str| load::committed(&mut broker.wire(), group);
    let new = Setting { protocol: Protocol::Consumer, ..setting.clone() };
    let mut living = on(&setting, "kept", "living", json!({}));
    let mut left = on(&setting, "kept", "left", json!({}));
    let mut left_new = on(&new, "kept", "left-new", json!({}));
    let mut dropped = on(&setting, "dropped", "dropped", json!({}));
    for m in [&mut living, &mut left, &mut left_new, &mut dropped] {
        until_read(m, 0..3);
    }
    let until_committed = |group: &str, there: bool, limit: u64| {
        let end = Instant::now() + Duration::from_secs(limit);
        while committed(group).is_empty() == there {
            assert!(Instant::now() < end, "{group}: committed {there} not after {limit} s: {:?}", committed(group));
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    let p = json!({"partitionIndex": 0, "committedOffset": 2, "committedMetadata": ""});
    let body = json!({"groupId": "alone-group", "generationIdOrMemberEpoch": -1, "memberId": "", "topics": [{"name": "kept", "partitions": [p]}]});
    wire.call("OffsetCommit", 8, body).expect("an answer");
    for name in ["living-group", "left-group", "left-new-group", "dropped-group", "alone-group"] {
        until_committed(name, true, 20);
    }
    let start = Instant::now();
    left.leave();
    left_new.leave();
    dropped.leave();
    wire.call("DeleteTopics", 5, json!({"topicNames": ["dropped"], "timeoutMs": 5000})).expect("an answer");
    until_committed("dropped-group", false, 20);
    for name in ["left-group", "left-new-group", "alone-group"] {
        until_committed(name, false, 100);
        let took = start.elapsed();
        assert!(took > Duration::from_secs(50), "{name} lost its offsets after {took:?}");
    }
    assert_eq!(committed("living-group").len(), 1, "a group that lives keeps its offsets");
    let end = Instant::now() + Duration::from_secs(20);
    while ["left-group", "left-new-group", "alone-group"].iter().any(|g| load::state(&broker, g).is_some()) {
        assert!(Instant::now() < end, "a group without members and offsets is gone");
        std::thread::sleep(Duration::from_millis(200));
    }
    living.leave();
}
