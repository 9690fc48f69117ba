//! `ottla group` and the metrics of groups, on a group that lives, then sleeps, then is put elsewhere and deleted.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::broker::{Broker, Kind, under_test};
use crate::support::client::Library;
use crate::support::member::{Member, PROPERTIES, Protocol, Setting, until_shared};
use crate::support::metrics::{scrape, value};
use crate::support::paths::{Scratch, free_port};
use crate::support::wire::now;
use crate::{Ran, run_with};

/// A server with a topic of two partitions, `count` records in each that are `age_s` seconds old, and what members need.
struct Stage {
    broker: Broker,
    scratch: Scratch,
}

impl Stage {
    fn new(properties: &[(&str, &str)]) -> Stage {
        let broker = Broker::start(under_test(), &[&PROPERTIES, properties].concat());
        let stage = Stage { broker, scratch: Scratch::new("cli-groups") };
        stage.run(&["topic", "create", "load", "-p", "2"]).ok();
        stage
    }

    fn run(&self, args: &[&str]) -> Ran {
        run_with(&self.broker.bootstrap(), args, b"")
    }

    fn produce(&self, partition: i32, count: usize, age_s: i64) {
        let record = json!({"value": "v", "timestamp": now() - age_s * 1000}).to_string() + "\n";
        let args = ["produce", "load", "-p", &partition.to_string(), "--input", "json"];
        run_with(&self.broker.bootstrap(), &args, record.repeat(count).as_bytes()).ok();
    }

    fn setting(&self, group: &str, protocol: Protocol) -> Setting {
        Setting {
            library: Library::Confluent,
            protocol,
            bootstrap: self.broker.bootstrap(),
            group: group.to_string(),
            dir: self.scratch.path().to_path_buf(),
            more: json!({}),
        }
    }

    fn describe(&self, group: &str) -> Value {
        self.run(&["group", "describe", group, "--json"]).json()
    }

    /// Waits until the group has committed all there is.
    fn until_no_lag(&self, group: &str) -> Value {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let told = self.describe(group);
            let partitions = told["partitions"].as_array().cloned().unwrap_or_default();
            if partitions.len() == 2 && partitions.iter().all(|p| p["lag"] == 0) {
                return told;
            }
            assert!(Instant::now() < end, "{told}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// The new offsets that a reset tells, in the order of the partitions.
fn new_offsets(told: &Value) -> Vec<i64> {
    let partitions = told["partitions"].as_array().expect("partitions");
    partitions.iter().map(|p| p["new_offset"].as_i64().expect("an offset")).collect()
}

fn committed(told: &Value) -> Vec<i64> {
    let partitions = told["partitions"].as_array().expect("partitions");
    partitions.iter().map(|p| p["committed_offset"].as_i64().unwrap_or(-1)).collect()
}

fn life(protocol: Protocol) {
    let stage = Stage::new(&[]);
    stage.produce(0, 5, 7200);
    stage.run(&["group", "describe", "travellers"]).fails(4, "does not exist");
    stage.run(&["group", "delete", "travellers"]).fails(4, "does not exist");
    stage.run(&["group", "delete", "travellers", "--if-exists"]).ok();
    let mut member = Member::start(&stage.setting("travellers", protocol), "member");
    until_shared("the member reads", &mut [&mut member], 2);
    stage.produce(1, 3, 3600);
    let told = stage.until_no_lag("travellers");
    let kind = if protocol == Protocol::Classic { "classic" } else { "consumer" };
    assert_eq!((&told["type"], &told["state"], &told["lag"]), (&kind.into(), &"Stable".into(), &0.into()), "{told}");
    assert_eq!((committed(&told), &told["lag_seconds"]), (vec![5, 3], &json!(0.0)));
    assert_eq!(told["members"][0]["assignment"], json!({"load": [0, 1]}), "{told}");
    assert_eq!(told["partitions"][1]["member"], told["members"][0]["id"], "{told}");
    let listed = stage.run(&["group", "list", "--json"]).json();
    assert_eq!(listed, json!({"name": "travellers", "type": kind, "state": "Stable", "protocol": "consumer"}));
    assert_eq!(stage.run(&["group", "list", "--state", "empty", "-q"]).ok(), "");
    // While somebody is in it, it stays where it is.
    stage.run(&["group", "reset-offsets", "travellers", "-t", "load", "--to-earliest"]).fails(1, "is Stable");
    stage.run(&["group", "delete", "travellers"]).fails(1, "NON_EMPTY_GROUP");
    member.leave();

    stage.produce(0, 2, 600);
    stage.produce(0, 2, 60);
    let told = stage.describe("travellers");
    let lags: Vec<_> = told["partitions"].as_array().into_iter().flatten().map(|p| p["lag"].clone()).collect();
    assert_eq!((lags, &told["lag"], &told["state"]), (vec![json!(4), json!(0)], &json!(4), &json!("Empty")), "{told}");
    let seconds = told["partitions"][0]["lag_seconds"].as_f64().expect("seconds");
    assert!(
        (600.0..1200.0).contains(&seconds) && told["lag_seconds"] == told["partitions"][0]["lag_seconds"],
        "{told}"
    );
    let table = stage.run(&["group", "describe", "travellers"]).ok();
    assert!(
        table.contains("LAG-SECONDS") && table.lines().any(|l| l.starts_with("load   0          5          9")),
        "{table}"
    );

    resets(&stage);
    behind_the_start(&stage);
    stage.run(&["group", "delete", "traveller"]).fails(4, "did you mean \"travellers\"?");
    assert_eq!(stage.run(&["group", "delete", "travellers", "--json"]).json()["deleted"], true);
    assert_eq!(stage.run(&["group", "list", "-q"]).ok(), "made-by-reset\n");
}

/// Partition 0 has five records two hours old, two ten minutes old, two a minute old; partition 1 three an hour old.
fn resets(stage: &Stage) {
    let reset = |args: &[&str]| {
        let all = [&["group", "reset-offsets", "travellers", "--json"], args].concat();
        stage.run(&all)
    };
    let at = (now() - 30 * 60 * 1000).to_string();
    for (to, expected) in [
        (vec!["--to-earliest"], [0, 0]),
        (vec!["--to-latest"], [9, 3]),
        (vec!["--to-current"], [5, 3]),
        (vec!["--to-offset", "2"], [2, 2]),
        (vec!["--to-offset", "7"], [7, 3]),
        (vec!["--shift-by", "-2"], [3, 1]),
        (vec!["--shift-by", "3"], [8, 3]),
        (vec!["--to-datetime", &at], [5, 3]),
        (vec!["--by-duration", "90m"], [5, 0]),
        (vec!["--by-duration", "PT5M"], [7, 3]),
        (vec!["--by-duration", "P1D"], [0, 0]),
    ] {
        let told = reset(&[&["--all-topics"], &to[..]].concat()).json();
        assert_eq!((new_offsets(&told), &told["executed"]), (expected.to_vec(), &json!(false)), "{to:?}: {told}");
    }
    assert_eq!(committed(&stage.describe("travellers")), [5, 3], "nothing was changed yet");
    let told = reset(&["-t", "load:0", "--shift-by", "-4", "--execute"]).json();
    assert_eq!((new_offsets(&told), &told["executed"]), (vec![1], &json!(true)), "{told}");
    assert_eq!(committed(&stage.describe("travellers")), [1, 3]);
    reset(&["-t", "load:7", "--to-latest"]).fails(4, "partition 7");
    reset(&["-t", "lode", "--to-latest"]).fails(4, "did you mean");
    reset(&["-t", "load:x", "--to-latest"]).fails(2, "no partition");
    reset(&["-t", "load"]).fails(2, "--to-earliest");
    reset(&["--to-latest"]).fails(2, "--topic");
    reset(&["-t", "load", "--to-latest", "--to-earliest"]).fails(2, "cannot be used with");
    let new = ["group", "reset-offsets", "made-by-reset", "-t", "load", "--execute"];
    stage.run(&[&new[..], &["--shift-by", "1"]].concat()).fails(1, "committed nothing");
    stage.run(&[&new[..], &["--to-latest"]].concat()).ok();
    assert_eq!(committed(&stage.describe("made-by-reset")), [9, 3]);
}

/// Who has fallen behind what retention has left is as far behind as the first record that is left, the newer half of them here.
fn behind_the_start(stage: &Stage) {
    let args = ["-t", "load:0", "--to-offset", "1", "--execute"];
    stage.run(&[&["group", "reset-offsets", "travellers"][..], &args].concat()).ok();
    let cut =
        json!({"topics": [{"name": "load", "partitions": [{"partitionIndex": 0, "offset": 5}]}], "timeoutMs": 5000});
    let answer = stage.broker.wire().call("DeleteRecords", 2, cut).expect("an answer");
    assert_eq!(answer["topics"][0]["partitions"][0]["errorCode"], 0, "{answer}");
    let told = stage.describe("travellers");
    let seconds = told["partitions"][0]["lag_seconds"].as_f64();
    assert!(told["partitions"][0]["lag"] == 8 && seconds.is_some_and(|s| (600.0..1200.0).contains(&s)), "{told}");
}

#[test]
fn a_group_of_the_classic_protocol() {
    life(Protocol::Classic);
}

#[test]
fn a_group_of_the_consumer_protocol() {
    life(Protocol::Consumer);
}

#[test]
fn the_lag_of_a_group_is_a_metric() {
    if under_test() == Kind::Kafka {
        // It needs another process for that.
        return;
    }
    let port = free_port();
    let stage = Stage::new(&[("ottla.http.address", &format!("127.0.0.1:{port}"))]);
    stage.produce(0, 5, 600);
    stage.produce(1, 3, 600);
    let mut member = Member::start(&stage.setting("measured", Protocol::Consumer), "member");
    until_shared("the member reads", &mut [&mut member], 2);
    stage.until_no_lag("measured");
    let of = |partition: i32| format!("{{consumergroup=\"measured\",topic=\"load\",partition=\"{partition}\"}}");
    let look = || scrape("127.0.0.1", port).expect("the metrics");
    let of_topic = "{consumergroup=\"measured\",topic=\"load\"}";
    let page = look();
    let at = |page: &str, metric: &str, labels: &str| value(page, &format!("kafka_consumergroup_{metric}{labels}"));
    assert_eq!(at(&page, "members", "{consumergroup=\"measured\"}"), Some(1.0), "{page}");
    assert_eq!((at(&page, "current_offset", &of(0)), at(&page, "current_offset", &of(1))), (Some(5.0), Some(3.0)));
    assert_eq!((at(&page, "lag", &of(0)), at(&page, "lag_seconds", &of(0))), (Some(0.0), Some(0.0)));
    assert_eq!((at(&page, "lag_sum", of_topic), at(&page, "current_offset_sum", of_topic)), (Some(0.0), Some(8.0)));
    member.leave();
    stage.produce(0, 4, 300);
    let page = look();
    assert_eq!(at(&page, "members", "{consumergroup=\"measured\"}"), Some(0.0));
    assert_eq!((at(&page, "lag", &of(0)), at(&page, "lag", &of(1))), (Some(4.0), Some(0.0)));
    assert_eq!(at(&page, "lag_sum", of_topic), Some(4.0));
    let seconds = at(&page, "lag_seconds", &of(0)).expect("seconds");
    assert!((300.0..600.0).contains(&seconds) && at(&page, "lag_seconds", &of(1)) == Some(0.0), "{seconds}");
    let ends = value(&page, "kafka_topic_partition_current_offset{topic=\"load\",partition=\"0\"}");
    assert_eq!(ends, Some(9.0));
    stage.run(&["group", "delete", "measured"]).ok();
    assert!(!look().contains("measured"), "what is gone is told no more");
}
