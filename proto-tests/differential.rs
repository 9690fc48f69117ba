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
#[path = "differential/data.rs"]
mod data;
#[path = "differential/driver.rs"]
mod driver;
#[path = "differential/known.rs"]
mod known;
#[path = "differential/mask.rs"]
mod mask;
#[path = "differential/reads.rs"]
mod reads;
#[path = "differential/topics.rs"]
mod topics;

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

#[test]
fn answers_are_those_of_apache_kafka() {
    let start = support::wire::now();
    let (kafka, ottla) = std::thread::scope(|s| {
        let kafka = s.spawn(|| run(Kind::Kafka, start));
        let ottla = s.spawn(|| run(Kind::Ottla, start));
        (kafka.join().expect("the script runs on Apache Kafka"), ottla.join().expect("the script runs on Ottla"))
    });
    assert_eq!(kafka.len(), ottla.len(), "both ran the same script");
    let mut differences = Vec::new();
    for (k, o) in kafka.iter().zip(&ottla) {
        assert_eq!(k.name, o.name, "both ran the same script");
        for d in mask::differences(&k.answer, &o.answer) {
            differences.push(known::Difference { step: k.name.clone(), path: d.0, kafka: d.1, ottla: d.2 });
        }
    }
    let list = paths::root().join("proto-tests/differential/known-differences.txt");
    let report = known::judge(&list, &differences);
    let file = paths::target().join("differential.txt");
    std::fs::write(&file, known::print(&differences)).expect("the report is written");
    println!("{} requests, {} differences; all of them in {}", kafka.len(), differences.len(), file.display());
    assert!(report.is_empty(), "\n{report}");
}

/// With `OTTLA_TEST_AGAINST=kafka` the oracle is compared to itself: what differs then is the script's own noise.
#[test]
#[ignore = "checks the script itself; run it by name after changing the script"]
fn apache_kafka_answers_itself() {
    let start = support::wire::now();
    let (a, b) = std::thread::scope(|s| {
        let a = s.spawn(|| run(Kind::Kafka, start));
        let b = s.spawn(|| run(Kind::Kafka, start));
        (a.join().expect("first"), b.join().expect("second"))
    });
    let mut text = String::new();
    for (x, y) in a.iter().zip(&b) {
        for d in mask::differences(&x.answer, &y.answer) {
            text.push_str(&format!("{} | {} | {} | {}\n", x.name, d.0, d.1, d.2));
        }
    }
    let all: String = a.iter().map(|s| format!("{}\n    {}\n", s.name, s.answer)).collect();
    std::fs::write(paths::target().join("differential-kafka.txt"), all).expect("the answers are written");
    println!("{} requests", a.len());
    assert!(text.is_empty(), "\n{text}");
}
