//! A partition that comes to be led by a broker while that broker asks the transaction's coordinator about others.

use std::time::Duration;

use serde_json::{Value, json};

use super::faults::{self, Producer, TRANSACTIONAL, batch};
use crate::support::cluster::Cluster;
use crate::support::wire::Wire;

const ID: &str = "moved";
const NOT_LEADER_OR_FOLLOWER: i64 = 6;

/// A topic of one partition on these nodes, the first of which leads.
fn create(cluster: &Cluster, by: i32, name: &str, nodes: &[i32]) {
    let assignment = json!([{"partitionIndex": 0, "brokerIds": nodes}]);
    let topic =
        json!({"name": name, "numPartitions": -1, "replicationFactor": -1, "assignments": assignment, "configs": []});
    let answer =
        cluster.call(by, "CreateTopics", 7, json!({"topics": [topic], "timeoutMs": 20_000, "validateOnly": false}));
    assert_eq!(answer["topics"][0]["errorCode"], 0, "{answer}");
    led_by(cluster, name, nodes[0]);
}

/// Waits until every broker that is to be asked says who leads.
fn led_by(cluster: &Cluster, name: &str, node: i32) {
    cluster.wait_for("it leads, and knows", |cluster| {
        let told = cluster.topics(node, &[name])[0]["partitions"][0]["leaderId"].as_i64();
        (told == Some(node.into())).then_some(())
    });
}

/// A record of a transaction for each of these topics, in one request that adds them to it (KIP-890).
fn send(wire: &mut Wire, of: Producer, topics: &[&str]) -> i32 {
    let records = batch(of, 0, 1, TRANSACTIONAL).base64();
    let data = |topic: &&str| json!({"name": topic, "partitionData": [{"index": 0, "records": records}]});
    let data: Vec<Value> = topics.iter().map(data).collect();
    wire.send("Produce", 12, json!({"transactionalId": ID, "acks": -1, "timeoutMs": 20_000, "topicData": data}))
        .expect("it is sent")
}

/// The errors of the answer, topic by topic.
fn told(wire: &mut Wire, id: i32) -> Vec<i64> {
    let answer = wire.receive("Produce", 12, id).expect("an answer");
    let code = |topic: &Value| topic["partitionResponses"][0]["errorCode"].as_i64().expect("a code");
    answer["responses"].as_array().expect("topics").iter().map(code).collect()
}

#[test]
fn a_partition_that_is_led_only_since_the_coordinator_was_asked_is_tried_again() {
    let overrides = [
        ("transaction.state.log.num.partitions", "3"),
        ("transaction.state.log.replication.factor", "1"),
        ("transaction.state.log.min.isr", "1"),
        // A question is held back for so long while the transaction before is still being ended.
        ("add.partitions.to.txn.retry.backoff.max.ms", "60000"),
    ];
    let cluster = Cluster::start(&["controller", "broker", "broker", "broker"], &overrides);
    let home = faults::coordinator(&cluster, 2, ID);
    let mut others = (2..=4).filter(|node| *node != home);
    let (near, asleep) = (others.next().expect("a broker"), others.next().expect("another"));
    create(&cluster, home, "asleep", &[asleep]);
    create(&cluster, home, "near", &[near]);
    create(&cluster, home, "moved", &[home, near]);
    let wire = |node: i32| {
        let wire = Wire::connect(cluster.node(node).port).expect("a connection");
        wire.set_timeout(Duration::from_secs(60));
        wire
    };

    // A transaction whose end has to wait for a leader that sleeps.
    let first = faults::init(&mut wire(home), Some(ID), 60_000);
    let mut at = wire(asleep);
    let sent = send(&mut at, first, &["asleep"]);
    assert_eq!(told(&mut at, sent), [0]);
    cluster.signal(asleep, "STOP");
    let ended = faults::end(&mut wire(home), ID, first, true, 5);
    assert_eq!(ended["errorCode"], 0, "{ended}");
    let next = Producer { id: first.id, epoch: ended["producerEpoch"].as_i64().expect("an epoch") };

    // The next one begins with a partition that is led where it is sent to, and with one that is led there only later.
    let mut at = wire(near);
    let sent = send(&mut at, next, &["near", "moved"]);
    std::thread::sleep(Duration::from_millis(500));
    let wanted = json!({"partitionIndex": 0, "replicas": [near, home]});
    let body = json!({"timeoutMs": 10_000, "topics": [{"name": "moved", "partitions": [wanted]}]});
    let answer = cluster.call(home, "AlterPartitionReassignments", 0, body);
    assert_eq!(answer["errorCode"], 0, "{answer}");
    let body =
        json!({"electionType": 0, "timeoutMs": 10_000, "topicPartitions": [{"topic": "moved", "partitions": [0]}]});
    cluster.wait_for("the other one leads", |cluster| {
        cluster.try_call(home, "ElectLeaders", 2, body.clone())?;
        let told = cluster.topics(near, &["moved"])[0]["partitions"][0]["leaderId"].as_i64();
        (told == Some(near.into())).then_some(())
    });
    cluster.signal(asleep, "CONT");
    assert_eq!(told(&mut at, sent), [0, NOT_LEADER_OR_FOLLOWER]);

    // Which a client answers by sending it again.
    let sent = send(&mut at, next, &["moved"]);
    assert_eq!(told(&mut at, sent), [0]);
    let ended = faults::end(&mut wire(home), ID, next, true, 5);
    assert_eq!(ended["errorCode"], 0, "{ended}");
}
