//! Topics are deleted, and made anew, while a broker is down: when it comes back it puts aside what it still has of them.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::support::broker::under_test;
use super::support::cluster::Cluster;
use super::support::paths::files;
use super::support::reader;
use super::support::wire::{Batch, now};
use super::{COMBINED, INTERNAL_TOPICS_ALONE, agreed, complete};

/// Directories of a topic's partitions, by what stands behind the topic's name.
fn of_topic(data: &Path, topic: &str) -> Vec<(String, PathBuf)> {
    let entries = std::fs::read_dir(data).expect("a directory").map(|entry| entry.expect("an entry").path());
    let behind = |path: &Path| path.file_name()?.to_str()?.strip_prefix(topic)?.strip_prefix('-').map(str::to_owned);
    let mut found: Vec<_> = entries.filter_map(|path| Some((behind(&path)?, path))).collect();
    found.sort();
    found
}

fn is_gone(behind: &str) -> bool {
    behind.starts_with("0.") && (behind.ends_with("-stray") || behind.ends_with("-delete"))
}

fn log_bytes(dir: &Path) -> u64 {
    if !dir.exists() {
        return 0;
    }
    files(dir, "log").iter().map(|file| std::fs::metadata(file).map_or(0, |found| found.len())).sum()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}

#[test]
fn what_was_deleted_meanwhile_is_put_aside() {
    let mut cluster = Cluster::of(under_test(), &COMBINED, &INTERNAL_TOPICS_ALONE);
    let topics = ["kept", "deleted", "anew"];
    for topic in topics {
        cluster.create_topic_anyhow(1, topic, 1, 3);
        agreed(&cluster, &[topic], complete(1));
        let leader = cluster.topics(1, &[topic])[0]["partitions"][0]["leaderId"].as_i64().expect("a leader") as i32;
        let batch = Batch::of(now(), &[&b"one"[..], &b"two"[..], topic.as_bytes()]).base64();
        assert_eq!(reader::append(&mut cluster.wire(leader).expect("a connection"), topic, 0, batch), 0);
    }
    let data = cluster.data(3);
    cluster.wait_for("the third broker has every record", |_| {
        topics.iter().all(|topic| log_bytes(&data.join(format!("{topic}-0"))) > 0).then_some(())
    });

    cluster.kill(3);
    let saved = cluster.node_dir(3).join("saved");
    copy(&data.join("deleted-0"), &saved);
    for topic in ["deleted", "anew"] {
        let answer = cluster.call(1, "DeleteTopics", 4, json!({"topicNames": [topic], "timeoutMs": 20_000}));
        assert_eq!(answer["responses"][0]["errorCode"], 0, "{answer}");
    }
    cluster.create_topic_anyhow(1, "anew", 1, 2);
    cluster.run(3);
    cluster.wait_ready(3);
    // Either the broker reads of the deletion, and deletes, or it only finds that there is no such topic.
    let gone = |topic: &str| of_topic(&data, topic).iter().filter(|(name, _)| is_gone(name)).count();
    cluster.wait_for("both logs are gone", |_| (gone("deleted") == 1 && gone("anew") == 1).then_some(()));
    assert!(!data.join("deleted-0").exists(), "{:?}", of_topic(&data, "deleted"));
    assert_eq!(log_bytes(&data.join("anew-0")), 0, "the new topic begins with nothing");
    assert_eq!(of_topic(&data, "kept").len(), 1, "what is wanted stays where it is");

    // A log of which the metadata say nothing at all, not even that it was deleted.
    cluster.stop(3);
    copy(&saved, &data.join("deleted-0"));
    let strays =
        || of_topic(&data, "deleted").into_iter().filter(|(name, _)| name.ends_with("-stray")).collect::<Vec<_>>();
    let before = strays().len();
    cluster.run(3);
    cluster.wait_ready(3);
    cluster.wait_for("it is put aside", |_| (strays().len() == before + 1).then_some(()));
    assert!(!data.join("deleted-0").exists());
    let whole = log_bytes(&saved);
    assert!(strays().iter().all(|(_, dir)| log_bytes(dir) == whole), "what is put aside is whole");
    // It stays so, and nobody serves it.
    cluster.stop(3);
    cluster.run(3);
    cluster.wait_ready(3);
    cluster.wait_for("the kept topic is in sync", |cluster| {
        let isr = cluster.topics(3, &["kept"])[0]["partitions"][0]["isrNodes"].as_array().map(Vec::len);
        (isr == Some(3)).then_some(())
    });
    assert_eq!(strays().len(), before + 1);
    assert_eq!(cluster.topics(3, &["deleted"])[0]["errorCode"], 3, "the topic is gone");
}
