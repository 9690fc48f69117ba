//! A server to test: Ottla from this build, or Apache Kafka as the oracle. Tests see one shape of both.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde_json::json;

use super::kafka;
use super::paths::{self, Scratch};
use super::process::Process;
use super::wire::Wire;

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The server of this repository.
    Ottla,
    /// Apache Kafka, one KRaft node.
    Kafka,
}

/// A running server with its own data directory and port.
pub struct Broker {
    /// Which server it is.
    pub kind: Kind,
    /// The port of its plaintext listener on the loopback interface.
    pub port: u16,
    dir: PathBuf,
    controller_port: u16,
    overrides: Vec<(String, String)>,
    process: Option<Process>,
    _scratch: Option<Scratch>,
}

impl Broker {
    /// Starts a server on an empty directory and waits until it answers. `overrides` are server properties.
    pub fn start(kind: Kind, overrides: &[(&str, &str)]) -> Broker {
        let mut broker = Broker::unstarted(kind, overrides);
        broker.run();
        broker
    }

    /// A server on an empty directory that `run` starts.
    pub fn unstarted(kind: Kind, overrides: &[(&str, &str)]) -> Broker {
        paths::setup();
        let scratch = Scratch::new(if kind == Kind::Ottla { "ottla" } else { "kafka" });
        let mut broker = Broker::prepare(kind, scratch.path(), overrides);
        broker._scratch = Some(scratch);
        broker
    }

    /// Starts a server on a directory that the caller keeps.
    pub fn at(kind: Kind, dir: &Path, overrides: &[(&str, &str)]) -> Broker {
        let mut broker = Broker::prepare(kind, dir, overrides);
        broker.run();
        broker
    }

    fn prepare(kind: Kind, dir: &Path, overrides: &[(&str, &str)]) -> Broker {
        let overrides = overrides.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        Broker {
            kind,
            port: paths::free_port(),
            dir: dir.to_path_buf(),
            controller_port: paths::free_port(),
            overrides,
            process: None,
            _scratch: None,
        }
    }

    /// Starts the server again on the same directory and port, after it ended.
    pub fn run(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        let properties = self.dir.join("server.properties");
        std::fs::write(&properties, self.properties()).expect("a configuration file");
        let process = match self.kind {
            Kind::Ottla => {
                let args = ["server".to_string(), "--config".to_string(), properties.display().to_string()];
                let env = [("RUST_BACKTRACE".to_string(), "1".to_string())];
                Process::start("ottla", &self.dir, Path::new(env!("CARGO_BIN_EXE_ottla")), &args, &env)
            }
            Kind::Kafka => kafka::start(&self.dir, &properties, &self.data(), 768),
        };
        self.process = Some(process);
        self.wait_ready(Duration::from_secs(60));
    }

    fn properties(&self) -> String {
        let (port, controller) = (self.port, self.controller_port);
        let mut text = format!(
            "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.voters=1@localhost:{controller}\n\
             listeners=PLAINTEXT://localhost:{port},CONTROLLER://localhost:{controller}\n\
             advertised.listeners=PLAINTEXT://localhost:{port}\ninter.broker.listener.name=PLAINTEXT\n\
             controller.listener.names=CONTROLLER\nlog.dirs={}\n\
             listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\n\
             offsets.topic.replication.factor=1\ntransaction.state.log.replication.factor=1\n\
             transaction.state.log.min.isr=1\nshare.coordinator.state.topic.replication.factor=1\n\
             share.coordinator.state.topic.min.isr=1\n",
            self.data().display()
        );
        if self.kind == Kind::Ottla && !self.overrides.iter().any(|(key, _)| key == "ottla.http.address") {
            // Many servers run at once in tests; none of them needs the metrics port.
            text.push_str("ottla.http.address=\n");
        }
        if self.overrides.iter().any(|(key, _)| key == "log.dirs") {
            text = text.lines().filter(|line| !line.starts_with("log.dirs=")).map(|line| format!("{line}\n")).collect();
        }
        for (key, value) in &self.overrides {
            text.push_str(&format!("{key}={value}\n"));
        }
        text
    }

    fn wait_ready(&mut self, limit: Duration) {
        let end = Instant::now() + limit;
        loop {
            if let Some(process) = self.process.as_mut()
                && !process.alive()
            {
                panic!("{:?} ended while starting\n{}", self.kind, process.tail(60));
            }
            if let Ok(mut wire) = Wire::connect(self.port) {
                let answer = wire.call("Metadata", 12, json!({"topics": []}));
                if answer.is_ok_and(|a| a["brokers"].as_array().is_some_and(|b| !b.is_empty())) {
                    return;
                }
            }
            if Instant::now() > end {
                let kind = self.kind;
                panic!("{kind:?} is not ready after {limit:?}\n{}", self.process().tail(20));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// One more server property, from the next start on.
    pub fn set(&mut self, key: &str, value: &str) {
        self.overrides.push((key.to_string(), value.to_string()));
    }

    /// What clients are given to connect to.
    pub fn bootstrap(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// The port of its controller's listener.
    pub fn controller_port(&self) -> u16 {
        self.controller_port
    }

    /// Its directory: configuration, log of the process, data.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its `log.dirs`.
    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// The running process.
    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("the server runs")
    }

    /// A raw connection.
    pub fn wire(&self) -> Wire {
        Wire::connect(self.port).expect("the server accepts a connection")
    }

    /// SIGKILL, and wait for the end.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("the server runs");
        process.signal("KILL");
        process.wait(Duration::from_secs(10));
    }

    /// SIGTERM, and wait for a clean end.
    pub fn stop(&mut self) {
        let mut process = self.process.take().expect("the server runs");
        process.signal("TERM");
        let status = process.wait(Duration::from_secs(60));
        let clean = status.success() || (self.kind == Kind::Kafka && status.code() == Some(143));
        assert!(clean, "{:?} ended with {status} on SIGTERM\n{}", self.kind, process.tail(60));
    }
}

/// One server of each kind for all tests of a binary, started at first use; it ends with the test process.
pub fn shared(kind: Kind) -> &'static Mutex<Broker> {
    static OTTLA: OnceLock<Mutex<Broker>> = OnceLock::new();
    static KAFKA: OnceLock<Mutex<Broker>> = OnceLock::new();
    let cell = if kind == Kind::Ottla { &OTTLA } else { &KAFKA };
    cell.get_or_init(|| Mutex::new(Broker::start(kind, &[])))
}

/// The server that a client test runs against: Ottla, or Apache Kafka when `OTTLA_TEST_AGAINST=kafka` asks whether the
/// test itself is right.
pub fn under_test() -> Kind {
    match std::env::var("OTTLA_TEST_AGAINST").as_deref() {
        Ok("kafka") => Kind::Kafka,
        Ok("ottla") | Err(_) => Kind::Ottla,
        Ok(other) => panic!("OTTLA_TEST_AGAINST is ottla or kafka, not {other}"),
    }
}
