//! A reassignment under `--throttle` takes its time, and no more of it; a follower in sync is never held back.

use std::time::{Duration, Instant};

use serde_json::json;

use super::support::client::{Client, From, Library};
use super::support::cluster::Cluster;
use super::support::paths::Scratch;
use super::support::record::{Record, noise};
use super::support::tools::Tools;
use super::{agreed, complete};

const RATE: usize = 1_000_000;
const BYTES: usize = 8_000_000;

#[test]
fn a_reassignment_keeps_to_its_throttle() {
    let cluster = Cluster::start(&["controller", "broker", "broker"], &[]);
    let scratch = Scratch::new("throttle");
    let assignment = json!([{"partitionIndex": 0, "brokerIds": [2]}]);
    let topic = json!({
        "name": "moved", "numPartitions": -1, "replicationFactor": -1, "assignments": assignment, "configs": []
    });
    let body = json!({"topics": [topic], "timeoutMs": 20_000, "validateOnly": false});
    assert_eq!(cluster.call(2, "CreateTopics", 7, body)["topics"][0]["errorCode"], 0);
    agreed(&cluster, &["moved"], complete(1));
    let mut client = Client::start(Library::Java, &cluster.bootstrap(), scratch.path());
    let record = |n: usize| Record {
        offset: -1,
        timestamp: 1_700_000_000_000 + n as i64,
        key: None,
        value: Some(noise(n as u64, 10_000)),
        headers: Vec::new(),
    };
    let records: Vec<_> = (0..BYTES / 10_000).map(record).collect();
    client.produce("moved", "none", false, &records).expect("records");

    let mut tools = Tools::start();
    let plan = scratch.path().join("plan.json");
    let moved = json!({"version": 1, "partitions": [{"topic": "moved", "partition": 0, "replicas": [3]}]});
    std::fs::write(&plan, moved.to_string()).expect("a plan");
    let (at, plan) = (cluster.bootstrap(), plan.display().to_string());
    let base = ["--bootstrap-server", &at, "--reassignment-json-file", &plan];
    let rate = RATE.to_string();
    let began = Instant::now();
    let run = tools.run("kafka-reassign-partitions", &[&base[..], &["--execute", "--throttle", &rate]].concat(), "");
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains("The inter-broker throttle limit was set to 1000000 B/s"), "{}", run.out);
    let limit = began + Duration::from_secs(120);
    loop {
        let topics = cluster.topics(2, &["moved"]);
        if topics[0]["partitions"][0]["replicaNodes"] == json!([3]) {
            break;
        }
        assert!(Instant::now() < limit, "it never ended: {topics}");
        std::thread::sleep(Duration::from_millis(20));
    }
    let took = began.elapsed();
    println!(
        "{BYTES} bytes at {RATE} bytes per second took {took:?}: {:.0} bytes per second",
        BYTES as f64 / took.as_secs_f64()
    );
    // One second's worth may come at once, and one answer of a fetch above that.
    assert!(took >= Duration::from_secs(5), "the throttle did not hold: {took:?}");
    let verify = tools.run("kafka-reassign-partitions", &[&base[..], &["--verify"]].concat(), "");
    assert!(verify.out.contains("Clearing broker-level throttles"), "{}{}", verify.out, verify.err);
    let read = client.consume("moved", From::Beginning, records.len()).expect("the records");
    assert_eq!(read.len(), records.len());
}
