//! A broker that the cluster has never seen takes over from one that leaves for good, and the one that left comes back as if it had
//! never been there: what it was in sync with does not count.

use serde_json::{Value, json};

use super::create_on;
use super::replicas::{append, log_bytes, state, wait_equal, wait_state};
use super::support::cluster::Cluster;
use super::support::tools::Tools;

const STAYS: i32 = 2;
const LEAVES: i32 = 3;
const NOBODY: i32 = -1;

fn move_to(cluster: &Cluster, tools: &mut Tools, moves: &[(&str, &[i32])]) {
    let partitions: Vec<Value> =
        moves.iter().map(|(topic, to)| json!({"topic": topic, "partition": 0, "replicas": to})).collect();
    let plan = cluster.dir().join("plan.json");
    std::fs::write(&plan, json!({"version": 1, "partitions": partitions}).to_string()).expect("a plan");
    let (at, plan) = (cluster.bootstrap(), plan.display().to_string());
    let base = ["--bootstrap-server", &at, "--reassignment-json-file", &plan];
    let run = tools.run("kafka-reassign-partitions", &[&base[..], &["--execute"]].concat(), "");
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    for (topic, to) in moves {
        let mut isr = to.to_vec();
        isr.sort_unstable();
        cluster.wait_for("the move", |cluster| {
            let topics = cluster.topics(STAYS, &[topic]);
            let moved = topics[0]["partitions"][0]["replicaNodes"] == json!(to);
            (moved && state(cluster, STAYS, topic).1 == isr).then_some(())
        });
    }
    let run = tools.run("kafka-reassign-partitions", &[&base[..], &["--verify"]].concat(), "");
    assert!(run.out.matches("is completed").count() == moves.len(), "{}{}", run.out, run.err);
}

fn known(cluster: &Cluster) -> Vec<i64> {
    let body = json!({"endpointType": 1, "includeFencedBrokers": true});
    let told = cluster.call(STAYS, "DescribeCluster", 2, body);
    let mut ids: Vec<_> =
        told["brokers"].as_array().into_iter().flatten().filter_map(|broker| broker["brokerId"].as_i64()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn a_new_broker_takes_over_and_the_old_one_leaves_for_good() {
    let mut cluster = Cluster::start(&["controller", "broker", "broker"], &[]);
    let mut tools = Tools::start();
    let min = [("min.insync.replicas", "2")];
    create_on(&cluster, "alone", &[LEAVES], &[]);
    create_on(&cluster, "both", &[LEAVES, STAYS], &[]);
    create_on(&cluster, "left", &[LEAVES, STAYS], &min);
    for topic in ["alone", "both", "left"] {
        assert_eq!(append(&cluster, LEAVES, topic, -1, "before", 50), 0);
    }
    let before = ["alone", "both"].map(|topic| log_bytes(&cluster, LEAVES, topic, 0));

    let new = cluster.join("broker");
    cluster.wait_ready(new);
    move_to(&cluster, &mut tools, &[("alone", &[new]), ("both", &[new, STAYS])]);
    for (topic, before) in ["alone", "both"].into_iter().zip(before) {
        assert!(log_bytes(&cluster, new, topic, 0) == before, "{topic} is another one");
        cluster.wait_for("the new one leads", |cluster| (state(cluster, new, topic).0 == new).then_some(()));
        assert_eq!(append(&cluster, new, topic, -1, "after", 10), 50);
    }
    wait_equal(&cluster, &[new, STAYS], "both", 60);

    // It leaves in order, and is taken out though it still has a replica to its name.
    assert!(cluster.stop(LEAVES).success());
    wait_state(&cluster, STAYS, "left", STAYS, &[STAYS]);
    let at = format!("localhost:{}", cluster.node(new).port);
    let run = tools.run("kafka-cluster", &["unregister", "--bootstrap-server", &at, "--id", &LEAVES.to_string()], "");
    assert!(run.out.contains(&format!("Broker {LEAVES} is no longer registered.")), "{}{}", run.out, run.err);
    cluster.wait_for("it is forgotten", |cluster| (known(cluster) == [i64::from(STAYS), i64::from(new)]).then_some(()));
    append(&cluster, STAYS, "left", 1, "missed", 5);

    // It comes back with its old disk while the one that has everything is down: it must not lead with what it has.
    cluster.kill(STAYS);
    cluster.wait_for("nobody leads", |cluster| (state(cluster, new, "left").0 == NOBODY).then_some(()));
    cluster.run(LEAVES);
    cluster.wait_ready(LEAVES);
    // An election would have come with its return: a change made after that is seen, and it has not.
    create_on(&cluster, "marker", &[LEAVES], &[]);
    assert_eq!(state(&cluster, LEAVES, "left").0, NOBODY, "who was taken out leads without having caught up");
    cluster.run(STAYS);
    cluster.wait_ready(STAYS);
    wait_state(&cluster, new, "left", STAYS, &[STAYS, LEAVES]);
    wait_equal(&cluster, &[STAYS, LEAVES], "left", 55);
}
