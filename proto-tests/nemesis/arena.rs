//! A cluster under the load of three client libraries, to which faults happen, and what must be true after each.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::records::{self, Shown};
use crate::story::Story;
use crate::support::client::{Client, Library};
use crate::support::cluster::Cluster;
use crate::support::paths::Scratch;
use crate::support::{reader, record};
use crate::table;

/// The topic under load.
pub const TOPIC: &str = "numbers";
/// Its partitions.
pub const PARTITIONS: i32 = 3;
/// What the values of each client begin with.
const TAGS: [&str; 3] = ["java-", "librdkafka-", "franz-"];
/// What makes faults show soon.
pub const SETTINGS: [(&str, &str); 6] = [
    ("min.insync.replicas", "2"),
    ("broker.session.timeout.ms", "3000"),
    ("broker.heartbeat.interval.ms", "500"),
    ("replica.lag.time.max.ms", "2000"),
    ("offsets.topic.num.partitions", "4"),
    ("auto.create.topics.enable", "false"),
];
/// The error's code where nothing is moved that could be undone.
const NO_REASSIGNMENT_IN_PROGRESS: i64 = 85;
/// How long everything may take to be whole again after a fault.
const RECOVERY_LIMIT: Duration = Duration::from_secs(60);
/// How long the clients may take to begin: the very first time some of them compile what they run.
const BEGIN_LIMIT: Duration = Duration::from_secs(240);

/// How long the phases of a fault last: short ones, or as many seconds each as `OTTLA_FAULT_SECONDS` says.
#[derive(Clone, Copy)]
pub struct Spans {
    /// Before it.
    pub steady: Duration,
    /// How long it lasts.
    pub fault: Duration,
    /// After it.
    pub recovery: Duration,
    /// For how long a fault that is over at once happens again and again.
    again: Duration,
}

impl Spans {
    fn asked() -> Spans {
        match std::env::var("OTTLA_FAULT_SECONDS").map(|text| text.parse().expect("a number of seconds")) {
            Ok(seconds) => {
                let span = Duration::from_secs(seconds);
                Spans { steady: span, fault: span, recovery: span, again: span }
            }
            Err(_) => {
                let ms = Duration::from_millis;
                Spans { steady: ms(1500), fault: ms(5000), recovery: ms(1500), again: ms(0) }
            }
        }
    }
}

struct Loader {
    client: Client,
    tag: &'static str,
    sent: i64,
}

/// The cluster, its load and all that was heard.
pub struct Arena {
    /// The nodes.
    pub cluster: Cluster,
    /// How long phases last.
    pub spans: Spans,
    /// Where files go.
    pub scratch: Scratch,
    loaders: Vec<Loader>,
    story: Story,
    rounds: usize,
    /// Since when all replicas are in sync and nothing happened to anybody.
    undisturbed: Option<Instant>,
}

impl Arena {
    /// Starts the cluster that was planned, and the clients.
    pub fn start(mut cluster: Cluster) -> Arena {
        cluster.run_all();
        let brokers = cluster.brokers();
        cluster.create_topic_anyhow(brokers[0], TOPIC, PARTITIONS, brokers.len().min(3) as i32);
        let scratch = Scratch::new("nemesis");
        let bootstrap = cluster.bootstrap();
        let loader = |(library, tag)| {
            let client = Client::start(library, &bootstrap, scratch.path());
            Loader { client, tag, sent: 0 }
        };
        let loaders = [Library::Java, Library::Confluent, Library::Franz].into_iter().zip(TAGS).map(loader).collect();
        let spans = Spans::asked();
        let story = Story::new(&TAGS);
        let mut arena = Arena { cluster, spans, scratch, loaders, story, rounds: 0, undisturbed: None };
        arena.whole();
        arena
    }

    /// Waits until each client's first record of this round is there: the very first takes some of them long.
    fn wait_load(&self) {
        let leader = leader(&self.cluster, self.cluster.brokers()[0], TOPIC, 0);
        let first = |loader: &Loader| format!("{}{:012}", loader.tag, loader.sent).into_bytes();
        self.recover_within(BEGIN_LIMIT, "all clients produce", |cluster| {
            let bytes = records::log_bytes(&cluster.data(leader), TOPIC, 0);
            let has = |loader: &&Loader| memchr::memmem::find(&bytes, &first(loader)).is_none();
            self.loaders.iter().find(has).map(|loader| format!("{} has not begun", loader.tag))
        });
    }

    /// Lets the faults with these numbers happen under load. `act` brings them about, lasts as long as it is told, and takes them
    /// away; then everything becomes whole again, and everything is checked.
    pub fn faults(&mut self, numbers: &[u8], act: impl FnOnce(&mut Cluster, Duration)) {
        self.round(numbers, None::<fn(&mut Cluster, Duration)>, act);
    }

    /// The same for what is over at once: it happens until the time is up, each time to a cluster that is in sync. `act` is told
    /// how often it has happened before.
    pub fn repeated_faults(&mut self, numbers: &[u8], mut act: impl FnMut(&mut Cluster, usize)) {
        let span = self.spans.again;
        self.faults(numbers, |cluster, _| {
            let (began, mut times) = (Instant::now(), 0);
            while times == 0 || began.elapsed() < span {
                in_sync_again(cluster);
                act(cluster, times);
                times += 1;
            }
            println!("  {times} times in {:?}", began.elapsed());
        });
    }

    /// The same for what happens while nobody writes: the load comes after it.
    pub fn resting_faults(&mut self, numbers: &[u8], act: impl FnOnce(&mut Cluster, Duration)) {
        self.round(numbers, Some(act), |_, _| {});
    }

    fn round(
        &mut self,
        numbers: &[u8],
        at_rest: Option<impl FnOnce(&mut Cluster, Duration)>,
        act: impl FnOnce(&mut Cluster, Duration),
    ) {
        for number in numbers {
            println!("fault {number}: {}", table::of(*number).done);
        }
        let began = Instant::now();
        self.rounds += 1;
        self.recover("all partitions are led", not_in_sync);
        let stop = self.scratch.path().join(format!("stop-{}", self.rounds));
        // The minute in which it recovered from the fault before this one is the steady minute before this one.
        let steady = self.spans.steady.saturating_sub(self.undisturbed.map_or(Duration::ZERO, |since| since.elapsed()));
        match at_rest {
            Some(rest) => {
                std::thread::sleep(steady);
                rest(&mut self.cluster, self.spans.fault);
                self.whole();
                self.begin_load(&stop);
                self.wait_load();
            }
            None => {
                self.begin_load(&stop);
                self.wait_load();
                std::thread::sleep(steady);
            }
        }
        act(&mut self.cluster, self.spans.fault);
        let over = Instant::now();
        self.recover_within(self.spans.recovery + RECOVERY_LIMIT, "all replicas are in sync", not_in_sync);
        self.undisturbed = Some(Instant::now());
        println!("  all replicas are in sync after {:?}", over.elapsed());
        std::thread::sleep(self.spans.recovery.saturating_sub(over.elapsed()));
        self.recover("all replicas are still in sync", not_in_sync);
        std::fs::write(&stop, "").expect("the load is told to end");
        let sent = self.end_load();
        self.whole();
        self.check();
        println!("faults {numbers:?}: {sent} records sent, all checks hold, {:?}", began.elapsed());
    }

    fn files_of(&self, tag: &str) -> (std::path::PathBuf, std::path::PathBuf) {
        let file = |what: &str| self.scratch.path().join(format!("{tag}{what}-{}.jsonl", self.rounds));
        (file("acknowledged"), file("shown"))
    }

    fn begin_load(&mut self, stop: &std::path::Path) {
        for at in 0..self.loaders.len() {
            let (acknowledged, shown) = self.files_of(self.loaders[at].tag);
            let loader = &mut self.loaders[at];
            let mut command = json!({"op": "load", "topic": TOPIC, "partitions": PARTITIONS, "seconds": 1000, "pace": 150,
                "tag": loader.tag, "first": loader.sent, "stop": stop, "file": acknowledged, "patience_ms": 4000});
            if loader.client.library() != Library::Confluent {
                command["polls"] = json!(shown);
            }
            loader.client.send(command);
        }
    }

    fn end_load(&mut self) -> i64 {
        let before: i64 = self.loaders.iter().map(|loader| loader.sent).sum();
        for at in 0..self.loaders.len() {
            let (acknowledged, shown) = self.files_of(self.loaders[at].tag);
            let loader = &mut self.loaders[at];
            let answer = loader.client.answer().unwrap_or_else(|why| panic!("the load by {}: {why}", loader.tag));
            assert_eq!(answer["failed"], 0, "no record of an idempotent producer fails: {}{answer}", loader.tag);
            let sent = answer["sent"].as_i64().expect("a number");
            assert!(sent > 50, "the load by {} was no load: {answer}", loader.tag);
            loader.sent += sent;
            let heard = |file: &std::path::Path| record::read(file).into_iter().map(Shown::of).collect::<Vec<_>>();
            let acks = heard(&acknowledged);
            assert_eq!(acks.len() as i64, sent, "every record was acknowledged: {}{answer}", loader.tag);
            self.story.acknowledged(loader.tag, &acks);
            if loader.client.library() != Library::Confluent {
                let polled = heard(&shown);
                records::in_order(&polled, loader.tag);
                self.story.shown(&format!("{}reader-{}", loader.tag, self.rounds), &polled);
            }
        }
        self.loaders.iter().map(|loader| loader.sent).sum::<i64>() - before
    }

    /// Waits until every replica is in sync, is committed to its end and holds the same bytes as the others.
    pub fn whole(&mut self) {
        self.recover("all replicas are equal", departs);
    }

    fn recover(&self, what: &str, why_not: impl Fn(&Cluster) -> Option<String>) {
        self.recover_within(RECOVERY_LIMIT, what, why_not);
    }

    fn recover_within(&self, limit: Duration, what: &str, why_not: impl Fn(&Cluster) -> Option<String>) {
        let end = Instant::now() + limit;
        while let Some(why) = why_not(&self.cluster) {
            if Instant::now() > end {
                let logs: Vec<_> = self.cluster.ids().into_iter().map(|id| self.cluster.tail(id)).collect();
                panic!("{what}: not within {limit:?}: {why}\n{}", logs.join("\n"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// What is there now, against all that was ever acknowledged or shown.
    fn check(&mut self) {
        let any = self.cluster.brokers()[0];
        let mut seen: Vec<Shown> = Vec::new();
        for partition in 0..PARTITIONS {
            let leader = leader(&self.cluster, any, TOPIC, partition);
            let mut wire = self.cluster.wire(leader).expect("the leader listens");
            let contents = reader::read(&mut wire, TOPIC, partition, false);
            let values = records::values(&contents.bytes);
            assert!(values.iter().map(|(offset, _)| *offset).eq(0..contents.end), "partition {partition} has a hole");
            for loader in &self.loaders {
                let own: Vec<_> = values.iter().filter(|(_, value)| value.starts_with(loader.tag)).collect();
                let rising = own.windows(2).all(|w| w[0].1 < w[1].1);
                assert!(rising, "{} in {partition} is doubled or out of order", loader.tag);
            }
            let shown = |(offset, value)| Shown { partition: i64::from(partition), offset, value };
            seen.extend(values.into_iter().map(shown));
        }
        self.story.drained(&format!("judge-{}", self.rounds), &seen, PARTITIONS);
        let counts = self.story.check();
        let sent: i64 = self.loaders.iter().map(|loader| loader.sent).sum();
        assert_eq!((counts.sent as i64, counts.acked as i64), (sent, sent), "each number was sent and acknowledged");
        for id in self.cluster.ids() {
            let log = self.cluster.log_text(id);
            assert!(!log.contains("panicked"), "node {id} panicked\n{log}");
        }
    }
}

/// The brokers that lead a topic's partitions, as `id` tells; -1 where none does.
pub fn leaders(cluster: &Cluster, id: i32, topic: &str) -> Vec<i32> {
    partitions(cluster, id, topic).iter().map(|p| p["leaderId"].as_i64().unwrap_or(-1) as i32).collect()
}

/// The broker that leads a partition, as `id` tells: waited for.
pub fn leader(cluster: &Cluster, id: i32, topic: &str, partition: i32) -> i32 {
    cluster.wait_for("a leader", |cluster| {
        leaders(cluster, id, topic).get(partition as usize).copied().filter(|leader| *leader > 0)
    })
}

/// The replicas in sync of a partition, as `id` tells: waited for.
pub fn isr(cluster: &Cluster, id: i32, topic: &str, partition: i32) -> Vec<i64> {
    cluster.wait_for("an answer", |cluster| in_sync(cluster, id, topic).get(partition as usize).cloned())
}

/// The replicas in sync of each of a topic's partitions, as `id` tells.
pub fn in_sync(cluster: &Cluster, id: i32, topic: &str) -> Vec<Vec<i64>> {
    let ids = |p: &Value| p["isrNodes"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
    partitions(cluster, id, topic).iter().map(ids).collect()
}

/// What `id` tells of a topic's partitions, in order; nothing if it does not answer.
pub fn partitions(cluster: &Cluster, id: i32, topic: &str) -> Vec<Value> {
    let body = json!({"topics": [{"name": topic}], "allowAutoTopicCreation": false});
    let told = cluster.try_call(id, "Metadata", 12, body).unwrap_or_default();
    let mut partitions = told["topics"][0]["partitions"].as_array().cloned().unwrap_or_default();
    partitions.sort_by_key(|p| p["partitionIndex"].as_i64());
    partitions
}

/// Waits until `id` tells that none of the topic's partitions is led by `old`.
pub fn others_lead(cluster: &Cluster, id: i32, old: i32) {
    cluster.wait_for("others lead", |cluster| {
        let now = leaders(cluster, id, TOPIC);
        (now.len() == PARTITIONS as usize && !now.contains(&old) && !now.contains(&-1)).then_some(())
    });
}

/// Waits until every replica is in sync again: whoever is killed before that may take a partition's only leader along.
pub fn in_sync_again(cluster: &Cluster) {
    cluster.wait_for("all replicas are in sync", |cluster| not_in_sync(cluster).is_none().then_some(()));
}

/// Why not all replicas are in sync; nothing if they are.
fn not_in_sync(cluster: &Cluster) -> Option<String> {
    for id in &cluster.brokers() {
        let told = partitions(cluster, *id, TOPIC);
        let whole = |p: &Value| p["isrNodes"].as_array().map(Vec::len) == p["replicaNodes"].as_array().map(Vec::len);
        if told.len() != PARTITIONS as usize || !told.iter().all(whole) {
            return Some(format!("node {id} tells of {told:?}"));
        }
    }
    None
}

/// Why the cluster is not whole; nothing if it is.
fn departs(cluster: &Cluster) -> Option<String> {
    if let Some(why) = not_in_sync(cluster) {
        return Some(why);
    }
    let brokers = cluster.brokers();
    for (partition, told) in (0..PARTITIONS).zip(partitions(cluster, brokers[0], TOPIC)) {
        let replicas = told["replicaNodes"].as_array().cloned().unwrap_or_default();
        let replicas: Vec<i32> = replicas.iter().filter_map(Value::as_i64).map(|id| id as i32).collect();
        let logs: Vec<_> = replicas.iter().map(|id| records::log_bytes(&cluster.data(*id), TOPIC, partition)).collect();
        if logs.windows(2).any(|pair| pair[0] != pair[1]) {
            let lengths: Vec<_> = logs.iter().map(Vec::len).collect();
            return Some(format!("the replicas of {partition} differ: {lengths:?} bytes"));
        }
        let end = records::end_of(&logs[0]);
        for id in &replicas {
            let mark = high_watermark(cluster, *id, TOPIC, partition);
            if mark != Some(end) {
                return Some(format!("node {id} has {mark:?} of {partition} for committed, which ends at {end}"));
            }
        }
    }
    None
}

/// The high watermark as this very replica knows it.
pub fn high_watermark(cluster: &Cluster, id: i32, topic: &str, partition: i32) -> Option<i64> {
    let told = fetch(cluster, id, topic, partition, 0, 1)?;
    (told["errorCode"] == 0).then(|| told["highWatermark"].as_i64()).flatten()
}

/// What a replica shows to a reader that asks it and nobody else.
pub fn fetch(cluster: &Cluster, id: i32, topic: &str, partition: i32, offset: i64, bytes: i32) -> Option<Value> {
    let asked = json!({"partition": partition, "fetchOffset": offset, "partitionMaxBytes": bytes});
    let body = json!({"replicaId": -1, "maxWaitMs": 0, "minBytes": 0, "maxBytes": bytes, "isolationLevel": 0,
        "topics": [{"topic": topic, "partitions": [asked]}]});
    let answer = cluster.try_call(id, "Fetch", 11, body)?;
    Some(answer["responses"][0]["partitions"][0].clone())
}

/// Has the replicas of partition 0 be those, in this order; none undoes what is under way. The error's code.
///
/// Asked again for as long as nobody decides it, or it is not known whether it was decided: the controller may be what sleeps.
pub fn reassign(cluster: &Cluster, by: i32, topic: &str, wanted: Option<&[i32]>) -> i64 {
    let partition = json!({"partitionIndex": 0, "replicas": wanted});
    let body = json!({"timeoutMs": 3000, "topics": [{"name": topic, "partitions": [partition]}]});
    let mut again = false;
    cluster.wait_for("a reassignment is decided", |cluster| {
        let answer = cluster.try_call(by, "AlterPartitionReassignments", 0, body.clone()).unwrap_or_default();
        match answer["responses"][0]["partitions"][0]["errorCode"].as_i64() {
            // The first time it was undone, and that was not heard.
            Some(NO_REASSIGNMENT_IN_PROGRESS) if again && wanted.is_none() => Some(0),
            Some(code) => Some(code),
            None => {
                again = true;
                None
            }
        }
    })
}

/// Waits until a partition has exactly these replicas, in this order, all in sync.
pub fn wait_replicas(cluster: &Cluster, by: i32, topic: &str, partition: i32, replicas: &[i32]) {
    cluster.wait_for("the replicas are as wanted", |cluster| {
        let told = partitions(cluster, by, topic).get(partition as usize)?.clone();
        let mut isr = told["isrNodes"].as_array()?.clone();
        isr.sort_by_key(Value::as_i64);
        let mut wanted: Vec<Value> = replicas.iter().map(|id| json!(id)).collect();
        let same = told["replicaNodes"] == json!(wanted);
        wanted.sort_by_key(Value::as_i64);
        (same && isr == wanted).then_some(())
    });
}

/// Makes a topic of one partition with these replicas.
pub fn create_on(cluster: &Cluster, by: i32, topic: &str, replicas: &[i32], configs: &[(&str, &str)]) {
    let configs: Vec<Value> = configs.iter().map(|(key, value)| json!({"name": key, "value": value})).collect();
    let topic_of = json!({"name": topic, "numPartitions": -1, "replicationFactor": -1,
        "assignments": [{"partitionIndex": 0, "brokerIds": replicas}], "configs": configs});
    cluster.wait_for("the topic is made", |cluster| {
        let body = json!({"topics": [topic_of], "timeoutMs": 10_000, "validateOnly": false});
        let code = cluster.try_call(by, "CreateTopics", 7, body)?["topics"][0]["errorCode"].as_i64()?;
        [0, 36].contains(&code).then_some(())
    });
    cluster.wait_for("the topic is led", |cluster| (*leaders(cluster, by, topic).first()? > 0).then_some(()));
}

/// Has a record appended by whoever leads partition 0; its offset.
pub fn append(cluster: &Cluster, by: i32, topic: &str, value: &str) -> i64 {
    cluster.wait_for("a record is taken", |cluster| {
        let leader = *leaders(cluster, by, topic).first().filter(|id| **id > 0)?;
        match produce(cluster, leader, topic, 0, value, 5000)? {
            (0, offset) => Some(offset),
            _ => None,
        }
    })
}

/// Has a batch of one record appended by this broker: the error's code, and the offset.
pub fn produce(
    cluster: &Cluster,
    id: i32,
    topic: &str,
    partition: i32,
    value: &str,
    wait_ms: i32,
) -> Option<(i64, i64)> {
    use crate::support::wire::{Batch, now};
    let records = Batch::of(now(), &[value.as_bytes()]).base64();
    let body = json!({"transactionalId": null, "acks": -1, "timeoutMs": wait_ms,
        "topicData": [{"name": topic, "partitionData": [{"index": partition, "records": records}]}]});
    let mut wire = cluster.wire(id).ok()?;
    wire.set_timeout(Duration::from_millis(wait_ms as u64) + Duration::from_secs(20));
    let answer = wire.call("Produce", 9, body).ok()?;
    let told = &answer["responses"][0]["partitionResponses"][0];
    Some((told["errorCode"].as_i64()?, told["baseOffset"].as_i64()?))
}
