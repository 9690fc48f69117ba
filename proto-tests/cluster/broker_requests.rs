//! What brokers ask controllers for, asked of each of three: the active one answers, the others say that they are not, and nobody answers
//! it on a clients' listener.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::COMBINED;
use super::support::cluster::Cluster;
use super::support::schema;
use super::support::wire::{Wire, WireError, request_frame};

const NOT_CONTROLLER: i64 = 41;
const STALE_BROKER_EPOCH: i64 = 77;
/// Those of controllers alone that are served.
const OWN: [(i16, &str); 6] = [
    (56, "AlterPartition"),
    (58, "Envelope"),
    (62, "BrokerRegistration"),
    (63, "BrokerHeartbeat"),
    (67, "AllocateProducerIds"),
    (73, "AssignReplicasToDirs"),
];

fn enveloped() -> Value {
    let topic = json!({"name": "checked", "numPartitions": 1, "replicationFactor": 3});
    let body = json!({"topics": [topic], "timeoutMs": 10000, "validateOnly": true});
    let body = schema::request("CreateTopics").encode(7, &body);
    let request = request_frame(19, 7, true, 5, "inner", &body)[4..].to_vec();
    json!({"requestData": STANDARD.encode(request), "requestPrincipal": STANDARD.encode(b"\0\0\x05User\x03me\0\0"),
        "clientHostAddress": STANDARD.encode([127, 0, 0, 1])})
}

#[test]
fn only_the_active_controller_answers_brokers() {
    let cluster = Cluster::start(&COMBINED, &[]);
    let (leader, _) = cluster.wait_for("a controller that all agree on", |cluster| {
        let told: Vec<_> = cluster.ids().into_iter().map(|id| cluster.controller(id)).collect();
        told[0].filter(|_| told.windows(2).all(|pair| pair[0] == pair[1]))
    });
    for id in cluster.ids() {
        let mut wire = Wire::connect(cluster.node(id).controller_port).expect("the listener stands");
        let mut ask = |api: &str, body: Value| {
            let answer = wire.call(api, 0, body).expect("an answer");
            answer["errorCode"].as_i64().expect("a code")
        };
        let stranger = json!({"brokerId": 99, "brokerEpoch": 1, "currentMetadataOffset": 1});
        let leads = id == leader;
        let expected = if leads { STALE_BROKER_EPOCH } else { NOT_CONTROLLER };
        assert_eq!(ask("BrokerHeartbeat", stranger.clone()), expected, "node {id}, {leader} leads");
        assert_eq!(ask("AllocateProducerIds", stranger), expected, "node {id}, {leader} leads");
        assert_eq!(ask("Envelope", enveloped()), if leads { 0 } else { NOT_CONTROLLER }, "node {id}, {leader} leads");
        let told = wire.call("ApiVersions", 0, json!({})).expect("an answer");
        let clients = cluster.call(id, "ApiVersions", 0, json!({}));
        let has = |answer: &Value, key: i16| {
            answer["apiKeys"].as_array().is_some_and(|keys| keys.iter().any(|one| one["apiKey"] == key))
        };
        for (key, api) in OWN {
            assert!(has(&told, key) && !has(&clients, key), "{api} at node {id}");
            let mut wire = cluster.wire(id).expect("the listener stands");
            let version = schema::request(api).valid.min;
            let refused = wire.call(api, version, json!({}));
            assert_eq!(refused, Err(WireError::Closed), "{api} on the clients' listener of node {id}");
        }
    }
}
