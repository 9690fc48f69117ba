//! Transactions from their coordinator's side: ids, partitions and offsets that join, ends, markers, and what is listed.

use serde_json::{Value, json};

use crate::driver::Driver;
use crate::support::wire::Batch;

/// Runs it.
pub fn script(d: &mut Driver) {
    d.coordinator("any");
    d.transaction_coordinator("any");
    d.topic("tx", 2, &[]);
    // Ids count from what a server pleases.
    d.producer_id();
    ids(d);
    partitions(d);
    records(d);
    offsets(d);
    ends(d);
    markers(d);
    look(d);
}

/// Producer id and epoch.
type Producer = (i64, i64);

fn of(answer: &Value) -> Producer {
    (answer["producerId"].as_i64().unwrap_or(-1), answer["producerEpoch"].as_i64().unwrap_or(-1))
}

/// A producer for a transactional id.
fn producer(d: &mut Driver, id: &str) -> Producer {
    let body = json!({"transactionalId": id, "transactionTimeoutMs": 60000});
    of(&d.step(&format!("for {id}"), "InitProducerId", 5, body))
}

/// Who asks, right and wrong.
fn askers(id: &str, (producer, epoch): Producer) -> Vec<(&'static str, String, Producer)> {
    vec![
        ("epoch before", id.to_string(), (producer, epoch - 1)),
        ("epoch after", id.to_string(), (producer, epoch + 1)),
        ("other producer", id.to_string(), (producer + 100_000, epoch)),
        ("unknown id", "unknown".to_string(), (producer, epoch)),
        ("empty id", String::new(), (producer, epoch)),
    ]
}

fn ids(d: &mut Driver) {
    for v in Driver::versions("InitProducerId") {
        let id = format!("ids-{v}");
        let ask = |id: &str, timeout: i64| json!({"transactionalId": id, "transactionTimeoutMs": timeout});
        let (first, epoch) = of(&d.step("new", "InitProducerId", v, ask(&id, 60000)));
        d.step("again", "InitProducerId", v, ask(&id, 60000));
        d.step("empty id", "InitProducerId", v, ask("", 60000));
        for timeout in [0, -1, 1, 900_000, 900_001] {
            d.step(&format!("timeout {timeout}"), "InitProducerId", v, ask(&format!("{id}-{timeout}"), timeout));
        }
        if v < 3 {
            continue;
        }
        for (what, producer, epoch) in [
            ("as before", first, epoch),
            ("as it is", first, epoch + 1),
            ("as it was, again", first, epoch + 1),
            ("epoch to come", first, epoch + 20),
            ("other producer", first + 100_000, epoch),
            ("no epoch", first, -1),
            ("no producer", -1, epoch),
        ] {
            let mut body = ask(&id, 60000);
            body["producerId"] = json!(producer);
            body["producerEpoch"] = json!(epoch);
            d.step(what, "InitProducerId", v, body.clone());
            body["transactionalId"] = json!(format!("{id} {what}"));
            d.step(&format!("{what}, unknown id"), "InitProducerId", v, body);
        }
    }
}

/// An AddPartitionsToTxn in the form of its version.
fn add(v: i16, id: &str, (producer, epoch): Producer, verify: bool, topics: &Value) -> Value {
    if v < 4 {
        return json!({"v3AndBelowTransactionalId": id, "v3AndBelowProducerId": producer, "v3AndBelowProducerEpoch": epoch, "v3AndBelowTopics": topics});
    }
    let one = json!({"transactionalId": id, "producerId": producer, "producerEpoch": epoch, "verifyOnly": verify, "topics": topics});
    json!({"transactions": [one]})
}

fn partitions(d: &mut Driver) {
    for v in Driver::versions("AddPartitionsToTxn") {
        let id = format!("parts-{v}");
        let who = producer(d, &id);
        let tx = |partitions: &[i32]| json!([{"name": "tx", "partitions": partitions}]);
        for verify in [false, true] {
            if verify && v < 4 {
                continue;
            }
            let said = if verify { ", only asked" } else { "" };
            for (what, topics) in [
                ("unknown topic", json!([{"name": "unknown-topic", "partitions": [0]}])),
                ("unknown partition", tx(&[9])),
                ("negative partition", tx(&[-1])),
                ("a good and a bad one", tx(&[0, 9])),
                ("right", tx(&[0])),
                ("again", tx(&[0])),
                ("one more", tx(&[0, 1])),
                ("twice", tx(&[1, 1])),
                ("none", tx(&[])),
                ("no topics", json!([])),
            ] {
                let body = add(v, &id, who, verify, &topics);
                d.step(&format!("{what}{said}"), "AddPartitionsToTxn", v, body);
            }
            for (what, id, who) in askers(&id, who) {
                let body = add(v, &id, who, verify, &tx(&[0]));
                d.step(&format!("{what}{said}"), "AddPartitionsToTxn", v, body);
            }
        }
        if v >= 4 {
            let other = producer(d, &format!("{id}-other"));
            let mut body = add(v, &id, who, false, &tx(&[1]));
            let second = add(v, &format!("{id}-other"), other, false, &tx(&[0]))["transactions"][0].clone();
            body["transactions"].as_array_mut().expect("a list").push(second);
            d.step("two transactions", "AddPartitionsToTxn", v, body);
            d.step("no transactions", "AddPartitionsToTxn", v, json!({"transactions": []}));
        }
        describe(d, &format!("after adding, {v}"), &id);
        d.step("of added partitions", "EndTxn", 4, end(&id, who, true));
        d.transaction_over(&id);
    }
}

fn produce(d: &mut Driver, what: &str, v: i16, id: &str, (producer, epoch): Producer, partition: i32, sequence: i32) {
    let mut batch = Batch::of(d.start, &[b"in a transaction"]);
    batch.attributes = 1 << 4;
    (batch.producer_id, batch.producer_epoch, batch.sequence) = (producer, epoch as i16, sequence);
    let data = json!([{"index": partition, "records": batch.base64()}]);
    let mut topic = json!({"name": "tx", "partitionData": data});
    if v >= 13 {
        topic["topicId"] = json!(d.id("tx"));
    }
    let body = json!({"transactionalId": id, "acks": -1, "timeoutMs": 5000, "topicData": [topic]});
    d.step(what, "Produce", v, body);
}

/// The first records of a transaction: with and without the coordinator knowing of the partition.
fn records(d: &mut Driver) {
    for v in 9..=Driver::last("Produce") {
        let id = format!("records-{v}");
        let who = producer(d, &id);
        produce(d, "not added", v, &id, who, 0, 0);
        d.step(
            "for records",
            "AddPartitionsToTxn",
            3,
            add(3, &id, who, false, &json!([{"name": "tx", "partitions": [1]}])),
        );
        produce(d, "added", v, &id, who, 1, 0);
        produce(d, "a second batch", v, &id, who, 1, 1);
        for (what, id, who) in askers(&id, who) {
            produce(d, what, v, &id, who, 0, 0);
        }
        describe(d, &format!("after records, {v}"), &id);
        d.step("of records", "EndTxn", 4, end(&id, who, v % 2 == 0));
        d.transaction_over(&id);
        produce(d, "after the end", v, &id, who, 1, 2);
        d.step("of what came after", "EndTxn", 4, end(&id, who, false));
        d.transaction_over(&id);
    }
}

fn end(id: &str, (producer, epoch): Producer, committed: bool) -> Value {
    json!({"transactionalId": id, "producerId": producer, "producerEpoch": epoch, "committed": committed})
}

/// A TxnOffsetCommit by nobody's member.
fn commit(v: i16, id: &str, (producer, epoch): Producer, group: &str, topic: &str, partitions: &[i32]) -> Value {
    let epoch_of_leader = if v >= 2 { 0 } else { -1 };
    let one = |p: &i32| json!({"partitionIndex": p, "committedOffset": 40 + p, "committedLeaderEpoch": epoch_of_leader, "committedMetadata": "m"});
    let partitions: Vec<Value> = partitions.iter().map(one).collect();
    json!({"transactionalId": id, "groupId": group, "producerId": producer, "producerEpoch": epoch, "topics": [{"name": topic, "partitions": partitions}]})
}

/// What the group's committed offsets look like, stable or not.
fn fetched(d: &mut Driver, when: &str, group: &str) {
    for stable in [false, true] {
        let body =
            json!({"groupId": group, "topics": [{"name": "tx", "partitionIndexes": [0, 1]}], "requireStable": stable});
        d.step(&format!("{when}, stable {stable}"), "OffsetFetch", 7, body);
    }
}

fn offsets(d: &mut Driver) {
    for v in Driver::versions("AddOffsetsToTxn") {
        let id = format!("add-offsets-{v}");
        let who = producer(d, &id);
        let ask = |id: &str, (producer, epoch): Producer, group: &str| json!({"transactionalId": id, "producerId": producer, "producerEpoch": epoch, "groupId": group});
        d.step("right", "AddOffsetsToTxn", v, ask(&id, who, "g"));
        d.step("again", "AddOffsetsToTxn", v, ask(&id, who, "g"));
        d.step("empty group", "AddOffsetsToTxn", v, ask(&id, who, ""));
        for (what, id, who) in askers(&id, who) {
            d.step(what, "AddOffsetsToTxn", v, ask(&id, who, "g"));
        }
        d.step("of offsets", "EndTxn", 4, end(&id, who, false));
        d.transaction_over(&id);
    }
    for v in Driver::versions("TxnOffsetCommit") {
        let (id, group) = (format!("offsets-{v}"), format!("doubles-{v}"));
        let mut who = producer(d, &id);
        let begin = |d: &mut Driver, who: Producer| {
            if v < 5 {
                let body =
                    json!({"transactionalId": id, "producerId": who.0, "producerEpoch": who.1, "groupId": group});
                d.step(&format!("for {id}"), "AddOffsetsToTxn", 4, body);
            }
        };
        if v < 5 {
            d.step("not added", "TxnOffsetCommit", v, commit(v, &id, who, &group, "tx", &[0]));
        }
        begin(d, who);
        for (what, id, who) in askers(&id, who) {
            d.step(what, "TxnOffsetCommit", v, commit(v, &id, who, &group, "tx", &[0]));
        }
        d.step("right", "TxnOffsetCommit", v, commit(v, &id, who, &group, "tx", &[0]));
        fetched(d, &format!("while it is open, {v}"), &group);
        for (what, group, topic, partitions) in [
            ("one more", group.as_str(), "tx", vec![0, 1]),
            ("unknown topic", group.as_str(), "unknown-topic", vec![0]),
            ("unknown partition", group.as_str(), "tx", vec![9]),
            ("a good and a bad one", group.as_str(), "tx", vec![0, 9]),
            ("no partitions", group.as_str(), "tx", vec![]),
            ("empty group", "", "tx", vec![0]),
        ] {
            d.step(what, "TxnOffsetCommit", v, commit(v, &id, who, group, topic, &partitions));
        }
        let mut none = commit(v, &id, who, &group, "tx", &[]);
        none["topics"] = json!([]);
        d.step("no topics", "TxnOffsetCommit", v, none);
        if v >= 3 {
            for (what, member, generation) in
                [("unknown member", "nobody", 1), ("a generation alone", "", 1), ("a member alone", "nobody", -1)]
            {
                let mut body = commit(v, &id, who, &group, "tx", &[0]);
                body["memberId"] = json!(member);
                body["generationId"] = json!(generation);
                d.step(what, "TxnOffsetCommit", v, body);
            }
        }
        describe(d, &format!("with offsets, {v}"), &id);
        for committed in [false, true] {
            let answer = d.step("of offsets committed", "EndTxn", v, end(&id, who, committed));
            d.transaction_over(&id);
            if v >= 5 {
                who = of(&answer);
            }
            fetched(d, &format!("after the end, committed {committed}, {v}"), &group);
            if !committed {
                begin(d, who);
                d.step("in the next transaction", "TxnOffsetCommit", v, commit(v, &id, who, &group, "tx", &[0]));
            }
        }
    }
}

fn ends(d: &mut Driver) {
    for v in Driver::versions("EndTxn") {
        let id = format!("ends-{v}");
        let mut who = producer(d, &id);
        for committed in [true, false] {
            let said = if committed { "commit" } else { "abort" };
            for (what, id, who) in askers(&id, who) {
                d.step(&format!("{said}, {what}, nothing begun"), "EndTxn", v, end(&id, who, committed));
            }
            let answer = d.step(&format!("{said}, nothing begun"), "EndTxn", v, end(&id, who, committed));
            d.transaction_over(&id);
            if answer["errorCode"] == json!(0) && v >= 5 {
                who = of(&answer);
            }
            let topics = json!([{"name": "tx", "partitions": [0, 1]}]);
            d.step(&format!("to {said}"), "AddPartitionsToTxn", 4, add(4, &id, who, false, &topics));
            for (what, id, who) in askers(&id, who) {
                d.step(&format!("{said}, {what}"), "EndTxn", v, end(&id, who, committed));
            }
            let answer = d.step(said, "EndTxn", v, end(&id, who, committed));
            d.transaction_over(&id);
            describe(d, &format!("after {said}, {v}"), &id);
            d.step(&format!("{said} again"), "EndTxn", v, end(&id, who, committed));
            d.step(&format!("the contrary of {said}"), "EndTxn", v, end(&id, who, !committed));
            d.transaction_over(&id);
            if v >= 5 {
                who = of(&answer);
            }
        }
        describe(d, &format!("at the end, {v}"), &id);
        // The next one takes the id over, and what is open is aborted.
        d.step(
            "to be left",
            "AddPartitionsToTxn",
            3,
            add(3, &id, who, false, &json!([{"name": "tx", "partitions": [0]}])),
        );
        d.step("takes over", "InitProducerId", 5, json!({"transactionalId": id, "transactionTimeoutMs": 60000}));
        d.transaction_over(&id);
        d.step("whose id was taken", "EndTxn", v, end(&id, who, true));
    }
}

fn markers(d: &mut Driver) {
    for v in Driver::versions("WriteTxnMarkers") {
        d.topic(&format!("marked-{v}"), 2, &[]);
        let id = format!("markers-{v}");
        // The second one has an epoch before it.
        producer(d, &id);
        let who = producer(d, &id);
        let topics = json!([{"name": format!("marked-{v}"), "partitions": [0]}]);
        d.step("for markers", "AddPartitionsToTxn", 3, add(3, &id, who, false, &topics));
        let mut batch = Batch::of(d.start, &[b"open"]);
        batch.attributes = 1 << 4;
        (batch.producer_id, batch.producer_epoch, batch.sequence) = (who.0, who.1 as i16, 0);
        let data = json!([{"name": format!("marked-{v}"), "partitionData": [{"index": 0, "records": batch.base64()}]}]);
        let body = json!({"transactionalId": id, "acks": -1, "timeoutMs": 5000, "topicData": data});
        d.step("for markers", "Produce", 9, body);
        let marker = |(producer, epoch): Producer, coordinator: i32, topic: &str, partitions: &[i32]| {
            json!({"producerId": producer, "producerEpoch": epoch, "transactionResult": false, "coordinatorEpoch": coordinator,
                "topics": [{"name": topic, "partitionIndexes": partitions}]})
        };
        let marked = format!("marked-{v}");
        let before = (who.0, who.1 - 1);
        let cases = [
            ("epoch before", marker(before, 0, &marked, &[0])),
            ("unknown topic", marker(who, 0, "unknown-topic", &[0])),
            ("unknown partition", marker(who, 0, &marked, &[9])),
            ("a good and a bad one", marker(who, 3, &marked, &[0, 9])),
            ("again", marker(who, 3, &marked, &[0])),
            ("coordinator before", marker(who, 2, &marked, &[0])),
            ("unknown producer", marker((who.0 + 100_000, 0), 0, &marked, &[1])),
            ("no partitions", marker(who, 3, &marked, &[])),
        ];
        for (what, one) in cases {
            d.step(what, "WriteTxnMarkers", v, json!({"markers": [one]}));
            let body = json!({"topics": [{"name": marked, "partitionIndexes": [0, 1]}]});
            d.step(&format!("after {what}, {v}"), "DescribeProducers", 0, body);
        }
        d.step("none", "WriteTxnMarkers", v, json!({"markers": []}));
        let two = [marker(who, 4, &marked, &[0]), marker((who.0 + 200_000, 0), 0, &marked, &[0])];
        d.step("two", "WriteTxnMarkers", v, json!({"markers": two}));
        if v >= 2 {
            let mut new = marker(who, 5, &marked, &[0]);
            new["transactionVersion"] = json!(2);
            d.step("with an epoch of its own, over already", "WriteTxnMarkers", v, json!({"markers": [new]}));
        }
        // The coordinator is older than the markers now, and does not come to an end.
        d.step("after markers", "EndTxn", 4, end(&id, who, false));
    }
}

fn describe(d: &mut Driver, when: &str, id: &str) {
    d.step(when, "DescribeTransactions", 0, json!({"transactionalIds": [id]}));
}

fn look(d: &mut Driver) {
    let open = producer(d, "open");
    let topics = json!([{"name": "tx", "partitions": [0, 1]}]);
    d.step("to be seen", "AddPartitionsToTxn", 3, add(3, "open", open, false, &topics));
    for (what, ids) in [
        ("open", json!(["open"])),
        ("over", json!(["ends-4"])),
        ("unknown", json!(["unknown"])),
        ("empty id", json!([""])),
        ("several", json!(["open", "unknown", "ends-0", "open"])),
        ("none", json!([])),
    ] {
        d.each(what, "DescribeTransactions", |_, _| json!({"transactionalIds": ids}));
    }
    for (what, states) in [
        ("all", json!([])),
        ("ongoing", json!(["Ongoing"])),
        ("two states", json!(["CompleteCommit", "Empty"])),
        ("unknown state", json!(["Sleepy", "Ongoing"])),
        ("small letters", json!(["ongoing"])),
    ] {
        d.each(what, "ListTransactions", |_, _| json!({"stateFilters": states, "producerIdFilters": []}));
    }
    for (what, producers) in [("of a producer", json!([open.0])), ("of no producer", json!([987_654_321]))] {
        d.each(what, "ListTransactions", |_, _| json!({"stateFilters": [], "producerIdFilters": producers}));
    }
    for v in 1..=Driver::last("ListTransactions") {
        for duration in [0, 3_600_000] {
            let body = json!({"stateFilters": [], "producerIdFilters": [], "durationFilter": duration});
            d.step(&format!("open for {duration} ms"), "ListTransactions", v, body);
        }
    }
    for v in 2..=Driver::last("ListTransactions") {
        for pattern in ["ends-.*", "ends", "", "(", "open|ids-1"] {
            let body = json!({"stateFilters": [], "producerIdFilters": [], "durationFilter": -1, "transactionalIdPattern": pattern});
            d.step(&format!("pattern {pattern:?}"), "ListTransactions", v, body);
        }
    }
}
