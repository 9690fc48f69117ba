//! Groups and transactions whose coordinator dies: the broker that leads its partition next goes on with what the log says.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use super::survival::now_ms;
use crate::support::client::{Client, Library};
use crate::support::cluster::Cluster;
use crate::support::member::{Member, Protocol, Setting};
use crate::support::metrics::{scrape, value};
use crate::support::paths::{self, Scratch};
use crate::support::reader;
use crate::support::wire::{Batch, Wire};

const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;

/// The broker that coordinates `key`, as `id` tells, once that is known.
fn coordinator(cluster: &Cluster, id: i32, kind: i8, key: &str) -> i32 {
    cluster.wait_for("a coordinator", |cluster| {
        let answer = cluster.try_call(id, "FindCoordinator", 4, json!({"keyType": kind, "coordinatorKeys": [key]}))?;
        let told = &answer["coordinators"][0];
        (told["errorCode"] == 0).then(|| told["nodeId"].as_i64()).flatten().map(|id| id as i32)
    })
}

fn leader(cluster: &Cluster, id: i32, topic: &str) -> Option<i32> {
    let leader = cluster.topics(id, &[topic])[0]["partitions"][0]["leaderId"].as_i64()?;
    (leader > 0).then_some(leader as i32)
}

fn read_by(member: &mut Member) -> usize {
    let got = member.events().iter().filter(|event| event["e"] == "got");
    got.map(|event| event["o"].as_array().map_or(0, Vec::len)).sum()
}

fn a_group_goes_on(protocol: Protocol) {
    let mut cluster = Cluster::start(&["broker,controller"; 3], &[]);
    cluster.create_topic_anyhow(1, "load", 2, 3);
    let scratch = Scratch::new("coordinators");
    let mut client = Client::start(Library::Franz, &format!("localhost:{}", cluster.node(1).port), scratch.path());
    let setting = Setting {
        library: Library::Java,
        protocol,
        bootstrap: cluster.bootstrap(),
        group: "survivors".to_string(),
        dir: scratch.path().to_path_buf(),
        more: json!({"session_ms": 10_000}),
    };
    let mut member = Member::start(&setting, "member");
    // What the group is known to have committed is there after each death, and it goes on from there.
    for round in 0..3 {
        let file = scratch.path().join(format!("acknowledged-{round}.jsonl"));
        client
            .send(json!({"op": "load", "topic": "load", "partitions": 2, "seconds": 20, "records": 500, "file": file}));
        let answer = client.answer().expect("the load ends");
        assert_eq!(answer["failed"], 0, "{answer}");
        let asked = now_ms();
        let expected = 500 * (round + 1);
        cluster.wait_for("the member has read all", |_| (read_by(&mut member) >= expected).then_some(()));
        println!("{protocol:?}, round {round}: all read after {} ms", now_ms() - asked);
        let dead = coordinator(&cluster, 1, GROUP, "survivors");
        cluster.kill(dead);
        let other = dead % 3 + 1;
        cluster.wait_for("another coordinates", |cluster| {
            (coordinator(cluster, other, GROUP, "survivors") != dead).then_some(())
        });
        cluster.run(dead);
        cluster.wait_ready(dead);
    }
    assert_eq!(read_by(&mut member), 1500, "no record was read twice or left out");
    member.leave();
}

#[test]
fn a_classic_group_goes_on_when_its_coordinator_is_killed() {
    a_group_goes_on(Protocol::Classic);
}

#[test]
fn a_consumer_group_goes_on_when_its_coordinator_is_killed() {
    a_group_goes_on(Protocol::Consumer);
}

#[test]
fn the_lag_of_partitions_elsewhere_is_told_by_the_coordinator() {
    let port = paths::free_port();
    // Each node on a loopback address of its own.
    let cluster = Cluster::start(&["broker,controller"; 3], &[("ottla.http.address", &format!("127.0.0.%ID%:{port}"))]);
    cluster.create_topic_anyhow(1, "scattered", 3, 1);
    let leaders: Vec<i32> = (0..3)
        .map(|partition| {
            cluster.wait_for("a leader", |cluster| {
                let topics = cluster.topics(1, &["scattered"]);
                let mut partitions = topics[0]["partitions"].as_array()?.iter();
                let leader = partitions.find(|p| p["partitionIndex"] == partition)?["leaderId"].as_i64()?;
                (leader > 0).then_some(leader as i32)
            })
        })
        .collect();
    for (partition, leader) in (0..).zip(&leaders) {
        let mut wire = Wire::connect(cluster.node(*leader).port).expect("a connection");
        cluster.wait_for("the leader to know that it leads", |cluster| {
            let topics = cluster.topics(*leader, &["scattered"]);
            let mut partitions = topics[0]["partitions"].as_array()?.iter();
            partitions.find(|p| p["partitionIndex"] == partition && p["errorCode"] == 0).map(|_| ())
        });
        reader::list(&mut wire, "scattered", partition, -1);
        for age_ms in [600_000, 300_000, 0] {
            let batch = Batch::of(now_ms() - age_ms, &[b"a", b"b"]);
            reader::append(&mut wire, "scattered", partition, batch.base64());
        }
    }
    let home = coordinator(&cluster, 1, GROUP, "measured");
    assert!(leaders.iter().any(|leader| *leader != home), "all are led by the coordinator: {leaders:?}");
    let of = |p: i32| json!({"partitionIndex": p, "committedOffset": 2, "committedMetadata": ""});
    let body = json!({"groupId": "measured", "generationIdOrMemberEpoch": -1, "memberId": "",
        "topics": [{"name": "scattered", "partitions": [of(0), of(1), of(2)]}]});
    cluster.wait_for("the commit", |cluster| {
        let answer = cluster.try_call(home, "OffsetCommit", 8, body.clone())?;
        (answer["topics"][0]["partitions"][0]["errorCode"] == 0).then_some(())
    });
    cluster.wait_for("the lag in all partitions", |_| {
        let page = scrape(&format!("127.0.0.{home}"), port)?;
        let of = |metric: &str, p: i32| {
            let series = format!(
                r#"kafka_consumergroup_{metric}{{consumergroup="measured",topic="scattered",partition="{p}"}}"#
            );
            value(&page, &series)
        };
        let age = 300.0..400.0;
        let told = |p: i32| of("lag", p) == Some(4.0) && of("lag_seconds", p).is_some_and(|s| age.contains(&s));
        (0..3).all(told).then_some(())
    });
}

#[test]
fn transactions_end_when_their_coordinator_is_killed() {
    let overrides = [("transaction.state.log.num.partitions", "4")];
    let mut cluster = Cluster::start(&["broker,controller"; 3], &overrides);
    cluster.create_topic_anyhow(1, "moved", 1, 3);
    let scratch = Scratch::new("coordinators");
    let mut client = Client::start(Library::Java, &cluster.bootstrap(), scratch.path());
    client.send(
        json!({"op": "transact", "topic": "moved", "transactions": 300, "records": 5, "start": 0, "open": false}),
    );
    for _ in 0..2 {
        std::thread::sleep(Duration::from_secs(2));
        let dead = coordinator(&cluster, 1, TRANSACTION, "tx-moved");
        cluster.kill(dead);
        std::thread::sleep(Duration::from_secs(2));
        cluster.run(dead);
        cluster.wait_ready(dead);
    }
    client.answer().expect("every transaction ends");
    let leader = cluster.wait_for("a leader", |cluster| leader(cluster, 1, "moved"));
    let contents = cluster.wait_for("no transaction is open", |cluster| {
        let mut wire = Wire::connect(cluster.node(leader).port).ok()?;
        let contents = reader::read(&mut wire, "moved", 0, true);
        (contents.stable == contents.end).then_some(contents)
    });
    // 300 transactions of five records and a marker, and a plain record in each. A new coordinator sends the markers again that
    // it does not know to be written: a second one for the same epoch decides nothing, and Apache Kafka has it as well.
    let heads = reader::batches(&contents.bytes);
    let of_kind = |control: bool| heads.iter().filter(move |head| head.is_control == control);
    assert_eq!(of_kind(false).map(|head| i64::from(head.count)).sum::<i64>(), 300 * 6, "nothing is there twice");
    let decided: BTreeSet<_> = of_kind(true).map(|head| head.producer).collect();
    assert_eq!(decided.len(), 300, "each transaction ended once, by its epoch");
    assert_eq!(contents.end, 300 * 6 + of_kind(true).count() as i64, "no offset was left out");
    assert_eq!(contents.aborted.len(), 100, "every third was aborted");
}
