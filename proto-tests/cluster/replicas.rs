//! The replicas of one partition as they are on disk and in the metadata, and records for it.

use serde_json::{Value, json};

use crate::support::cluster::Cluster;
use crate::support::reader;
use crate::support::wire::Batch;

/// The batches in a replica's files.
pub fn log_bytes(cluster: &Cluster, id: i32, topic: &str, partition: i32) -> Vec<u8> {
    let dir = cluster.data(id).join(format!("{topic}-{partition}"));
    let entries = std::fs::read_dir(&dir).expect("the partition's directory");
    let mut files: Vec<_> =
        entries.map(|e| e.expect("an entry").path()).filter(|p| p.extension().is_some_and(|e| e == "log")).collect();
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let bytes = std::fs::read(&file).expect("a segment");
        // What is preallocated behind the last batch is zeros.
        let whole =
            reader::batches(&bytes).into_iter().take_while(|b| b.count > 0).last().map_or(0, |b| b.position + b.length);
        all.extend(&bytes[..whole]);
    }
    all
}

/// Where such batches end.
pub fn end_of(log: &[u8]) -> i64 {
    reader::batches(log).last().map_or(0, |b| b.base_offset + i64::from(b.last_offset_delta) + 1)
}

/// The high watermark as this very replica knows it.
pub fn high_watermark(cluster: &Cluster, id: i32, topic: &str, partition: i32) -> Option<i64> {
    let asked = json!({"partition": partition, "fetchOffset": 0, "partitionMaxBytes": 1});
    let body = json!({"replicaId": -1, "maxWaitMs": 0, "minBytes": 0, "maxBytes": 1, "isolationLevel": 0,
        "topics": [{"topic": topic, "partitions": [asked]}]});
    let answer = cluster.try_call(id, "Fetch", 11, body)?;
    let told = &answer["responses"][0]["partitions"][0];
    (told["errorCode"] == 0).then(|| told["highWatermark"].as_i64()).flatten()
}

/// Who leads partition 0 as `id` tells, -1 for nobody, and its in-sync set in order.
pub fn state(cluster: &Cluster, id: i32, topic: &str) -> (i32, Vec<i32>) {
    let topics = cluster.topics(id, &[topic]);
    let partition = &topics[0]["partitions"][0];
    let number = |id: &Value| id.as_i64().unwrap_or(-1) as i32;
    let mut isr: Vec<_> = partition["isrNodes"].as_array().into_iter().flatten().map(number).collect();
    isr.sort_unstable();
    (number(&partition["leaderId"]), isr)
}

/// Waits until `id` tells that partition 0 is led so, by these in sync.
pub fn wait_state(cluster: &Cluster, id: i32, topic: &str, leader: i32, isr: &[i32]) {
    cluster.wait_for(&format!("{topic} led by {leader} with {isr:?} in sync"), |cluster| {
        (state(cluster, id, topic) == (leader, isr.to_vec())).then_some(())
    });
}

/// Appends batches of one record to partition 0 by its leader, whose values are `word` and their number; the first one's offset.
pub fn append(cluster: &Cluster, leader: i32, topic: &str, acks: i16, word: &str, count: i64) -> i64 {
    let mut wire = cluster.wire(leader).expect("the leader");
    let mut offsets = (0..count).map(|n| {
        let batch = Batch::of(1_700_000_000_000 + n, &[format!("{word}-{n}").as_bytes()]).base64();
        let body = json!({"transactionalId": null, "acks": acks, "timeoutMs": 20_000,
            "topicData": [{"name": topic, "partitionData": [{"index": 0, "records": batch}]}]});
        cluster.wait_for("an acknowledgement", |_| {
            let answer = wire.call("Produce", 9, body.clone()).expect("an answer");
            let told = &answer["responses"][0]["partitionResponses"][0];
            // Who has just been elected may not know of it yet.
            assert!([json!(0), json!(3), json!(6)].contains(&told["errorCode"]), "{topic}: {told}");
            (told["errorCode"] == 0).then(|| told["baseOffset"].as_i64()).flatten()
        })
    });
    let first = offsets.next().expect("one at least");
    assert_eq!(offsets.last().unwrap_or(first), first + count - 1, "{topic}: one after the other");
    first
}

/// Waits until these replicas hold the same bytes of partition 0, all of them committed, up to this offset.
pub fn wait_equal(cluster: &Cluster, ids: &[i32], topic: &str, end: i64) -> Vec<u8> {
    cluster.wait_for(&format!("{topic} is equal on {ids:?} up to {end}"), |cluster| {
        let mut logs: Vec<_> = ids.iter().map(|id| log_bytes(cluster, *id, topic, 0)).collect();
        let committed = ids.iter().all(|id| high_watermark(cluster, *id, topic, 0) == Some(end));
        (committed && logs.windows(2).all(|pair| pair[0] == pair[1]) && end_of(&logs[0]) == end).then(|| logs.remove(0))
    })
}
