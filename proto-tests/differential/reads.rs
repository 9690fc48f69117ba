//! Reading: Fetch with its sessions, ListOffsets, OffsetForLeaderEpoch.

use serde_json::{Value, json};

use crate::data::produce_body;
use crate::driver::{Driver, NO_SUCH_ID};
use crate::support::wire::Batch;

/// Runs it.
pub fn script(d: &mut Driver) {
    fill(d);
    fetch(d);
    sessions(d);
    offsets(d);
    epochs(d);
}

/// `read`-0: ten batches of four records a second apart, one time going back; `read`-1 has three records, `read`-2 none.
fn fill(d: &mut Driver) {
    d.topic("read", 3, &[]);
    d.topic("other", 1, &[]);
    for i in 0..10i64 {
        let t = d.start - 7_000_000 + if i == 6 { -500_000 } else { i * 10_000 };
        let mut b = Batch::of(t, &[b"first", b"second", b"third", &vec![b'z'; 300]]);
        b.records.iter_mut().enumerate().for_each(|(n, r)| r.0 = n as i64 * 1000);
        let body = produce_body(d, "read", 0, -1, b.base64());
        d.step("to read", "Produce", 12, body);
    }
    let body = produce_body(d, "read", 1, -1, Batch::of(d.start - 7_000_000, &[b"x", b"y", b"z"]).base64());
    d.step("to read", "Produce", 12, body);
    let body = produce_body(d, "other", 0, -1, Batch::of(d.start - 7_000_000, &[b"x"]).base64());
    d.step("to read", "Produce", 12, body);
}

fn one(d: &Driver, topic: &str, partition: i32, offset: i64, more: Value) -> Value {
    let mut p = json!({"partition": partition, "fetchOffset": offset, "partitionMaxBytes": 1_000_000, "currentLeaderEpoch": -1, "lastFetchedEpoch": -1, "logStartOffset": -1});
    for (k, v) in more.as_object().into_iter().flatten() {
        p[k] = v.clone();
    }
    json!({"topic": topic, "topicId": d.id(topic), "partitions": [p]})
}

fn body(topics: Vec<Value>, more: Value) -> Value {
    let mut b = json!({"replicaId": -1, "maxWaitMs": 0, "minBytes": 1, "maxBytes": 10_000_000, "isolationLevel": 0, "sessionId": 0, "sessionEpoch": -1, "topics": topics});
    for (k, v) in more.as_object().into_iter().flatten() {
        b[k] = v.clone();
    }
    b
}

fn fetch(d: &mut Driver) {
    let mut at = |what: &str, topic: &str, partition: i32, offset: i64, p: Value, r: Value| {
        d.each(what, "Fetch", |d, _| body(vec![one(d, topic, partition, offset, p.clone())], r.clone()));
    };
    at("from the start", "read", 0, 0, json!({}), json!({}));
    at("from inside a batch", "read", 0, 6, json!({}), json!({}));
    at("from the last record", "read", 0, 39, json!({}), json!({}));
    at("at the end", "read", 0, 40, json!({}), json!({}));
    at("past the end", "read", 0, 41, json!({}), json!({}));
    at("negative offset", "read", 0, -1, json!({}), json!({}));
    at("empty partition", "read", 2, 0, json!({}), json!({}));
    at("unknown partition", "read", 9, 0, json!({}), json!({}));
    at("unknown topic", "unknown-topic", 0, 0, json!({}), json!({}));
    at("committed only", "read", 0, 0, json!({}), json!({"isolationLevel": 1}));
    at("isolation level 7", "read", 0, 0, json!({}), json!({"isolationLevel": 7}));
    at("partition limit 1", "read", 0, 0, json!({"partitionMaxBytes": 1}), json!({}));
    at("partition limit 0", "read", 0, 0, json!({"partitionMaxBytes": 0}), json!({}));
    at("partition limit of a batch and a half", "read", 0, 0, json!({"partitionMaxBytes": 600}), json!({}));
    at("limit 1", "read", 0, 0, json!({}), json!({"maxBytes": 1}));
    at("limit 0", "read", 0, 0, json!({}), json!({"maxBytes": 0}));
    at("waits for more", "read", 1, 3, json!({}), json!({"maxWaitMs": 50, "minBytes": 100_000}));
    at("after the log start", "shortened-1", 0, 3, json!({}), json!({}));
    at("right leader epoch", "read", 0, 0, json!({"currentLeaderEpoch": 0}), json!({}));
    at("leader epoch of the future", "read", 0, 0, json!({"currentLeaderEpoch": 9}), json!({}));
    at("last fetched epoch", "read", 0, 4, json!({"lastFetchedEpoch": 0}), json!({}));
    at("last fetched epoch of the future", "read", 0, 4, json!({"lastFetchedEpoch": 5}), json!({}));
    at("a rack", "read", 1, 0, json!({}), json!({"rackId": "somewhere"}));
    d.each("three partitions and a limit", "Fetch", |d, _| {
        let mut t = one(d, "read", 0, 0, json!({"partitionMaxBytes": 500}));
        let more = [one(d, "read", 1, 0, json!({})), one(d, "read", 2, 0, json!({}))];
        let list = t["partitions"].as_array_mut().expect("a list");
        list.extend(more.into_iter().map(|m| m["partitions"][0].clone()));
        body(vec![t], json!({"maxBytes": 900}))
    });
    d.each("two topics, one unknown", "Fetch", |d, _| {
        body(vec![one(d, "read", 1, 0, json!({})), one(d, "unknown-topic", 0, 0, json!({}))], json!({}))
    });
    d.each("no topics", "Fetch", |_, _| body(vec![], json!({})));
    d.each("as a replica that is none", "Fetch", |d, _| {
        body(
            vec![one(d, "read", 1, 0, json!({}))],
            json!({"replicaId": 5, "replicaState": {"replicaId": 5, "replicaEpoch": 1}}),
        )
    });
    for version in 13..=Driver::last("Fetch") {
        let unknown = json!({"topicId": NO_SUCH_ID, "partitions": [{"partition": 0, "fetchOffset": 0, "partitionMaxBytes": 1000}]});
        d.step("unknown id", "Fetch", version, body(vec![unknown], json!({})));
        d.step(
            "zero id",
            "Fetch",
            version,
            body(
                vec![json!({"partitions": [{"partition": 0, "fetchOffset": 0, "partitionMaxBytes": 1000}]})],
                json!({}),
            ),
        );
    }
    d.step("a cluster id that is another's", "Fetch", 15, {
        let t = one(d, "read", 1, 0, json!({}));
        body(vec![t], json!({"clusterId": "other"}))
    });
}

fn sessions(d: &mut Driver) {
    for version in 7..=Driver::last("Fetch") {
        let both = vec![one(d, "read", 1, 0, json!({})), one(d, "other", 0, 0, json!({}))];
        let answer = d.step("session: made", "Fetch", version, body(both, json!({"sessionEpoch": 0})));
        let id = answer["sessionId"].as_i64().unwrap_or(0);
        let with = |epoch: i32| json!({"sessionId": id, "sessionEpoch": epoch});
        d.step("session: nothing asked, both again", "Fetch", version, body(vec![], with(1)));
        let moved = vec![one(d, "read", 1, 3, json!({})), one(d, "other", 0, 1, json!({}))];
        d.step("session: moved to the ends", "Fetch", version, body(moved, with(2)));
        d.step("session: nothing new", "Fetch", version, body(vec![], with(3)));
        let produced = produce_body(d, "other", 0, -1, Batch::of(d.start - 7_000_000, &[b"x"]).base64());
        d.step("during a session", "Produce", 12, produced);
        let delta = d.step("session: one new record", "Fetch", version, body(vec![], with(4)));
        let _ = delta;
        d.step("session: wrong epoch", "Fetch", version, body(vec![], with(9)));
        d.step("session: right epoch after the wrong one", "Fetch", version, body(vec![], with(5)));
        let (read, other) = (d.id("read"), d.id("other"));
        let forget = json!([{"topic": "read", "topicId": read, "partitions": [1]}]);
        let mut b = body(vec![one(d, "other", 0, 0, json!({}))], with(6));
        b["forgottenTopicsData"] = forget;
        d.step("session: one forgotten, one from the start", "Fetch", version, b);
        let mut b = body(vec![], with(7));
        b["forgottenTopicsData"] = json!([{"topic": "other", "topicId": other, "partitions": [0]}]);
        d.step("session: empty now", "Fetch", version, b);
        d.step("session: closed", "Fetch", version, body(vec![], with(-1)));
        d.step("session: after the close", "Fetch", version, body(vec![], with(8)));
        d.step(
            "session: unknown id",
            "Fetch",
            version,
            body(vec![], json!({"sessionId": 12_345_678, "sessionEpoch": 1})),
        );
        let t = one(d, "unknown-topic", 0, 0, json!({}));
        d.step("session: with an unknown topic", "Fetch", version, body(vec![t], json!({"sessionEpoch": 0})));
        d.step("session: id 0 and epoch 1", "Fetch", version, body(vec![], json!({"sessionId": 0, "sessionEpoch": 1})));
    }
}

fn offsets(d: &mut Driver) {
    let start = d.start - 7_000_000;
    let cases: Vec<(&str, i64, i16)> = vec![
        ("latest", -1, 1),
        ("earliest", -2, 1),
        ("greatest timestamp", -3, 1),
        ("earliest local", -4, 1),
        ("latest tiered", -5, 1),
        ("earliest pending upload", -6, 1),
        ("unknown kind", -7, 1),
        ("time 0", 0, 1),
        ("time of the first record", start, 1),
        ("time between records of a batch", start + 500, 1),
        ("time of a record inside a batch", start + 22_000, 1),
        ("time between batches", start + 25_000, 1),
        ("time of the last record", start + 93_000, 1),
        ("time after the last record", start + 93_001, 1),
        ("the far future", i64::MAX, 1),
    ];
    let ask = |topic: &str, partition: i32, time: i64, more: Value| {
        let mut p = json!({"partitionIndex": partition, "timestamp": time, "currentLeaderEpoch": -1});
        for (k, v) in more.as_object().into_iter().flatten() {
            p[k] = v.clone();
        }
        json!({"replicaId": -1, "isolationLevel": 0, "topics": [{"name": topic, "partitions": [p]}], "timeoutMs": 5000})
    };
    for (what, time, _) in cases {
        d.each(what, "ListOffsets", |_, _| ask("read", 0, time, json!({})));
        d.each(&format!("{what}, empty partition"), "ListOffsets", |_, _| ask("read", 2, time, json!({})));
    }
    d.each("unknown partition", "ListOffsets", |_, _| ask("read", 9, -1, json!({})));
    d.each("unknown topic", "ListOffsets", |_, _| ask("unknown-topic", 0, -1, json!({})));
    d.each("bad name", "ListOffsets", |_, _| ask("a b", 0, -1, json!({})));
    d.each("right leader epoch", "ListOffsets", |_, _| ask("read", 0, -1, json!({"currentLeaderEpoch": 0})));
    d.each("leader epoch of the future", "ListOffsets", |_, _| ask("read", 0, -1, json!({"currentLeaderEpoch": 3})));
    d.each("earliest after deleting", "ListOffsets", |_, _| ask("shortened-1", 0, -2, json!({})));
    d.each("time before deleted records", "ListOffsets", |_, _| ask("shortened-1", 0, 1, json!({})));
    d.each("append time", "ListOffsets", |_, _| ask("append-time", 0, 1, json!({})));
    for version in 2..=Driver::last("ListOffsets") {
        let mut b = ask("read", 0, -1, json!({}));
        b["isolationLevel"] = json!(1);
        d.step("committed only", "ListOffsets", version, b);
        let mut b = ask("read", 0, -1, json!({}));
        b["topics"][0]["partitions"] = json!([{"partitionIndex": 0, "timestamp": -1}, {"partitionIndex": 0, "timestamp": -2}, {"partitionIndex": 1, "timestamp": -1}]);
        d.step("a partition twice", "ListOffsets", version, b);
    }
    d.step("as a replica that is none", "ListOffsets", 9, {
        let mut b = ask("read", 0, -1, json!({}));
        b["replicaId"] = json!(7);
        b
    });
}

fn epochs(d: &mut Driver) {
    let ask = |topic: &str, partition: i32, current: i32, epoch: i32| json!({"replicaId": -1, "topics": [{"topic": topic, "partitions": [{"partition": partition, "currentLeaderEpoch": current, "leaderEpoch": epoch}]}]});
    d.each("epoch 0", "OffsetForLeaderEpoch", |_, _| ask("read", 0, -1, 0));
    d.each("epoch 0, right leader epoch", "OffsetForLeaderEpoch", |_, _| ask("read", 0, 0, 0));
    d.each("epoch 5", "OffsetForLeaderEpoch", |_, _| ask("read", 0, -1, 5));
    d.each("epoch -1", "OffsetForLeaderEpoch", |_, _| ask("read", 0, -1, -1));
    d.each("leader epoch of the future", "OffsetForLeaderEpoch", |_, _| ask("read", 0, 4, 0));
    d.each("empty partition", "OffsetForLeaderEpoch", |_, _| ask("read", 2, -1, 0));
    d.each("unknown partition", "OffsetForLeaderEpoch", |_, _| ask("read", 9, -1, 0));
    d.each("unknown topic", "OffsetForLeaderEpoch", |_, _| ask("unknown-topic", 0, -1, 0));
    d.each("none", "OffsetForLeaderEpoch", |_, _| json!({"replicaId": -1, "topics": []}));
}
