//! Both ways to speak of transactions (KIP-890): as the cluster has agreed on (`transaction.version`), and while that changes.

use std::collections::BTreeSet;

use serde_json::json;

use super::recorded::Recorded;
use crate::history::event::Event;
use crate::support::broker::{Broker, under_test};
use crate::support::client::Library;
use crate::support::reader;

const SAFE_DOWNGRADE: i8 = 2;
const UPGRADE: i8 = 1;
const TRANSACTIONS: usize = 6;

fn agree(broker: &Broker, level: i16, how: i8) {
    let update = json!({"feature": "transaction.version", "maxVersionLevel": level, "upgradeType": how});
    let body = json!({"timeoutMs": 20_000, "featureUpdates": [update], "validateOnly": false});
    let answer = broker.wire().call("UpdateFeatures", 1, body).expect("an answer");
    assert_eq!(answer["errorCode"], 0, "{answer}");
}

#[test]
fn each_transaction_has_an_epoch_of_its_own_where_that_is_agreed_on() {
    let mut broker = Broker::start(under_test(), &[]);
    reader::create(&mut broker.wire(), "spoken", 1, &[]);
    let mut history = Recorded::new(&broker.bootstrap(), "spoken", 1);
    let _follower = history.follow();
    // It began before anything changes, and hears of it or not.
    let mut through = history.write(Library::Java, json!({"id": "through", "transactions": 1_000_000, "pause_ms": 10}));
    let ended = |history: &Recorded, name: &str, more: usize| {
        let count = |lines: &[crate::history::event::Line]| {
            let own = lines.iter().filter(|line| line.p == name);
            own.filter(|line| matches!(line.event, Event::Committed { .. } | Event::Aborted { .. })).count()
        };
        let before = count(&history.lines());
        history.wait_for("it goes on", |lines| (count(lines) >= before + more).then_some(()));
    };
    ended(&history, through.name(), 3);
    for (level, how) in [(1, SAFE_DOWNGRADE), (0, SAFE_DOWNGRADE), (1, UPGRADE), (2, UPGRADE)] {
        agree(&broker, level, how);
        let before = reader::read(&mut broker.wire(), "spoken", 0, false).bytes.len();
        let more = json!({"id": format!("at-{level}-{how}"), "transactions": TRANSACTIONS});
        let mut worker = history.write(Library::Java, more);
        assert!(worker.wait().success(), "{}", worker.said());
        ended(&history, through.name(), 3);
        assert!(through.is_running(), "{}", through.said());
        let bytes = reader::read(&mut broker.wire(), "spoken", 0, false).bytes;
        let markers = reader::batches(&bytes[before..]).into_iter().filter(|head| head.is_control);
        // The one that is new: its producer id is the greatest.
        let newest = markers.clone().map(|head| head.producer.0).max().expect("markers");
        let own: Vec<_> = markers.filter(|head| head.producer.0 == newest).map(|head| head.producer.1).collect();
        let epochs: BTreeSet<_> = own.iter().collect();
        let wanted = if level == 2 { TRANSACTIONS } else { 1 };
        assert_eq!((own.len(), epochs.len()), (TRANSACTIONS, wanted), "at level {level}: {own:?}");
    }
    through.kill();
    // Who takes its place ends what it left open.
    let last = history.write(Library::Java, json!({"id": "through", "transactions": 3}));
    history.finish(last);
    let counts = history.check();
    assert!(counts.committed >= 16 + 2, "{counts:?}");
    broker.stop();
}
