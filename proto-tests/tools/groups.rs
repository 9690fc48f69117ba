//! `kafka-consumer-groups` in all its forms, on groups that live, groups that sleep and groups that never were.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::broker::{Broker, Kind};
use crate::support::client::Library;
use crate::support::member::{Member, PROPERTIES, Protocol, Setting, until_shared};
use crate::support::paths::Scratch;
use crate::support::reader;
use crate::support::tools::Tools;
use crate::support::wire::{Batch, Wire, now};
use crate::table::{Step, Table};

/// The groups that only hold offsets, each for the commands that change it.
const IDLE: [&str; 5] = ["idle", "moved", "emptied", "deleted", "exported"];

fn commands() -> Vec<Step> {
    let mut table = Table::default();
    let mut add = |args: &str| table.add(&format!("kafka-consumer-groups {args}"));
    for args in [
        "--list",
        "--list --state",
        "--list --state Stable",
        "--list --state empty",
        "--list --state Empty,Stable",
        "--list --state Dead",
        "--list --state Assigning,Reconciling",
        "--list --state Sleepy",
        "--list --type",
        "--list --type classic",
        "--list --type Consumer",
        "--list --type consumer,classic --state",
        "--list --type share",
        "--list --type odd",
        "--list --timeout 20000",
        "--list --command-config %DIR%/client.properties",
        "--list --command-config %DIR%/no-such.properties",
        "--list --validate-regex t.*",
        "--validate-regex (t1|t2)",
        "--validate-regex [t",
    ] {
        add(args);
    }
    for group in ["living", "living-consumer", "idle", "no-such-group"] {
        for what in
            ["", "--offsets", "--offsets --verbose", "--members", "--members --verbose", "--state", "--state --verbose"]
        {
            add(&format!("--describe --group {group} {what}"));
        }
    }
    add("--describe --group living --group idle");
    add("--describe --group living --group no-such-group --state");
    for what in ["", "--members", "--state", "--members --verbose"] {
        add(&format!("--describe --all-groups {what}"));
    }
    for args in [
        "--describe --all-groups --offsets --verbose",
        "--describe --group living --members --state",
        "--describe --group living --timeout 20000 --command-config %DIR%/client.properties",
        "--describe --group living --verbose",
    ] {
        add(args);
    }
    // Resets: each mode shown, then done, then looked at.
    for mode in [
        "--to-earliest",
        "--to-latest",
        "--to-offset 2",
        "--to-offset 100",
        "--to-offset -5",
        "--shift-by -1",
        "--shift-by 1",
        "--shift-by -100",
        "--shift-by 100",
        "--to-current",
        "--by-duration PT1H",
        "--by-duration P1000D",
        "--to-datetime 2020-01-01T00:00:00.000",
        "--to-datetime 2035-01-01T00:00:00.000",
        "--from-file %DIR%/reset.csv",
    ] {
        let topics = if mode.starts_with("--from-file") { "" } else { "--topic t1" };
        add(&format!("--reset-offsets --group moved {topics} {mode} --dry-run"));
        add(&format!("--reset-offsets --group moved {topics} {mode}"));
        add(&format!("--reset-offsets --group moved {topics} {mode} --execute"));
        add("--describe --group moved");
    }
    for args in [
        "--reset-offsets --group moved --all-topics --to-earliest --execute",
        "--reset-offsets --group moved --topic t1:0,2 --to-latest --execute",
        "--reset-offsets --group moved --topic t1:9 --to-latest --execute",
        "--reset-offsets --group moved --topic t2 --to-latest --execute",
        "--reset-offsets --group moved --topic no-such-topic --to-latest --execute",
        "--reset-offsets --group moved --topic t1 --topic t2 --to-offset 1 --execute",
        "--reset-offsets --group moved --topic t1 --to-datetime soon --execute",
        "--reset-offsets --group moved --topic t1 --by-duration soon --execute",
        "--reset-offsets --group moved --topic t1",
        "--reset-offsets --group moved --to-latest",
        "--reset-offsets --group moved --from-file %DIR%/no-such.csv --execute",
        "--reset-offsets --group exported --all-topics --to-current --export",
        "--reset-offsets --group exported --group idle --all-topics --to-current --export",
        "--reset-offsets --all-groups --topic t1 --to-current --dry-run",
        "--reset-offsets --all-groups --all-topics --to-current --export",
        "--reset-offsets --group moved --topic t1 --to-latest --to-earliest",
        "--reset-offsets --group moved --topic t1 --to-latest --dry-run --execute",
        "--reset-offsets --group moved --topic t1:x --to-latest --execute",
        "--reset-offsets --group made-by-reset --topic t1 --to-offset 1 --execute",
        "--describe --group made-by-reset",
        "--reset-offsets --group living --topic t1 --to-earliest --execute",
        "--reset-offsets --group living-consumer --topic t1 --to-earliest --execute",
        "--reset-offsets --group living --topic t1 --to-earliest --dry-run",
        "--delete-offsets --group emptied --topic t1:0",
        "--describe --group emptied",
        "--delete-offsets --group emptied --topic t1:0 --topic t2",
        "--delete-offsets --group emptied --topic t1:1,2 --timeout 20000",
        "--delete-offsets --group emptied",
        "--delete-offsets --group emptied --group idle --topic t1",
        "--delete-offsets --group emptied --topic no-such-topic",
        "--delete-offsets --group emptied --topic t1:9",
        "--delete-offsets --group emptied --topic t1",
        "--describe --group emptied",
        "--delete-offsets --group living --topic t1",
        "--delete-offsets --group living --topic t2",
        "--delete-offsets --group living-consumer --topic t1",
        "--delete-offsets --group no-such-group --topic t1",
        "--delete --group deleted",
        "--delete --group deleted",
        "--delete --group living",
        "--delete --group living-consumer",
        "--delete --group no-such-group --group exported",
        "--delete --group living --group emptied",
        "--describe --group deleted",
        "--delete --all-groups",
        "--list --state",
        "--delete",
        "--describe",
        "--list --describe",
    ] {
        add(args);
    }
    for args in [
        "--list",
        "--list --consumer",
        "--list --share",
        "--list --streams",
        "--list --group-type classic",
        "--list --group-type consumer --protocol consumer",
        "--list --protocol connect",
        "--list --group-type odd",
        "",
    ] {
        table.add(&format!("kafka-groups {args}"));
    }
    table.steps()
}

/// All runs against one server.
pub fn run_all(kind: Kind, tools: &Mutex<Tools>) -> Vec<(String, String)> {
    let patient = [("group.consumer.session.timeout.ms", "45000")];
    let broker = Broker::start(kind, &[&PROPERTIES[..], &patient].concat());
    let scratch = Scratch::new("tools-groups");
    let mut wire = broker.wire();
    for (topic, partitions) in [("t1", 3), ("t2", 2)] {
        reader::create(&mut wire, topic, partitions, &[]);
        for p in 0..partitions {
            reader::list(&mut wire, topic, p, -1);
            for _ in 0..=p {
                reader::append(&mut wire, topic, p, Batch::of(now(), &[b"a", b"b", b"c"]).base64());
            }
        }
    }
    for group in IDLE {
        commit(&mut wire, group);
    }
    std::fs::write(broker.dir().join("client.properties"), "client.id=a-tool\n").expect("a file of properties");
    std::fs::write(broker.dir().join("reset.csv"), "t1,0,2\nt1,1,3\nt2,0,1\n").expect("a file of offsets");
    let mut members = Vec::new();
    for (group, protocol) in [("living", Protocol::Classic), ("living-consumer", Protocol::Consumer)] {
        let dir = scratch.path().join(group);
        std::fs::create_dir(&dir).expect("a directory");
        let setting = Setting {
            library: Library::Franz,
            protocol,
            bootstrap: broker.bootstrap(),
            group: group.to_string(),
            dir,
            more: json!({"topic": "t1", "assignor": "range", "session_ms": 60000}),
        };
        let mut one = Member::start(&setting, "one");
        until_shared("the first member", &mut [&mut one], 3);
        let mut two = Member::start_with(&setting, "two", json!({"instance": "second"}));
        until_shared("both members", &mut [&mut one, &mut two], 3);
        members.push((group, one, two));
    }
    for (group, _, _) in &members {
        settled(&mut wire, group);
    }
    let runs = crate::run(&broker, tools, &commands());
    for (_, mut one, mut two) in members {
        one.leave();
        two.leave();
    }
    runs.into_iter().map(|(name, text)| (name, text.lines().map(row).collect::<Vec<_>>().join("\n"))).collect()
}

/// Offsets of t1 and t2 without a member, as an assigned consumer commits them.
fn commit(wire: &mut Wire, group: &str) {
    let of = |topic: &str, partitions: &[i32]| {
        let list: Vec<Value> = partitions
            .iter()
            .map(|p| json!({"partitionIndex": p, "committedOffset": 2, "committedMetadata": "m"}))
            .collect();
        json!({"name": topic, "partitions": list})
    };
    let body = json!({"groupId": group, "generationIdOrMemberEpoch": -1, "memberId": "", "topics": [of("t1", &[0, 1, 2]), of("t2", &[1])]});
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        // The coordinator may have to make its topic first.
        let find = json!({"key": group, "keyType": 0});
        let found = wire.call("FindCoordinator", 3, find).expect("an answer");
        let answer = wire.call("OffsetCommit", 8, body.clone()).expect("an answer");
        if found["errorCode"] == 0 && answer["topics"][0]["partitions"][0]["errorCode"] == 0 {
            return;
        }
        assert!(Instant::now() < end, "{found} {answer}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until a group has read t1 to its end.
fn settled(wire: &mut Wire, group: &str) {
    let goal: BTreeMap<i64, i64> = [(0, 3), (1, 6), (2, 9)].into();
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let topics = json!([{"name": "t1", "partitionIndexes": [0, 1, 2]}]);
        let answer = wire.call("OffsetFetch", 7, json!({"groupId": group, "topics": topics})).expect("an answer");
        let list = answer["topics"][0]["partitions"].as_array().cloned().unwrap_or_default();
        let number = |p: &Value, field: &str| p[field].as_i64().unwrap_or(-1);
        if list.iter().map(|p| (number(p, "partitionIndex"), number(p, "committedOffset"))).collect::<BTreeMap<_, _>>()
            == goal
        {
            return;
        }
        assert!(Instant::now() < end, "{answer}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A row of a table: columns one blank apart, members' ids and addresses taken out.
fn row(line: &str) -> String {
    let word = |w: &str| {
        let id = w.len() > 36 && w[w.len() - 36..].split('-').map(str::len).eq([8, 4, 4, 4, 12]);
        if id {
            format!("{}<uuid>", &w[..w.len() - 36])
        } else if w.starts_with("/127.0.0.1") || w.starts_with("/0:0:0:0:0:0:0:1") {
            "<host>".to_string()
        } else if w.len() == 23 && w.contains('T') && w.starts_with("20") {
            "<time>".to_string()
        } else {
            w.to_string()
        }
    };
    line.split_whitespace().map(word).collect::<Vec<_>>().join(" ")
}
