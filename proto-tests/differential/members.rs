//! The consumer protocol: heartbeats that join, acknowledge, leave and are fenced; groups of it described, committed to,
//! and met by the classic protocol.

use serde_json::{Value, json};

use crate::driver::{Driver, NO_SUCH_ID};
use crate::groups::{ask, member_of};
use crate::offsets;

/// Runs it.
pub fn script(d: &mut Driver) {
    d.topic("wide", 4, &[]);
    d.topic("narrow", 1, &[]);
    refusals(d);
    lives(d);
    two(d);
    statics(d);
    expressions(d);
    commits(d);
    describe(d);
    meetings(d);
    own_settings(d);
}

/// A member id as a client makes one.
fn id(n: u8) -> String {
    format!("member-{n}")
}

/// A request to join.
fn joining(group: &str, member: &str) -> Value {
    json!({"groupId": group, "memberId": member, "memberEpoch": 0, "rebalanceTimeoutMs": 60000, "subscribedTopicNames": ["wide"],
        "topicPartitions": []})
}

/// A heartbeat that says nothing new.
fn beat(group: &str, member: &str, epoch: i64) -> Value {
    json!({"groupId": group, "memberId": member, "memberEpoch": epoch})
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

/// What a member owns of topic `wide`.
fn owning(d: &Driver, body: Value, partitions: &[i32]) -> Value {
    with(body, "topicPartitions", json!([{"topicId": d.id("wide"), "partitions": partitions}]))
}

/// A heartbeat whose answer is noted, and the epoch in it.
fn step(d: &mut Driver, what: &str, version: i16, body: Value) -> i64 {
    let epoch = d.step(what, "ConsumerGroupHeartbeat", version, body)["memberEpoch"].as_i64().unwrap_or(-9);
    // Assignments may be made beside the heartbeats.
    std::thread::sleep(std::time::Duration::from_millis(60));
    epoch
}

fn refusals(d: &mut Driver) {
    let cases: Vec<(&str, &str, Value)> = vec![
        ("empty group id", "groupId", json!("")),
        ("blank group id", "groupId", json!("  ")),
        ("no member id", "memberId", json!("")),
        ("epoch -3", "memberEpoch", json!(-3)),
        ("epoch -1, unknown", "memberEpoch", json!(-1)),
        ("epoch -2, unknown", "memberEpoch", json!(-2)),
        ("epoch 5, unknown", "memberEpoch", json!(5)),
        ("no rebalance timeout", "rebalanceTimeoutMs", json!(-1)),
        ("rebalance timeout 0", "rebalanceTimeoutMs", json!(0)),
        ("no subscription", "subscribedTopicNames", Value::Null),
        ("an empty subscription", "subscribedTopicNames", json!([])),
        ("an unknown topic", "subscribedTopicNames", json!(["unknown-topic"])),
        ("a topic no name can be", "subscribedTopicNames", json!(["not a name"])),
        ("a topic twice", "subscribedTopicNames", json!(["wide", "wide"])),
        ("partitions unknown", "topicPartitions", Value::Null),
        ("partitions already", "topicPartitions", json!([{"topicId": NO_SUCH_ID, "partitions": [0]}])),
        ("an empty instance id", "instanceId", json!("")),
        ("an empty rack", "rackId", json!("")),
        ("a rack", "rackId", json!("rack-1")),
        ("an unknown assignor", "serverAssignor", json!("magic")),
        ("an empty assignor", "serverAssignor", json!("")),
        ("range", "serverAssignor", json!("range")),
        ("uniform", "serverAssignor", json!("uniform")),
    ];
    for version in Driver::versions("ConsumerGroupHeartbeat") {
        for (n, (what, field, value)) in cases.iter().enumerate() {
            let group = format!("refusal-{version}-{n}");
            let body = with(joining(&group, &id(1)), field, value.clone());
            let epoch = step(d, what, version, body);
            step(d, &format!("after {what}"), version, beat(&group, &id(1), epoch.max(0)));
        }
    }
}

fn lives(d: &mut Driver) {
    for v in Driver::versions("ConsumerGroupHeartbeat") {
        let group = format!("life-{v}");
        let epoch = step(d, "joins", v, joining(&group, &id(1)));
        step(d, "joins again the same way", v, joining(&group, &id(1)));
        let same = step(d, "says nothing new", v, beat(&group, &id(1), epoch));
        let all = owning(d, beat(&group, &id(1), same), &[0, 1, 2, 3]);
        let epoch = step(d, "has all it was given", v, all);
        let none = owning(d, beat(&group, &id(1), epoch), &[]);
        step(d, "has nothing of it", v, none);
        step(d, "the epoch after", v, beat(&group, &id(1), epoch + 1));
        step(d, "the epoch before", v, beat(&group, &id(1), epoch - 1));
        step(d, "a far epoch before", v, beat(&group, &id(1), epoch - 5));
        step(d, "another member", v, beat(&group, &id(9), epoch));
        let body = with(beat(&group, &id(1), epoch), "subscribedTopicNames", json!(["wide", "narrow"]));
        let epoch = step(d, "subscribes to more", v, body);
        let epoch = step(d, "hears of it", v, beat(&group, &id(1), epoch));
        let body = with(beat(&group, &id(1), epoch), "serverAssignor", json!("range"));
        let epoch = step(d, "wants another assignor", v, body);
        let body = with(beat(&group, &id(1), epoch), "rebalanceTimeoutMs", json!(1000));
        step(d, "another rebalance timeout", v, body);
        describe_both(d, &format!("in its life {v}"), json!([group]));
        let body = with(beat(&group, &id(1), epoch), "subscribedTopicNames", json!([]));
        let epoch = step(d, "subscribes to nothing", v, body);
        step(d, "hears of that", v, beat(&group, &id(1), epoch));
        step(d, "leaves with -2 without an instance", v, beat(&group, &id(1), -2));
        step(d, "leaves", v, beat(&group, &id(1), -1));
        step(d, "leaves again", v, beat(&group, &id(1), -1));
        describe_both(d, &format!("after its life {v}"), json!([group]));
        d.step("of a group left", "DeleteGroups", 2, json!({"groupsNames": [group]}));
    }
}

/// A second member takes half; the first one gives it up before the second gets it.
fn two(d: &mut Driver) {
    for (assignor, group) in [("uniform", "two-uniform"), ("range", "two-range")] {
        let by = |body: Value| with(body, "serverAssignor", json!(assignor));
        let one = step(d, "the first joins", 1, by(joining(group, &id(1))));
        let body = owning(d, beat(group, &id(1), one), &[0, 1, 2, 3]);
        let one = step(d, "the first has all", 1, body);
        let two = step(d, "the second joins", 1, by(joining(group, &id(2))));
        describe_both(d, &format!("while the first holds all, {assignor}"), json!([group]));
        let two = step(d, "the second waits", 1, beat(group, &id(2), two));
        let given = d.step("the first hears what it keeps", "ConsumerGroupHeartbeat", 1, beat(group, &id(1), one));
        let kept = given["assignment"]["topicPartitions"][0]["partitions"].clone();
        let kept: Vec<i32> =
            kept.as_array().into_iter().flatten().filter_map(|p| p.as_i64().map(|p| p as i32)).collect();
        let two = step(d, "the second still waits", 1, beat(group, &id(2), two));
        let body = owning(d, beat(group, &id(1), one), &kept);
        let one = step(d, "the first gave up the rest", 1, body);
        let two = step(d, "the second gets it", 1, beat(group, &id(2), two));
        describe_both(d, &format!("shared, {assignor}"), json!([group]));
        step(d, "the first leaves", 1, beat(group, &id(1), -1));
        let two = step(d, "the second hears of it", 1, beat(group, &id(2), two));
        step(d, "the second gets the rest", 1, beat(group, &id(2), two));
        step(d, "the first is gone", 1, beat(group, &id(1), one));
        step(d, "the second leaves", 1, beat(group, &id(2), -1));
    }
}

fn statics(d: &mut Driver) {
    for v in Driver::versions("ConsumerGroupHeartbeat") {
        let group = format!("instances-{v}");
        let by = |body: Value, instance: &str| with(body, "instanceId", json!(instance));
        let epoch = step(d, "an instance joins", v, by(joining(&group, &id(1)), "a"));
        step(d, "a second of the instance", v, by(joining(&group, &id(2)), "a"));
        step(d, "the instance, another's epoch", v, by(beat(&group, &id(2), epoch), "a"));
        step(d, "an unknown instance", v, by(beat(&group, &id(1), epoch), "b"));
        step(d, "no instance", v, beat(&group, &id(1), epoch));
        step(d, "the instance leaves for a while, by another", v, by(beat(&group, &id(2), -2), "a"));
        step(d, "the instance leaves for a while", v, by(beat(&group, &id(1), -2), "a"));
        describe_both(d, &format!("an instance is away, {v}"), json!([group]));
        step(d, "its old member", v, by(beat(&group, &id(1), epoch), "a"));
        let back = step(d, "the instance is back", v, by(joining(&group, &id(3)), "a"));
        step(d, "its old member again", v, by(beat(&group, &id(1), epoch), "a"));
        step(d, "its new member", v, by(beat(&group, &id(3), back), "a"));
        describe_both(d, &format!("an instance is back, {v}"), json!([group]));
        let members = json!([{"memberId": "", "groupInstanceId": "a"}]);
        d.step("of the consumer protocol, by instance", "LeaveGroup", 5, json!({"groupId": group, "members": members}));
        step(d, "the instance leaves for good", v, by(beat(&group, &id(3), -1), "a"));
    }
}

fn expressions(d: &mut Driver) {
    for (n, regex) in ["wi.*", "(wide|narrow)", "[", "", "no-such-.*", "(?<name>x)", "a{1001}"].iter().enumerate() {
        let group = format!("regex-{n}");
        let mut body = with(joining(&group, &id(1)), "subscribedTopicRegex", json!(regex));
        body["subscribedTopicNames"] = Value::Null;
        let epoch = step(d, &format!("regex {regex:?}"), 1, body.clone());
        let epoch = step(d, &format!("after regex {regex:?}"), 1, beat(&group, &id(1), epoch.max(0)));
        step(d, &format!("later after regex {regex:?}"), 1, beat(&group, &id(1), epoch.max(0)));
        let body = with(beat(&group, &id(1), epoch.max(0)), "subscribedTopicRegex", json!("narrow"));
        step(d, &format!("another regex than {regex:?}"), 1, body);
        std::thread::sleep(std::time::Duration::from_millis(100));
        describe_both(d, &format!("regex {regex:?}"), json!([group]));
    }
    let body = with(joining("regex-and-names", &id(1)), "subscribedTopicRegex", json!("nar.*"));
    let epoch = step(d, "a regex and names", 1, body);
    std::thread::sleep(std::time::Duration::from_millis(100));
    let epoch = step(d, "after a regex and names", 1, beat("regex-and-names", &id(1), epoch));
    step(d, "later after a regex and names", 1, beat("regex-and-names", &id(1), epoch));
}

fn commits(d: &mut Driver) {
    let group = "commits-848";
    let epoch = step(d, "to commit", 1, joining(group, &id(1)));
    for (what, member, epoch) in [
        ("by a member", id(1), epoch),
        ("the epoch before", id(1), epoch - 1),
        ("the epoch after", id(1), epoch + 1),
        ("unknown member of a consumer group", id(9), epoch),
        ("no member of a consumer group", String::new(), -1),
        ("member without an epoch", id(1), -1),
    ] {
        d.each(what, "OffsetCommit", |d, v| offsets::commit(d, v, group, &member, epoch, i64::from(v)));
        for v in 9..=Driver::last("OffsetFetch") {
            let mut t = json!({"name": "kept", "partitionIndexes": [0]});
            t["topicId"] = json!(d.id("kept"));
            let g = json!({"groupId": group, "memberId": member, "memberEpoch": epoch, "topics": [t]});
            d.step(&format!("{what}, 848"), "OffsetFetch", v, json!({"groups": [g], "requireStable": false}));
        }
    }
    let p = json!([{"name": "wide", "partitions": [{"partitionIndex": 0}]}, {"name": "kept", "partitions": [{"partitionIndex": 0}]}]);
    d.step("in use by the consumer protocol", "OffsetDelete", 0, json!({"groupId": group, "topics": p}));
    d.step("in use by the consumer protocol", "DeleteGroups", 2, json!({"groupsNames": [group]}));
}

/// Both describing APIs see every group, each in its way.
fn describe_both(d: &mut Driver, what: &str, groups: Value) {
    d.each(what, "ConsumerGroupDescribe", |_, _| json!({"groupIds": groups, "includeAuthorizedOperations": false}));
    d.step(what, "DescribeGroups", 6, json!({"groups": groups, "includeAuthorizedOperations": false}));
}

fn describe(d: &mut Driver) {
    for (what, groups) in [
        ("one", json!(["commits-848"])),
        ("classic", json!(["steady"])),
        ("unknown", json!(["nowhere"])),
        ("empty id", json!([""])),
        ("several", json!(["commits-848", "nowhere", "steady", "commits-848"])),
        ("none", json!([])),
    ] {
        for operations in [false, true] {
            d.each(
                &format!("{what}, operations {operations}"),
                "ConsumerGroupDescribe",
                |_, _| json!({"groupIds": groups, "includeAuthorizedOperations": operations}),
            );
        }
    }
    for kinds in [json!(["consumer"]), json!(["classic", "consumer"]), json!([])] {
        d.each(&format!("with consumer groups, {kinds}"), "ListGroups", |_, v| {
            if v >= 5 { json!({"statesFilter": [], "typesFilter": kinds}) } else { json!({"statesFilter": []}) }
        });
    }
}

/// Where one protocol meets a group of the other.
fn meetings(d: &mut Driver) {
    for v in Driver::versions("JoinGroup") {
        d.step("a group of the consumer protocol", "JoinGroup", v, ask("commits-848", "nobody"));
    }
    d.each(
        "a group of the consumer protocol",
        "SyncGroup",
        |_, _| json!({"groupId": "commits-848", "generationId": 1, "memberId": id(1), "assignments": []}),
    );
    d.each(
        "a group of the consumer protocol",
        "Heartbeat",
        |_, _| json!({"groupId": "commits-848", "generationId": 1, "memberId": id(1)}),
    );
    let (member, generation) = member_of(d, "meeting", None);
    let epoch = step(d, "a classic group of consumers", 1, joining("meeting", &id(1)));
    step(d, "in a group of both", 1, beat("meeting", &id(1), epoch));
    d.each(
        "in a group of both",
        "Heartbeat",
        |_, _| json!({"groupId": "meeting", "generationId": generation, "memberId": member}),
    );
    describe_both(d, "both protocols", json!(["meeting"]));
    let rejoined = d.step("in a group of both", "JoinGroup", 9, ask("meeting", &member));
    let generation = rejoined["generationId"].as_i64().unwrap_or(-1);
    d.step(
        "in a group of both",
        "SyncGroup",
        5,
        json!({"groupId": "meeting", "generationId": generation, "memberId": member,
        "protocolType": "consumer", "protocolName": "range", "assignments": []}),
    );
    step(d, "the new one leaves the group of both", 1, beat("meeting", &id(1), -1));
    describe_both(d, "classic again", json!(["meeting"]));
    d.step(
        "classic again",
        "Heartbeat",
        4,
        json!({"groupId": "meeting", "generationId": generation, "memberId": member}),
    );
    let mut body = ask("not-consumers", "");
    body["protocolType"] = json!("connect");
    let first = d.step("of another type", "JoinGroup", 9, body.clone());
    body["memberId"] = json!(first["memberId"].as_str().unwrap_or_default());
    d.step("of another type, with its id", "JoinGroup", 9, body);
    step(d, "a group of another type", 1, joining("not-consumers", &id(1)));
}

/// What is set for one group counts for its members.
fn own_settings(d: &mut Driver) {
    let group = "own-settings";
    let alter = |d: &mut Driver, what: &str, key: &str, value: Value| {
        let config = json!({"name": key, "configOperation": if value.is_null() { 1 } else { 0 }, "value": value});
        let resource = json!({"resourceType": 32, "resourceName": group, "configs": [config]});
        d.step(what, "IncrementalAlterConfigs", 1, json!({"resources": [resource], "validateOnly": false}));
        // A broker hears of it some time after the controller has answered.
        std::thread::sleep(std::time::Duration::from_millis(500));
    };
    let interval = "consumer.heartbeat.interval.ms";
    let epoch = step(d, "before its group has settings", 1, joining(group, &id(1)));
    for (what, value) in [
        ("an interval of its own", json!("7000")),
        ("an interval that is too long", json!("15001")),
        ("an interval that is too short", json!("4999")),
        ("the longest interval", json!("15000")),
        ("no interval of its own", Value::Null),
    ] {
        alter(d, what, interval, value);
        step(d, &format!("a member of a group with {what}"), 1, beat(group, &id(1), epoch));
    }
    for (what, value) in [("a short session", json!("44999")), ("a long session", json!("60001"))] {
        alter(d, what, "consumer.session.timeout.ms", value);
    }
}
