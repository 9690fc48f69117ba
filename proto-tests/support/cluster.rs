//! Several nodes as processes of one cluster, of Ottla or of Apache Kafka: each with its own directory and ports, killed and
//! started again singly.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::broker::Kind;
use super::kafka;
use super::paths::{self, Scratch};
use super::process::Process;
use super::wire::Wire;

/// One node.
pub struct Node {
    /// Its `node.id`.
    pub id: i32,
    /// The port of its clients' listener; of no use on a controller alone.
    pub port: u16,
    /// The port of its controllers' listener; of no use on a broker alone.
    pub controller_port: u16,
    roles: &'static str,
    dir: PathBuf,
    process: Option<Process>,
}

/// The nodes of one cluster.
pub struct Cluster {
    /// Whose they are.
    pub kind: Kind,
    /// By number, from 1.
    pub nodes: Vec<Node>,
    overrides: Vec<(String, String)>,
    scratch: Scratch,
}

/// How long anything may take that goes on in the background.
const LIMIT: Duration = Duration::from_secs(30);

impl Cluster {
    /// Starts one node of Ottla for each of `roles` (`broker,controller`, `broker` or `controller`) and waits until all serve.
    pub fn start(roles: &[&'static str], overrides: &[(&str, &str)]) -> Cluster {
        Cluster::of(Kind::Ottla, roles, overrides)
    }

    /// The same of either kind.
    pub fn of(kind: Kind, roles: &[&'static str], overrides: &[(&str, &str)]) -> Cluster {
        if kind == Kind::Kafka {
            paths::setup();
        }
        let scratch = Scratch::new("cluster");
        let mut nodes = Vec::new();
        for (id, roles) in (1..).zip(roles) {
            let dir = scratch.path().join(format!("node-{id}"));
            std::fs::create_dir_all(&dir).expect("a directory");
            let (port, controller_port) = (paths::free_port(), paths::free_port());
            nodes.push(Node { id, port, controller_port, roles, dir, process: None });
        }
        let overrides = overrides.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        let mut cluster = Cluster { kind, nodes, overrides, scratch };
        for id in cluster.ids() {
            cluster.run(id);
        }
        for id in cluster.brokers() {
            cluster.wait_ready(id);
        }
        cluster
    }

    fn ids(&self) -> Vec<i32> {
        self.nodes.iter().map(|node| node.id).collect()
    }

    /// A machine with two cores takes its time over several JVMs.
    fn limit(&self) -> Duration {
        if self.kind == Kind::Kafka { LIMIT * 4 } else { LIMIT }
    }

    /// The directory that is common to all nodes.
    pub fn dir(&self) -> &Path {
        self.scratch.path()
    }

    /// The numbers of the nodes that serve clients.
    pub fn brokers(&self) -> Vec<i32> {
        self.nodes.iter().filter(|node| node.roles.contains("broker")).map(|node| node.id).collect()
    }

    /// A node by its number.
    pub fn node(&self, id: i32) -> &Node {
        &self.nodes[id as usize - 1]
    }

    /// Where clients begin.
    pub fn bootstrap(&self) -> String {
        let brokers = self.brokers().into_iter().map(|id| format!("localhost:{}", self.node(id).port));
        brokers.collect::<Vec<_>>().join(",")
    }

    /// A node's data directory.
    pub fn data(&self, id: i32) -> PathBuf {
        self.node(id).dir.join("data")
    }

    /// Starts a node, or starts it again on the same directory and ports, without waiting for it.
    pub fn run(&mut self, id: i32) {
        let text = self.properties(id);
        let node = &mut self.nodes[id as usize - 1];
        assert!(node.process.is_none(), "it runs already");
        let file = node.dir.join("server.properties");
        std::fs::write(&file, text).expect("a configuration file");
        node.process = Some(match self.kind {
            Kind::Ottla => {
                let args = ["server".to_string(), "--config".to_string(), file.display().to_string()];
                let env = [("RUST_BACKTRACE".to_string(), "1".to_string())];
                let program = Path::new(env!("CARGO_BIN_EXE_ottla"));
                Process::start("ottla", &node.dir, program, &args, &env)
            }
            Kind::Kafka => kafka::start(&node.dir, &file, &node.dir.join("data"), 320),
        });
    }

    fn properties(&self, id: i32) -> String {
        let node = self.node(id);
        let voters = self.nodes.iter().filter(|node| node.roles.contains("controller"));
        let voters: Vec<_> = voters.map(|node| format!("{}@localhost:{}", node.id, node.controller_port)).collect();
        let mut listeners = Vec::new();
        if node.roles.contains("broker") {
            listeners.push(format!("PLAINTEXT://localhost:{}", node.port));
        }
        if node.roles.contains("controller") {
            listeners.push(format!("CONTROLLER://localhost:{}", node.controller_port));
        }
        let mut text = format!(
            "process.roles={}\nnode.id={id}\ncontroller.quorum.voters={}\nlisteners={}\n\
             controller.listener.names=CONTROLLER\n\
             listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\n\
             log.dirs={}\n",
            node.roles,
            voters.join(","),
            listeners.join(","),
            node.dir.join("data").display()
        );
        if self.kind == Kind::Ottla {
            // Many nodes run at once in tests; none of them needs the metrics port.
            text.push_str("ottla.http.address=\n");
        }
        if node.roles.contains("broker") {
            text.push_str("inter.broker.listener.name=PLAINTEXT\n");
        }
        for (key, value) in &self.overrides {
            text.push_str(&format!("{key}={value}\n"));
        }
        text
    }

    /// Waits until a node serves clients and shows itself among the brokers.
    pub fn wait_ready(&mut self, id: i32) {
        let limit = Instant::now() + self.limit();
        loop {
            let node = &mut self.nodes[id as usize - 1];
            let process = node.process.as_mut().expect("it was started");
            assert!(process.alive(), "node {id} ended while starting\n{}", process.tail(60));
            let seen = self.try_call(id, "Metadata", 12, json!({"topics": []}));
            if seen.is_some_and(|a| a["brokers"].as_array().is_some_and(|b| b.iter().any(|b| b["nodeId"] == id))) {
                return;
            }
            assert!(Instant::now() < limit, "node {id} is not ready\n{}", self.tail(id));
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends a node without warning.
    pub fn kill(&mut self, id: i32) {
        let process = self.nodes[id as usize - 1].process.take().expect("it runs");
        process.signal("KILL");
        drop(process);
    }

    /// Asks a node to end, and waits for it.
    pub fn stop(&mut self, id: i32) -> ExitStatus {
        let mut process = self.nodes[id as usize - 1].process.take().expect("it runs");
        process.signal("TERM");
        process.wait(self.limit())
    }

    /// Sends a running node a signal.
    pub fn signal(&self, id: i32, name: &str) {
        self.node(id).process.as_ref().expect("it runs").signal(name);
    }

    /// Whether a node runs.
    pub fn is_running(&self, id: i32) -> bool {
        self.node(id).process.is_some()
    }

    /// The end of a node's log.
    pub fn tail(&self, id: i32) -> String {
        self.node(id).process.as_ref().map_or_else(String::new, |process| process.tail(60))
    }

    /// Asks a node once; nothing if it does not answer.
    pub fn try_call(&self, id: i32, api: &str, version: i16, body: Value) -> Option<Value> {
        let mut wire = Wire::connect(self.node(id).port).ok()?;
        wire.call(api, version, body).ok()
    }

    /// Asks a node once.
    pub fn call(&self, id: i32, api: &str, version: i16, body: Value) -> Value {
        self.try_call(id, api, version, body)
            .unwrap_or_else(|| panic!("node {id} does not answer {api}\n{}", self.tail(id)))
    }

    /// Creates a topic through a node; the error's code, 0 for none.
    pub fn create_topic(&self, id: i32, name: &str, partitions: i32, replicas: i32) -> i64 {
        let topic = json!({
            "name": name, "numPartitions": partitions, "replicationFactor": replicas, "assignments": [], "configs": []
        });
        let body = json!({"topics": [topic], "timeoutMs": 20_000, "validateOnly": false});
        self.call(id, "CreateTopics", 7, body)["topics"][0]["errorCode"].as_i64().expect("a code")
    }

    /// Creates a topic through a node, trying again where that may help, and taking "exists" for done after a first try.
    pub fn create_topic_anyhow(&self, id: i32, name: &str, partitions: i32, replicas: i32) {
        let end = Instant::now() + LIMIT;
        let mut tries = 0;
        loop {
            match self.create_topic(id, name, partitions, replicas) {
                0 => return,
                36 if tries > 0 => return,
                code => assert!(Instant::now() < end, "{name} cannot be created: {code}\n{}", self.tail(id)),
            }
            tries += 1;
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What a node tells of some topics, without what differs from node to node.
    pub fn topics(&self, id: i32, names: &[&str]) -> Value {
        let names: Vec<_> = names.iter().map(|name| json!({"name": name})).collect();
        let body = json!({"topics": names, "allowAutoTopicCreation": false});
        self.call(id, "Metadata", 12, body)["topics"].clone()
    }

    /// Who leads the quorum as a broker tells it, and in which epoch.
    pub fn controller(&self, id: i32) -> Option<(i32, i64)> {
        let body = json!({"topics": [{"topicName": "__cluster_metadata", "partitions": [{"partitionIndex": 0}]}]});
        let answer = self.try_call(id, "DescribeQuorum", 2, body)?;
        let partition = &answer["topics"][0]["partitions"][0];
        let leader = partition["leaderId"].as_i64().filter(|id| *id >= 0)?;
        Some((leader as i32, partition["leaderEpoch"].as_i64()?))
    }

    /// Waits until `check` gives something.
    pub fn wait_for<T>(&self, what: &str, mut check: impl FnMut(&Cluster) -> Option<T>) -> T {
        let end = Instant::now() + self.limit();
        loop {
            if let Some(found) = check(self) {
                return found;
            }
            if Instant::now() > end {
                let logs: Vec<_> = self.ids().into_iter().map(|id| self.tail(id)).collect();
                panic!("{what}: not within {:?}\n{}", self.limit(), logs.join("\n"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
