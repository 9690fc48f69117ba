//! Transactions with real clients while producers and the server are killed: what is committed is there once, in order, in
//! every partition; what is not is never seen; nothing stays open.

#[path = "transactions/faults.rs"]
mod faults;
#[path = "history/mod.rs"]
mod history;
#[path = "transactions/limits.rs"]
mod limits;
#[path = "transactions/many.rs"]
mod many;
#[path = "transactions/moved.rs"]
mod moved;
#[path = "transactions/producers.rs"]
mod producers;
#[path = "transactions/recorded.rs"]
mod recorded;
#[path = "transactions/rolling.rs"]
mod rolling;
mod support;
#[path = "transactions/transform.rs"]
mod transform;
#[path = "transactions/versions.rs"]
mod versions;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use support::broker::{Broker, under_test};
use support::client::Library;
use support::paths;
use support::reader;
use support::tools::Tools;
use support::wire::{Batch, now};

/// How often somebody is killed; `OTTLA_TRANSACTION_ROUNDS` asks for more.
const ROUNDS: u64 = 6;
const NUMBERS: usize = 6000;
const PER_TRANSACTION: usize = 7;

fn rounds(ordinary: u64) -> u64 {
    std::env::var("OTTLA_TRANSACTION_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(ordinary)
}

fn producer(broker: &Broker, topic: &str, args: [&str; 2]) -> Command {
    paths::setup();
    let mut command = Command::new(paths::target().join("clients/python/bin/python"));
    command
        .arg(paths::root().join("proto-tests/clients/python/transactions.py"))
        .args([&broker.bootstrap(), topic, "copier"])
        .args(args)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

fn start(broker: &Broker) -> Child {
    let (count, per) = (NUMBERS.to_string(), PER_TRANSACTION.to_string());
    producer(broker, "numbers", [&count, &per]).stdout(Stdio::null()).spawn().expect("the producer starts")
}

fn committed(broker: &Broker, topic: &str, partition: i32) -> Vec<usize> {
    let out = producer(broker, topic, ["-1", &partition.to_string()]).output().expect("the consumer starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).expect("numbers");
    text.split_whitespace().map(|number| number.parse().expect("a committed number")).collect()
}

fn same(partition: i32, got: &[usize], wanted: &[usize]) {
    let differs = got.iter().zip(wanted).find(|(a, b)| a != b);
    assert!(got == wanted, "partition {partition}: {} numbers, the first that differs: {differs:?}", got.len());
}

#[test]
fn what_is_committed_is_there_once_though_producers_and_the_server_are_killed() {
    let mut broker = Broker::start(under_test(), &[]);
    reader::create(&mut broker.wire(), "numbers", 2, &[]);
    let mut child = start(&broker);
    for round in 0..rounds(ROUNDS) {
        // Not at the same point of anything.
        std::thread::sleep(Duration::from_millis(700 + (round * 377) % 900));
        if round % 2 == 0 {
            // The handle is ours; a producer that has finished already is started again as well.
            let _ = child.kill();
            let _ = child.wait();
            child = start(&broker);
        } else {
            broker.kill();
            broker.run();
        }
    }
    let end = Instant::now() + Duration::from_secs(180);
    loop {
        match child.try_wait().expect("the producer can be waited for") {
            Some(status) if status.success() => break,
            // Killed with the server at a moment that a client cannot go on from: its next life does.
            Some(_) => child = start(&broker),
            None => std::thread::sleep(Duration::from_millis(50)),
        }
        assert!(Instant::now() < end, "the producer does not finish");
    }
    let wanted: Vec<usize> = (0..NUMBERS).collect();
    for partition in [0, 1] {
        let got = committed(&broker, "numbers", partition);
        same(partition, &got, &wanted);
    }
    let mut tools = Tools::start();
    let bootstrap = broker.bootstrap();
    let listed = tools.run("kafka-transactions", &["--bootstrap-server", &bootstrap, "list"], "");
    let is_open = ["Ongoing", "Prepare"].iter().any(|state| listed.out.contains(state));
    assert!(listed.out.contains("copier") && !is_open, "{}", listed.out);
    assert_eq!(hanging(&mut tools, &bootstrap), "");
}

/// The topics of hanging transactions, a line each.
fn hanging(tools: &mut Tools, bootstrap: &str) -> String {
    let ask = ["--bootstrap-server", bootstrap, "find-hanging", "--broker-id", "1", "--max-transaction-timeout", "0"];
    let run = tools.run("kafka-transactions", &ask, "");
    let mut lines = run.out.lines();
    let head = lines.next().unwrap_or_default();
    assert!(run.code == 0 && head.contains("ProducerEpoch"), "{run:?}");
    lines.map(|line| line.split_whitespace().next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Where nobody asks the coordinator first, records of a lost producer hold a partition back for ever.
#[test]
fn a_hanging_transaction_is_found_and_aborted() {
    let mut broker = Broker::start(under_test(), &[("transaction.partition.verification.enable", "false")]);
    let mut wire = broker.wire();
    reader::create(&mut wire, "stuck", 1, &[]);
    // Asked for until the coordinator is there.
    let mut id = -1;
    for _ in 0..500 {
        let _ = wire.call("FindCoordinator", 3, json!({"key": "lost", "keyType": 1}));
        let ask = json!({"transactionalId": "lost", "transactionTimeoutMs": 60000});
        let answer = wire.call("InitProducerId", 4, ask).expect("an answer");
        if answer["errorCode"] == json!(0) {
            id = answer["producerId"].as_i64().expect("an id");
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut batch = Batch::of(now() - 600_000, &[b"lost"]);
    batch.attributes = 1 << 4;
    (batch.producer_id, batch.producer_epoch, batch.sequence) = (id, 0, 0);
    let data = json!([{"name": "stuck", "partitionData": [{"index": 0, "records": batch.base64()}]}]);
    let body = json!({"transactionalId": "lost", "acks": -1, "timeoutMs": 5000, "topicData": data});
    let answer = wire.call("Produce", 9, body).expect("an answer");
    assert_eq!(answer["responses"][0]["partitionResponses"][0]["errorCode"], 0, "{answer}");
    reader::append(&mut wire, "stuck", 0, Batch::of(now(), &[b"behind it"]).base64());
    assert_eq!(reader::read(&mut wire, "stuck", 0, true).stable, 0);
    let mut tools = Tools::start();
    let bootstrap = broker.bootstrap();
    assert_eq!(hanging(&mut tools, &bootstrap), "stuck");
    let abort =
        ["--bootstrap-server", &bootstrap, "abort", "--topic", "stuck", "--partition", "0", "--start-offset", "0"];
    let run = tools.run("kafka-transactions", &abort, "");
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(hanging(&mut tools, &bootstrap), "");
    let after = reader::read(&mut wire, "stuck", 0, true);
    assert_eq!((after.stable, after.aborted), (3, vec![(id, 0)]));
    let again = tools.run("kafka-transactions", &abort, "");
    assert_ne!(again.code, 0, "{again:?}");
    broker.stop();
}

/// Java workers of one group: their offsets are committed inside their transactions, under the epochs of KIP-890.
#[test]
fn what_is_consumed_comes_out_once_though_workers_and_the_server_are_killed() {
    let seed = std::env::var("OTTLA_TRANSACTION_SEED").ok().and_then(|n| n.parse().ok());
    let seed = seed.unwrap_or_else(|| now().unsigned_abs());
    println!("OTTLA_TRANSACTION_SEED={seed}");
    let mut broker = Broker::start(under_test(), &transform::PROPERTIES);
    let mut workers = transform::Loop::start(&broker, seed);
    for _ in 0..rounds(ROUNDS) {
        workers.round(&mut broker);
    }
    let given = workers.finish(&mut broker);
    let wanted: Vec<usize> = (0..given).map(|number| 2 * number).collect();
    for partition in [0, 1] {
        same(partition, &committed(&broker, "doubled", partition), &wanted);
    }
    broker.stop();
}

/// The Java producer: every transaction has its own epoch (KIP-890), and being produced to is what adds a partition.
#[test]
fn the_java_producer_commits_under_an_epoch_for_each_transaction() {
    let mut broker = Broker::start(under_test(), &[]);
    reader::create(&mut broker.wire(), "perf", 2, &[]);
    let mut tools = Tools::start();
    let bootstrap = broker.bootstrap();
    let server = format!("bootstrap.servers={bootstrap}");
    let args = ["--topic", "perf", "--num-records", "20000", "--record-size", "100", "--throughput", "-1"];
    let how = ["--command-property", &server, "--transactional-id", "perf", "--transaction-duration-ms", "20"];
    let run = tools.run("kafka-producer-perf-test", &[&args[..], &how[..]].concat(), "");
    assert!(run.out.contains("20000 records sent"), "{} {}", run.out, run.err);
    let describe = ["--bootstrap-server", &bootstrap, "describe", "--transactional-id", "perf"];
    let described = tools.run("kafka-transactions", &describe, "");
    let line = described.out.lines().find(|line| line.contains("CompleteCommit")).expect("it is over").to_owned();
    let epoch: i32 = line.split_whitespace().nth(3).and_then(|epoch| epoch.parse().ok()).expect("an epoch");
    assert!(epoch > 1, "{line}");
    broker.stop();
}

/// Kafka's own decoder reads the coordinator's log: each state of a transaction, in order, with its partitions.
#[test]
fn kafkas_tool_decodes_the_transaction_log() {
    let mut broker = Broker::start(under_test(), &[("transaction.state.log.num.partitions", "3")]);
    reader::create(&mut broker.wire(), "decoded", 2, &[]);
    let mut history = recorded::Recorded::new(&broker.bootstrap(), "decoded", 2);
    for library in [Library::Java, Library::Confluent] {
        let worker = history.write(library, json!({"id": format!("by-{library:?}"), "transactions": 3}));
        history.finish(worker);
    }
    broker.stop();
    let mut tools = Tools::start();
    let mut records: Vec<(String, Value)> = Vec::new();
    for partition in 0..3 {
        let path = broker.data().join(format!("__transaction_state-{partition}/00000000000000000000.log"));
        let args = ["--transaction-log-decoder", "--files", &path.display().to_string()];
        let run = tools.run("kafka-dump-log", &args, "");
        assert!(
            run.code == 0 && !run.out.contains("payload: unknown") && !run.out.contains("Could not decode"),
            "{run:?}"
        );
        for line in run.out.lines().filter(|line| line.contains(" payload: ")) {
            let (key, payload) = line.split_once(" payload: ").expect("both");
            let key = key.split_once(" key: ").expect("a key").1;
            let (key, value): (Value, Value) =
                (serde_json::from_str(key).expect(line), serde_json::from_str(payload).expect(line));
            let id = key["data"]["transactionalId"].as_str().expect(line).to_owned();
            records.push((id, value["data"].clone()));
        }
    }
    for id in ["by-Java", "by-Confluent"] {
        let own = || records.iter().filter(|(of, _)| of == id).map(|(_, data)| data);
        // Empty, then for each transaction: ongoing (once, or for each partition that joins), prepared, complete.
        let mut states: Vec<i64> = own().map(|data| data["transactionStatus"].as_i64().expect("a state")).collect();
        states.dedup();
        assert_eq!(states, [0, 1, 2, 4, 1, 2, 4, 1, 3, 5], "{id}");
        let full = own().find(|data| data["transactionStatus"] == 2).expect("one");
        assert_eq!(full["transactionPartitions"], json!([{"topic": "decoded", "partitionIds": [0, 1]}]), "{full}");
        assert_eq!(full["transactionTimeoutMs"], 10000, "{full}");
    }
}
