//! What brokers ask of the active controller, on the controllers' listener: registration, heartbeats, in-sync sets, producer ids,
//! directories; and envelopes. The script plays brokers 2 and 3 beside the real broker 1.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::driver::{Driver, NO_SUCH_ID};
use crate::support::schema;
use crate::support::wire::request_frame;

/// A session longer than the script: who plays a broker must not be fenced for its silence.
pub const PATIENT: [(&str, &str); 1] = [("broker.session.timeout.ms", "120000")];

const FEATURES: [(&str, i16, i16); 7] = [
    ("metadata.version", 7, 30),
    ("kraft.version", 0, 1),
    ("transaction.version", 0, 2),
    ("group.version", 0, 1),
    ("eligible.leader.replicas.version", 0, 1),
    ("share.version", 0, 1),
    ("streams.version", 0, 1),
];
/// Far beyond what is committed.
const CAUGHT_UP: i64 = 1_000_000;
/// `User` and `ANONYMOUS`, as Kafka's own principal builder writes them.
const ANONYMOUS: &[u8] = b"\0\0\x05User\x0aANONYMOUS\0\0";
const LOCALHOST: &[u8] = &[127, 0, 0, 1];

/// An id of sixteen equal bytes.
fn id(byte: u8) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode([byte; 16])
}

struct Script<'a> {
    d: &'a mut Driver,
    cluster: String,
}

/// The whole script.
pub fn script(d: &mut Driver) {
    d.each("", "ApiVersions", |_, _| json!({"clientSoftwareName": "proto-tests", "clientSoftwareVersion": "1.0"}));
    let cluster = d.step("", "DescribeCluster", 1, json!({"endpointType": 2}))["clusterId"]
        .as_str()
        .unwrap_or_default()
        .to_string();
    let mut script = Script { d, cluster };
    script.refused_registrations();
    let second = script.registrations();
    let third = script.register("the third", 3);
    script.heartbeats(second);
    script.beat("the third wakes up", third, 3, json!({}));
    let topic = script.topic();
    script.in_sync_sets(&topic, second, third);
    script.producer_ids(second);
    script.directories(&topic, second);
    script.envelopes(second);
    script.ends(second, third);
}

impl Script<'_> {
    fn registration(&self, broker: i32, incarnation: u8) -> Value {
        let features: Vec<Value> = FEATURES
            .iter()
            .map(|(name, min, max)| json!({"name": name, "minSupportedVersion": min, "maxSupportedVersion": max}))
            .collect();
        // The port of somebody who listens: nobody is to find that the broker is not there.
        let port = self.d.client_port();
        json!({"brokerId": broker, "clusterId": self.cluster, "incarnationId": id(incarnation), "features": features,
            "listeners": [{"name": "PLAINTEXT", "host": "localhost", "port": port as i16, "securityProtocol": 0}],
            "rack": null, "logDirs": [id(10 + broker as u8)], "previousBrokerEpoch": -1})
    }

    fn try_register(&mut self, what: &str, broker: i32, change: impl Fn(&mut Value)) -> Value {
        let mut body = self.registration(broker, 100);
        change(&mut body);
        self.d.step(what, "BrokerRegistration", 4, body)
    }

    fn refused_registrations(&mut self) {
        let body = self.registration(2, 100);
        self.d.each("in another cluster", "BrokerRegistration", |_, _| {
            let mut body = body.clone();
            body["clusterId"] = json!("another");
            body
        });
        for version in [0, 1] {
            self.d.step("before there were log directories", "BrokerRegistration", version, body.clone());
        }
        self.d.step("from ZooKeeper", "BrokerRegistration", 4, {
            let mut body = body.clone();
            body["isMigratingZkBroker"] = json!(true);
            body
        });
        self.try_register("no log directory", 2, |body| body["logDirs"] = json!([]));
        self.try_register("a reserved log directory", 2, |body| body["logDirs"] = json!(["AAAAAAAAAAAAAAAAAAAAAQ"]));
        self.try_register("a log directory twice", 2, |body| body["logDirs"] = json!([id(12), id(12)]));
        let without = |name: &'static str| {
            move |body: &mut Value| {
                body["features"].as_array_mut().expect("features").retain(|feature| feature["name"] != json!(name));
            }
        };
        self.try_register("no metadata version", 2, without("metadata.version"));
        self.try_register("no transaction version", 2, without("transaction.version"));
        self.try_register("an old metadata version", 2, |body| body["features"][0]["maxSupportedVersion"] = json!(8));
        self.try_register("a feature of tomorrow", 2, |body| {
            let feature = json!({"name": "of.tomorrow", "minSupportedVersion": 1, "maxSupportedVersion": 2});
            body["features"].as_array_mut().expect("features").push(feature);
        });
    }

    fn register(&mut self, what: &str, broker: i32) -> i64 {
        let body = self.registration(broker, broker as u8);
        self.d.step(what, "BrokerRegistration", 4, body)["brokerEpoch"].as_i64().unwrap_or(-9)
    }

    /// Broker 2 is registered, and what follows from that for others.
    fn registrations(&mut self) -> i64 {
        let epoch = self.register("the second", 2);
        let again = self.register("the second once more", 2);
        assert_eq!(epoch, again, "the same process keeps its epoch");
        self.beat("the second wakes up", epoch, 2, json!({}));
        self.try_register("another process while the second lives", 2, |body| body["logDirs"] = json!([id(99)]));
        let stolen = self.try_register("with the second's log directory", 4, |body| body["logDirs"] = json!([id(12)]));
        assert_ne!(stolen["errorCode"], json!(0));
        epoch
    }

    fn beat(&mut self, what: &str, epoch: i64, broker: i32, more: Value) -> Value {
        self.beat_at(what, epoch, broker, more, 2)
    }

    fn beat_at(&mut self, what: &str, epoch: i64, broker: i32, more: Value, version: i16) -> Value {
        let mut body = json!({"brokerId": broker, "brokerEpoch": epoch, "currentMetadataOffset": CAUGHT_UP,
            "wantFence": false, "wantShutDown": false, "offlineLogDirs": [], "cordonedLogDirs": null});
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        self.d.step(what, "BrokerHeartbeat", version, body)
    }

    fn heartbeats(&mut self, epoch: i64) {
        for version in Driver::versions("BrokerHeartbeat") {
            self.beat_at("of an earlier registration", epoch - 1, 2, json!({}), version);
            self.beat_at("of nobody", epoch, 8, json!({}), version);
            self.beat_at("wants to be fenced", epoch, 2, json!({"wantFence": true}), version);
            self.beat_at("has not caught up", epoch, 2, json!({"currentMetadataOffset": 0}), version);
            self.beat_at("has caught up", epoch, 2, json!({}), version);
        }
        self.beat("cordons nothing", epoch, 2, json!({"cordonedLogDirs": []}));
        self.beat("cordons its directory", epoch, 2, json!({"cordonedLogDirs": [id(12)]}));
        let topic =
            json!({"topics": [{"name": "crowded", "numPartitions": 1, "replicationFactor": 3}], "timeoutMs": 10000});
        self.d.step("nobody may take the third replica", "CreateTopics", 7, topic);
        self.beat("cordons nothing more", epoch, 2, json!({"cordonedLogDirs": []}));
    }

    /// Two partitions on brokers 2 and 3, led by 2, and one on 1 alone.
    fn topic(&mut self) -> String {
        let partition = |index: i32, replicas: &[i32]| json!({"partitionIndex": index, "brokerIds": replicas});
        let topic = json!({"name": "led", "numPartitions": -1, "replicationFactor": -1,
            "assignments": [partition(0, &[2, 3]), partition(1, &[2, 3])]});
        let made = self.d.step("led by the second", "CreateTopics", 7, json!({"topics": [topic], "timeoutMs": 10000}));
        let topic = json!({"name": "elsewhere", "numPartitions": -1, "replicationFactor": -1,
            "assignments": [partition(0, &[1])]});
        self.d.step("led by the first", "CreateTopics", 7, json!({"topics": [topic], "timeoutMs": 10000}));
        made["topics"][0]["topicId"].as_str().unwrap_or(NO_SUCH_ID).to_string()
    }

    #[allow(clippy::too_many_arguments)]
    fn wish(
        &mut self,
        what: &str,
        who: (i32, i64),
        topic: &str,
        at: (i32, i64, i64),
        isr: &[(i32, i64)],
        recovering: bool,
    ) -> Value {
        let (partition, leader_epoch, partition_epoch) = at;
        let mut last = Value::Null;
        for version in Driver::versions("AlterPartition") {
            let mut wanted = json!({"partitionIndex": partition, "leaderEpoch": leader_epoch,
                "partitionEpoch": partition_epoch, "leaderRecoveryState": i32::from(recovering)});
            let ids: Vec<i32> = isr.iter().map(|(id, _)| *id).collect();
            let members: Vec<Value> =
                isr.iter().map(|(id, epoch)| json!({"brokerId": id, "brokerEpoch": epoch})).collect();
            wanted["newIsr"] = json!(ids);
            wanted["newIsrWithEpochs"] = json!(members);
            let body = json!({"brokerId": who.0, "brokerEpoch": who.1,
                "topics": [{"topicId": topic, "partitions": [wanted]}]});
            last = self.d.step(what, "AlterPartition", version, body);
        }
        last
    }

    fn in_sync_sets(&mut self, topic: &str, second: i64, third: i64) {
        let (leader, both) = ((2, second), [(2, second), (3, third)]);
        let alone = [(2, second)];
        self.d.each(
            "of nobody for nothing",
            "AlterPartition",
            |_, _| json!({"brokerId": 8, "brokerEpoch": 0, "topics": []}),
        );
        self.wish("an earlier registration", (2, second - 1), topic, (0, 0, 0), &alone, false);
        self.wish("nobody", (8, second), topic, (0, 0, 0), &alone, false);
        self.wish("an unknown topic", leader, NO_SUCH_ID, (0, 0, 0), &alone, false);
        self.wish("the zero topic", leader, "AAAAAAAAAAAAAAAAAAAAAA", (0, 0, 0), &alone, false);
        self.wish("an unknown partition", leader, topic, (7, 0, 0), &alone, false);
        self.wish("an earlier leader epoch", leader, topic, (0, -1, 0), &alone, false);
        self.wish("a later leader epoch", leader, topic, (0, 1, 0), &alone, false);
        self.wish("an earlier partition epoch", leader, topic, (0, 0, -1), &alone, false);
        self.wish("a later partition epoch", leader, topic, (0, 0, 1), &alone, false);
        self.wish("who does not lead", (3, third), topic, (0, 0, 0), &both, false);
        self.wish("an empty set", leader, topic, (0, 0, 0), &[], false);
        self.wish("a set without the leader", leader, topic, (0, 0, 0), &[(3, third)], false);
        self.wish("a member twice", leader, topic, (0, 0, 0), &[(2, second), (2, second)], false);
        self.wish("a member that is no replica", leader, topic, (0, 0, 0), &[(2, second), (1, -1)], false);
        self.wish("recovering, which it is not", leader, topic, (0, 0, 0), &alone, true);
        self.wish("recovering with another", leader, topic, (0, 0, 0), &both, true);
        self.wish("what it is", leader, topic, (0, 0, 0), &both, false);
        // The first of the two versions shrinks it, the second finds another partition epoch.
        self.wish("the leader alone", leader, topic, (0, 0, 0), &alone, false);
        self.wish("an earlier life of the follower", leader, topic, (0, 0, 1), &[(2, second), (3, third - 1)], false);
        self.wish("the follower again", leader, topic, (0, 0, 1), &both, false);
        self.wish("a follower of no known life", leader, topic, (0, 0, 2), &[(2, second), (3, -1)], false);
        self.d.step("many at once", "AlterPartition", 3, {
            let wanted = |partition: i32, epoch: i64| {
                json!({"partitionIndex": partition, "leaderEpoch": 0, "partitionEpoch": epoch,
                    "newIsrWithEpochs": [{"brokerId": 2, "brokerEpoch": second}]})
            };
            json!({"brokerId": 2, "brokerEpoch": second, "topics": [
                {"topicId": NO_SUCH_ID, "partitions": [wanted(0, 0), wanted(1, 0)]},
                {"topicId": topic, "partitions": [wanted(1, 0), wanted(9, 0)]}]})
        });
        self.beat("the third is fenced", third, 3, json!({"wantFence": true}));
        for epoch in [0, 1, 2, 3] {
            self.wish("a fenced follower", leader, topic, (1, 0, epoch), &both, false);
        }
    }

    fn producer_ids(&mut self, second: i64) {
        let mut ask = |what: &str, id: i32, epoch: i64| {
            self.d.step(what, "AllocateProducerIds", 0, json!({"brokerId": id, "brokerEpoch": epoch}))
        };
        ask("an earlier registration", 2, second - 1);
        ask("nobody", 8, second);
        let first = ask("a block", 2, second)["producerIdStart"].as_i64();
        let next = ask("the next", 2, second)["producerIdStart"].as_i64();
        assert_eq!(first.map(|first| first + 1000), next, "blocks follow each other");
    }

    fn directories(&mut self, topic: &str, second: i64) {
        let mut tell = |what: &str, who: (i32, i64), directory: &str, topics: &[(&str, &[i32])]| {
            let topic = |(id, partitions): &(&str, &[i32])| {
                let partitions: Vec<Value> = partitions.iter().map(|index| json!({"partitionIndex": index})).collect();
                json!({"topicId": id, "partitions": partitions})
            };
            let topics: Vec<Value> = topics.iter().map(topic).collect();
            let body =
                json!({"brokerId": who.0, "brokerEpoch": who.1, "directories": [{"id": directory, "topics": topics}]});
            self.d.step(what, "AssignReplicasToDirs", 0, body);
        };
        let own = id(12);
        tell("an earlier registration", (2, second - 1), &own, &[(topic, &[0])]);
        tell("nobody", (8, second), &own, &[(topic, &[0])]);
        tell("nothing", (2, second), &own, &[]);
        tell("known and unknown", (2, second), &own, &[(topic, &[0, 9, 1]), (NO_SUCH_ID, &[0])]);
        tell("once more", (2, second), &own, &[(topic, &[1])]);
    }

    /// An envelope around a request in these bytes; what came back in it, decoded.
    fn wrapped(
        &mut self,
        what: &str,
        request: &[u8],
        principal: Option<&[u8]>,
        address: &[u8],
        inside: Option<(&str, i16)>,
    ) {
        let body = json!({"requestData": STANDARD.encode(request), "requestPrincipal": principal.map(|p| STANDARD.encode(p)),
            "clientHostAddress": STANDARD.encode(address)});
        self.d.opened(what, "Envelope", 0, body, |answer| {
            let bytes = answer["responseData"].as_str().and_then(|text| STANDARD.decode(text).ok());
            let (Some(bytes), Some((api, version))) = (bytes, inside) else { return };
            let message = schema::response(api);
            let head = if message.is_flexible(version) { 5 } else { 4 };
            answer["correlationId"] = json!(bytes.get(..4));
            answer["responseData"] =
                message.decode(version, bytes.get(head..).unwrap_or_default()).unwrap_or_else(|e| json!(e));
        });
    }

    fn envelopes(&mut self, second: i64) {
        let embedded = |api: &str, version: i16, body: &[u8]| {
            let message = schema::request(api);
            request_frame(message.key, version, message.is_flexible(version), 77, "inner", body)[4..].to_vec()
        };
        let request =
            |api: &str, version: i16, body: Value| embedded(api, version, &schema::request(api).encode(version, &body));
        let topic = json!({"topics": [{"name": "enveloped", "numPartitions": 2, "replicationFactor": 1}],
            "timeoutMs": 10000, "validateOnly": true});
        for version in Driver::versions("CreateTopics") {
            let inner = request("CreateTopics", version, topic.clone());
            self.wrapped("a topic to be checked", &inner, Some(ANONYMOUS), LOCALHOST, Some(("CreateTopics", version)));
        }
        let good = request("CreateTopics", 7, topic.clone());
        self.wrapped("from an address of sixteen bytes", &good, Some(ANONYMOUS), &[0; 16], Some(("CreateTopics", 7)));
        self.wrapped("from an address of three bytes", &good, Some(ANONYMOUS), &[1, 2, 3], None);
        self.wrapped("from nowhere", &good, Some(ANONYMOUS), &[], None);
        self.wrapped("for nobody", &good, None, LOCALHOST, None);
        self.wrapped("for a principal of tomorrow", &good, Some(b"\0\x01\x05User\x0aANONYMOUS\0\0"), LOCALHOST, None);
        self.wrapped("for a principal cut short", &good, Some(&ANONYMOUS[..9]), LOCALHOST, None);
        self.wrapped("for nobody from nowhere", &good, None, &[], None);
        self.wrapped("nothing", &[], Some(ANONYMOUS), LOCALHOST, None);
        self.wrapped("a header cut short", &good[..7], Some(ANONYMOUS), LOCALHOST, None);
        self.wrapped("an unknown API", b"\x03\xe7\0\0\0\0\0\x01\0\0", Some(ANONYMOUS), LOCALHOST, None);
        self.wrapped("a body cut short", &good[..good.len() - 4], Some(ANONYMOUS), LOCALHOST, None);
        let old = embedded("CreateTopics", 1, &[0; 9]);
        self.wrapped("a version that is gone", &old, Some(ANONYMOUS), LOCALHOST, None);
        for (api, version) in [("Metadata", 12), ("ApiVersions", 3), ("DescribeCluster", 1), ("BrokerHeartbeat", 1)] {
            let inner = embedded(api, version, &[]);
            self.wrapped(&format!("{api}, which nobody forwards"), &inner, Some(ANONYMOUS), LOCALHOST, None);
        }
        let envelope = json!({"requestData": STANDARD.encode(&good), "requestPrincipal": STANDARD.encode(ANONYMOUS),
            "clientHostAddress": STANDARD.encode(LOCALHOST)});
        let inner = request("Envelope", 0, envelope);
        self.wrapped("an envelope", &inner, Some(ANONYMOUS), LOCALHOST, None);
        let list = request("ListPartitionReassignments", 0, json!({"timeoutMs": 1000, "topics": null}));
        self.wrapped("moves", &list, Some(ANONYMOUS), LOCALHOST, Some(("ListPartitionReassignments", 0)));
        let ids = request("AllocateProducerIds", 0, json!({"brokerId": 2, "brokerEpoch": second}));
        self.wrapped("producer ids", &ids, Some(ANONYMOUS), LOCALHOST, Some(("AllocateProducerIds", 0)));
    }

    fn ends(&mut self, second: i64, third: i64) {
        self.beat("the third wakes up again", third, 3, json!({}));
        self.beat("the third wants to stop", third, 3, json!({"wantShutDown": true}));
        self.beat("the third has stopped and says so again", third, 3, json!({"wantShutDown": true}));
        self.d.step("the third goes for good", "UnregisterBroker", 0, json!({"brokerId": 3}));
        self.beat("the third is no more", third, 3, json!({}));
        self.d.step("the second goes for good", "UnregisterBroker", 0, json!({"brokerId": 2}));
        let next = self.register("another life of the second", 2);
        assert!(next > second, "an epoch of its own");
        self.try_register("without a listener", 5, |body| body["listeners"] = json!([]));
        self.beat("the second is replaced", second, 2, json!({}));
    }
}
