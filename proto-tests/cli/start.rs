//! A start with nothing, and what the process says of itself: the banner, its settings, its HTTP port, its log.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Ran;
use crate::support::metrics;
use crate::support::paths::{Scratch, free_port};
use crate::support::process::Process;
use crate::support::reader;
use crate::support::wire::{Batch, Wire, now};

/// The variables without which two servers on one machine would meet on the same ports.
fn ports() -> (u16, u16, Vec<(String, String)>) {
    let (port, http) = (free_port(), free_port());
    let listeners = ("KAFKA_LISTENERS".to_owned(), format!("PLAINTEXT://localhost:{port}"));
    let address = ("KAFKA_OTTLA_HTTP_ADDRESS".to_owned(), format!("127.0.0.1:{http}"));
    (port, http, vec![listeners, address])
}

fn start(dir: &Path, port: u16, env: &[(String, String)]) -> (Process, Wire) {
    let process = Process::start("ottla", dir, Path::new(env!("CARGO_BIN_EXE_ottla")), &["server".to_owned()], env);
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        if process.tail(usize::MAX).contains("is ready after")
            && let Ok(wire) = Wire::connect(port)
        {
            return (process, wire);
        }
        assert!(Instant::now() < end, "it is not ready\n{}", process.tail(60));
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn end(mut process: Process) {
    process.signal("TERM");
    assert!(process.wait(Duration::from_secs(30)).success(), "{}", process.tail(60));
}

fn ran(dir: &Path, args: &[&str], env: &[(String, String)]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ottla"));
    let done = command.args(args).envs(env.iter().cloned()).current_dir(dir).stdin(Stdio::null()).output();
    let done = done.expect("the binary runs");
    let err = String::from_utf8_lossy(&done.stderr).into_owned();
    Ran { code: done.status.code().unwrap_or(-1), out: done.stdout, err }
}

/// The status line and the body of a page.
fn page(port: u16, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the HTTP port");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("a request");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
}

#[test]
fn an_empty_directory_is_enough_and_the_banner_says_what_matters() {
    let scratch = Scratch::new("start");
    let (port, _, env) = ports();
    let (process, mut wire) = start(scratch.path(), port, &env);
    let told =
        wire.call("DescribeCluster", 1, json!({"includeClusterAuthorizedOperations": false})).expect("an answer");
    let id = told["clusterId"].as_str().expect("an id").to_owned();
    let banner = process.tail(usize::MAX);
    for word in [
        format!("node 1 of cluster {id}"),
        format!("tells clients localhost:{port}"),
        "data in ./data".to_owned(),
        "survives kill -9, not a power cut".to_owned(),
        "Kafka Server started".to_owned(),
    ] {
        assert!(banner.contains(&word), "{word:?} is not in\n{banner}");
    }
    for address in ["127.0.0.1", "::1"] {
        TcpStream::connect((address, port)).unwrap_or_else(|error| panic!("{address}: {error}"));
    }
    let meta = std::fs::read_to_string(scratch.path().join("data/meta.properties")).expect("a formatted directory");
    assert!(meta.contains(&format!("cluster.id={id}\n")) && meta.contains("node.id=1\n"), "{meta}");
    reader::create(&mut wire, "kept", 1, &[]);
    end(process);

    // The same directory serves no other cluster.
    let other = [&env[..], &[("CLUSTER_ID".to_owned(), "q1Sh-9_ISia_zwGINzRvyQ".to_owned())]].concat();
    let refused = ran(scratch.path(), &["server"], &other);
    assert_eq!(refused.code, 1, "{}", refused.err);
    for word in ["cluster.id", &id, "q1Sh-9_ISia_zwGINzRvyQ", "meta.properties"] {
        assert!(refused.err.contains(word), "{word:?} is not in\n{}", refused.err);
    }
    let (process, mut wire) = start(scratch.path(), port, &env);
    assert_eq!(reader::list(&mut wire, "kept", 0, -1), 0);
    end(process);
}

#[test]
fn settings_are_printed_with_their_sources_and_mistakes_all_at_once() {
    let scratch = Scratch::new("settings");
    let (port, _, env) = ports();
    let file = scratch.path().join("server.properties");
    std::fs::write(&file, "num.partitions=3\nlog.retention.hours=1\nnum.io.threads=4\n").expect("a file");
    let file = file.display().to_string();
    let shown = ran(scratch.path(), &["config", "--json", "--config", &file, "--set", "num.partitions=5"], &env).json();
    let of = |key: &str| shown["settings"].as_array().and_then(|all| all.iter().find(|s| s["key"] == key)).cloned();
    let partitions = of("num.partitions").expect("a setting");
    assert_eq!((&partitions["value"], &partitions["source"]), (&json!("5"), &json!("flag --set num.partitions")));
    assert!(of("listeners").is_some_and(|s| s["source"] == "environment KAFKA_LISTENERS"
        && s["value"].as_str().is_some_and(|text| text.contains(&port.to_string()))));
    assert!(
        of("log.retention.hours")
            .is_some_and(|s| s["source"].as_str().is_some_and(|at| at.ends_with("server.properties:2")))
    );
    assert!(shown["warnings"].to_string().contains("num.io.threads"), "{shown}");

    std::fs::write(&file, "num.partition=3\nlog.retention.hours=soon\nprocess.roles=broker,cook\n").expect("a file");
    let refused = ran(scratch.path(), &["server", "--config", &file], &env);
    assert_eq!(refused.code, 2, "{}", refused.err);
    for word in ["num.partition", "num.partitions", "server.properties:2", "soon", "cook", "controller"] {
        assert!(refused.err.contains(word), "{word:?} is not in\n{}", refused.err);
    }
}

#[test]
fn the_http_port_tells_life_readiness_and_metrics() {
    let scratch = Scratch::new("http");
    let (port, http, mut env) = ports();
    env.push(("OTTLA_LOG_FORMAT".to_owned(), "json".to_owned()));
    let (process, mut wire) = start(scratch.path(), port, &env);
    // The port opens just before the banner is printed, and is ready just after.
    let deadline = Instant::now() + Duration::from_secs(10);
    while !page(http, "/readyz").0.contains("200") {
        assert!(Instant::now() < deadline, "{:?}", page(http, "/readyz"));
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(page(http, "/livez").0.contains("200") && page(http, "/nothing").0.contains("404"));
    reader::create(&mut wire, "measured", 2, &[]);
    reader::append(&mut wire, "measured", 0, Batch::of(now(), &[&b"one"[..], &b"two"[..]]).base64());
    reader::read(&mut wire, "measured", 0, false);
    let scraped = metrics::scrape("127.0.0.1", http).expect("a page");
    for (series, least) in [
        ("kafka_server_brokertopicmetrics_messagesin_total{topic=\"measured\"}", 2.0),
        ("kafka_server_brokertopicmetrics_bytesin_total{topic=\"measured\"}", 60.0),
        ("kafka_server_brokertopicmetrics_bytesout_total{topic=\"measured\"}", 60.0),
        ("kafka_server_replicamanager_partitioncount", 2.0),
        ("kafka_server_replicamanager_leadercount", 2.0),
        ("kafka_controller_kafkacontroller_activecontrollercount", 1.0),
        ("kafka_controller_kafkacontroller_globaltopiccount", 1.0),
        ("kafka_topic_partitions{topic=\"measured\"}", 2.0),
    ] {
        let found = metrics::value(&scraped, series);
        assert!(found.is_some_and(|value| value >= least), "{series}: {found:?}\n{scraped}");
    }
    end(process);
    let log = std::fs::read_to_string(scratch.path().join("ottla.log")).expect("a log");
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(lines.iter().any(|line| line["level"] == "INFO" && line["fields"]["message"] == "stopped"), "{log}");
}
