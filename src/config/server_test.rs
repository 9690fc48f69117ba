//! Tests of `server` and `check`: what loads, what is refused, and in which words.

use super::super::source::{env_overrides, parse_properties, parse_yaml};
use super::*;

fn load(text: &str) -> Result<(ServerConfig, Vec<Warning>), ConfigErrors> {
    ServerConfig::load(parse_properties(text, "server.properties").unwrap(), Unknown::Refused)
}

fn good(text: &str) -> ServerConfig {
    load(text).unwrap_or_else(|errors| panic!("{errors}")).0
}

fn bad(text: &str) -> String {
    load(text).map(|(config, _)| format!("{:?}", config.parts)).unwrap_err().to_string()
}

fn binds(listeners: &[Listener]) -> Vec<String> {
    listeners.iter().map(|listener| listener.bind.to_string()).collect()
}

fn told(config: &ServerConfig) -> Vec<String> {
    config.listeners().iter().map(|listener| listener.advertised.to_string()).collect()
}

#[test]
fn a_start_with_nothing_is_a_whole_node_on_the_loopback() {
    let config = ServerConfig::quickstart();
    assert_eq!(config.roles(), Roles { broker: true, controller: true });
    assert_eq!(config.node_id(), NodeId(1));
    assert_eq!(told(&config), ["PLAINTEXT://localhost:9092"]);
    assert_eq!((config.log_dirs(), config.metadata_log_dir()), (&["./data".to_owned()][..], "./data"));
    assert!(config.controller_listeners().is_empty() && config.voters().is_empty());
    assert_eq!((config.offsets_topic_replication_factor(), config.transaction_state_log_min_isr()), (1, 1));
    assert_eq!((config.fetch_max_bytes(), config.socket_request_max_bytes()), (57_671_680, 104_857_600));
    assert_eq!(config.cluster_id(), None);
}

#[test]
fn kafkas_own_quickstart_file_loads() {
    let config = good(
        "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.bootstrap.servers=localhost:9093\n\
         listeners=PLAINTEXT://:9092,CONTROLLER://:9093\ninter.broker.listener.name=PLAINTEXT\n\
         advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093\ncontroller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL\nlog.dirs=/tmp/kraft\n\
         num.network.threads=3\noffsets.topic.replication.factor=1\nlog.retention.hours=168\n",
    );
    assert_eq!(binds(config.listeners()), ["PLAINTEXT://:9092"]);
    assert_eq!(binds(config.controller_listeners()), ["CONTROLLER://:9093"]);
    assert_eq!(config.inter_broker_listener(), "PLAINTEXT");
    assert_eq!(config.bootstrap_servers(), [("localhost".to_owned(), 9093)]);
}

#[test]
fn a_file_takes_kafkas_defaults_and_variables_override_it() {
    let mut settings = parse_yaml("node.id: 3\nnum.partitions: 4", "a.yaml").unwrap();
    let env = [("KAFKA_NUM_PARTITIONS", "6"), ("KAFKA_LOG_RETENTION_MS", "1000")];
    settings.extend(env_overrides(env.map(|(k, v)| (k.to_owned(), v.to_owned()))).0);
    let (config, _) = ServerConfig::load(settings, Unknown::Refused).unwrap();
    assert_eq!((config.num_partitions(), config.log_dirs()[0].as_str()), (6, "/tmp/kafka-logs"));
    assert_eq!(config.value("num.partitions").1.to_string(), "environment KAFKA_NUM_PARTITIONS");
    assert_eq!(config.value("node.id").1.to_string(), "a.yaml:1");
    let effective = config.effective();
    assert!(effective.iter().any(|line| line.key == "log.retention.ms" && line.value.as_deref() == Some("1000")));
    assert!(effective.iter().all(|line| line.key != "cluster.id"));
}

#[test]
fn variables_alone_keep_the_quickstarts_defaults() {
    let env = |pairs: &[(&str, &str)]| {
        let owned = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        ServerConfig::load(env_overrides(owned).0, Unknown::Refused).unwrap().0
    };
    let config = env(&[("KAFKA_NUM_PARTITIONS", "3")]);
    assert_eq!(
        (told(&config), config.log_dirs()[0].as_str()),
        (vec!["PLAINTEXT://localhost:9092".to_owned()], "./data")
    );
    let config =
        env(&[("KAFKA_ADVERTISED_LISTENERS", "PLAINTEXT://broker:9092,"), ("KAFKA_LOG_DIRS", "/var/lib/kafka/data")]);
    assert_eq!(
        (binds(config.listeners()), told(&config)),
        (vec!["PLAINTEXT://:9092".into()], vec!["PLAINTEXT://broker:9092".into()])
    );
    let config = env(&[("KAFKA_BROKER_ID", "5"), ("KAFKA_LISTENERS", "PLAINTEXT://:9092")]);
    assert_eq!((config.node_id(), told(&config)), (NodeId(5), vec!["PLAINTEXT://:9092".to_owned()]));
}

#[test]
fn test_containers_listeners_load_in_any_order() {
    let config = good(
        "process.roles=broker,controller\nnode.id=1\n\
         listeners=BROKER://0.0.0.0:9093,TC-0://0.0.0.0:19092,CONTROLLER://0.0.0.0:9094,PLAINTEXT://0.0.0.0:9092\n\
         advertised.listeners=PLAINTEXT://localhost:32768,BROKER://c0ffee:9093,TC-0://kafka:19092,\n\
         listener.security.protocol.map=BROKER:PLAINTEXT,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TC-0:PLAINTEXT\n\
         inter.broker.listener.name=BROKER\ncontroller.listener.names=CONTROLLER\n\
         controller.quorum.voters=1@localhost:9094\nlog.flush.interval.messages=9223372036854775807\n",
    );
    assert_eq!(told(&config), ["BROKER://c0ffee:9093", "TC-0://kafka:19092", "PLAINTEXT://localhost:32768"]);
    assert_eq!(config.inter_broker_listener(), "BROKER");
}

#[test]
fn a_missing_controller_listener_is_told_from_the_voters() {
    let (config, warnings) = load(
        "process.roles=broker,controller\nnode.id=1\nlisteners=PLAINTEXT://:9092\ncontroller.listener.names=CONTROLLER\n\
         controller.quorum.voters=1@localhost:9093\n",
    )
    .unwrap();
    assert_eq!(binds(config.controller_listeners()), ["CONTROLLER://:9093"]);
    assert!(warnings.iter().any(|warning| warning.0.contains("9093")));
}

#[test]
fn every_mistake_is_told_at_once_with_key_value_place_and_remedy() {
    let text = bad(
        "num.partitons=3\nnum.partitions=none\n\nlog.cleanup.policy=keep\nauthorizer.class.name=x.Y\nssl.key.password=s3cret\n",
    );
    for part in [
        "the configuration has 4 mistakes",
        "num.partitons (server.properties:1): there is no such key; the nearest key is num.partitions",
        "num.partitions = none (server.properties:2): allowed: a whole number of 32 bits, at least 1",
        "log.cleanup.policy = keep (server.properties:4): allowed: a list separated by commas, each one of compact, delete",
        "authorizer.class.name = x.Y (server.properties:5): ",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
    assert!(!text.contains("s3cret"));
}

#[test]
fn contradictions_are_refused() {
    for (text, part) in [
        (
            "listeners=PLAINTEXT://:9092\nadvertised.listeners=PLAINTEXT://0.0.0.0:9092",
            "no client can connect to 0.0.0.0",
        ),
        ("listeners=PLAINTEXT://:9092\nadvertised.listeners=OTHER://h:9092", "OTHER is not among the listeners"),
        ("listeners=EXTERNAL://:9092", "does not say what the listener EXTERNAL speaks"),
        (
            "listeners=A://:9092,B://:9092\nlistener.security.protocol.map=A:PLAINTEXT,B:PLAINTEXT",
            "share the port 9092",
        ),
        ("listeners=PLAINTEXT://:9092\ninter.broker.listener.name=X", "no listener of that name; allowed: PLAINTEXT"),
        ("security.inter.broker.protocol=PLAINTEXT\ninter.broker.listener.name=PLAINTEXT", "it excludes"),
        ("process.roles=broker", "must know its controllers"),
        ("process.roles=broker\ncontroller.quorum.voters=1@h:1", "needs the role controller"),
        ("controller.quorum.voters=2@h:1", "must be among the voters"),
        ("process.roles=controller\ncontroller.quorum.voters=1@h:9093\nlisteners=PLAINTEXT://:9092", "is for brokers"),
        (
            "process.roles=broker\ncontroller.quorum.voters=2@h:1\nlisteners=PLAINTEXT://:9092,CONTROLLER://:9093",
            "is for controllers",
        ),
        ("listeners=CONTROLLER://:9093", "needs a listener that is not the controllers'"),
        ("node.id=1\nbroker.id=2", "the old name of node.id"),
        ("process.roles=broker,observer", "each one of broker, controller"),
        ("log.retention.ms=0", "at least 1, or -1 for ever"),
        ("group.min.session.timeout.ms=2000000", "at most group.max.session.timeout.ms"),
        ("offsets.topic.compression.codec=9", "4 zstd"),
        ("sasl.enabled.mechanisms=PLAIN,GSSAPI", "GSSAPI is not supported"),
        ("principal.builder.class=my.Builder", "Java classes cannot be loaded"),
        ("listeners=SASL_SSL://:9092", "not built yet"),
        ("replica.selector.class=my.Selector", "RackAwareReplicaSelector"),
    ] {
        let told = bad(text);
        assert!(told.contains(part), "{text}\ntold\n{told}\nwithout {part}");
    }
}

#[test]
fn keys_without_effect_are_accepted_and_told_of() {
    let (_, warnings) =
        load("num.io.threads=8\nnum.network.threads=3\nzookeeper.connect=zk:2181\nnode.id=1\nnode.id=2\n").unwrap();
    let told: Vec<String> = warnings.into_iter().map(|warning| warning.0).collect();
    assert!(
        told.iter().any(|w| w.starts_with("num.io.threads, num.network.threads: accepted without effect")),
        "{told:?}"
    );
    assert!(told.iter().any(|w| w.starts_with("zookeeper.connect (server.properties:3) has no effect")));
    assert!(told.iter().any(|w| w.starts_with("node.id is given twice")));
    assert_eq!(told.len(), 3);
}

#[test]
fn lenient_loading_warns_of_unknown_keys() {
    let settings = parse_properties("no.such.key=1", "f").unwrap();
    let (_, warnings) = ServerConfig::load(settings, Unknown::Warned).unwrap();
    assert!(warnings[0].0.contains("no.such.key (f:1) is no key"));
}

#[test]
fn every_key_is_accepted_at_its_own_default() {
    for def in broker::defs() {
        let Some(default) = def.default else { continue };
        let setting =
            Setting { key: def.name.to_owned(), value: default.to_owned(), source: Source::Flag("--set".into()) };
        let alone = ServerConfig::load(vec![setting], Unknown::Refused);
        // Kafka's own defaults of these two name Kerberos, which nobody can mean to ask for here.
        let kerberos = default == "GSSAPI" || def.name == "broker.id" || def.name == "listener.security.protocol.map";
        assert!(alone.is_ok() || kerberos, "{}: {}", def.name, alone.unwrap_err());
    }
}

#[test]
fn dynamic_values_are_laid_over_static_ones() {
    let dynamic = BTreeMap::from([
        ("max.connections".to_owned(), "5".to_owned()),
        ("num.partitions".to_owned(), "9".to_owned()),
        ("message.max.bytes".to_owned(), "x".to_owned()),
    ]);
    let config = ServerConfig::quickstart().with_dynamic(&dynamic);
    assert_eq!((config.max_connections(), config.num_partitions(), config.message_max_bytes()), (5, 1, 1_048_588));
}

#[test]
fn a_listeners_own_value_falls_back_to_the_plain_one() {
    let config = good("listener.name.plaintext.max.connections=7\nmax.connections=9\n");
    assert_eq!(config.text("listener.name.plaintext.max.connections").as_deref(), Some("7"));
    assert_eq!(config.text("listener.name.other.max.connections").as_deref(), Some("9"));
}
