//! Transactional producers of four libraries at once, and what is in their way: a server that dies, a proxy that delays, drops,
//! doubles and misdelivers what ends transactions.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use super::recorded::{CANNOT_GO_ON, Recorded};
use crate::history::event::Event;
use crate::support::broker::{Broker, under_test};
use crate::support::client::Library;
use crate::support::proxy::{Fate, Proxy, Request};
use crate::support::reader;
use crate::support::wire::now;

const PRODUCE: i16 = 0;
const ADD_PARTITIONS: i16 = 24;
const END_TXN: i16 = 26;
/// From this version of EndTxn on, each transaction has an epoch of its own, by which a straggler is known.
const END_TXN_BUMPS: i16 = 5;

const PARTITIONS: i32 = 2;

#[test]
fn producers_of_every_library_write_whole_transactions_though_the_server_is_killed() {
    let mut broker =
        Broker::start(under_test(), &[("transaction.abort.timed.out.transaction.cleanup.interval.ms", "500")]);
    reader::create(&mut broker.wire(), "mixed", PARTITIONS, &[]);
    let mut history = Recorded::new(&broker.bootstrap(), "mixed", PARTITIONS);
    let _follower = history.follow();
    let libraries = [Library::Java, Library::Confluent, Library::Franz, Library::KafkaJs];
    let mut workers = Vec::new();
    for library in libraries {
        workers
            .push(history.write(library, json!({"id": format!("by-{library:?}"), "transactions": 60, "pause_ms": 30})));
    }
    for round in 1..=3usize {
        // Each time some more of every library's have been committed.
        history.wait_for("transactions are committed", |lines| {
            let mut committed: BTreeMap<&str, usize> = BTreeMap::new();
            for line in lines.iter().filter(|line| matches!(line.event, Event::Committed { .. })) {
                *committed.entry(line.p.split('-').nth(1).unwrap_or_default()).or_default() += 1;
            }
            (committed.len() == libraries.len() && committed.values().all(|count| *count >= 5 * round)).then_some(())
        });
        broker.kill();
        broker.run();
    }
    for worker in workers {
        history.finish(worker);
    }
    // A loop reads from all of them in transactions of its own: none may read from one that reads from it.
    reader::create(&mut broker.wire(), "copied", PARTITIONS, &[]);
    let copier = history.transform(json!({"id": "copier", "output": "copied", "transactions": 9, "per": 40}));
    history.finish(copier);
    history.drain(&json!({"topic": "copied"}));
    let counts = history.check();
    assert!(counts.committed >= 4 * 36 && counts.aborted >= 4 * 18, "{counts:?}");
    broker.stop();
}

/// A proxy, a server behind it that tells its clients of the proxy, and where they begin.
fn behind_proxy() -> (Broker, Proxy, String) {
    let mut broker = Broker::unstarted(under_test(), &[]);
    let proxy = Proxy::start(broker.port);
    let bootstrap = format!("localhost:{}", proxy.port);
    broker.set("advertised.listeners", &format!("PLAINTEXT://{bootstrap}"));
    broker.run();
    (broker, proxy, bootstrap)
}

/// Dice that fall the same for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

fn seed() -> u64 {
    let seed = std::env::var("OTTLA_TRANSACTION_SEED").ok().and_then(|n| n.parse().ok());
    let seed = seed.unwrap_or_else(|| now().unsigned_abs());
    println!("OTTLA_TRANSACTION_SEED={seed}");
    seed
}

/// Faults 46 and 50: ends of transactions, partitions to be added and records come late, twice, or not at all.
fn disturbed(library: Library, transactions: u64) {
    let (mut broker, proxy, bootstrap) = behind_proxy();
    reader::create(&mut broker.wire(), "late", PARTITIONS, &[]);
    let mut history = Recorded::new(&bootstrap, "late", PARTITIONS);
    let _follower = history.follow();
    let mut dice = Dice(seed() | 1);
    let versions: Arc<Mutex<BTreeMap<i16, u64>>> = Arc::default();
    let seen = Arc::clone(&versions);
    proxy.rule(move |request: &Request<'_>| {
        if ![PRODUCE, ADD_PARTITIONS, END_TXN].contains(&request.api) {
            return Fate::Pass;
        }
        if request.api == END_TXN {
            *seen.lock().expect("nobody failed").entry(request.version).or_default() += 1;
        }
        let time = Duration::from_millis(5 + dice.roll(150));
        match dice.roll(if request.api == END_TXN { 12 } else { 30 }) {
            0 => Fate::Hold(time),
            1 => Fate::Drop,
            2 => Fate::DropAnswer,
            3 => Fate::Twice,
            // With one epoch for all transactions, an end that comes late is the next one's end: no server can tell.
            4 if request.api != END_TXN || request.version >= END_TXN_BUMPS => Fate::Late(time),
            _ => Fate::Pass,
        }
    });
    let worker = history.write(library, json!({"id": "disturbed", "transactions": transactions}));
    history.finish(worker);
    proxy.rule(|_| Fate::Pass);
    let counts = history.check();
    let met: Vec<u64> = [PRODUCE, ADD_PARTITIONS, END_TXN].map(|api| proxy.met(api, None)).to_vec();
    let late = proxy.late_answers();
    println!("{library:?}: {met:?} requests disturbed, {} of them late, EndTxn {versions:?}", late.len());
    assert!(
        counts.committed as u64 >= transactions / 2 && proxy.met(END_TXN, None) > transactions / 8,
        "{counts:?} {met:?}"
    );
    if versions.lock().expect("nobody failed").keys().any(|version| *version >= END_TXN_BUMPS) {
        assert!(
            late.iter().any(|late| late.api == END_TXN && late.frame.len() > 4),
            "an end came late, and was answered"
        );
    }
    broker.stop();
}

#[test]
fn ends_that_come_late_twice_or_never_hurt_nothing_that_java_writes() {
    disturbed(Library::Java, 150);
}

#[test]
fn ends_that_come_twice_or_never_hurt_nothing_that_librdkafka_writes() {
    disturbed(Library::Confluent, 150);
}

#[test]
fn ends_that_come_late_twice_or_never_hurt_nothing_that_franz_go_writes() {
    disturbed(Library::Franz, 150);
}

/// Fault 50, without dice: the end of each transaction is lost, asked for again, and comes when the next one is under way.
#[test]
fn an_end_that_comes_in_the_next_transaction_ends_nothing() {
    let (mut broker, proxy, bootstrap) = behind_proxy();
    reader::create(&mut broker.wire(), "next", PARTITIONS, &[]);
    let mut history = Recorded::new(&bootstrap, "next", PARTITIONS);
    let mut count = 0;
    proxy.rule(move |request: &Request<'_>| {
        if request.api != END_TXN {
            return Fate::Pass;
        }
        count += 1;
        // The first try is late by less than a transaction takes with its pause; the second one passes.
        if count % 2 == 1 { Fate::Late(Duration::from_millis(200)) } else { Fate::Pass }
    });
    let worker = history.write(
        Library::Java,
        json!({"id": "next", "transactions": 20, "per": 5, "pause_ms": 0,
        "options": {"linger.ms": "100"}}),
    );
    history.finish(worker);
    let counts = history.check();
    assert_eq!((counts.committed, counts.aborted, counts.unknown), (14, 6, 0));
    let late = proxy.late_answers();
    assert!(late.len() >= 15 && late.iter().all(|late| late.version >= END_TXN_BUMPS), "{late:?}");
    broker.stop();
}

/// Fault 45 with a real client: all that it may have under way is stored, and none of it acknowledged, when the server is restarted.
#[test]
fn batches_that_were_stored_before_a_restart_and_come_again_after_it_are_there_once() {
    const RECORDS: i64 = 30;
    let (mut broker, proxy, bootstrap) = behind_proxy();
    reader::create(&mut broker.wire(), "unheard", 1, &[]);
    let mut history = Recorded::new(&bootstrap, "unheard", 1);
    for library in [Library::Java, Library::Confluent] {
        let before = reader::read(&mut broker.wire(), "unheard", 0, false);
        proxy.rule(|request: &Request<'_>| if request.api == PRODUCE { Fate::Swallow } else { Fate::Pass });
        // Batches as small as can be, five of them under way.
        let options = match library {
            Library::Java => json!({"batch.size": "1"}),
            _ => json!({"batch.num.messages": 1, "max.in.flight": 5}),
        };
        let more = json!({"id": format!("unheard-{library:?}"), "transactions": 1, "per": RECORDS, "options": options});
        let mut worker = history.write(library, more);
        history.wait_for("five are stored", |_| {
            let now = reader::read(&mut broker.wire(), "unheard", 0, false);
            (reader::batches(&now.bytes[before.bytes.len()..]).len() == 5).then_some(())
        });
        broker.stop();
        broker.run();
        proxy.rule(|_| Fate::Pass);
        let status = worker.wait();
        assert!(status.success() && !worker.said().contains("aborts"), "{library:?}: {}", worker.said());
        let end = reader::read(&mut broker.wire(), "unheard", 0, false).end;
        assert_eq!(end, before.end + RECORDS + 1, "the records, and a marker");
    }
    let counts = history.check();
    assert_eq!((counts.committed, counts.aborted, counts.unknown), (2, 0, 0));
    broker.stop();
}

/// Fault 49: of two producers with one transactional id, the newer one writes.
#[test]
fn a_producer_that_was_paused_is_fenced_by_the_one_that_took_its_place() {
    let libraries = [Library::Java, Library::Confluent, Library::Franz, Library::KafkaJs];
    let mut broker = Broker::start(under_test(), &[]);
    reader::create(&mut broker.wire(), "two", PARTITIONS, &[]);
    let mut history = Recorded::new(&broker.bootstrap(), "two", PARTITIONS);
    for (at, library) in libraries.into_iter().enumerate() {
        let id = format!("shared-{at}");
        let mut first = history.write(library, json!({"id": id, "transactions": 1_000_000, "per": 20}));
        history.wait_for("it writes", |lines| {
            let own = lines.iter().filter(|line| line.p == first.name());
            (own.filter(|line| matches!(line.event, Event::Committed { .. })).count() >= 2).then_some(())
        });
        first.signal("STOP");
        let successor = libraries[(at + 1) % libraries.len()];
        let second = history.write(successor, json!({"id": id, "transactions": 4}));
        history.finish(second);
        first.signal("CONT");
        let status = first.wait();
        assert_eq!(status.code(), Some(CANNOT_GO_ON), "{library:?} after {successor:?}: {}", first.said());
        println!("{library:?} after {successor:?}: {}", first.said().lines().last().unwrap_or_default());
    }
    let counts = history.check();
    assert!(counts.committed >= 4 * 5, "{counts:?}");
    broker.stop();
}
