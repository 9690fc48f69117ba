//! Processes that are killed, stopped and asked to end, while all else is well.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::arena::{self, Arena, PARTITIONS, SETTINGS, TOPIC};
use crate::support::client::Library;
use crate::support::cluster::Cluster;
use crate::support::member::{Member, Protocol, Setting};

const COMBINED: [&str; 3] = ["broker,controller"; 3];

/// What a broker says that ends before others lead what it led.
const NOT_MOVED: &str = "although not all that it leads could be moved";

fn planned() -> Cluster {
    Cluster::plan(&COMBINED, &SETTINGS, |_| Default::default())
}

fn other_than(id: i32) -> i32 {
    id % 3 + 1
}

#[test]
fn killed_processes() {
    let mut arena = Arena::start(planned());

    arena.faults(&[1], |cluster, span| {
        let end = Instant::now() + span;
        let mut round = 0;
        while Instant::now() < end {
            let victim = arena::leader(cluster, round % 3 + 1, TOPIC, round % PARTITIONS);
            let killed = Instant::now();
            cluster.kill(victim);
            arena::others_lead(cluster, other_than(victim), victim);
            let took = killed.elapsed();
            println!("  node {victim} killed: others lead after {took:?}");
            assert!(took < Duration::from_secs(15));
            cluster.run(victim);
            cluster.wait_ready(victim);
            arena::in_sync_again(cluster);
            round += 1;
        }
    });

    arena.faults(&[2], |cluster, _| {
        for id in 1..=3 {
            cluster.kill(id);
        }
        let began = Instant::now();
        cluster.run_all();
        println!("  all killed: all serve after {:?}", began.elapsed());
    });

    // Both others are gone: the one that leads has nobody whom it may count.
    arena.faults(&[23], |cluster, _| {
        let leader = arena::leader(cluster, 1, TOPIC, 0);
        let (first, last) = (other_than(leader), other_than(other_than(leader)));
        cluster.signal(first, "STOP");
        cluster.wait_for("it is no longer in sync", |cluster| {
            let isr = arena::in_sync(cluster, leader, TOPIC);
            (*arena::leaders(cluster, leader, TOPIC).first()? == leader && !isr.first()?.contains(&i64::from(first)))
                .then_some(())
        });
        cluster.kill(last);
        for n in 0..3 {
            let answer = arena::produce(cluster, leader, TOPIC, 0, &format!("not-to-be-acknowledged-{n}"), 500);
            if let Some((code, _)) = answer {
                assert!([7, 19, 20, 6].contains(&code), "an acknowledgement by one of three: {code}");
            }
        }
        cluster.run(last);
        cluster.signal(first, "CONT");
        cluster.wait_ready(last);
    });

    for id in 1..=3 {
        arena.faults(&[73], |cluster, _| {
            let asked = Instant::now();
            assert!(cluster.stop(id).success());
            let took = asked.elapsed();
            println!("  node {id} stopped in {took:?}");
            assert!(took < Duration::from_secs(30));
            assert!(!cluster.log_text(id).contains(NOT_MOVED), "it still led when it ended\n{}", cluster.log_text(id));
            arena::others_lead(cluster, other_than(id), id);
            assert!(cluster.data(id).join(".kafka_cleanshutdown").exists(), "no mark of a clean stop");
            cluster.run(id);
            cluster.wait_ready(id);
            arena::in_sync_again(cluster);
        });
    }
}

#[test]
fn sleeping_leaders() {
    let mut arena = Arena::start(planned());
    for sleeper in [1, 2] {
        arena.faults(&[6, 7, 19], |cluster, span| {
            let other = other_than(sleeper);
            let mine: Vec<i32> =
                (0..PARTITIONS).filter(|p| arena::leader(cluster, other, TOPIC, *p) == sleeper).collect();
            // A follower falls silent just before: the leader is about to have it taken out of the ISR when it falls asleep.
            let silent = other_than(other);
            cluster.signal(silent, "STOP");
            std::thread::sleep(Duration::from_millis(1700));
            cluster.signal(silent, "CONT");
            cluster.signal(sleeper, "STOP");
            let slept = Instant::now();
            arena::others_lead(cluster, other, sleeper);
            println!("  node {sleeper} asleep: others lead after {:?}", slept.elapsed());
            std::thread::sleep(span.saturating_sub(slept.elapsed()));
            cluster.signal(sleeper, "CONT");
            // It believes to lead for a moment yet.
            for n in 0..20 {
                for partition in &mine {
                    let told = arena::produce(cluster, sleeper, TOPIC, *partition, &format!("zombie-{n}"), 300);
                    let leads_again = arena::leader(cluster, other, TOPIC, *partition) == sleeper;
                    if let Some((code, offset)) = told {
                        assert!(code != 0 || leads_again, "the old leader acknowledged at {offset}");
                    }
                }
            }
        });
    }
}

#[test]
fn killed_coordinators() {
    let mut cluster = planned();
    for (key, value) in crate::support::member::PROPERTIES {
        for id in 1..=3 {
            cluster.set(id, key, value);
        }
    }
    let mut arena = Arena::start(cluster);
    let bootstrap = arena.cluster.bootstrap();
    let dir = arena.scratch.path().to_path_buf();
    let setting = |library, protocol, group: &str| Setting {
        library,
        protocol,
        bootstrap: bootstrap.clone(),
        group: group.to_owned(),
        dir: dir.clone(),
        more: json!({"topic": TOPIC, "reset": "latest"}),
    };
    let groups = [
        ("joining-classic", [Library::Franz, Library::Franz], Protocol::Classic),
        ("joining-consumer", [Library::Confluent, Library::Confluent], Protocol::Consumer),
    ];
    for (kind, libraries, protocol) in groups {
        arena.repeated_faults(&[57], |cluster, times| {
            let group = &format!("{kind}-{times}");
            let mut members = Vec::new();
            for (n, library) in libraries.into_iter().enumerate() {
                let first = coordinator(cluster, group);
                members.push(Member::start(&setting(library, protocol, group), &format!("{group}-{n}")));
                // While it joins.
                std::thread::sleep(Duration::from_millis(300));
                cluster.kill(first);
                cluster.wait_for("another coordinates", |cluster| {
                    (coordinator_by(cluster, other_than(first), group)? != first).then_some(())
                });
                cluster.run(first);
                cluster.wait_ready(first);
            }
            cluster.wait_for("each partition has one owner", |_| {
                let owned: Vec<String> = members.iter_mut().flat_map(|member| member.owned().clone()).collect();
                let distinct: std::collections::BTreeSet<_> = owned.iter().collect();
                let settled = distinct.len() == PARTITIONS as usize && owned.len() == distinct.len();
                (settled && members.iter_mut().all(|member| !member.owned().is_empty())).then_some(())
            });
            // What members saw as committed is there after the coordinator's next death.
            std::thread::sleep(Duration::from_secs(1));
            let before = cluster.wait_for("something is committed", |cluster| {
                Some(committed(cluster, group)).filter(|now| !now.is_empty())
            });
            let dead = coordinator(cluster, group);
            cluster.kill(dead);
            cluster.run(dead);
            cluster.wait_ready(dead);
            let after = cluster.wait_for("the offsets are told", |cluster| {
                Some(committed(cluster, group)).filter(|now| !now.is_empty())
            });
            assert!(before.iter().zip(&after).all(|(b, a)| b <= a), "{before:?} were committed, {after:?} are");
            members.iter_mut().for_each(Member::leave);
        });
    }
}

fn coordinator_by(cluster: &Cluster, id: i32, group: &str) -> Option<i32> {
    let answer = cluster.try_call(id, "FindCoordinator", 4, json!({"keyType": 0, "coordinatorKeys": [group]}))?;
    let told = &answer["coordinators"][0];
    (told["errorCode"] == 0).then(|| told["nodeId"].as_i64()).flatten().map(|id| id as i32)
}

fn coordinator(cluster: &Cluster, group: &str) -> i32 {
    cluster.wait_for("a coordinator", |cluster| coordinator_by(cluster, 1, group))
}

/// The offsets that the group has committed, by partition; nothing while its coordinator cannot tell.
fn committed(cluster: &Cluster, group: &str) -> Vec<i64> {
    let asked = json!({"groupId": group, "topics": [{"name": TOPIC, "partitionIndexes": [0, 1, 2]}]});
    let at = coordinator(cluster, group);
    let Some(answer) = cluster.try_call(at, "OffsetFetch", 8, json!({"groups": [asked], "requireStable": true})) else {
        return Vec::new();
    };
    let told = &answer["groups"][0];
    if told["errorCode"] != 0 {
        return Vec::new();
    }
    let partitions = told["topics"][0]["partitions"].as_array().cloned().unwrap_or_default();
    let mut offsets: Vec<_> = partitions
        .iter()
        .map(|p| (p["partitionIndex"].as_i64(), p["committedOffset"].as_i64().unwrap_or(-1)))
        .collect();
    offsets.sort_unstable();
    offsets.into_iter().map(|(_, offset)| offset).collect()
}
