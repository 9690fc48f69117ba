//! A coordinator with much to load: it says that it loads, whatever it is asked, then knows all, and holds no more in memory than
//! what counts.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::load;
use crate::support::broker::{Broker, Kind, under_test};
use crate::support::reader;
use crate::support::wire::Wire;

const LOADING: i64 = 14;
const NOT_AVAILABLE: i64 = 15;
const NOT_COORDINATOR: i64 = 16;
const GROUPS: usize = 40;
const REQUESTS: i64 = 12;
const RECORDS_PER_REQUEST: i64 = 1_200;
/// A group that there is not.
const NOBODYS: &str = "nobodys";

/// A question: its API and version, the body, where its error is, and what the answer is once all is loaded.
type Question = (&'static str, i16, Value, fn(&Value) -> &Value, i64);

fn whole(answer: &Value) -> &Value {
    &answer["errorCode"]
}

fn questions() -> [Question; 11] {
    let joins = json!({"groupId": NOBODYS, "sessionTimeoutMs": 30000, "rebalanceTimeoutMs": 30000, "memberId": "m",
        "protocolType": "consumer", "protocols": [{"name": "range", "metadata": ""}]});
    let syncs = json!({"groupId": NOBODYS, "generationId": 1, "memberId": "m", "assignments": []});
    let offset = json!({"partitionIndex": 0, "committedOffset": 1, "committedMetadata": ""});
    let commit = json!({"groupId": NOBODYS, "generationIdOrMemberEpoch": 3, "memberId": "m",
        "topics": [{"name": "load", "partitions": [offset]}]});
    let delete = json!({"groupId": NOBODYS, "topics": [{"name": "load", "partitions": [{"partitionIndex": 0}]}]});
    let beat = json!({"groupId": NOBODYS, "memberId": "m", "memberEpoch": 5});
    [
        ("JoinGroup", 9, joins, whole, 25),
        ("SyncGroup", 3, syncs, whole, 25),
        ("LeaveGroup", 2, json!({"groupId": NOBODYS, "memberId": "m"}), whole, 25),
        ("OffsetCommit", 8, commit, |a| &a["topics"][0]["partitions"][0]["errorCode"], 22),
        (
            "OffsetFetch",
            9,
            json!({"groups": [{"groupId": "loaded-0", "topics": null}]}),
            |a| &a["groups"][0]["errorCode"],
            0,
        ),
        ("OffsetDelete", 0, delete, whole, 69),
        ("ListGroups", 4, json!({"statesFilter": []}), whole, 0),
        ("DescribeGroups", 6, json!({"groups": [NOBODYS]}), |a| &a["groups"][0]["errorCode"], 69),
        ("DeleteGroups", 2, json!({"groupsNames": [NOBODYS]}), |a| &a["results"][0]["errorCode"], 69),
        ("ConsumerGroupHeartbeat", 1, beat, whole, 69),
        ("ConsumerGroupDescribe", 1, json!({"groupIds": [NOBODYS]}), |a| &a["groups"][0]["errorCode"], 69),
    ]
}

fn commit(wire: &mut Wire, group: &str, round: i64) {
    let offset = |n: i64| {
        let index = n % i64::from(load::PARTITIONS);
        json!({"partitionIndex": index, "committedOffset": round * RECORDS_PER_REQUEST + n, "committedMetadata": ""})
    };
    let partitions: Vec<Value> = (0..RECORDS_PER_REQUEST).map(offset).collect();
    let body = json!({"groupId": group, "generationIdOrMemberEpoch": -1, "memberId": "",
        "topics": [{"name": "load", "partitions": partitions}]});
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = wire.call("OffsetCommit", 8, body.clone()).expect("an answer");
        let codes = answer["topics"][0]["partitions"].as_array().expect("partitions");
        if codes.iter().all(|p| p["errorCode"] == 0) {
            return;
        }
        assert!(Instant::now() < end, "{}", codes[0]);
        wire.call("FindCoordinator", 3, json!({"key": group, "keyType": 0})).expect("an answer");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The most memory that the server ever took (bytes).
fn peak(broker: &mut Broker) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", broker.process().pid)).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its memory");
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") * 1024
}

/// Asks everything, again and again, until the coordinator is at work; counts who was told that it loads.
fn ask_until_loaded(broker: &Broker, told: &mut BTreeMap<&'static str, usize>) {
    let mut wire = broker.wire();
    let end = Instant::now() + Duration::from_secs(120);
    loop {
        let mut at_work = true;
        // A member that is told so would look for another coordinator: its heartbeat is taken.
        let beat = json!({"groupId": NOBODYS, "generationId": 1, "memberId": "m"});
        let code = wire.call("Heartbeat", 3, beat).expect("an answer")["errorCode"].clone();
        assert!([0, 25, NOT_AVAILABLE, NOT_COORDINATOR].contains(&code.as_i64().expect("a code")), "Heartbeat: {code}");
        *told.entry("Heartbeat").or_default() += usize::from(code == 0);
        for (api, version, body, error, loaded) in questions() {
            let answer = wire.call(api, version, body).expect("an answer");
            let code = error(&answer).as_i64().unwrap_or_else(|| panic!("{api}: {answer}"));
            assert!([LOADING, NOT_AVAILABLE, NOT_COORDINATOR, loaded].contains(&code), "{api}: {answer}");
            *told.entry(api).or_default() += usize::from(code == LOADING);
            at_work &= code == loaded;
        }
        if at_work {
            return;
        }
        assert!(Instant::now() < end, "it loads for ever; told so: {told:?}");
    }
}

/// Half a million commits of which few count.
pub fn much() {
    let properties = [("offsets.topic.num.partitions", "1"), ("log.cleaner.enable", "false")];
    let mut broker = Broker::start(under_test(), &properties);
    let mut wire = broker.wire();
    reader::create(&mut wire, load::TOPIC, load::PARTITIONS, &[]);
    load::ends(&broker);
    commit(&mut wire, "loaded-0", 0);
    broker.kill();
    broker.run();
    ask_until_loaded(&broker, &mut BTreeMap::new());
    let before = peak(&mut broker);

    let mut wire = broker.wire();
    for round in 0..REQUESTS {
        (0..GROUPS).for_each(|n| commit(&mut wire, &format!("loaded-{n}"), round));
    }
    let log = broker.data().join("__consumer_offsets-0/00000000000000000000.log");
    let written = std::fs::metadata(log).expect("the log").len();
    let last = REQUESTS * RECORDS_PER_REQUEST - i64::from(load::PARTITIONS);
    let expected: BTreeMap<String, i64> =
        (0..load::PARTITIONS).map(|p| (format!("load-{p}"), last + i64::from(p))).collect();

    let mut told = BTreeMap::new();
    let asked = questions().len() + 1;
    for _ in 0..5 {
        broker.kill();
        broker.run();
        let start = Instant::now();
        ask_until_loaded(&broker, &mut told);
        println!(
            "{written} bytes of commits loaded {:?} after the server answered; told so: {told:?}",
            start.elapsed()
        );
        for n in 0..GROUPS {
            assert_eq!(load::committed(&mut broker.wire(), &format!("loaded-{n}")), expected, "group {n}");
        }
        if told.values().filter(|times| **times > 0).count() == asked {
            break;
        }
    }
    assert!(told.values().all(|times| *times > 0), "not all were told that the coordinator loads: {told:?}");
    let after = peak(&mut broker);
    if broker.kind == Kind::Ottla {
        assert!(
            written > 24 << 20 && after < before + written / 2,
            "{written} bytes of log: {before} before, {after} after"
        );
    }
}
