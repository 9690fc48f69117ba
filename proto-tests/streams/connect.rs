//! Kafka Connect: lines go from a file to a topic and from the topic to another file, by one worker or by a group of them.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::broker::{Broker, under_test};
use crate::support::paths::{self, Scratch};
use crate::support::process::Process;

const CONVERTER: &str = "org.apache.kafka.connect.storage.StringConverter";

/// The two files and what was written to the first.
struct Files {
    source: PathBuf,
    sink: PathBuf,
    lines: Vec<String>,
}

impl Files {
    fn new(dir: &Path) -> Files {
        Files { source: dir.join("source.txt"), sink: dir.join("sink.txt"), lines: Vec::new() }
    }

    fn append(&mut self, count: usize) {
        let mut text = String::new();
        for _ in 0..count {
            let line = format!("line {} of the file", self.lines.len());
            writeln!(text, "{line}").expect("a string takes a line");
            self.lines.push(line);
        }
        let mut file = std::fs::File::options().create(true).append(true).open(&self.source).expect("the source");
        file.write_all(text.as_bytes()).expect("the source takes lines");
    }

    /// Waits until the sink holds all lines in order; `twice` allows for lines that come again after a death.
    fn until_same(&self, what: &str, twice: bool, workers: &[&Process]) {
        let end = Instant::now() + Duration::from_secs(120);
        loop {
            let text = std::fs::read_to_string(&self.sink).unwrap_or_default();
            let mut lines: Vec<&str> = text.lines().collect();
            if twice {
                let mut seen = std::collections::BTreeSet::new();
                lines.retain(|l| seen.insert(*l));
            }
            if lines == self.lines {
                return;
            }
            if Instant::now() > end {
                let tails: Vec<String> = workers.iter().map(|w| w.tail(30)).collect();
                panic!("{what}: {} lines of {}\n{}", lines.len(), self.lines.len(), tails.join("\n"));
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn source_config(&self) -> Value {
        json!({"connector.class": "org.apache.kafka.connect.file.FileStreamSourceConnector", "tasks.max": "1", "topic": "lines",
            "file": self.source})
    }

    fn sink_config(&self) -> Value {
        json!({"connector.class": "org.apache.kafka.connect.file.FileStreamSinkConnector", "tasks.max": "1", "topics": "lines",
            "file": self.sink})
    }
}

fn stage() -> (Broker, Scratch) {
    let properties = [("group.initial.rebalance.delay.ms", "100"), ("offsets.topic.num.partitions", "4")];
    (Broker::start(under_test(), &properties), Scratch::new("connect"))
}

fn properties(dir: &Path, name: &str, pairs: &[(&str, String)]) -> String {
    let path = dir.join(format!("{name}.properties"));
    let text: String = pairs.iter().map(|(k, v)| format!("{k}={v}\n")).collect();
    std::fs::write(&path, text).expect("a properties file");
    path.display().to_string()
}

fn worker(broker: &Broker, rest: u16) -> Vec<(&'static str, String)> {
    vec![
        ("bootstrap.servers", broker.bootstrap()),
        ("key.converter", CONVERTER.to_string()),
        ("value.converter", CONVERTER.to_string()),
        ("offset.flush.interval.ms", "500".to_string()),
        ("listeners", format!("http://127.0.0.1:{rest}")),
        ("plugin.discovery", "service_load".to_string()),
    ]
}

fn start(dir: &Path, name: &str, class: &str, args: &[String]) -> Process {
    let mut all = paths::java(class, 256);
    all.extend_from_slice(args);
    Process::start(name, dir, Path::new("/usr/bin/env"), &all, &[])
}

/// One worker with its offsets in a file, stopped and started again.
pub fn standalone() {
    let (broker, scratch) = stage();
    let dir = scratch.path();
    let mut files = Files::new(dir);
    let mut pairs = worker(&broker, paths::free_port());
    pairs.push(("offset.storage.file.filename", dir.join("offsets").display().to_string()));
    let mut args = vec![properties(dir, "worker", &pairs)];
    for (name, config) in [("source", files.source_config()), ("sink", files.sink_config())] {
        let mut pairs = vec![("name", name.to_string())];
        let config = config.as_object().expect("an object").clone();
        pairs.extend(config.iter().map(|(k, v)| (k.as_str(), v.as_str().expect("text").to_string())));
        args.push(properties(dir, name, &pairs));
    }
    let class = "org.apache.kafka.connect.cli.ConnectStandalone";
    files.append(1000);
    let mut connect = start(dir, "standalone", class, &args);
    files.until_same("from file to file", false, &[&connect]);
    files.append(500);
    files.until_same("more lines", false, &[&connect]);
    std::thread::sleep(Duration::from_secs(1));
    connect.signal("TERM");
    connect.wait(Duration::from_secs(60));
    files.append(500);
    let mut connect = start(dir, "standalone-again", class, &args);
    files.until_same("started again", false, &[&connect]);
    connect.signal("TERM");
    connect.wait(Duration::from_secs(60));
}

/// Two workers in one group, with connectors, offsets and states in topics; one of them is killed.
pub fn distributed() {
    let (broker, scratch) = stage();
    let dir = scratch.path();
    let mut files = Files::new(dir);
    let class = "org.apache.kafka.connect.cli.ConnectDistributed";
    let mut workers: Vec<(u16, Process)> = Vec::new();
    for name in ["first", "second"] {
        let port = paths::free_port();
        let mut pairs = worker(&broker, port);
        for (key, value) in [
            ("group.id", "connect"),
            ("config.storage.topic", "connect-configs"),
            ("offset.storage.topic", "connect-offsets"),
            ("status.storage.topic", "connect-status"),
            ("config.storage.replication.factor", "1"),
            ("offset.storage.replication.factor", "1"),
            ("status.storage.replication.factor", "1"),
            ("offset.storage.partitions", "3"),
            ("status.storage.partitions", "2"),
            ("session.timeout.ms", "6000"),
            ("heartbeat.interval.ms", "500"),
            ("scheduled.rebalance.max.delay.ms", "1000"),
        ] {
            pairs.push((key, value.to_string()));
        }
        let args = [properties(dir, name, &pairs)];
        workers.push((port, start(dir, name, class, &args)));
    }
    files.append(1000);
    for (name, config) in [("source", files.source_config()), ("sink", files.sink_config())] {
        put(workers[0].0, &format!("/connectors/{name}/config"), &config, &workers[0].1);
    }
    let both: Vec<&Process> = workers.iter().map(|(_, w)| w).collect();
    files.until_same("from file to file", false, &both);
    // Each worker has one of the two tasks, or the group does not share out.
    let place = |ports: &[u16], name: &str| {
        ports.iter().find_map(|port| {
            let status = http(*port, "GET", &format!("/connectors/{name}/status"), None)?.1;
            status["tasks"][0]["worker_id"].as_str().and_then(|id| id.rsplit(':').next()?.parse::<u16>().ok())
        })
    };
    let ports: Vec<u16> = workers.iter().map(|(port, _)| *port).collect();
    let at = place(&ports, "source").expect("the source has a place");
    let (_, mut dead) = workers.remove(workers.iter().position(|(port, _)| *port == at).expect("one of the workers"));
    dead.signal("KILL");
    dead.wait(Duration::from_secs(10));
    files.append(1000);
    files.until_same("a worker was killed", true, &[&workers[0].1]);
    assert_eq!(place(&[workers[0].0], "source"), Some(workers[0].0), "the source moved");
    workers[0].1.signal("TERM");
    workers[0].1.wait(Duration::from_secs(60));
}

/// A PUT that is repeated until the worker is there and takes it.
fn put(port: u16, path: &str, body: &Value, worker: &Process) {
    let end = Instant::now() + Duration::from_secs(90);
    loop {
        let answer = http(port, "PUT", path, Some(body));
        if answer.as_ref().is_some_and(|(status, _)| (200..300).contains(status)) {
            return;
        }
        assert!(Instant::now() < end, "PUT {path}: {answer:?}\n{}", worker.tail(30));
        std::thread::sleep(Duration::from_millis(300));
    }
}

/// One HTTP request; status and body, or none if nobody answers.
fn http(port: u16, method: &str, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).unwrap_or_default()))
}
