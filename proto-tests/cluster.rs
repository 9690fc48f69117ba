//! Three nodes as three processes: one cluster that agrees with itself whatever single node ends, however it ends.
//!
//! The metadata quorum, the brokers' lives, the elections, and what of clients' records and groups survives them all.

mod support;

#[path = "cluster/balance.rs"]
mod balance;
#[path = "cluster/broker_requests.rs"]
mod broker_requests;
#[path = "cluster/coordinators.rs"]
mod coordinators;
#[path = "cluster/faults.rs"]
mod faults;
#[path = "cluster/five.rs"]
mod five;
#[path = "cluster/frames.rs"]
mod frames;
#[path = "cluster/log_dirs.rs"]
mod log_dirs;
#[path = "cluster/nearest.rs"]
mod nearest;
#[path = "cluster/newcomers.rs"]
mod newcomers;
#[path = "cluster/racks.rs"]
mod racks;
#[path = "cluster/replicas.rs"]
mod replicas;
#[path = "cluster/script.rs"]
mod script;
#[path = "cluster/snapshots.rs"]
mod snapshots;
#[path = "cluster/strays.rs"]
mod strays;
#[path = "cluster/survival.rs"]
mod survival;
#[path = "cluster/throttles.rs"]
mod throttles;
#[path = "cluster/unclean.rs"]
mod unclean;
#[path = "cluster/voters.rs"]
mod voters;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::cluster::Cluster;
use support::tools::Tools;

const COMBINED: [&str; 3] = ["broker,controller"; 3];
const INTERNAL_TOPICS_ALONE: [(&str, &str); 1] = [("offsets.topic.replication.factor", "3")];

fn leaders(topics: &Value) -> Vec<i64> {
    let partitions = topics.as_array().into_iter().flatten().flat_map(|t| t["partitions"].as_array().cloned());
    partitions.flatten().map(|p| p["leaderId"].as_i64().unwrap_or(-1)).collect()
}

/// Waits until every running broker tells the same of the topics, and says what.
fn agreed(cluster: &Cluster, names: &[&str], check: impl Fn(&Value) -> bool) -> Value {
    cluster.wait_for("all brokers tell the same", |cluster| {
        let running = cluster.brokers().into_iter().filter(|id| cluster.is_running(*id));
        let told: Vec<Value> = running.map(|id| cluster.topics(id, names)).collect();
        (told.windows(2).all(|pair| pair[0] == pair[1]) && check(&told[0])).then(|| told[0].clone())
    })
}

/// Makes a topic of one partition on these brokers, the first of which is to lead.
fn create_on(cluster: &Cluster, name: &str, replicas: &[i32], configs: &[(&str, &str)]) {
    let configs: Vec<_> = configs.iter().map(|(key, value)| json!({"name": key, "value": value})).collect();
    let topic = json!({"name": name, "numPartitions": -1, "replicationFactor": -1, "configs": configs,
        "assignments": [{"partitionIndex": 0, "brokerIds": replicas}]});
    let body = json!({"topics": [topic], "timeoutMs": 20_000, "validateOnly": false});
    let answer = cluster.call(replicas[0], "CreateTopics", 7, body);
    assert_eq!(answer["topics"][0]["errorCode"], 0, "{answer}");
    agreed(cluster, &[name], |topics| leaders(topics) == [i64::from(replicas[0])]);
}

fn complete(partitions: usize) -> impl Fn(&Value) -> bool {
    move |topics| {
        let all = leaders(topics);
        all.len() == partitions && all.iter().all(|leader| *leader > 0)
    }
}

#[test]
fn three_nodes_are_one_cluster() {
    let cluster = Cluster::start(&COMBINED, &INTERNAL_TOPICS_ALONE);
    for id in 1..=3 {
        assert_eq!(cluster.create_topic(id, &format!("through-{id}"), 6, 3), 0, "{}", cluster.tail(id));
    }
    let topics = agreed(&cluster, &["through-1", "through-2", "through-3"], complete(18));
    let all = leaders(&topics);
    for id in 1..=3 {
        assert_eq!(all.iter().filter(|leader| **leader == id).count(), 6, "leaderships are spread: {all:?}");
    }
    let clusters: Vec<Value> = (1..=3)
        .map(|id| {
            let mut told = cluster.call(id, "DescribeCluster", 1, json!({"endpointType": 1}));
            told["controllerId"] = json!("any");
            told
        })
        .collect();
    assert!(clusters.windows(2).all(|pair| pair[0] == pair[1]), "{clusters:?}");
    assert_eq!(clusters[0]["brokers"].as_array().map(Vec::len), Some(3));
    let quorums: Vec<_> = (1..=3).map(|id| cluster.controller(id)).collect();
    assert!(quorums[0].is_some() && quorums.windows(2).all(|pair| pair[0] == pair[1]), "{quorums:?}");
    // Producer ids come from blocks that the controller gives to each broker.
    let mut ids: Vec<i64> = (1..=3)
        .map(|id| {
            let body =
                json!({"transactionalId": null, "transactionTimeoutMs": 1000, "producerId": -1, "producerEpoch": -1});
            cluster.call(id, "InitProducerId", 4, body)["producerId"].as_i64().expect("an id")
        })
        .collect();
    ids.sort_unstable();
    assert!(ids[0] >= 0 && ids.windows(2).all(|pair| pair[1] - pair[0] >= 1000), "{ids:?}");
}

#[test]
fn kafkas_tool_describes_the_quorum() {
    let cluster = Cluster::start(&["broker,controller", "broker,controller", "broker,controller", "broker"], &[]);
    let mut tools = Tools::start();
    let any = format!("localhost:{}", cluster.node(4).port);
    let (leader, epoch) = cluster.controller(4).expect("somebody leads");
    let status = tools.run("kafka-metadata-quorum", &["--bootstrap-server", &any, "describe", "--status"], "");
    assert_eq!(status.code, 0, "{}{}", status.out, status.err);
    let field = |name: &str| {
        let line = status.out.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    assert_eq!((field("LeaderId"), field("LeaderEpoch")), (leader.to_string(), epoch.to_string()), "{}", status.out);
    assert_eq!(field("MaxFollowerLag"), "0", "{}", status.out);
    for node in &cluster.nodes[..3] {
        assert!(field("CurrentVoters").contains(&format!("CONTROLLER://localhost:{}", node.controller_port)));
    }
    let replicas = tools.run("kafka-metadata-quorum", &["--bootstrap-server", &any, "describe", "--replication"], "");
    let mut seen: Vec<(String, String)> = replicas
        .out
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|words| words.len() > 3)
        .map(|words| (words[0].to_owned(), words[words.len() - 1].to_owned()))
        .collect();
    seen.sort();
    let expected = |id: i32| {
        if id == leader {
            "Leader"
        } else if id == 4 {
            "Observer"
        } else {
            "Follower"
        }
    };
    let all: Vec<_> = (1..=4).map(|id| (id.to_string(), expected(id).to_owned())).collect();
    assert_eq!(seen, all, "{}", replicas.out);
    // Straight to a controller (KIP-919).
    let controller = format!("localhost:{}", cluster.node(1).controller_port);
    let direct =
        tools.run("kafka-metadata-quorum", &["--bootstrap-controller", &controller, "describe", "--status"], "");
    assert!(direct.out.contains(&format!("LeaderId:               {leader}")), "{}{}", direct.out, direct.err);
}

#[test]
fn a_new_controller_leads_when_the_active_one_is_killed() {
    let mut cluster = Cluster::start(&COMBINED, &[]);
    let names: Vec<String> = (0..3).map(|round| format!("round-{round}")).collect();
    for (round, name) in names.iter().enumerate() {
        cluster.create_topic_anyhow(1, name, 6, 3);
        let (old, epoch) = cluster.wait_for("a controller", |cluster| cluster.controller(1));
        let killed = Instant::now();
        cluster.kill(old);
        let other = if old == 1 { 2 } else { 1 };
        let (new, _) = cluster.wait_for("a new controller", |cluster| {
            cluster.controller(other).filter(|(id, at)| *id != old && *at > epoch)
        });
        let took = killed.elapsed();
        assert!(took < Duration::from_secs(2), "round {round}: node {new} led only after {took:?}");
        cluster.create_topic_anyhow(other, &format!("after-{round}"), 3, 2);
        assert!(killed.elapsed() < Duration::from_secs(4), "round {round}: topics only after {:?}", killed.elapsed());
        agreed(&cluster, &[name, &format!("after-{round}")], |topics| {
            complete(9)(topics) && !leaders(topics).contains(&i64::from(old))
        });
        cluster.run(old);
        cluster.wait_ready(old);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    agreed(&cluster, &names, complete(18));
}

#[test]
fn the_leaderships_of_a_killed_broker_move_at_once() {
    let mut cluster = Cluster::start(&["controller", "broker", "broker", "broker"], &[]);
    cluster.create_topic_anyhow(2, "moving", 6, 3);
    agreed(&cluster, &["moving"], |topics| complete(6)(topics) && leaders(topics).contains(&3));
    let killed = Instant::now();
    cluster.kill(3);
    agreed(&cluster, &["moving"], |topics| complete(6)(topics) && !leaders(topics).contains(&3));
    let took = killed.elapsed();
    assert!(took < Duration::from_secs(2), "they moved only after {took:?}: a session is nine seconds");
    // The broker that comes back under the same number is let in, though its session has not ended.
    let restarted = Instant::now();
    cluster.run(3);
    cluster.wait_ready(3);
    assert!(restarted.elapsed() < Duration::from_secs(3), "it was back only after {:?}", restarted.elapsed());
}

#[test]
fn a_broker_that_stops_in_order_gives_its_leaderships_away_first() {
    let mut cluster = Cluster::start(&["controller", "broker", "broker"], &[]);
    cluster.create_topic_anyhow(2, "handed-over", 4, 2);
    agreed(&cluster, &["handed-over"], |topics| complete(4)(topics) && leaders(topics).contains(&2));
    assert!(cluster.stop(2).success());
    // No waiting: before the process had ended, nobody was led by it any more.
    let topics = cluster.topics(3, &["handed-over"]);
    assert_eq!(leaders(&topics), [3; 4], "{topics}");
    let started = Instant::now();
    cluster.run(2);
    cluster.wait_ready(2);
    assert!(started.elapsed() < Duration::from_secs(2), "it was back only after {:?}", started.elapsed());
}

#[test]
fn a_frozen_broker_is_fenced_when_its_session_ends_and_comes_back() {
    let overrides = [("broker.session.timeout.ms", "3000"), ("broker.heartbeat.interval.ms", "500")];
    let cluster = Cluster::start(&["controller", "broker", "broker"], &overrides);
    cluster.create_topic_anyhow(2, "frozen", 4, 2);
    agreed(&cluster, &["frozen"], |topics| complete(4)(topics) && leaders(topics).contains(&3));
    cluster.signal(3, "STOP");
    cluster.wait_for("its leaderships move", |cluster| {
        let topics = cluster.topics(2, &["frozen"]);
        (leaders(&topics) == [2; 4]).then_some(())
    });
    cluster.signal(3, "CONT");
    cluster.wait_for("it is back", |cluster| {
        let brokers = cluster.call(2, "Metadata", 12, json!({"topics": []}))["brokers"].clone();
        (brokers.as_array().map(Vec::len) == Some(2)).then_some(())
    });
}

#[test]
fn what_was_agreed_on_is_there_after_all_were_killed() {
    let mut cluster = Cluster::start(&COMBINED, &[]);
    for n in 0..5 {
        cluster.create_topic_anyhow(n % 3 + 1, &format!("kept-{n}"), 2, 3);
    }
    let names = ["kept-0", "kept-1", "kept-2", "kept-3", "kept-4"];
    let before = agreed(&cluster, &names, complete(10));
    for id in 1..=3 {
        cluster.kill(id);
    }
    for id in 1..=3 {
        cluster.run(id);
    }
    for id in 1..=3 {
        cluster.wait_ready(id);
    }
    let after = agreed(&cluster, &names, complete(10));
    let ids = |topics: &Value| -> Vec<Value> {
        topics.as_array().into_iter().flatten().map(|topic| topic["topicId"].clone()).collect()
    };
    assert_eq!(ids(&before), ids(&after));
}
