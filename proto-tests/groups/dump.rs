//! What groups leave in `__consumer_offsets` is what Apache Kafka's own decoder takes for Apache Kafka's: the same requests go to
//! both servers, and `kafka-dump-log --offsets-decoder` prints the same records of both.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::broker::{Broker, Kind};
use crate::support::reader;
use crate::support::tools::Tools;
use crate::support::wire::Wire;

/// Nobody is sent away on a busy machine: that would be one record more.
const PROPERTIES: [(&str, &str); 6] = [
    ("group.consumer.session.timeout.ms", "600000"),
    ("group.consumer.max.session.timeout.ms", "600000"),
    ("offsets.topic.num.partitions", "1"),
    ("group.initial.rebalance.delay.ms", "0"),
    ("group.consumer.assignment.interval.ms", "0"),
    ("log.cleaner.enable", "false"),
];
const SUBSCRIPTION: &str = "AAAAAAABAAR0aW1lAAAAAA==";
const ASSIGNMENT: &str = "AAAAAAABAAR0aW1lAAAAAQAAAAAAAAAA";

fn ask(wire: &mut Wire, api: &str, version: i16, body: Value) -> Value {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = wire.call(api, version, body.clone()).unwrap_or_else(|e| panic!("{api}: {e}"));
        let inner = &answer["topics"][0]["partitions"][0]["errorCode"];
        let codes = [&answer["errorCode"], inner].map(|code| code.as_i64().unwrap_or(0));
        if !codes.iter().any(|code| [14, 15, 16].contains(code)) {
            return answer;
        }
        assert!(Instant::now() < end, "{api}: {answer}");
        // To ask for a coordinator makes its topic, where that is not there yet.
        for kind in [0, 1] {
            wire.call("FindCoordinator", 3, json!({"key": "any", "keyType": kind})).expect("an answer");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn commit(wire: &mut Wire, group: &str, who: (&str, i64), offsets: &[(i32, i64, i32, &str)]) {
    let partition = |(index, offset, epoch, note): &(i32, i64, i32, &str)| json!({"partitionIndex": index, "committedOffset": offset, "committedLeaderEpoch": epoch, "committedMetadata": note});
    let partitions: Vec<_> = offsets.iter().map(partition).collect();
    let body = json!({"groupId": group, "generationIdOrMemberEpoch": who.1, "memberId": who.0,
        "topics": [{"name": "time", "partitions": partitions}]});
    let answer = ask(wire, "OffsetCommit", 9, body);
    assert_eq!(answer["topics"][0]["partitions"][0]["errorCode"], 0, "{answer}");
}

fn classic(wire: &mut Wire, group: &str, instance: Option<&str>) {
    let mut joins = json!({"groupId": group, "sessionTimeoutMs": 600000, "rebalanceTimeoutMs": 60000, "memberId": "",
        "groupInstanceId": instance, "protocolType": "consumer", "protocols": [{"name": "range", "metadata": SUBSCRIPTION}]});
    if instance.is_none() {
        joins["memberId"] = ask(wire, "JoinGroup", 7, joins.clone())["memberId"].clone();
    }
    let joined = ask(wire, "JoinGroup", 7, joins);
    let (id, generation) = (joined["memberId"].clone(), joined["generationId"].clone());
    let shares = json!([{"memberId": id, "assignment": ASSIGNMENT}]);
    let body = json!({"groupId": group, "generationId": generation, "memberId": id, "groupInstanceId": instance,
        "protocolType": "consumer", "protocolName": "range", "assignments": shares});
    assert_eq!(ask(wire, "SyncGroup", 5, body)["errorCode"], 0);
    commit(
        wire,
        group,
        (id.as_str().expect("an id"), generation.as_i64().expect("a number")),
        &[(0, 11, 0, "of a member")],
    );
    if instance.is_none() {
        let leaves = json!({"groupId": group, "members": [{"memberId": id, "reason": "done"}]});
        assert_eq!(ask(wire, "LeaveGroup", 5, leaves)["errorCode"], 0);
    }
}

fn consumer(wire: &mut Wire, group: &str, member: &str, more: Value) {
    let mut body = json!({"groupId": group, "memberId": member, "memberEpoch": 0, "rebalanceTimeoutMs": 60000, "topicPartitions": []});
    for (key, value) in more.as_object().into_iter().flatten() {
        body[key] = value.clone();
    }
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let answer = ask(wire, "ConsumerGroupHeartbeat", 1, body);
        assert_eq!(answer["errorCode"], 0, "{answer}");
        body = json!({"groupId": group, "memberId": member, "memberEpoch": answer["memberEpoch"]});
        if let Some(given) = answer["assignment"]["topicPartitions"].as_array().filter(|given| !given.is_empty()) {
            body["topicPartitions"] = json!(given);
            let epoch = ask(wire, "ConsumerGroupHeartbeat", 1, body)["memberEpoch"].as_i64().expect("an epoch");
            return commit(wire, group, (member, epoch), &[(1, 4, -1, "")]);
        }
        assert!(Instant::now() < end, "nothing is assigned: {answer}");
        std::thread::sleep(Duration::from_millis(300));
    }
}

/// Every kind of record that groups write.
fn write(wire: &mut Wire) {
    reader::create(wire, "time", 2, &[]);
    (0..2).for_each(|p| assert_eq!(reader::list(wire, "time", p, -1), 0));
    let nobody = ("", -1);
    commit(wire, "alone", nobody, &[(0, 5, 0, "a note")]);
    commit(wire, "alone", nobody, &[(1, 7, -1, "")]);
    commit(wire, "alone", nobody, &[(0, 6, 3, "")]);
    let gone = json!({"groupId": "alone", "topics": [{"name": "time", "partitions": [{"partitionIndex": 1}]}]});
    assert_eq!(ask(wire, "OffsetDelete", 0, gone)["errorCode"], 0);
    classic(wire, "classic", None);
    classic(wire, "static", Some("instance"));
    let names = json!({"subscribedTopicNames": ["time"], "serverAssignor": "range", "rackId": "rack"});
    consumer(wire, "consumers", "the-first", names);
    let leaves = json!({"groupId": "consumers", "memberId": "the-first", "memberEpoch": -1});
    assert_eq!(ask(wire, "ConsumerGroupHeartbeat", 1, leaves)["errorCode"], 0);
    consumer(wire, "expression", "the-second", json!({"subscribedTopicRegex": "ti.e", "instanceId": "named"}));
    let producer =
        json!({"transactionalId": "tx", "transactionTimeoutMs": 60000, "producerId": -1, "producerEpoch": -1});
    let producer = ask(wire, "InitProducerId", 4, producer);
    let with = |mut body: Value| {
        body["transactionalId"] = json!("tx");
        body["producerId"] = producer["producerId"].clone();
        body["producerEpoch"] = producer["producerEpoch"].clone();
        body
    };
    assert_eq!(ask(wire, "AddOffsetsToTxn", 3, with(json!({"groupId": "transactional"})))["errorCode"], 0);
    let p = json!({"partitionIndex": 0, "committedOffset": 9, "committedMetadata": "in one"});
    let topics = json!([{"name": "time", "partitions": [p]}]);
    let body = with(json!({"groupId": "transactional", "generationId": -1, "memberId": "", "topics": topics}));
    let answer = ask(wire, "TxnOffsetCommit", 3, body);
    assert_eq!(answer["topics"][0]["partitions"][0]["errorCode"], 0, "{answer}");
    assert_eq!(ask(wire, "EndTxn", 3, with(json!({"committed": true})))["errorCode"], 0);
    let deleted = ask(wire, "DeleteGroups", 2, json!({"groupsNames": ["alone"]}));
    assert_eq!(deleted["results"][0]["errorCode"], 0, "{deleted}");
    let stable = json!({"groupId": "transactional", "topics": [{"name": "time", "partitionIndexes": [0]}], "requireStable": true});
    let end = Instant::now() + Duration::from_secs(30);
    while ask(wire, "OffsetFetch", 7, stable.clone())["topics"][0]["partitions"][0]["committedOffset"] != 9 {
        assert!(Instant::now() < end, "the transaction does not end");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Fields of decoded records that are chance: times, and what servers make up.
const CHANCE: [&str; 6] =
    ["commitTimestamp", "currentStateTimestamp", "assignmentTimestamp", "topicId", "metadataHash", "timestamp"];

fn mask(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            // In what an expression stands for: the metadata's offset at which it was looked up.
            if fields.contains_key("topics") && fields.contains_key("timestamp") {
                fields.insert("version".to_string(), json!("*"));
            }
            for (key, field) in fields.iter_mut() {
                let says_nothing = field.is_null() || *field == json!(-1) || *field == json!(0);
                match key.as_str() {
                    key if CHANCE.contains(&key) && !says_nothing => *field = json!("*"),
                    // Ids that clients choose stay; the servers' end with a random one.
                    "memberId" | "leader" => {
                        let text = field.as_str().unwrap_or_default();
                        let name = text.get(..text.len().saturating_sub(36)).filter(|name| name.ends_with('-'));
                        if let Some(masked) = name.map(|name| json!(format!("{name}*"))) {
                            *field = masked;
                        }
                    }
                    _ => mask(field),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}

/// What somebody reads who consumes the topic, as monitors of lag do, by Kafka's own decoders.
fn consumed(broker: &Broker, tools: &mut Tools) -> Vec<String> {
    let contents = reader::read(&mut broker.wire(), "__consumer_offsets", 0, false);
    let records =
        reader::batches(&contents.bytes).iter().filter(|head| !head.is_control).map(|head| head.count).sum::<i32>();
    let (bootstrap, records) = (broker.bootstrap(), records.to_string());
    let mut all = Vec::new();
    for decoder in ["OffsetsMessageFormatter", "GroupMetadataMessageFormatter"] {
        let class = format!("org.apache.kafka.tools.consumer.{decoder}");
        let from = [
            "--bootstrap-server",
            &bootstrap,
            "--topic",
            "__consumer_offsets",
            "--partition",
            "0",
            "--offset",
            "earliest",
        ];
        let how = ["--max-messages", &records, "--timeout-ms", "60000", "--formatter", &class];
        let run = tools.run("kafka-console-consumer", &[&from[..], &how].concat(), "");
        let decoded =
            run.out.lines().flat_map(|line| serde_json::Deserializer::from_str(line).into_iter().map_while(Result::ok));
        let lines: Vec<String> = decoded
            .map(|mut value: Value| {
                mask(&mut value);
                format!("{decoder}: {value}")
            })
            .collect();
        assert!(
            lines.len() >= 4,
            "{:?}, {decoder}: {} of {records} records\n{}{}",
            broker.kind,
            lines.len(),
            run.out,
            run.err
        );
        all.extend(lines);
    }
    all
}

/// Decoded JSON without what is chance.
fn masked(text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(mut value) => {
            mask(&mut value);
            value.to_string()
        }
        Err(_) => text.to_string(),
    }
}

/// The decoded records of a server, in order, and how the tool ended.
fn dump(kind: Kind, tools: &mut Tools) -> Vec<String> {
    let mut broker = Broker::start(kind, &PROPERTIES);
    write(&mut broker.wire());
    let mut all = consumed(&broker, tools);
    broker.stop();
    let log = broker.data().join("__consumer_offsets-0/00000000000000000000.log");
    let run = tools.run("kafka-dump-log", &["--offsets-decoder", "--files", &log.display().to_string()], "");
    assert_eq!(run.code, 0, "{kind:?}: {}{}", run.out, run.err);
    for line in run.out.lines().filter(|line| line.starts_with("| offset:")) {
        let Some((_, decoded)) = line.split_once(" key: ") else {
            // The end of a transaction.
            all.push(line.split_once("endTxnMarker").map_or(line, |(_, how)| how).to_string());
            continue;
        };
        let (key, payload) = decoded.split_once(" payload: ").unwrap_or((decoded, ""));
        all.push(format!("{} => {}", masked(key), masked(payload)));
    }
    all
}

/// Both servers' records, the ones against the others.
pub fn compare() {
    let mut tools = Tools::start();
    let ours = dump(Kind::Ottla, &mut tools);
    let theirs = dump(Kind::Kafka, &mut tools);
    let mut count: BTreeMap<&String, i64> = BTreeMap::new();
    theirs.iter().for_each(|line| *count.entry(line).or_default() += 1);
    ours.iter().for_each(|line| *count.entry(line).or_default() -= 1);
    count.retain(|_, n| *n != 0);
    let listed = |lines: &[String]| lines.join("\n");
    assert!(
        count.is_empty(),
        "more of them (+) or of us (-): {count:#?}\nKafka:\n{}\nOttla:\n{}",
        listed(&theirs),
        listed(&ours)
    );
    assert!(theirs.len() > 25, "only {} records", theirs.len());
}
