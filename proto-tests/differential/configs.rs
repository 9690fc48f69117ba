//! Configuration: describing and altering topics, brokers, loggers, client metrics, groups.

use serde_json::{Value, json};

use crate::driver::Driver;

/// Runs it.
pub fn script(d: &mut Driver) {
    d.topic("configured", 1, &[("retention.ms", "123456"), ("cleanup.policy", "compact,delete")]);
    describe(d);
    incremental(d);
    alter(d);
    list(d);
}

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const ASSIGNMENT_INTERVAL: &str = "group.consumer.assignment.interval.ms";
const LOGGER: i8 = 8;
const METRICS: i8 = 16;
const GROUP: i8 = 32;

fn describe(d: &mut Driver) {
    let ask = |kind: i8, name: &str, keys: Value, synonyms: bool, docs: bool| json!({"resources": [{"resourceType": kind, "resourceName": name, "configurationKeys": keys}], "includeSynonyms": synonyms, "includeDocumentation": docs});
    d.each("topic", "DescribeConfigs", |_, _| ask(TOPIC, "configured", Value::Null, false, false));
    d.each("topic with synonyms", "DescribeConfigs", |_, _| ask(TOPIC, "configured", Value::Null, true, false));
    d.each("topic with documentation", "DescribeConfigs", |_, _| ask(TOPIC, "configured", Value::Null, false, true));
    d.each("topic, two keys and an unknown one", "DescribeConfigs", |_, _| {
        ask(TOPIC, "configured", json!(["retention.ms", "segment.bytes", "no.such.key"]), true, false)
    });
    d.each("topic, no keys", "DescribeConfigs", |_, _| ask(TOPIC, "configured", json!([]), true, false));
    d.each("unknown topic", "DescribeConfigs", |_, _| ask(TOPIC, "unknown-topic", Value::Null, false, false));
    d.each("bad topic name", "DescribeConfigs", |_, _| ask(TOPIC, "a b", Value::Null, false, false));
    d.each("empty topic name", "DescribeConfigs", |_, _| ask(TOPIC, "", Value::Null, false, false));
    d.each("broker", "DescribeConfigs", |_, _| ask(BROKER, "1", Value::Null, false, false));
    d.each("broker with synonyms", "DescribeConfigs", |_, _| ask(BROKER, "1", Value::Null, true, true));
    d.each("broker, one key", "DescribeConfigs", |_, _| ask(BROKER, "1", json!(["num.partitions"]), true, false));
    d.each("default broker", "DescribeConfigs", |_, _| ask(BROKER, "", Value::Null, true, false));
    d.each("other broker", "DescribeConfigs", |_, _| ask(BROKER, "9", Value::Null, false, false));
    d.each("broker that is no number", "DescribeConfigs", |_, _| ask(BROKER, "one", Value::Null, false, false));
    d.each("loggers, one of them", "DescribeConfigs", |_, _| ask(LOGGER, "1", json!(["root"]), false, false));
    d.each("loggers of another broker", "DescribeConfigs", |_, _| ask(LOGGER, "9", json!(["root"]), false, false));
    d.each("loggers without a name", "DescribeConfigs", |_, _| ask(LOGGER, "", json!(["root"]), false, false));
    d.each("client metrics", "DescribeConfigs", |_, _| ask(METRICS, "sub", Value::Null, true, false));
    d.each("client metrics without a name", "DescribeConfigs", |_, _| ask(METRICS, "", Value::Null, false, false));
    d.each("group", "DescribeConfigs", |_, _| ask(GROUP, "some-group", Value::Null, true, false));
    d.each("group without a name", "DescribeConfigs", |_, _| ask(GROUP, "", Value::Null, false, false));
    d.each("unknown kind", "DescribeConfigs", |_, _| ask(77, "x", Value::Null, false, false));
    d.each("kind 0", "DescribeConfigs", |_, _| ask(0, "x", Value::Null, false, false));
    d.each("none", "DescribeConfigs", |_, _| json!({"resources": []}));
    d.each("the same twice", "DescribeConfigs", |_, _| {
        let r = json!({"resourceType": TOPIC, "resourceName": "configured", "configurationKeys": ["retention.ms"]});
        json!({"resources": [r, r]})
    });
}

const SET: i8 = 0;
const DELETE: i8 = 1;
const APPEND: i8 = 2;
const SUBTRACT: i8 = 3;

fn incremental(d: &mut Driver) {
    let one = |kind: i8, name: &str, configs: &[(&str, i8, Value)], validate: bool| {
        let list: Vec<Value> =
            configs.iter().map(|(k, op, v)| json!({"name": k, "configOperation": op, "value": v})).collect();
        json!({"resources": [{"resourceType": kind, "resourceName": name, "configs": list}], "validateOnly": validate})
    };
    type Case<'a> = (&'a str, i8, &'a str, Vec<(&'a str, i8, Value)>);
    let cases: Vec<Case<'_>> = vec![
        ("set", TOPIC, "configured", vec![("segment.bytes", SET, json!("2000000"))]),
        (
            "set two",
            TOPIC,
            "configured",
            vec![("segment.ms", SET, json!("700000")), ("retention.bytes", SET, json!("99"))],
        ),
        ("delete", TOPIC, "configured", vec![("segment.ms", DELETE, Value::Null)]),
        ("delete what is not set", TOPIC, "configured", vec![("max.message.bytes", DELETE, Value::Null)]),
        ("append to a list", TOPIC, "configured", vec![("cleanup.policy", APPEND, json!("delete"))]),
        ("subtract from a list", TOPIC, "configured", vec![("cleanup.policy", SUBTRACT, json!("compact"))]),
        ("append to a number", TOPIC, "configured", vec![("segment.bytes", APPEND, json!("1"))]),
        ("set to null", TOPIC, "configured", vec![("segment.bytes", SET, Value::Null)]),
        ("unknown key", TOPIC, "configured", vec![("no.such.key", SET, json!("1"))]),
        ("delete an unknown key", TOPIC, "configured", vec![("no.such.key", DELETE, Value::Null)]),
        ("bad value", TOPIC, "configured", vec![("segment.bytes", SET, json!("many"))]),
        ("value out of range", TOPIC, "configured", vec![("min.insync.replicas", SET, json!("0"))]),
        (
            "a key twice",
            TOPIC,
            "configured",
            vec![("segment.bytes", SET, json!("2000000")), ("segment.bytes", SET, json!("3000000"))],
        ),
        ("unknown operation", TOPIC, "configured", vec![("segment.bytes", 9, json!("2000000"))]),
        ("no keys", TOPIC, "configured", vec![]),
        (
            "compression level",
            TOPIC,
            "configured",
            vec![("compression.type", SET, json!("zstd")), ("compression.zstd.level", SET, json!("5"))],
        ),
        ("bad compression", TOPIC, "configured", vec![("compression.type", SET, json!("rar"))]),
        ("bad boolean", TOPIC, "configured", vec![("preallocate", SET, json!("maybe"))]),
        ("throttled replicas", TOPIC, "configured", vec![("leader.replication.throttled.replicas", SET, json!("0:1"))]),
        (
            "bad throttled replicas",
            TOPIC,
            "configured",
            vec![("leader.replication.throttled.replicas", SET, json!("zero"))],
        ),
        ("remote storage on", TOPIC, "configured", vec![("remote.storage.enable", SET, json!("true"))]),
        ("unknown topic", TOPIC, "unknown-topic", vec![("segment.bytes", SET, json!("2000000"))]),
        ("empty topic name", TOPIC, "", vec![("segment.bytes", SET, json!("2000000"))]),
        ("bad topic name", TOPIC, "a b", vec![("segment.bytes", SET, json!("2000000"))]),
        ("broker", BROKER, "1", vec![("log.cleaner.threads", SET, json!("2"))]),
        ("broker, message.max.bytes", BROKER, "1", vec![("message.max.bytes", SET, json!("2000000"))]),
        ("default broker", BROKER, "", vec![("log.retention.ms", SET, json!("777777000"))]),
        ("broker, read-only key", BROKER, "1", vec![("node.id", SET, json!("5"))]),
        ("broker, read-only key 2", BROKER, "1", vec![("auto.create.topics.enable", SET, json!("false"))]),
        ("broker, unknown key", BROKER, "1", vec![("my.own.key", SET, json!("x"))]),
        ("broker, bad value", BROKER, "1", vec![("message.max.bytes", SET, json!("x"))]),
        ("broker, assignment interval", BROKER, "1", vec![(ASSIGNMENT_INTERVAL, SET, json!("700"))]),
        ("broker, too long a one", BROKER, "1", vec![(ASSIGNMENT_INTERVAL, SET, json!("15001"))]),
        ("default broker, key of one broker", BROKER, "", vec![("listeners", SET, json!("PLAINTEXT://:1"))]),
        ("other broker", BROKER, "9", vec![("message.max.bytes", SET, json!("2000000"))]),
        ("broker that is no number", BROKER, "one", vec![("message.max.bytes", SET, json!("2000000"))]),
        ("broker, delete", BROKER, "1", vec![("log.cleaner.threads", DELETE, Value::Null)]),
        (
            "broker, a key that the cluster has set by topic",
            BROKER,
            "1",
            vec![("log.segment.bytes", SET, json!("50000000"))],
        ),
        ("logger", LOGGER, "1", vec![("kafka.server.KafkaApis", SET, json!("DEBUG"))]),
        ("logger, bad level", LOGGER, "1", vec![("kafka.server.KafkaApis", SET, json!("LOUD"))]),
        ("logger, root deleted", LOGGER, "1", vec![("root", DELETE, Value::Null)]),
        ("logger, append", LOGGER, "1", vec![("root", APPEND, json!("INFO"))]),
        ("logger, unknown", LOGGER, "1", vec![("no.such.Logger", SET, json!("INFO"))]),
        ("logger of another broker", LOGGER, "9", vec![("root", SET, json!("INFO"))]),
        (
            "client metrics",
            METRICS,
            "sub",
            vec![("interval.ms", SET, json!("5000")), ("metrics", SET, json!("org.apache."))],
        ),
        ("client metrics, bad interval", METRICS, "sub", vec![("interval.ms", SET, json!("5"))]),
        ("client metrics, bad match", METRICS, "sub", vec![("match", SET, json!("wrong"))]),
        ("client metrics, unknown key", METRICS, "sub", vec![("no.such.key", SET, json!("5"))]),
        ("client metrics without a name", METRICS, "", vec![("interval.ms", SET, json!("5000"))]),
        ("group", GROUP, "some-group", vec![("consumer.session.timeout.ms", SET, json!("50000"))]),
        ("group, bad value", GROUP, "some-group", vec![("consumer.session.timeout.ms", SET, json!("1"))]),
        ("group, unknown key", GROUP, "some-group", vec![("no.such.key", SET, json!("1"))]),
        ("group without a name", GROUP, "", vec![("consumer.session.timeout.ms", SET, json!("50000"))]),
        ("unknown kind", 77, "x", vec![("a", SET, json!("b"))]),
    ];
    for (what, kind, name, configs) in &cases {
        d.each(&format!("{what}, validate only"), "IncrementalAlterConfigs", |_, _| one(*kind, name, configs, true));
        d.each(what, "IncrementalAlterConfigs", |_, _| one(*kind, name, configs, false));
    }
    d.each("the same resource twice", "IncrementalAlterConfigs", |_, _| {
        let r = json!({"resourceType": TOPIC, "resourceName": "configured", "configs": [{"name": "segment.bytes", "configOperation": SET, "value": "2000000"}]});
        json!({"resources": [r, r], "validateOnly": false})
    });
    d.each("none", "IncrementalAlterConfigs", |_, _| json!({"resources": [], "validateOnly": false}));
    afterwards(d, "after incremental changes");
}

fn afterwards(d: &mut Driver, what: &str) {
    // A broker applies what the controller decided a moment later.
    std::thread::sleep(std::time::Duration::from_millis(500));
    for (kind, name) in [(TOPIC, "configured"), (BROKER, "1"), (BROKER, ""), (METRICS, "sub"), (GROUP, "some-group")] {
        let r = json!({"resourceType": kind, "resourceName": name, "configurationKeys": null});
        d.step(
            &format!("{what}, {kind} {name:?}"),
            "DescribeConfigs",
            4,
            json!({"resources": [r], "includeSynonyms": true}),
        );
    }
    let logger =
        json!({"resourceType": LOGGER, "resourceName": "1", "configurationKeys": ["kafka.server.KafkaApis", "root"]});
    d.step(&format!("{what}, loggers"), "DescribeConfigs", 4, json!({"resources": [logger]}));
}

fn alter(d: &mut Driver) {
    let one = |kind: i8, name: &str, configs: &[(&str, Value)], validate: bool| {
        let list: Vec<Value> = configs.iter().map(|(k, v)| json!({"name": k, "value": v})).collect();
        json!({"resources": [{"resourceType": kind, "resourceName": name, "configs": list}], "validateOnly": validate})
    };
    type Case<'a> = (&'a str, i8, &'a str, Vec<(&'a str, Value)>);
    let cases: Vec<Case<'_>> = vec![
        ("replace all", TOPIC, "configured", vec![("retention.ms", json!("5000000")), ("flush.messages", json!("10"))]),
        ("null value", TOPIC, "configured", vec![("retention.ms", Value::Null)]),
        ("unknown key", TOPIC, "configured", vec![("no.such.key", json!("5"))]),
        ("bad value", TOPIC, "configured", vec![("retention.ms", json!("x"))]),
        ("a key twice", TOPIC, "configured", vec![("retention.ms", json!("1")), ("retention.ms", json!("2"))]),
        ("unknown topic", TOPIC, "unknown-topic", vec![("retention.ms", json!("1"))]),
        ("broker", BROKER, "1", vec![("log.cleaner.threads", json!("3"))]),
        ("broker, read-only key", BROKER, "1", vec![("node.id", json!("3"))]),
        ("other broker", BROKER, "9", vec![("log.cleaner.threads", json!("3"))]),
        ("logger", LOGGER, "1", vec![("root", json!("INFO"))]),
        ("client metrics", METRICS, "sub", vec![("interval.ms", json!("6000"))]),
        ("group", GROUP, "some-group", vec![("consumer.session.timeout.ms", json!("51000"))]),
        ("unknown kind", 77, "x", vec![]),
    ];
    for (what, kind, name, configs) in &cases {
        d.each(&format!("{what}, validate only"), "AlterConfigs", |_, _| one(*kind, name, configs, true));
        d.each(what, "AlterConfigs", |_, _| one(*kind, name, configs, false));
    }
    d.each("none", "AlterConfigs", |_, _| json!({"resources": []}));
    afterwards(d, "after replacing");
    for (kind, name) in [(TOPIC, "configured"), (BROKER, "1"), (BROKER, "")] {
        d.step(&format!("to nothing, {kind} {name:?}"), "AlterConfigs", 2, one(kind, name, &[], false));
    }
    afterwards(d, "after clearing");
}

fn list(d: &mut Driver) {
    d.each("", "ListConfigResources", |_, _| json!({}));
    for kinds in
        [vec![TOPIC], vec![BROKER], vec![LOGGER], vec![METRICS], vec![GROUP], vec![TOPIC, METRICS], vec![77], vec![0]]
    {
        d.step(&format!("{kinds:?}"), "ListConfigResources", 1, json!({"resourceTypes": kinds}));
    }
}
