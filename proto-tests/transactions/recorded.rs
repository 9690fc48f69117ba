//! Transactional clients of every library whose histories are recorded and checked.

use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::history::event::{self, Line};
use crate::history::{Counts, assert_clean};
use crate::support::client::Library;
use crate::support::paths::{self, Scratch};

/// How long a client may take in all.
const LIMIT: Duration = Duration::from_secs(180);
/// What a client ends with that cannot go on, as one that is fenced.
pub const CANNOT_GO_ON: i32 = 3;
/// Numbers that each life of a client has for itself.
const NUMBERS_PER_LIFE: i64 = 1_000_000;

/// One history, and who writes it.
pub struct Recorded {
    scratch: Scratch,
    bootstrap: String,
    topic: String,
    partitions: i32,
    lives: i64,
}

/// A client at work; it ends with the test.
pub struct Worker {
    child: Child,
    name: String,
    log: PathBuf,
    spec: (Library, &'static str, Value),
}

impl Recorded {
    /// A history of one topic.
    pub fn new(bootstrap: &str, topic: &str, partitions: i32) -> Recorded {
        paths::setup();
        let (bootstrap, topic) = (bootstrap.to_string(), topic.to_string());
        Recorded { scratch: Scratch::new("history"), bootstrap, topic, partitions, lives: 0 }
    }

    /// Where the lines are.
    pub fn path(&self) -> PathBuf {
        self.scratch.path().join("history.jsonl")
    }

    /// Starts a producer; `more` are fields of `clients/README.md`, `id` and `transactions` among them.
    pub fn write(&mut self, library: Library, more: Value) -> Worker {
        self.client(library, "write", more)
    }

    /// Starts a consumer that follows what is committed until it is killed.
    pub fn follow(&mut self) -> Worker {
        self.client(Library::Confluent, "read", json!({"follow": true}))
    }

    /// Starts a loop of librdkafka's that consumes the topic and produces to `output`.
    pub fn transform(&mut self, more: Value) -> Worker {
        self.client(Library::Confluent, "transform", more)
    }

    fn client(&mut self, library: Library, what: &'static str, more: Value) -> Worker {
        self.lives += 1;
        let name = format!("{what}-{library:?}-{}", self.lives).to_lowercase();
        let mut spec = json!({"do": what, "bootstrap": self.bootstrap, "history": self.path(), "name": name, "topic": self.topic,
            "partitions": self.partitions, "first": self.lives * NUMBERS_PER_LIFE, "per": 3});
        for (key, value) in more.as_object().into_iter().flatten() {
            spec[key] = value.clone();
        }
        let (programs, built) = (paths::root().join("proto-tests/clients"), paths::target().join("clients"));
        let mut command = match library {
            Library::Java => {
                let mut java = Command::new("env");
                java.args(paths::java("History", 96));
                java
            }
            Library::Franz => Command::new(built.join("go/franzhistory")),
            Library::KafkaJs => {
                let mut node = Command::new("node");
                node.env("NODE_PATH", built.join("node/node_modules")).env("KAFKAJS_NO_PARTITIONER_WARNING", "1");
                node.arg(programs.join("node/history.js"));
                node
            }
            Library::Confluent => {
                let mut python = Command::new(built.join("python/bin/python"));
                python.arg(programs.join("python/history.py")).env("PYTHONDONTWRITEBYTECODE", "1");
                python
            }
            other => panic!("{other:?} records nothing"),
        };
        let log = self.scratch.path().join(format!("{name}.log"));
        let out = std::fs::File::create(&log).expect("a log file");
        command.arg(spec.to_string()).stdout(out.try_clone().expect("a second handle")).stderr(out);
        let child = command.spawn().unwrap_or_else(|error| panic!("{name} starts: {error}"));
        Worker { child, name, log, spec: (library, what, more) }
    }

    /// Waits for a producer; one that cannot go on lives again, with the same id.
    pub fn finish(&mut self, mut worker: Worker) {
        for _ in 0..10 {
            let status = worker.wait();
            if status.success() {
                return;
            }
            println!("{} lives again: {}", worker.name, worker.said());
            let (library, what, more) = worker.spec.clone();
            worker = self.client(library, what, more);
        }
        panic!("{} does not finish: {}", worker.name, worker.said());
    }

    /// Reads everything to the end with a consumer of its own, and checks all.
    pub fn check(&mut self) -> Counts {
        self.drain(&json!({}));
        let lines = event::read(&self.path());
        let counts = assert_clean(&lines, &[]);
        println!("{counts:?}");
        counts
    }

    /// Reads what is committed to the end.
    pub fn drain(&mut self, more: &Value) {
        let mut reader = self.client(Library::Confluent, "read", more.clone());
        let status = reader.wait();
        assert!(status.success(), "{}", reader.said());
    }

    /// The lines so far.
    pub fn lines(&self) -> Vec<Line> {
        if self.path().exists() { event::read(&self.path()) } else { Vec::new() }
    }

    /// Waits until the lines say something.
    pub fn wait_for<T>(&self, what: &str, mut check: impl FnMut(&[Line]) -> Option<T>) -> T {
        let end = Instant::now() + LIMIT;
        loop {
            if let Some(found) = check(&self.lines()) {
                return found;
            }
            assert!(Instant::now() < end, "{what}: not within {LIMIT:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Worker {
    /// Its name in the history.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends it a signal by name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.is_ok_and(|sent| sent.success()), "{} can be signalled", self.name);
    }

    /// True until it has ended.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("it can be waited for").is_none()
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        let end = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                return status;
            }
            assert!(Instant::now() < end, "{} does not end: {}", self.name, self.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it without warning.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// What it printed.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}: {}", self.name, self.said());
        }
        self.kill();
    }
}
