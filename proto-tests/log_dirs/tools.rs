//! `kafka-reassign-partitions` and `kafka-log-dirs` on one server with two directories: what they print on Ottla is what they
//! print on Apache Kafka.

use std::path::PathBuf;
use std::sync::Mutex;

use serde_json::json;

use crate::support::broker::{Broker, Kind};
use crate::support::paths::Scratch;
use crate::support::reader;
use crate::support::tools::Tools;
use crate::support::wire::{Batch, now};
use crate::{TOPIC, replicas, second, start};

/// Output and exit codes, line by line, with places and sizes taken out.
fn run_all(kind: Kind, tools: &Mutex<Tools>) -> Vec<String> {
    let scratch = Scratch::new("dirs-tools");
    let broker = start(kind, &scratch);
    let mut wire = broker.wire();
    reader::create(&mut wire, TOPIC, 2, &[]);
    for p in 0..2 {
        reader::list(&mut wire, TOPIC, p, -1);
        reader::append(&mut wire, TOPIC, p, Batch::of(now(), &[b"a", b"b"]).base64());
    }
    let (first, second) = (scratch.path().join("data"), second(&scratch));
    let write = |name: &str, dirs: [&str; 2]| {
        let one = |p: usize| json!({"topic": TOPIC, "partition": p, "replicas": [1], "log_dirs": [dirs[p]]});
        let plan = json!({"version": 1, "partitions": [one(0), one(1)]});
        std::fs::write(scratch.path().join(name), plan.to_string()).expect("a plan");
    };
    let text = |path: &PathBuf| path.display().to_string();
    write("to-second.json", [&text(&second), &text(&second)]);
    write("apart.json", [&text(&first), "any"]);
    write("nowhere.json", ["/no/such/directory", "any"]);
    let mut said = Vec::new();
    let mut run = |tool: &str, args: &str| {
        let dir = scratch.path().display().to_string();
        let args: Vec<String> = args.split_whitespace().map(|a| a.replace("%DIR%", &dir)).collect();
        let bootstrap = broker.bootstrap();
        let all: Vec<&str> =
            ["--bootstrap-server", &bootstrap].into_iter().chain(args.iter().map(String::as_str)).collect();
        let run = tools.lock().expect("the tools").run(tool, &all, "");
        said.push(format!("$ {tool} {} -> {}", args.join(" ").replace(&dir, "%DIR%"), run.code));
        // A stack of the tool's own is no two times the same.
        let told = run.out.lines().filter(|line| !line.is_empty() && !line.starts_with('\t'));
        let mut lines: Vec<String> = told.map(|line| masked(line, &dir)).collect();
        lines.sort();
        said.extend(lines);
        let class = |line: &str| {
            line.split_whitespace().find(|w| w.trim_end_matches(':').ends_with("Exception")).map(str::to_owned)
        };
        said.extend(run.err.lines().filter(|l| !l.trim_start().starts_with("at ")).find_map(class));
    };
    let r = "kafka-reassign-partitions";
    for plan in ["to-second", "apart"] {
        run(r, &format!("--execute --reassignment-json-file %DIR%/{plan}.json"));
        settle(&broker);
        run(r, &format!("--verify --reassignment-json-file %DIR%/{plan}.json"));
        run("kafka-log-dirs", "--describe --topic-list moving");
    }
    run(r, "--execute --reassignment-json-file %DIR%/to-second.json --replica-alter-log-dirs-throttle 1000000");
    settle(&broker);
    run("kafka-configs", "--describe --entity-type brokers --entity-name 1");
    run(r, "--verify --reassignment-json-file %DIR%/to-second.json");
    run("kafka-configs", "--describe --entity-type brokers --entity-name 1");
    run(r, "--execute --reassignment-json-file %DIR%/nowhere.json --timeout 3000");
    run(r, "--verify --reassignment-json-file %DIR%/nowhere.json");
    run(r, "--execute --reassignment-json-file %DIR%/no-such-file.json");
    run(r, "--cancel --reassignment-json-file %DIR%/to-second.json");
    run(r, "--list");
    run("kafka-log-dirs", "--describe --broker-list 1 --topic-list moving,none");
    said
}

fn settle(broker: &Broker) {
    let mut wire = broker.wire();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while replicas(&mut wire).iter().any(|r| r.3) {
        assert!(std::time::Instant::now() < end, "{:?}", replicas(&mut wire));
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// A line without places, and with the directories of a JSON answer in order.
fn masked(line: &str, dir: &str) -> String {
    let Ok(mut answer) = serde_json::from_str::<serde_json::Value>(line) else { return line.replace(dir, "%DIR%") };
    for broker in answer["brokers"].as_array_mut().into_iter().flatten() {
        let Some(dirs) = broker["logDirs"].as_array_mut() else { continue };
        dirs.sort_by_key(|d| d["logDir"].to_string());
        for partitions in dirs.iter_mut().filter_map(|d| d["partitions"].as_array_mut()) {
            partitions.sort_by_key(|p| p["partition"].to_string());
        }
    }
    answer.to_string().replace(dir, "%DIR%")
}

#[test]
fn tools_that_move_replicas_say_what_they_say_on_apache_kafka() {
    let tools = Mutex::new(Tools::start());
    let (kafka, ottla) = (run_all(Kind::Kafka, &tools), run_all(Kind::Ottla, &tools));
    assert_eq!(ottla.join("\n"), kafka.join("\n"));
}
