//! The command line as its users meet it: the binary against a server, standard output, standard error, exit codes.
//!
//! `OTTLA_TEST_AGAINST=kafka` runs the same against Apache Kafka.

mod support;

#[path = "cli/groups.rs"]
mod groups;
#[path = "cli/progress.rs"]
mod progress;
#[path = "cli/start.rs"]
mod start;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::broker::{Broker, shared, under_test};
use support::reader;
use support::tools::Tools;
use support::wire::{Batch, Wire, now};

/// What a run of the binary left.
struct Ran {
    code: i32,
    out: Vec<u8>,
    err: String,
}

impl Ran {
    #[track_caller]
    fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}", self.err);
        String::from_utf8(self.out).expect("UTF-8")
    }

    #[track_caller]
    fn json(self) -> Value {
        serde_json::from_str(&self.ok()).expect("JSON")
    }

    #[track_caller]
    fn fails(self, code: i32, saying: &str) {
        assert_eq!(self.code, code, "{}", self.err);
        assert!(self.err.contains(saying), "{:?} lacks {saying:?}", self.err);
        assert!(self.out.is_empty(), "{}", String::from_utf8_lossy(&self.out));
    }
}

fn binary(bootstrap: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ottla"));
    command.env_clear().env("OTTLA_BOOTSTRAP_SERVER", bootstrap);
    command
}

fn run_with(bootstrap: &str, args: &[&str], input: &[u8]) -> Ran {
    let mut child = binary(bootstrap)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("its input");
    let input = input.to_vec();
    // A command that fails early does not read its input to the end.
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let done = child.wait_with_output().expect("it ends");
    let _ = writing.join();
    let err = String::from_utf8_lossy(&done.stderr).into_owned();
    Ran { code: done.status.code().unwrap_or(-1), out: done.stdout, err }
}

fn bootstrap() -> String {
    shared(under_test()).lock().expect("the server").bootstrap()
}

fn run(args: &[&str], input: &[u8]) -> Ran {
    run_with(&bootstrap(), args, input)
}

fn lines(count: usize) -> Vec<u8> {
    let line = |n: usize| format!("{n} {}\n", "some words to pack ".repeat(n % 7));
    (0..count).map(line).collect::<String>().into_bytes()
}

#[test]
fn topics_from_creation_to_deletion() {
    assert!(
        run(&["topic", "create", "life", "-p", "3", "-c", "retention.ms=60000"], b"").ok().contains("3 partitions")
    );
    run(&["topic", "create", "life"], b"").fails(1, "TOPIC_ALREADY_EXISTS");
    run(&["topic", "create", "life", "--if-not-exists"], b"").ok();
    run(&["topic", "create", "a/b"], b"").fails(1, "INVALID_TOPIC_EXCEPTION");
    run(&["topic", "create", "wide", "-r", "9"], b"").fails(1, "INVALID_REPLICATION_FACTOR");
    run(&["topic", "create", "odd", "-c", "retention.ms=soon"], b"").fails(1, "INVALID_CONFIG");
    run(&["topic", "create", "dry", "--validate-only"], b"").ok();
    let listed = run(&["topic", "list", "-q"], b"").ok();
    assert!(listed.lines().any(|l| l == "life") && !listed.lines().any(|l| l == "dry"), "{listed}");

    run(
        &["topic", "alter", "life", "-p", "5", "-c", "retention.ms=70000", "--append-config", "cleanup.policy=compact"],
        b"",
    )
    .ok();
    run(&["topic", "alter", "life", "-p", "4"], b"").fails(1, "INVALID_PARTITIONS");
    run(&["topic", "alter", "life"], b"").fails(2, "nothing to change");
    let described = run(&["topic", "describe", "life", "--json"], b"").json();
    assert_eq!(described["partitions"].as_array().map(Vec::len), Some(5));
    assert_eq!(described["partitions"][0]["end_offset"], 0);
    let config = |name: &str| {
        let configs = described["configs"].as_array().expect("configs");
        configs.iter().find(|c| c["name"] == name && c["source"] == "topic").map(|c| c["value"].clone())
    };
    assert_eq!(config("retention.ms"), Some("70000".into()));
    assert_eq!(config("cleanup.policy"), Some("delete,compact".into()));
    run(&["topic", "alter", "life", "-d", "retention.ms"], b"").ok();

    assert_eq!(run(&["topic", "delete", "life", "--json"], b"").json()["deleted"], true);
    let end = Instant::now() + Duration::from_secs(10);
    while run(&["topic", "describe", "life"], b"").code != 4 {
        assert!(Instant::now() < end, "the topic stays");
    }
    run(&["topic", "delete", "life"], b"").fails(4, "does not exist");
    run(&["topic", "delete", "life", "--if-exists"], b"").ok();
}

#[test]
fn lines_come_back_byte_equal_with_every_codec() {
    let input = lines(20_000);
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let topic = format!("codec-{codec}");
        run(&["topic", "create", &topic, "-p", "1"], b"").ok();
        let told = run(&["produce", &topic, "-z", codec, "--batch-bytes", "50000", "--json"], &input).json();
        assert_eq!((&told["records"], &told["partitions"][0]["last_offset"]), (&20_000.into(), &19_999.into()));
        let back = run(&["consume", &topic, "-e"], b"");
        assert!(back.code == 0 && back.out == input, "{codec}: {}", back.err);
    }
}

#[test]
fn every_kind_of_acknowledgement_writes_all() {
    let input = lines(5_000);
    for acks in ["0", "1", "all"] {
        let topic = format!("acks-{acks}");
        run(&["topic", "create", &topic, "-p", "1"], b"").ok();
        run(&["produce", &topic, "-a", acks, "--batch-bytes", "5000"], &input).ok();
        assert_eq!(run(&["consume", &topic, "-e"], b"").out, input, "{acks}");
    }
}

#[test]
fn keys_headers_nulls_and_json() {
    run(&["topic", "create", "parts", "-p", "1"], b"").ok();
    run(&["produce", "parts", "-K", "\\t", "-N", "NULL", "-H", "from=test"], b"a\tone\nb\tNULL\nNULL\tthree\n").ok();
    run(&["produce", "parts", "-K", ":"], b"ok:1\nno separator\n").fails(1, "line 2 of the input");
    let shown = run(&["consume", "parts", "-e", "-f", "%o %k=%v [%h] %V\\n", "-N", "-"], b"").ok();
    assert_eq!(shown, "0 a=one [from=test] 3\n1 b=- [from=test] -1\n2 -=three [from=test] 5\n3 ok=1 [] 1\n");

    let odd =
        b"{\"key\":\"k\",\"value_base64\":\"/wAK\",\"headers\":[{\"key\":\"h\",\"value\":null}],\"timestamp\":1234}\n";
    run(&["topic", "create", "json", "-p", "1"], b"").ok();
    run(&["produce", "json", "--input", "json"], odd).ok();
    let first = run(&["consume", "json", "-e", "--json"], b"").ok();
    run(&["produce", "json", "--input", "json"], first.as_bytes()).ok();
    let both = run(&["consume", "json", "-e", "--json"], b"").ok();
    let parsed: Vec<Value> = both.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    for (at, record) in parsed.iter().enumerate() {
        assert_eq!((&record["offset"], &record["timestamp"]), (&at.into(), &1234.into()));
        assert_eq!((&record["value_base64"], &record["headers"][0]["value"]), (&"/wAK".into(), &Value::Null));
    }
    assert_eq!(parsed.len(), 2);
}

#[test]
fn positions_counts_and_ends() {
    run(&["topic", "create", "where", "-p", "1"], b"").ok();
    assert_eq!(run(&["consume", "where", "-e"], b"").ok(), "");
    for (at, value) in ["a", "b", "c", "d"].iter().enumerate() {
        let record = format!("{{\"value\":\"{value}\",\"timestamp\":{}}}\n", 1_700_000_000_000i64 + at as i64 * 1000);
        run(&["produce", "where", "--input", "json"], record.as_bytes()).ok();
    }
    let from = |args: &[&str]| run(&[&["consume", "where"], args].concat(), b"").ok();
    assert_eq!(from(&["-n", "2"]), "a\nb\n");
    assert_eq!(from(&["--from", "2", "-e"]), "c\nd\n");
    assert_eq!(from(&["--from", "-1", "-e"]), "d\n");
    assert_eq!(from(&["--from", "-99", "-n", "1"]), "a\n");
    assert_eq!(from(&["--from", "end", "-e"]), "");
    assert_eq!(from(&["--from", "@1700000000500", "-e"]), "b\nc\nd\n");
    assert_eq!(from(&["--from", "@2023-11-14T22:13:23Z", "-e"]), "d\n");
    assert_eq!(from(&["--from", "@-1h", "-e"]), "");
    assert_eq!(from(&["-n", "0"]), "");
    assert_eq!(from(&["-e", "--read-committed"]), "a\nb\nc\nd\n");
    run(&["consume", "where", "--from", "9", "-n", "1"], b"").fails(1, "OFFSET_OUT_OF_RANGE");
    run(&["consume", "where", "--from", "9", "-e"], b"").fails(1, "ends before 4");
    run(&["consume", "where", "-p", "7", "-e"], b"").fails(4, "partition 7");
    run(&["produce", "where", "-p", "7"], b"x\n").fails(4, "partition 7");
}

#[test]
fn keys_go_to_the_partitions_that_java_chooses() {
    let input: String = (0..60).map(|n| format!("key-{n}:{n}\n")).collect();
    for topic in ["by-java", "by-ottla"] {
        run(&["topic", "create", topic, "-p", "7"], b"").ok();
    }
    let server = bootstrap();
    let args = ["--bootstrap-server", &server, "--topic", "by-java"];
    let parse = ["--reader-property", "parse.key=true", "--reader-property", "key.separator=:"];
    let java = Tools::start().run("kafka-console-producer", &[&args[..], &parse[..]].concat(), &input);
    assert_eq!(java.code, 0, "{}", java.err);
    run(&["produce", "by-ottla", "-K", ":"], input.as_bytes()).ok();
    let sorted = |topic: &str| {
        let shown = run(&["consume", topic, "-e", "-f", "%p %k\\n"], b"").ok();
        let mut lines: Vec<String> = shown.lines().map(str::to_string).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted("by-java"), sorted("by-ottla"));
}

#[test]
fn a_record_is_seen_while_the_pipe_stays_open() {
    run(&["topic", "create", "live", "-p", "1"], b"").ok();
    let server = bootstrap();
    let mut reader =
        binary(&server).args(["consume", "live"]).stdout(Stdio::piped()).spawn().expect("the binary starts");
    let mut writer = binary(&server)
        .args(["produce", "live"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let mut input = writer.stdin.take().expect("its input");
    let mut output = BufReader::new(reader.stdout.take().expect("its output"));
    for word in ["first\n", "second\n"] {
        input.write_all(word.as_bytes()).expect("it reads");
        let mut line = String::new();
        output.read_line(&mut line).expect("it prints");
        assert_eq!(line, word);
    }
    drop(input);
    assert!(writer.wait().expect("it ends").success());
    // Nobody reads any more: the next record ends it, without a word.
    drop(output);
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        run(&["produce", "live"], b"more\n").ok();
        if let Some(status) = reader.try_wait().expect("it can be waited for") {
            assert!(status.success());
            break;
        }
        assert!(Instant::now() < end, "it does not notice that nobody reads");
    }
}

#[test]
fn a_topic_that_is_not_there() {
    run(&["topic", "create", "orders", "-p", "1"], b"").ok();
    run(&["consume", "order", "-e"], b"").fails(4, "did you mean \"orders\"?");
    run(&["topic", "describe", "nothing-like-it"], b"").fails(4, "ottla topic create nothing-like-it");
    run(&["produce", "not-created", "--no-create"], b"x\n").fails(4, "does not exist");
    run(&["produce", "created"], b"x\n").ok();
    assert_eq!(run(&["consume", "created", "-e"], b"").ok(), "x\n");
}

#[test]
fn a_record_that_is_too_large_says_what_to_do() {
    run(&["topic", "create", "small", "-p", "1", "-c", "max.message.bytes=1000"], b"").ok();
    let ran = run(&["produce", "small"], &[&[b'x'; 5000][..], b"\n"].concat());
    assert!(ran.err.contains("max.message.bytes"), "{}", ran.err);
    ran.fails(1, "MESSAGE_TOO_LARGE");
}

#[test]
fn without_a_broker() {
    let nobody = "127.0.0.1:1";
    run_with(nobody, &["topic", "list"], b"").fails(3, nobody);
    run_with(nobody, &["produce", "t"], b"x\n").fails(3, "ottla server");
    let ran = run_with(nobody, &["consume", "t", "--json"], b"");
    let told: Value = serde_json::from_str(&ran.err).expect("JSON");
    assert_eq!((&told["error"]["exit_code"], &told["error"]["kind"]), (&3.into(), &"no_connection".into()));
    ran.fails(3, "127.0.0.1:1");
    run_with("ssl://a:9093", &["topic", "list"], b"").fails(2, "PLAINTEXT only");
    run_with(nobody, &["topic", "create"], b"").fails(2, "TOPIC");
    run_with(nobody, &["consume", "t", "--from", "soon"], b"").fails(2, "@TIME");
    run_with(nobody, &["produce", "t", "/no/such/file"], b"").fails(4, "/no/such/file");
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent_at = silent.local_addr().expect("its address").to_string();
    run_with(&silent_at, &["topic", "list", "--timeout", "0.3"], b"").fails(5, &silent_at);
    let shown = run_with(nobody, &["server", "--print-config", "--set", "num.partitions=7", "--json"], b"").json();
    let settings = shown["settings"].as_array().expect("settings");
    assert!(settings.iter().any(|s| s["key"] == "num.partitions" && s["value"] == "7"), "{shown}");
    run_with(nobody, &["server", "--set", "num.partition=7"], b"").fails(2, "num.partitions");
    for shell in ["bash", "zsh", "fish"] {
        assert!(run_with(nobody, &["completions", shell], b"").ok().contains("ottla"));
    }
    assert!(run_with(nobody, &["--help"], b"").ok().contains("3 no connection"));
}

#[test]
fn an_advertised_address_that_does_not_answer_is_named() {
    let broker = Broker::start(under_test(), &[("advertised.listeners", "PLAINTEXT://localhost:1")]);
    let server = broker.bootstrap();
    run_with(&server, &["topic", "create", "t"], b"").ok();
    let ran = run_with(&server, &["produce", "t", "--timeout", "3"], b"x\n");
    assert!(ran.err.contains(&server) && ran.err.contains("advertised.listeners"), "{}", ran.err);
    ran.fails(3, "localhost:1");
}

#[test]
fn a_server_that_is_killed_and_comes_back_is_only_a_pause() {
    let mut broker = Broker::start(under_test(), &[]);
    let server = broker.bootstrap();
    run_with(&server, &["topic", "create", "pause", "-p", "1"], b"").ok();
    let reader = binary(&server)
        .args(["consume", "pause", "-n", "60000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut writer = binary(&server)
        .args(["produce", "pause", "--batch-bytes", "10000", "--timeout", "60"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary starts");
    let mut input = writer.stdin.take().expect("its input");
    // Standard output must be taken while both run, or the reader stops for want of a taker.
    let reading = std::thread::spawn(move || reader.wait_with_output().expect("it ends"));
    let text = lines(60_000);
    for part in text.chunks(text.len().div_ceil(3)) {
        input.write_all(part).expect("it reads");
        std::thread::sleep(Duration::from_millis(100));
        broker.kill();
        broker.run();
    }
    drop(input);
    assert!(writer.wait().expect("it ends").success());
    let read = reading.join().expect("the reader");
    let told = String::from_utf8_lossy(&read.stderr);
    assert!(read.status.success() && read.stdout == text, "{} of {} bytes: {told}", read.stdout.len(), text.len());
}

/// The wire's next step of a transaction, asked for until its coordinator is there.
fn transactional(wire: &mut Wire, api: &str, version: i16, body: Value) -> Value {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let _ = wire.call("FindCoordinator", 3, json!({"key": body["transactionalId"], "keyType": 1}));
        let answer = wire.call(api, version, body.clone()).expect("an answer");
        if answer["errorCode"] == json!(0) {
            return answer;
        }
        assert!(Instant::now() < end, "{answer}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn transactions_that_go_on_and_transactions_that_hang() {
    let mut broker = Broker::start(under_test(), &[("transaction.partition.verification.enable", "false")]);
    let server = broker.bootstrap();
    let run = |args: &[&str]| run_with(&server, &[&["transaction"], args].concat(), b"");
    let mut wire = broker.wire();
    reader::create(&mut wire, "hung", 1, &[]);
    reader::create(&mut wire, "held", 1, &[]);
    let ask =
        |id: &str| json!({"transactionalId": id, "transactionTimeoutMs": 60000, "producerId": -1, "producerEpoch": -1});
    let mut begin = |id: &str, topic: &str, adds: bool, age_ms: i64| {
        let producer = transactional(&mut wire, "InitProducerId", 4, ask(id))["producerId"].as_i64().expect("an id");
        if adds {
            let topics = json!([{"name": topic, "partitions": [0]}]);
            let body = json!({"v3AndBelowTransactionalId": id, "v3AndBelowProducerId": producer, "v3AndBelowProducerEpoch": 0, "v3AndBelowTopics": topics});
            let answer = wire.call("AddPartitionsToTxn", 3, body).expect("an answer");
            assert_eq!(
                answer["resultsByTopicV3AndBelow"][0]["resultsByPartition"][0]["partitionErrorCode"], 0,
                "{answer}"
            );
        }
        let mut batch = Batch::of(now() - age_ms, &[b"open"]);
        (batch.attributes, batch.producer_id, batch.producer_epoch, batch.sequence) = (1 << 4, producer, 0, 0);
        let data = json!([{"name": topic, "partitionData": [{"index": 0, "records": batch.base64()}]}]);
        let body = json!({"transactionalId": id, "acks": -1, "timeoutMs": 5000, "topicData": data});
        let answer = wire.call("Produce", 9, body).expect("an answer");
        assert_eq!(answer["responses"][0]["partitionResponses"][0]["errorCode"], 0, "{answer}");
        producer
    };
    // One that its coordinator knows of, and one of which nobody does.
    let held = begin("holds", "held", true, 0);
    let hung = begin("lost", "hung", false, 0);

    let listed = run(&["list"]).ok();
    assert!(listed.lines().any(|l| l.starts_with("holds") && l.contains("Ongoing")), "{listed}");
    assert!(listed.lines().any(|l| l.starts_with("lost") && l.contains("Empty")), "{listed}");
    let json_lines =
        |text: String| text.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect::<Vec<Value>>();
    let open = json_lines(run(&["list", "--state", "Ongoing", "--json"]).ok());
    assert_eq!(open, [json!({"transactional_id": "holds", "coordinator": 1, "producer_id": held, "state": "Ongoing"})]);
    assert_eq!(json_lines(run(&["ls", "--pattern", "lo.*", "--json"]).ok()).len(), 1);
    assert_eq!(json_lines(run(&["list", "--producer-id", &held.to_string(), "--json"]).ok()).len(), 1);
    assert_eq!(json_lines(run(&["list", "--longer-than", "6h", "--json"]).ok()).len(), 0);
    run(&["list", "--state", "Sleepy"]).fails(1, "Sleepy");
    run(&["list", "--pattern", "("]).fails(1, "INVALID_REGULAR_EXPRESSION");
    run(&["list", "--longer-than", "soon"]).fails(2, "15m");

    let described = run(&["describe", "holds", "--json"]).json();
    assert_eq!((&described["state"], &described["producer_epoch"]), (&json!("Ongoing"), &json!(0)));
    assert_eq!(described["partitions"], json!([{"topic": "held", "partition": 0}]));
    assert!(run(&["describe", "holds", "lost"]).ok().contains("held-0"));
    run(&["describe", "nobody"]).fails(4, "TRANSACTIONAL_ID_NOT_FOUND");

    assert_eq!(run(&["list", "--hanging", "--json"]).ok(), "", "it has not been silent for long");
    let hanging = json_lines(run(&["list", "--hanging", "--longer-than", "0s", "--json"]).ok());
    assert_eq!(hanging.len(), 1, "{hanging:?}");
    assert_eq!((&hanging[0]["topic"], &hanging[0]["start_offset"]), (&json!("hung"), &json!(0)));
    assert_eq!(hanging[0]["producer_id"], hung);
    run(&["list", "--hanging", "--topic", "no-such-topic"]).fails(4, "no-such-topic");

    run(&["abort", "held", "-p", "0", "-s", "0"]).fails(1, "holds");
    run(&["abort", "hung", "-p", "0", "-s", "7"]).fails(4, "offset 7");
    run(&["abort", "hung", "-p", "9", "-s", "0"]).fails(4, "partition 9");
    run(&["abort", "hung", "-p", "0"]).fails(2, "--start-offset");
    assert_eq!(run(&["abort", "hung", "-p", "0", "-s", "0", "--json"]).json()["aborted"], true);
    run(&["abort", "hung", "-p", "0", "-s", "0"]).fails(4, "no transaction");
    let after = reader::read(&mut broker.wire(), "hung", 0, true);
    assert_eq!((after.stable, after.aborted), (2, vec![(hung, 0)]));
    assert_eq!(run(&["list", "--hanging", "--longer-than", "0s"]).ok().lines().count(), 1);
    // By force, as the coordinator would; what it says later changes nothing here.
    assert!(run(&["abort", "held", "-p", "0", "-s", "0", "--force"]).ok().contains("Aborted"));
    assert_eq!(reader::read(&mut broker.wire(), "held", 0, true).stable, 2);
    run_with("127.0.0.1:1", &["transaction", "list"], b"").fails(3, "127.0.0.1:1");
    broker.stop();
}

/// What the README shows: over a million lines of real text, written and read by this binary and by kcat.
#[test]
fn the_quickstart() {
    let server = bootstrap();
    let update = || Command::new("apt-get").args(["update", "-qq"]).status();
    let attempt = || {
        let script = support::paths::root().join("proto-tests/quickstart.sh");
        let mut command = Command::new(script);
        command.arg(&server).env("OTTLA", env!("CARGO_BIN_EXE_ottla")).output().expect("the script runs")
    };
    let mut done = attempt();
    if String::from_utf8_lossy(&done.stderr).contains("apt-get update") {
        let _ = update();
        done = attempt();
    }
    let (out, err) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "{out}{err}");
    assert_eq!(out.matches(": the same").count(), 6, "{out}{err}");
}
