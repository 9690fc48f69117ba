//! What goes wrong around a group's coordinator: late commits, deaths in every phase, a compacted log, crowds, the slow.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::check;
use crate::life::{stage, stage_with};
use crate::load::{self, Load, PARTITIONS};
use crate::support::broker::Broker;
use crate::support::client::Library;
use crate::support::member::{Member, Protocol, Setting, until, until_shared};
use crate::support::reader;
use crate::support::wire::Wire;

pub const ILLEGAL_GENERATION: i64 = 22;
pub const UNKNOWN_MEMBER_ID: i64 = 25;
pub const REBALANCE_IN_PROGRESS: i64 = 27;
const UNSTABLE_OFFSET_COMMIT: i64 = 88;
const STALE_MEMBER_EPOCH: i64 = 113;

/// The subscription of a consumer to topic `load`, version 0, and the assignment of its partition 0.
const SUBSCRIPTION: &str = "AAAAAAABAARsb2FkAAAAAA==";
pub const ASSIGNMENT: &str = "AAAAAAABAARsb2FkAAAAAQAAAAAAAAAA";

pub fn joining(group: &str, member: &str, rebalance_ms: i64) -> Value {
    json!({"groupId": group, "sessionTimeoutMs": 30000, "rebalanceTimeoutMs": rebalance_ms, "memberId": member,
        "protocolType": "consumer", "protocols": [{"name": "range", "metadata": SUBSCRIPTION}]})
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}

/// Calls until the coordinator is there and ready.
pub fn call(wire: &mut Wire, api: &str, version: i16, body: &Value, error: impl Fn(&Value) -> i64) -> Value {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = wire.call(api, version, body.clone()).unwrap_or_else(|e| panic!("{api}: {e}"));
        if ![14, 15, 16].contains(&error(&answer)) {
            return answer;
        }
        assert!(Instant::now() < end, "{api}: {answer}");
        // To ask for a coordinator makes its topic, where that is not there yet.
        for kind in [0, 1] {
            wire.call("FindCoordinator", 3, json!({"key": "any", "keyType": kind})).expect("an answer");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub fn whole(answer: &Value) -> i64 {
    answer["errorCode"].as_i64().unwrap_or(0)
}

pub fn first(answer: &Value) -> i64 {
    answer["topics"][0]["partitions"][0]["errorCode"].as_i64().unwrap_or(0)
}

/// A member of a classic group that is led by it: its id and generation.
pub fn classic_member(wire: &mut Wire, group: &str, rebalance_ms: i64) -> (String, i64) {
    let given = call(wire, "JoinGroup", 5, &joining(group, "", rebalance_ms), whole);
    let joined = call(wire, "JoinGroup", 5, &joining(group, &text(&given["memberId"]), rebalance_ms), whole);
    let (id, generation) = (text(&joined["memberId"]), joined["generationId"].as_i64().expect("a generation"));
    let shares = json!([{"memberId": id, "assignment": ASSIGNMENT}]);
    let body = json!({"groupId": group, "generationId": generation, "memberId": id, "assignments": shares});
    assert_eq!(whole(&call(wire, "SyncGroup", 3, &body, whole)), 0);
    (id, generation)
}

/// A member of the consumer protocol that owns all that it was given: its epoch.
pub fn consumer_member(wire: &mut Wire, group: &str, member: &str, rebalance_ms: i64) -> i64 {
    let mut body = json!({"groupId": group, "memberId": member, "memberEpoch": 0, "rebalanceTimeoutMs": rebalance_ms,
        "subscribedTopicNames": ["load"], "topicPartitions": []});
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let answer = call(wire, "ConsumerGroupHeartbeat", 1, &body, whole);
        assert_eq!(whole(&answer), 0, "{answer}");
        let epoch = answer["memberEpoch"].as_i64().expect("an epoch");
        body = json!({"groupId": group, "memberId": member, "memberEpoch": epoch});
        if let Some(given) = answer["assignment"]["topicPartitions"].as_array().filter(|given| !given.is_empty()) {
            body["topicPartitions"] = json!(given);
            let owned = call(wire, "ConsumerGroupHeartbeat", 1, &body, whole);
            return owned["memberEpoch"].as_i64().expect("an epoch");
        }
        assert!(Instant::now() < end, "nothing is assigned: {answer}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

pub fn commit(wire: &mut Wire, group: &str, member: &str, epoch: i64, offset: i64) -> i64 {
    let p = json!({"partitionIndex": 0, "committedOffset": offset, "committedMetadata": ""});
    let body = json!({"groupId": group, "generationIdOrMemberEpoch": epoch, "memberId": member,
        "topics": [{"name": "load", "partitions": [p]}]});
    first(&call(wire, "OffsetCommit", 9, &body, first))
}

/// A real client that lets others wait for it for five seconds at most.
pub fn quick() -> Value {
    json!({"max_poll_ms": 5000})
}

pub fn topic(broker: &Broker) {
    let mut wire = broker.wire();
    reader::create(&mut wire, "load", PARTITIONS, &[]);
    load::ends(broker);
}

/// A commit from an old generation, by a member that is out, or by nobody, changes nothing (56).
pub fn late_commits(protocol: Protocol) {
    let (broker, _scratch, setting) = stage(Library::Confluent, protocol, quick());
    topic(&broker);
    let (mut wire, group) = (broker.wire(), "late");
    let offset = |wire: &mut Wire| load::committed(wire, group).get("load-0").copied();
    let (id, before) = match protocol {
        Protocol::Classic => classic_member(&mut wire, group, 2000),
        Protocol::Consumer => ("first".to_string(), consumer_member(&mut wire, group, "first", 60_000)),
    };
    assert_eq!(commit(&mut wire, group, &id, before, 7), 0);
    // A real client joins: there is another generation, and the first member knows only the old one.
    let mut other = Member::start_with(&setting, "other", json!({"group": group}));
    let (old, gone) = match protocol {
        Protocol::Classic => {
            until("the other has taken all", &mut [&mut other], Duration::from_secs(60), |m| {
                m[0].owned().len() == PARTITIONS as usize
            });
            // It has not joined again: it is out.
            (UNKNOWN_MEMBER_ID, UNKNOWN_MEMBER_ID)
        }
        Protocol::Consumer => {
            // It hears of the new epoch, and gives up what it must.
            let end = Instant::now() + Duration::from_secs(60);
            let mut epoch = before;
            while epoch == before {
                assert!(Instant::now() < end, "no new epoch");
                let body = json!({"groupId": group, "memberId": id, "memberEpoch": epoch, "topicPartitions": []});
                epoch =
                    call(&mut wire, "ConsumerGroupHeartbeat", 1, &body, whole)["memberEpoch"].as_i64().unwrap_or(-1);
                std::thread::sleep(Duration::from_millis(50));
            }
            assert_eq!(commit(&mut wire, group, &id, epoch, 8), 0);
            (STALE_MEMBER_EPOCH, UNKNOWN_MEMBER_ID)
        }
    };
    let expected = if protocol == Protocol::Classic { 7 } else { 8 };
    // A member of the consumer protocol may commit what it has had since that epoch, but nothing from an epoch before.
    let late = if protocol == Protocol::Classic { before } else { before - 1 };
    assert_eq!(commit(&mut wire, group, &id, late, 1), old, "the generation before");
    assert_eq!(commit(&mut wire, group, "nobody", before, 1), gone);
    assert_eq!(commit(&mut wire, group, "", -1, 1), gone, "somebody without a member in a group that lives");
    assert_eq!(offset(&mut wire), Some(expected), "nothing has moved");
    other.leave();
}

/// Offsets of a transaction are fenced by the generation, are not seen while it is open, and are there after a death (55).
pub fn transactional_offsets(protocol: Protocol) {
    let (mut broker, _scratch, setting) = stage(Library::Confluent, protocol, quick());
    topic(&broker);
    for (end, commits) in [("commits", true), ("aborts", false)] {
        let mut wire = broker.wire();
        let (member, generation) = match protocol {
            Protocol::Classic => classic_member(&mut wire, end, 2000),
            Protocol::Consumer => ("first".to_string(), consumer_member(&mut wire, end, "first", 2000)),
        };
        assert_eq!(commit(&mut wire, end, &member, generation, 3), 0);
        let ask = json!({"transactionalId": end, "transactionTimeoutMs": 60000, "producerId": -1, "producerEpoch": -1});
        let producer = call(&mut wire, "InitProducerId", 4, &ask, whole);
        let who = json!({"transactionalId": end, "producerId": producer["producerId"], "producerEpoch": producer["producerEpoch"]});
        let with = |more: Value| {
            let mut all = who.clone();
            for (key, value) in more.as_object().into_iter().flatten() {
                all[key] = value.clone();
            }
            all
        };
        assert_eq!(whole(&call(&mut wire, "AddOffsetsToTxn", 3, &with(json!({"groupId": end})), whole)), 0);
        let put = |wire: &mut Wire, member: &str, generation: i64, offset: i64| {
            let p = json!({"partitionIndex": 0, "committedOffset": offset, "committedMetadata": ""});
            let body = with(json!({"groupId": end, "generationId": generation, "memberId": member,
                "topics": [{"name": "load", "partitions": [p]}]}));
            first(&call(wire, "TxnOffsetCommit", 3, &body, first))
        };
        assert_eq!(put(&mut wire, &member, generation - 1, 9), ILLEGAL_GENERATION);
        assert_eq!(put(&mut wire, "nobody", generation, 9), UNKNOWN_MEMBER_ID);
        assert_eq!(put(&mut wire, &member, generation, 5), 0);
        // A rebalance by a real client, while the transaction is open.
        let mut other = Member::start_with(&setting, end, json!({"group": end}));
        until("the other has taken all", &mut [&mut other], Duration::from_secs(60), |m| {
            m[0].owned().len() == PARTITIONS as usize
        });
        assert_eq!(put(&mut wire, &member, generation, 9), UNKNOWN_MEMBER_ID, "it is out");
        other.leave();
        broker.kill();
        broker.run();
        let mut wire = broker.wire();
        let stable = |wire: &mut Wire, stable: bool| {
            let topics = json!([{"name": "load", "partitionIndexes": [0]}]);
            let body = json!({"groupId": end, "topics": topics, "requireStable": stable});
            let error = |a: &Value| whole(a).max(if stable { 0 } else { first(a) });
            let answer = call(wire, "OffsetFetch", 7, &body, error);
            (first(&answer), answer["topics"][0]["partitions"][0]["committedOffset"].as_i64())
        };
        assert_eq!(stable(&mut wire, false), (0, Some(3)), "{end}: the transaction is open");
        assert_eq!(stable(&mut wire, true).0, UNSTABLE_OFFSET_COMMIT, "{end}: it is loaded as open");
        assert_eq!(whole(&call(&mut wire, "EndTxn", 3, &with(json!({"committed": commits})), whole)), 0);
        let limit = Instant::now() + Duration::from_secs(30);
        while stable(&mut wire, true).0 != 0 {
            assert!(Instant::now() < limit, "{end}: the transaction does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(stable(&mut wire, true), (0, Some(if commits { 5 } else { 3 })), "{end}");
    }
}

/// The server dies while members join, sync, read, and while it loads their group; the group goes on each time, from the offsets
/// that were acknowledged last (57).
pub fn deaths(protocol: Protocol) {
    let (mut broker, _scratch, setting) = stage(Library::Confluent, protocol, json!({}));
    let mut stopped = Load::start(&broker);
    let mut members: Vec<Member> = Vec::new();
    let mut last: BTreeMap<String, i64> = BTreeMap::new();
    // So long after a member was started, and so long after the server came back.
    for (n, (pause, again)) in [(300, 0), (700, 30), (1500, 100), (2500, 5), (4000, 1000)].into_iter().enumerate() {
        members.push(Member::start(&setting, &format!("member-{n}")));
        std::thread::sleep(Duration::from_millis(pause));
        last.extend(load::committed(&mut broker.wire(), &setting.group));
        stopped.stop();
        broker.kill();
        broker.run();
        std::thread::sleep(Duration::from_millis(again));
        broker.kill();
        broker.run();
        // The coordinator may still be loading.
        let body = json!({"groups": [setting.group], "includeAuthorizedOperations": false});
        call(&mut broker.wire(), "DescribeGroups", 5, &body, |a| a["groups"][0]["errorCode"].as_i64().unwrap_or(0));
        let now = load::committed(&mut broker.wire(), &setting.group);
        for (partition, before) in &last {
            let after = now.get(partition).copied().unwrap_or(-1);
            assert!(after >= *before, "{partition}: {before} was committed, {after} is after death {n}");
        }
        stopped = Load::resume(&broker);
    }
    let mut all: Vec<&mut Member> = members.iter_mut().collect();
    until_shared("all share after the last death", &mut all, PARTITIONS as usize);
    stopped.stop();
    load::until_no_lag(&broker, &setting.group);
    for member in &mut all {
        member.leave();
    }
    let mut wrong = check::all_consumed(&mut all, &load::ends(&broker));
    if protocol == Protocol::Classic {
        wrong.extend(check::one_owner_a_generation(&mut all));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What all groups are, and what they have committed.
fn state_of(wire: &mut Wire, groups: &[String]) -> Vec<Value> {
    let listed = call(wire, "ListGroups", 4, &json!({"statesFilter": []}), whole);
    let mut listed = listed["groups"].as_array().cloned().unwrap_or_default();
    listed.sort_by_key(|group| text(&group["groupId"]));
    let mut all = vec![json!(listed)];
    for group in groups {
        let body = json!({"groupId": group, "topics": null, "requireStable": false});
        let offsets = call(wire, "OffsetFetch", 7, &body, whole);
        let body = json!({"groups": [group], "includeAuthorizedOperations": false});
        let described = call(wire, "DescribeGroups", 5, &body, |a| a["groups"][0]["errorCode"].as_i64().unwrap_or(0));
        let mut topics = offsets["topics"].as_array().cloned().unwrap_or_default();
        topics.sort_by_key(|topic| text(&topic["name"]));
        all.push(json!({"offsets": topics, "group": described["groups"][0]}));
    }
    all
}

/// The offsets' log is compacted until little is left but the last words and tombstones; whatever is left loads to the same
/// state, while the cleaner works on it as well (58).
pub fn a_compacted_log() {
    let properties = [
        ("log.cleaner.backoff.ms", "50"),
        ("log.cleaner.min.cleanable.ratio", "0.01"),
        ("log.cleaner.delete.retention.ms", "100"),
        ("log.segment.delete.delay.ms", "100"),
    ];
    let (mut broker, _scratch, _setting) = stage_with(Library::Franz, Protocol::Classic, json!({}), &properties);
    topic(&broker);
    let groups: Vec<String> = (0..20).map(|n| format!("compacted-{n}")).collect();
    let mut wire = broker.wire();
    // Many small files, so that there is much to compact: the topic is made by the first commit.
    assert_eq!(commit(&mut wire, &groups[0], "", -1, 0), 0);
    let config = json!({"name": "segment.ms", "configOperation": 0, "value": "100"});
    let resource = json!({"resourceType": 2, "resourceName": "__consumer_offsets", "configs": [config]});
    let altered = wire.call("IncrementalAlterConfigs", 1, json!({"resources": [resource], "validateOnly": false}));
    assert_eq!(altered.expect("an answer")["responses"][0]["errorCode"], 0);
    for round in 0..60 {
        for (n, group) in groups.iter().enumerate() {
            // Every fourth is deleted in the end, every fifth has a member of the consumer protocol that comes and goes.
            if n % 5 == 4 && round % 20 == 0 {
                consumer_member(&mut wire, group, "comes", 60_000);
                let leaves = json!({"groupId": group, "memberId": "comes", "memberEpoch": -1});
                assert_eq!(whole(&call(&mut wire, "ConsumerGroupHeartbeat", 1, &leaves, whole)), 0);
            }
            assert_eq!(commit(&mut wire, group, "", -1, round * 10 + n as i64), 0);
        }
    }
    // What is written last of all begins files of its own.
    std::thread::sleep(Duration::from_millis(300));
    for group in &groups {
        assert_eq!(commit(&mut wire, group, "", -1, 700), 0);
    }
    let gone: Vec<&String> = groups.iter().step_by(4).collect();
    let deleted = wire.call("DeleteGroups", 2, json!({"groupsNames": gone})).expect("an answer");
    assert!(deleted["results"].as_array().into_iter().flatten().all(|r| r["errorCode"] == 0), "{deleted}");
    let before = state_of(&mut wire, &groups);
    assert_eq!(before[0].as_array().map(Vec::len), Some(15), "{:?}", before[0]);
    let records = |broker: &Broker| {
        let count = |partition| {
            let contents = reader::read(&mut broker.wire(), "__consumer_offsets", partition, false);
            reader::batches(&contents.bytes).iter().map(|b| i64::from(b.count)).sum::<i64>()
        };
        (0..4).map(count).sum::<i64>()
    };
    // The cleaner may have begun already: what was written is told by where the logs end.
    let written = (0..4).map(|p| reader::list(&mut wire, "__consumer_offsets", p, -1)).sum::<i64>();
    for round in 0..6 {
        std::thread::sleep(Duration::from_millis(150 * round));
        broker.kill();
        broker.run();
        let after = state_of(&mut broker.wire(), &groups);
        assert_eq!(after, before, "after death {round}");
    }
    let end = Instant::now() + Duration::from_secs(60);
    while records(&broker) > written / 4 {
        assert!(Instant::now() < end, "of {written} records {} are left", records(&broker));
        std::thread::sleep(Duration::from_millis(100));
    }
    broker.kill();
    broker.run();
    assert_eq!(state_of(&mut broker.wire(), &groups), before, "after compaction of {written} records");
    println!("{written} records, {} after compaction", records(&broker));
}

/// Memory of the server (bytes).
fn resident(broker: &mut Broker) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", broker.process().pid)).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") * 1024
}

/// Crowds that join and leave, and ids that nobody comes back with: nothing is stuck, and nothing is left (59).
pub fn crowds() {
    const CROWD: usize = 500;
    let (mut broker, _scratch, setting) = stage(Library::Franz, Protocol::Classic, json!({}));
    topic(&broker);
    let mut wire = broker.wire();
    // They take an id each and are never heard of again.
    let mut body = joining("crowd", "", 2000);
    body["sessionTimeoutMs"] = json!(2000);
    for _ in 0..CROWD {
        assert_eq!(whole(&call(&mut wire, "JoinGroup", 5, &body, whole)), 79, "the id is given, and is to come back");
    }
    let before = resident(&mut broker);
    let port = broker.port;
    for round in 0..3 {
        let crowd: Vec<_> = (0..CROWD)
            .map(|_| {
                let work = move || {
                    let mut wire = Wire::connect(port).expect("a connection");
                    wire.set_timeout(Duration::from_secs(90));
                    let given = call(&mut wire, "JoinGroup", 5, &joining("crowd", "", 3000), whole);
                    let id = text(&given["memberId"]);
                    let joined = call(&mut wire, "JoinGroup", 5, &joining("crowd", &id, 3000), whole);
                    let leaves = json!({"groupId": "crowd", "members": [{"memberId": id}]});
                    let left = call(&mut wire, "LeaveGroup", 4, &leaves, whole);
                    (whole(&joined), left["members"][0]["errorCode"].as_i64())
                };
                std::thread::Builder::new().stack_size(256 << 10).spawn(work).expect("a thread")
            })
            .collect();
        for one in crowd {
            let (joined, left) = one.join().expect("a member of the crowd");
            let known = [0, UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS];
            assert!(known.contains(&joined), "round {round}: joining ended with {joined}");
            assert!(left.is_some_and(|left| known.contains(&left)), "round {round}: leaving ended with {left:?}");
        }
    }
    let after = resident(&mut broker);
    println!("{} MB before, {} MB after {CROWD} members came and went three times", before >> 20, after >> 20);
    assert!(after < before + (64 << 20), "{before} bytes before, {after} after");
    // Who comes now is let in at once, and is alone.
    let mut member = Member::start_with(&setting, "after", json!({"group": "crowd"}));
    until_shared("a member after the crowd", &mut [&mut member], PARTITIONS as usize);
    let described = json!({"groups": ["crowd"], "includeAuthorizedOperations": false});
    let described = wire.call("DescribeGroups", 5, described).expect("an answer");
    assert_eq!(described["groups"][0]["members"].as_array().map(Vec::len), Some(1), "{described}");
    member.leave();
}

/// A member that does not give up in time is out, and nobody has what it holds before that (60).
pub fn slow_member(protocol: Protocol) {
    const REBALANCE_MS: i64 = 3000;
    let (broker, _scratch, setting) = stage(Library::Confluent, protocol, quick());
    let setting = Setting { group: "slow".to_string(), ..setting };
    topic(&broker);
    let mut wire = broker.wire();
    let (id, epoch) = match protocol {
        Protocol::Classic => classic_member(&mut wire, "slow", REBALANCE_MS),
        Protocol::Consumer => {
            ("slow-member".to_string(), consumer_member(&mut wire, "slow", "slow-member", REBALANCE_MS))
        }
    };
    let mut other = Member::start(&setting, "other");
    let mut heartbeats = 0;
    let end = Instant::now() + Duration::from_secs(60);
    // It lives, says that it holds what it held, and does nothing of what it is asked.
    loop {
        let held = other.owned().len();
        let error = match protocol {
            Protocol::Classic => {
                let body = json!({"groupId": "slow", "generationId": epoch, "memberId": id});
                whole(&call(&mut wire, "Heartbeat", 3, &body, whole))
            }
            Protocol::Consumer => {
                let body = json!({"groupId": "slow", "memberId": id, "memberEpoch": epoch});
                whole(&call(&mut wire, "ConsumerGroupHeartbeat", 1, &body, whole))
            }
        };
        match error {
            0 | REBALANCE_IN_PROGRESS => assert_eq!(held, 0, "the other has what the slow one holds"),
            _ => {
                assert_eq!(error, UNKNOWN_MEMBER_ID);
                break;
            }
        }
        heartbeats += 1;
        assert!(Instant::now() < end, "the slow member stays");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(heartbeats > 10, "it was out after {heartbeats} heartbeats");
    until_shared("the other has all", &mut [&mut other], PARTITIONS as usize);
    assert_eq!(commit(&mut wire, "slow", &id, epoch, 1), UNKNOWN_MEMBER_ID);
    other.leave();
}
