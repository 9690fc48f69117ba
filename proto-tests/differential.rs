//! Apache Kafka is the oracle: one script of requests goes to a real Apache Kafka and to Ottla, over every API and version
//! that Ottla serves, with good and bad arguments, and the decoded answers must be equal, ids, times and places aside.
//!
//! `differential/known-differences.txt` lists what differs on purpose or not yet, each with its reason. A difference that is
//! not listed fails the test, and so does a line that no difference matches any more.

mod support;

#[path = "differential/admin.rs"]
mod admin;
#[path = "differential/configs.rs"]
mod configs;
#[path = "differential/controller.rs"]
mod controller;
#[path = "differential/data.rs"]
mod data;
#[path = "differential/driver.rs"]
mod driver;
#[path = "differential/groups.rs"]
mod groups;
#[path = "differential/known.rs"]
mod known;
#[path = "differential/limits.rs"]
mod limits;
#[path = "differential/mask.rs"]
mod mask;
#[path = "differential/members.rs"]
mod members;
#[path = "differential/offsets.rs"]
mod offsets;
#[path = "differential/reads.rs"]
mod reads;
#[path = "differential/stored.rs"]
mod stored;
#[path = "differential/topics.rs"]
mod topics;
#[path = "differential/transactions.rs"]
mod transactions;

use driver::{Driver, Step};
use support::broker::{Broker, Kind};
use support::paths;

/// What both servers are started with: quiet background work, so that answers do not depend on time.
const PROPERTIES: [(&str, &str); 3] =
    [("log.retention.check.interval.ms", "3600000"), ("num.partitions", "2"), ("log.initial.task.delay.ms", "3600000")];

fn run(kind: Kind, start: i64) -> Vec<Step> {
    let broker = Broker::start(kind, &PROPERTIES);
    let mut driver = Driver::new(broker, start);
    topics::script(&mut driver);
    data::script(&mut driver);
    reads::script(&mut driver);
    configs::script(&mut driver);
    admin::script(&mut driver);
    driver.finish()
}

/// What servers with groups are started with: no waiting where a script would wait, and no heartbeats sooner than at the
/// usual interval, which Ottla asks for while a group settles unless this is set.
const FOR_GROUPS: [(&str, &str); 4] = [
    ("group.consumer.min.heartbeat.interval.ms", "5000"),
    ("group.initial.rebalance.delay.ms", "0"),
    ("group.consumer.assignment.interval.ms", "0"),
    ("offsets.topic.num.partitions", "1"),
];

fn run_groups(kind: Kind, start: i64) -> Vec<Step> {
    let broker = Broker::start(kind, &[&PROPERTIES[..], &FOR_GROUPS].concat());
    let mut driver = Driver::new(broker, start);
    groups::script(&mut driver);
    offsets::script(&mut driver);
    members::script(&mut driver);
    driver.finish()
}

/// Servers whose settings allow less, one after the other.
fn run_limited(kind: Kind, start: i64) -> Vec<Step> {
    let run = |more: &[(&str, &str)], script: fn(&mut Driver)| {
        let broker = Broker::start(kind, &[&PROPERTIES[..], &FOR_GROUPS, more].concat());
        let mut driver = Driver::new(broker, start);
        script(&mut driver);
        driver.finish()
    };
    let mut steps = run(&limits::NARROW, limits::narrow);
    steps.extend(run(&limits::CLASSIC_ALONE, limits::classic_alone));
    steps
}

fn run_transactions(kind: Kind, start: i64) -> Vec<Step> {
    let few = [("transaction.state.log.num.partitions", "1")];
    let broker = Broker::start(kind, &[&PROPERTIES[..], &FOR_GROUPS, &few].concat());
    let mut driver = Driver::new(broker, start);
    transactions::script(&mut driver);
    driver.finish()
}

fn run_controller(kind: Kind, start: i64) -> Vec<Step> {
    let broker = Broker::start(kind, &[&PROPERTIES[..], &controller::PATIENT].concat());
    let mut driver = Driver::of_controller(broker, start);
    controller::script(&mut driver);
    driver.finish()
}

/// The same script on two servers at once.
fn both(run: fn(Kind, i64) -> Vec<Step>, kinds: [Kind; 2]) -> [Vec<Step>; 2] {
    let start = support::wire::now();
    std::thread::scope(|s| {
        kinds.map(|kind| s.spawn(move || run(kind, start))).map(|t| t.join().expect("the script runs"))
    })
}

fn compare(name: &str, known: &str, run: fn(Kind, i64) -> Vec<Step>) {
    let [kafka, ottla] = both(run, [Kind::Kafka, Kind::Ottla]);
    assert_eq!(kafka.len(), ottla.len(), "both ran the same script");
    let mut differences = Vec::new();
    for (k, o) in kafka.iter().zip(&ottla) {
        assert_eq!(k.name, o.name, "both ran the same script");
        for d in mask::differences(&k.answer, &o.answer) {
            differences.push(known::Difference { step: k.name.clone(), path: d.0, kafka: d.1, ottla: d.2 });
        }
    }
    let list = paths::root().join("proto-tests/differential").join(known);
    let report = known::judge(&list, &differences);
    let file = paths::target().join(format!("{name}.txt"));
    std::fs::write(&file, known::print(&differences)).expect("the report is written");
    println!("{} requests, {} differences; all of them in {}", kafka.len(), differences.len(), file.display());
    assert!(report.is_empty(), "\n{report}");
}

#[test]
fn answers_are_those_of_apache_kafka() {
    compare("differential", "known-differences.txt", run);
}

#[test]
fn groups_answer_as_those_of_apache_kafka() {
    compare("differential-groups", "known-group-differences.txt", run_groups);
}

#[test]
fn groups_under_limits_answer_as_those_of_apache_kafka() {
    compare("differential-limits", "known-limit-differences.txt", run_limited);
}

#[test]
fn transactions_answer_as_those_of_apache_kafka() {
    compare("differential-transactions", "known-transaction-differences.txt", run_transactions);
}

#[test]
fn controllers_answer_as_those_of_apache_kafka() {
    compare("differential-controller", "known-controller-differences.txt", run_controller);
}

/// The oracle compared to itself: what differs then is the script's own noise.
fn twice(name: &str, run: fn(Kind, i64) -> Vec<Step>) {
    let [a, b] = both(run, [Kind::Kafka, Kind::Kafka]);
    let mut text = String::new();
    for (x, y) in a.iter().zip(&b) {
        for d in mask::differences(&x.answer, &y.answer) {
            text.push_str(&format!("{} | {} | {} | {}\n", x.name, d.0, d.1, d.2));
        }
    }
    let all: String = a.iter().map(|s| format!("{}\n    {}\n", s.name, s.answer)).collect();
    std::fs::write(paths::target().join(format!("{name}-kafka.txt")), all).expect("the answers are written");
    println!("{} requests", a.len());
    assert!(text.is_empty(), "\n{text}");
}

#[test]
#[ignore = "checks the script itself; run it by name after changing the script"]
fn apache_kafka_answers_itself() {
    twice("differential", run);
}

#[test]
#[ignore = "checks the script itself; run it by name after changing the script"]
fn groups_of_apache_kafka_answer_themselves() {
    twice("differential-groups", run_groups);
}

#[test]
#[ignore = "checks the script itself; run it by name after changing the script"]
fn groups_under_limits_of_apache_kafka_answer_themselves() {
    twice("differential-limits", run_limited);
}

#[test]
#[ignore = "checks the script itself; run it by name after changing the script"]
fn transactions_of_apache_kafka_answer_themselves() {
    twice("differential-transactions", run_transactions);
}
