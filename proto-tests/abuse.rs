//! A hostile client: every abuse of the wire ends in an error or a closed connection, the server stays up with bounded
//! memory, and a well-behaved client on another connection notices nothing.

mod support;

#[path = "abuse/cold.rs"]
mod cold;
#[path = "abuse/connections.rs"]
mod connections;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use support::broker::{Broker, under_test};
use support::reader;
use support::record::noise;
use support::schema;
use support::wire::{Batch, Wire, WireError, now, put_zigzag, request_frame};

/// What memory may grow by above what the server took before, while hostile frames come: far below what they claim to need.
/// The most that one batch may inflate to is 64 times `max.message.bytes`, 64 MiB here, and a buffer doubles as it grows.
const GROWTH_KIB: u64 = 256 << 10;

/// Calls `each` with a fresh connection per abuse; afterwards the server must still answer.
struct Attack<'a> {
    broker: &'a Broker,
    /// The listener that is meant.
    port: u16,
    failures: Vec<String>,
    count: u32,
}

impl Attack<'_> {
    /// The bytes go out on a connection of their own; what comes is an answer, a close, or silence where `silence` is right.
    fn send(&mut self, what: &str, bytes: &[u8], silence: bool) {
        self.count += 1;
        let mut wire = match Wire::connect(self.port) {
            Ok(wire) => wire,
            Err(e) => return self.failures.push(format!("{what}: no connection any more: {e}")),
        };
        wire.set_timeout(Duration::from_millis(if silence { 200 } else { 5000 }));
        let sent = wire.send_bytes(bytes);
        let got = sent.and_then(|()| wire.receive_frame());
        match got {
            Ok(_) | Err(WireError::Closed) => {}
            Err(WireError::Timeout) if silence => {}
            Err(e) => self.failures.push(format!("{what}: {e}")),
        }
        self.still_there(what);
    }

    fn body(&mut self, what: &str, api: &str, version: i16, body: &[u8]) {
        let m = schema::request(api);
        let frame = request_frame(m.key, version, m.is_flexible(version), 1, "abuse", body);
        self.send(&format!("{api} v{version} {what}"), &frame, false);
    }

    fn still_there(&mut self, what: &str) {
        let answer = Wire::connect(self.broker.port)
            .map_err(|e| e.to_string())
            .and_then(|mut w| w.call("ApiVersions", 0, json!({})).map_err(|e| e.to_string()));
        if let Err(e) = answer {
            self.failures.push(format!("{what}: afterwards the server says {e}"));
        }
    }
}

fn topic(broker: &Broker, name: &str) {
    reader::create(&mut broker.wire(), name, 1, &[]);
}

fn produce(topic: &str, records: Value) -> Value {
    json!({"transactionalId": null, "acks": -1, "timeoutMs": 5000, "topicData": [{"name": topic, "partitionData": [{"index": 0, "records": records}]}]})
}

/// Runs `attack` while a good client produces and reads; then looks at what the server is left with.
fn under_load(attack: impl FnOnce(&mut Attack<'_>)) {
    let mut broker = Broker::start(under_test(), &[("connections.max.idle.ms", "4000")]);
    topic(&broker, "good");
    let (before, _) = broker.process().memory_kib();
    let stop = AtomicBool::new(false);
    let (round_trips, slowest) = (AtomicU64::new(0), AtomicU64::new(0));
    let (failures, count) = std::thread::scope(|s| {
        let good = s.spawn(|| {
            let mut wire = broker.wire();
            let mut next = 0i64;
            while !stop.load(Ordering::Relaxed) {
                let start = Instant::now();
                let answer = wire
                    .call("Produce", 9, produce("good", Batch::of(now(), &[b"good"]).base64()))
                    .expect("the good client's answer");
                let partition = &answer["responses"][0]["partitionResponses"][0];
                assert_eq!(
                    (partition["errorCode"].as_i64(), partition["baseOffset"].as_i64()),
                    (Some(0), Some(next)),
                    "{answer}"
                );
                next += 1;
                round_trips.fetch_add(1, Ordering::Relaxed);
                slowest.fetch_max(start.elapsed().as_millis() as u64, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        let mut a = Attack { broker: &broker, port: broker.port, failures: Vec::new(), count: 0 };
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| attack(&mut a)));
        stop.store(true, Ordering::Relaxed);
        good.join().expect("the good client noticed nothing");
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
        (a.failures, a.count)
    });
    let (after, highest) = broker.process().memory_kib();
    println!(
        "{count} abuses; {} good round trips, slowest {} ms; memory {before} -> {after} KiB, highest {highest}",
        round_trips.load(Ordering::Relaxed),
        slowest.load(Ordering::Relaxed)
    );
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    assert!(broker.process().alive());
    assert!(highest < before + GROWTH_KIB, "memory rose from {before} to {highest} KiB");
    assert!(slowest.load(Ordering::Relaxed) < 5000, "the good client waited {slowest:?} ms");
    broker.stop();
}

/// What a listener advertises: each API and its versions.
fn advertised(port: u16) -> Vec<(String, i16, i16)> {
    let names = schema::apis();
    let answer = Wire::connect(port)
        .expect("a connection")
        .call("ApiVersions", 3, json!({"clientSoftwareName": "abuse", "clientSoftwareVersion": "1"}))
        .expect("an answer");
    let list = answer["apiKeys"].as_array().expect("a list").clone();
    list.iter()
        .filter_map(|k| {
            Some((
                names.get(&(k["apiKey"].as_i64()? as i16))?.clone(),
                k["minVersion"].as_i64()? as i16,
                k["maxVersion"].as_i64()? as i16,
            ))
        })
        .collect()
}

#[test]
fn frames_and_headers() {
    under_load(|a| {
        a.send("size 0", &0i32.to_be_bytes(), false);
        a.send("negative size", &(-5i32).to_be_bytes(), false);
        a.send("size of 2 GiB", &i32::MAX.to_be_bytes(), false);
        a.send("size just over socket.request.max.bytes", &(104_857_601i32).to_be_bytes(), false);
        a.send("a frame that never comes", &(100_000_000i32).to_be_bytes(), true);
        a.send("an HTTP request", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", false);
        a.send("a TLS hello", &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3], false);
        a.send("random bytes", &noise(3, 4096), false);
        for length in 1..12usize {
            let mut frame = (length as i32).to_be_bytes().to_vec();
            frame.extend(vec![0u8; length]);
            a.send(&format!("a header of {length} zeros"), &frame, false);
        }
        let m = schema::request("Metadata");
        a.send(
            "client id of 32 KiB",
            &request_frame(m.key, 9, true, 1, &"x".repeat(32_767), &m.encode(9, &json!({"topics": []}))),
            false,
        );
        let mut negative = request_frame(m.key, 4, false, 1, "x", &[]);
        negative[12..14].copy_from_slice(&(-7i16).to_be_bytes());
        a.send("client id of negative length", &negative, false);
        for key in [-1i16, 95, 500, i16::MAX, i16::MIN] {
            a.send(&format!("unknown API {key}"), &request_frame(key, 0, false, 1, "x", &[]), false);
        }
        for (api, _, max) in advertised(a.port) {
            let m = schema::request(&api);
            for version in [-1, max + 1, i16::MAX] {
                a.send(&format!("{api} v{version}"), &request_frame(m.key, version, true, 1, "x", &[0; 8]), false);
            }
        }
        // A header with a hundred thousand tagged fields, and with one that claims four gigabytes.
        let mut tags = request_frame(m.key, 12, false, 1, "x", &[]);
        schema::put_varint(&mut tags, 100_000);
        for tag in 0..100_000u64 {
            schema::put_varint(&mut tags, tag + 10);
            schema::put_varint(&mut tags, 0);
        }
        let size = (tags.len() - 4) as i32;
        tags[..4].copy_from_slice(&size.to_be_bytes());
        a.send("100,000 tagged fields in the header", &tags, false);
        for claim in [u64::from(u32::MAX), 1 << 40] {
            let mut tag = request_frame(m.key, 12, false, 1, "x", &[]);
            for n in [1, 99, claim] {
                schema::put_varint(&mut tag, n);
            }
            let size = (tag.len() - 4) as i32;
            tag[..4].copy_from_slice(&size.to_be_bytes());
            a.send("a tagged field longer than the frame", &tag, false);
        }
    });
}

#[test]
fn bodies_of_every_api() {
    under_load(|a| {
        for port in [a.broker.port, a.broker.controller_port()] {
            a.port = port;
            bodies_of(a);
        }
    });
}

/// Broken bodies of everything that the listener serves.
fn bodies_of(a: &mut Attack<'_>) {
    for (api, min, max) in advertised(a.port) {
        // Versions below what the schema has are advertised for old clients' sake and have no body.
        for version in min.max(schema::request(&api).valid.min)..=max {
            let claims: [&[u8]; 7] = [
                &[0x7f, 0xff, 0xff, 0xff],
                &[0xff, 0xff, 0xff, 0xfe],
                &[0xff, 0xff, 0xff, 0xff, 0x0f],
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
                &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
                &[0xff; 64],
                &[0x00; 3],
            ];
            for (i, claim) in claims.iter().enumerate() {
                a.body(&format!("claim {i}"), &api, version, claim);
            }
            // The claims again, behind the start of a right body.
            let right = schema::request(&api).encode(version, &json!({}));
            for cut in [1, 2, 4, 6, 8, 10, 14] {
                if cut < right.len() {
                    a.body(
                        &format!("claim after {cut} bytes"),
                        &api,
                        version,
                        &[&right[..cut], &[0x7f, 0xff, 0xff, 0xff, 0xff, 0x0f][..]].concat(),
                    );
                }
            }
        }
    }
}

/// Batches that lie.
fn lies() -> Vec<(String, Vec<u8>)> {
    let good = Batch::of(now(), &[b"one", b"two"]);
    let mut list = Vec::new();
    let mut add = |what: &str, change: &dyn Fn(&mut Batch)| {
        let mut b = good.clone();
        change(&mut b);
        list.push((what.to_string(), b.bytes()));
    };
    add("count of 2 billion", &|b| b.count = Some(i32::MAX));
    add("negative count", &|b| b.count = Some(-5));
    add("last offset delta of 2 billion", &|b| b.last_offset_delta = Some(i32::MAX));
    add("count and delta of 2 billion", &|b| {
        b.count = Some(i32::MAX);
        b.last_offset_delta = Some(i32::MAX - 1);
    });
    add("negative last offset delta", &|b| b.last_offset_delta = Some(i32::MIN));
    add("base offset of the end of time", &|b| b.base_offset = i64::MAX - 1);
    add("length beyond the frame", &|b| b.length = Some(1 << 30));
    add("length 0", &|b| b.length = Some(0));
    add("negative length", &|b| b.length = Some(i32::MIN));
    add("magic 0", &|b| b.magic = 0);
    add("magic 1", &|b| b.magic = 1);
    add("magic 120", &|b| b.magic = 120);
    add("bad checksum", &|b| b.crc_error = 7);
    add("control batch", &|b| b.attributes = 0x20);
    add("transactional", &|b| b.attributes = 0x10);
    add("every attribute", &|b| b.attributes = -1);
    add("codec 5", &|b| b.attributes = 5);
    add("timestamps at the end of time", &|b| b.base_timestamp = i64::MAX);
    add("timestamps at the beginning of time", &|b| b.base_timestamp = i64::MIN);
    add("producer id without an epoch", &|b| b.producer_id = 5);
    add("producer epoch without an id", &|b| b.producer_epoch = 5);
    add("no records section", &|b| b.payload = Some(Vec::new()));
    add("overlong varints", &|b| b.payload = Some(vec![0x80; 200]));
    add("record longer than the batch", &|b| {
        let mut p = Vec::new();
        put_zigzag(&mut p, 1 << 30);
        b.payload = Some(p);
    });
    add("header count of 2 billion", &|b| {
        let mut r = vec![0, 0, 0, 1, 1];
        put_zigzag(&mut r, i64::from(i32::MAX));
        let mut p = Vec::new();
        put_zigzag(&mut p, r.len() as i64);
        p.extend(r);
        b.payload = Some(p);
        b.count = Some(1);
        b.last_offset_delta = Some(0);
    });
    add("header count negative", &|b| {
        b.payload = Some(vec![12, 0, 0, 0, 1, 1, 1]);
        b.count = Some(1);
        b.last_offset_delta = Some(0);
    });
    for codec in 1..=4i16 {
        add(&format!("codec {codec} around noise"), &|b| {
            b.attributes = codec;
            b.payload = Some(noise(9, 500));
        });
        add(&format!("codec {codec} around nothing"), &|b| {
            b.attributes = codec;
            b.payload = Some(Vec::new());
        });
    }
    // Bombs: a megabyte that becomes a gigabyte.
    let zeros = vec![0u8; 1 << 20];
    add("a zstd bomb", &|b| {
        let mut e = zstd::Encoder::new(Vec::new(), 3).expect("an encoder");
        for _ in 0..1024 {
            std::io::Write::write_all(&mut e, &zeros).expect("zeros");
        }
        b.attributes = 4;
        b.payload = Some(e.finish().expect("a frame"));
    });
    add("a gzip bomb", &|b| {
        let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        for _ in 0..200 {
            std::io::Write::write_all(&mut e, &zeros).expect("zeros");
        }
        b.attributes = 1;
        b.payload = Some(e.finish().expect("a stream"));
    });
    add("a snappy header that claims 4 GiB", &|b| {
        b.attributes = 2;
        b.payload = Some(vec![0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0]);
    });
    add("a framed snappy block that claims 4 GiB", &|b| {
        let mut p = vec![0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];
        p.extend([0, 0, 0, 6, 0xff, 0xff, 0xff, 0xff, 0x0f, 0]);
        b.attributes = 2;
        b.payload = Some(p);
    });
    add("a compressed batch inside a compressed batch", &|b| {
        b.attributes = 4;
        let inner = Batch {
            attributes: 4,
            payload: Some(zstd::encode_all(&b.section()[..], 1).expect("a frame")),
            ..b.clone()
        };
        b.payload = Some(zstd::encode_all(&inner.bytes()[..], 1).expect("a frame"));
    });
    let bytes = good.bytes();
    for cut in [0, 1, 11, 12, 16, 17, 30, 60, 61, bytes.len() - 1] {
        list.push((format!("cut at {cut}"), bytes[..cut].to_vec()));
    }
    list
}

#[test]
fn record_batches() {
    under_load(|a| {
        for (name, configs) in [
            ("plain", json!([])),
            ("recompressed", json!([{"name": "compression.type", "value": "lz4"}])),
            ("compacted", json!([{"name": "cleanup.policy", "value": "compact"}])),
        ] {
            let t = json!({"name": name, "numPartitions": 1, "replicationFactor": 1, "configs": configs});
            a.broker.wire().call("CreateTopics", 7, json!({"topics": [t], "timeoutMs": 10000})).expect("a topic");
            for (what, bytes) in lies() {
                a.body(
                    &format!("to {name}: {what}"),
                    "Produce",
                    9,
                    &schema::request("Produce").encode(9, &produce(name, json!(STANDARD.encode(&bytes)))),
                );
            }
            // Whatever was taken can be read, and what is read is whole batches.
            let mut wire = a.broker.wire();
            let p = json!({"partition": 0, "fetchOffset": 0, "partitionMaxBytes": 10_000_000});
            let body = json!({"replicaId": -1, "maxWaitMs": 0, "minBytes": 0, "maxBytes": 10_000_000, "topics": [{"topic": name, "partitions": [p]}]});
            if let Err(e) = wire.call("Fetch", 11, body) {
                a.failures.push(format!("reading {name} afterwards: {e}"));
            }
        }
    });
}

#[test]
fn bodies_that_are_right_and_too_much() {
    under_load(|a| {
        let call = |a: &mut Attack<'_>, what: &str, api: &str, version: i16, body: Value| {
            let bytes = schema::request(api).encode(version, &body);
            a.body(what, api, version, &bytes);
        };
        let names: Vec<Value> = (0..100_000).map(|i| json!({"name": format!("no-such-topic-{i}")})).collect();
        call(a, "100,000 topics", "Metadata", 9, json!({"topics": names, "allowAutoTopicCreation": false}));
        let t = |n: i64| json!({"name": "huge", "numPartitions": n, "replicationFactor": 1});
        call(a, "10 million partitions", "CreateTopics", 7, json!({"topics": [t(10_000_000)], "timeoutMs": 1000}));
        call(
            a,
            "2 billion partitions, validate only",
            "CreateTopics",
            7,
            json!({"topics": [t(i32::MAX.into())], "timeoutMs": 1000, "validateOnly": true}),
        );
        call(
            a,
            "10 million partitions",
            "CreatePartitions",
            3,
            json!({"topics": [{"name": "good", "count": 10_000_000, "assignments": null}], "timeoutMs": 1000}),
        );
        let long = "n".repeat(30_000);
        call(
            a,
            "a name of 30,000 characters",
            "CreateTopics",
            7,
            json!({"topics": [{"name": long, "numPartitions": 1, "replicationFactor": 1}], "timeoutMs": 1000}),
        );
        call(
            a,
            "a key of 30,000 characters",
            "IncrementalAlterConfigs",
            1,
            json!({"resources": [{"resourceType": 2, "resourceName": "good", "configs": [{"name": long, "configOperation": 0, "value": long}]}]}),
        );
        let same: Vec<Value> = (0..20_000).map(|_| json!({"partitionIndex": 0, "timestamp": -1})).collect();
        call(
            a,
            "a partition 20,000 times",
            "ListOffsets",
            7,
            json!({"replicaId": -1, "topics": [{"name": "good", "partitions": same}]}),
        );
        let same: Vec<Value> =
            (0..20_000).map(|_| json!({"partition": 0, "fetchOffset": 0, "partitionMaxBytes": 1_000_000})).collect();
        call(
            a,
            "a partition 20,000 times",
            "Fetch",
            11,
            json!({"replicaId": -1, "maxWaitMs": 0, "minBytes": 0, "maxBytes": 50_000_000, "topics": [{"topic": "good", "partitions": same}]}),
        );
        let same: Vec<Value> =
            (0..5_000).map(|_| json!({"index": 0, "records": Batch::of(1, &[b"x"]).base64()})).collect();
        call(
            a,
            "a partition 5,000 times",
            "Produce",
            9,
            json!({"acks": 1, "timeoutMs": 1000, "topicData": [{"name": "unknown", "partitionData": same}]}),
        );
        for id in ["\u{0}", "line\nbreak", "\u{7f}\u{1}", ""] {
            call(
                a,
                "a transactional id of control characters",
                "InitProducerId",
                4,
                json!({"transactionalId": id, "transactionTimeoutMs": 1000}),
            );
        }
        call(
            a,
            "a fetch of 2 GiB that waits for ever",
            "Fetch",
            11,
            json!({"replicaId": -1, "maxWaitMs": 1500, "minBytes": i32::MAX, "maxBytes": i32::MAX, "topics": [{"topic": "good", "partitions": [{"partition": 0, "fetchOffset": 0, "partitionMaxBytes": i32::MAX}]}]}),
        );
        // Fetch sessions that are never used again.
        let mut wire = a.broker.wire();
        for _ in 0..3000 {
            let p = json!({"partition": 0, "fetchOffset": 0, "partitionMaxBytes": 100});
            let body = json!({"replicaId": -1, "maxWaitMs": 0, "minBytes": 0, "maxBytes": 100, "sessionEpoch": 0, "topics": [{"topic": "good", "partitions": [p]}]});
            if let Err(e) = wire.call("Fetch", 11, body) {
                a.failures.push(format!("3,000 sessions: {e}"));
                break;
            }
        }
    });
}
