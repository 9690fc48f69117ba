//! Transactions with real clients while producers and the server are killed: what is committed is there once, in order, in
//! every partition; what is not is never seen; nothing stays open.

mod support;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use support::broker::{Broker, under_test};
use support::paths;
use support::reader;
use support::tools::Tools;

/// How often somebody is killed; `OTTLA_TRANSACTION_ROUNDS` asks for more.
const ROUNDS: u64 = 6;
const NUMBERS: usize = 6000;
const PER_TRANSACTION: usize = 7;

fn producer(broker: &Broker, args: [&str; 2]) -> Command {
    paths::setup();
    let mut command = Command::new(paths::target().join("clients/python/bin/python"));
    command
        .arg(paths::root().join("proto-tests/clients/python/transactions.py"))
        .args([&broker.bootstrap(), "numbers", "copier"])
        .args(args)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

fn start(broker: &Broker) -> Child {
    let (count, per) = (NUMBERS.to_string(), PER_TRANSACTION.to_string());
    producer(broker, [&count, &per]).stdout(Stdio::null()).spawn().expect("the producer starts")
}

fn committed(broker: &Broker, partition: i32) -> Vec<usize> {
    let out = producer(broker, ["-1", &partition.to_string()]).output().expect("the consumer starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).expect("numbers");
    text.split_whitespace().map(|number| number.parse().expect("a committed number")).collect()
}

#[test]
fn what_is_committed_is_there_once_though_producers_and_the_server_are_killed() {
    let rounds = std::env::var("OTTLA_TRANSACTION_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(ROUNDS);
    let mut broker = Broker::start(under_test(), &[]);
    reader::create(&mut broker.wire(), "numbers", 2, &[]);
    let mut child = start(&broker);
    for round in 0..rounds {
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
        let got = committed(&broker, partition);
        assert!(got == wanted, "partition {partition}: {} numbers, the first that differs: {:?}", got.len(), {
            got.iter().zip(&wanted).find(|(a, b)| a != b)
        });
    }
    let mut tools = Tools::start();
    let bootstrap = broker.bootstrap();
    let listed = tools.run("kafka-transactions", &["--bootstrap-server", &bootstrap, "list"], "");
    let is_open = ["Ongoing", "Prepare"].iter().any(|state| listed.out.contains(state));
    assert!(listed.out.contains("copier") && !is_open, "{}", listed.out);
    let hanging =
        ["--bootstrap-server", &bootstrap, "find-hanging", "--broker-id", "1", "--max-transaction-timeout", "0"];
    let hanging = tools.run("kafka-transactions", &hanging, "");
    assert!(!hanging.out.contains("numbers"), "{}", hanging.out);
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
