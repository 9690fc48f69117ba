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
    /// The name or address under which it is reached.
    pub host: String,
    roles: &'static str,
    /// It is no founder: it learns from the others who votes.
    joins: bool,
    dir: PathBuf,
    place: Place,
    overrides: Vec<(String, String)>,
    process: Option<Process>,
}

/// Where a node runs.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// Its address; none is the loopback interface.
    pub address: Option<String>,
    /// What stands in front of its command, such as that which enters a network namespace.
    pub prefix: Vec<String>,
}

/// The nodes of one cluster.
pub struct Cluster {
    /// Whose they are.
    pub kind: Kind,
    /// By number, from 1.
    pub nodes: Vec<Node>,
    overrides: Vec<(String, String)>,
    /// None in a copy that only asks.
    scratch: Option<Scratch>,
}

/// How long anything may take that goes on in the background.
const LIMIT: Duration = Duration::from_secs(60);

impl Cluster {
    /// Starts one node of Ottla for each of `roles` (`broker,controller`, `broker` or `controller`) and waits until all serve. `%ID%`
    /// in a property's value is the node's number.
    pub fn start(roles: &[&'static str], overrides: &[(&str, &str)]) -> Cluster {
        Cluster::of(Kind::Ottla, roles, overrides)
    }

    /// The same of either kind.
    pub fn of(kind: Kind, roles: &[&'static str], overrides: &[(&str, &str)]) -> Cluster {
        if kind == Kind::Kafka {
            paths::setup();
        }
        let mut cluster = Cluster { kind, ..Cluster::plan(roles, overrides, |_| Place::default()) };
        cluster.run_all();
        cluster
    }

    /// Nodes of Ottla that do not run yet, each in its place.
    pub fn plan(roles: &[&'static str], overrides: &[(&str, &str)], mut place: impl FnMut(i32) -> Place) -> Cluster {
        let scratch = Scratch::new("cluster");
        let mut nodes = Vec::new();
        for (id, roles) in (1..).zip(roles) {
            let dir = scratch.path().join(format!("node-{id}"));
            std::fs::create_dir_all(&dir).expect("a directory");
            let (port, controller_port, place) = (paths::free_port(), paths::free_port(), place(id));
            let host = place.address.clone().unwrap_or_else(|| "localhost".to_owned());
            let (overrides, process) = (Vec::new(), None);
            let joins = false;
            nodes.push(Node { id, port, controller_port, host, roles, joins, dir, place, overrides, process });
        }
        let overrides = overrides.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        Cluster { kind: Kind::Ottla, nodes, overrides, scratch: Some(scratch) }
    }

    /// The same nodes for a second thread: it can ask them, and neither starts nor ends any.
    pub fn for_asking(&self) -> Cluster {
        let node = |node: &Node| Node {
            host: node.host.clone(),
            dir: node.dir.clone(),
            place: node.place.clone(),
            overrides: Vec::new(),
            process: None,
            ..*node
        };
        Cluster { kind: self.kind, nodes: self.nodes.iter().map(node).collect(), overrides: Vec::new(), scratch: None }
    }

    /// Starts all that do not run, and waits until all brokers serve.
    pub fn run_all(&mut self) {
        for id in self.ids() {
            if !self.is_running(id) {
                self.run(id);
            }
        }
        for id in self.brokers() {
            self.wait_ready(id);
        }
    }

    /// Starts one more node, which is not among the configured voters, without waiting for it. Gives its number.
    pub fn join(&mut self, roles: &'static str) -> i32 {
        let id = self.nodes.len() as i32 + 1;
        let dir = self.dir().join(format!("node-{id}"));
        std::fs::create_dir_all(&dir).expect("a directory");
        let (port, controller_port, place) = (paths::free_port(), paths::free_port(), Place::default());
        let (host, overrides, process) = ("localhost".to_owned(), Vec::new(), None);
        let joins = true;
        self.nodes.push(Node { id, port, controller_port, host, roles, joins, dir, place, overrides, process });
        self.run(id);
        id
    }

    /// The configuration that a node was started with.
    pub fn config_file(&self, id: i32) -> PathBuf {
        self.node(id).dir.join("server.properties")
    }

    /// A setting of one node, from its next start on.
    pub fn set(&mut self, id: i32, key: &str, value: &str) {
        let overrides = &mut self.nodes[id as usize - 1].overrides;
        overrides.retain(|(known, _)| known != key);
        overrides.push((key.to_owned(), value.to_owned()));
    }

    /// The process of a running node.
    pub fn pid(&self, id: i32) -> u32 {
        self.node(id).process.as_ref().expect("it runs").pid
    }

    /// Whether a node that was started has ended by itself.
    pub fn has_ended(&mut self, id: i32) -> bool {
        !self.nodes[id as usize - 1].process.as_mut().expect("it was started").alive()
    }

    /// Forgets the process of a node that has ended by itself; what it wrote to its log.
    pub fn bury(&mut self, id: i32) -> String {
        let process = self.nodes[id as usize - 1].process.take().expect("it was started");
        std::fs::read_to_string(&process.log).unwrap_or_default()
    }

    /// All that a node has logged, over all its starts.
    pub fn log_text(&self, id: i32) -> String {
        let bytes = std::fs::read(self.node(id).dir.join("ottla.log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A node's own directory, in which its data directory lies.
    pub fn node_dir(&self, id: i32) -> PathBuf {
        self.node(id).dir.clone()
    }

    /// The numbers of all nodes.
    pub fn ids(&self) -> Vec<i32> {
        self.nodes.iter().map(|node| node.id).collect()
    }

    /// A machine with two cores takes its time over several JVMs.
    fn limit(&self) -> Duration {
        if self.kind == Kind::Kafka { LIMIT * 4 } else { LIMIT }
    }

    /// The directory that is common to all nodes.
    pub fn dir(&self) -> &Path {
        self.scratch.as_ref().expect("a copy has no directory").path()
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
        let brokers = self.brokers().into_iter().map(|id| format!("{}:{}", self.node(id).host, self.node(id).port));
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
                let mut words = node.place.prefix.clone();
                words.extend([env!("CARGO_BIN_EXE_ottla"), "server", "--config"].map(String::from));
                words.push(file.display().to_string());
                let env = [("RUST_BACKTRACE".to_string(), "1".to_string())];
                Process::start("ottla", &node.dir, Path::new(&words[0]), &words[1..], &env)
            }
            Kind::Kafka => kafka::start(&node.dir, &file, &node.dir.join("data"), 320),
        });
    }

    fn properties(&self, id: i32) -> String {
        let node = self.node(id);
        let founders = self.nodes.iter().filter(|node| node.roles.contains("controller") && !node.joins);
        let at = |node: &Node| format!("{}:{}", node.host, node.controller_port);
        let quorum = if node.joins {
            let servers: Vec<_> = founders.map(at).collect();
            format!("controller.quorum.bootstrap.servers={}", servers.join(","))
        } else {
            let voters: Vec<_> = founders.map(|node| format!("{}@{}", node.id, at(node))).collect();
            format!("controller.quorum.voters={}", voters.join(","))
        };
        let mut listeners = Vec::new();
        if node.roles.contains("broker") {
            listeners.push(format!("PLAINTEXT://{}:{}", node.host, node.port));
        }
        if node.roles.contains("controller") {
            listeners.push(format!("CONTROLLER://{}:{}", node.host, node.controller_port));
        }
        let mut text = format!(
            "process.roles={}\nnode.id={id}\n{quorum}\nlisteners={}\n\
             controller.listener.names=CONTROLLER\n\
             listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\n\
             log.dirs={}\n",
            node.roles,
            listeners.join(","),
            node.dir.join("data").display()
        );
        if self.kind == Kind::Ottla && !self.overrides.iter().any(|(key, _)| key == "ottla.http.address") {
            // Many nodes run at once in tests; few of them need the metrics port.
            text.push_str("ottla.http.address=\n");
        }
        if node.roles.contains("broker") {
            text.push_str("inter.broker.listener.name=PLAINTEXT\n");
        }
        for (key, value) in self.overrides.iter().chain(&node.overrides) {
            text.push_str(&format!("{key}={}\n", value.replace("%ID%", &id.to_string())));
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
        self.wire(id).ok()?.call(api, version, body).ok()
    }

    /// A raw connection to a broker.
    pub fn wire(&self, id: i32) -> std::io::Result<Wire> {
        Wire::connect_to(&self.node(id).host, self.node(id).port)
    }

    /// Asks a node once.
    pub fn call(&self, id: i32, api: &str, version: i16, body: Value) -> Value {
        self.try_call(id, api, version, body)
            .unwrap_or_else(|| panic!("node {id} does not answer {api}\n{}", self.tail(id)))
    }

    /// Creates a topic through a node; the error's code, 0 for none.
    pub fn create_topic(&self, id: i32, name: &str, partitions: i32, replicas: i32) -> i64 {
        let told = self.try_create_topic(id, name, partitions, replicas, 15_000);
        told.unwrap_or_else(|| panic!("node {id} does not answer CreateTopics\n{}", self.tail(id)))
    }

    fn try_create_topic(&self, id: i32, name: &str, partitions: i32, replicas: i32, limit_ms: i32) -> Option<i64> {
        let topic = json!({
            "name": name, "numPartitions": partitions, "replicationFactor": replicas, "assignments": [], "configs": []
        });
        let body = json!({"topics": [topic], "timeoutMs": limit_ms, "validateOnly": false});
        self.try_call(id, "CreateTopics", 7, body)?["topics"][0]["errorCode"].as_i64()
    }

    /// Creates a topic through a node, trying again where that may help, and taking "exists" for done after a first try.
    pub fn create_topic_anyhow(&self, id: i32, name: &str, partitions: i32, replicas: i32) {
        let end = Instant::now() + LIMIT;
        let mut tries = 0;
        loop {
            match self.try_create_topic(id, name, partitions, replicas, 5_000) {
                Some(0) => return,
                Some(36) if tries > 0 => return,
                told => assert!(Instant::now() < end, "{name} cannot be created: {told:?}\n{}", self.tail(id)),
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
