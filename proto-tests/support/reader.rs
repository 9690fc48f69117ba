//! Reads whole partitions in raw bytes and in a few words, to compare before with after and one server with another.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::wire::Wire;

/// What a partition holds, as a fetching client sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// All batches, byte for byte.
    pub bytes: Vec<u8>,
    /// Aborted transactions of the last answers: producer id and first offset.
    pub aborted: Vec<(i64, i64)>,
    /// Where the log starts.
    pub start: i64,
    /// High watermark.
    pub end: i64,
    /// Last stable offset.
    pub stable: i64,
}

/// Reads a partition from its start to where the isolation level allows.
pub fn read(wire: &mut Wire, topic: &str, partition: i32, committed: bool) -> Contents {
    let start = list(wire, topic, partition, -2);
    let mut all = Contents { bytes: Vec::new(), aborted: Vec::new(), start, end: 0, stable: 0 };
    let mut next = start;
    loop {
        let p = json!({"partition": partition, "fetchOffset": next, "partitionMaxBytes": 4_000_000});
        let body = json!({"replicaId": -1, "maxWaitMs": 0, "minBytes": 0, "maxBytes": 50_000_000, "isolationLevel": i8::from(committed),
            "topics": [{"topic": topic, "partitions": [p]}]});
        let answer =
            wire.call("Fetch", 11, body).unwrap_or_else(|e| panic!("reading {topic}-{partition} at {next}: {e}"));
        let p = &answer["responses"][0]["partitions"][0];
        assert_eq!(p["errorCode"], 0, "reading {topic}-{partition} at {next}: {p}");
        all.end = p["highWatermark"].as_i64().expect("a number");
        all.stable = p["lastStableOffset"].as_i64().expect("a number");
        for a in p["abortedTransactions"].as_array().into_iter().flatten() {
            let one = (a["producerId"].as_i64().expect("an id"), a["firstOffset"].as_i64().expect("an offset"));
            if !all.aborted.contains(&one) {
                all.aborted.push(one);
            }
        }
        let bytes = STANDARD.decode(p["records"].as_str().unwrap_or_default()).expect("base64");
        let headers = batches(&bytes);
        let Some(last) = headers.last() else { return all };
        let whole = last.position + last.length;
        all.bytes.extend(&bytes[..whole]);
        next = last.base_offset + i64::from(last.last_offset_delta) + 1;
    }
}

/// The head of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Where it starts in the bytes.
    pub position: usize,
    /// Its length, the first twelve bytes included.
    pub length: usize,
    /// First offset.
    pub base_offset: i64,
    /// Last offset, relative to the first.
    pub last_offset_delta: i32,
    /// Number of records.
    pub count: i32,
    /// True for a marker.
    pub is_control: bool,
    /// The producer's id and epoch; -1 if there are none.
    pub producer: (i64, i16),
}

/// The whole batches at the front of these bytes.
pub fn batches(bytes: &[u8]) -> Vec<Head> {
    let mut list = Vec::new();
    let mut position = 0;
    while bytes.len() - position >= 61 {
        let b = &bytes[position..];
        let i32_at = |at: usize| i32::from_be_bytes(b[at..at + 4].try_into().expect("4 bytes"));
        let length = 12 + i32_at(8).max(49) as usize;
        if b.len() < length {
            break;
        }
        let base_offset = i64::from_be_bytes(b[..8].try_into().expect("8 bytes"));
        let producer_id = i64::from_be_bytes(b[43..51].try_into().expect("8 bytes"));
        list.push(Head {
            position,
            length,
            base_offset,
            last_offset_delta: i32_at(23),
            count: i32_at(57),
            is_control: b[22] & 0x20 != 0,
            producer: (producer_id, i16::from_be_bytes([b[51], b[52]])),
        });
        position += length;
    }
    list
}

/// The offset for a timestamp or one of the special times; -1 for none.
pub fn list(wire: &mut Wire, topic: &str, partition: i32, time: i64) -> i64 {
    let p = json!({"partitionIndex": partition, "timestamp": time, "currentLeaderEpoch": -1});
    let body = json!({"replicaId": -1, "isolationLevel": 0, "topics": [{"name": topic, "partitions": [p]}]});
    let mut p = json!({});
    for _ in 0..500 {
        let answer = wire
            .call("ListOffsets", 7, body.clone())
            .unwrap_or_else(|e| panic!("offset of {topic}-{partition} at {time}: {e}"));
        p = answer["topics"][0]["partitions"][0].clone();
        // A server that has just started may not lead its partitions yet.
        if ![json!(5), json!(6), json!(78)].contains(&p["errorCode"]) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(p["errorCode"], 0, "offset of {topic}-{partition} at {time}: {p}");
    p["offset"].as_i64().expect("an offset")
}

/// Makes a topic.
pub fn create(wire: &mut Wire, topic: &str, partitions: i32, configs: &[(&str, &str)]) {
    let configs: Vec<Value> = configs.iter().map(|(k, v)| json!({"name": k, "value": v})).collect();
    let t = json!({"name": topic, "numPartitions": partitions, "replicationFactor": 1, "configs": configs});
    let answer = wire.call("CreateTopics", 7, json!({"topics": [t], "timeoutMs": 10000})).expect("an answer");
    assert_eq!(answer["topics"][0]["errorCode"], 0, "{answer}");
    for _ in 0..500 {
        let answer = wire
            .call("Metadata", 9, json!({"topics": [{"name": topic}], "allowAutoTopicCreation": false}))
            .expect("an answer");
        if answer["topics"][0]["partitions"]
            .as_array()
            .is_some_and(|p| p.len() as i32 == partitions && p.iter().all(|p| p["errorCode"] == 0))
        {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("topic {topic} does not settle");
}

/// Appends one batch; its first offset.
pub fn append(wire: &mut Wire, topic: &str, partition: i32, records: Value) -> i64 {
    let body = json!({"transactionalId": null, "acks": -1, "timeoutMs": 5000,
        "topicData": [{"name": topic, "partitionData": [{"index": partition, "records": records}]}]});
    let answer = wire.call("Produce", 9, body).expect("an answer");
    let p = &answer["responses"][0]["partitionResponses"][0];
    assert_eq!(p["errorCode"], 0, "{p}");
    p["baseOffset"].as_i64().expect("an offset")
}
