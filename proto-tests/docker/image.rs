//! The image as libraries for tests and old scripts take it: their own start scripts, the lines they wait for, the tools they call.

use crate::container::{Container, Network};

/// The lines that libraries wait for, as their modules have them.
///
/// Not those of the Rust module for Confluent's image (`Creating new log file`, `Checking need to trigger auto leader balancing`): the
/// first is a line of ZooKeeper's, and between the two the module changes `advertised.listeners` of a running broker, which every
/// broker without ZooKeeper refuses, Apache Kafka's as well as this one (`tools/three-nodes.txt`). It can start no image but its own.
const READY: [&str; 5] = [
    r".*Transitioning from RECOVERY to RUNNING.*",
    r".*\[KafkaServer id=\d+\] started.*",
    r"Kafka Server started",
    r".*Kafka Server started.*",
    r"\[KafkaServer id=1\] started",
];

/// A container whose shell waits for the script `path`, as `run` does it, and gets it once it runs; up when all says that it is.
fn started_by_script(network: &Network, env: &[&str], run: &str, path: &str, text: &str) -> Container {
    let wait = format!("while [ ! -f {path} ]; do sleep 0.1; done; {run}{path}");
    let options: Vec<&str> = env.iter().flat_map(|pair| ["-e", pair]).collect();
    let node = Container::start(network, "kafka", &options, &["sh", "-c", &wait]);
    let script = network.dir().join("start");
    std::fs::write(&script, text).expect("a script");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(&script, mode).expect("a mode");
    node.copy(&script, path);
    for line in READY {
        node.wait_line(line);
    }
    node
}

/// Testcontainers' module for apache/kafka: a shell waits for a script, which comes once the port is known.
#[test]
fn a_library_starts_it_as_apache_kafka() {
    let network = Network::new("apache");
    let env = [
        "KAFKA_NODE_ID=1",
        "KAFKA_PROCESS_ROLES=broker,controller",
        "KAFKA_CONTROLLER_LISTENER_NAMES=CONTROLLER",
        "KAFKA_CONTROLLER_QUORUM_VOTERS=1@localhost:9094",
        "KAFKA_LISTENERS=TC-0://0.0.0.0:19092,PLAINTEXT://0.0.0.0:9092,BROKER://0.0.0.0:9093,CONTROLLER://0.0.0.0:9094",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=BROKER:PLAINTEXT,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TC-0:PLAINTEXT",
        "KAFKA_INTER_BROKER_LISTENER_NAME=BROKER",
        "KAFKA_LOG_FLUSH_INTERVAL_MESSAGES=9223372036854775807",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS=0",
    ];
    let node = started_by_script(
        &network,
        &env,
        "",
        "/tmp/testcontainers_start.sh",
        "#!/bin/bash\n\
         export KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://localhost:9092,BROKER://$(hostname -i):9093,TC-0://kafka:19092\n\
         /etc/kafka/docker/run\n",
    );
    let ready = node.exec(&["kafka-broker-api-versions.sh", "--bootstrap-server", "kafka:19092"]);
    assert!(ready.ok && ready.text.contains("(id: 1 rack: null)"), "{}", ready.text);
    assert!(node.exec(&["nc", "-z", "localhost", "9092"]).ok);
}

/// Testcontainers' module for confluent-local: it edits the scripts of that image and calls them one by one.
#[test]
fn a_library_starts_it_as_confluent_kafka() {
    let network = Network::new("confluent");
    let env = [
        "KAFKA_LISTENERS=PLAINTEXT://0.0.0.0:9093,BROKER://0.0.0.0:9092,CONTROLLER://0.0.0.0:9094",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=BROKER:PLAINTEXT,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_INTER_BROKER_LISTENER_NAME=BROKER",
        "KAFKA_BROKER_ID=1",
        "KAFKA_NODE_ID=1",
        "KAFKA_PROCESS_ROLES=broker,controller",
        "KAFKA_CONTROLLER_LISTENER_NAMES=CONTROLLER",
        "KAFKA_CONTROLLER_QUORUM_VOTERS=1@localhost:9094",
        "CLUSTER_ID=4L6g3nShT-eMCtK--X86sw",
    ];
    let node = started_by_script(
        &network,
        &env,
        "bash ",
        "/usr/sbin/testcontainers_start.sh",
        "#!/bin/bash\n\
         source /etc/confluent/docker/bash-config\n\
         export KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://localhost:9093,BROKER://$(hostname):9092\n\
         sed -i '/KAFKA_ZOOKEEPER_CONNECT/d' /etc/confluent/docker/configure\n\
         echo 'kafka-storage format --ignore-formatted -t \"$(kafka-storage random-uuid)\" -c /etc/kafka/kafka.properties' \
         >> /etc/confluent/docker/configure\n\
         echo '' > /etc/confluent/docker/ensure\n\
         /etc/confluent/docker/configure\n\
         /etc/confluent/docker/launch\n",
    );
    assert!(node.logs().contains("Formatting /var/lib/kafka/data"), "{}", node.logs());
    assert!(node.exec(&["cub", "kafka-ready", "-b", "kafka:9092", "1", "20"]).ok);
    assert!(!node.exec(&["ub", "kafka-ready", "-b", "kafka:9092", "2", "1"]).ok, "there is one broker");
}

/// The tools do what scripts ask of them, and say what they cannot do.
#[test]
fn tools_are_there_under_kafkas_names() {
    let network = Network::new("tools");
    let node = Container::start(&network, "kafka", &["-e", "CLUSTER_ID=4L6g3nShT-eMCtK--X86sw"], &[]);
    node.wait_healthy();
    let tool = |line: &str| node.exec(&["sh", "-c", &line.replace("$B", "--bootstrap-server localhost:9092")]);
    let made =
        tool("/opt/kafka/bin/kafka-topics.sh $B --create --topic t --partitions 2 --config cleanup.policy=compact");
    assert_eq!(made.text.trim(), "Created topic t.");
    let again = tool("/opt/bitnami/kafka/bin/kafka-topics.sh $B --create --topic=t");
    assert!(!again.ok && again.text.contains("exists"), "{}", again.text);
    assert!(tool("kafka-topics $B --create --if-not-exists --topic t --replication-factor 1").ok);
    assert_eq!(tool("kafka-topics $B --list").out.trim(), "t");
    assert!(tool("kafka-topics $B --describe --topic t").text.contains("cleanup.policy=compact"));
    assert!(tool("echo hello | kafka-console-producer $B --topic u").ok);
    assert_eq!(tool("kafka-console-consumer.sh $B --topic u --from-beginning --max-messages 1").out.trim(), "hello");
    assert_eq!(tool("kafka-cluster.sh cluster-id $B").out.trim(), "Cluster ID: 4L6g3nShT-eMCtK--X86sw");
    assert_eq!(tool("kafka-storage random-uuid").out.trim().len(), 22);
    assert!(tool("kafka-topics $B --delete --topic t").ok);
    assert_eq!(tool("kafka-topics $B --list").out.trim(), "u");
    let old = tool("kafka-topics --zookeeper zookeeper:2181 --list");
    assert!(!old.ok && old.text.contains("--bootstrap-server"), "{}", old.text);
    let strange = tool("kafka-topics $B --list --under-replicated-partitions");
    assert!(!strange.ok && strange.text.contains("does not know"), "{}", strange.text);
    // It starts by Kafka's own script as well, and ends when it is asked to.
    let own = "kafka-server-start.sh /opt/kafka/config/server.properties --override log.dirs=/tmp/other \
               --override listeners=PLAINTEXT://localhost:29092,CONTROLLER://localhost:9093 \
               --override advertised.listeners=PLAINTEXT://localhost:29092 --override ottla.http.address=";
    let ended = tool(&format!(
        "env -u CLUSTER_ID {own} & pid=$!; ottla cluster -b localhost:29092 --wait-for 1 >/dev/null; kill $pid; wait $pid"
    ));
    assert!(ended.ok && ended.text.contains("Kafka Server started"), "{}", ended.text);
}
