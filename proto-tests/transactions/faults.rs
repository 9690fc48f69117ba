//! Faults of single transactions, step by step on the wire: sequences, expiry, partitions that were never added, coordinators
//! and leaders that are away at the wrong moment.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::recorded::Recorded;
use crate::history::event::Event;
use crate::support::broker::{Broker, under_test};
use crate::support::client::Library;
use crate::support::cluster::Cluster;
use crate::support::reader;
use crate::support::tools::Tools;
use crate::support::wire::{Batch, Wire, now};

const OUT_OF_ORDER_SEQUENCE: i64 = 45;
const INVALID_PRODUCER_EPOCH: i64 = 47;
const INVALID_TXN_STATE: i64 = 48;
pub(super) const TRANSACTIONAL: i16 = 1 << 4;
pub(super) const LIMIT: Duration = Duration::from_secs(60);

/// A producer as a batch names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Producer {
    pub id: i64,
    pub epoch: i64,
}

/// A batch of numbered records.
pub(super) fn batch(of: Producer, sequence: i32, count: usize, attributes: i16) -> Batch {
    let mut batch = Batch::of(now(), &vec![&b"record"[..]; count]);
    (batch.producer_id, batch.producer_epoch, batch.sequence) = (of.id, of.epoch as i16, sequence);
    batch.attributes = attributes;
    batch
}

/// Sends it; its error and its offset.
pub(super) fn produce(wire: &mut Wire, topic: &str, partition: i32, id: Option<&str>, batch: &Batch) -> (i64, i64) {
    let data = json!([{"name": topic, "partitionData": [{"index": partition, "records": batch.base64()}]}]);
    let body = json!({"transactionalId": id, "acks": -1, "timeoutMs": 10000, "topicData": data});
    let answer = wire.call("Produce", 9, body).expect("an answer");
    let told = &answer["responses"][0]["partitionResponses"][0];
    (told["errorCode"].as_i64().expect("a code"), told["baseOffset"].as_i64().expect("an offset"))
}

/// Asks until the answer's code is not one of those that pass.
pub(super) fn patiently(mut ask: impl FnMut() -> Value) -> Value {
    let end = Instant::now() + LIMIT;
    loop {
        let answer = ask();
        // Loading, not available, not coordinator, concurrent transactions.
        if ![14, 15, 16, 51].contains(&answer["errorCode"].as_i64().unwrap_or(0)) {
            return answer;
        }
        assert!(Instant::now() < end, "{answer}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(super) fn init(wire: &mut Wire, id: Option<&str>, timeout_ms: i32) -> Producer {
    if let Some(id) = id {
        let _ = wire.call("FindCoordinator", 3, json!({"key": id, "keyType": 1}));
    }
    let body =
        json!({"transactionalId": id, "transactionTimeoutMs": timeout_ms, "producerId": -1, "producerEpoch": -1});
    let answer = patiently(|| wire.call("InitProducerId", 4, body.clone()).expect("an answer"));
    assert_eq!(answer["errorCode"], 0, "{answer}");
    let number = |field: &str| answer[field].as_i64().expect("a number");
    Producer { id: number("producerId"), epoch: number("producerEpoch") }
}

pub(super) fn add(wire: &mut Wire, id: &str, of: Producer, topics: &Value) {
    let body = json!({"v3AndBelowTransactionalId": id, "v3AndBelowProducerId": of.id, "v3AndBelowProducerEpoch": of.epoch, "v3AndBelowTopics": topics});
    let code =
        |answer: &Value| answer["resultsByTopicV3AndBelow"][0]["resultsByPartition"][0]["partitionErrorCode"].clone();
    let answer = patiently(|| {
        let answer = wire.call("AddPartitionsToTxn", 3, body.clone()).expect("an answer");
        json!({"errorCode": code(&answer)})
    });
    assert_eq!(answer["errorCode"], 0, "{answer}");
}

pub(super) fn end(wire: &mut Wire, id: &str, of: Producer, commit: bool, version: i16) -> Value {
    let body = json!({"transactionalId": id, "producerId": of.id, "producerEpoch": of.epoch, "committed": commit});
    wire.call("EndTxn", version, body).expect("an answer")
}

/// Sequences as a leader judges them, whoever led before (fault 45), and a batch again while it is not replicated (fault 46).
#[test]
fn a_batch_that_is_sent_again_to_another_leader_has_its_offset() {
    let mut cluster = Cluster::start(&["broker,controller"; 3], &[("min.insync.replicas", "2")]);
    cluster.create_topic_anyhow(1, "again", 1, 3);
    let leader_now = |cluster: &Cluster| {
        let asked = cluster.brokers().into_iter().find(|id| cluster.is_running(*id))?;
        let told = cluster.topics(asked, &["again"])[0]["partitions"][0]["leaderId"].as_i64()?;
        (told > 0).then_some(told as i32)
    };
    let leader = |cluster: &Cluster, but: i32| {
        cluster.wait_for("a leader", |cluster| leader_now(cluster).filter(|leader| *leader != but))
    };
    let send = |cluster: &Cluster, batch: &Batch| {
        cluster.wait_for("the leader answers", |cluster| {
            let mut wire = Wire::connect(cluster.node(leader_now(cluster)?).port).ok()?;
            let (code, offset) = produce(&mut wire, "again", 0, None, batch);
            // Not the leader yet, not enough replicas: what a client sends again for. Nothing else may come.
            (![5, 6, 7, 19, 20].contains(&code)).then_some((code, offset))
        })
    };
    let first = leader(&cluster, -1);
    let of = init(&mut Wire::connect(cluster.node(first).port).expect("a connection"), None, 60_000);
    // Six batches, the sequences of the fifth one over the end of the numbers.
    let mut sent = Vec::new();
    let mut sequence = i32::MAX - 13;
    for _ in 0..6 {
        let one = batch(of, sequence, 3, 0);
        let (code, offset) = send(&cluster, &one);
        assert_eq!(code, 0, "{sequence}");
        sent.push((one, offset));
        sequence = if sequence > i32::MAX - 3 { sequence - (i32::MAX - 3) - 1 } else { sequence + 3 };
    }
    cluster.kill(first);
    let second = leader(&cluster, first);
    for (one, offset) in &sent[1..] {
        assert_eq!(send(&cluster, one), (0, *offset), "sequence {}", one.sequence);
    }
    let gap = batch(of, sequence + 1, 1, 0);
    assert_eq!(send(&cluster, &gap).0, OUT_OF_ORDER_SEQUENCE);
    let next = batch(of, sequence, 1, 0);
    let (code, at) = send(&cluster, &next);
    assert_eq!((code, at), (0, 18));
    // Nobody is left to replicate it: it stays in doubt, and asking again says so until it is not.
    let other = (1..=3).find(|id| *id != first && *id != second).expect("a third");
    cluster.signal(other, "STOP");
    let doubtful = batch(of, sequence + 1, 1, 0);
    let mut wire = Wire::connect(cluster.node(second).port).expect("a connection");
    wire.set_timeout(Duration::from_secs(1));
    let data = json!([{"name": "again", "partitionData": [{"index": 0, "records": doubtful.base64()}]}]);
    let body = json!({"transactionalId": null, "acks": -1, "timeoutMs": 300, "topicData": data});
    for _ in 0..2 {
        if let Ok(answer) = wire.call("Produce", 9, body.clone()) {
            let code = answer["responses"][0]["partitionResponses"][0]["errorCode"].as_i64();
            assert!([Some(7), Some(19), Some(20)].contains(&code), "only what is tried again: {answer}");
        }
        wire = Wire::connect(cluster.node(second).port).expect("a connection");
        wire.set_timeout(Duration::from_secs(1));
    }
    cluster.signal(other, "CONT");
    cluster.run(first);
    cluster.wait_ready(first);
    assert_eq!(send(&cluster, &doubtful), (0, 19), "it is there once");
    assert_eq!(send(&cluster, &batch(of, sequence + 2, 1, 0)), (0, 20));
}

/// Fault 47: whom nobody remembers is taken at its word.
#[test]
fn a_producer_that_was_forgotten_goes_on() {
    let expiry = [("producer.id.expiration.ms", "500"), ("producer.id.expiration.check.interval.ms", "100")];
    let mut broker = Broker::start(under_test(), &expiry);
    let mut wire = broker.wire();
    reader::create(&mut wire, "idle", 1, &[]);
    let of = init(&mut wire, None, 60_000);
    assert_eq!(produce(&mut wire, "idle", 0, None, &batch(of, 0, 5, 0)), (0, 0));
    let ask = json!({"topics": [{"name": "idle", "partitionIndexes": [0]}]});
    let until = Instant::now() + LIMIT;
    loop {
        let answer = wire.call("DescribeProducers", 0, ask.clone()).expect("an answer");
        let active = answer["topics"][0]["partitions"][0]["activeProducers"].as_array().map(Vec::len);
        if active == Some(0) {
            break;
        }
        assert!(Instant::now() < until, "{answer}");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(produce(&mut wire, "idle", 0, None, &batch(of, 5, 5, 0)), (0, 5));
    assert_eq!(produce(&mut wire, "idle", 0, None, &batch(of, 5, 5, 0)), (0, 5), "it is known again");
    broker.stop();
}

/// Fault 51: what belongs to no transaction is refused before it is written.
#[test]
fn records_of_no_transaction_leave_no_trace() {
    let mut broker =
        Broker::start(under_test(), &[("transaction.abort.timed.out.transaction.cleanup.interval.ms", "100")]);
    let mut wire = broker.wire();
    reader::create(&mut wire, "guarded", 2, &[]);
    let of = init(&mut wire, Some("guarded"), 800);
    assert_eq!(produce(&mut wire, "guarded", 0, Some("guarded"), &batch(of, 0, 1, TRANSACTIONAL)).0, INVALID_TXN_STATE);
    add(&mut wire, "guarded", of, &json!([{"name": "guarded", "partitions": [1]}]));
    // Another partition than the one that was added.
    assert_eq!(produce(&mut wire, "guarded", 0, Some("guarded"), &batch(of, 0, 1, TRANSACTIONAL)).0, INVALID_TXN_STATE);
    assert_eq!(produce(&mut wire, "guarded", 1, Some("guarded"), &batch(of, 0, 1, TRANSACTIONAL)), (0, 0));
    // The client dies; its transaction is aborted when its time is over.
    let until = Instant::now() + LIMIT;
    while reader::read(&mut wire, "guarded", 1, true).stable < 2 {
        assert!(Instant::now() < until, "it is not aborted");
        std::thread::sleep(Duration::from_millis(50));
    }
    let late = produce(&mut wire, "guarded", 1, Some("guarded"), &batch(of, 1, 1, TRANSACTIONAL)).0;
    assert_eq!(late, INVALID_PRODUCER_EPOCH, "its epoch is looked at first, so that it can begin anew");
    let elsewhere = produce(&mut wire, "guarded", 0, Some("guarded"), &batch(of, 0, 1, TRANSACTIONAL)).0;
    assert!([INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE].contains(&elsewhere), "{elsewhere}");
    let (empty, other) = (reader::read(&mut wire, "guarded", 0, true), reader::read(&mut wire, "guarded", 1, true));
    assert_eq!((empty.end, empty.stable), (0, 0));
    assert_eq!((other.end, other.stable, other.aborted), (2, 2, vec![(of.id, 0)]));
    broker.stop();
}

/// A cluster with a coordinator and two leaders of data that are three nodes: id, coordinator, and a partition of each other.
struct Apart {
    cluster: Cluster,
    coordinator: i32,
    /// Node and topic; each topic has one partition, on that node alone.
    data: [(i32, &'static str); 2],
}

impl Apart {
    fn start(id: &str) -> Apart {
        let overrides = [
            ("transaction.state.log.num.partitions", "3"),
            ("transaction.abort.timed.out.transaction.cleanup.interval.ms", "200"),
            // A node that sleeps holds up the coordinator's log until it no longer counts.
            ("broker.session.timeout.ms", "2000"),
            ("broker.heartbeat.interval.ms", "300"),
        ];
        let cluster = Cluster::start(&["broker,controller"; 3], &overrides);
        let coordinator = coordinator(&cluster, 1, id);
        let mut others = (1..=3).filter(|node| *node != coordinator);
        let data = ["left", "right"].map(|topic| (others.next().expect("two others"), topic));
        for (node, topic) in data {
            let assignment = json!([{"partitionIndex": 0, "brokerIds": [node]}]);
            let topic = json!({"name": topic, "numPartitions": -1, "replicationFactor": -1, "assignments": assignment, "configs": []});
            let body = json!({"topics": [topic], "timeoutMs": 20_000, "validateOnly": false});
            let answer = cluster.call(coordinator, "CreateTopics", 7, body);
            assert_eq!(answer["topics"][0]["errorCode"], 0, "{answer}");
        }
        let apart = Apart { cluster, coordinator, data };
        for (node, topic) in data {
            apart.cluster.wait_for("everybody knows who leads", |cluster| {
                let told = |id| cluster.topics(id, &[topic])[0]["partitions"][0]["leaderId"].as_i64();
                (1..=3).all(|id| told(id) == Some(i64::from(node))).then_some(())
            });
        }
        apart
    }

    fn wire(&self, node: i32) -> Wire {
        Wire::connect(self.cluster.node(node).port).expect("a connection")
    }

    /// A transaction with a record in each topic.
    fn open(&self, id: &str, timeout_ms: i32) -> Producer {
        let mut wire = self.wire(self.coordinator);
        let of = init(&mut wire, Some(id), timeout_ms);
        let topics: Vec<Value> = self.data.iter().map(|(_, topic)| json!({"name": topic, "partitions": [0]})).collect();
        add(&mut wire, id, of, &json!(topics));
        for (node, topic) in self.data {
            let sent = produce(&mut self.wire(node), topic, 0, Some(id), &batch(of, 0, 2, TRANSACTIONAL));
            assert_eq!(sent, (0, 0), "{topic}");
        }
        of
    }

    fn state(&self, node: i32, id: &str) -> Option<String> {
        let answer = self.cluster.try_call(node, "DescribeTransactions", 0, json!({"transactionalIds": [id]}))?;
        answer["transactionStates"][0]["transactionState"].as_str().map(str::to_string)
    }

    /// What a partition shows once nothing in it is open: its end, and what was aborted.
    fn settled(&self, (node, topic): (i32, &str)) -> (i64, Vec<(i64, i64)>) {
        self.cluster.wait_for("nothing is open", |cluster| {
            let mut wire = Wire::connect(cluster.node(node).port).ok()?;
            let contents = reader::read(&mut wire, topic, 0, true);
            (contents.stable == contents.end).then_some((contents.end, contents.aborted))
        })
    }
}

pub(super) fn coordinator(cluster: &Cluster, asked: i32, id: &str) -> i32 {
    cluster.wait_for("a coordinator", |cluster| {
        let answer = cluster.try_call(asked, "FindCoordinator", 4, json!({"keyType": 1, "coordinatorKeys": [id]}))?;
        let told = &answer["coordinators"][0];
        (told["errorCode"] == 0).then(|| told["nodeId"].as_i64()).flatten().map(|id| id as i32)
    })
}

/// Fault 52: the coordinator dies after it has decided, with one partition's marker written and the other's not.
fn decided_once(commit: bool) {
    let id = "decided";
    let mut apart = Apart::start(id);
    let of = apart.open(id, 60_000);
    let [left, right] = apart.data;
    apart.cluster.signal(right.0, "STOP");
    let answer = end(&mut apart.wire(apart.coordinator), id, of, commit, 3);
    assert_eq!(answer["errorCode"], 0, "{answer}");
    // The one that can be reached has its marker; the coordinator goes on trying the other.
    let marked = apart.settled(left);
    let prepared = if commit { "PrepareCommit" } else { "PrepareAbort" };
    assert_eq!(apart.state(apart.coordinator, id).as_deref(), Some(prepared));
    apart.cluster.kill(apart.coordinator);
    apart.cluster.signal(right.0, "CONT");
    let successor = apart.cluster.wait_for("another coordinates", |cluster| {
        let told = coordinator(cluster, left.0, id);
        (told != apart.coordinator).then_some(told)
    });
    let complete = if commit { "CompleteCommit" } else { "CompleteAbort" };
    apart
        .cluster
        .wait_for("it is completed", |_| (apart.state(successor, id).as_deref() == Some(complete)).then_some(()));
    let aborted = if commit { Vec::new() } else { vec![(of.id, 0)] };
    let (end_right, aborted_right) = apart.settled(right);
    assert_eq!((end_right, &aborted_right), (3, &aborted));
    // The first one has perhaps been told again; that ends nothing else.
    let (end_left, aborted_left) = apart.settled(left);
    assert!(marked.0 == 3 && (3..=4).contains(&end_left), "{marked:?} {end_left}");
    assert_eq!(aborted_left, aborted);
    // The other end is refused for good.
    let other = end(&mut apart.wire(successor), id, of, !commit, 3);
    assert_eq!(other["errorCode"], INVALID_TXN_STATE, "{other}");
    let next = init(&mut apart.wire(successor), Some(id), 60_000);
    assert!(next.id == of.id && next.epoch > of.epoch, "{next:?} after {of:?}");
}

#[test]
fn what_was_committed_stays_so_when_the_coordinator_dies_between_markers() {
    decided_once(true);
}

#[test]
fn what_was_aborted_stays_so_when_the_coordinator_dies_between_markers() {
    decided_once(false);
}

/// Fault 52 at whatever moment: Java commits while coordinators and leaders die and sleep.
#[test]
fn transactions_have_one_end_though_coordinators_die_at_any_moment() {
    let overrides = [
        ("transaction.state.log.num.partitions", "3"),
        ("min.insync.replicas", "2"),
        ("transaction.abort.timed.out.transaction.cleanup.interval.ms", "500"),
    ];
    let mut cluster = Cluster::start(&["broker,controller"; 3], &overrides);
    cluster.create_topic_anyhow(1, "moments", 3, 3);
    let mut history = Recorded::new(&cluster.bootstrap(), "moments", 3);
    let _follower = history.follow();
    let first = history.write(Library::Java, json!({"id": "moments-0", "transactions": 100_000}));
    let second = history.write(Library::Franz, json!({"id": "moments-1", "transactions": 100_000}));
    let mut workers = [first, second];
    for round in 0..4usize {
        let committed = |lines: &[crate::history::event::Line], name: &str| {
            let own = lines.iter().filter(|line| line.p == name);
            own.filter(|line| matches!(line.event, Event::Committed { .. })).count()
        };
        let before = workers.each_ref().map(|worker| committed(&history.lines(), worker.name()));
        history.wait_for("both commit", |lines| {
            let now = workers.each_ref().map(|worker| committed(lines, worker.name()));
            now.iter().zip(before).all(|(now, before)| *now >= before + 3).then_some(())
        });
        let asked = (1..=3).find(|node| cluster.is_running(*node)).expect("one runs");
        let victim = coordinator(&cluster, asked, &format!("moments-{}", round % 2));
        let sleeper = victim % 3 + 1;
        cluster.signal(sleeper, "STOP");
        std::thread::sleep(Duration::from_millis(50 + 70 * round as u64));
        cluster.kill(victim);
        cluster.signal(sleeper, "CONT");
        cluster.run(victim);
        cluster.wait_ready(victim);
    }
    workers.iter_mut().for_each(|worker| worker.kill());
    // Who takes their place ends what they left open.
    for at in 0..2 {
        let last = history.write(Library::Java, json!({"id": format!("moments-{at}"), "transactions": 3}));
        history.finish(last);
    }
    let counts = history.check();
    assert!(counts.committed >= 24, "{counts:?}");
}

/// Fault 53: what the coordinator's log does not take has not happened.
#[test]
fn an_epoch_that_cannot_be_written_is_not_given() {
    let roles = ["controller", "broker", "broker", "broker"];
    let mut cluster = Cluster::start(&roles, &[("transaction.state.log.num.partitions", "1")]);
    let id = "fenced";
    let home = coordinator(&cluster, 2, id);
    let mut wire = Wire::connect(cluster.node(home).port).expect("a connection");
    let of = init(&mut wire, Some(id), 60_000);
    let others: Vec<i32> = (2..=4).filter(|node| *node != home).collect();
    others.iter().for_each(|node| cluster.kill(*node));
    cluster.wait_for("it is alone in sync", |cluster| {
        let isr = cluster.topics(home, &["__transaction_state"])[0]["partitions"][0]["isrNodes"].clone();
        (isr == json!([home])).then_some(())
    });
    let body = json!({"transactionalId": id, "transactionTimeoutMs": 60_000, "producerId": -1, "producerEpoch": -1});
    for _ in 0..5 {
        let answer = wire.call("InitProducerId", 4, body.clone()).expect("an answer");
        let code = answer["errorCode"].as_i64().expect("a code");
        assert!([14, 15, 16].contains(&code), "only what is tried again: {answer}");
    }
    for node in others {
        cluster.run(node);
        cluster.wait_ready(node);
    }
    let mut wire = Wire::connect(cluster.node(coordinator(&cluster, home, id)).port).expect("a connection");
    let next = init(&mut wire, Some(id), 60_000);
    assert_eq!(next, Producer { id: of.id, epoch: of.epoch + 1 }, "none of the five counted");
}

/// Fault 54: a client dies, and a partition's leader as well; when the time is over the others are told, and that one later.
#[test]
fn a_dead_clients_transaction_is_aborted_though_a_leader_is_away() {
    let id = "dead";
    let mut apart = Apart::start(id);
    let of = apart.open(id, 1_500);
    let [left, right] = apart.data;
    apart.cluster.kill(right.0);
    assert_eq!(apart.settled(left), (3, vec![(of.id, 0)]));
    assert_eq!(apart.state(apart.coordinator, id).as_deref(), Some("PrepareAbort"));
    apart.cluster.run(right.0);
    apart.cluster.wait_ready(right.0);
    assert_eq!(apart.settled(right), (3, vec![(of.id, 0)]));
    apart.cluster.wait_for("it is completed", |_| {
        (apart.state(apart.coordinator, id).as_deref() == Some("CompleteAbort")).then_some(())
    });
    let mut tools = Tools::start();
    let bootstrap = apart.cluster.bootstrap();
    let ask = ["--bootstrap-server", &bootstrap, "find-hanging", "--topic", right.1, "--max-transaction-timeout", "0"];
    let run = tools.run("kafka-transactions", &ask, "");
    assert!(run.code == 0 && run.out.lines().count() == 1, "{run:?}");
    let old = batch(of, 2, 1, TRANSACTIONAL);
    assert_eq!(produce(&mut apart.wire(right.0), right.1, 0, Some(id), &old).0, INVALID_PRODUCER_EPOCH);
}
