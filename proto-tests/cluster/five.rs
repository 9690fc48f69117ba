//! Five voters: two may be gone, whoever they are; with three gone nothing is agreed on and nobody says otherwise.

use std::time::Duration;

use serde_json::json;

use super::replicas::{append, state, wait_equal};
use super::support::cluster::Cluster;
use super::support::wire::Wire;
use super::{agreed, complete, create_on, leaders};

/// Asks for a topic within a second; whether it is said to be there.
fn is_created(cluster: &Cluster, id: i32, name: &str) -> bool {
    let mut wire = cluster.wire(id).expect("it runs");
    wire.set_timeout(Duration::from_secs(5));
    let topic = json!({"name": name, "numPartitions": 1, "replicationFactor": 1, "assignments": [], "configs": []});
    let answer = wire.call("CreateTopics", 7, json!({"topics": [topic], "timeoutMs": 1_000, "validateOnly": false}));
    answer.is_ok_and(|answer| answer["topics"][0]["errorCode"] == 0)
}

#[test]
fn two_of_five_may_be_gone_and_with_three_gone_nobody_lies() {
    let mut cluster = Cluster::start(&["broker,controller"; 5], &[("offsets.topic.replication.factor", "3")]);
    cluster.create_topic_anyhow(1, "all", 10, 5);
    let topics = agreed(&cluster, &["all"], complete(10));
    assert!((1..=5).all(|id| leaders(&topics).contains(&id)), "{topics}");

    // The active one goes first, and then the one after it.
    let mut gone = Vec::new();
    for round in 0..2 {
        let alive = (1..=5).find(|id| !gone.contains(id)).expect("one that runs");
        let (active, _) =
            cluster.wait_for("a controller", |cluster| cluster.controller(alive).filter(|(id, _)| !gone.contains(id)));
        cluster.kill(active);
        gone.push(active);
        let alive: Vec<i32> = (1..=5).filter(|id| !gone.contains(id)).collect();
        cluster.create_topic_anyhow(alive[0], &format!("after-{round}"), 2, 3);
        agreed(&cluster, &["all", &format!("after-{round}")], |topics| {
            complete(12)(topics) && leaders(topics).iter().all(|id| alive.contains(&(*id as i32)))
        });
    }
    let alive: Vec<i32> = (1..=5).filter(|id| !gone.contains(id)).collect();
    create_on(&cluster, "kept", &alive, &[("min.insync.replicas", "2")]);
    assert_eq!(append(&cluster, alive[0], "kept", -1, "three", 20), 0);

    // A third one: the two that are left are no majority.
    let third = alive[2];
    cluster.kill(third);
    cluster.wait_for("nobody is said to lead the quorum", |cluster| {
        alive[..2].iter().all(|id| cluster.controller(*id).is_none()).then_some(())
    });
    for id in &alive[..2] {
        assert!(!is_created(&cluster, *id, "impossible"), "{id} says that a topic was made");
        let (leader, isr) = state(&cluster, *id, "kept");
        assert_eq!((leader, isr.len()), (alive[0], 3), "nothing was agreed on");
        let body = json!({"topics": [{"topicName": "__cluster_metadata", "partitions": [{"partitionIndex": 0}]}]});
        let mut straight = Wire::connect(cluster.node(*id).controller_port).expect("a controller");
        let told = straight.call("DescribeQuorum", 2, body).expect("an answer");
        let partition = &told["topics"][0]["partitions"][0];
        let refused = told["errorCode"] != 0 || partition["errorCode"] != 0 || partition["leaderId"] == -1;
        assert!(refused, "{id} tells of a quorum: {told}");
    }
    // What must be on everybody in sync is acknowledged by nobody while one of them is gone and cannot be left out.
    let mut wire = cluster.wire(alive[0]).expect("the leader");
    let batch = super::support::wire::Batch::of(1_700_000_000_000, &[b"open"]).base64();
    let body = json!({"transactionalId": null, "acks": -1, "timeoutMs": 500,
        "topicData": [{"name": "kept", "partitionData": [{"index": 0, "records": batch}]}]});
    let answer = wire.call("Produce", 9, body).expect("an answer");
    let code = answer["responses"][0]["partitionResponses"][0]["errorCode"].as_i64().expect("a code");
    assert_eq!(code, 7, "REQUEST_TIMED_OUT: {answer}");

    // Back again: it goes on, with what was open as well.
    cluster.run(third);
    cluster.wait_ready(third);
    cluster.create_topic_anyhow(alive[0], "again", 2, 3);
    let leader = cluster.wait_for("a leader", |cluster| {
        Some(state(cluster, alive[0], "kept")).filter(|(id, isr)| *id > 0 && isr.len() == 3).map(|(id, _)| id)
    });
    assert_eq!(append(&cluster, leader, "kept", -1, "again", 10), 21);
    for id in gone {
        cluster.run(id);
        cluster.wait_ready(id);
    }
    wait_equal(&cluster, &alive, "kept", 31);
    agreed(&cluster, &["all", "after-0", "after-1", "kept", "again"], complete(17));
}
