//! Connections in number: many requests at once, silent ones, deaf ones, ones that go away, and the caps on them.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::broker::{Broker, under_test};
use crate::support::record::noise;
use crate::support::schema;
use crate::support::wire::{Batch, Wire, WireError, now, request_frame};
use crate::{produce, topic, under_load};

#[test]
fn connections() {
    under_load(|a| {
        // Ten thousand requests at once on one connection: all answered, in order.
        let m = schema::request("Metadata");
        let body = m.encode(9, &json!({"topics": []}));
        let mut bytes = Vec::new();
        for id in 0..10_000 {
            bytes.extend(request_frame(m.key, 9, true, id, "pipeline", &body));
        }
        let mut other = wire_clone(a.broker, &bytes);
        for id in 0..10_000i32 {
            match other.receive_frame() {
                Ok(frame) if frame[..4] == id.to_be_bytes() => {}
                Ok(frame) => {
                    a.failures.push(format!("pipelined: id {:?} instead of {id}", &frame[..4]));
                    break;
                }
                Err(e) => {
                    a.failures.push(format!("pipelined, after {id}: {e}"));
                    break;
                }
            }
        }
        // One byte every now and then: cut off in the end, and it holds up nobody.
        let mut slow = a.broker.wire();
        for byte in request_frame(m.key, 9, true, 1, "slow", &body).iter().take(8) {
            let _ = slow.send_bytes(&[*byte]);
            std::thread::sleep(Duration::from_millis(150));
        }
        a.still_there("one byte at a time");
        // Connections that say nothing, and ones that go away in the middle.
        let silent: Vec<Wire> = (0..500).filter_map(|_| Wire::connect(a.broker.port).ok()).collect();
        a.still_there("500 silent connections");
        drop(silent);
        for n in 0..300 {
            if let Ok(mut w) = Wire::connect(a.broker.port) {
                let frame = request_frame(m.key, 9, true, 1, "gone", &body);
                let _ = w.send_bytes(&frame[..n % frame.len()]);
            }
        }
        a.still_there("300 that went away");
        // A client that asks for much and never reads.
        let mut deaf = a.broker.wire();
        deaf.set_timeout(Duration::from_millis(500));
        let big = produce("good-big", Batch::of(now(), &[&noise(1, 900_000)]).base64());
        topic(a.broker, "good-big");
        let mut wire = a.broker.wire();
        for _ in 0..4 {
            wire.call("Produce", 9, big.clone()).expect("a big record");
        }
        let f = schema::request("Fetch");
        let p = json!({"partition": 0, "fetchOffset": 0, "partitionMaxBytes": 10_000_000});
        let fetch = f.encode(11, &json!({"replicaId": -1, "maxWaitMs": 0, "minBytes": 0, "maxBytes": 50_000_000, "topics": [{"topic": "good-big", "partitions": [p]}]}));
        for id in 0..2000 {
            if deaf.send_bytes(&request_frame(f.key, 11, false, id, "deaf", &fetch)).is_err() {
                break;
            }
        }
        a.still_there("a client that does not read");
        // Idle connections are closed, connections.max.idle.ms being 4 s here.
        let mut idle = a.broker.wire();
        idle.set_timeout(Duration::from_secs(12));
        if idle.receive_frame() != Err(WireError::Closed) {
            a.failures.push("an idle connection is not closed".to_string());
        }
    });
}

/// A connection whose requests are written by a thread, as the server need not take them faster than it answers.
fn wire_clone(broker: &Broker, bytes: &[u8]) -> Wire {
    let wire = broker.wire();
    let mut writer = wire.second();
    let bytes = bytes.to_vec();
    std::thread::spawn(move || {
        let _ = writer.send_bytes(&bytes);
    });
    wire
}

/// Answers of a connection: Some(true) if it is served, Some(false) if it was closed, none if it waits.
fn served(wire: &mut Wire, patience: Duration) -> Option<bool> {
    wire.set_timeout(patience);
    match wire.call("ApiVersions", 0, json!({})) {
        Ok(_) => Some(true),
        Err(WireError::Timeout) => None,
        Err(_) => Some(false),
    }
}

fn set(wire: &mut Wire, broker: &str, key: &str, value: Option<&str>) {
    let operation = i8::from(value.is_none());
    let config = json!({"name": key, "configOperation": operation, "value": value});
    let resource = json!({"resourceType": 4, "resourceName": broker, "configs": [config]});
    let answer = wire
        .call("IncrementalAlterConfigs", 1, json!({"resources": [resource], "validateOnly": false}))
        .expect("an answer");
    assert_eq!(answer["responses"][0]["errorCode"], 0, "{key}: {answer}");
}

const SOON: Duration = Duration::from_secs(5);
const NOT_SOON: Duration = Duration::from_millis(600);

#[test]
fn caps_on_connections_hold_at_once_and_harm_nobody_who_is_in() {
    let broker = Broker::start(under_test(), &[]);
    let mut admin = broker.wire();
    let here = admin.local_address();
    let wait_until = |what: &str, mut holds: Box<dyn FnMut() -> bool + '_>| {
        let end = Instant::now() + Duration::from_secs(10);
        while !holds() {
            assert!(Instant::now() < end, "{what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };

    // From one address: who is over the cap is closed.
    set(&mut admin, "1", "max.connections.per.ip", Some("6"));
    let mut open: Vec<Wire> = Vec::new();
    wait_until(
        "the seventh connection is closed",
        Box::new(|| {
            let mut more = broker.wire();
            let closed = served(&mut more, SOON) == Some(false);
            if !closed {
                open.push(more);
            }
            closed
        }),
    );
    assert!(open.len() >= 5, "{} beside the first", open.len());
    assert_eq!(served(&mut admin, SOON), Some(true), "who is in stays in");
    drop(open);
    wait_until("places come back", Box::new(|| served(&mut broker.wire(), SOON) == Some(true)));
    set(&mut admin, "1", "max.connections.per.ip.overrides", Some(&format!("{here}:100")));
    wait_until(
        "an address may have more",
        Box::new(|| {
            let mut many: Vec<Wire> = (0..20).map(|_| broker.wire()).collect();
            many.iter_mut().all(|wire| served(wire, SOON) == Some(true))
        }),
    );

    // In all: who is over the cap waits until somebody leaves.
    set(&mut admin, "1", "max.connections", Some("4"));
    let mut inside: Vec<Wire> = Vec::new();
    let mut waiting = loop {
        let mut next = broker.wire();
        match served(&mut next, NOT_SOON) {
            Some(true) => inside.push(next),
            None => break next,
            Some(false) => panic!("over the cap on all, a connection waits"),
        }
        assert!(inside.len() < 40, "the cap does not hold");
        if inside.len() > 3 {
            inside.clear(); // taken before the cap was known
        }
    };
    assert_eq!(served(&mut admin, SOON), Some(true));
    inside.pop().expect("one that leaves");
    assert!(waiting.receive_frame().is_ok() || served(&mut waiting, SOON) == Some(true), "its place is taken");
    drop((inside, waiting));
    set(&mut admin, "1", "max.connections", None);

    // In a second: the first come at once, the others at the rate that is set.
    set(&mut admin, "", "max.connection.creation.rate", Some("10"));
    wait_until(
        "new connections are slowed down",
        Box::new(|| {
            let begin = Instant::now();
            let mut many: Vec<Wire> = (0..8).map(|_| broker.wire()).collect();
            assert!(many.iter_mut().all(|wire| served(wire, SOON * 4) == Some(true)));
            begin.elapsed() > Duration::from_millis(600)
        }),
    );
    set(&mut admin, "", "max.connection.creation.rate", None);
    wait_until(
        "the rate is lifted",
        Box::new(|| {
            let begin = Instant::now();
            let mut many: Vec<Wire> = (0..30).map(|_| broker.wire()).collect();
            many.iter_mut().all(|wire| served(wire, SOON * 4) == Some(true)) && begin.elapsed() < Duration::from_secs(1)
        }),
    );
}
