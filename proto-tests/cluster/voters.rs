//! The quorum's members change while it works (KIP-853): Kafka's tool adds a controller and removes one, nodes are killed meanwhile.

use serde_json::{Value, json};

use super::support::cluster::Cluster;
use super::support::tools::{Run, Tools};
use super::support::wire::Wire;
use super::{COMBINED, agreed, complete};

/// The error's code while another change of the voters is under way.
const REQUEST_TIMED_OUT: i64 = 7;

struct Quorum(Value);

impl Quorum {
    fn told_by(cluster: &Cluster, id: i32) -> Option<Self> {
        let body = json!({"topics": [{"topicName": "__cluster_metadata", "partitions": [{"partitionIndex": 0}]}]});
        let answer = cluster.try_call(id, "DescribeQuorum", 2, body)?;
        Some(Self(answer)).filter(|quorum| quorum.partition()["leaderId"].as_i64().is_some_and(|id| id >= 0))
    }

    fn partition(&self) -> &Value {
        &self.0["topics"][0]["partitions"][0]
    }

    /// Number and directory of each.
    fn of(&self, side: &str) -> Vec<(i32, String)> {
        let all = self.partition()[side].as_array().cloned().unwrap_or_default();
        let one = |r: &Value| Some((r["replicaId"].as_i64()? as i32, r["replicaDirectoryId"].as_str()?.to_owned()));
        let mut found: Vec<_> = all.iter().filter_map(one).collect();
        found.sort();
        found
    }

    fn voters(&self) -> Vec<i32> {
        self.of("currentVoters").into_iter().map(|(id, _)| id).collect()
    }
}

/// The directory of a node's metadata log, as the tool reads it.
fn directory(cluster: &Cluster, id: i32) -> String {
    let meta = std::fs::read_to_string(cluster.data(id).join("meta.properties")).unwrap_or_default();
    let own = meta.lines().find_map(|line| line.strip_prefix("directory.id="));
    own.unwrap_or("it has none yet").to_owned()
}

fn voters(cluster: &Cluster, asked: i32, expected: &[i32]) {
    cluster.wait_for("the voters", |cluster| {
        Quorum::told_by(cluster, asked).filter(|quorum| quorum.voters() == expected).map(|_| ())
    });
}

fn quorum_tool(tools: &mut Tools, cluster: &Cluster, by: i32, args: &[&str]) -> Run {
    let at = format!("localhost:{}", cluster.node(by).port);
    let args: Vec<&str> = ["--bootstrap-server", &at].into_iter().chain(args.iter().copied()).collect();
    tools.run("kafka-metadata-quorum", &args, "")
}

#[test]
fn a_controller_joins_and_the_active_one_leaves_while_others_are_killed() {
    let mut cluster = Cluster::start(&COMBINED, &[]);
    let mut tools = Tools::start();
    cluster.create_topic_anyhow(1, "before", 3, 3);
    let founders = cluster.wait_for("the founders tell their directories", |cluster| {
        let found = Quorum::told_by(cluster, 1)?.of("currentVoters");
        (1..=3).all(|id| found.contains(&(id, directory(cluster, id)))).then_some(found)
    });
    assert_eq!(founders.len(), 3);

    let four = cluster.join("controller");
    cluster.wait_for("it follows without a vote", |cluster| {
        let observers = Quorum::told_by(cluster, 1)?.of("observers");
        observers.contains(&(four, directory(cluster, four))).then_some(())
    });
    let (leader, _) = cluster.controller(1).expect("a leader");
    let killed = if leader == 3 { 2 } else { 3 };
    let by = (1..=3).find(|id| *id != killed && *id != leader).expect("another");
    cluster.kill(killed);
    let config = cluster.config_file(four).display().to_string();
    let add = ["--command-config", &config, "add-controller"];
    let added = quorum_tool(&mut tools, &cluster, by, &add);
    assert_eq!(added.code, 0, "{}{}\n{}", added.out, added.err, cluster.tail(leader));
    let words = format!(
        "Added controller {four} with directory id {} and endpoints: CONTROLLER://localhost:{}",
        directory(&cluster, four),
        cluster.node(four).controller_port
    );
    assert!(added.out.contains(&words), "{}", added.out);
    voters(&cluster, by, &[1, 2, 3, 4]);
    let twice = quorum_tool(&mut tools, &cluster, by, &add);
    assert!(twice.code == 1 && twice.err.contains("DuplicateVoterException"), "{}{}", twice.out, twice.err);
    cluster.run(killed);
    cluster.wait_ready(killed);

    // The active controller leaves; with the wrong directory it is not the one that was meant.
    let (leader, epoch) = cluster.wait_for("a leader", |cluster| cluster.controller(by));
    let (id, own) = (leader.to_string(), directory(&cluster, leader));
    let wrong = directory(&cluster, if leader == 1 { 2 } else { 1 });
    let remove = |dir: &str| ["remove-controller", "-i", &id, "-d", dir].map(str::to_owned);
    let refused = quorum_tool(&mut tools, &cluster, by, &remove(&wrong).each_ref().map(String::as_str));
    assert!(refused.code == 1 && refused.err.contains("VoterNotFoundException"), "{}{}", refused.out, refused.err);
    let removed = quorum_tool(&mut tools, &cluster, by, &remove(&own).each_ref().map(String::as_str));
    assert_eq!(removed.code, 0, "{}{}\n{}", removed.out, removed.err, cluster.tail(leader));
    let left: Vec<i32> = (1..=4).filter(|id| *id != leader).collect();
    let (next, _) = cluster
        .wait_for("another leads", |cluster| cluster.controller(by).filter(|(id, at)| *id != leader && *at > epoch));
    voters(&cluster, by, &left);

    // Three vote: one of them may be gone, whoever it is.
    cluster.kill(next);
    let alive = cluster.brokers().into_iter().find(|id| cluster.is_running(*id)).expect("a broker");
    cluster.create_topic_anyhow(alive, "between", 2, 2);
    cluster.run(next);
    if next != four {
        cluster.wait_ready(next);
    }

    // What is agreed on survives everybody's end, and so does who votes.
    for id in 1..=4 {
        cluster.kill(id);
    }
    for id in 1..=4 {
        cluster.run(id);
    }
    for id in 1..=3 {
        cluster.wait_ready(id);
    }
    voters(&cluster, 1, &left);
    let observers = Quorum::told_by(&cluster, 1).map(|quorum| quorum.of("observers")).unwrap_or_default();
    assert!(observers.iter().any(|(id, _)| *id == leader), "who was removed follows: {observers:?}");
    agreed(&cluster, &["before", "between"], complete(5));
    let described = quorum_tool(&mut tools, &cluster, 1, &["describe", "--replication"]);
    assert_eq!(described.code, 0, "{}", described.err);
    for id in 1..=4 {
        let line = described.out.lines().find(|line| line.starts_with(&format!("{id}"))).unwrap_or_default();
        assert!(line.contains(&directory(&cluster, id)), "{}", described.out);
    }

    // A broker that is gone for good is taken out.
    let (gone, at) = (leader, cluster.bootstrap());
    cluster.kill(gone);
    let unregister = ["unregister", "--bootstrap-server", &at, "--id", &gone.to_string()];
    let run = tools.run("kafka-cluster", &unregister, "");
    assert!(run.out.contains(&format!("Broker {gone} is no longer registered.")), "{}{}", run.out, run.err);
    let other = left.iter().copied().find(|id| *id != four).expect("a broker");
    let brokers = cluster.call(other, "DescribeCluster", 2, json!({"endpointType": 1, "includeFencedBrokers": true}));
    let ids: Vec<i64> =
        brokers["brokers"].as_array().into_iter().flatten().filter_map(|b| b["brokerId"].as_i64()).collect();
    assert!(ids.len() == 2 && !ids.contains(&i64::from(gone)), "{brokers}");
}

#[test]
fn a_voter_tells_where_it_listens() {
    let cluster = Cluster::start(&COMBINED, &[]);
    cluster.wait_for("the founders tell their directories", |cluster| {
        let found = Quorum::told_by(cluster, 1)?.of("currentVoters");
        (1..=3).all(|id| found.contains(&(id, directory(cluster, id)))).then_some(())
    });
    let (leader, epoch) = cluster.wait_for("a leader", |cluster| cluster.controller(1));
    let voter = leader % 3 + 1;
    let listens = |cluster: &Cluster, host: &str| {
        let quorum = Quorum::told_by(cluster, 1)?;
        let nodes = quorum.0["nodes"].as_array()?;
        let node = nodes.iter().find(|node| node["nodeId"] == voter)?;
        (node["listeners"][0]["host"] == host).then_some(())
    };
    let ask = |at: i32, epoch: i64, of: i32, name: &str, kraft: i16| {
        let mut wire = Wire::connect(cluster.node(at).controller_port).expect("it listens");
        let port = cluster.node(voter).controller_port;
        let body = json!({"clusterId": null, "currentLeaderEpoch": epoch, "voterId": voter,
            "voterDirectoryId": directory(&cluster, of), "listeners": [{"name": name, "host": "127.0.0.1", "port": port}],
            "kRaftVersionFeature": {"minSupportedVersion": 0, "maxSupportedVersion": kraft}});
        cluster.wait_for("no other change is under way", |cluster| {
            let answer = wire.call("UpdateRaftVoter", 0, body.clone()).expect("an answer");
            let now = &answer["currentLeader"];
            assert!(now["leaderId"] == leader && now["port"] == cluster.node(leader).controller_port, "{answer}");
            answer["errorCode"].as_i64().filter(|code| *code != REQUEST_TIMED_OUT)
        })
    };
    assert_eq!(ask(voter, epoch, voter, "CONTROLLER", 1), 6, "NOT_LEADER_OR_FOLLOWER");
    assert_eq!(ask(leader, epoch - 1, voter, "CONTROLLER", 1), 74, "FENCED_LEADER_EPOCH");
    assert_eq!(ask(leader, epoch + 1, voter, "CONTROLLER", 1), 75, "UNKNOWN_LEADER_EPOCH");
    assert_eq!(ask(leader, epoch, leader, "CONTROLLER", 1), 127, "VOTER_NOT_FOUND");
    assert_eq!(ask(leader, epoch, voter, "PLAINTEXT", 1), 42, "INVALID_REQUEST");
    assert_eq!(ask(leader, epoch, voter, "CONTROLLER", 0), 42, "INVALID_REQUEST");
    listens(&cluster, "localhost").expect("nothing has changed");
    assert_eq!(ask(leader, epoch, voter, "CONTROLLER", 1), 0);
    // It was not the voter who said so: it says where it really is.
    cluster.wait_for("the voter corrects it", |cluster| listens(cluster, "localhost"));
}
