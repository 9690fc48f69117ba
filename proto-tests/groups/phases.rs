//! The server dies in a phase of a group's life that is known: while a member waits to be let in, between its join and its sync,
//! while it waits for its share, and while one member has not yet given up what another is to get.

use serde_json::{Value, json};

use crate::faults::{
    ASSIGNMENT, ILLEGAL_GENERATION, REBALANCE_IN_PROGRESS, UNKNOWN_MEMBER_ID, call, classic_member, commit,
    consumer_member, first, joining, text, topic, whole,
};
use crate::life::{plain, stage, stage_with};
use crate::load;
use crate::support::broker::Broker;
use crate::support::client::Library;
use crate::support::member::Protocol;
use crate::support::wire::Wire;

fn die(broker: &mut Broker) -> Wire {
    broker.kill();
    broker.run();
    broker.wire()
}

fn offset(wire: &mut Wire, group: &str) -> Option<i64> {
    // The coordinator may still be loading.
    let body = json!({"groups": [group]});
    call(wire, "DescribeGroups", 5, &body, |a| a["groups"][0]["errorCode"].as_i64().unwrap_or(0));
    load::committed(wire, group).get("load-0").copied()
}

fn beat(wire: &mut Wire, group: &str, member: &str, generation: i64) -> i64 {
    let body = json!({"groupId": group, "generationId": generation, "memberId": member});
    // While the coordinator loads, every heartbeat is taken: wait for what is answered afterwards.
    offset(wire, group);
    whole(&call(wire, "Heartbeat", 3, &body, whole))
}

fn sync(wire: &mut Wire, group: &str, member: &str, generation: i64, shares: Value) -> (i64, String) {
    let body = json!({"groupId": group, "generationId": generation, "memberId": member, "assignments": shares});
    let answer = call(wire, "SyncGroup", 3, &body, whole);
    (whole(&answer), text(&answer["assignment"]))
}

/// A new member's id, given but not used yet.
fn given(wire: &mut Wire, group: &str) -> String {
    text(&call(wire, "JoinGroup", 5, &joining(group, "", 30_000), whole)["memberId"])
}

/// Sends without waiting for the answer, and lets it arrive.
fn send(broker: &Broker, api: &str, version: i16, body: Value) -> (Wire, i32) {
    let mut wire = broker.wire();
    let id = wire.send(api, version, body).expect("it is sent");
    std::thread::sleep(std::time::Duration::from_millis(200));
    (wire, id)
}

/// JoinGroup and SyncGroup, each with the server gone before the answer (57).
pub fn classic() {
    let (mut broker, _scratch, _setting) = stage(Library::Franz, Protocol::Classic, plain());
    topic(&broker);

    // Joined, not synced: nothing of the generation is written, and it is as if nobody had come.
    let group = "joined";
    let mut wire = broker.wire();
    assert_eq!(commit(&mut wire, group, "", -1, 5), 0);
    let id = given(&mut wire, group);
    let joined = call(&mut wire, "JoinGroup", 5, &joining(group, &id, 30_000), whole);
    let generation = joined["generationId"].as_i64().expect("a generation");
    assert_eq!(commit(&mut wire, group, &id, generation, 6), REBALANCE_IN_PROGRESS);
    let mut wire = die(&mut broker);
    assert_eq!(offset(&mut wire, group), Some(5));
    assert_eq!(
        sync(&mut wire, group, &id, generation, json!([{"memberId": id, "assignment": ASSIGNMENT}])).0,
        UNKNOWN_MEMBER_ID
    );
    assert_eq!(beat(&mut wire, group, &id, generation), UNKNOWN_MEMBER_ID);
    assert_eq!(whole(&call(&mut wire, "JoinGroup", 5, &joining(group, &id, 30_000), whole)), UNKNOWN_MEMBER_ID);
    let (id, generation) = classic_member(&mut wire, group, 30_000);
    assert_eq!((commit(&mut wire, group, &id, generation, 6), offset(&mut wire, group)), (0, Some(6)));

    // One is in, another waits to be let in: the one that is in goes on in its generation, the other one comes anew.
    let group = "joining";
    let (one, generation) = classic_member(&mut wire, group, 30_000);
    let two = given(&mut wire, group);
    let waits = send(&broker, "JoinGroup", 5, joining(group, &two, 30_000));
    assert_eq!(beat(&mut wire, group, &one, generation), REBALANCE_IN_PROGRESS);
    let mut wire = die(&mut broker);
    drop(waits);
    assert_eq!(beat(&mut wire, group, &one, generation), 0);
    assert_eq!(commit(&mut wire, group, &one, generation, 7), 0);
    assert_eq!(whole(&call(&mut wire, "JoinGroup", 5, &joining(group, &two, 30_000), whole)), UNKNOWN_MEMBER_ID);

    // Both have joined and the follower waits for its share: the generation before is what is known.
    let two = given(&mut wire, group);
    let (mut waits, id) = send(&broker, "JoinGroup", 5, joining(group, &two, 30_000));
    let again = call(&mut wire, "JoinGroup", 5, &joining(group, &one, 30_000), whole);
    let next = again["generationId"].as_i64().expect("a generation");
    assert_eq!((next, &again["leader"]), (generation + 1, &json!(one)), "{again}");
    let joined = waits.receive("JoinGroup", 5, id).expect("an answer");
    assert_eq!(joined["generationId"], json!(next), "{joined}");
    let shares = json!({"groupId": group, "generationId": next, "memberId": two, "assignments": []});
    let waits = send(&broker, "SyncGroup", 3, shares);
    let mut wire = die(&mut broker);
    drop(waits);
    assert_eq!(beat(&mut wire, group, &one, next), ILLEGAL_GENERATION);
    assert_eq!(beat(&mut wire, group, &two, next), UNKNOWN_MEMBER_ID);
    assert_eq!(commit(&mut wire, group, &one, next, 9), ILLEGAL_GENERATION);
    assert_eq!(offset(&mut wire, group), Some(7));
    let again = call(&mut wire, "JoinGroup", 5, &joining(group, &one, 30_000), whole);
    let last = again["generationId"].as_i64().expect("a generation");
    assert!(whole(&again) == 0 && last > generation, "{again}");
    let given = sync(&mut wire, group, &one, last, json!([{"memberId": one, "assignment": ASSIGNMENT}]));
    assert_eq!(given, (0, ASSIGNMENT.to_string()));
    assert_eq!((commit(&mut wire, group, &one, last, 8), offset(&mut wire, group)), (0, Some(8)));
}

/// One member holds everything, another waits for half of it: after each death they are where they were (57).
pub fn consumer() {
    // Nobody is to be sent away on a busy machine.
    let long = [("group.consumer.session.timeout.ms", "45000"), ("group.consumer.max.session.timeout.ms", "60000")];
    let (mut broker, _scratch, _setting) = stage_with(Library::Franz, Protocol::Consumer, plain(), &long);
    topic(&broker);
    let (mut wire, group) = (broker.wire(), "phases");
    let epoch = consumer_member(&mut wire, group, "one", 60_000);
    assert_eq!(commit(&mut wire, group, "one", epoch, 3), 0);
    let heartbeat = |wire: &mut Wire, member: &str, epoch: i64, owned: Option<&Value>| {
        let mut body = json!({"groupId": group, "memberId": member, "memberEpoch": epoch});
        if epoch == 0 {
            body["subscribedTopicNames"] = json!(["load"]);
            body["rebalanceTimeoutMs"] = json!(60_000);
        }
        if let Some(owned) = owned {
            body["topicPartitions"] = owned.clone();
        }
        let answer = call(wire, "ConsumerGroupHeartbeat", 1, &body, whole);
        assert_eq!(whole(&answer), 0, "{answer}");
        (answer["memberEpoch"].as_i64().expect("an epoch"), answer["assignment"]["topicPartitions"].clone())
    };
    let count = |owned: &Value| owned[0]["partitions"].as_array().map_or(0, Vec::len);

    // It has joined and knows its epoch: it goes on with it.
    let mut wire = die(&mut broker);
    assert_eq!(heartbeat(&mut wire, "one", epoch, None).0, epoch);
    assert_eq!((commit(&mut wire, group, "one", epoch, 4), offset(&mut wire, group)), (0, Some(4)));

    // The second has joined, and the server dies before the first hears of it.
    let (second, owned) = heartbeat(&mut wire, "two", 0, Some(&json!([])));
    assert!(second > epoch && count(&owned) == 0, "{owned}");
    let mut wire = die(&mut broker);
    let (same, kept) = heartbeat(&mut wire, "one", epoch, None);
    assert_eq!((same, count(&kept)), (epoch, load::PARTITIONS as usize / 2), "it hears what it keeps: {kept}");

    // It has heard what it is to give up, and the server dies before it has.
    let mut wire = die(&mut broker);
    assert_eq!(count(&heartbeat(&mut wire, "two", second, None).1), 0, "nothing is free yet");
    let (one, _) = heartbeat(&mut wire, "one", epoch, Some(&kept));
    assert_eq!(one, second, "it has given up the rest");

    // It has, and the server dies before the second hears of it.
    let mut wire = die(&mut broker);
    let (two, owned) = heartbeat(&mut wire, "two", second, None);
    assert_eq!((two, count(&owned)), (second, load::PARTITIONS as usize / 2), "{owned}");
    let partition = kept[0]["partitions"][0].clone();
    let p = json!({"partitionIndex": partition, "committedOffset": 11, "committedMetadata": ""});
    let body = |member: &str| {
        json!({"groupId": group, "generationIdOrMemberEpoch": second, "memberId": member,
            "topics": [{"name": "load", "partitions": [p]}]})
    };
    assert_eq!(first(&call(&mut wire, "OffsetCommit", 9, &body("one"), first)), 0);
    let mut wire = die(&mut broker);
    assert_eq!(offset(&mut wire, group).map(|o| o >= 4), Some(true));
    assert_eq!(load::committed(&mut wire, group).get(&format!("load-{partition}")), Some(&11));
}
