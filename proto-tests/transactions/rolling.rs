//! Nodes that are restarted one after the other, as an upgrade does it, while producers write in transactions: nobody is refused, and
//! no transaction is lost or aborted for it.

use serde_json::{Value, json};

use super::recorded::{Recorded, Worker};
use crate::history::event::{Event, Line};
use crate::support::client::Library;
use crate::support::cluster::Cluster;

const TOPIC: &str = "rolled";

/// How often each node is restarted; `OTTLA_ROLLING_ROUNDS` asks for more.
fn rounds() -> u64 {
    std::env::var("OTTLA_ROLLING_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1)
}

fn ended(lines: &[Line], worker: &Worker) -> usize {
    let own = lines.iter().filter(|line| line.p == worker.name());
    own.filter(|line| matches!(line.event, Event::Committed { .. } | Event::Aborted { .. })).count()
}

/// Waits until each has ended some more transactions.
fn go_on(history: &Recorded, workers: &[Worker]) {
    let before: Vec<usize> = workers.iter().map(|worker| ended(&history.lines(), worker)).collect();
    history.wait_for("transactions go on", |lines| {
        workers.iter().zip(&before).all(|(worker, before)| ended(lines, worker) >= before + 3).then_some(())
    });
}

#[test]
fn a_rolling_restart_refuses_no_producer_and_ends_no_transaction() {
    let overrides = [("transaction.state.log.num.partitions", "3"), ("min.insync.replicas", "2")];
    let mut cluster = Cluster::start(&["broker,controller"; 3], &overrides);
    cluster.create_topic_anyhow(1, TOPIC, 3, 3);
    let mut history = Recorded::new(&cluster.bootstrap(), TOPIC, 3);
    let _follower = history.follow();
    let libraries = [Library::Java, Library::Confluent, Library::Franz];
    let id = |library: Library| format!("rolled-{library:?}");
    let mut workers: Vec<Worker> = libraries
        .map(|library| history.write(library, json!({"id": id(library), "transactions": 1_000_000, "pause_ms": 20})))
        .into();
    for round in 0..rounds() {
        for node in 1..=3 {
            go_on(&history, &workers);
            assert!(cluster.stop(node).success(), "round {round}: {}", cluster.tail(node));
            cluster.run(node);
            cluster.wait_ready(node);
            cluster.wait_for("all replicas are in sync", |cluster| {
                let topics = cluster.topics(node, &[TOPIC, "__transaction_state"]);
                let partitions = || topics.as_array().into_iter().flatten().flat_map(|t| t["partitions"].as_array());
                let whole = |p: &Value| p["isrNodes"].as_array().is_some_and(|isr| isr.len() == 3);
                partitions().flatten().all(whole).then_some(())
            });
            for worker in &mut workers {
                assert!(worker.is_running(), "round {round}, node {node}: {}", worker.said());
            }
        }
    }
    go_on(&history, &workers);
    for worker in &mut workers {
        worker.kill();
        assert!(!worker.said().contains("aborts"), "{}", worker.said());
    }
    // Who takes their place ends what they left open.
    for library in libraries {
        let last = history.write(library, json!({"id": id(library), "transactions": 3}));
        history.finish(last);
    }
    let counts = history.check();
    assert!(counts.committed >= 9, "{counts:?}");
    // franz-go does not ask again for a commit whose answer was lost, and has the transaction aborted. The others do.
    let lines = history.lines();
    let asked = |of: &Line, ended: i64| {
        lines.iter().any(|line| line.p == of.p && matches!(line.event, Event::Commit { txn } if txn == ended))
    };
    for line in lines.iter().filter(|line| !line.p.contains("franz")) {
        if let Event::Aborted { txn } = line.event {
            assert!(!asked(line, txn), "{line:?}: its commit was asked for");
        }
    }
}
