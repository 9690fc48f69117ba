//! Brokers in racks: new partitions are in as many as there are, whoever places them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::support::cluster::{Cluster, Place};
use super::support::tools::Tools;
use super::{agreed, complete};

/// The rack of each broker, by number.
const RACKS: [&str; 4] = ["east", "east", "west", "west"];

/// Replicas of each partition, by number.
fn replicas(partitions: &Value, index: &str, replicas: &str) -> BTreeMap<i64, Vec<i64>> {
    let ids = |list: &Value| list.as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
    let all = partitions.as_array().into_iter().flatten();
    all.map(|p| (p[index].as_i64().expect("a number"), ids(&p[replicas]))).collect()
}

fn check(placed: &BTreeMap<i64, Vec<i64>>, partitions: usize, factor: usize) {
    assert_eq!(placed.len(), partitions, "{placed:?}");
    for replicas in placed.values() {
        let racks: BTreeSet<_> = replicas.iter().map(|id| RACKS[*id as usize - 1]).collect();
        assert!(replicas.len() == factor && racks.len() == factor.min(2), "{placed:?}");
    }
}

fn check_leaders(placed: &BTreeMap<i64, Vec<i64>>, partitions: usize) {
    for id in 1..=4 {
        let led = placed.values().filter(|replicas| replicas[0] == id).count();
        assert_eq!(led, partitions / 4, "{id} leads {led}: {placed:?}");
    }
}

#[test]
fn new_partitions_are_in_both_racks() {
    let mut cluster = Cluster::plan(&["broker,controller", "broker", "broker", "broker"], &[], |_| Place::default());
    for (id, rack) in (1..).zip(RACKS) {
        cluster.set(id, "broker.rack", rack);
    }
    cluster.run_all();
    for (name, factor) in [("two", 2), ("three", 3)] {
        cluster.create_topic_anyhow(1, name, 8, factor);
        let topics = agreed(&cluster, &[name], complete(8));
        let placed = replicas(&topics[0]["partitions"], "partitionIndex", "replicaNodes");
        check(&placed, 8, factor as usize);
        check_leaders(&placed, 8);
    }
    let body = json!({"topics": [{"name": "two", "count": 12, "assignments": null}], "timeoutMs": 20_000, "validateOnly": false});
    assert_eq!(cluster.call(2, "CreatePartitions", 3, body)["results"][0]["errorCode"], 0);
    let topics = agreed(&cluster, &["two"], complete(12));
    let mut added = replicas(&topics[0]["partitions"], "partitionIndex", "replicaNodes");
    added.retain(|index, _| *index >= 8);
    check(&added, 4, 2);
    check_leaders(&added, 4);

    // Kafka's tool places by the racks that it is told of, leaders unevenly.
    let file = cluster.dir().join("topics.json");
    std::fs::write(&file, json!({"version": 1, "topics": [{"topic": "three"}]}).to_string()).expect("a file");
    let (at, file) = (cluster.bootstrap(), file.display().to_string());
    let generate =
        ["--bootstrap-server", &at, "--topics-to-move-json-file", &file, "--broker-list", "1,2,3,4", "--generate"];
    let run = Tools::start().run("kafka-reassign-partitions", &generate, "");
    let proposed = run.out.split_once("Proposed partition reassignment configuration").map(|(_, text)| text.trim());
    let proposed: Value =
        serde_json::from_str(proposed.unwrap_or_default()).unwrap_or_else(|e| panic!("{e}: {}{}", run.out, run.err));
    check(&replicas(&proposed["partitions"], "partition", "replicas"), 8, 3);
}
