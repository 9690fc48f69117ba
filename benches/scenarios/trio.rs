//! Three combined nodes of one make as processes, all settings at their defaults: started, killed, asked to end, started again.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kafka_protocol::messages::{
    ApiKey, BrokerId, CreateTopicsRequest, DescribeQuorumRequest, ElectLeadersRequest, MetadataRequest, TopicName,
    create_topics_request, describe_quorum_request, metadata_request,
};
use kafka_protocol::protocol::{Decodable, Encodable, Request, StrBytes};

use crate::client::Client;
use crate::servers::{Make, free_port};
use crate::wire::{self, WireError};

const CLUSTER_ID: &str = "5L6g3nShT-eMCtK--X86sw";

struct Node {
    address: SocketAddr,
    child: Option<Child>,
}

/// The nodes 1, 2 and 3. Dropping it kills them.
pub struct Trio {
    pub make: Make,
    directory: PathBuf,
    nodes: Vec<Node>,
}

/// A partition as one broker tells of it.
pub struct Partition {
    pub leader: i32,
    pub in_sync: usize,
}

impl Trio {
    /// Starts all three on empty directories and waits until they know of each other.
    pub fn fresh(make: Make, directory: &Path) -> Result<Trio, WireError> {
        let _ = std::fs::remove_dir_all(directory);
        let mut nodes = Vec::new();
        let mut voters = Vec::new();
        let mut controllers = Vec::new();
        for id in 1..=3 {
            let controller = free_port()?;
            let address = SocketAddr::from(([127, 0, 0, 1], free_port()?));
            voters.push(format!("{id}@localhost:{controller}"));
            controllers.push(controller);
            nodes.push(Node { address, child: None });
        }
        let mut trio = Trio { make, directory: directory.into(), nodes };
        for id in 1..=3 {
            let dir = trio.dir(id);
            std::fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
            let text = format!(
                "process.roles=broker,controller\nnode.id={id}\ncontroller.quorum.voters={}\n\
                 listeners=PLAINTEXT://localhost:{port},CONTROLLER://localhost:{}\ninter.broker.listener.name=PLAINTEXT\n\
                 advertised.listeners=PLAINTEXT://localhost:{port}\ncontroller.listener.names=CONTROLLER\n\
                 listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\nlog.dirs={}\n{}",
                voters.join(","),
                controllers[id - 1],
                dir.join("data").display(),
                if make == Make::Ottla { "ottla.http.address=\n" } else { "" },
                port = trio.nodes[id - 1].address.port(),
            );
            std::fs::write(dir.join("server.properties"), text).map_err(|error| error.to_string())?;
            if make == Make::Kafka {
                let mut format = java(false);
                format.args(["kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER_ID, "--config"]);
                let out = format.arg(dir.join("server.properties")).output().map_err(|error| error.to_string())?;
                if !out.status.success() {
                    return Err(String::from_utf8_lossy(&out.stdout).into_owned());
                }
            }
        }
        for id in 1..=3 {
            trio.run(id)?;
        }
        trio.wait("all nodes are there", 120, |trio| {
            Ok((1..=3).all(|id| trio.brokers(id).is_ok_and(|brokers| brokers == 3)))
        })?;
        Ok(trio)
    }

    fn dir(&self, id: usize) -> PathBuf {
        self.directory.join(format!("node-{id}"))
    }

    /// Starts a node without waiting for it.
    pub fn run(&mut self, id: usize) -> Result<(), WireError> {
        let dir = self.dir(id);
        let config = dir.join("server.properties");
        let mut command = match self.make {
            Make::Kafka => {
                let mut command = java(true);
                command.arg("kafka.Kafka").arg(&config);
                command
            }
            _ => {
                let program =
                    std::env::var_os("OTTLA").map_or_else(|| env!("CARGO_BIN_EXE_ottla").into(), PathBuf::from);
                let mut command = Command::new(program);
                command.arg("server").arg("--config").arg(&config);
                command
            }
        };
        let log = std::fs::File::options().create(true).append(true).open(dir.join("server.log"));
        let log = log.map_err(|error| error.to_string())?;
        let errors = log.try_clone().map_err(|error| error.to_string())?;
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        self.nodes[id - 1].child = Some(command.spawn().map_err(|error| error.to_string())?);
        Ok(())
    }

    /// Sends a node a signal that ends it; does not wait for the end.
    pub fn signal(&self, id: usize, name: &str) {
        if let Some(child) = &self.nodes[id - 1].child {
            let _ = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
        }
    }

    /// Waits for the end of a node that was sent a signal.
    pub fn bury(&mut self, id: usize) {
        if let Some(mut child) = self.nodes[id - 1].child.take() {
            let _ = child.wait();
        }
    }

    /// Where clients begin.
    pub fn bootstrap(&self) -> String {
        self.nodes.iter().map(|node| node.address.to_string()).collect::<Vec<_>>().join(",")
    }

    /// The number of brokers that a node tells of.
    pub fn brokers(&self, id: usize) -> Result<usize, WireError> {
        let topics = Some(Vec::new());
        Ok(self.ask(id, 12, &MetadataRequest::default().with_topics(topics))?.brokers.len())
    }

    /// The active controller, as a node tells.
    pub fn controller(&self, id: usize) -> Result<usize, WireError> {
        let partition = describe_quorum_request::PartitionData::default();
        let topic = describe_quorum_request::TopicData::default()
            .with_topic_name(TopicName(StrBytes::from_static_str("__cluster_metadata")))
            .with_partitions(vec![partition]);
        let answer = self.ask(id, 1, &DescribeQuorumRequest::default().with_topics(vec![topic]))?;
        let told = answer.topics.first().and_then(|topic| topic.partitions.first());
        match told.map(|partition| (partition.error_code, partition.leader_id.0)) {
            Some((0, leader)) if leader > 0 => Ok(leader as usize),
            other => Err(format!("no controller: {other:?}")),
        }
    }

    /// The partitions of topics, as a node tells.
    pub fn partitions(&self, id: usize, topics: &[String]) -> Result<Vec<Partition>, WireError> {
        let named = |name: &String| {
            let name = TopicName(StrBytes::from_string(name.clone()));
            metadata_request::MetadataRequestTopic::default().with_name(Some(name))
        };
        let body = MetadataRequest::default().with_topics(Some(topics.iter().map(named).collect()));
        let answer = self.ask(id, 12, &body)?;
        let partitions = answer.topics.iter().flat_map(|topic| &topic.partitions);
        let of = |p: &kafka_protocol::messages::metadata_response::MetadataResponsePartition| Partition {
            leader: if p.leader_id == BrokerId(-1) { -1 } else { p.leader_id.0 },
            in_sync: p.isr_nodes.len(),
        };
        Ok(partitions.map(of).collect())
    }

    /// Creates a topic with three replicas of each partition; the error's code.
    pub fn create_topic(&self, id: usize, name: &str, partitions: i32) -> Result<i16, WireError> {
        let topic = create_topics_request::CreatableTopic::default()
            .with_name(TopicName(StrBytes::from_string(name.to_owned())))
            .with_num_partitions(partitions)
            .with_replication_factor(3);
        let body = CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(60_000);
        let answer = self.ask(id, 7, &body)?;
        answer.topics.first().map(|topic| topic.error_code).ok_or_else(|| "no answer about the topic".into())
    }

    /// Has the preferred leaders elected wherever others lead.
    pub fn elect_preferred(&self, id: usize) -> Result<(), WireError> {
        let body = ElectLeadersRequest::default().with_topic_partitions(None).with_timeout_ms(10_000);
        self.ask(id, 2, &body).map(|_| ())
    }

    /// Waits until every partition is led and has all three replicas in sync, as every node tells.
    pub fn wait_in_sync(&self, topics: &[String], partitions: usize, seconds: u64) -> Result<(), WireError> {
        self.wait("all replicas are in sync", seconds, |trio| {
            let whole = |id| {
                let told = trio.partitions(id, topics)?;
                Ok(told.len() == partitions && told.iter().all(|p| p.leader > 0 && p.in_sync == 3))
            };
            Ok((1..=3).map(whole).collect::<Result<Vec<bool>, WireError>>().is_ok_and(|all| all.iter().all(|w| *w)))
        })
    }

    /// Waits until `done` says so.
    pub fn wait(
        &self,
        what: &str,
        seconds: u64,
        mut done: impl FnMut(&Trio) -> Result<bool, WireError>,
    ) -> Result<(), WireError> {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        while !done(self)? {
            if Instant::now() > deadline {
                let log = std::fs::read_to_string(self.dir(1).join("server.log")).unwrap_or_default();
                let lines: Vec<&str> = log.lines().collect();
                let tail = lines[lines.len().saturating_sub(8)..].join("\n  ");
                return Err(format!("{}: {what}: not within {seconds} s\n  {tail}", self.make.name()));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn ask<R: Request + Encodable>(&self, id: usize, version: i16, body: &R) -> Result<R::Response, WireError> {
        let mut bytes = Vec::new();
        body.encode(&mut bytes, version).map_err(|error| error.to_string())?;
        let frame = wire::request((R::KEY, version), &bytes);
        let answer = Client::connect(self.nodes[id - 1].address)?.call(&frame)?;
        // Behind the correlation id there are the header's tags, which nobody uses.
        let mut rest = answer.get(5..).ok_or("a short answer")?;
        R::Response::decode(&mut rest, version).map_err(|error| format!("{:?}: {error}", ApiKey::try_from(R::KEY)))
    }
}

impl Drop for Trio {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            if let Some(mut child) = node.child.take() {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn target() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"))
}

/// Apache Kafka's Java, with the options of its own start script where it is a server.
fn java(server: bool) -> Command {
    let mut command = Command::new("java");
    if server {
        let heap = std::env::var("KAFKA_HEAP_OPTS").unwrap_or_else(|_| "-Xmx1G -Xms1G".into());
        command.args(heap.split_whitespace()).args(["-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"]);
        command.args(["-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent"]);
    }
    let logging =
        concat!("-Dlog4j2.configurationFile=", env!("CARGO_MANIFEST_DIR"), "/proto-tests/kafka/log4j2.properties");
    command.arg(logging).arg("-cp").arg(format!("{}/*", target().join("kafka/libs").display()));
    command
}

/// The Java client program of the tests (`proto-tests/clients/java`), which produces at a steady pace with default settings and
/// says how long it went without an acknowledgement.
pub fn load_client(bootstrap: &str) -> Command {
    let classes = format!("{}:{}/*", target().join("clients/java").display(), target().join("kafka/libs").display());
    let logging = concat!(
        "-Dlog4j2.configurationFile=",
        env!("CARGO_MANIFEST_DIR"),
        "/proto-tests/kafka/log4j2-tools.properties"
    );
    let mut command = Command::new("java");
    command.args(["-Xmx256m", logging, "-cp", &classes, "Client", bootstrap]);
    command
}
