//! Offsets of groups: committed with and without members, fetched, deleted.

use serde_json::{Value, json};

use crate::driver::{Driver, NO_SUCH_ID};
use crate::groups::member_of;
use crate::support::wire::Batch;

/// Runs it.
pub fn script(d: &mut Driver) {
    commits(d);
    fetches(d);
    deletes(d);
    let records = Batch::of(crate::support::wire::now(), &[b"not a record of the coordinator"]).base64();
    let partition = json!({"index": 0, "records": records});
    let topic = json!({"name": "__consumer_offsets", "partitionData": [partition]});
    let body = json!({"transactionalId": null, "acks": -1, "timeoutMs": 1000, "topicData": [topic]});
    d.step("into the offsets topic", "Produce", 9, body);
}

/// A commit of one partition of topic `kept`.
pub fn commit(d: &Driver, version: i16, group: &str, member: &str, generation: i64, offset: i64) -> Value {
    let p = json!({"partitionIndex": 0, "committedOffset": offset, "committedLeaderEpoch": if version >= 6 { 0 } else { -1 }, "committedMetadata": "m"});
    body(d, version, group, member, generation, "kept", vec![p])
}

/// A commit of partitions of a topic.
pub fn body(
    d: &Driver,
    version: i16,
    group: &str,
    member: &str,
    generation: i64,
    topic: &str,
    partitions: Vec<Value>,
) -> Value {
    let mut t = json!({"name": topic, "partitions": partitions});
    if version >= 10 {
        t["topicId"] = json!(d.id(topic));
    }
    json!({"groupId": group, "generationIdOrMemberEpoch": generation, "memberId": member, "topics": [t]})
}

fn commits(d: &mut Driver) {
    d.topic("kept", 2, &[]);
    let (id, generation) = member_of(d, "commits", None);
    for (what, group, member, generation) in [
        ("by its member", "commits", id.as_str(), generation),
        ("unknown member", "commits", "nobody", generation),
        ("no member, no generation, in use", "commits", "", -1),
        ("generation before", "commits", id.as_str(), generation - 1),
        ("generation after", "commits", id.as_str(), generation + 1),
        ("member without a generation", "commits", id.as_str(), -1),
        ("empty group id", "", "", -1),
        ("no member", "alone", "", -1),
        ("a member of no group", "nowhere", "somebody", 3),
        ("a generation of no group", "nowhere", "", 3),
        ("generation -2", "alone", "", -2),
    ] {
        d.each(what, "OffsetCommit", |d, v| commit(d, v, group, member, generation, i64::from(v)));
    }
    let p = |index: i32, offset: i64, metadata: Value| json!({"partitionIndex": index, "committedOffset": offset, "committedMetadata": metadata});
    for (what, topic, list) in [
        ("unknown partition", "kept", vec![p(9, 1, json!(""))]),
        ("negative partition", "kept", vec![p(-1, 1, json!(""))]),
        ("unknown topic", "unknown-topic", vec![p(0, 1, json!(""))]),
        ("a good and a bad one", "kept", vec![p(0, 7, json!("")), p(9, 1, json!("")), p(1, 8, json!("x"))]),
        ("a partition twice", "kept", vec![p(0, 9, json!("")), p(0, 10, json!("second"))]),
        ("no partitions", "kept", vec![]),
        ("offset -1", "kept", vec![p(1, -1, json!(""))]),
        ("offset -2", "kept", vec![p(1, -2, json!(""))]),
        ("no metadata", "kept", vec![p(1, 3, Value::Null)]),
        ("metadata of 4096", "kept", vec![p(1, 4, json!("m".repeat(4096)))]),
        ("metadata of 4097", "kept", vec![p(1, 5, json!("m".repeat(4097))), p(0, 11, json!(""))]),
        ("metadata of many bytes a letter", "kept", vec![p(1, 6, json!("☃".repeat(2000)))]),
    ] {
        d.each(what, "OffsetCommit", |d, v| body(d, v, "alone", "", -1, topic, list.clone()));
        d.step(
            &format!("after {what}"),
            "OffsetFetch",
            7,
            json!({"groupId": "alone", "topics": null, "requireStable": false}),
        );
    }
    d.each(
        "no topics",
        "OffsetCommit",
        |_, _| json!({"groupId": "alone", "generationIdOrMemberEpoch": -1, "memberId": "", "topics": []}),
    );
    for v in 2..=4 {
        let mut asked = commit(d, v, "alone", "", -1, 1);
        asked["retentionTimeMs"] = json!(1);
        d.step("retention of a millisecond", "OffsetCommit", v, asked);
    }
    let twice = json!({"topicId": NO_SUCH_ID, "partitions": [p(0, 1, json!(""))]});
    let both = json!([twice, {"topicId": "AAAAAAAAAAAAAAAAAAAAAA", "partitions": [p(0, 1, json!(""))]}, {"topicId": d.id("kept"), "partitions": [p(0, 12, json!(""))]}]);
    d.step(
        "unknown ids",
        "OffsetCommit",
        10,
        json!({"groupId": "alone", "generationIdOrMemberEpoch": -1, "memberId": "", "topics": both}),
    );
}

/// An OffsetFetch in the form of its version.
pub fn fetch(d: &Driver, v: i16, group: &str, topics: &Value, member: Option<(&str, i64)>, stable: bool) -> Value {
    let name = |t: &Value| t["name"].as_str().unwrap_or_default().to_string();
    if v < 8 {
        return json!({"groupId": group, "topics": topics, "requireStable": stable && v >= 7});
    }
    let topics = match topics.as_array() {
        Some(list) if v >= 10 => {
            list.iter().map(|t| json!({"topicId": d.id(&name(t)), "partitionIndexes": t["partitionIndexes"]})).collect()
        }
        _ => topics.clone(),
    };
    let mut g = json!({"groupId": group, "topics": topics});
    if let Some((id, epoch)) = member
        && v >= 9
    {
        g["memberId"] = json!(id);
        g["memberEpoch"] = json!(epoch);
    }
    json!({"groups": [g], "requireStable": stable})
}

fn fetches(d: &mut Driver) {
    let (id, generation) = member_of(d, "fetches", None);
    d.step("to be fetched", "OffsetCommit", 8, commit(d, 8, "fetches", &id, generation, 42));
    let of = |topic: &str, partitions: &[i32]| json!([{"name": topic, "partitionIndexes": partitions}]);
    for (what, group, topics) in [
        ("one", "fetches", of("kept", &[0])),
        ("one not committed", "fetches", of("kept", &[1])),
        ("unknown partition", "fetches", of("kept", &[0, 9, -1])),
        ("unknown topic", "fetches", of("unknown-topic", &[0])),
        ("no partitions", "fetches", of("kept", &[])),
        ("no topics", "fetches", json!([])),
        ("all", "fetches", Value::Null),
        ("a partition twice", "fetches", of("kept", &[0, 0])),
        ("unknown group", "nowhere", of("kept", &[0])),
        ("all of an unknown group", "nowhere", Value::Null),
        ("empty group id", "", of("kept", &[0])),
        ("without members", "alone", of("kept", &[0, 1])),
    ] {
        for stable in [false, true] {
            d.each(&format!("{what}, stable {stable}"), "OffsetFetch", |d, v| {
                // Version 1 has no way to ask for all.
                let topics = if v == 1 && topics.is_null() { &json!([]) } else { &topics };
                fetch(d, v, group, topics, None, stable)
            });
        }
    }
    for v in 9..=Driver::last("OffsetFetch") {
        for (what, member) in [
            ("by its member", (id.as_str(), generation)),
            ("unknown member", ("nobody", generation)),
            ("epoch before", (id.as_str(), generation - 1)),
            ("epoch after", (id.as_str(), generation + 1)),
            ("member without an epoch", (id.as_str(), -1)),
        ] {
            let asked = fetch(d, v, "fetches", &of("kept", &[0]), Some(member), false);
            d.step(what, "OffsetFetch", v, asked);
        }
    }
    for v in 8..=9 {
        let group = |id: &str| json!({"groupId": id, "topics": of("kept", &[0])});
        for (what, list) in [
            ("several groups", json!([group("fetches"), group("alone"), group("nowhere")])),
            ("a group twice", json!([group("fetches"), group("fetches")])),
            ("no groups", json!([])),
        ] {
            d.step(what, "OffsetFetch", v, json!({"groups": list, "requireStable": false}));
        }
    }
    let unknown = json!([{"topicId": NO_SUCH_ID, "partitionIndexes": [0]}, {"topicId": "AAAAAAAAAAAAAAAAAAAAAA", "partitionIndexes": [0]}]);
    d.step(
        "unknown ids",
        "OffsetFetch",
        10,
        json!({"groups": [{"groupId": "fetches", "topics": unknown}], "requireStable": false}),
    );
}

fn deletes(d: &mut Driver) {
    let (id, generation) = member_of(d, "deletes", None);
    d.step("to be deleted", "OffsetCommit", 8, commit(d, 8, "deletes", &id, generation, 42));
    d.step("to be deleted", "OffsetCommit", 8, commit(d, 8, "unused", "", -1, 42));
    let ask = |group: &str, topic: &str, partitions: &[i32]| {
        let list: Vec<Value> = partitions.iter().map(|p| json!({"partitionIndex": p})).collect();
        json!({"groupId": group, "topics": [{"name": topic, "partitions": list}]})
    };
    for (what, body) in [
        ("not subscribed", ask("deletes", "kept", &[0])),
        ("unknown topic", ask("unused", "unknown-topic", &[0])),
        ("unknown partition", ask("unused", "kept", &[9])),
        ("never committed", ask("unused", "kept", &[1])),
        ("no partitions", ask("unused", "kept", &[])),
        ("unknown group", ask("nowhere", "kept", &[0])),
        ("empty group id", ask("", "kept", &[0])),
        ("right", ask("unused", "kept", &[0, 1])),
        ("again", ask("unused", "kept", &[0])),
        ("no topics", json!({"groupId": "alone", "topics": []})),
    ] {
        d.each(what, "OffsetDelete", |_, _| body.clone());
        d.step(
            &format!("after deleting {what}"),
            "OffsetFetch",
            7,
            json!({"groupId": "unused", "topics": null, "requireStable": false}),
        );
    }
    // The member's metadata says that it subscribes to topic t.
    d.topic("t", 1, &[]);
    let p = json!({"partitionIndex": 0, "committedOffset": 1, "committedMetadata": ""});
    d.step("of a subscribed topic", "OffsetCommit", 8, body(d, 8, "deletes", &id, generation, "t", vec![p]));
    d.step("subscribed", "OffsetDelete", 0, ask("deletes", "t", &[0]));
}
