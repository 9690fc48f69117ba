//! The image and the compose files, built and run: one node and three, by hand and by compose, as files written for apache/kafka's
//! image have it and as libraries for tests start it. What cannot be had is a failure.

#[path = "docker/container.rs"]
mod container;
#[path = "docker/image.rs"]
mod image;
mod support;
#[path = "docker/topology.rs"]
mod topology;

use std::collections::BTreeSet;

use container::{Compose, Container, Network, kcat_consume, kcat_produce};
use support::paths;

#[test]
fn one_node_serves_this_machine_and_other_containers() {
    let port = paths::free_port();
    let compose = Compose::up("one", "docker/compose.yaml", &[("OTTLA_PORT", port.to_string())]);
    compose.wait_healthy("ottla");
    let here = format!("localhost:{port}");
    kcat_produce(&here, "greetings", &["from here"]);
    let inside = compose.beside("ottla", &["sh", "-c", "echo from beside | kcat -b ottla:19092 -P -t greetings"]);
    assert!(inside.ok, "{}", inside.text);
    let both = BTreeSet::from(["from here".to_string(), "from beside".to_string()]);
    assert_eq!(kcat_consume(&here, "greetings"), both);
    let seen =
        compose.beside("ottla", &["kcat", "-b", "ottla:19092", "-C", "-t", "greetings", "-e", "-q", "-o", "beginning"]);
    assert_eq!(seen.lines(), both, "{}", seen.text);

    // Gone and made again on the same volume: the records, and the topic's id, are the same.
    let describe = ["ottla", "topic", "describe", "greetings", "-b", "ottla:19092"];
    let id = compose.exec("ottla", &describe);
    compose.run(&["down"]);
    compose.run(&["up", "-d"]);
    compose.wait_healthy("ottla");
    assert_eq!(kcat_consume(&here, "greetings"), both);
    let again = compose.exec("ottla", &describe);
    assert!(again.ok, "{}", again.text);
    assert_eq!(id.text.lines().next(), again.text.lines().next());
}

#[test]
fn three_nodes_go_on_without_one() {
    let ports: Vec<u16> = (0..3).map(|_| paths::free_port()).collect();
    let env: Vec<(&str, String)> =
        ["OTTLA_PORT_1", "OTTLA_PORT_2", "OTTLA_PORT_3"].into_iter().zip(ports.iter().map(u16::to_string)).collect();
    let compose = Compose::up("three", "docker/compose-cluster.yaml", &env);
    for node in ["node-1", "node-2", "node-3"] {
        compose.wait_healthy(node);
    }
    let all = ports.iter().map(|port| format!("localhost:{port}")).collect::<Vec<_>>().join(",");
    let made = compose.exec(
        "node-1",
        &["kafka-topics.sh", "--bootstrap-server", "node-1:9092", "--create", "--topic", "safe", "--partitions", "3"],
    );
    assert_eq!(made.text.trim(), "Created topic safe.");
    kcat_produce(&all, "safe", &["one", "two", "three"]);
    compose.podman(&["kill", "--signal", "KILL", &compose.name("node-2")]);
    kcat_produce(&all, "safe", &["four"]);
    let written = ["one", "two", "three", "four"].map(String::from).into();
    assert_eq!(kcat_consume(&all, "safe"), written);
    let left = compose.exec("node-1", &["ottla", "cluster", "-b", "node-1:9092"]);
    assert!(left.ok && !left.text.contains("rack-2") && left.text.contains("rack-3"), "{}", left.text);
    // It comes back on its volume, and all three are asked to end at once; what was written is there after that.
    compose.podman(&["start", &compose.name("node-2")]);
    compose.wait_healthy("node-2");
    let back = compose.exec("node-1", &["ottla", "cluster", "-b", "node-1:9092", "--wait-for", "3"]);
    assert!(back.ok && back.text.contains("node-2:9092"), "{}", back.text);
    compose.run(&["down"]);
    compose.run(&["up", "-d"]);
    for node in ["node-1", "node-2", "node-3"] {
        compose.wait_healthy(node);
    }
    assert_eq!(kcat_consume(&all, "safe"), written);
    topology::same_as_the_processes(&compose);
}

#[test]
fn a_compose_file_of_apache_kafka_needs_another_image_only() {
    let port = paths::free_port();
    let compose =
        Compose::up("existing", "proto-tests/docker/existing-compose.yaml", &[("OTTLA_PORT", port.to_string())]);
    compose.wait("the health check of the file", || {
        let list = ["/opt/kafka/bin/kafka-topics.sh", "--bootstrap-server", "localhost:19092", "--list"];
        compose.exec("broker", &list).lines().contains("orders")
    });
    let here = format!("localhost:{port}");
    kcat_produce(&here, "orders", &["a", "b"]);
    kcat_produce(&here, "made-by-writing", &["c"]);
    assert_eq!(kcat_consume(&here, "orders").len(), 2);
    let made =
        compose.exec("broker", &["ottla", "topic", "describe", "orders", "made-by-writing", "-b", "broker:19092"]).text;
    assert!(
        made.contains("orders  id") && made.contains("3 partitions") && made.contains("retention.ms=3600000"),
        "{made}"
    );
    assert!(made.contains("4 partitions"), "KAFKA_NUM_PARTITIONS: {made}");
    let id = compose.exec("broker", &["kafka-cluster", "cluster-id", "--bootstrap-server", "broker:19092"]);
    assert_eq!(id.text.trim(), "Cluster ID: 4L6g3nShT-eMCtK--X86sw");
    let log = compose.logs("broker");
    for told in ["KAFKA_HEAP_OPTS, KAFKA_ZOOKEEPER_CONNECT", "the nearest key is auto.create.topics.enable"] {
        assert!(log.contains(told), "{told}: {log}");
    }
}

#[test]
fn settings_come_from_variables_words_and_a_mounted_file() {
    let network = Network::new("settings");
    let file = network.dir().join("server.properties");
    std::fs::write(
        &file,
        "num.partitions=5\nlog.retention.hours=7\nlisteners=PLAINTEXT://:9092\nlog.dirs=/var/lib/kafka/data\n",
    )
    .expect("a file");
    let mount = format!("{}:/mnt/shared/config/server.properties:ro", file.display());
    let topics = "KAFKA_CREATE_TOPICS=made:3:1,kept:1:1:compact";
    let node = Container::start(
        &network,
        "settings",
        &["-v", &mount, "-e", "KAFKA_NUM_PARTITIONS=6", "-e", "KAFKA_PORT=tcp://10.0.0.1:9092", "-e", topics],
        &["/etc/kafka/docker/run", "KAFKA_LOG_RETENTION_BYTES=12345678"],
    );
    node.wait_healthy();
    node.wait_line("Created topic kept: 1 partition,");
    let kept = node.exec(&["ottla", "topic", "describe", "made", "kept"]).text;
    assert!(kept.contains("3 partitions") && kept.contains("cleanup.policy=compact"), "{kept}");
    let made = node.exec(&["ottla", "topic", "create", "t"]);
    assert!(made.ok, "{}", made.text);
    let topic = node.exec(&["ottla", "topic", "describe", "t", "--all-configs"]).text;
    for told in ["6 partitions", "retention.ms=25200000  ", "retention.bytes=12345678  "] {
        assert!(topic.contains(told), "{told}: {topic}");
    }
}

#[test]
fn a_wrong_setting_ends_the_start_and_says_which() {
    let network = Network::new("wrong");
    for (env, told) in [
        ("KAFKA_NUM_PARTITIONS=many", vec!["num.partitions", "many", "environment KAFKA_NUM_PARTITIONS"]),
        (
            "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://0.0.0.0:9092",
            vec!["advertised.listeners", "no client can connect to 0.0.0.0"],
        ),
        ("KAFKA_PROCESS_ROLES=broker", vec!["controller.quorum.voters", "a broker alone must know its controllers"]),
        ("KAFKA_LISTENERS=SASL_SSL://:9092", vec!["listener.security.protocol.map", "SASL_SSL"]),
        ("KAFKA_LOG_CLEANUP_POLICY=shrink", vec!["log.cleanup.policy", "shrink", "compact"]),
    ] {
        let run = Container::run(&network, &["-e", env], &[]);
        assert!(!run.ok, "{env} started: {}", run.text);
        for word in told {
            assert!(run.text.contains(word), "{env} does not tell {word}: {}", run.text);
        }
        assert!(!run.text.contains("===> Launching"), "{env}: it was started: {}", run.text);
    }
    let run = Container::run(&network, &[], &["/etc/kafka/docker/run", "several", "words"]);
    assert!(!run.ok && run.text.contains("'several' is not of the form KEY=VALUE"), "{}", run.text);
}
