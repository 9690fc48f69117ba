//! `config/cluster/start`, as somebody runs it who has just read of it: three processes, records in and out, and Ctrl-C.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use super::support::client::kcat;
use super::support::paths::{self, Scratch};
use super::support::wire::Wire;

const PORTS: [u16; 3] = [19091, 19092, 19093];
const LIMIT: Duration = Duration::from_secs(60);

/// The script; its nodes end with it.
struct Script(Child);

impl Script {
    fn interrupt(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.interrupt();
        let _ = self.0.wait();
    }
}

#[test]
fn the_script_of_three_processes_works_as_it_stands() {
    let scratch = Scratch::new("script");
    let child = Command::new(paths::root().join("config/cluster/start"))
        .arg(scratch.path().join("cluster"))
        .env("OTTLA", env!("CARGO_BIN_EXE_ottla"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the script starts");
    let mut script = Script(child);
    let said = BufReader::new(script.0.stdout.take().expect("its output")).lines().map_while(Result::ok);
    let line = said.into_iter().find(|line| line.starts_with("bootstrap servers:")).expect("it says where they listen");
    let bootstrap = line.rsplit(' ').next().expect("addresses").to_owned();
    assert_eq!(bootstrap, PORTS.map(|port| format!("localhost:{port}")).join(","));

    let limit = Instant::now() + LIMIT;
    let all_serve = || {
        PORTS.iter().all(|port| {
            let told =
                Wire::connect(*port).ok().and_then(|mut wire| wire.call("Metadata", 12, json!({"topics": []})).ok());
            told.is_some_and(|told| told["brokers"].as_array().is_some_and(|brokers| brokers.len() == PORTS.len()))
        })
    };
    while !all_serve() {
        assert!(Instant::now() < limit, "they do not serve");
        std::thread::sleep(Duration::from_millis(20));
    }
    let ottla = |args: &[&str], input: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ottla"))
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        std::io::Write::write_all(&mut child.stdin.take().expect("its input"), input.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    ottla(&["topic", "create", "hello", "-b", &bootstrap], "");
    ottla(&["produce", "hello", "-b", &bootstrap], "one\ntwo\nthree\n");
    let mut read: Vec<_> = kcat(&bootstrap, &["-C", "-t", "hello", "-e", "-q"], None)
        .map(|bytes| String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
        .expect("kcat reads");
    read.sort();
    assert_eq!(read, ["one", "three", "two"]);

    script.interrupt();
    let limit = Instant::now() + LIMIT;
    let status = loop {
        if let Some(status) = script.0.try_wait().expect("it can be waited for") {
            break status;
        }
        assert!(Instant::now() < limit, "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success(), "{status}");
    for (n, port) in (1..).zip(PORTS) {
        assert!(Wire::connect(port).is_err(), "node {n} goes on");
        let log = scratch.path().join(format!("cluster/data/node-{n}.log"));
        assert!(std::fs::read_to_string(&log).is_ok_and(|text| text.contains("is ready after")), "{}", log.display());
    }
}
