//! Apache Kafka's command-line tools say on Ottla what they say on Apache Kafka: the same commands go to both, and standard
//! output, exit codes and the class of the error must be equal, ids, times and places aside.

mod support;

#[path = "tools/groups.rs"]
mod groups;
#[path = "differential/known.rs"]
mod known;

use std::sync::Mutex;

use support::broker::{Broker, Kind};
use support::paths;
use support::tools::{Run, Tools};

/// One command: a name, the tool, its arguments, and what it reads from standard input.
struct Command {
    name: String,
    tool: &'static str,
    args: Vec<String>,
    stdin: &'static str,
}

/// Adds a command; `%20` is a blank inside an argument, and a command that comes again gets a name of its own.
fn push(list: &mut Vec<Command>, tool: &'static str, args: &str, stdin: &'static str) {
    let args: Vec<String> = args.split_whitespace().map(|a| a.replace("%20", " ")).collect();
    let seen = list.iter().filter(|c| c.tool == tool && c.args == args).count();
    let again = if seen == 0 { String::new() } else { format!(" (again {seen})") };
    let name = format!("{tool} {}{again}", args.join(" "));
    list.push(Command { name, tool, args, stdin });
}

fn commands() -> Vec<Command> {
    let mut list: Vec<Command> = Vec::new();
    let mut add = |tool: &'static str, args: &str, stdin: &'static str| push(&mut list, tool, args, stdin);
    // kafka-topics
    let t = "kafka-topics";
    add(t, "--create --topic one", "");
    add(
        t,
        "--create --topic three --partitions 3 --replication-factor 1 --config retention.ms=60000 --config cleanup.policy=compact",
        "",
    );
    add(t, "--create --topic one", "");
    add(t, "--create --if-not-exists --topic one", "");
    add(t, "--create --topic bad%20name", "");
    add(t, "--create --topic two-replicas --replication-factor 2", "");
    add(t, "--create --topic none --partitions 0", "");
    add(t, "--create --topic bad-config --config retention.ms=soon", "");
    add(t, "--create --topic unknown-config --config no.such.key=1", "");
    add(t, "--create --topic placed --replica-assignment 1,1", "");
    add(t, "--create --topic misplaced --replica-assignment 9", "");
    add(t, "--create --topic with.dot", "");
    add(t, "--list", "");
    add(t, "--list --exclude-internal", "");
    add(t, "--describe --topic three", "");
    add(t, "--describe --topic one,three", "");
    add(t, "--describe --topic t.*", "");
    add(t, "--describe --topic unknown", "");
    add(t, "--describe --if-exists --topic unknown", "");
    add(t, "--describe --topics-with-overrides", "");
    add(t, "--describe --under-replicated-partitions", "");
    add(t, "--describe --unavailable-partitions", "");
    add(t, "--describe --under-min-isr-partitions", "");
    add(t, "--describe --at-min-isr-partitions --topic three", "");
    add(t, "--alter --topic one --partitions 2", "");
    add(t, "--alter --topic one --partitions 1", "");
    add(t, "--alter --topic one --partitions 2", "");
    add(t, "--alter --topic unknown --partitions 2", "");
    add(t, "--alter --if-exists --topic unknown --partitions 2", "");
    add(t, "--describe --topic one", "");
    add(t, "--delete --topic placed", "");
    add(t, "--delete --topic unknown", "");
    add(t, "--delete --if-exists --topic unknown", "");
    // the console tools
    let (p, c) = ("kafka-console-producer", "kafka-console-consumer");
    add(t, "--create --topic single --partitions 1", "");
    add(p, "--topic three --sync", "a\nb\nc\n");
    add(p, "--topic single --property parse.key=true --property key.separator=:", "k1:v1\nk2:v2\n");
    add(
        p,
        "--topic single --reader-property parse.headers=true --reader-property parse.key=true",
        "h1:x,h2:y\tkey\tvalue\n",
    );
    add(p, "--topic single --compression-codec zstd --sync --request-required-acks 1", "zipped\n");
    add(p, "--topic single --producer-property enable.idempotence=false", "plain\n");
    add(p, "--topic single --property parse.key=true", "no separator here\n");
    add(
        c,
        "--topic single --partition 0 --offset earliest --timeout-ms 3000 --property print.key=true --property print.offset=true --property print.headers=true",
        "",
    );
    add(
        c,
        "--topic single --partition 0 --offset 2 --timeout-ms 1500 --property print.key=true --property print.partition=true",
        "",
    );
    add(c, "--topic three --partition 0 --offset 0 --max-messages 0 --timeout-ms 1500", "");
    add(c, "--topic single --partition 0 --offset latest --timeout-ms 1500", "");
    add(c, "--topic single --offset 0 --timeout-ms 1500", "");
    // kafka-get-offsets
    let g = "kafka-get-offsets";
    add(p, "--topic offsets-made-by-writing", "1\n2\n3\n");
    add(g, "--topic offsets-made-by-writing", "");
    add(g, "--topic offsets-made-by-writing --time earliest", "");
    add(g, "--topic offsets-made-by-writing --time -1", "");
    add(g, "--topic offsets-made-by-writing --time 0", "");
    add(g, "--topic offsets-made-by-writing --time earliest-local", "");
    add(g, "--topic offsets-made-by-writing --time latest-tiered", "");
    add(g, "--topic offsets-made-by-writing --time never", "");
    add(g, "--topic-partitions three:0,three:2", "");
    add(g, "--topic three --partitions 1", "");
    add(g, "--topic unknown", "");
    add(g, "", "");
    // kafka-delete-records; the files are written by the test
    let r = "kafka-delete-records";
    add(r, "--offset-json-file %DIR%/delete-2.json", "");
    add(r, "--offset-json-file %DIR%/delete-beyond.json", "");
    add(g, "--topic offsets-made-by-writing --time earliest", "");
    // kafka-configs
    let k = "kafka-configs";
    add(k, "--describe --entity-type topics --entity-name three", "");
    add(k, "--describe --all --entity-type topics --entity-name three", "");
    add(k, "--describe --topic unknown", "");
    add(k, "--describe --entity-type topics", "");
    add(k, "--alter --topic three --add-config retention.ms=70000,segment.bytes=2000000", "");
    add(k, "--alter --topic three --delete-config retention.ms", "");
    add(k, "--alter --topic three --delete-config flush.ms", "");
    add(k, "--alter --topic three --add-config no.such.key=1", "");
    add(k, "--alter --topic three --add-config segment.bytes=x", "");
    add(k, "--alter --topic three --add-config cleanup.policy=[compact,delete]", "");
    add(k, "--alter --topic unknown --add-config segment.bytes=2000000", "");
    add(k, "--describe --topic three", "");
    add(k, "--describe --broker 1", "");
    add(k, "--describe --all --broker 1", "");
    add(k, "--describe --broker-defaults", "");
    add(k, "--describe --broker 9", "");
    add(k, "--alter --broker 1 --add-config log.cleaner.threads=2", "");
    add(k, "--alter --broker 1 --add-config node.id=7", "");
    add(k, "--alter --broker-defaults --add-config message.max.bytes=2000000", "");
    add(k, "--alter --broker 1 --add-config message.max.bytes=x", "");
    add(k, "--describe --broker 1", "");
    add(k, "--describe --broker-defaults", "");
    add(k, "--alter --broker 1 --delete-config log.cleaner.threads", "");
    add(k, "--alter --broker-defaults --delete-config message.max.bytes", "");
    add(k, "--describe --entity-type brokers", "");
    add(k, "--alter --broker-logger 1 --add-config kafka.server.KafkaApis=DEBUG", "");
    add(k, "--alter --broker-logger 1 --add-config kafka.server.KafkaApis=LOUD", "");
    add(k, "--alter --broker-logger 1 --delete-config kafka.server.KafkaApis", "");
    add(k, "--alter --user alice --add-config producer_byte_rate=1024,consumer_byte_rate=2048", "");
    add(k, "--alter --user alice --add-config SCRAM-SHA-256=[iterations=4096,password=secret]", "");
    add(k, "--alter --user alice --add-config SCRAM-SHA-512=[iterations=10,password=secret]", "");
    add(k, "--alter --user-defaults --add-config producer_byte_rate=99", "");
    add(k, "--alter --user alice --add-config no_such_rate=1", "");
    add(k, "--alter --client c1 --add-config request_percentage=20", "");
    add(k, "--alter --user alice --client c1 --add-config request_percentage=30", "");
    add(k, "--alter --ip 127.0.0.1 --add-config connection_creation_rate=10", "");
    add(k, "--describe --user alice", "");
    add(k, "--describe --entity-type users", "");
    add(k, "--describe --entity-type users --entity-type clients", "");
    add(k, "--describe --entity-type clients", "");
    add(k, "--describe --ip 127.0.0.1", "");
    add(k, "--describe --entity-type ips", "");
    add(k, "--alter --user alice --delete-config producer_byte_rate", "");
    add(k, "--alter --user alice --delete-config SCRAM-SHA-256", "");
    add(k, "--alter --user alice --delete-config SCRAM-SHA-512", "");
    add(k, "--describe --user alice", "");
    add(k, "--alter --client-metrics sub --add-config interval.ms=60000,metrics=org.apache.kafka.", "");
    add(k, "--alter --client-metrics sub --add-config interval.ms=1", "");
    add(k, "--describe --client-metrics sub", "");
    add(k, "--describe --entity-type client-metrics", "");
    add(k, "--alter --client-metrics sub --delete-config interval.ms,metrics", "");
    add(k, "--describe --entity-type groups --entity-name g", "");
    add(k, "--alter --entity-type groups --entity-name g --add-config consumer.session.timeout.ms=50000", "");
    add(k, "--describe --entity-type planets --entity-name mars", "");
    // the rest
    add("kafka-log-dirs", "--describe --topic-list three", "");
    add("kafka-log-dirs", "--describe --broker-list 1 --topic-list unknown", "");
    add("kafka-log-dirs", "--describe --broker-list 9", "");
    let cluster = "kafka-cluster";
    add(cluster, "cluster-id", "");
    add(cluster, "list-endpoints", "");
    add(cluster, "list-endpoints --include-fenced-brokers", "");
    add(cluster, "unregister --id 9", "");
    let f = "kafka-features";
    add(f, "describe", "");
    add(f, "upgrade --feature transaction.version=2", "");
    add(f, "upgrade --feature transaction.version=9", "");
    add(f, "upgrade --feature no.such.feature=1", "");
    add(f, "upgrade --metadata 4.3 --dry-run", "");
    add(f, "downgrade --feature metadata.version=1 --dry-run", "");
    add(f, "disable --feature group.version --dry-run", "");
    let q = "kafka-metadata-quorum";
    add(q, "describe --status", "");
    add(q, "describe --replication", "");
    add(q, "describe --replication --human-readable", "");
    let a = "kafka-acls";
    add(a, "--list", "");
    add(a, "--add --allow-principal User:alice --operation Read --topic one", "");
    add(a, "--remove --force --allow-principal User:alice --operation Read --topic one", "");
    add("kafka-broker-api-versions", "", "");
    add("kafka-client-metrics", "--list", "");
    add("kafka-leader-election", "--election-type preferred --topic one --partition 0", "");
    add("kafka-leader-election", "--election-type unclean --topic one --partition 0", "");
    add("kafka-leader-election", "--election-type preferred --all-topic-partitions", "");
    list
}

/// The runs of the list against one server.
fn run_all(kind: Kind, tools: &Mutex<Tools>) -> Vec<(String, String)> {
    let broker = Broker::start(kind, &[]);
    let write = |name: &str, partitions: &str| {
        let json = format!("{{\"partitions\": [{partitions}], \"version\": 1}}");
        std::fs::write(broker.dir().join(name), json).expect("a file of offsets");
    };
    write("delete-2.json", r#"{"topic": "offsets-made-by-writing", "partition": 0, "offset": 2}"#);
    write("delete-beyond.json", r#"{"topic": "offsets-made-by-writing", "partition": 0, "offset": 99}"#);
    run(&broker, tools, &commands())
}

/// Runs commands one after the other, with the file names of the server's own directory.
fn run(broker: &Broker, tools: &Mutex<Tools>, commands: &[Command]) -> Vec<(String, String)> {
    let dir = broker.dir().display().to_string();
    let bootstrap = broker.bootstrap();
    commands
        .iter()
        .map(|c| {
            let mut args: Vec<String> = c.args.iter().map(|a| a.replace("%DIR%", &dir)).collect();
            // Two tools take the server in front of their verb, the others anywhere or behind it.
            let at = if matches!(c.tool, "kafka-features" | "kafka-metadata-quorum") { 0 } else { args.len() };
            args.splice(at..at, ["--bootstrap-server".to_string(), bootstrap.clone()]);
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let start = std::time::Instant::now();
            let run = tools.lock().expect("the tools").run(c.tool, &args, c.stdin);
            if start.elapsed().as_secs() >= 5 {
                eprintln!("{:?}: {:?} for {}", broker.kind, start.elapsed(), c.name);
            }
            (c.name.clone(), normal(&run, broker))
        })
        .collect()
}

/// What must be equal: exit code, output with places, ids and times taken out, and of errors their class alone.
fn normal(run: &Run, broker: &Broker) -> String {
    let mut lines = vec![format!("exit code {}", run.code)];
    let mut out: Vec<String> = text(&run.out, broker).lines().map(one_line).collect();
    // The order of topics, keys and features is that of a hash map in the tools themselves.
    if out.iter().all(|l| !l.starts_with("Topic:") && !l.starts_with("\tTopic:")) {
        out.sort();
    }
    lines.extend(out.into_iter().map(|l| format!("out: {l}")));
    let mut errors: Vec<String> =
        text(&run.err, broker).lines().filter_map(error_class).map(|l| format!("error: {l}")).collect();
    errors.dedup();
    lines.extend(errors);
    lines.join("\n")
}

fn text(text: &str, broker: &Broker) -> String {
    let text = text.replace(&broker.controller_port().to_string(), "<controller port>");
    let text = text
        .replace(&broker.data().display().to_string(), "<data>")
        .replace(&broker.dir().display().to_string(), "<dir>");
    text.replace(&broker.port.to_string(), "<port>")
}

/// A line without ids, times and sizes. The text of an error that a tool prints on standard output is left out too.
fn one_line(line: &str) -> String {
    let line = line.trim_end_matches(' ');
    if let Some((head, _)) = line.split_once("Exception: ") {
        return format!("{head}Exception");
    }
    for start in ["Error while executing", "Error: ", "ERROR "] {
        if line.starts_with(start) {
            return start.to_string();
        }
    }
    for start in ["HighWatermark:", "LeaderEpoch:", "MaxFollowerLag:"] {
        if line.starts_with(start) {
            return format!("{start} <number>");
        }
    }
    if line.trim_end().ends_with("\tLeader") {
        // A replica of the metadata quorum: its end and its times are its own.
        return "<leader of the quorum>".to_string();
    }
    let line = line.split_once("Epoch: ").map_or(line.to_string(), |(head, _)| format!("{head}Epoch: <number>"));
    without_ids(&line)
}

/// Ids are 22 characters of URL-safe base64, times 13 digits.
fn without_ids(line: &str) -> String {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut out = String::new();
    let mut rest = line;
    while !rest.is_empty() {
        let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        let mixed = word.chars().any(|c| c.is_ascii_uppercase())
            && word.chars().any(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        if word.len() == 22 && (mixed || word.starts_with("AAAA")) {
            out.push_str("<id>");
        } else if word.len() == 13 && word.starts_with("17") && word.chars().all(|c| c.is_ascii_digit()) {
            out.push_str("<time>");
        } else {
            out.push_str(word);
        }
        let next = tail.find(part).unwrap_or(tail.len());
        out.push_str(&tail[..next]);
        rest = &tail[next..];
    }
    out
}

/// The class of an error in a line of standard error, if the line names one.
fn error_class(line: &str) -> Option<String> {
    let word = line
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '$'))
        .find(|w| w.ends_with("Exception"))?;
    (!line.trim_start().starts_with("at ")).then(|| word.to_string())
}

/// What both servers' tools printed, line by line: all of it to a file, the differences against the list of known ones.
fn compare(name: &str, known: &str, kafka: &[(String, String)], ottla: &[(String, String)]) {
    let mut differences = Vec::new();
    for (k, o) in kafka.iter().zip(ottla) {
        let (mut a, mut b): (Vec<&str>, Vec<&str>) = (k.1.lines().collect(), o.1.lines().collect());
        // Lines that both have, in this order, are equal; the rest is the difference.
        let common: Vec<&str> = a.iter().filter(|l| b.contains(l)).copied().collect();
        if common != b.iter().filter(|l| a.contains(l)).copied().collect::<Vec<_>>() {
            differences.push(known::Difference {
                step: k.0.clone(),
                path: "order".to_string(),
                kafka: a.join(" / "),
                ottla: b.join(" / "),
            });
        }
        a.retain(|l| !common.contains(l));
        b.retain(|l| !common.contains(l));
        for i in 0..a.len().max(b.len()) {
            let (kafka, ottla) = (a.get(i).unwrap_or(&"<no line>"), b.get(i).unwrap_or(&"<no line>"));
            // A line that only one has is named by itself, so that a reason covers this line and no other.
            let path = if *kafka == "<no line>" { format!("+ {ottla}") } else { kafka.to_string() };
            differences.push(known::Difference {
                step: k.0.clone(),
                path,
                kafka: kafka.to_string(),
                ottla: ottla.to_string(),
            });
        }
    }
    let all: String = kafka.iter().map(|(n, t)| format!("$ {n}\n{t}\n\n")).collect();
    std::fs::write(paths::target().join(format!("{name}-kafka.txt")), all).expect("the answers are written");
    std::fs::write(paths::target().join(format!("{name}.txt")), known::print(&differences))
        .expect("the report is written");
    println!("{} commands, {} differences", kafka.len(), differences.len());
    let report = known::judge(&paths::root().join("proto-tests/differential").join(known), &differences);
    assert!(report.is_empty(), "\n{report}");
}

#[test]
fn tools_say_what_they_say_on_apache_kafka() {
    let tools = Mutex::new(Tools::start());
    let (kafka, ottla) = (run_all(Kind::Kafka, &tools), run_all(Kind::Ottla, &tools));
    compare("tools", "known-tool-differences.txt", &kafka, &ottla);
}

#[test]
fn consumer_groups_say_what_they_say_on_apache_kafka() {
    let tools = Mutex::new(Tools::start());
    let (kafka, ottla) = (groups::run_all(Kind::Kafka, &tools), groups::run_all(Kind::Ottla, &tools));
    compare("tools-groups", "known-group-tool-differences.txt", &kafka, &ottla);
}

/// The oracle against itself: what differs then is noise that `normal` must take out.
fn twice(run: impl Fn() -> Vec<(String, String)>) {
    let (a, b) = (run(), run());
    let all: String = a.iter().map(|(n, t)| format!("$ {n}\n{t}\n\n")).collect();
    std::fs::write(paths::target().join("tools-kafka.txt"), all).expect("the answers are written");
    let pairs = a.iter().zip(&b).filter(|(x, y)| x.1 != y.1);
    let noise: Vec<String> = pairs.map(|(x, y)| format!("$ {}\n{}\n---\n{}\n", x.0, x.1, y.1)).collect();
    assert!(noise.is_empty(), "\n{}", noise.join("\n"));
}

#[test]
#[ignore = "checks the test itself; run it by name after changing the commands"]
fn tools_on_apache_kafka_twice() {
    let tools = Mutex::new(Tools::start());
    twice(|| run_all(Kind::Kafka, &tools));
}

#[test]
#[ignore = "checks the test itself; run it by name after changing the commands"]
fn consumer_groups_on_apache_kafka_twice() {
    let tools = Mutex::new(Tools::start());
    twice(|| groups::run_all(Kind::Kafka, &tools));
}
