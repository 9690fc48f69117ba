//! Nodes that are further behind than the controllers' log goes back: they are sent the metadata as a whole, over the network, and
//! are then as good as any.

use super::support::cluster::Cluster;
use super::support::paths::files;
use super::{agreed, complete};

const ROLES: [&str; 4] = ["broker,controller", "broker,controller", "broker,controller", "broker"];
/// A few topics make a snapshot, and nothing of the log before it stays.
const SETTINGS: [(&str, &str); 2] =
    [("metadata.log.max.record.bytes.between.snapshots", "4096"), ("offsets.topic.replication.factor", "3")];
const APART: i32 = 4;
const INSTALLED: &str = "the leader sends a snapshot";
const WHOLE: &str = "the metadata came as a whole";

/// Where the newest snapshot of a node ends.
fn snapshot_end(cluster: &Cluster, id: i32) -> Option<i64> {
    let newest = files(&cluster.data(id).join("__cluster_metadata-0"), "checkpoint").pop()?;
    newest.file_stem()?.to_str()?.split('-').next()?.parse().ok()
}

fn said(cluster: &Cluster, id: i32, words: &str) -> usize {
    cluster.log_text(id).matches(words).count()
}

#[test]
fn who_is_too_far_behind_is_sent_the_metadata_as_a_whole() {
    let mut cluster = Cluster::start(&ROLES, &SETTINGS);
    let mut names = vec!["before".to_owned()];
    cluster.create_topic_anyhow(1, "before", 3, 3);
    agreed(&cluster, &["before"], complete(3));
    let (active, _) = cluster.wait_for("a controller", |cluster| cluster.controller(1));
    let behind = active % 3 + 1;
    let other = behind % 3 + 1;
    cluster.kill(behind);
    cluster.signal(APART, "STOP");
    let was = said(&cluster, APART, WHOLE);

    // Several snapshots later.
    let mut seen = std::collections::BTreeSet::new();
    for n in 0.. {
        assert!(n < 200, "there is no end to it: {seen:?}");
        seen.extend(snapshot_end(&cluster, active));
        if seen.len() > 4 {
            break;
        }
        names.push(format!("missed-{n}"));
        cluster.create_topic_anyhow(active, &names[n + 1], 10, 2);
    }
    println!("snapshots ended at {seen:?} after {} topics", names.len());
    let end = seen.last().copied().expect("a snapshot");
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let partitions = (all.len() - 1) * 10 + 3;

    // A broker without a vote that slept, one that is new, and a voter.
    cluster.signal(APART, "CONT");
    let new = cluster.join("broker");
    cluster.wait_ready(new);
    cluster.run(behind);
    cluster.wait_ready(behind);
    agreed(&cluster, &all, complete(partitions));
    assert!(said(&cluster, APART, WHOLE) > was, "{}", cluster.tail(APART));
    assert!(said(&cluster, new, WHOLE) == 1, "{}", cluster.tail(new));
    assert!(said(&cluster, behind, INSTALLED) > 0, "{}", cluster.tail(behind));
    assert!(snapshot_end(&cluster, behind) >= Some(end), "it is in its directory");

    // It votes: with another one dead it is needed. And it leads, once its turn comes.
    cluster.kill(other);
    cluster.create_topic_anyhow(behind, "voted", 2, 2);
    cluster.run(other);
    cluster.wait_ready(other);
    for round in 0.. {
        assert!(round < 30, "it is never elected\n{}", cluster.tail(behind));
        let (leader, epoch) = cluster.wait_for("a controller", |cluster| cluster.controller(behind));
        if leader == behind {
            break;
        }
        cluster.kill(leader);
        cluster.wait_for("another leads", |cluster| cluster.controller(behind).filter(|(_, at)| *at > epoch));
        cluster.run(leader);
        cluster.wait_ready(leader);
    }
    cluster.create_topic_anyhow(behind, "led", 2, 3);
    agreed(&cluster, &[&all[..], &["voted", "led"]].concat(), complete(partitions + 4));
}
