//! A broker with two log directories loses one and goes on with the other; without any it ends.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::support::cluster::{Cluster, Place};
use super::support::reader;
use super::support::wire::{Batch, Wire};
use super::{agreed, complete, leaders};

/// Takes a directory away, so that every further look at it fails.
fn fail(dir: &Path) {
    let aside = (1..).map(|n| dir.with_extension(format!("failed-{n}"))).find(|aside| !aside.exists()).expect("a name");
    std::fs::rename(dir, aside).expect("it can be moved");
    std::fs::write(dir, "no directory").expect("a file in its place");
}

/// The partitions of a topic that are kept in a directory.
fn kept_in(dir: &Path, topic: &str) -> Vec<usize> {
    let names = std::fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").file_name());
    let index = |name: std::ffi::OsString| name.to_str()?.strip_prefix(topic)?.strip_prefix('-')?.parse().ok();
    names.filter_map(index).collect()
}

#[test]
fn a_broker_goes_on_without_one_of_its_directories() {
    let overrides =
        [("replica.high.watermark.checkpoint.interval.ms", "200"), ("log.flush.offset.checkpoint.interval.ms", "200")];
    let mut cluster = Cluster::plan(&["controller", "broker", "broker"], &overrides, |_| Place::default());
    let dirs = ["data", "data-2"].map(|name| cluster.node_dir(2).join(name));
    let list = dirs.each_ref().map(|dir| dir.display().to_string()).join(",");
    cluster.set(2, "log.dirs", &list);
    cluster.run_all();
    cluster.create_topic_anyhow(3, "spread", 8, 2);
    let before = leaders(&agreed(&cluster, &["spread"], complete(8)));
    let (kept, lost) = (kept_in(&dirs[0], "spread"), kept_in(&dirs[1], "spread"));
    assert!(
        kept.len() + lost.len() == 8 && !lost.is_empty() && !kept.is_empty(),
        "spread over both: {kept:?} {lost:?}"
    );
    let stays: Vec<usize> = kept.into_iter().filter(|index| before[*index] == 2).collect();

    let failed = Instant::now();
    fail(&dirs[1]);
    let after = leaders(&agreed(&cluster, &["spread"], |topics| {
        let now = leaders(topics);
        now.len() == 8 && lost.iter().all(|index| now[*index] == 3)
    }));
    println!("the leaderships in the failed directory moved within {:?}", failed.elapsed());
    assert!(stays.iter().all(|index| after[*index] == 2), "what is in the other directory stays: {before:?} {after:?}");
    cluster.wait_for("the directory is told to be offline", |cluster| {
        let told = cluster.call(2, "DescribeLogDirs", 4, json!({"topics": null}));
        let offline: Vec<i64> =
            told["results"].as_array().into_iter().flatten().filter_map(|dir| dir["errorCode"].as_i64()).collect();
        (offline.contains(&0) && offline.contains(&56)).then_some(())
    });
    cluster.create_topic_anyhow(2, "later", 2, 2);
    agreed(&cluster, &["later"], complete(2));

    // The directory comes back empty with the next start: its partitions are followed anew.
    cluster.kill(2);
    std::fs::remove_file(&dirs[1]).expect("the file in its place");
    cluster.run(2);
    cluster.wait_ready(2);
    cluster.wait_for("everybody is in sync again", |cluster| {
        let topics = cluster.topics(3, &["spread"]);
        let partitions = topics[0]["partitions"].as_array()?.clone();
        partitions.iter().all(|p| p["isrNodes"].as_array().is_some_and(|isr| isr.len() == 2)).then_some(())
    });

    for dir in &dirs {
        fail(dir);
    }
    let limit = Instant::now() + Duration::from_secs(60);
    while !cluster.has_ended(2) {
        assert!(Instant::now() < limit, "it goes on without any directory\n{}", cluster.tail(2));
        std::thread::sleep(Duration::from_millis(20));
    }
    agreed_by_one(&cluster);
}

/// The other broker leads everything.
fn agreed_by_one(cluster: &Cluster) {
    cluster.wait_for("the other one leads all", |cluster| {
        (leaders(&cluster.topics(3, &["spread"])) == [3; 8]).then_some(())
    });
}

#[test]
fn deleted_records_are_gone_on_every_replica_when_it_is_said() {
    let mut cluster = Cluster::start(&["controller", "broker", "broker", "broker"], &[]);
    cluster.create_topic_anyhow(2, "deleted", 1, 3);
    let leader = leaders(&agreed(&cluster, &["deleted"], complete(1)))[0] as i32;
    let mut wire = Wire::connect(cluster.node(leader).port).expect("the leader");
    for n in 0..20 {
        reader::append(&mut wire, "deleted", 0, Batch::of(1_700_000_000_000 + n, &[b"x"]).base64());
    }
    let mut delete = |offset: i64, timeout_ms: i32| {
        let partitions = json!([{"partitionIndex": 0, "offset": offset}]);
        let body = json!({"topics": [{"name": "deleted", "partitions": partitions}], "timeoutMs": timeout_ms});
        let answer = wire.call("DeleteRecords", 2, body).expect("an answer");
        answer["topics"][0]["partitions"][0].clone()
    };
    let done = delete(7, 30_000);
    assert_eq!((&done["errorCode"], &done["lowWatermark"]), (&json!(0), &json!(7)), "{done}");
    // Who does not follow is waited for, until the time is up.
    let follower = (2..=4).find(|id| *id != leader).expect("another");
    cluster.signal(follower, "STOP");
    let late = delete(9, 1_000);
    assert_eq!(late["errorCode"], json!(7), "{late}");
    cluster.signal(follower, "CONT");
    let done = delete(9, 30_000);
    assert_eq!((&done["errorCode"], &done["lowWatermark"]), (&json!(0), &json!(9)), "{done}");
    for id in 2..=4 {
        cluster.kill(id);
    }
}
