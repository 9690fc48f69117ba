//! Five voters: two may be gone, whoever they are; with three gone nothing is agreed on and nobody says otherwise.

use serde_json::json;

use super::replicas::{append, state, wait_equal};
use super::support::cluster::Cluster;
use super::support::wire::{Batch, Wire};
use super::{agreed, complete, create_on, leaders};

/// The answer's code to one who asks for a topic within a second.
fn asked_for_topic(cluster: &Cluster, id: i32, name: &str) -> i64 {
    let topic = json!({"name": name, "numPartitions": 1, "replicationFactor": 1, "assignments": [], "configs": []});
    let answer =
        cluster.call(id, "CreateTopics", 7, json!({"topics": [topic], "timeoutMs": 1_000, "validateOnly": false}));
    answer["topics"][0]["errorCode"].as_i64().expect("a code")
}

/// Whether the quorum is described, by a controller that is asked straight.
fn is_described(cluster: &Cluster, id: i32) -> bool {
    let body = json!({"topics": [{"topicName": "__cluster_metadata", "partitions": [{"partitionIndex": 0}]}]});
    let mut straight = Wire::connect(cluster.node(id).controller_port).expect("a controller");
    let told = straight.call("DescribeQuorum", 2, body).expect("an answer");
    let partition = &told["topics"][0]["partitions"][0];
    told["errorCode"] == 0 && partition["errorCode"] == 0 && partition["leaderId"].as_i64().is_some_and(|id| id >= 0)
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
    std::thread::scope(|scope| {
        let cluster = &cluster;
        for id in &alive[..2] {
            scope.spawn(move || {
                let code = asked_for_topic(cluster, *id, "impossible");
                assert_ne!(code, 0, "{id} says that a topic was made");
                println!("node {id} refuses a topic with {code}");
            });
            // Who led until now may say so for a moment.
            scope.spawn(move || {
                cluster.wait_for("a broker says that nobody leads", |cluster| {
                    cluster.controller(*id).is_none().then_some(())
                });
            });
            scope.spawn(move || {
                cluster.wait_for("a controller says so", |cluster| (!is_described(cluster, *id)).then_some(()));
            });
        }
    });
    for id in &alive[..2] {
        let (leader, isr) = state(&cluster, *id, "kept");
        assert_eq!((leader, isr.len()), (alive[0], 3), "something was agreed on");
        assert_eq!(cluster.topics(*id, &["impossible"])[0]["errorCode"], 3, "{id} knows a topic that is none");
    }
    // What must be on everybody in sync is acknowledged by nobody while one of them is gone and cannot be left out.
    let mut wire = cluster.wire(alive[0]).expect("the leader");
    let batch = Batch::of(1_700_000_000_000, &[b"open"]).base64();
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
