//! Topics: versions, metadata, making and deleting, partitions, cluster.

use serde_json::{Value, json};

use crate::driver::{Driver, NO_SUCH_ID};

/// Runs it.
pub fn script(d: &mut Driver) {
    versions(d);
    create(d);
    metadata(d);
    partitions(d);
    describe(d);
    delete(d);
}

fn versions(d: &mut Driver) {
    d.each("", "ApiVersions", |_, _| json!({"clientSoftwareName": "proto-tests", "clientSoftwareVersion": "1.0"}));
    for name in ["", "with blank", "-dash", "ok.1"] {
        d.step(
            &format!("software name {name:?}"),
            "ApiVersions",
            3,
            json!({"clientSoftwareName": name, "clientSoftwareVersion": "1.0"}),
        );
    }
    // A version from the future: the answer is that of version 0, error 35 and what is supported.
    d.frame("ApiVersions from the future", &[0, 0, 0, 13, 0, 18, 0, 99, 0, 0, 0, 7, 0, 1, b'x', 0, 0]);
    d.frame("unknown API", &[0, 0, 0, 11, 3, 232, 0, 0, 0, 0, 0, 7, 0, 1, b'x']);
    d.frame("Metadata of version 99", &[0, 0, 0, 11, 0, 3, 0, 99, 0, 0, 0, 7, 0, 1, b'x']);
    d.frame("Fetch of version 3, removed", &[0, 0, 0, 11, 0, 1, 0, 3, 0, 0, 0, 7, 0, 1, b'x']);
    d.frame("Produce of version 2, removed", &[0, 0, 0, 11, 0, 0, 0, 2, 0, 0, 0, 7, 0, 1, b'x']);
    d.frame("a request of no bytes", &[0, 0, 0, 0]);
    d.frame("a negative size", &[255, 255, 255, 255]);
    d.frame("a size beyond socket.request.max.bytes", &[127, 255, 255, 255]);
    let apis = crate::support::schema::broker_apis();
    // APIs that need a session, a group or a transaction are out of this script's reach.
    let served = [
        0, 1, 2, 3, 17, 18, 19, 20, 21, 22, 23, 29, 30, 31, 32, 33, 34, 35, 37, 38, 39, 40, 41, 43, 44, 48, 49, 50, 51,
        55, 57, 60, 61, 74, 75,
    ];
    for (key, api) in apis {
        for version in Driver::versions(&api) {
            // ApiVersions and a few others have empty bodies at their first versions.
            if served.contains(&key)
                && !(api == "ApiVersions" && version < 3)
                && !(api == "DescribeCluster" && version < 0)
            {
                d.bytes("with a body cut short", &api, version, &[]);
            }
        }
    }
}

fn topic(name: &str, partitions: i32, replication: i16) -> Value {
    json!({"name": name, "numPartitions": partitions, "replicationFactor": replication})
}

fn create(d: &mut Driver) {
    d.topic("exists", 1, &[]);
    let long = "x".repeat(250);
    let unicode = "snow☃";
    let cases: Vec<(&str, Value)> = vec![
        ("exists", topic("exists", 1, 1)),
        ("no partitions", topic("zero", 0, 1)),
        ("negative partitions", topic("negative", -2, 1)),
        ("replication 0", topic("rf0", 1, 0)),
        ("replication 2", topic("rf2", 1, 2)),
        ("replication -2", topic("rf-2", 1, -2)),
        ("empty name", topic("", 1, 1)),
        ("dot", topic(".", 1, 1)),
        ("two dots", topic("..", 1, 1)),
        ("blank in name", topic("a b", 1, 1)),
        ("slash in name", topic("a/b", 1, 1)),
        ("unicode in name", topic(unicode, 1, 1)),
        ("250 characters", topic(&long, 1, 1)),
        (
            "unknown key",
            json!({"name": "c1", "numPartitions": 1, "replicationFactor": 1, "configs": [{"name": "no.such.key", "value": "1"}]}),
        ),
        (
            "bad value",
            json!({"name": "c2", "numPartitions": 1, "replicationFactor": 1, "configs": [{"name": "retention.ms", "value": "soon"}]}),
        ),
        (
            "value out of range",
            json!({"name": "c3", "numPartitions": 1, "replicationFactor": 1, "configs": [{"name": "segment.bytes", "value": "1"}]}),
        ),
        (
            "null value",
            json!({"name": "c4", "numPartitions": 1, "replicationFactor": 1, "configs": [{"name": "retention.ms", "value": null}]}),
        ),
        (
            "bad cleanup policy",
            json!({"name": "c5", "numPartitions": 1, "replicationFactor": 1, "configs": [{"name": "cleanup.policy", "value": "burn"}]}),
        ),
        (
            "unknown broker",
            json!({"name": "a1", "numPartitions": -1, "replicationFactor": -1, "assignments": [{"partitionIndex": 0, "brokerIds": [9]}]}),
        ),
        (
            "a broker twice",
            json!({"name": "a2", "numPartitions": -1, "replicationFactor": -1, "assignments": [{"partitionIndex": 0, "brokerIds": [1, 1]}]}),
        ),
        (
            "partition 0 missing",
            json!({"name": "a3", "numPartitions": -1, "replicationFactor": -1, "assignments": [{"partitionIndex": 1, "brokerIds": [1]}]}),
        ),
        (
            "partition twice",
            json!({"name": "a4", "numPartitions": -1, "replicationFactor": -1, "assignments": [{"partitionIndex": 0, "brokerIds": [1]}, {"partitionIndex": 0, "brokerIds": [1]}]}),
        ),
        (
            "assignments and a count",
            json!({"name": "a5", "numPartitions": 2, "replicationFactor": 1, "assignments": [{"partitionIndex": 0, "brokerIds": [1]}]}),
        ),
        (
            "no replica",
            json!({"name": "a6", "numPartitions": -1, "replicationFactor": -1, "assignments": [{"partitionIndex": 0, "brokerIds": []}]}),
        ),
        ("internal topic", json!({"name": "__cluster_metadata", "numPartitions": 1, "replicationFactor": 1})),
    ];
    for (what, t) in cases {
        d.each(what, "CreateTopics", |_, _| json!({"topics": [t], "timeoutMs": 10000}));
    }
    for version in Driver::versions("CreateTopics") {
        let name = format!("made-{version}");
        let configs =
            json!([{"name": "retention.ms", "value": "100000"}, {"name": "cleanup.policy", "value": "compact"}]);
        let t = json!({"name": name, "numPartitions": 3, "replicationFactor": 1, "configs": configs});
        d.step(
            "validate only",
            "CreateTopics",
            version,
            json!({"topics": [t], "timeoutMs": 10000, "validateOnly": true}),
        );
        d.step("valid", "CreateTopics", version, json!({"topics": [t], "timeoutMs": 10000}));
        d.settle(&name, 3);
        let assigned = json!({"name": format!("assigned-{version}"), "numPartitions": -1, "replicationFactor": -1,
            "assignments": [{"partitionIndex": 0, "brokerIds": [1]}, {"partitionIndex": 1, "brokerIds": [1]}]});
        d.step("with assignments", "CreateTopics", version, json!({"topics": [assigned], "timeoutMs": 10000}));
        d.step("no topics", "CreateTopics", version, json!({"topics": [], "timeoutMs": 10000}));
        d.step(
            "a name twice",
            "CreateTopics",
            version,
            json!({"topics": [topic("twice", 1, 1), topic("twice", 1, 1), topic("twice", 2, 1)], "timeoutMs": 10000}),
        );
        d.step(
            "one good one bad",
            "CreateTopics",
            version,
            json!({"topics": [topic(&format!("good-{version}"), 1, 1), topic("bad name", 1, 1)], "timeoutMs": 10000}),
        );
        d.settle(&format!("good-{version}"), 1);
        if version >= 4 {
            d.step(
                "defaults",
                "CreateTopics",
                version,
                json!({"topics": [topic(&format!("defaults-{version}"), -1, -1)], "timeoutMs": 10000}),
            );
            d.settle(&format!("defaults-{version}"), 2);
        }
    }
    d.topic("dots.and", 1, &[]);
    d.step("name collides", "CreateTopics", 7, json!({"topics": [topic("dots_and", 1, 1)], "timeoutMs": 10000}));
}

fn metadata(d: &mut Driver) {
    let last = Driver::last("Metadata");
    d.each("one topic", "Metadata", |_, _| json!({"topics": [{"name": "exists"}], "allowAutoTopicCreation": false}));
    d.each("unknown topic", "Metadata", |_, v| {
        if v < 4 {
            json!({"topics": [{"name": "exists"}]})
        } else {
            json!({"topics": [{"name": "unknown"}], "allowAutoTopicCreation": false})
        }
    });
    d.each("no topics", "Metadata", |_, v| {
        if v == 0 { json!({"topics": [{"name": "exists"}]}) } else { json!({"topics": []}) }
    });
    d.each("all topics", "Metadata", |_, v| if v == 0 { json!({"topics": []}) } else { json!({"topics": null}) });
    d.each(
        "a topic twice",
        "Metadata",
        |_, _| json!({"topics": [{"name": "exists"}, {"name": "exists"}], "allowAutoTopicCreation": false}),
    );
    for name in ["bad name", "", ".", "a/b"] {
        d.each(
            &format!("name {name:?}"),
            "Metadata",
            |_, _| json!({"topics": [{"name": name}], "allowAutoTopicCreation": true}),
        );
    }
    for version in 4..=last {
        let name = format!("auto-{version}");
        // The first answer is LEADER_NOT_AVAILABLE or the topic; what counts is that it is there then.
        d.settle_by_asking(&name);
        d.step(
            "auto-created",
            "Metadata",
            version,
            json!({"topics": [{"name": name}], "allowAutoTopicCreation": true}),
        );
    }
    for version in 8..=last {
        d.step(
            "authorized operations",
            "Metadata",
            version,
            json!({"topics": [{"name": "exists"}], "includeClusterAuthorizedOperations": true, "includeTopicAuthorizedOperations": true}),
        );
    }
    for version in 10..=last {
        let id = d.id("exists");
        d.step(
            "by id",
            "Metadata",
            version,
            json!({"topics": [{"topicId": id, "name": null}], "allowAutoTopicCreation": false}),
        );
        d.step(
            "by id and name",
            "Metadata",
            version,
            json!({"topics": [{"topicId": id, "name": "exists"}], "allowAutoTopicCreation": false}),
        );
        d.step(
            "by unknown id",
            "Metadata",
            version,
            json!({"topics": [{"topicId": NO_SUCH_ID, "name": null}], "allowAutoTopicCreation": false}),
        );
        d.step(
            "neither id nor name",
            "Metadata",
            version,
            json!({"topics": [{"name": null}], "allowAutoTopicCreation": false}),
        );
    }
}

fn partitions(d: &mut Driver) {
    d.topic("grows", 1, &[]);
    for version in Driver::versions("CreatePartitions") {
        let mut ask = |what: &str, name: &str, count: i64, assignments: Value, validate: bool| {
            let t = json!({"name": name, "count": count, "assignments": assignments});
            d.step(
                what,
                "CreatePartitions",
                version,
                json!({"topics": [t], "timeoutMs": 10000, "validateOnly": validate}),
            );
        };
        let now = i64::from(version) + 1;
        ask("validate only", "grows", now + 1, Value::Null, true);
        ask("one more", "grows", now + 1, Value::Null, false);
        ask("as many", "grows", now + 1, Value::Null, false);
        ask("fewer", "grows", 1, Value::Null, false);
        ask("none", "grows", 0, Value::Null, false);
        ask("negative", "grows", -1, Value::Null, false);
        ask("unknown topic", "unknown", 2, Value::Null, false);
        ask("bad name", "a b", 2, Value::Null, false);
        ask("unknown broker", "grows", now + 2, json!([{"brokerIds": [7]}]), false);
        ask("too few assignments", "grows", now + 3, json!([{"brokerIds": [1]}]), false);
        ask("too many assignments", "grows", now + 2, json!([{"brokerIds": [1]}, {"brokerIds": [1]}]), false);
        ask("two replicas", "grows", now + 2, json!([{"brokerIds": [1, 1]}]), false);
        let twice = json!([{"name": "grows", "count": 20, "assignments": null}, {"name": "grows", "count": 21, "assignments": null}]);
        d.step("a topic twice", "CreatePartitions", version, json!({"topics": twice, "timeoutMs": 10000}));
        d.step("no topics", "CreatePartitions", version, json!({"topics": [], "timeoutMs": 10000}));
        d.settle("grows", version as i32 + 2);
        d.step("afterwards", "Metadata", 12, json!({"topics": [{"name": "grows"}]}));
    }
}

fn describe(d: &mut Driver) {
    d.each("", "DescribeCluster", |_, _| json!({}));
    d.each("authorized operations", "DescribeCluster", |_, _| json!({"includeClusterAuthorizedOperations": true}));
    for endpoint in [0, 1, 2, 3] {
        for version in 1..=Driver::last("DescribeCluster") {
            d.step(&format!("endpoint type {endpoint}"), "DescribeCluster", version, json!({"endpointType": endpoint}));
        }
    }
    for version in Driver::versions("DescribeTopicPartitions") {
        let mut ask = |what: &str, body: Value| d.step(what, "DescribeTopicPartitions", version, body);
        ask("one", json!({"topics": [{"name": "grows"}], "responsePartitionLimit": 2000, "cursor": null}));
        ask(
            "two, and one unknown",
            json!({"topics": [{"name": "grows"}, {"name": "exists"}, {"name": "unknown"}], "responsePartitionLimit": 2000, "cursor": null}),
        );
        ask(
            "a page",
            json!({"topics": [{"name": "grows"}, {"name": "exists"}], "responsePartitionLimit": 2, "cursor": null}),
        );
        ask(
            "from a cursor",
            json!({"topics": [{"name": "grows"}], "responsePartitionLimit": 2, "cursor": {"topicName": "grows", "partitionIndex": 2}}),
        );
        ask(
            "from a cursor past the end",
            json!({"topics": [{"name": "grows"}], "responsePartitionLimit": 2, "cursor": {"topicName": "grows", "partitionIndex": 99}}),
        );
        ask(
            "from a negative cursor",
            json!({"topics": [{"name": "grows"}], "responsePartitionLimit": 2, "cursor": {"topicName": "grows", "partitionIndex": -1}}),
        );
        ask("all", json!({"topics": [], "responsePartitionLimit": 2000, "cursor": null}));
        ask("limit 0", json!({"topics": [{"name": "exists"}], "responsePartitionLimit": 0, "cursor": null}));
        ask("bad name", json!({"topics": [{"name": "a b"}], "responsePartitionLimit": 10, "cursor": null}));
    }
}

fn delete(d: &mut Driver) {
    for version in Driver::versions("DeleteTopics") {
        let name = format!("doomed-{version}");
        d.topic(&name, 2, &[]);
        let body = |n: &str| {
            if version < 6 {
                json!({"topicNames": [n], "timeoutMs": 10000})
            } else {
                json!({"topics": [{"name": n}], "timeoutMs": 10000})
            }
        };
        d.step("unknown", "DeleteTopics", version, body("unknown"));
        d.step("bad name", "DeleteTopics", version, body("a b"));
        d.step("valid", "DeleteTopics", version, body(&name));
        d.gone(&name);
        d.step("again", "DeleteTopics", version, body(&name));
        d.step(
            "metadata afterwards",
            "Metadata",
            12,
            json!({"topics": [{"name": name}], "allowAutoTopicCreation": false}),
        );
        if version < 6 {
            d.step("none", "DeleteTopics", version, json!({"topicNames": [], "timeoutMs": 10000}));
            d.step("twice", "DeleteTopics", version, json!({"topicNames": ["unknown", "unknown"], "timeoutMs": 10000}));
        } else {
            d.topic("doomed-by-id", 1, &[]);
            d.topic("kept", 1, &[]);
            let (id, kept) = (d.id("doomed-by-id"), d.id("kept"));
            d.step(
                "by unknown id",
                "DeleteTopics",
                version,
                json!({"topics": [{"name": null, "topicId": NO_SUCH_ID}], "timeoutMs": 10000}),
            );
            d.step(
                "by id and name",
                "DeleteTopics",
                version,
                json!({"topics": [{"name": "kept", "topicId": kept}], "timeoutMs": 10000}),
            );
            d.step("neither", "DeleteTopics", version, json!({"topics": [{"name": null}], "timeoutMs": 10000}));
            d.step(
                "twice by name",
                "DeleteTopics",
                version,
                json!({"topics": [{"name": "kept"}, {"name": "kept"}], "timeoutMs": 10000}),
            );
            d.step(
                "twice by name and id",
                "DeleteTopics",
                version,
                json!({"topics": [{"name": "kept"}, {"name": null, "topicId": kept}], "timeoutMs": 10000}),
            );
            d.step(
                "by id",
                "DeleteTopics",
                version,
                json!({"topics": [{"name": null, "topicId": id}], "timeoutMs": 10000}),
            );
            d.gone("doomed-by-id");
        }
    }
}
