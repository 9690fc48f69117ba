//! What the cluster has agreed on, while those who agree on it die, and brokers that missed it. Three combined nodes and a broker.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::arena::{self, Arena, SETTINGS, TOPIC};
use crate::disk::Volume;
use crate::records;
use crate::support::cluster::Cluster;
use crate::support::paths;
use crate::support::process::Process;
use crate::support::reader;
use crate::support::record;

const ROLES: [&str; 4] = ["broker,controller", "broker,controller", "broker,controller", "broker"];
const LATE: i32 = 4;

fn planned() -> Cluster {
    Cluster::plan(&ROLES, &SETTINGS, |_| Default::default())
}

/// Sends an operation until it is told that it was done, or had been done before.
fn until_done(cluster: &Cluster, by: i32, api: &str, version: i16, body: &Value, done: &[i64]) {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(answer) = cluster.try_call(by, api, version, body.clone()) {
            let list = ["topics", "responses", "results"].iter().find_map(|name| answer[*name].as_array().cloned());
            let code = list.and_then(|list| list.first()?["errorCode"].as_i64());
            if code.is_some_and(|code| done.contains(&code)) {
                return;
            }
        }
        assert!(Instant::now() < end, "{api} cannot be done: {body}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

fn name(n: i64) -> String {
    format!("changing-{n}")
}

/// A topic is made, grows, is given a setting, and goes; each step told to a broker that may know less than another.
fn change(cluster: &Cluster, n: i64) {
    let topic = name(n);
    let create = json!({"name": topic, "numPartitions": 4, "replicationFactor": 3, "assignments": [], "configs": []});
    until_done(
        cluster,
        LATE,
        "CreateTopics",
        7,
        &json!({"topics": [create], "timeoutMs": 5000, "validateOnly": false}),
        &[0, 36],
    );
    let grow = json!({"name": topic, "count": 6, "assignments": null});
    until_done(
        cluster,
        LATE,
        "CreatePartitions",
        3,
        &json!({"topics": [grow], "timeoutMs": 5000, "validateOnly": false}),
        &[0, 37],
    );
    let set = json!({"resourceType": 2, "resourceName": topic, "configs": [{"name": "retention.ms", "configOperation": 0, "value": "777000"}]});
    until_done(cluster, LATE, "IncrementalAlterConfigs", 1, &json!({"resources": [set], "validateOnly": false}), &[0]);
    if n % 2 == 1 {
        let gone = json!({"name": topic, "topicId": null});
        until_done(cluster, LATE, "DeleteTopics", 6, &json!({"topics": [gone], "timeoutMs": 5000}), &[0, 3]);
    }
}

fn setting(cluster: &Cluster, id: i32, topic: &str) -> Option<String> {
    let asked = json!({"resourceType": 2, "resourceName": topic, "configurationKeys": ["retention.ms"]});
    let answer = cluster.try_call(
        id,
        "DescribeConfigs",
        4,
        json!({"resources": [asked], "includeSynonyms": false, "includeDocumentation": false}),
    )?;
    answer["results"][0]["configs"][0]["value"].as_str().map(str::to_owned)
}

#[test]
fn metadata_whose_controllers_die() {
    let mut arena = Arena::start(planned());
    arena.faults(&[61], |cluster, span| {
        let (over, made) = (AtomicBool::new(false), AtomicI64::new(0));
        // What changes is asked through a broker that is no controller and never dies.
        let asked = cluster.for_asking();
        let seen = std::thread::scope(|scope| {
            let changes = scope.spawn(|| {
                let mut n = 0;
                while !over.load(Ordering::Relaxed) {
                    change(&asked, n);
                    n += 1;
                    made.store(n, Ordering::Relaxed);
                }
                n
            });
            let end = Instant::now() + span.max(Duration::from_secs(8));
            // A slow machine may change little in that time.
            let enough = || made.load(Ordering::Relaxed) >= 2 || Instant::now() > end + Duration::from_secs(60);
            while Instant::now() < end || !enough() {
                let (active, _) = cluster.wait_for("a controller", |cluster| cluster.controller(LATE));
                cluster.kill(active);
                std::thread::sleep(Duration::from_millis(1500));
                cluster.run(active);
                cluster.wait_ready(active);
            }
            over.store(true, Ordering::Relaxed);
            changes.join().expect("the changes are made")
        });
        println!("  {seen} topics made and changed");
        assert!(seen >= 2, "hardly anything was changed");
        for id in 1..=4 {
            for n in 0..seen {
                let topic = name(n);
                let wanted = if n % 2 == 1 { 0 } else { 6 };
                cluster.wait_for("every broker tells what was done", |cluster| {
                    let told = arena::leaders(cluster, id, &topic);
                    (told.len() == wanted && !told.contains(&-1)).then_some(())
                });
                if wanted > 0 {
                    cluster.wait_for("every broker tells the setting", |cluster| {
                        (setting(cluster, id, &topic)? == "777000").then_some(())
                    });
                }
            }
        }
    });

    arena.repeated_faults(&[67], |cluster, times| {
        // The newest records of one controller, changed so that they are of a kind that nobody knows, with the right checksum.
        let victim = 3;
        cluster.kill(victim);
        let dir = cluster.data(victim).join("__cluster_metadata-0");
        let log = paths::files(&dir, "log").pop().expect("a segment");
        let kept = std::fs::read(&log).expect("a segment");
        let snapshots = paths::files(&dir, "checkpoint");
        std::fs::write(&log, with_a_stranger(&kept)).expect("the segment is written");
        cluster.run(victim);
        let end = Instant::now() + Duration::from_secs(40);
        while !cluster.has_ended(victim) {
            assert!(Instant::now() < end, "it goes on with a record that it cannot apply\n{}", cluster.tail(victim));
            std::thread::sleep(Duration::from_millis(50));
        }
        let said = cluster.bury(victim);
        assert!(!said.contains("panicked"), "{said}");
        assert_eq!(paths::files(&dir, "checkpoint"), snapshots, "a snapshot was made of it");
        cluster.create_topic_anyhow(1, &format!("made-by-the-others-{times}"), 3, 3);
        std::fs::write(&log, &kept).expect("the segment is written");
        cluster.run(victim);
        cluster.wait_ready(victim);
    });

    // Two voters are enough, and a third that has lost its log is not one of them.
    arena.faults(&[66], |cluster, span| {
        let victim = 3;
        cluster.kill(victim);
        let (data, kept) = (cluster.data(victim), cluster.node_dir(victim).join("kept"));
        std::fs::rename(&data, &kept).expect("the disk is taken out");
        cluster.run(victim);
        std::thread::sleep(span);
        cluster.create_topic_anyhow(1, "made-by-two", 3, 3);
        let (leader, _) = cluster.wait_for("a controller", |cluster| cluster.controller(1));
        assert_ne!(leader, victim, "a voter without a log leads");
        if cluster.has_ended(victim) {
            cluster.bury(victim);
        } else {
            cluster.kill(victim);
        }
        std::fs::remove_dir_all(&data).expect("the empty disk goes");
        std::fs::rename(&kept, &data).expect("the old disk is put back");
        cluster.run(victim);
        cluster.wait_ready(victim);
    });
}

/// The last entry that holds metadata records becomes one of an unknown kind.
fn with_a_stranger(log: &[u8]) -> Vec<u8> {
    let mut log = log.to_vec();
    let heads = reader::batches(&log[..records::whole_length(&log)]);
    for head in heads.iter().rev() {
        let batch = &mut log[head.position..head.position + head.length];
        // Entry frame 0, kind 1, one or more records: each of frame 1, then its kind.
        let Some(at) = batch[61..].windows(2).position(|w| w == [0, 1]).map(|at| at + 61) else { continue };
        let (count, length) = (batch[at + 2], batch[at + 3]);
        if count == 0 || count > 0x7f || length > 0x7f || batch.get(at + 4) != Some(&1) {
            continue;
        }
        batch[at + 5] = 0x7e;
        let crc = record::crc(&batch[21..]);
        batch[17..21].copy_from_slice(&crc.to_be_bytes());
        return log;
    }
    panic!("the metadata log holds no records");
}

#[test]
fn brokers_that_missed_it() {
    let cluster = planned();
    let volume = Volume::mount(&cluster.data(LATE), 512);
    let mut arena = Arena::start(cluster);

    arena.faults(&[62], |cluster, _| {
        arena::create_on(cluster, 1, "again", &[LATE, 1, 2], &[]);
        for n in 0..20 {
            arena::append(cluster, 1, "again", &format!("of the first topic, {n}"));
        }
        arena::create_on(cluster, 1, "given-up", &[LATE, 1], &[]);
        arena::append(cluster, 1, "given-up", "of no use");
        cluster.kill(LATE);
        for topic in ["again", "given-up"] {
            let gone = json!({"name": topic, "topicId": null});
            until_done(cluster, 1, "DeleteTopics", 6, &json!({"topics": [gone], "timeoutMs": 5000}), &[0, 3]);
        }
        // Its broker is down, and may have a place in it all the same, once it is back.
        arena::create_on(cluster, 1, "again", &[1, 2], &[]);
        for n in 0..10 {
            arena::append(cluster, 1, "again", &format!("of the second topic, {n}"));
        }
        cluster.run(LATE);
        cluster.wait_ready(LATE);
        assert_eq!(arena::reassign(cluster, 1, "again", Some(&[LATE, 1, 2])), 0);
        arena::wait_replicas(cluster, 1, "again", 0, &[LATE, 1, 2]);
        let values = records::values(&records::log_bytes(&cluster.data(LATE), "again", 0));
        // One that was not answered in time was sent again.
        let distinct: BTreeSet<&str> = values.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(distinct.len(), 10, "{values:?}");
        assert!(distinct.iter().all(|value| value.starts_with("of the second")), "{values:?}");
        let entries = std::fs::read_dir(cluster.data(LATE)).expect("a directory").flatten();
        let names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        let aside = |name: &String| name.starts_with("given-up-0.") && name.ends_with("-stray");
        assert!(names.iter().any(aside) && !names.contains(&"given-up-0".to_owned()), "{names:?}");
    });

    arena.repeated_faults(&[63], |cluster, times| {
        let moving = &format!("moving-{times}");
        arena::create_on(cluster, 1, moving, &[1, 2], &[]);
        cluster.kill(LATE);
        for n in 0..20 {
            cluster.create_topic_anyhow(1, &format!("news-{times}-{n}"), 3, 3);
        }
        let mut sent = Vec::new();
        for n in 0..30 {
            let value = format!("before {n}");
            sent.push((arena::append(cluster, 1, moving, &value), value));
        }
        // Its broker comes up in the middle.
        let refused = arena::reassign(cluster, 1, moving, Some(&[LATE, 3]));
        cluster.run(LATE);
        if refused != 0 {
            cluster.wait_for("the reassignment is taken", |cluster| {
                (arena::reassign(cluster, 1, moving, Some(&[LATE, 3])) == 0).then_some(())
            });
        }
        for n in 0..30 {
            let value = format!("during {n}");
            sent.push((arena::append(cluster, 1, moving, &value), value));
            if arena::leaders(cluster, 1, moving) == [LATE] {
                holds(cluster, LATE, moving, &sent);
            }
        }
        cluster.wait_ready(LATE);
        arena::wait_replicas(cluster, 1, moving, 0, &[LATE, 3]);
        holds(cluster, LATE, moving, &sent);
        holds(cluster, 3, moving, &sent);
    });

    arena.repeated_faults(&[64], |cluster, times| {
        let topic = &format!("to-and-fro-{times}");
        arena::create_on(cluster, 1, topic, &[1, LATE], &[]);
        let mut sent = Vec::new();
        for round in 0..2 {
            for n in 0..20 {
                let value = format!("round {round}, {n}");
                sent.push((arena::append(cluster, 1, topic, &value), value));
            }
            cluster.signal(LATE, "STOP");
            assert_eq!(arena::reassign(cluster, 1, topic, Some(&[1, 2])), 0);
            arena::wait_replicas(cluster, 1, topic, 0, &[1, 2]);
            let back = arena::reassign(cluster, 1, topic, Some(&[1, LATE]));
            // Not while it is fenced: then it hears of both at once when it wakes.
            cluster.signal(LATE, "CONT");
            if back != 0 {
                cluster.wait_for("the replica is given back", |cluster| {
                    (arena::reassign(cluster, 1, topic, Some(&[1, LATE])) == 0).then_some(())
                });
            }
            cluster.wait_for("it is in sync", |cluster| {
                arena::in_sync(cluster, 1, topic).first()?.contains(&i64::from(LATE)).then_some(())
            });
            holds(cluster, LATE, topic, &sent);
            arena::wait_replicas(cluster, 1, topic, 0, &[1, LATE]);
        }
    });

    arena.repeated_faults(&[65], |cluster, times| {
        let topic = &format!("reassigned-{times}");
        arena::create_on(cluster, 1, topic, &[1, 2], &[("min.insync.replicas", "1")]);
        let mut sent = Vec::new();
        let mut write = |cluster: &Cluster, what: &str| {
            for n in 0..20 {
                let value = format!("{what} {n}");
                sent.push((arena::append(cluster, LATE, topic, &value), value));
            }
            sent.clone()
        };
        write(cluster, "before");
        // The leader dies.
        assert_eq!(arena::reassign(cluster, LATE, topic, Some(&[3, LATE])), 0);
        cluster.kill(1);
        write(cluster, "while the leader is dead");
        cluster.run(1);
        cluster.wait_ready(1);
        arena::wait_replicas(cluster, LATE, topic, 0, &[3, LATE]);
        // It is cancelled while the target sleeps.
        cluster.signal(2, "STOP");
        assert_eq!(arena::reassign(cluster, LATE, topic, Some(&[2, 3])), 0);
        write(cluster, "while the target sleeps");
        assert_eq!(arena::reassign(cluster, LATE, topic, None), 0);
        arena::wait_replicas(cluster, LATE, topic, 0, &[3, LATE]);
        cluster.signal(2, "CONT");
        cluster.wait_ready(2);
        assert_eq!(arena::reassign(cluster, 1, topic, Some(&[3, 1])), 0);
        arena::wait_replicas(cluster, 1, topic, 0, &[3, 1]);
        // The target is full: the old replicas stay until there is room.
        volume.fill();
        assert_eq!(arena::reassign(cluster, 1, topic, Some(&[LATE, 1])), 0);
        let value = "x".repeat(10_000);
        for _ in 0..30 {
            write(cluster, &value);
        }
        let isr = arena::isr(cluster, 1, topic, 0);
        assert!(!isr.contains(&i64::from(LATE)), "in sync on a full disk: {isr:?}");
        volume.relieve();
        arena::wait_replicas(cluster, 1, topic, 0, &[LATE, 1]);
        let sent = write(cluster, "after");
        holds(cluster, LATE, topic, &sent);
    });

    arena.repeated_faults(&[66], |cluster, times| {
        let topic = &format!("emptied-{times}");
        // A second process with the id of one that runs.
        let dir = cluster.node_dir(LATE).join(format!("second-{times}"));
        std::fs::create_dir_all(&dir).expect("a directory");
        let text = std::fs::read_to_string(cluster.node_dir(LATE).join("server.properties")).expect("its settings");
        let port = paths::free_port();
        let text = text.replace(&format!("localhost:{}", cluster.node(LATE).port), &format!("localhost:{port}"));
        let text = text.replace(&cluster.data(LATE).display().to_string(), &dir.join("data").display().to_string());
        let file = dir.join("server.properties");
        std::fs::write(&file, text + "initial.broker.registration.timeout.ms=4000\n").expect("its settings");
        let args = ["server".to_owned(), "--config".to_owned(), file.display().to_string()];
        let mut second = Process::start("second", &dir, std::path::Path::new(env!("CARGO_BIN_EXE_ottla")), &args, &[]);
        let status = second.wait(Duration::from_secs(60));
        assert!(!status.success(), "a second process was let in");
        let leaders = arena::leaders(cluster, 1, TOPIC);
        assert!(!leaders.is_empty() && leaders.iter().all(|id| *id > 0), "{leaders:?}");
        let told = cluster.call(1, "Metadata", 12, json!({"topics": []}));
        let known = told["brokers"].as_array().into_iter().flatten().find(|b| b["nodeId"] == LATE).cloned();
        assert_eq!(known.expect("the first is there")["port"], cluster.node(LATE).port);

        // Its id on an empty disk.
        arena::create_on(cluster, 1, topic, &[LATE, 1, 2], &[]);
        let mut sent = Vec::new();
        for n in 0..50 {
            let value = format!("before {n}");
            sent.push((arena::append(cluster, 1, topic, &value), value));
        }
        cluster.kill(LATE);
        for entry in std::fs::read_dir(cluster.data(LATE)).expect("a directory").flatten() {
            let path = entry.path();
            let removed = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            removed.expect("the disk is emptied");
        }
        cluster.wait_for("its end is known", |cluster| {
            (!arena::in_sync(cluster, 1, topic).first()?.contains(&i64::from(LATE))).then_some(())
        });
        cluster.run(LATE);
        cluster.wait_for("it is in sync again", |cluster| {
            let told = arena::partitions(cluster, 1, topic).first()?.clone();
            if told["leaderId"] == LATE || told["isrNodes"].as_array()?.contains(&json!(LATE)) {
                holds(cluster, LATE, topic, &sent);
                return Some(());
            }
            None
        });
        cluster.wait_ready(LATE);
    });
    drop(volume);
}

/// A replica's files hold these records at these offsets.
fn holds(cluster: &Cluster, id: i32, topic: &str, sent: &[(i64, String)]) {
    let there: BTreeMap<i64, String> =
        records::values(&records::log_bytes(&cluster.data(id), topic, 0)).into_iter().collect();
    for (offset, value) in sent {
        assert_eq!(there.get(offset), Some(value), "{topic} on node {id} at {offset}");
    }
}
