//! Disks that fail, that take long, that are full. Data and metadata of each node lie in directories of their own here, and the
//! second node has two for data.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::arena::{self, Arena, PARTITIONS, SETTINGS, TOPIC};
use crate::disk::{FileSystem, Volume};
use crate::records;
use crate::support::cluster::Cluster;
use crate::support::paths;
use crate::support::tampered::Tampered;

const METADATA: &str = "__cluster_metadata-0";
/// How long nothing may be committed in a partition that has nothing to do with a fault of at least 4 s.
const STILL_MAX: Duration = Duration::from_millis(2500);

fn planned(more: &[(&str, &str)]) -> Cluster {
    let settings: Vec<_> = SETTINGS.into_iter().chain(more.iter().copied()).collect();
    let mut cluster = Cluster::plan(&["broker,controller"; 3], &settings, |_| Default::default());
    for id in 1..=3 {
        let metadata = cluster.node_dir(id).join("metadata");
        cluster.set(id, "metadata.log.dir", &metadata.display().to_string());
    }
    cluster
}

/// The directory of a replica, in whichever data directory it lies.
fn replica(cluster: &Cluster, id: i32, topic: &str, partition: i32) -> PathBuf {
    let name = format!("{topic}-{partition}");
    let found = records::data_dirs(&cluster.data(id)).into_iter().map(|dir| dir.join(&name)).find(|dir| dir.is_dir());
    found.unwrap_or_else(|| panic!("node {id} has no {name}"))
}

fn led_by(cluster: &Cluster, by: i32, leader: i32) -> Vec<i32> {
    let leaders = arena::leaders(cluster, by, TOPIC);
    (0..PARTITIONS).filter(|p| leaders[*p as usize] == leader).collect()
}

/// Those of the partitions under load whose replica lies in that directory, and the others; there are some of both.
fn parts(cluster: &Cluster, id: i32, dir: &Path) -> (Vec<i32>, Vec<i32>) {
    let (hit, spared): (Vec<i32>, Vec<i32>) =
        (0..PARTITIONS).partition(|p| replica(cluster, id, TOPIC, *p).starts_with(dir));
    assert!(!hit.is_empty() && !spared.is_empty(), "all replicas lie in one directory");
    (hit, spared)
}

/// Waits until the replicas of a directory are out of sync, and those of the other one are not.
fn wait_given_up(cluster: &Cluster, id: i32, (hit, spared): (&[i32], &[i32]), meanwhile: impl Fn(&Cluster)) {
    let began = Instant::now();
    cluster.wait_for("the directory is offline", |cluster| {
        meanwhile(cluster);
        let isr = arena::in_sync(cluster, 1, TOPIC);
        let out = |p: &i32| isr.get(*p as usize).is_some_and(|isr| !isr.contains(&i64::from(id)));
        hit.iter().all(out).then_some(())
    });
    println!("  its replicas are out of sync after {:?}", began.elapsed());
    for partition in spared {
        let isr = arena::isr(cluster, 1, TOPIC, *partition);
        assert!(isr.contains(&i64::from(id)), "the other directory was given up as well");
    }
}

fn restart(cluster: &mut Cluster, id: i32) {
    if cluster.has_ended(id) {
        cluster.bury(id);
    } else {
        cluster.kill(id);
    }
    cluster.run(id);
    cluster.wait_ready(id);
}

#[test]
fn disks_that_fail() {
    // Each append is synced, so that a sync that fails is met soon.
    let mut cluster = planned(&[("log.flush.interval.messages", "1")]);
    let dirs = format!("{},{}", cluster.data(2).display(), cluster.node_dir(2).join("data-2").display());
    cluster.set(2, "log.dirs", &dirs);
    let second = FileSystem::mount(&cluster.node_dir(2).join("data-2"), 512);
    let mut arena = Arena::start(cluster);

    arena.faults(&[33], |cluster, span| {
        let victim = arena::leader(cluster, 1, TOPIC, 0);
        let by = victim % 3 + 1;
        let partition = led_by(cluster, by, victim)[0];
        let dir = replica(cluster, victim, TOPIC, partition);
        let began = Instant::now();
        let tampered =
            Tampered::start(cluster.pid(victim), &paths::files(&dir, "log"), "fsync,fdatasync:error=EIO:when=1");
        cluster.wait_for("another leads the partition", |cluster| {
            let now = *arena::leaders(cluster, by, TOPIC).get(partition as usize)?;
            let out = !arena::in_sync(cluster, by, TOPIC).get(partition as usize)?.contains(&i64::from(victim));
            (now > 0 && now != victim && out).then_some(())
        });
        println!("  another leads after {:?}", began.elapsed());
        drop(tampered);
        // Later syncs would succeed. It is not trusted all the same.
        std::thread::sleep(span.min(Duration::from_secs(3)));
        let isr = arena::isr(cluster, by, TOPIC, partition);
        assert!(!isr.contains(&i64::from(victim)), "it is in sync again on a disk that failed");
        restart(cluster, victim);
    });

    arena.faults(&[34], |cluster, _| {
        let victim = 2;
        let bad = replica(cluster, victim, TOPIC, 0);
        let (hit, spared) = parts(cluster, victim, bad.parent().expect("a directory"));
        let files: Vec<PathBuf> =
            hit.iter().flat_map(|p| paths::files(&replica(cluster, victim, TOPIC, *p), "log")).collect();
        let calls = "pread64,preadv,preadv2,sendfile,read:error=EIO";
        let tampered = Tampered::start(cluster.pid(victim), &files, calls);
        wait_given_up(cluster, victim, (&hit, &spared), |cluster| {
            for partition in &hit {
                // From the start, which nobody else reads.
                let _ = arena::fetch(cluster, victim, TOPIC, *partition, 0, 1 << 16);
            }
        });
        drop(tampered);
        for partition in &hit {
            let name = format!("{TOPIC}-{partition}");
            let places =
                records::data_dirs(&cluster.data(victim)).iter().filter(|dir| dir.join(&name).is_dir()).count();
            assert_eq!(places, 1, "{name} was made anew elsewhere");
        }
        restart(cluster, victim);
    });

    arena.faults(&[76], |cluster, _| {
        let victim = 2;
        let given_up = |cluster: &mut Cluster, bad: &Path, tampered: Tampered| {
            let (hit, spared) = parts(cluster, victim, bad);
            wait_given_up(cluster, victim, (&hit, &spared), |_| ());
            drop(tampered);
        };
        let new = "not-to-be-made";
        let place = format!("{new}-0");
        // Where the next replica goes: where there are fewest.
        let dirs = records::data_dirs(&cluster.data(victim));
        let entries =
            |dir: &PathBuf| std::fs::read_dir(dir).map_or(0, |all| all.flatten().filter(|e| e.path().is_dir()).count());
        let bad = dirs.iter().min_by_key(|dir| entries(dir)).expect("a directory").clone();
        let tampered = Tampered::start(cluster.pid(victim), &[bad.join(&place)], "mkdir,mkdirat:error=EIO");
        arena::create_on(cluster, 1, new, &[1, victim], &[]);
        given_up(cluster, &bad, tampered);
        // Committed only with both replicas.
        let kept = arena::append(cluster, 1, new, "kept by both");
        cluster.wait_for("it is known there", |cluster| {
            arena::high_watermark(cluster, victim, new, 0).filter(|mark| *mark > kept)
        });
        assert!(!replica(cluster, victim, new, 0).starts_with(&bad), "it lies in the directory that failed");
        restart(cluster, victim);
        arena::in_sync_again(cluster);

        // What is deleted cannot be put away.
        let gone = replica(cluster, victim, new, 0);
        let tampered =
            Tampered::start(cluster.pid(victim), std::slice::from_ref(&gone), "rename,renameat,renameat2:error=EIO");
        let body = json!({"topics": [{"name": new, "topicId": null}], "timeoutMs": 10_000});
        let answer = cluster.call(1, "DeleteTopics", 6, body);
        assert_eq!(answer["responses"][0]["errorCode"], 0, "{answer}");
        given_up(cluster, gone.parent().expect("a directory"), tampered);
        restart(cluster, victim);
        arena::in_sync_again(cluster);

        // A topic of the same name is another one.
        arena::create_on(cluster, 1, new, &[1, victim], &[]);
        arena::append(cluster, 1, new, "of the second");
        cluster.wait_for("both have it", |cluster| {
            let values = records::values(&records::log_bytes(&cluster.data(victim), new, 0));
            (!values.is_empty() && values.iter().all(|(_, value)| value == "of the second")).then_some(())
        });
    });

    arena.faults(&[77], |cluster, span| {
        let (victim, dir) = (2, cluster.node_dir(2).join("data-2"));
        let (hit, spared) = parts(cluster, victim, &dir);
        second.turn_read_only();
        let began = Instant::now();
        wait_given_up(cluster, victim, (&hit, &spared), |_| ());
        for partition in &hit {
            let leader = arena::leader(cluster, 1, TOPIC, *partition);
            assert_ne!(leader, victim, "it leads what it cannot write");
        }
        std::thread::sleep((span / 2).saturating_sub(began.elapsed()));
        assert!(!cluster.has_ended(victim), "one directory of two took the process along\n{}", cluster.tail(victim));
        // It starts while the file system is so, and serves what lies in the other directory.
        restart(cluster, victim);
        cluster.wait_for("what is in the other directory is in sync", |cluster| {
            let isr = arena::in_sync(cluster, 1, TOPIC);
            spared
                .iter()
                .all(|p| isr.get(*p as usize).is_some_and(|isr| isr.contains(&i64::from(victim))))
                .then_some(())
        });
        std::thread::sleep(span.saturating_sub(began.elapsed()));
        for partition in &hit {
            let isr = arena::isr(cluster, 1, TOPIC, *partition);
            assert!(!isr.contains(&i64::from(victim)), "in sync in a directory that cannot be written");
            let name = format!("{TOPIC}-{partition}");
            assert!(!cluster.data(victim).join(&name).exists(), "{name} was made anew elsewhere");
        }
        cluster.kill(victim);
        second.repair();
        cluster.run(victim);
        cluster.wait_ready(victim);
    });
    drop(second);
}

#[test]
fn disks_that_take_long() {
    let mut arena = Arena::start(planned(&[]));
    let slow = "slow";
    arena.cluster.create_topic_anyhow(1, slow, 1, 1);
    let set = json!({"resources": [{"resourceType": 2, "resourceName": slow, "configs":
        [{"name": "flush.messages", "configOperation": 0, "value": "1"}, {"name": "min.insync.replicas", "configOperation": 0, "value": "1"}]}], "validateOnly": false});
    let answer = arena.cluster.call(1, "IncrementalAlterConfigs", 1, set);
    assert_eq!(answer["responses"][0]["errorCode"], 0, "{answer}");
    arena.faults(&[37], |cluster, span| {
        let victim = arena::leader(cluster, 1, slow, 0);
        arena::produce(cluster, victim, slow, 0, "before", 5000).expect("an answer");
        let by = victim % 3 + 1;
        let dir = replica(cluster, victim, slow, 0);
        let seconds = span.as_secs().max(4);
        let what = format!("fsync,fdatasync:delay_enter={}", seconds * 1_000_000);
        let tampered = Tampered::start(cluster.pid(victim), &paths::files(&dir, "log"), &what);
        let began = Instant::now();
        let patience_ms = seconds as i32 * 1000 + 30_000;
        let marks = |cluster: &Cluster| -> Vec<_> {
            (0..PARTITIONS).map(|p| (arena::high_watermark(cluster, victim, TOPIC, p), Instant::now())).collect()
        };
        let mut moved = marks(cluster);
        std::thread::scope(|scope| {
            let held = scope.spawn(|| arena::produce(cluster, victim, slow, 0, "held up", patience_ms));
            std::thread::sleep(Duration::from_millis(300));
            while began.elapsed() < Duration::from_secs(seconds) - Duration::from_millis(500) {
                std::thread::sleep(Duration::from_millis(500));
                for (partition, (before, now)) in moved.iter_mut().zip(marks(cluster)).enumerate() {
                    if now.0 > before.0 {
                        *before = now;
                    }
                    assert!(before.1.elapsed() < STILL_MAX, "{TOPIC}-{partition} stands still behind another's sync");
                }
                let told = cluster.call(by, "Metadata", 12, json!({"topics": []}));
                assert_eq!(told["brokers"].as_array().map(Vec::len), Some(3), "a broker was fenced: {told}");
            }
            let answer = held.join().expect("an answer").expect("an answer");
            assert_eq!(answer.0, 0, "what was held up is stored");
        });
        drop(tampered);
    });

    // The disk of the quorum: whoever cannot write does not lead.
    arena.faults(&[37], |cluster, span| {
        let (active, _) = cluster.wait_for("a controller", |cluster| cluster.controller(1));
        let metadata = cluster.node_dir(active).join("metadata").join(METADATA);
        let what = format!("fsync,fdatasync:delay_enter={}", span.as_secs().max(4) * 1_000_000);
        let tampered = Tampered::start(cluster.pid(active), &paths::files(&metadata, "log"), &what);
        let began = Instant::now();
        let by = active % 3 + 1;
        cluster.create_topic_anyhow(by, "while-it-is-slow", 1, 3);
        println!("  a topic was created after {:?}", began.elapsed());
        drop(tampered);
        cluster.wait_for("all know the topic", |cluster| {
            (1..=3).all(|id| arena::leaders(cluster, id, "while-it-is-slow").len() == 1).then_some(())
        });
    });
}

#[test]
fn disks_that_are_full() {
    let cluster = planned(&[("log.segment.bytes", "1048576"), ("log.retention.check.interval.ms", "500")]);
    let data = Volume::mount(&cluster.data(3), 160);
    let quorum = [1, 2, 3].map(|id| Volume::mount(&cluster.node_dir(id).join("metadata"), 48));
    let mut arena = Arena::start(cluster);
    arena.cluster.create_topic_anyhow(1, "ballast", 1, 3);

    arena.faults(&[35], |cluster, span| {
        data.fill();
        let filled = Instant::now();
        let mut refused = false;
        while filled.elapsed() < span {
            for partition in led_by(cluster, 1, 3) {
                let told = arena::produce(cluster, 3, TOPIC, partition, "no room", 500);
                refused |= told.is_some_and(|(code, _)| code != 0);
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        assert!(!cluster.has_ended(3), "a full disk ended the process\n{}", cluster.tail(3));
        assert!(refused, "no record was refused");
        // A start while it is full, and deletes, which are what makes room.
        cluster.kill(3);
        cluster.run(3);
        cluster.wait_ready(3);
        let body = json!({"topics": [{"name": "ballast", "topicId": null}], "timeoutMs": 10_000});
        let answer = cluster.call(1, "DeleteTopics", 6, body);
        assert_eq!(answer["responses"][0]["errorCode"], 0, "{answer}");
        data.relieve();
        if cluster.has_ended(3) {
            panic!("a full disk ended the process\n{}", cluster.tail(3));
        }
    });

    arena.faults(&[36], |cluster, span| {
        let (full, _) = cluster.wait_for("a controller", |cluster| cluster.controller(1));
        let by = full % 3 + 1;
        let volume = &quorum[full as usize - 1];
        volume.fill();
        let began = Instant::now();
        for n in 0..20 {
            // Each is an entry that does not fit there.
            cluster.create_topic_anyhow(by, &format!("not-there-{n}"), 10, 3);
        }
        let (active, _) = cluster.wait_for("a controller", |cluster| cluster.controller(by));
        let runs = !cluster.has_ended(full);
        println!("  20 topics after {:?}; node {active} leads, node {full} runs: {runs}", began.elapsed());
        assert_ne!(active, full, "it leads a quorum whose entries it cannot write");
        let mut more = 20;
        while began.elapsed() < span {
            cluster.create_topic_anyhow(by, &format!("not-there-{more}"), 1, 3);
            more += 1;
            std::thread::sleep(Duration::from_secs(1));
        }
        volume.relieve();
        restart(cluster, full);
        cluster.wait_for("it knows all of them", |cluster| {
            let wanted = |n| if n < 20 { 10 } else { 1 };
            (0..more).all(|n| arena::leaders(cluster, full, &format!("not-there-{n}")).len() == wanted(n)).then_some(())
        });
    });
    drop((data, quorum));
}
