//! Writing: Produce with every right and wrong batch, producer ids, deleting records.

use serde_json::{Value, json};

use crate::driver::{Driver, NO_SUCH_ID};
use crate::support::wire::Batch;

/// Runs it.
pub fn script(d: &mut Driver) {
    produce(d);
    idempotent(d);
    producer_ids(d);
    delete_records(d);
}

/// A Produce request for one partition; a topic is given by name up to version 12 and by id after.
pub fn produce_body(d: &Driver, topic: &str, partition: i32, acks: i16, records: Value) -> Value {
    json!({"transactionalId": null, "acks": acks, "timeoutMs": 5000,
        "topicData": [{"name": topic, "topicId": d.id(topic), "partitionData": [{"index": partition, "records": records}]}]})
}

fn produce(d: &mut Driver) {
    let t = d.start - 10_000_000;
    let good = Batch::of(t, &[b"one", b"two", b"three"]);
    let batch = |change: &dyn Fn(&mut Batch)| {
        let mut b = good.clone();
        change(&mut b);
        b.base64()
    };
    let two = {
        use base64::Engine;
        let bytes = [Batch::of(t, &[b"a"]).bytes(), Batch::of(t, &[b"b"]).bytes()].concat();
        json!(base64::engine::general_purpose::STANDARD.encode(bytes))
    };
    let half = {
        use base64::Engine;
        let bytes = good.bytes();
        json!(base64::engine::general_purpose::STANDARD.encode(&bytes[..bytes.len() - 5]))
    };
    let noise = |n: usize| Batch::of(t, &[&crate::support::record::noise(1, n)]).base64();
    let cases: Vec<(&str, Value)> = vec![
        ("three records", good.base64()),
        ("base offset 5", batch(&|b| b.base_offset = 5)),
        ("two batches", two),
        ("no bytes", json!("")),
        ("half a batch", half),
        ("bad checksum", batch(&|b| b.crc_error = 1)),
        ("magic 1", batch(&|b| b.magic = 1)),
        ("magic 0", batch(&|b| b.magic = 0)),
        ("magic 3", batch(&|b| b.magic = 3)),
        ("count too high", batch(&|b| b.count = Some(4))),
        ("count too low", batch(&|b| b.count = Some(2))),
        ("count 0", batch(&|b| b.count = Some(0))),
        ("negative count", batch(&|b| b.count = Some(-1))),
        ("last offset delta too high", batch(&|b| b.last_offset_delta = Some(9))),
        ("last offset delta too low", batch(&|b| b.last_offset_delta = Some(0))),
        ("negative last offset delta", batch(&|b| b.last_offset_delta = Some(-1))),
        ("length too small", batch(&|b| b.length = Some(10))),
        ("length too big", batch(&|b| b.length = Some(5000))),
        ("negative length", batch(&|b| b.length = Some(-1))),
        ("control batch", batch(&|b| b.attributes = 0x20)),
        ("transactional without a transaction", batch(&|b| b.attributes = 0x10)),
        ("log append time flag", batch(&|b| b.attributes = 0x08)),
        ("unknown codec", batch(&|b| b.attributes = 7)),
        ("gzip that is not gzip", batch(&|b| b.attributes = 1)),
        ("delete horizon flag", batch(&|b| b.attributes = 0x40)),
        ("no timestamp", batch(&|b| b.base_timestamp = -1)),
        ("far future", batch(&|b| b.base_timestamp = t + 100_000_000_000)),
        ("records that are noise", batch(&|b| b.payload = Some(vec![0xff; 40]))),
        ("too large", noise(1_100_000)),
        (
            "headers",
            batch(&|b| {
                b.records = vec![(
                    0,
                    Some(b"k".to_vec()),
                    None,
                    vec![("h".to_string(), Some(b"v".to_vec())), ("n".to_string(), None)],
                )]
            }),
        ),
    ];
    d.topic("produced", 2, &[]);
    for (what, records) in &cases {
        // What is taken by one server and refused by the other does not move the offsets of the rest.
        let odd = matches!(*what, "base offset 5" | "gzip that is not gzip");
        let topic = if odd { what.replace(' ', "-") } else { "produced".to_string() };
        if odd {
            d.topic(&topic, 1, &[]);
        }
        d.each(what, "Produce", |d, _| produce_body(d, &topic, 0, -1, records.clone()));
    }
    // Apache Kafka never answers this one, so once is enough.
    let body = produce_body(d, "produced", 0, -1, Value::Null);
    d.step("null records", "Produce", 9, body);
    d.each("acks 1", "Produce", |d, _| produce_body(d, "produced", 1, 1, good.base64()));
    d.each("acks 2", "Produce", |d, _| produce_body(d, "produced", 1, 2, good.base64()));
    for version in Driver::versions("Produce") {
        let body = produce_body(d, "produced", 1, 0, good.base64());
        d.silent("acks 0", "Produce", version, body);
    }
    d.each("unknown partition", "Produce", |d, _| produce_body(d, "produced", 7, -1, good.base64()));
    d.each("negative partition", "Produce", |d, _| produce_body(d, "produced", -1, -1, good.base64()));
    d.each("unknown topic", "Produce", |d, _| produce_body(d, "unknown-topic", 0, -1, good.base64()));
    d.each("bad name", "Produce", |d, _| produce_body(d, "a b", 0, -1, good.base64()));
    d.each(
        "no topics",
        "Produce",
        |_, _| json!({"transactionalId": null, "acks": -1, "timeoutMs": 5000, "topicData": []}),
    );
    d.each("one good, one unknown", "Produce", |d, _| {
        let mut body = produce_body(d, "produced", 1, -1, good.base64());
        body["topicData"][0]["partitionData"]
            .as_array_mut()
            .expect("a list")
            .push(json!({"index": 9, "records": good.base64()}));
        body
    });
    d.topic("twice-in-a-request", 2, &[]);
    d.each("a partition twice", "Produce", |d, _| {
        let mut body = produce_body(d, "twice-in-a-request", 1, -1, good.base64());
        body["topicData"][0]["partitionData"]
            .as_array_mut()
            .expect("a list")
            .push(json!({"index": 1, "records": good.base64()}));
        body
    });
    d.step("unknown id", "Produce", 13, json!({"acks": -1, "timeoutMs": 5000, "topicData": [{"topicId": NO_SUCH_ID, "partitionData": [{"index": 0, "records": good.base64()}]}]}));
    d.step(
        "zero id",
        "Produce",
        13,
        json!({"acks": -1, "timeoutMs": 5000, "topicData": [{"partitionData": [{"index": 0, "records": good.base64()}]}]}),
    );

    let configured: [(&str, &[(&str, &str)]); 6] = [
        ("append-time", &[("message.timestamp.type", "LogAppendTime")]),
        ("compacted", &[("cleanup.policy", "compact")]),
        ("tiny", &[("max.message.bytes", "80")]),
        ("no-past", &[("message.timestamp.before.max.ms", "1000")]),
        ("no-future", &[("message.timestamp.after.max.ms", "1000")]),
        ("two-replicas", &[("min.insync.replicas", "2")]),
    ];
    for (name, configs) in configured {
        d.topic(name, 1, configs);
        d.each(&format!("to {name}"), "Produce", |d, _| produce_body(d, name, 0, -1, good.base64()));
    }
    d.each("no key to compacted", "Produce", |d, _| {
        produce_body(d, "compacted", 0, -1, Batch::of(t, &[b"x"]).base64())
    });
    let mut keyed = good.clone();
    keyed.records.iter_mut().for_each(|r| r.1 = Some(b"key".to_vec()));
    d.each("keys to compacted", "Produce", |d, _| produce_body(d, "compacted", 0, -1, keyed.base64()));
    let mut future = good.clone();
    future.base_timestamp = d.start + 50_000_000;
    d.each("the future to no-future", "Produce", |d, _| produce_body(d, "no-future", 0, -1, future.base64()));
    d.step("acks 1 to two-replicas", "Produce", 11, produce_body(d, "two-replicas", 0, 1, good.base64()));
}

fn idempotent(d: &mut Driver) {
    let t = d.start - 9_000_000;
    for version in Driver::versions("Produce") {
        let topic = format!("idempotent-{version}");
        d.topic(&topic, 1, &[]);
        let id = d.producer_id();
        let batch = |epoch: i16, sequence: i32, n: usize| {
            let values: Vec<&[u8]> = vec![b"v"; n];
            let mut b = Batch::of(t, &values);
            (b.producer_id, b.producer_epoch, b.sequence) = (id, epoch, sequence);
            b.base64()
        };
        let cases = [
            ("sequence 0", batch(0, 0, 3)),
            ("sequence 0 again", batch(0, 0, 3)),
            ("sequence 0 again, other length", batch(0, 0, 2)),
            ("sequence 3", batch(0, 3, 1)),
            ("a gap", batch(0, 9, 1)),
            ("sequence 4", batch(0, 4, 1)),
            ("sequence 5", batch(0, 5, 1)),
            ("sequence 6", batch(0, 6, 1)),
            ("sequence 7", batch(0, 7, 1)),
            ("sequence 3 again, five back", batch(0, 3, 1)),
            ("sequence 0 again, six back", batch(0, 0, 3)),
            ("negative sequence", batch(0, -1, 1)),
            ("epoch 1 with a gap", batch(1, 3, 1)),
            ("epoch 1", batch(1, 0, 1)),
            ("epoch 0 again", batch(0, 8, 1)),
            ("negative epoch", batch(-1, 0, 1)),
        ];
        for (what, records) in cases {
            let body = produce_body(d, &topic, 0, -1, records);
            d.step(&format!("idempotent, {what}"), "Produce", version, body);
        }
        let mut unknown = Batch::of(t, &[b"v"]);
        (unknown.producer_id, unknown.producer_epoch, unknown.sequence) = (id + 1_000_000, 3, 12);
        let body = produce_body(d, &topic, 0, -1, unknown.base64());
        d.step("unknown producer in the middle", "Produce", version, body);
        let mut wraps = Batch::of(t, &[b"v", b"w"]);
        (wraps.producer_id, wraps.producer_epoch, wraps.sequence) = (id + 2_000_000, 0, i32::MAX);
        let body = produce_body(d, &topic, 0, -1, wraps.base64());
        d.step("sequence that wraps", "Produce", version, body);
        d.step(
            &format!("after {topic}"),
            "DescribeProducers",
            0,
            json!({"topics": [{"name": topic, "partitionIndexes": [0, 4]}]}),
        );
    }
    d.step(
        "unknown",
        "DescribeProducers",
        0,
        json!({"topics": [{"name": "unknown", "partitionIndexes": [0]}, {"name": "a b", "partitionIndexes": [0]}]}),
    );
    d.step("none", "DescribeProducers", 0, json!({"topics": []}));
}

fn producer_ids(d: &mut Driver) {
    d.each("no transaction", "InitProducerId", |_, _| json!({"transactionalId": null, "transactionTimeoutMs": 60000}));
    d.each(
        "no transaction, timeout 0",
        "InitProducerId",
        |_, _| json!({"transactionalId": null, "transactionTimeoutMs": 0}),
    );
    d.each(
        "empty transactional id",
        "InitProducerId",
        |_, _| json!({"transactionalId": "", "transactionTimeoutMs": 60000}),
    );
    for version in 3..=Driver::last("InitProducerId") {
        d.step(
            "an id without an epoch",
            "InitProducerId",
            version,
            json!({"transactionalId": null, "transactionTimeoutMs": 60000, "producerId": 5}),
        );
        d.step(
            "an epoch without an id",
            "InitProducerId",
            version,
            json!({"transactionalId": null, "transactionTimeoutMs": 60000, "producerEpoch": 5}),
        );
        d.step(
            "an id and an epoch",
            "InitProducerId",
            version,
            json!({"transactionalId": null, "transactionTimeoutMs": 60000, "producerId": 7_000_000, "producerEpoch": 5}),
        );
    }
}

fn delete_records(d: &mut Driver) {
    let t = d.start - 8_000_000;
    for version in Driver::versions("DeleteRecords") {
        let topic = format!("shortened-{version}");
        d.topic(&topic, 1, &[]);
        for _ in 0..3 {
            let body = produce_body(d, &topic, 0, -1, Batch::of(t, &[b"a", b"b", b"c", b"d"]).base64());
            d.step("to be deleted", "Produce", 12, body);
        }
        let mut ask = |what: &str, name: &str, partition: i32, offset: i64| {
            let t = json!({"name": name, "partitions": [{"partitionIndex": partition, "offset": offset}]});
            d.step(what, "DeleteRecords", version, json!({"topics": [t], "timeoutMs": 5000}));
        };
        ask("to 5", &topic, 0, 5);
        ask("to 3, before the start", &topic, 0, 3);
        ask("past the end", &topic, 0, 100);
        ask("negative", &topic, 0, -2);
        ask("unknown partition", &topic, 3, 1);
        ask("unknown topic", "unknown-topic", 0, 1);
        ask("bad name", "a b", 0, 1);
        ask("to the high watermark", &topic, 0, -1);
        ask("of a compacted topic", "compacted", 0, 1);
        d.step("none", "DeleteRecords", version, json!({"topics": [], "timeoutMs": 5000}));
        let body = produce_body(d, &topic, 0, -1, Batch::of(t, &[b"e"]).base64());
        d.step("after deleting", "Produce", 12, body);
    }
}
