//! Groups on servers whose settings allow little, and on one that serves the classic protocol alone.

use serde_json::{Value, json};

use crate::driver::Driver;
use crate::groups::{ask, member_of};
use crate::offsets;

/// Groups of one member, short notes, one assignor, and no way from one protocol to the other.
pub const NARROW: [(&str, &str); 5] = [
    ("group.max.size", "1"),
    ("group.consumer.max.size", "1"),
    ("group.consumer.assignors", "range"),
    ("group.consumer.migration.policy", "disabled"),
    ("offset.metadata.max.bytes", "3"),
];

/// No groups of the consumer protocol.
pub const CLASSIC_ALONE: [(&str, &str); 1] = [("group.coordinator.rebalance.protocols", "classic")];

fn joining(group: &str, member: &str) -> Value {
    json!({"groupId": group, "memberId": member, "memberEpoch": 0, "rebalanceTimeoutMs": 60000, "subscribedTopicNames": ["kept"],
        "topicPartitions": []})
}

fn beat(group: &str, member: &str, epoch: i64) -> Value {
    json!({"groupId": group, "memberId": member, "memberEpoch": epoch})
}

/// A heartbeat of the consumer protocol; the epoch in its answer.
fn step(d: &mut Driver, what: &str, body: Value) -> i64 {
    d.step(what, "ConsumerGroupHeartbeat", 1, body)["memberEpoch"].as_i64().unwrap_or(-9)
}

/// Where settings are narrow.
pub fn narrow(d: &mut Driver) {
    d.coordinator("any");
    d.topic("kept", 2, &[]);
    let (member, generation) = member_of(d, "small", None);
    d.each("a second member", "JoinGroup", |_, _| ask("small", ""));
    for v in 5..=Driver::last("JoinGroup") {
        let mut body = ask("small", "");
        body["groupInstanceId"] = json!("instance");
        d.step("a second member, of an instance", "JoinGroup", v, body);
    }
    d.each(
        "the one that fits",
        "Heartbeat",
        |_, _| json!({"groupId": "small", "generationId": generation, "memberId": member}),
    );
    d.step("the one that fits, again", "JoinGroup", 9, ask("small", &member));

    let epoch = step(d, "the first member", joining("small-848", "one"));
    let mut second = joining("small-848", "two");
    step(d, "a second member", second.clone());
    second["instanceId"] = json!("instance");
    step(d, "a second member, of an instance", second);
    step(d, "the one that fits", beat("small-848", "one", epoch));

    let mut uniform = joining("assigned", "one");
    uniform["serverAssignor"] = json!("uniform");
    step(d, "an assignor that is not offered", uniform.clone());
    uniform["serverAssignor"] = json!("range");
    step(d, "the assignor that is offered", uniform);
    let groups = json!({"groupIds": ["assigned", "small-848"], "includeAuthorizedOperations": false});
    d.each("whatever is the default", "ConsumerGroupDescribe", |_, _| groups.clone());

    step(d, "a classic group that may not change", joining("small", "new"));
    d.each("a consumer group that may not change", "JoinGroup", |_, _| ask("small-848", ""));
    d.step("a classic group without members", "OffsetCommit", 8, offsets::commit(d, 8, "offsets-alone", "", -1, 3));
    step(d, "a classic group without members", joining("offsets-alone", "new"));

    for note in ["", "abc", "abcd", "äöü", "\u{1f600}\u{1f600}"] {
        let p = json!({"partitionIndex": 0, "committedOffset": 5, "committedMetadata": note});
        let body = |d: &Driver, v| offsets::body(d, v, "noted", "", -1, "kept", vec![p.clone()]);
        d.each(&format!("a note {note:?}"), "OffsetCommit", body);
    }
}

/// Where the consumer protocol is switched off.
pub fn classic_alone(d: &mut Driver) {
    d.coordinator("any");
    for epoch in [0, 1, -1] {
        let mut body = joining("off", "one");
        body["memberEpoch"] = json!(epoch);
        d.each(&format!("switched off, epoch {epoch}"), "ConsumerGroupHeartbeat", |_, _| body.clone());
    }
    for groups in [json!(["off", "classic", ""]), json!([])] {
        let body = json!({"groupIds": groups, "includeAuthorizedOperations": true});
        d.each(&format!("switched off, {groups}"), "ConsumerGroupDescribe", |_, _| body.clone());
    }
    member_of(d, "classic", None);
    d.each("where only one kind is served", "ListGroups", |_, _| json!({}));
}
