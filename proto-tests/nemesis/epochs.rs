//! Elections in quick succession: logs that depart from each other at their ends, and what makes them equal again.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::arena::{self, Arena, PARTITIONS, SETTINGS, TOPIC};
use crate::records;
use crate::support::cluster::Cluster;
use crate::support::reader;

const CHECKPOINT: &str = "leader-epoch-checkpoint";

fn other_than(id: i32) -> i32 {
    id % 3 + 1
}

/// The epochs in a partition's log, each with where it ends.
fn epochs_of(bytes: &[u8]) -> Vec<(i64, i64)> {
    let mut epochs: Vec<(i64, i64)> = Vec::new();
    for head in reader::batches(bytes) {
        let at = head.position + 12;
        let epoch = i64::from(i32::from_be_bytes(bytes[at..at + 4].try_into().expect("4 bytes")));
        let end = head.base_offset + i64::from(head.last_offset_delta) + 1;
        match epochs.last_mut() {
            Some(last) if last.0 == epoch => last.1 = end,
            last => {
                assert!(last.is_none_or(|last| last.0 < epoch), "epochs go back");
                epochs.push((epoch, end));
            }
        }
    }
    epochs
}

/// What a leader keeps in mind of its epochs is what its log says, and the logs of all replicas are equal.
fn epochs_are_right(cluster: &Cluster) {
    for partition in 0..PARTITIONS {
        let leader = arena::leader(cluster, 1, TOPIC, partition);
        let expected = epochs_of(&records::log_bytes(&cluster.data(leader), TOPIC, partition));
        let mut told: Vec<(i64, i64)> =
            expected.iter().map(|(epoch, _)| end_of_epoch(cluster, leader, partition, *epoch)).collect();
        // The last epoch may have grown since its log was read.
        if let (Some(told), Some(read)) = (told.last_mut(), expected.last()) {
            assert!(told.1 >= read.1, "{TOPIC}-{partition} on node {leader} ends at {}, not at {}", told.1, read.1);
            told.1 = read.1;
        }
        assert_eq!(told, expected, "{TOPIC}-{partition} on node {leader}");
    }
}

fn end_of_epoch(cluster: &Cluster, leader: i32, partition: i32, epoch: i64) -> (i64, i64) {
    let asked = json!({"partition": partition, "currentLeaderEpoch": -1, "leaderEpoch": epoch});
    let body = json!({"replicaId": -1, "topics": [{"topic": TOPIC, "partitions": [asked]}]});
    let answer = cluster.call(leader, "OffsetForLeaderEpoch", 4, body);
    let told = &answer["topics"][0]["partitions"][0];
    assert_eq!(told["errorCode"], 0, "{answer}");
    (told["leaderEpoch"].as_i64().expect("an epoch"), told["endOffset"].as_i64().expect("an offset"))
}

fn elect_preferred(cluster: &Cluster, id: i32) {
    let body = json!({"electionType": 0, "topicPartitions": null, "timeoutMs": 2000});
    let _ = cluster.try_call(id, "ElectLeaders", 2, body);
}

#[test]
fn elections_in_quick_succession() {
    let cluster = Cluster::plan(&["broker,controller"; 3], &SETTINGS, |_| Default::default());
    let mut arena = Arena::start(cluster);

    arena.faults(&[13, 15], |cluster, span| {
        let end = Instant::now() + span;
        let mut round = 0;
        while Instant::now() < end {
            arena::in_sync_again(cluster);
            let first = arena::leader(cluster, 1, TOPIC, 0);
            cluster.kill(first);
            arena::others_lead(cluster, other_than(first), first);
            let second = arena::leader(cluster, other_than(first), TOPIC, 0);
            cluster.run(first);
            cluster.wait_ready(first);
            std::thread::sleep(Duration::from_millis(round * 130 % 400));
            cluster.kill(second);
            cluster.run(second);
            // Again while it catches up.
            cluster.wait_ready(second);
            cluster.kill(second);
            cluster.run(second);
            cluster.wait_ready(second);
            round += 1;
        }
    });
    epochs_are_right(&arena.cluster);

    arena.faults(&[14], |cluster, span| {
        let leader = arena::leader(cluster, 1, TOPIC, 0);
        let (asleep, other) = (other_than(leader), other_than(other_than(leader)));
        cluster.signal(asleep, "STOP");
        let end = Instant::now() + span.max(Duration::from_secs(4));
        cluster.kill(leader);
        cluster.run(leader);
        std::thread::sleep(end.saturating_duration_since(Instant::now()));
        cluster.signal(asleep, "CONT");
        cluster.wait_ready(leader);
        // Back to who led before: for the sleeper the same leader, by a later epoch.
        elect_preferred(cluster, other);
    });
    epochs_are_right(&arena.cluster);

    // Epochs pass by and nothing is written in them. The first record shows whether the one that came back knows the last of them.
    arena.resting_faults(&[12, 16], |cluster, span| {
        let absent = 3;
        cluster.kill(absent);
        let (began, mut rounds) = (Instant::now(), 0);
        while rounds < 3 || began.elapsed() < span {
            for id in [1, 2] {
                assert!(cluster.stop(id).success());
                cluster.run(id);
                cluster.wait_ready(id);
                elect_preferred(cluster, id);
            }
            rounds += 1;
        }
        cluster.run(absent);
        cluster.wait_ready(absent);
    });
    epochs_are_right(&arena.cluster);

    arena.faults(&[20], |cluster, span| {
        let end = Instant::now() + span;
        let mut round = 0;
        while Instant::now() < end {
            let id = round % 3 + 1;
            cluster.signal(id, "STOP");
            std::thread::sleep(Duration::from_millis(250));
            // Its queue of answers is full of what was asked for before this.
            elect_preferred(cluster, other_than(id));
            move_leader(cluster, other_than(id), round % PARTITIONS);
            cluster.signal(id, "CONT");
            std::thread::sleep(Duration::from_millis(200));
            round += 1;
        }
        settle_assignment(cluster);
    });
    epochs_are_right(&arena.cluster);

    arena.repeated_faults(&[17], |cluster, times| {
        let id = (times as i32 + 1) % 3 + 1;
        // Stopped in order, so that there is one.
        assert!(cluster.stop(id).success());
        for partition in 0..PARTITIONS {
            let dir = cluster.data(id).join(format!("{TOPIC}-{partition}"));
            std::fs::remove_file(dir.join(CHECKPOINT)).expect("the checkpoint goes");
        }
        cluster.run(id);
        cluster.wait_ready(id);
        settle_assignment(cluster);
        // It leads one of the partitions, and tells what it made of the log.
        epochs_are_right(cluster);
    });
    epochs_are_right(&arena.cluster);
}

/// Turns the order of a partition's replicas round, so that another is preferred, and has it elected.
fn move_leader(cluster: &Cluster, id: i32, partition: i32) {
    let told = arena::partitions(cluster, id, TOPIC);
    let Some(told) = told.get(partition as usize) else { return };
    let mut replicas: Vec<i64> =
        told["replicaNodes"].as_array().into_iter().flatten().filter_map(|r| r.as_i64()).collect();
    replicas.rotate_left(1);
    let wanted = json!({"partitionIndex": partition, "replicas": replicas});
    let body = json!({"timeoutMs": 2000, "topics": [{"name": TOPIC, "partitions": [wanted]}]});
    let _ = cluster.try_call(id, "AlterPartitionReassignments", 0, body);
    elect_preferred(cluster, id);
}

fn settle_assignment(cluster: &Cluster) {
    cluster.wait_for("all lead in turn again", |cluster| {
        let body = json!({"timeoutMs": 2000, "topics": [{"name": TOPIC, "partitions":
            (0..PARTITIONS).map(|p| json!({"partitionIndex": p, "replicas": [p % 3 + 1, (p + 1) % 3 + 1, (p + 2) % 3 + 1]})).collect::<Vec<_>>()}]});
        let answer = cluster.try_call(1, "AlterPartitionReassignments", 0, body)?;
        elect_preferred(cluster, 1);
        (answer["errorCode"] == 0 && arena::leaders(cluster, 1, TOPIC) == [1, 2, 3]).then_some(())
    });
}
