//! The rest of administration: log directories, quorum, elections, features, and the APIs of a broker without security.

use serde_json::{Value, json};

use crate::driver::Driver;

/// Runs it.
pub fn script(d: &mut Driver) {
    log_dirs(d);
    quorum(d);
    elections(d);
    features(d);
    acls(d);
    quotas(d);
    scram(d);
    tokens(d);
}

fn log_dirs(d: &mut Driver) {
    d.each("one topic", "DescribeLogDirs", |_, _| json!({"topics": [{"topic": "read", "partitions": [0, 1, 2]}]}));
    d.each("one partition", "DescribeLogDirs", |_, _| json!({"topics": [{"topic": "read", "partitions": [1]}]}));
    d.each("unknown partition", "DescribeLogDirs", |_, _| json!({"topics": [{"topic": "read", "partitions": [9]}]}));
    d.each(
        "unknown topic",
        "DescribeLogDirs",
        |_, _| json!({"topics": [{"topic": "unknown-topic", "partitions": [0]}]}),
    );
    d.each("none", "DescribeLogDirs", |_, _| json!({"topics": []}));
    let dir = d.log_dir();
    let ask = |path: &str, topic: &str, partition: i32| json!({"dirs": [{"path": path, "topics": [{"name": topic, "partitions": [partition]}]}]});
    d.each("to where it is", "AlterReplicaLogDirs", |_, _| ask(&dir, "read", 0));
    d.each("to an unknown place", "AlterReplicaLogDirs", |_, _| ask("/no/such/dir", "read", 0));
    d.each("to a relative place", "AlterReplicaLogDirs", |_, _| ask("relative", "read", 0));
    d.each("unknown partition", "AlterReplicaLogDirs", |_, _| ask(&dir, "read", 9));
    d.each("unknown topic", "AlterReplicaLogDirs", |_, _| ask(&dir, "unknown-topic", 0));
    d.each("none", "AlterReplicaLogDirs", |_, _| json!({"dirs": []}));
}

fn quorum(d: &mut Driver) {
    let ask = |topic: &str, partition: i32| json!({"topics": [{"topicName": topic, "partitions": [{"partitionIndex": partition}]}]});
    d.each("", "DescribeQuorum", |_, _| ask("__cluster_metadata", 0));
    d.each("other topic", "DescribeQuorum", |_, _| ask("read", 0));
    d.each("other partition", "DescribeQuorum", |_, _| ask("__cluster_metadata", 3));
    d.each("none", "DescribeQuorum", |_, _| json!({"topics": []}));
}

fn elections(d: &mut Driver) {
    let ask = |kind: i8, topics: Value| json!({"electionType": kind, "topicPartitions": topics, "timeoutMs": 5000});
    for kind in [0, 1, 5] {
        d.each(&format!("kind {kind}"), "ElectLeaders", |_, _| {
            ask(kind, json!([{"topic": "read", "partitions": [0, 1]}]))
        });
        d.each(&format!("kind {kind}, unknown"), "ElectLeaders", |_, _| {
            ask(kind, json!([{"topic": "read", "partitions": [9]}, {"topic": "unknown-topic", "partitions": [0]}]))
        });
    }
    d.each("all", "ElectLeaders", |_, _| ask(0, Value::Null));
    d.each("none", "ElectLeaders", |_, _| ask(0, json!([])));
}

fn features(d: &mut Driver) {
    let ask = |name: &str, level: i16, kind: i8, validate: bool| json!({"timeoutMs": 5000, "featureUpdates": [{"feature": name, "maxVersionLevel": level, "upgradeType": kind, "allowDowngrade": kind > 1}], "validateOnly": validate});
    for validate in [true, false] {
        for (what, name, level, kind) in [
            ("unknown feature", "no.such.feature", 1, 1),
            ("same level", "metadata.version", 30, 1),
            ("too high", "metadata.version", 99, 1),
            ("downgrade as an upgrade", "metadata.version", 29, 1),
            ("level 0", "metadata.version", 0, 1),
            ("level 0, unsafe", "metadata.version", 0, 3),
            ("transaction 2", "transaction.version", 2, 1),
            ("transaction 9", "transaction.version", 9, 1),
            ("transaction 1, upgrade", "transaction.version", 1, 1),
            ("negative", "transaction.version", -1, 1),
            ("kraft 0", "kraft.version", 0, 2),
            ("unknown kind", "transaction.version", 2, 9),
        ] {
            d.each(&format!("{what}, validate {validate}"), "UpdateFeatures", |_, v| {
                // Version 0 has no way to only validate.
                ask(name, level, kind, validate && v > 0)
            });
        }
    }
    d.each("none", "UpdateFeatures", |_, _| json!({"timeoutMs": 5000, "featureUpdates": []}));
    d.each("the same twice", "UpdateFeatures", |_, _| {
        let u = json!({"feature": "transaction.version", "maxVersionLevel": 2, "upgradeType": 1});
        json!({"timeoutMs": 5000, "featureUpdates": [u, u], "validateOnly": true})
    });
}

fn acls(d: &mut Driver) {
    d.each("any", "DescribeAcls", |_, _| {
        json!({"resourceTypeFilter": 1, "resourceNameFilter": null, "patternTypeFilter": 1, "principalFilter": null, "hostFilter": null, "operation": 1, "permissionType": 1})
    });
    d.each("unknown kind", "DescribeAcls", |_, _| {
        json!({"resourceTypeFilter": 0, "resourceNameFilter": null, "patternTypeFilter": 1, "principalFilter": null, "hostFilter": null, "operation": 1, "permissionType": 1})
    });
    d.each("one", "CreateAcls", |_, _| {
        json!({"creations": [{"resourceType": 2, "resourceName": "read", "resourcePatternType": 3, "principal": "User:a", "host": "*", "operation": 3, "permissionType": 3}]})
    });
    d.each("none", "CreateAcls", |_, _| json!({"creations": []}));
    d.each("bad principal", "CreateAcls", |_, _| {
        json!({"creations": [{"resourceType": 2, "resourceName": "read", "resourcePatternType": 3, "principal": "a", "host": "*", "operation": 3, "permissionType": 3}]})
    });
    d.each("any", "DeleteAcls", |_, _| {
        json!({"filters": [{"resourceTypeFilter": 1, "resourceNameFilter": null, "patternTypeFilter": 1, "principalFilter": null, "hostFilter": null, "operation": 1, "permissionType": 1}]})
    });
    d.each("none", "DeleteAcls", |_, _| json!({"filters": []}));
}

fn quotas(d: &mut Driver) {
    let all = json!({"components": [], "strict": false});
    d.each("none there", "DescribeClientQuotas", |_, _| all.clone());
    let alter = |entity: Value, key: &str, value: f64, remove: bool, validate: bool| json!({"entries": [{"entity": entity, "ops": [{"key": key, "value": value, "remove": remove}]}], "validateOnly": validate});
    let user = |name: Value| json!([{"entityType": "user", "entityName": name}]);
    let cases = [
        ("validate only", user(json!("alice")), "producer_byte_rate", 1000.0, false, true),
        ("user", user(json!("alice")), "producer_byte_rate", 1000.0, false, false),
        ("default user", user(Value::Null), "consumer_byte_rate", 2000.0, false, false),
        ("client", json!([{"entityType": "client-id", "entityName": "c1"}]), "request_percentage", 50.5, false, false),
        (
            "user and client",
            json!([{"entityType": "user", "entityName": "bob"}, {"entityType": "client-id", "entityName": "c1"}]),
            "producer_byte_rate",
            5.0,
            false,
            false,
        ),
        ("ip", json!([{"entityType": "ip", "entityName": "127.0.0.1"}]), "connection_creation_rate", 7.0, false, false),
        (
            "bad ip",
            json!([{"entityType": "ip", "entityName": "not an address"}]),
            "connection_creation_rate",
            7.0,
            false,
            false,
        ),
        (
            "ip with a user's key",
            json!([{"entityType": "ip", "entityName": "127.0.0.1"}]),
            "producer_byte_rate",
            7.0,
            false,
            false,
        ),
        (
            "unknown entity",
            json!([{"entityType": "planet", "entityName": "mars"}]),
            "producer_byte_rate",
            7.0,
            false,
            false,
        ),
        ("unknown key", user(json!("alice")), "no_such_rate", 7.0, false, false),
        ("negative value", user(json!("alice")), "producer_byte_rate", -1.0, false, false),
        ("fraction of a byte", user(json!("alice")), "producer_byte_rate", 1.5, false, false),
        ("empty entity", json!([]), "producer_byte_rate", 1.0, false, false),
        (
            "entity twice",
            json!([{"entityType": "user", "entityName": "a"}, {"entityType": "user", "entityName": "b"}]),
            "producer_byte_rate",
            1.0,
            false,
            false,
        ),
        ("empty name", user(json!("")), "producer_byte_rate", 1.0, false, false),
        ("remove what is not there", user(json!("carol")), "producer_byte_rate", 0.0, true, false),
        ("remove", user(json!("alice")), "producer_byte_rate", 0.0, true, false),
    ];
    for (what, entity, key, value, remove, validate) in &cases {
        d.each(what, "AlterClientQuotas", |_, _| alter(entity.clone(), key, *value, *remove, *validate));
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    d.each("all", "DescribeClientQuotas", |_, _| all.clone());
    let component = |kind: &str, how: i8, name: Value| json!({"entityType": kind, "matchType": how, "match": name});
    let filters = [
        ("any user", vec![component("user", 2, Value::Null)], false),
        ("any user, strict", vec![component("user", 2, Value::Null)], true),
        ("default user", vec![component("user", 1, Value::Null)], false),
        ("bob", vec![component("user", 0, json!("bob"))], false),
        ("bob, strict", vec![component("user", 0, json!("bob"))], true),
        ("client", vec![component("client-id", 0, json!("c1"))], true),
        ("ip", vec![component("ip", 2, Value::Null)], true),
        ("ip and user", vec![component("ip", 2, Value::Null), component("user", 2, Value::Null)], false),
        ("unknown entity", vec![component("planet", 2, Value::Null)], false),
        ("empty entity", vec![component("", 2, Value::Null)], false),
        ("twice", vec![component("user", 2, Value::Null), component("user", 2, Value::Null)], false),
        ("exact without a name", vec![component("user", 0, Value::Null)], false),
        ("any with a name", vec![component("user", 2, json!("bob"))], false),
        ("unknown match", vec![component("user", 7, Value::Null)], false),
    ];
    for (what, components, strict) in &filters {
        d.each(what, "DescribeClientQuotas", |_, _| json!({"components": components, "strict": strict}));
    }
}

fn scram(d: &mut Driver) {
    let upsert = |name: &str, mechanism: i8, iterations: i32| json!({"deletions": [], "upsertions": [{"name": name, "mechanism": mechanism, "iterations": iterations, "salt": "c2FsdHNhbHQ=", "saltedPassword": "cGFzc3dvcmRwYXNzd29yZHBhc3N3b3JkcGFzc3dvcmQ="}]});
    let delete =
        |name: &str, mechanism: i8| json!({"deletions": [{"name": name, "mechanism": mechanism}], "upsertions": []});
    d.each("none there", "DescribeUserScramCredentials", |_, _| json!({"users": null}));
    for (what, body) in [
        ("user", upsert("alice", 1, 4096)),
        ("user, other mechanism", upsert("alice", 2, 8192)),
        ("too few iterations", upsert("alice", 1, 100)),
        ("too many iterations", upsert("alice", 1, 100_000)),
        ("unknown mechanism", upsert("alice", 7, 4096)),
        ("mechanism 0", upsert("alice", 0, 4096)),
        ("empty name", upsert("", 1, 4096)),
        ("delete what is not there", delete("nobody", 1)),
        ("delete unknown mechanism", delete("alice", 9)),
        ("delete one", delete("alice", 2)),
        ("nothing", json!({"deletions": [], "upsertions": []})),
        (
            "both",
            json!({"deletions": [{"name": "alice", "mechanism": 1}], "upsertions": upsert("alice", 1, 4096)["upsertions"]}),
        ),
        (
            "twice",
            json!({"deletions": [], "upsertions": [upsert("carl", 1, 4096)["upsertions"][0], upsert("carl", 1, 4096)["upsertions"][0]]}),
        ),
        ("another user", upsert("bob", 2, 5000)),
    ] {
        d.each(what, "AlterUserScramCredentials", |_, _| body.clone());
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    for (what, users) in [
        ("all", Value::Null),
        ("empty list", json!([])),
        ("one", json!([{"name": "alice"}])),
        ("one unknown", json!([{"name": "alice"}, {"name": "nobody"}])),
        ("twice", json!([{"name": "alice"}, {"name": "alice"}])),
        ("empty name", json!([{"name": ""}])),
    ] {
        d.each(what, "DescribeUserScramCredentials", |_, _| json!({"users": users}));
    }
}

fn tokens(d: &mut Driver) {
    d.each(
        "",
        "CreateDelegationToken",
        |_, _| json!({"ownerPrincipalType": null, "ownerPrincipalName": null, "renewers": [], "maxLifetimeMs": 1000}),
    );
    d.each("", "RenewDelegationToken", |_, _| json!({"hmac": "aG1hYw==", "renewPeriodMs": 1000}));
    d.each("", "ExpireDelegationToken", |_, _| json!({"hmac": "aG1hYw==", "expiryTimePeriodMs": 1000}));
    d.each("", "DescribeDelegationToken", |_, _| json!({"owners": null}));
    d.each("", "SaslHandshake", |_, _| json!({"mechanism": "PLAIN"}));
}
