//! Kafka Streams: words are counted by instances that come and go; the state moves by its changelog.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::support::broker::{Broker, under_test};
use crate::support::client::kcat;
use crate::support::paths::{self, Scratch};
use crate::support::process::Process;
use crate::support::reader;
use crate::support::wire::{Batch, now};

const WORDS: [&str; 7] = ["to", "be", "or", "not", "that", "is", "the question"];

/// Lines of text in all partitions; what they add to the counts.
fn write(broker: &Broker, round: usize, counts: &mut BTreeMap<String, u64>) {
    let mut wire = broker.wire();
    for p in 0..3 {
        let lines: Vec<String> = (0..200)
            .map(|n| format!("{} {}, Word{}!", WORDS[n % 7], WORDS[(n * round + p as usize) % 7], n % 50))
            .collect();
        for line in &lines {
            for word in line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()) {
                *counts.entry(word.to_lowercase()).or_default() += 1;
            }
        }
        let values: Vec<&[u8]> = lines.iter().map(|l| l.as_bytes()).collect();
        reader::append(&mut wire, "text", p, Batch::of(now(), &values).base64());
    }
}

fn start(broker: &Broker, dir: &Path, name: &str, guarantee: &str) -> Process {
    let state = dir.join(format!("state-{name}"));
    let mut args = paths::java("WordCount", 256);
    args.extend([broker.bootstrap(), "word-count".into(), "text".into(), "counts".into(), state.display().to_string()]);
    let more = ["consumer.session.timeout.ms=6000", "consumer.heartbeat.interval.ms=500", "num.stream.threads=2"];
    args.extend(more.map(String::from));
    args.push(format!("processing.guarantee={guarantee}"));
    Process::start(name, dir, &PathBuf::from("/usr/bin/env"), &args, &[])
}

/// The last count of each word that a reader of committed records sees.
fn counted(broker: &Broker) -> BTreeMap<String, u64> {
    let args =
        ["-C", "-t", "counts", "-o", "beginning", "-e", "-q", "-X", "isolation.level=read_committed", "-f", "%k %s\n"];
    let out = kcat(&broker.bootstrap(), &args, None).expect("kcat reads the counts");
    let text = String::from_utf8(out).expect("text");
    let pairs = text.lines().filter_map(|l| l.split_once(' '));
    pairs.map(|(word, n)| (word.to_string(), n.parse().expect("a count"))).collect()
}

fn until_counted(what: &str, broker: &Broker, counts: &BTreeMap<String, u64>, exact: bool, instances: &[&Process]) {
    let end = Instant::now() + Duration::from_secs(120);
    loop {
        let now = counted(broker);
        let right = |word: &String, n: &u64| {
            let have = now.get(word).copied().unwrap_or(0);
            if exact { have == *n } else { have >= *n }
        };
        if now.len() == counts.len() && counts.iter().all(|(w, n)| right(w, n)) {
            return;
        }
        if Instant::now() > end {
            let tails: Vec<String> = instances.iter().map(|p| p.tail(20)).collect();
            panic!("{what}: counted {now:?}, not {counts:?}\n{}", tails.join("\n"));
        }
        std::thread::sleep(Duration::from_millis(300));
    }
}

/// One instance counts, a second joins, the first goes, a third comes and the second is killed.
pub fn count(guarantee: &str) {
    let properties = [
        ("group.initial.rebalance.delay.ms", "100"),
        ("offsets.topic.num.partitions", "4"),
        ("transaction.state.log.num.partitions", "4"),
        ("auto.create.topics.enable", "false"),
    ];
    let broker = Broker::start(under_test(), &properties);
    let scratch = Scratch::new("words");
    let mut wire = broker.wire();
    for (topic, partitions) in [("text", 3), ("counts", 1)] {
        reader::create(&mut wire, topic, partitions, &[]);
        for p in 0..partitions {
            reader::list(&mut wire, topic, p, -1);
        }
    }
    let mut counts = BTreeMap::new();
    write(&broker, 1, &mut counts);
    let mut one = start(&broker, scratch.path(), "one", guarantee);
    until_counted("one instance", &broker, &counts, true, &[&one]);
    let mut two = start(&broker, scratch.path(), "two", guarantee);
    write(&broker, 2, &mut counts);
    until_counted("two instances", &broker, &counts, true, &[&one, &two]);
    // An instance that ends commits first: nothing is counted twice, and the state comes back from its changelog.
    one.signal("TERM");
    one.wait(Duration::from_secs(60));
    write(&broker, 3, &mut counts);
    until_counted("the first ended", &broker, &counts, true, &[&two]);
    let mut three = start(&broker, scratch.path(), "three", guarantee);
    write(&broker, 4, &mut counts);
    std::thread::sleep(Duration::from_secs(3));
    two.signal("KILL");
    two.wait(Duration::from_secs(10));
    write(&broker, 5, &mut counts);
    until_counted("the second was killed", &broker, &counts, guarantee != "at_least_once", &[&three]);
    three.signal("TERM");
    three.wait(Duration::from_secs(60));
}
