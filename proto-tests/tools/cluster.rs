//! The tools on three nodes, each a broker and a voter: replicas placed, moved and lost, leaders elected, nodes stopped and
//! started between the commands.

use std::sync::Mutex;

use serde_json::{Value, json};

use crate::normal::{self, Server};
use crate::support::broker::Kind;
use crate::support::cluster::Cluster;
use crate::support::reader;
use crate::support::tools::Tools;
use crate::support::wire::{Batch, Wire, now};
use crate::table::{Step, Table};

/// What both clusters are given beside their places.
const SETTINGS: [(&str, &str); 6] = [
    ("broker.rack", "rack-%ID%"),
    ("default.replication.factor", "3"),
    ("offsets.topic.replication.factor", "1"),
    ("transaction.state.log.replication.factor", "1"),
    ("transaction.state.log.min.isr", "1"),
    // Leaders go back when a command says so, and not by themselves in between.
    ("auto.leader.rebalance.enable", "false"),
];

/// UNKNOWN_TOPIC_OR_PARTITION.
const UNKNOWN_TOPIC: i64 = 3;

/// The runs of the table against one cluster.
pub fn run_all(kind: Kind, tools: &Mutex<Tools>) -> Vec<(String, String)> {
    let mut cluster = Cluster::of(kind, &["broker,controller"; 3], &SETTINGS);
    let (mut runs, mut changed) = (Vec::new(), true);
    for step in Table::read("three-nodes.txt") {
        match step {
            Step::Run(command) => {
                let reads = |arg: &String| matches!(arg.as_str(), "--describe" | "--verify" | "--list" | "describe");
                if command.args.iter().any(reads) {
                    // The tools ask any node: all of them must know of what was done before.
                    if std::mem::take(&mut changed) {
                        barrier(&cluster, runs.len());
                    }
                } else {
                    changed = true;
                }
                runs.push(normal::run(&server(&cluster), tools, &command));
            }
            Step::Do(words) => act(&mut cluster, &words.iter().map(String::as_str).collect::<Vec<_>>()),
        }
    }
    runs
}

/// The nodes that run, as the tools are pointed at them; places of all of them are taken out of what they print.
fn server(cluster: &Cluster) -> Server<'_> {
    let running = || cluster.nodes.iter().filter(|node| cluster.is_running(node.id));
    let join = |ports: Vec<u16>| ports.iter().map(|port| format!("localhost:{port}")).collect::<Vec<_>>().join(",");
    let places = cluster.nodes.iter().flat_map(|node| {
        let id = node.id;
        [
            (node.controller_port.to_string(), format!("<controller port {id}>")),
            (cluster.data(id).display().to_string(), format!("<data {id}>")),
            (node.port.to_string(), format!("<port {id}>")),
        ]
    });
    Server {
        name: format!("three nodes of {:?}", cluster.kind),
        bootstrap: join(running().map(|node| node.port).collect()),
        controllers: join(running().map(|node| node.controller_port).collect()),
        dir: cluster.dir(),
        places: places.collect(),
    }
}

/// Waits until every node that runs has applied what the controller has decided so far: a topic is made and deleted, and seen to
/// come and go by each of them.
fn barrier(cluster: &Cluster, number: usize) {
    let name = format!("barrier-{number}");
    let asked = cluster.nodes.iter().map(|node| node.id).find(|id| cluster.is_running(*id)).expect("a node that runs");
    cluster.create_topic_anyhow(asked, &name, 1, 1);
    wait(cluster, &name, |cluster, id| cluster.topics(id, &[&name])[0]["errorCode"] != UNKNOWN_TOPIC);
    let deleted = cluster.call(asked, "DeleteTopics", 5, json!({"topicNames": [name], "timeoutMs": 20_000}));
    assert_eq!(deleted["responses"][0]["errorCode"], 0, "{deleted}");
    wait(cluster, &name, |cluster, id| cluster.topics(id, &[&name])[0]["errorCode"] == UNKNOWN_TOPIC);
}

/// What is done between two commands.
///
/// ```text
/// ! file NAME TEXT                 writes a file for a tool
/// ! stop N | start N               ends a node in order; starts it and waits until it serves
/// ! fill TOPIC N                   writes two megabytes to partition 0 by the node that leads it
/// ! wait moves                     until no reassignment goes on
/// ! wait TOPIC-PARTITION LEADER [ISR]   until the partition is led so, and its in-sync set, sorted, is this
/// ```
fn act(cluster: &mut Cluster, words: &[&str]) {
    match words {
        ["file", name, text] => std::fs::write(cluster.dir().join(name), text).expect("a file for a tool"),
        ["stop", id] => {
            cluster.stop(id.parse().expect("a node"));
        }
        ["start", id] => {
            let id = id.parse().expect("a node");
            cluster.run(id);
            cluster.wait_ready(id);
        }
        ["fill", topic, id] => {
            let port = cluster.node(id.parse().expect("a node")).port;
            let mut wire = Wire::connect(port).expect("the node accepts a connection");
            for _ in 0..20 {
                reader::append(&mut wire, topic, 0, Batch::of(now(), &[&[7; 100_000]]).base64());
            }
        }
        ["wait", "moves"] => wait(cluster, "reassignments", |cluster, id| {
            let body = json!({"timeoutMs": 10_000, "topics": null});
            let answer = cluster.try_call(id, "ListPartitionReassignments", 0, body);
            answer.is_some_and(|a| a["errorCode"] == 0 && a["topics"] == json!([]))
        }),
        ["wait", partition, state] => {
            let (topic, index) = partition.rsplit_once('-').expect("TOPIC-PARTITION");
            let index: i64 = index.parse().expect("a number");
            wait(cluster, &format!("{partition} {state}"), |cluster, id| {
                let topics = cluster.topics(id, &[topic]);
                let mut partitions = topics[0]["partitions"].as_array().into_iter().flatten();
                partitions.find(|p| p["partitionIndex"] == index).is_some_and(|found| {
                    let (leader, isr) = describe(found);
                    *state == leader || *state == format!("{leader} {isr}")
                })
            });
        }
        other => panic!("nobody can do this: {other:?}"),
    }
}

/// Waits until every node that runs says so: the tools ask any of them.
fn wait(cluster: &Cluster, what: &str, check: impl Fn(&Cluster, i32) -> bool) {
    cluster.wait_for(what, |cluster| {
        let mut running = cluster.nodes.iter().map(|node| node.id).filter(|id| cluster.is_running(*id));
        running.all(|id| check(cluster, id)).then_some(())
    });
}

/// The leader and the in-sync set of a partition.
fn describe(partition: &Value) -> (String, String) {
    let mut isr: Vec<i64> = partition["isrNodes"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
    isr.sort_unstable();
    let isr: Vec<String> = isr.iter().map(i64::to_string).collect();
    (partition["leaderId"].to_string(), isr.join(","))
}
