//! One group member: a client program of its own (`clients/*/member*`), started, signalled, and heard by its events.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::Library;
use super::paths;
use super::process::Process;
use super::wire::now;

/// Which of the two group protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// JoinGroup, SyncGroup, Heartbeat.
    Classic,
    /// ConsumerGroupHeartbeat.
    Consumer,
}

/// What all members of one group are started with.
#[derive(Clone)]
pub struct Setting {
    /// The library.
    pub library: Library,
    /// The protocol that the client asks for.
    pub protocol: Protocol,
    /// Where.
    pub bootstrap: String,
    /// The group.
    pub group: String,
    /// Where the members' output goes.
    pub dir: PathBuf,
    /// Further fields of the specification.
    pub more: Value,
}

/// The session timeout of the tests' members; the servers allow and have the same.
pub const SESSION: Duration = Duration::from_secs(4);

/// Server properties under which the members' short timeouts are allowed.
pub const PROPERTIES: [(&str, &str); 9] = [
    ("group.min.session.timeout.ms", "1000"),
    ("group.initial.rebalance.delay.ms", "100"),
    ("group.consumer.min.session.timeout.ms", "1000"),
    ("group.consumer.session.timeout.ms", "4000"),
    ("group.consumer.min.heartbeat.interval.ms", "200"),
    ("group.consumer.heartbeat.interval.ms", "500"),
    ("group.consumer.assignment.interval.ms", "0"),
    ("offsets.topic.num.partitions", "4"),
    ("auto.create.topics.enable", "false"),
];

/// A member and all that was heard of it.
pub struct Member {
    /// Its name in this test.
    pub name: String,
    process: Process,
    read: usize,
    events: Vec<Value>,
    owned: BTreeSet<String>,
    tenures: Vec<Tenure>,
}

/// A member held a partition from one time to another.
#[derive(Clone, Debug)]
pub struct Tenure {
    /// Which partition.
    pub partition: String,
    /// When it was assigned.
    pub from: i64,
    /// When it was revoked or the member ended; none while it is held.
    pub until: Option<i64>,
    /// The member's generation when it was assigned, where the client tells.
    pub generation: Option<i64>,
}

impl Member {
    /// Starts a member.
    pub fn start(setting: &Setting, name: &str) -> Member {
        Member::start_with(setting, name, json!({}))
    }

    /// Starts a member with fields of its own.
    pub fn start_with(setting: &Setting, name: &str, more: Value) -> Member {
        let protocol = if setting.protocol == Protocol::Classic { "classic" } else { "consumer" };
        let mut spec = json!({"bootstrap": setting.bootstrap, "topic": "load", "group": setting.group, "protocol": protocol,
            "session_ms": SESSION.as_millis() as u64, "heartbeat_ms": 500, "reset": "earliest"});
        for more in [&setting.more, &more] {
            for (key, value) in more.as_object().into_iter().flatten() {
                spec[key] = value.clone();
            }
        }
        // What stands in front of its command, such as that which enters a network namespace.
        let prefix = spec.as_object_mut().and_then(|fields| fields.remove("prefix")).unwrap_or_default();
        let mut words: Vec<String> =
            prefix.as_array().into_iter().flatten().filter_map(Value::as_str).map(String::from).collect();
        let (program, args, env) = program(setting.library);
        words.push(program.display().to_string());
        words.extend(args);
        words.push(spec.to_string());
        let (program, args) = (PathBuf::from(&words[0]), words[1..].to_vec());
        let process = Process::start(name, &setting.dir, &program, &args, &env);
        let (events, owned, tenures) = (Vec::new(), BTreeSet::new(), Vec::new());
        Member { name: name.to_string(), process, read: 0, events, owned, tenures }
    }

    /// All events so far.
    pub fn events(&mut self) -> &[Value] {
        let bytes = std::fs::read(&self.process.log).unwrap_or_default();
        while let Some(length) = bytes[self.read..].iter().position(|b| *b == b'\n') {
            let line = &bytes[self.read..self.read + length];
            self.read += length + 1;
            if line.starts_with(b"{")
                && let Ok(event) = serde_json::from_slice::<Value>(line)
                && event["e"].is_string()
            {
                self.take(&event);
                self.events.push(event);
            }
        }
        &self.events
    }

    fn take(&mut self, event: &Value) {
        let time = event["t"].as_i64().expect("a time");
        let partitions = event["p"].as_array().into_iter().flatten().filter_map(Value::as_str);
        match event["e"].as_str().unwrap_or_default() {
            "assigned" => {
                for partition in partitions {
                    self.owned.insert(partition.to_string());
                    let generation = event["g"].as_i64().filter(|g| *g > 0);
                    let partition = partition.to_string();
                    self.tenures.push(Tenure { partition, from: time, until: None, generation });
                }
            }
            "revoked" | "lost" => {
                for partition in partitions {
                    self.owned.remove(partition);
                    self.end(time, |p| p == partition);
                }
            }
            "left" => self.ended(time),
            _ => {}
        }
    }

    fn end(&mut self, time: i64, which: impl Fn(&str) -> bool) {
        for t in self.tenures.iter_mut().filter(|t| t.until.is_none() && which(&t.partition)) {
            t.until = Some(time.max(t.from));
        }
    }

    fn ended(&mut self, time: i64) {
        self.end(time, |_| true);
        self.owned.clear();
    }

    /// The partitions it holds by what it says.
    pub fn owned(&mut self) -> &BTreeSet<String> {
        self.events();
        &self.owned
    }

    /// Who held what and when.
    pub fn tenures(&mut self) -> &[Tenure] {
        self.events();
        &self.tenures
    }

    /// Every offset it consumed, of each partition.
    pub fn consumed(&mut self) -> BTreeMap<String, BTreeSet<i64>> {
        let mut all: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
        for event in self.events().iter().filter(|e| e["e"] == "got") {
            let partition = event["p"].as_str().expect("a partition").to_string();
            let offsets = event["o"].as_array().expect("offsets");
            all.entry(partition).or_default().extend(offsets.iter().filter_map(Value::as_i64));
        }
        all
    }

    /// How many events of a name came.
    pub fn count(&mut self, name: &str) -> usize {
        self.events().iter().filter(|e| e["e"] == name).count()
    }

    /// Asks it to leave and waits for its end.
    pub fn leave(&mut self) {
        self.process.signal("TERM");
        self.process.wait(Duration::from_secs(40));
        assert!(self.count("left") > 0, "{} did not end well\n{}", self.name, self.tail());
    }

    /// SIGKILL, and wait for the end.
    pub fn kill(&mut self) {
        self.process.signal("KILL");
        self.process.wait(Duration::from_secs(10));
        self.events();
        self.ended(now());
    }

    /// SIGSTOP. What it holds from now on it may lose without hearing of it.
    pub fn pause(&mut self) {
        self.process.signal("STOP");
        self.events();
        self.ended(now());
    }

    /// SIGCONT.
    pub fn resume(&mut self) {
        self.process.signal("CONT");
    }

    /// The end of its output.
    pub fn tail(&self) -> String {
        self.process.tail(15)
    }
}

fn program(library: Library) -> (PathBuf, Vec<String>, Vec<(String, String)>) {
    let programs = paths::root().join("proto-tests/clients");
    let built = paths::target().join("clients");
    let text = |path: &Path| path.display().to_string();
    let python = |file: &str| {
        let env = vec![("PYTHONDONTWRITEBYTECODE".to_string(), "1".to_string())];
        (built.join("python/bin/python"), vec![text(&programs.join("python").join(file))], env)
    };
    match library {
        Library::Java => (PathBuf::from("/usr/bin/env"), paths::java("Member", 160), Vec::new()),
        Library::Confluent => python("member_confluent.py"),
        Library::AioKafka => python("member_aio.py"),
        Library::KafkaPython => python("member_kafka_python.py"),
        Library::Franz => (built.join("go/franzmember"), Vec::new(), Vec::new()),
        Library::Sarama => (built.join("go/saramamember"), Vec::new(), Vec::new()),
        Library::KafkaJs => {
            let env = vec![
                ("NODE_PATH".to_string(), text(&built.join("node/node_modules"))),
                ("KAFKAJS_NO_PARTITIONER_WARNING".to_string(), "1".to_string()),
            ];
            (PathBuf::from("/usr/bin/env"), vec!["node".to_string(), text(&programs.join("node/member.js"))], env)
        }
        Library::Kcat => panic!("kcat's groups are librdkafka's, which Confluent stands for"),
    }
}

/// Waits until `done` is true of the members; says what they hold when it does not become so.
pub fn until(
    what: &str,
    members: &mut [&mut Member],
    limit: Duration,
    mut done: impl FnMut(&mut [&mut Member]) -> bool,
) {
    let end = Instant::now() + limit;
    while !done(members) {
        if Instant::now() > end {
            let mut state = Vec::new();
            for m in members.iter_mut() {
                let owned = m.owned().clone();
                state.push(format!("{} holds {owned:?}\n{}", m.name, m.tail()));
            }
            panic!("{what}: not after {limit:?}\n{}", state.join("\n"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until the members share the partitions among them evenly, each partition held once.
pub fn until_shared(what: &str, members: &mut [&mut Member], partitions: usize) {
    until(what, members, Duration::from_secs(90), |members| {
        let sizes: Vec<usize> = members.iter_mut().map(|m| m.owned().len()).collect();
        let all: BTreeSet<String> = members.iter_mut().flat_map(|m| m.owned().clone()).collect();
        let (low, high) = (sizes.iter().min().copied().unwrap_or(0), sizes.iter().max().copied().unwrap_or(0));
        all.len() == partitions && sizes.iter().sum::<usize>() == partitions && high - low <= 1
    });
}
