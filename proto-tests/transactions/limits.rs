//! Where ids and epochs come to their end: a transactional id that nobody uses is forgotten, and a producer that has used up its
//! epochs goes on as another.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::faults::{LIMIT, Producer, TRANSACTIONAL, add, batch, end, init, patiently, produce};
use crate::support::broker::{Broker, under_test};
use crate::support::reader;
use crate::support::wire::Wire;

const INVALID_PRODUCER_ID_MAPPING: i64 = 49;
/// The greatest epoch that a producer is given.
const LAST_EPOCH: i64 = 32_766;
/// From this version of EndTxn on, each transaction has an epoch of its own.
const END_TXN_BUMPS: i16 = 5;

/// The transactional ids that the coordinator knows, with their states.
fn known(wire: &mut Wire) -> Vec<(String, String)> {
    let answer = patiently(|| {
        wire.call("ListTransactions", 0, json!({"stateFilters": [], "producerIdFilters": []})).expect("an answer")
    });
    let text = |state: &Value, field: &str| state[field].as_str().expect("a text").to_string();
    let states = answer["transactionStates"].as_array().expect("a list").iter();
    let mut known: Vec<_> =
        states.map(|state| (text(state, "transactionalId"), text(state, "transactionState"))).collect();
    known.sort();
    known
}

fn until_known(wire: &mut Wire, wanted: &[(&str, &str)]) {
    let until = Instant::now() + LIMIT;
    loop {
        let known = known(wire);
        if known.iter().map(|(id, state)| (id.as_str(), state.as_str())).eq(wanted.iter().copied()) {
            return;
        }
        assert!(Instant::now() < until, "{known:?}, not {wanted:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_transactional_id_that_nobody_uses_is_forgotten_for_good() {
    let properties = [
        ("transactional.id.expiration.ms", "1000"),
        ("transaction.remove.expired.transaction.cleanup.interval.ms", "100"),
        ("transaction.state.log.num.partitions", "2"),
    ];
    let mut broker = Broker::start(under_test(), &properties);
    let mut wire = broker.wire();
    reader::create(&mut wire, "kept", 1, &[]);
    let open = init(&mut wire, Some("open"), 60_000);
    add(&mut wire, "open", open, &json!([{"name": "kept", "partitions": [0]}]));
    assert_eq!(produce(&mut wire, "kept", 0, Some("open"), &batch(open, 0, 1, TRANSACTIONAL)), (0, 0));
    let idle = init(&mut wire, Some("idle"), 60_000);
    // Who has a transaction open is in use, however long it lasts.
    until_known(&mut wire, &[("open", "Ongoing")]);
    assert_eq!(end(&mut wire, "idle", idle, true, 3)["errorCode"], INVALID_PRODUCER_ID_MAPPING);
    broker.kill();
    broker.run();
    let mut wire = broker.wire();
    until_known(&mut wire, &[("open", "Ongoing")]);
    let again = init(&mut wire, Some("idle"), 60_000);
    assert!(again.id != idle.id && again.epoch == 0, "{again:?} after {idle:?}");
    assert_eq!(patiently(|| end(&mut wire, "open", open, true, 3))["errorCode"], 0);
    until_known(&mut wire, &[]);
    assert_eq!(reader::read(&mut wire, "kept", 0, true).stable, 2, "what it wrote stays");
    broker.stop();
}

/// Lets the same id come so often that its last epoch is given: many at a time, none of whose answers is awaited before the next.
fn use_up(wire: &mut Wire, id: &str) -> Producer {
    let body = json!({"transactionalId": id, "transactionTimeoutMs": 60_000});
    let mut newest = init(wire, Some(id), 60_000);
    while newest.epoch < LAST_EPOCH {
        let asked: Vec<i32> = (newest.epoch..LAST_EPOCH.min(newest.epoch + 100))
            .map(|_| wire.send("InitProducerId", 2, body.clone()).expect("it is sent"))
            .collect();
        for one in asked {
            let answer = wire.receive("InitProducerId", 2, one).expect("an answer");
            // One at a time, the broker may say.
            if answer["errorCode"] == 0 {
                let number = |field: &str| answer[field].as_i64().expect("a number");
                assert_eq!((number("producerId"), number("producerEpoch")), (newest.id, newest.epoch + 1));
                newest.epoch += 1;
            } else {
                assert_eq!(answer["errorCode"], 51, "{answer}");
            }
        }
    }
    newest
}

/// Fault 53: the last epoch of a producer is used as any other, and the next transaction has another producer's id.
#[test]
fn a_producer_that_has_used_up_its_epochs_goes_on_as_another() {
    let mut broker = Broker::start(under_test(), &[]);
    let mut wire = broker.wire();
    wire.set_timeout(LIMIT);
    reader::create(&mut wire, "worn", 1, &[]);
    let both = json!([{"name": "worn", "partitions": [0]}]);
    // As producers speak today: with the end of its last transaction it is told who it is from now on.
    let last = use_up(&mut wire, "new");
    add(&mut wire, "new", last, &both);
    assert_eq!(produce(&mut wire, "worn", 0, Some("new"), &batch(last, 0, 2, TRANSACTIONAL)), (0, 0));
    let ended = |wire: &mut Wire, of: Producer, commit: bool| {
        let answer = patiently(|| end(wire, "new", of, commit, END_TXN_BUMPS));
        assert_eq!(answer["errorCode"], 0, "{answer}");
        let number = |field: &str| answer[field].as_i64().expect("a number");
        Producer { id: number("producerId"), epoch: number("producerEpoch") }
    };
    let next = ended(&mut wire, last, true);
    assert!(next.id != last.id && next.epoch == 0, "{next:?} after {last:?}");
    assert_eq!(ended(&mut wire, last, true), next, "who did not hear the answer is told again");
    let until = Instant::now() + LIMIT;
    while reader::read(&mut wire, "worn", 0, true).stable < 3 {
        assert!(Instant::now() < until, "its marker is written under an epoch that nobody is given");
        std::thread::sleep(Duration::from_millis(20));
    }
    add(&mut wire, "new", next, &both);
    assert_eq!(produce(&mut wire, "worn", 0, Some("new"), &batch(next, 0, 1, TRANSACTIONAL)), (0, 3));
    let straggler = produce(&mut wire, "worn", 0, Some("new"), &batch(last, 2, 1, TRANSACTIONAL)).0;
    assert_eq!(straggler, INVALID_PRODUCER_ID_MAPPING, "that producer is nobody any more");
    let third = ended(&mut wire, next, false);
    assert_eq!(third, Producer { id: next.id, epoch: 1 });
    // As they spoke before: the next one to come has another id, and what was left open under the last epoch is aborted.
    let last = use_up(&mut wire, "old");
    add(&mut wire, "old", last, &both);
    let until = Instant::now() + LIMIT;
    while reader::read(&mut wire, "worn", 0, true).stable < 5 {
        assert!(Instant::now() < until, "the abort is written");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(produce(&mut wire, "worn", 0, Some("old"), &batch(last, 0, 1, TRANSACTIONAL)), (0, 5));
    let successor = init(&mut wire, Some("old"), 60_000);
    assert!(successor.id != last.id, "{successor:?} after {last:?}");
    let contents = reader::read(&mut wire, "worn", 0, true);
    assert_eq!((contents.stable, contents.end), (7, 7));
    assert_eq!(contents.aborted, [(next.id, 3), (last.id, 5)]);
    broker.stop();
}
