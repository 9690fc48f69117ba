//! A consumer that tells its rack is sent to the replica there, reads what is committed from it, and goes on without it (KIP-392).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::create_on;
use super::replicas::{end_of, high_watermark, log_bytes};
use super::support::broker::under_test;
use super::support::client::{Client, Library};
use super::support::cluster::Cluster;
use super::support::metrics::{scrape, value};
use super::support::paths::{self, Scratch};
use super::support::record;
use super::support::wire::Batch;

const ROLES: [&str; 3] = ["broker,controller", "broker", "broker"];
const SELECTOR: (&str, &str) = ("replica.selector.class", "org.apache.kafka.common.replica.RackAwareReplicaSelector");
const RACKS: (&str, &str) = ("broker.rack", "rack-%ID%");
/// Nobody is fenced for being stopped for a while.
const PATIENT: (&str, &str) = ("broker.session.timeout.ms", "60000");
const LEADER: i32 = 1;
const NEAR: i32 = 2;
const OTHER: i32 = 3;
const NOBODY: i64 = -1;
const NOT_LEADER: i64 = 6;
const OUT_OF_RANGE: i64 = 1;
const BYTES: usize = 1000;

/// Appends records of one batch each to the leader, and asks for its own copy alone.
fn append(cluster: &Cluster, count: usize) {
    let mut wire = cluster.wire(LEADER).expect("the leader");
    for n in 0..count {
        let batch = Batch::of(1_700_000_000_000 + n as i64, &[&[b'x'; BYTES]]).base64();
        let body = json!({"transactionalId": null, "acks": 1, "timeoutMs": 5000,
            "topicData": [{"name": "near", "partitionData": [{"index": 0, "records": batch}]}]});
        let answer = wire.call("Produce", 9, body).expect("an answer");
        assert_eq!(answer["responses"][0]["partitionResponses"][0]["errorCode"], 0, "{answer}");
    }
}

struct Told {
    error: i64,
    preferred: i64,
    high_watermark: i64,
    /// Where what came ends.
    end: Option<i64>,
}

fn fetch_by(cluster: &Cluster, id: i32, version: i16, rack: &str, offset: i64) -> Told {
    let asked = json!({"partition": 0, "fetchOffset": offset, "partitionMaxBytes": 10_000_000});
    let mut body = json!({"replicaId": -1, "maxWaitMs": 0, "minBytes": 0, "maxBytes": 50_000_000, "isolationLevel": 0,
        "topics": [{"topic": "near", "partitions": [asked]}]});
    if version >= 11 {
        body["rackId"] = json!(rack);
    }
    let answer = cluster.call(id, "Fetch", version, body);
    let told = &answer["responses"][0]["partitions"][0];
    let number = |field: &str| told[field].as_i64().unwrap_or(NOBODY);
    let bytes = STANDARD.decode(told["records"].as_str().unwrap_or_default()).expect("base64");
    let end = Some(end_of(&bytes)).filter(|_| !bytes.is_empty());
    Told {
        error: number("errorCode"),
        preferred: number("preferredReadReplica"),
        high_watermark: number("highWatermark"),
        end,
    }
}

fn fetch(cluster: &Cluster, id: i32, rack: &str, offset: i64) -> Told {
    fetch_by(cluster, id, 11, rack, offset)
}

/// Waits until the replica `id` knows that everything before `offset` is committed.
fn committed(cluster: &Cluster, id: i32, offset: i64) {
    cluster.wait_for("a follower's high watermark", |cluster| {
        (high_watermark(cluster, id, "near", 0) == Some(offset)).then_some(())
    });
}

#[test]
fn a_fetch_is_told_of_the_replica_in_its_rack() {
    let cluster = Cluster::of(under_test(), &ROLES, &[RACKS, SELECTOR, PATIENT]);
    create_on(&cluster, "near", &[LEADER, NEAR, OTHER], &[]);
    append(&cluster, 10);
    for id in [LEADER, NEAR, OTHER] {
        committed(&cluster, id, 10);
    }
    for (rack, preferred) in [("rack-2", 2), ("rack-3", 3), ("rack-1", NOBODY), ("rack-9", NOBODY), ("", NOBODY)] {
        let told = fetch(&cluster, LEADER, rack, 0);
        let end = (preferred == NOBODY).then_some(10);
        assert_eq!((told.error, told.preferred, told.end), (0, preferred, end), "{rack}");
        assert_eq!(fetch(&cluster, LEADER, rack, 10).preferred, preferred, "{rack} at the end");
    }
    // Nobody has what is asked for: the leader says so.
    assert_eq!(fetch(&cluster, LEADER, "rack-2", 11).error, OUT_OF_RANGE);
    // A follower gives what it has, in whatever rack its reader is, but not to those who cannot know that it follows.
    for rack in ["rack-2", "rack-1", ""] {
        let told = fetch(&cluster, NEAR, rack, 0);
        assert_eq!((told.error, told.preferred, told.end), (0, NOBODY, Some(10)), "{rack}");
    }
    assert_eq!(fetch_by(&cluster, NEAR, 10, "", 0).error, NOT_LEADER);

    // Records that one in sync lacks are in the follower's log, and nobody is shown them.
    cluster.signal(OTHER, "STOP");
    append(&cluster, 5);
    cluster.wait_for("the follower has them", |cluster| {
        (end_of(&log_bytes(cluster, NEAR, "near", 0)) == 15).then_some(())
    });
    for id in [LEADER, NEAR] {
        let told = fetch(&cluster, id, "", 5);
        assert_eq!((told.error, told.high_watermark, told.end), (0, 10, Some(10)), "by {id}");
        let told = fetch(&cluster, id, "", 10);
        assert_eq!((told.error, told.high_watermark, told.end), (0, 10, None), "by {id} at its end");
        let told = fetch(&cluster, id, "", 12);
        assert_eq!((told.error, told.high_watermark, told.end), (0, 10, None), "by {id} behind its end");
        assert_eq!(fetch(&cluster, id, "", 16).error, OUT_OF_RANGE, "by {id}, which has no such record");
    }
    assert_eq!(fetch(&cluster, LEADER, "rack-2", 12).preferred, 2, "it has that");
    assert_eq!(fetch(&cluster, LEADER, "rack-3", 12).preferred, NOBODY, "it lacks that");
    cluster.signal(OTHER, "CONT");
    committed(&cluster, NEAR, 15);
    assert_eq!(fetch(&cluster, NEAR, "rack-2", 10).end, Some(15));
}

#[test]
fn consumers_read_from_the_replica_in_their_rack_and_go_on_without_it() {
    let port = paths::free_port();
    let http = format!("127.0.0.%ID%:{port}");
    let mut cluster = Cluster::start(&ROLES, &[RACKS, SELECTOR, ("ottla.http.address", &http)]);
    create_on(&cluster, "near", &[LEADER, NEAR, OTHER], &[]);
    append(&cluster, 100);
    committed(&cluster, NEAR, 100);
    let given = |id: i32| {
        let page = scrape(&format!("127.0.0.{id}"), port).expect("its metrics");
        value(&page, r#"kafka_server_brokertopicmetrics_bytesout_total{topic="near"}"#).unwrap_or(0.0) as usize
    };
    let scratch = Scratch::new("nearest");
    let consume = |count: usize, library: Library| -> Value {
        let file = scratch.path().join(format!("{library:?}-{count}.jsonl"));
        json!({"op": "consume", "topic": "near", "partition": 0, "count": count, "offset": 0, "file": file,
            "options": {"client.rack": "rack-2"}})
    };
    let mut clients =
        [Library::Java, Library::Confluent].map(|library| Client::start(library, &cluster.bootstrap(), scratch.path()));
    for client in &mut clients {
        let before = [LEADER, NEAR, OTHER].map(given);
        client.send(consume(100, client.library()));
        client.answer().expect("it reads");
        let grown =
            [LEADER, NEAR, OTHER].map(given).iter().zip(before).map(|(now, then)| now - then).collect::<Vec<_>>();
        let all = 100 * BYTES;
        assert!(grown[0] == 0 && grown[1] >= all && grown[2] == 0, "{:?} was given by {grown:?}", client.library());
    }

    // The replica dies while they are at its end.
    let before = given(NEAR);
    for client in &mut clients {
        let command = consume(200, client.library());
        client.send(command);
    }
    cluster.wait_for("both are at the end", |_| (given(NEAR) >= before + 2 * 100 * BYTES).then_some(()));
    cluster.kill(NEAR);
    append(&cluster, 100);
    for client in &mut clients {
        let file = scratch.path().join(format!("{:?}-200.jsonl", client.library()));
        client.answer().unwrap_or_else(|e| panic!("{:?} does not go on: {e}", client.library()));
        let offsets: Vec<_> = record::read(&file).iter().map(|r| r.offset).collect();
        assert!(offsets.iter().copied().eq(0..200), "{:?} read {offsets:?}", client.library());
    }
}
