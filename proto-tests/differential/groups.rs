//! The classic protocol: finding a coordinator, joining, sharing out, beating, leaving, listing, describing, deleting.

use serde_json::{Value, json};

use crate::driver::Driver;
use crate::offsets;

/// Runs it.
pub fn script(d: &mut Driver) {
    strangers(d);
    d.coordinator("any");
    find(d);
    join(d);
    rejoin(d);
    rounds(d);
    statics(d);
    leave(d);
    look(d);
}

/// What a consumer's assignment of partition 0 of topic `t` is in bytes.
const ASSIGNMENT: &str = "AAAAAAABAAF0AAAAAQAAAAAAAAAA";

/// A request to join as a consumer would.
pub fn ask(group: &str, member: &str) -> Value {
    json!({"groupId": group, "sessionTimeoutMs": 600000, "rebalanceTimeoutMs": 600000, "memberId": member, "protocolType": "consumer",
        "protocols": [{"name": "range", "metadata": "AAAAAAABAAF0AAAAAA=="}, {"name": "own", "metadata": ""}], "reason": "why not"})
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}

/// Joins a group as its only member and shares out; member id and generation.
pub fn member_of(d: &mut Driver, group: &str, instance: Option<&str>) -> (String, i64) {
    let body = with(ask(group, ""), "groupInstanceId", json!(instance));
    let mut answer = d.step(&format!("to be in {group}"), "JoinGroup", 9, body.clone());
    // Whoever has no instance id is first given a member id. Both servers are asked the same, whatever they answer.
    if instance.is_none() {
        let body = with(body, "memberId", json!(text(&answer["memberId"])));
        answer = d.step(&format!("to be in {group}, with its id"), "JoinGroup", 9, body);
    }
    let (id, generation) = (text(&answer["memberId"]), answer["generationId"].as_i64().unwrap_or(-1));
    share_out(d, group, &id, generation);
    (id, generation)
}

/// The leader's assignment: all that there is, to itself.
fn share_out(d: &mut Driver, group: &str, id: &str, generation: i64) -> Value {
    d.step(&format!("the leader of {group} shares out"), "SyncGroup", 5, sync(group, id, generation, true))
}

fn sync(group: &str, id: &str, generation: i64, leads: bool) -> Value {
    let list = if leads { json!([{"memberId": id, "assignment": ASSIGNMENT}]) } else { json!([]) };
    json!({"groupId": group, "generationId": generation, "memberId": id, "protocolType": "consumer", "protocolName": "range", "assignments": list})
}

fn beat(group: &str, id: &str, generation: i64) -> Value {
    json!({"groupId": group, "generationId": generation, "memberId": id})
}

/// Until somebody asks for a coordinator there is none: what a broker says that does not coordinate what it is asked about.
fn strangers(d: &mut Driver) {
    d.topic("strange", 1, &[]);
    let p = json!({"partitionIndex": 0, "committedOffset": 1, "committedMetadata": ""});
    d.each("not coordinated here", "JoinGroup", |_, _| ask("any", ""));
    d.each("not coordinated here", "SyncGroup", |_, _| sync("any", "m", 1, true));
    d.each("not coordinated here", "Heartbeat", |_, _| beat("any", "m", 1));
    d.each("not coordinated here", "LeaveGroup", |_, _| leaving("any", "m"));
    d.each("not coordinated here", "OffsetCommit", |d, v| {
        offsets::body(d, v, "any", "", -1, "strange", vec![p.clone()])
    });
    for topics in [json!([{"name": "strange", "partitionIndexes": [0, 1]}]), Value::Null] {
        d.each(&format!("not coordinated here, {topics}"), "OffsetFetch", |d, v| {
            let topics = if v == 1 && topics.is_null() { &json!([]) } else { &topics };
            offsets::fetch(d, v, "any", topics, None, true)
        });
    }
    let unnamed = json!([{"name": "strange", "partitions": [{"partitionIndex": 0}]}]);
    d.each("not coordinated here", "OffsetDelete", |_, _| json!({"groupId": "any", "topics": unnamed}));
    d.each("not coordinated here", "DescribeGroups", |_, _| json!({"groups": ["any", "other"]}));
    d.each("not coordinated here", "DeleteGroups", |_, _| json!({"groupsNames": ["any", "other"]}));
    d.each("nothing coordinated here", "ListGroups", |_, _| json!({}));
    let heartbeat = json!({"groupId": "any", "memberId": "m", "memberEpoch": 0, "rebalanceTimeoutMs": 1000,
        "subscribedTopicNames": ["strange"], "topicPartitions": []});
    d.each("not coordinated here", "ConsumerGroupHeartbeat", |_, _| heartbeat.clone());
    d.each("not coordinated here", "ConsumerGroupDescribe", |_, _| json!({"groupIds": ["any", "other"]}));
    let within = json!({"transactionalId": "tx", "groupId": "any", "producerId": 1, "producerEpoch": 0,
        "topics": [{"name": "strange", "partitions": [p]}]});
    d.each("not coordinated here", "TxnOffsetCommit", |_, _| within.clone());
}

fn find(d: &mut Driver) {
    // Kinds 1 and 2 would make the topics of transactions and of share groups, in their own time.
    for kind in [0, 7, -1] {
        for key in ["any", "", "a:b:c"] {
            d.each(&format!("kind {kind}, key {key:?}"), "FindCoordinator", |_, v| {
                // Version 0 cannot say what kind.
                json!({"key": key, "keyType": if v == 0 { 0 } else { kind }, "coordinatorKeys": [key, "second"]})
            });
        }
    }
    for v in 4..=Driver::last("FindCoordinator") {
        d.step("no keys", "FindCoordinator", v, json!({"keyType": 0, "coordinatorKeys": []}));
        d.step("a key twice", "FindCoordinator", v, json!({"keyType": 0, "coordinatorKeys": ["any", "any"]}));
    }
}

fn join(d: &mut Driver) {
    let cases: [(&str, &str, Value); 13] = [
        ("empty group id", "groupId", json!("")),
        ("session timeout too short", "sessionTimeoutMs", json!(5999)),
        ("session timeout too long", "sessionTimeoutMs", json!(1_800_001)),
        ("session timeout 0", "sessionTimeoutMs", json!(0)),
        ("rebalance timeout -1", "rebalanceTimeoutMs", json!(-1)),
        ("unknown member", "memberId", json!("nobody")),
        ("unknown member of an instance", "groupInstanceId", json!("i")),
        ("no protocols", "protocols", json!([])),
        ("no protocol type", "protocolType", json!("")),
        ("other protocol type", "protocolType", json!("connect")),
        ("other protocols", "protocols", json!([{"name": "else", "metadata": ""}])),
        ("empty instance id", "groupInstanceId", json!("")),
        ("long reason", "reason", json!("r".repeat(300))),
    ];
    for v in Driver::versions("JoinGroup") {
        let stable = format!("stable-{v}");
        member_of(d, &stable, None);
        for (what, field, value) in &cases {
            if *field == "groupInstanceId" && v < 5
                || *field == "reason" && v < 8
                || *field == "rebalanceTimeoutMs" && v < 1
            {
                continue;
            }
            // A new group for each, and the same on one that others are in where that cannot block.
            let unknown = if what.starts_with("unknown") { "nobody" } else { "" };
            let body = with(ask(&format!("{what} {v}"), unknown), field, value.clone());
            d.step(what, "JoinGroup", v, body);
            if matches!(
                *what,
                "unknown member" | "other protocol type" | "other protocols" | "no protocols" | "no protocol type"
            ) {
                d.step(
                    &format!("{what}, a group in use"),
                    "JoinGroup",
                    v,
                    with(ask(&stable, unknown), field, value.clone()),
                );
            }
        }
        let group = format!("plain {v}");
        let first = d.step("without an id", "JoinGroup", v, ask(&group, ""));
        let id = text(&first["memberId"]);
        let second = d.step("with its id", "JoinGroup", v, ask(&group, &id));
        let generation = second["generationId"].as_i64().unwrap_or(-1);
        d.each(&format!("before it is shared out, {v}"), "Heartbeat", |_, _| beat(&group, &id, generation));
        share_out(d, &group, &id, generation);
        d.step("again, shared out", "JoinGroup", v, ask(&group, &id));
        d.each(&format!("after joining again, {v}"), "Heartbeat", |_, _| beat(&group, &id, generation));
        d.step(
            "described while it completes",
            "DescribeGroups",
            6,
            json!({"groups": [group], "includeAuthorizedOperations": false}),
        );
        d.step(
            "leaves",
            "LeaveGroup",
            5,
            json!({"groupId": group, "members": [{"memberId": id, "groupInstanceId": null, "reason": "done"}]}),
        );
        d.step("after it left", "JoinGroup", v, ask(&group, &id));
    }
}

/// SyncGroup and Heartbeat on a stable group, right and wrong.
fn rejoin(d: &mut Driver) {
    let (id, generation) = member_of(d, "steady", None);
    let wrongs = [
        ("right", "steady", id.as_str(), generation),
        ("empty group id", "", id.as_str(), generation),
        ("unknown group", "nowhere", id.as_str(), generation),
        ("unknown member", "steady", "nobody", generation),
        ("no member", "steady", "", generation),
        ("generation before", "steady", id.as_str(), generation - 1),
        ("generation after", "steady", id.as_str(), generation + 1),
        ("generation -1", "steady", id.as_str(), -1),
    ];
    for (what, group, member, generation) in wrongs {
        d.each(what, "SyncGroup", |_, _| sync(group, member, generation, true));
        d.each(&format!("{what}, nothing to share out"), "SyncGroup", |_, _| sync(group, member, generation, false));
        d.each(what, "Heartbeat", |_, _| beat(group, member, generation));
        for v in 3..=Driver::last("Heartbeat") {
            let body = with(beat(group, member, generation), "groupInstanceId", json!("i"));
            d.step(&format!("{what}, an instance"), "Heartbeat", v, body);
        }
        for v in 3..=Driver::last("SyncGroup") {
            let body = with(sync(group, member, generation, true), "groupInstanceId", json!("i"));
            d.step(&format!("{what}, an instance"), "SyncGroup", v, body);
        }
    }
    for (what, field, value) in [
        ("other protocol", "protocolName", json!("own")),
        ("other type", "protocolType", json!("connect")),
        ("no protocol", "protocolName", Value::Null),
        ("no type", "protocolType", Value::Null),
    ] {
        d.step(what, "SyncGroup", 5, with(sync("steady", &id, generation, true), field, value));
    }
}

/// Two members: what the first one hears while the second one waits to be let in.
fn rounds(d: &mut Driver) {
    for v in Driver::versions("JoinGroup") {
        let group = format!("round-{v}");
        let (one, generation) = member_of(d, &group, None);
        let mut two = String::new();
        if v >= 4 {
            two = text(&d.step("a second, without an id", "JoinGroup", v, ask(&group, ""))["memberId"]);
            d.step(
                "with one who has not joined",
                "DescribeGroups",
                6,
                json!({"groups": [group], "includeAuthorizedOperations": false}),
            );
        }
        d.aside("JoinGroup", v, ask(&group, &two));
        d.each(&format!("one waits, {v}"), "Heartbeat", |_, _| beat(&group, &one, generation));
        d.each(&format!("one waits, {v}"), "SyncGroup", |_, _| sync(&group, &one, generation, true));
        d.each(&format!("one waits, {v}"), "OffsetCommit", |d, v| offsets::commit(d, v, &group, &one, generation, 5));
        d.step(
            "described while one waits",
            "DescribeGroups",
            6,
            json!({"groups": [group], "includeAuthorizedOperations": false}),
        );
        let answer = d.step("the first joins again", "JoinGroup", v, ask(&group, &one));
        let second = d.collect(&format!("the second is let in by {v}"));
        let (two, now) = (text(&second["memberId"]), answer["generationId"].as_i64().unwrap_or(-1));
        // Who follows waits for who leads.
        d.aside("SyncGroup", 5, sync(&group, &two, now, false));
        let mut body = sync(&group, &one, now, true);
        body["assignments"] = json!([{"memberId": one, "assignment": "AQ=="}, {"memberId": two, "assignment": "Ag=="}, {"memberId": "nobody", "assignment": "Aw=="}]);
        d.step(&format!("who leads, {v}"), "SyncGroup", 5, body);
        d.collect(&format!("who follows, {v}"));
        d.step("a follower joins again with the same", "JoinGroup", v, ask(&group, &two));
        d.step(
            "described with two",
            "DescribeGroups",
            6,
            json!({"groups": [group], "includeAuthorizedOperations": false}),
        );
        let version = if v <= 5 { v } else { 5 };
        d.step("one of two leaves", "LeaveGroup", version, leaving(&group, &two));
        d.each(&format!("the other left, {v}"), "Heartbeat", |_, _| beat(&group, &one, now));
        d.each(&format!("who left, {v}"), "Heartbeat", |_, _| beat(&group, &two, now));
    }
}

fn leaving(group: &str, member: &str) -> Value {
    json!({"groupId": group, "memberId": member, "members": [{"memberId": member, "groupInstanceId": null, "reason": "bye"}]})
}

fn statics(d: &mut Driver) {
    for v in 5..=Driver::last("JoinGroup") {
        let group = format!("static-{v}");
        let (id, generation) = member_of(d, &group, Some("inst"));
        let by = |body: Value, instance: &str| with(body, "groupInstanceId", json!(instance));
        for (what, member, instance) in [
            ("right", id.as_str(), "inst"),
            ("another's id", "nobody", "inst"),
            ("unknown instance", id.as_str(), "other"),
            ("no id", "", "inst"),
        ] {
            d.step(&format!("{what}, {v}"), "Heartbeat", 4, by(beat(&group, member, generation), instance));
            d.step(&format!("{what}, {v}"), "SyncGroup", 5, by(sync(&group, member, generation, false), instance));
            if member == "nobody" || instance == "other" {
                d.step(what, "JoinGroup", v, by(ask(&group, member), instance));
            }
        }
        d.each(&format!("an instance's commit, {v}"), "OffsetCommit", |d, version| {
            let instance = if version >= 7 { json!("inst") } else { Value::Null };
            with(offsets::commit(d, version, &group, &id, generation, 3), "groupInstanceId", instance)
        });
        d.step("an instance's commit with another's id", "OffsetCommit", 9, {
            by(offsets::commit(d, 9, &group, "nobody", generation, 3), "inst")
        });
        let back = d.step("the instance comes back without an id", "JoinGroup", v, by(ask(&group, ""), "inst"));
        let new = text(&back["memberId"]);
        let generation = back["generationId"].as_i64().unwrap_or(-1);
        d.step(&format!("the old one, {v}"), "Heartbeat", 4, by(beat(&group, &id, generation), "inst"));
        d.step(&format!("the new one, {v}"), "Heartbeat", 4, by(beat(&group, &new, generation), "inst"));
        d.step(&format!("the new one, {v}"), "SyncGroup", 5, by(sync(&group, &new, generation, false), "inst"));
        let mut changed = by(ask(&group, ""), "inst");
        changed["protocols"] = json!([{"name": "range", "metadata": "AAAAAAABAAF1AAAAAA=="}]);
        d.step("the instance comes back with another subscription", "JoinGroup", v, changed);
        d.step(
            "described with an instance",
            "DescribeGroups",
            6,
            json!({"groups": [group], "includeAuthorizedOperations": true}),
        );
        d.step(
            "an unknown instance leaves",
            "LeaveGroup",
            5,
            json!({"groupId": group, "members": [{"memberId": "", "groupInstanceId": "other"}]}),
        );
        d.step(
            "another's id leaves",
            "LeaveGroup",
            5,
            json!({"groupId": group, "members": [{"memberId": "nobody", "groupInstanceId": "inst"}]}),
        );
        d.step(
            "the instance leaves",
            "LeaveGroup",
            5,
            json!({"groupId": group, "members": [{"memberId": "", "groupInstanceId": "inst"}]}),
        );
    }
}

fn leave(d: &mut Driver) {
    for v in Driver::versions("LeaveGroup") {
        let group = format!("leave-{v}");
        let (id, _) = member_of(d, &group, None);
        for (what, group, member) in [
            ("unknown member", group.as_str(), "nobody"),
            ("unknown group", "nowhere", id.as_str()),
            ("empty group id", "", id.as_str()),
            ("no member", group.as_str(), ""),
            ("right", group.as_str(), id.as_str()),
            ("again", group.as_str(), id.as_str()),
        ] {
            d.step(what, "LeaveGroup", v, leaving(group, member));
        }
        if v >= 3 {
            d.step("nobody at all", "LeaveGroup", v, json!({"groupId": group, "members": []}));
            let (id, _) = member_of(d, &group, None);
            let members = json!([{"memberId": id}, {"memberId": id}, {"memberId": "nobody"}]);
            d.step("two times and one more", "LeaveGroup", v, json!({"groupId": group, "members": members}));
        }
    }
}

/// ListGroups, DescribeGroups, DeleteGroups.
fn look(d: &mut Driver) {
    for (what, states, kinds) in [
        ("all", json!([]), json!([])),
        ("stable", json!(["Stable"]), json!([])),
        ("empty, in small letters", json!(["empty"]), json!([])),
        ("two states", json!(["Empty", "CompletingRebalance"]), json!([])),
        ("unknown state", json!(["Sleepy"]), json!([])),
        ("classic", json!([]), json!(["classic"])),
        ("consumer, in capitals", json!([]), json!(["CONSUMER"])),
        ("unknown kind", json!([]), json!(["odd"])),
        ("stable and classic", json!(["Stable"]), json!(["Classic"])),
        ("share", json!([]), json!(["share"])),
    ] {
        d.each(what, "ListGroups", |_, v| {
            // Each filter where its version has it; without it, all are listed.
            let mut body = json!({});
            if v >= 4 {
                body["statesFilter"] = states.clone();
            }
            if v >= 5 {
                body["typesFilter"] = kinds.clone();
            }
            body
        });
    }
    for (what, groups) in [
        ("stable", json!(["steady"])),
        ("empty", json!(["leave-0"])),
        ("unknown", json!(["nowhere"])),
        ("empty id", json!([""])),
        ("several", json!(["steady", "nowhere", "steady", "leave-1"])),
        ("none", json!([])),
    ] {
        for operations in [false, true] {
            d.each(
                &format!("{what}, operations {operations}"),
                "DescribeGroups",
                |_, v| json!({"groups": groups, "includeAuthorizedOperations": operations && v >= 3}),
            );
        }
    }
    for v in Driver::versions("DeleteGroups") {
        for (what, groups) in [
            ("in use", json!(["steady"])),
            ("unknown", json!(["nowhere"])),
            ("empty id", json!([""])),
            ("empty", json!([format!("leave-{v}")])),
            ("again", json!([format!("leave-{v}")])),
            ("several", json!([format!("leave-{}", v + 3), "nowhere", "steady"])),
            ("none", json!([])),
        ] {
            d.step(what, "DeleteGroups", v, json!({"groupsNames": groups}));
        }
    }
    d.step("after deletions", "ListGroups", 5, json!({"statesFilter": [], "typesFilter": []}));
}
