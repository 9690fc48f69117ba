//! Records under an idempotent acks=all load while nodes of the cluster die, sleep and stop: what was acknowledged is there
//! once and in order, and the replicas are the same to the byte.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::replicas::{end_of, high_watermark, log_bytes};
use crate::support::client::{Client, Library};
use crate::support::cluster::Cluster;
use crate::support::paths::Scratch;
use crate::support::record::{self, Record};

/// The topic; each broker leads one of its partitions.
pub const TOPIC: &str = "numbers";
/// Its partitions.
pub const PARTITIONS: i32 = 3;

/// A cluster of three under load.
pub struct Loaded {
    /// The nodes.
    pub cluster: Cluster,
    client: Client,
    scratch: Scratch,
    acknowledged: Vec<Record>,
    sent: i64,
}

/// Wall clock in ms.
pub fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as i64
}

impl Loaded {
    /// Starts it: two of three replicas must have a record before it counts.
    pub fn start(overrides: &[(&str, &str)]) -> Loaded {
        let overrides: Vec<_> = overrides.iter().copied().chain([("min.insync.replicas", "2")]).collect();
        let cluster = Cluster::start(&["broker,controller"; 3], &overrides);
        cluster.create_topic_anyhow(1, TOPIC, PARTITIONS, 3);
        let scratch = Scratch::new("survival");
        let client = Client::start(Library::Java, &cluster.bootstrap(), scratch.path());
        let mut loaded = Loaded { cluster, client, scratch, acknowledged: Vec::new(), sent: 0 };
        loaded.whole();
        // The client's first load is its slowest: it counts for nothing.
        loaded.under_load(2, |_| {});
        loaded
    }

    /// Lets `fault` happen while the load runs for `seconds`, checks everything, and gives the longest pause of any partition (ms).
    pub fn under_load(&mut self, seconds: u64, fault: impl FnOnce(&mut Cluster)) -> i64 {
        let file = self.scratch.path().join(format!("acknowledged-{}.jsonl", self.sent));
        self.client.send(json!({"op": "load", "topic": TOPIC, "partitions": PARTITIONS, "seconds": seconds,
            "first": self.sent, "file": file}));
        std::thread::sleep(Duration::from_millis(1500));
        fault(&mut self.cluster);
        let answer = self.client.answer().expect("the load ends");
        self.acknowledged.extend(record::read(&file));
        assert_eq!(answer["failed"], 0, "no record of an idempotent producer fails: {answer}");
        self.sent += answer["sent"].as_i64().expect("a number");
        assert_eq!(self.acknowledged.len() as i64, self.sent, "{answer}");
        self.whole();
        self.check_records();
        answer["gaps"].as_array().into_iter().flatten().filter_map(|gap| gap["ms"].as_i64()).max().unwrap_or(-1)
    }

    /// The brokers that lead, by partition.
    pub fn leaders(cluster: &Cluster, id: i32) -> Vec<i32> {
        let topics = cluster.topics(id, &[TOPIC]);
        let mut partitions = topics[0]["partitions"].as_array().cloned().unwrap_or_default();
        partitions.sort_by_key(|p| p["partitionIndex"].as_i64());
        partitions.iter().map(|p| p["leaderId"].as_i64().unwrap_or(-1) as i32).collect()
    }

    /// Waits until every replica is in sync, ends and is committed at the same offset, and holds the same bytes.
    fn whole(&mut self) {
        self.cluster.wait_for("all replicas are in sync", |cluster| {
            cluster.brokers().into_iter().all(|id| in_sync(&cluster.topics(id, &[TOPIC]))).then_some(())
        });
        for partition in 0..PARTITIONS {
            self.cluster.wait_for("the replicas are equal", |cluster| {
                let logs: Vec<_> =
                    cluster.brokers().iter().map(|id| log_bytes(cluster, *id, TOPIC, partition)).collect();
                let marks: Vec<_> =
                    cluster.brokers().iter().map(|id| high_watermark(cluster, *id, TOPIC, partition)).collect();
                let end = end_of(&logs[0]);
                let equal =
                    logs.windows(2).all(|pair| pair[0] == pair[1]) && marks.iter().all(|mark| *mark == Some(end));
                equal.then_some(())
            });
        }
    }

    fn check_records(&mut self) {
        let mut seen: BTreeMap<i64, Vec<Record>> = BTreeMap::new();
        for partition in 0..PARTITIONS {
            let count = high_watermark(&self.cluster, 1, TOPIC, partition).expect("a high watermark");
            let file = self.scratch.path().join(format!("read-{partition}.jsonl"));
            self.client.send(json!({"op": "consume", "topic": TOPIC, "partition": partition, "count": count, "offset": -2, "file": file}));
            self.client.answer().expect("the partition is read");
            let records = record::read(&file);
            assert!(records.iter().map(|r| r.offset).eq(0..count), "partition {partition} has a hole");
            assert!(
                records.windows(2).all(|pair| pair[0].value < pair[1].value),
                "partition {partition} is out of order"
            );
            seen.insert(i64::from(partition), records);
        }
        let values: BTreeSet<_> = seen.values().flatten().map(|r| &r.value).collect();
        assert_eq!(values.len() as i64, self.sent, "each number is there, and once");
        for a in &self.acknowledged {
            // The load writes the partition down where a record has its timestamp.
            let at = seen[&a.timestamp].get(a.offset as usize);
            assert_eq!(
                at.map(|r| &r.value),
                Some(&a.value),
                "acknowledged at {} of partition {}",
                a.offset,
                a.timestamp
            );
        }
    }
}

fn in_sync(topics: &Value) -> bool {
    let partitions = topics[0]["partitions"].as_array().cloned().unwrap_or_default();
    partitions.len() == PARTITIONS as usize
        && partitions.iter().all(|p| p["isrNodes"].as_array().map(Vec::len) == Some(3))
}
