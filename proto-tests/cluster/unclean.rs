//! The last replica in sync is gone and one that lacks records is back: it leads where `unclean.leader.election.enable` says so, from
//! the start or since then, and nowhere else. Everybody ends with what it has.

use serde_json::json;

use super::create_on;
use super::replicas::{append, log_bytes, state, wait_equal, wait_state};
use super::support::broker::{Kind, under_test};
use super::support::cluster::Cluster;

const UNCLEAN: &str = "unclean.leader.election.enable";
const LAST: i32 = 2;
const BEHIND: i32 = 3;
const NOBODY: i32 = -1;
const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const SET: i8 = 0;
/// Both have these.
const SHARED: i64 = 10;
/// The last one in sync alone has so many more.
const MORE: i64 = 5;
/// What is written after an election that lost those.
const LATER: i64 = 7;

fn allow(cluster: &Cluster, kind: i8, name: &str) {
    let configs = json!([{"name": UNCLEAN, "configOperation": SET, "value": "true"}]);
    let resource = json!({"resourceType": kind, "resourceName": name, "configs": configs});
    let answer =
        cluster.call(BEHIND, "IncrementalAlterConfigs", 1, json!({"resources": [resource], "validateOnly": false}));
    assert_eq!(answer["responses"][0]["errorCode"], 0, "{answer}");
}

#[test]
fn who_lacks_records_leads_only_where_that_is_allowed() {
    // Apache Kafka looks at it by the clock alone, every five minutes unless told otherwise.
    let clock = [("unclean.leader.election.interval.ms", "1000")];
    let overrides = if under_test() == Kind::Kafka { &clock[..] } else { &[] };
    let mut cluster = Cluster::of(under_test(), &["controller", "broker", "broker"], overrides);
    let settings: [(&str, &[(&str, &str)]); 4] =
        [("allowed", &[(UNCLEAN, "true")]), ("late", &[]), ("inherited", &[]), ("never", &[(UNCLEAN, "false")])];
    let all = settings.map(|(topic, _)| topic);
    for (topic, configs) in settings {
        create_on(&cluster, topic, &[LAST, BEHIND], configs);
        assert_eq!(append(&cluster, LAST, topic, -1, "shared", SHARED), 0);
    }
    cluster.kill(BEHIND);
    for topic in all {
        wait_state(&cluster, LAST, topic, LAST, &[LAST]);
        assert_eq!(append(&cluster, LAST, topic, -1, "lost", MORE), SHARED);
    }
    cluster.kill(LAST);
    cluster.run(BEHIND);
    cluster.wait_ready(BEHIND);

    wait_state(&cluster, BEHIND, "allowed", BEHIND, &[BEHIND]);
    let leaderless = |topics: &[&str]| {
        for topic in topics {
            assert_eq!(state(&cluster, BEHIND, topic).0, NOBODY, "{topic}");
        }
    };
    leaderless(&["late", "inherited", "never"]);
    allow(&cluster, TOPIC, "late");
    wait_state(&cluster, BEHIND, "late", BEHIND, &[BEHIND]);
    leaderless(&["inherited", "never"]);
    allow(&cluster, BROKER, "");
    wait_state(&cluster, BEHIND, "inherited", BEHIND, &[BEHIND]);
    leaderless(&["never"]);
    for topic in ["allowed", "late", "inherited"] {
        assert_eq!(append(&cluster, BEHIND, topic, -1, "later", LATER), SHARED, "{topic} goes on where it ends there");
    }

    // Who led before gives up what nobody has any more; where nobody else was allowed to, it leads with all it has.
    let kept = log_bytes(&cluster, LAST, "never", 0);
    cluster.run(LAST);
    cluster.wait_ready(LAST);
    for topic in ["allowed", "late", "inherited"] {
        wait_state(&cluster, LAST, topic, BEHIND, &[LAST, BEHIND]);
        let log = wait_equal(&cluster, &[LAST, BEHIND], topic, SHARED + LATER);
        let holds = |word: &[u8]| log.windows(word.len()).any(|bytes| bytes == word);
        assert!(holds(b"shared-9") && holds(b"later-6") && !holds(b"lost"), "{topic}");
    }
    wait_state(&cluster, BEHIND, "never", LAST, &[LAST, BEHIND]);
    assert_eq!(wait_equal(&cluster, &[LAST, BEHIND], "never", SHARED + MORE), kept);
}
