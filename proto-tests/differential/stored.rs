//! What is stored and does nothing (yet) is told in the log, whatever kind of thing it is; what would be neither is refused.

use serde_json::{Value, json};

use super::support::broker::{Broker, Kind};
use super::support::reader;

const SET: i8 = 0;
const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const METRICS: i8 = 16;
const GROUP: i8 = 32;

fn quota(kind: &str, name: &str, key: &str) -> Value {
    let entity = [json!({"entityType": kind, "entityName": name})];
    let ops = [json!({"key": key, "value": 1000.0, "remove": false})];
    json!({"entries": [{"entity": entity, "ops": ops}], "validateOnly": false})
}

fn setting(kind: i8, name: &str, key: &str, value: &str) -> Value {
    let configs = [json!({"name": key, "configOperation": SET, "value": value})];
    json!({"resources": [{"resourceType": kind, "resourceName": name, "configs": configs}], "validateOnly": false})
}

fn scram() -> Value {
    let upsertion =
        json!({"name": "alice", "mechanism": 1, "iterations": 4096, "salt": "c2FsdA==", "saltedPassword": "c2FsdGVk"});
    json!({"deletions": [], "upsertions": [upsertion]})
}

#[test]
fn what_is_stored_without_effect_is_told() {
    let mut broker = Broker::start(Kind::Ottla, &[("background.threads", "3")]);
    let mut wire = broker.wire();
    reader::create(&mut wire, "tiered", 1, &[("local.retention.ms", "1000")]);
    let told = [
        ("at the start", "background.threads", None),
        ("with a new topic", "local.retention.ms", None),
        (
            "quota of a client",
            "client quotas",
            Some(("AlterClientQuotas", 1, quota("client-id", "c", "producer_byte_rate"))),
        ),
        (
            "quota of an address",
            "client quotas",
            Some(("AlterClientQuotas", 1, quota("ip", "::1", "connection_creation_rate"))),
        ),
        ("password", "SCRAM credentials", Some(("AlterUserScramCredentials", 0, scram()))),
        (
            "topic",
            "remote.log.copy.disable",
            Some(("IncrementalAlterConfigs", 1, setting(TOPIC, "tiered", "remote.log.copy.disable", "true"))),
        ),
        ("broker", "num.io.threads", Some(("IncrementalAlterConfigs", 1, setting(BROKER, "", "num.io.threads", "9")))),
        (
            "group",
            "share.session.timeout.ms",
            Some(("IncrementalAlterConfigs", 1, setting(GROUP, "g", "share.session.timeout.ms", "50000"))),
        ),
        (
            "client metrics",
            "interval.ms",
            Some(("IncrementalAlterConfigs", 1, setting(METRICS, "m", "interval.ms", "1000"))),
        ),
    ];
    let mut silent = Vec::new();
    for (what, word, request) in told {
        let count = |broker: &mut Broker| broker.process().tail(usize::MAX).matches(word).count();
        let before = if request.is_some() { count(&mut broker) } else { 0 };
        if let Some((api, version, body)) = request {
            let answer = wire.call(api, version, body).expect("an answer");
            assert!(is_accepted(&answer), "{what}: {answer}");
        }
        if count(&mut broker) == before {
            silent.push(what);
        }
    }
    assert!(silent.is_empty(), "not told: {silent:?}\n{}", broker.process().tail(60));

    // What has its effect is not called one that has none.
    let before = broker.process().tail(usize::MAX).matches("without effect").count();
    for (kind, name, key, value) in [
        (TOPIC, "tiered", "retention.ms", "1000"),
        (TOPIC, "tiered", "leader.replication.throttled.replicas", "*"),
        (BROKER, "1", "leader.replication.throttled.rate", "100000"),
        (GROUP, "g", "consumer.session.timeout.ms", "50000"),
    ] {
        let answer = wire.call("IncrementalAlterConfigs", 1, setting(kind, name, key, value)).expect("an answer");
        assert!(is_accepted(&answer), "{key}: {answer}");
    }
    assert_eq!(broker.process().tail(usize::MAX).matches("without effect").count(), before);

    // Rules and tokens are not stored at all.
    let rule = json!({"resourceType": 2, "resourceName": "t", "resourcePatternType": 3, "principal": "User:a", "host": "*",
        "operation": 3, "permissionType": 3});
    let answer = wire.call("CreateAcls", 3, json!({"creations": [rule]})).expect("an answer");
    assert_eq!(answer["results"][0]["errorCode"], 54, "{answer}");
    let body = json!({"ownerPrincipalType": null, "ownerPrincipalName": null, "renewers": [], "maxLifetimeMs": 1000});
    let answer = wire.call("CreateDelegationToken", 3, body).expect("an answer");
    assert!(!is_accepted(&answer), "{answer}");
    broker.stop();
}

/// True if no error stands anywhere in an answer.
fn is_accepted(answer: &Value) -> bool {
    match answer {
        Value::Object(fields) => {
            fields.iter().all(|(name, value)| if name == "errorCode" { value == 0 } else { is_accepted(value) })
        }
        Value::Array(items) => items.iter().all(is_accepted),
        _ => true,
    }
}
