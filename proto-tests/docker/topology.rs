//! The cluster of the compose file and the one of plain processes (`config/cluster`) are one and the same, places aside.

use std::process::Command;

use serde_json::Value;

use crate::container::Compose;
use crate::support::paths;

/// What must be equal. Ports, host names and directories are each one's own.
const KEYS: [&str; 11] = [
    "node.id",
    "process.roles",
    "controller.listener.names",
    "broker.rack",
    "default.replication.factor",
    "min.insync.replicas",
    "offsets.topic.replication.factor",
    "transaction.state.log.replication.factor",
    "transaction.state.log.min.isr",
    "share.coordinator.state.topic.replication.factor",
    "share.coordinator.state.topic.min.isr",
];

/// Compares what the settings of each node come to.
pub fn same_as_the_processes(compose: &Compose) {
    for n in 1..=3 {
        let file = paths::root().join(format!("config/cluster/node-{n}.properties"));
        let process = Command::new(env!("CARGO_BIN_EXE_ottla"))
            .args(["config", "--all", "--json", "--config"])
            .arg(&file)
            .output()
            .expect("it runs");
        assert!(process.status.success(), "{}", String::from_utf8_lossy(&process.stderr));
        let process: Value = serde_json::from_slice(&process.stdout).expect("JSON");
        let there = compose.exec(&format!("node-{n}"), &["ottla", "config", "--all", "--json"]);
        let there: Value = serde_json::from_str(there.out.trim()).expect("JSON");
        for key in KEYS {
            assert_eq!(value(&process, key), value(&there, key), "{key} of node {n}");
        }
        assert_eq!(voters(&process), voters(&there), "the voters of node {n}");
    }
}

fn value(settings: &Value, key: &str) -> String {
    let list = settings["settings"].as_array().expect("settings");
    let entry = list.iter().find(|entry| entry["key"] == key).unwrap_or_else(|| panic!("no {key}"));
    entry["value"].as_str().expect("a value").to_string()
}

/// The numbers of those who vote.
fn voters(settings: &Value) -> Vec<String> {
    let text = value(settings, "controller.quorum.voters");
    text.split(',').filter_map(|voter| Some(voter.split_once('@')?.0.to_string())).collect()
}
