//! Sends the script's requests to one server and keeps the masked answers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::mask::Mask;
use crate::support::broker::Broker;
use crate::support::schema;
use crate::support::wire::{Wire, WireError};

/// One request of the script and what came of it, masked.
pub struct Step {
    /// API, version and what is asked.
    pub name: String,
    /// The decoded answer, or what happened instead.
    pub answer: Value,
}

/// One server under the script.
pub struct Driver {
    broker: Broker,
    port: u16,
    wire: Wire,
    mask: Mask,
    ids: BTreeMap<String, String>,
    steps: Vec<Step>,
    aside: Option<(Wire, String, i16, i32)>,
    /// The time that the script counts from, the same for both servers.
    pub start: i64,
}

/// No request of the script takes long, so silence is an answer after a short while.
fn connect(port: u16) -> Wire {
    let wire = Wire::connect(port).expect("the server accepts a connection");
    wire.set_timeout(std::time::Duration::from_secs(6));
    wire
}

/// A topic id that no topic has.
pub const NO_SUCH_ID: &str = "AAAAAAAAAAAAAAAAAAAABQ";

impl Driver {
    /// A driver for a started server.
    pub fn new(broker: Broker, start: i64) -> Driver {
        let port = broker.port;
        Driver::at(broker, port, start)
    }

    /// A driver for the listener of a started server's controller.
    pub fn of_controller(broker: Broker, start: i64) -> Driver {
        let port = broker.controller_port();
        Driver::at(broker, port, start)
    }

    fn at(broker: Broker, port: u16, start: i64) -> Driver {
        let wire = connect(port);
        let mask = Mask::new(start, broker.dir());
        Driver { broker, port, wire, mask, ids: BTreeMap::new(), steps: Vec::new(), aside: None, start }
    }

    /// The steps so far; the server ends.
    pub fn finish(mut self) -> Vec<Step> {
        self.broker.stop();
        self.steps
    }

    /// All final versions of an API.
    pub fn versions(api: &str) -> std::ops::RangeInclusive<i16> {
        let request = schema::request(api);
        request.valid.min..=(if request.unstable { request.valid.max - 1 } else { request.valid.max })
    }

    /// Its last final version.
    pub fn last(api: &str) -> i16 {
        *Driver::versions(api).end()
    }

    /// One request; the answer as it came, or null.
    pub fn step(&mut self, what: &str, api: &str, version: i16, body: Value) -> Value {
        let answer = self.wire.call(api, version, body);
        self.note(what, api, version, answer)
    }

    /// One request, whose answer is kept as `open` leaves it.
    pub fn opened(&mut self, what: &str, api: &str, version: i16, body: Value, open: impl FnOnce(&mut Value)) {
        let mut answer = self.wire.call(api, version, body);
        if let Ok(answer) = &mut answer {
            open(answer);
        }
        self.note(what, api, version, answer);
    }

    /// Where the server listens to clients.
    pub fn client_port(&self) -> u16 {
        self.broker.port
    }

    /// The same request at each version. The body is made for each.
    pub fn each(&mut self, what: &str, api: &str, body: impl Fn(&Driver, i16) -> Value) {
        for version in Driver::versions(api) {
            let body = body(self, version);
            self.step(what, api, version, body);
        }
    }

    /// A request whose body is given in bytes.
    pub fn bytes(&mut self, what: &str, api: &str, version: i16, body: &[u8]) {
        let answer = self.wire.send_body(api, version, body).and_then(|id| self.wire.receive(api, version, id));
        self.note(what, api, version, answer);
    }

    /// A request that gets no answer, then one that does on the same connection.
    pub fn silent(&mut self, what: &str, api: &str, version: i16, body: Value) {
        let sent = self.wire.send(api, version, body).map(|_| ());
        let answer =
            sent.and_then(|()| self.wire.call("ApiVersions", 0, json!({})).map(|a| json!({"next": a["errorCode"]})));
        self.note(what, api, version, answer);
    }

    /// Sends a request that waits for other requests, on a connection of its own, and lets it arrive.
    pub fn aside(&mut self, api: &str, version: i16, body: Value) {
        let mut wire = connect(self.port);
        if let Ok(id) = wire.send(api, version, body) {
            self.aside = Some((wire, api.to_string(), version, id));
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }

    /// The answer to the request sent aside.
    pub fn collect(&mut self, what: &str) -> Value {
        let Some((mut wire, api, version, id)) = self.aside.take() else { return Value::Null };
        let answer = wire.receive(&api, version, id);
        self.note(what, &api, version, answer)
    }

    /// Waits until the coordinator of a group is there.
    pub fn coordinator(&mut self, group: &str) {
        for _ in 0..1000 {
            let found = self.wire.call("FindCoordinator", 3, json!({"key": group, "keyType": 0})).unwrap_or_default();
            let list = self.wire.call("ListGroups", 0, json!({})).unwrap_or_default();
            let kept = json!({"groupId": group, "topics": []});
            let kept = self.wire.call("OffsetFetch", 5, kept).unwrap_or_default();
            if [found, list, kept].iter().all(|answer| answer["errorCode"] == json!(0)) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        eprintln!("{:?}: no coordinator", self.broker.kind);
    }

    /// Waits until the coordinator of a transactional id is there.
    pub fn transaction_coordinator(&mut self, id: &str) {
        for _ in 0..1000 {
            let found = self.wire.call("FindCoordinator", 3, json!({"key": id, "keyType": 1})).unwrap_or_default();
            let list = self.wire.call("ListTransactions", 0, json!({})).unwrap_or_default();
            if found["errorCode"] == json!(0) && list["errorCode"] == json!(0) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        eprintln!("{:?}: no transaction coordinator", self.broker.kind);
    }

    /// Waits until all markers of a transaction that was ended are written.
    pub fn transaction_over(&mut self, id: &str) {
        for _ in 0..500 {
            let body = json!({"transactionalIds": [id]});
            let described = self.wire.call("DescribeTransactions", 0, body).unwrap_or_default();
            let state = described["transactionStates"][0]["transactionState"].as_str().unwrap_or_default();
            if !state.starts_with("Prepare") {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        eprintln!("{:?}: the transaction of {id} does not end", self.broker.kind);
    }

    /// A whole frame in bytes and the raw answer.
    pub fn frame(&mut self, what: &str, frame: &[u8]) {
        let answer = self.wire.send_bytes(frame).and_then(|()| self.wire.receive_frame());
        let answer =
            answer.map(|f| json!({"frame": f.iter().take(10).map(|b| format!("{b:02x}")).collect::<String>()}));
        self.note(what, "frame", 0, answer);
    }

    fn note(&mut self, what: &str, api: &str, version: i16, answer: Result<Value, WireError>) -> Value {
        let name = format!("{api} v{version} {what}");
        let (raw, shown) = match answer {
            Ok(raw) => {
                let masked = self.mask.apply(api, &raw);
                (raw, masked)
            }
            Err(e) => {
                if e == WireError::Timeout {
                    eprintln!("{:?}: no answer to {name}", self.broker.kind);
                }
                self.wire = connect(self.port);
                (Value::Null, json!({"failed": e.to_string()}))
            }
        };
        self.steps.push(Step { name, answer: shown });
        raw
    }

    /// Makes a topic that later steps use, without a step of its own, and learns its id.
    pub fn topic(&mut self, name: &str, partitions: i32, configs: &[(&str, &str)]) {
        let configs: Vec<Value> = configs.iter().map(|(k, v)| json!({"name": k, "value": v})).collect();
        let topic = json!({"name": name, "numPartitions": partitions, "replicationFactor": 1, "configs": configs});
        let answer = self.wire.call("CreateTopics", 7, json!({"topics": [topic], "timeoutMs": 10000}));
        if answer.as_ref().map(|a| a["topics"][0]["errorCode"] == json!(0)) != Ok(true) {
            eprintln!("{:?}: topic {name}: {answer:?}", self.broker.kind);
            self.wire = connect(self.port);
        }
        self.settle(name, partitions);
    }

    /// Waits until all partitions of a topic have a leader, and learns its id.
    pub fn settle(&mut self, name: &str, partitions: i32) {
        for _ in 0..200 {
            let body = json!({"topics": [{"name": name}], "allowAutoTopicCreation": false});
            if let Ok(answer) = self.wire.call("Metadata", 12, body) {
                let topic = &answer["topics"][0];
                let ready = topic["partitions"]
                    .as_array()
                    .is_some_and(|p| p.len() as i32 >= partitions && p.iter().all(|p| p["errorCode"] == json!(0)));
                if ready {
                    if !self.leads(name, partitions) {
                        std::thread::sleep(std::time::Duration::from_millis(10));
                        continue;
                    }
                    let id = topic["topicId"].as_str().unwrap_or_default().to_string();
                    self.mask.learn(&id, name);
                    self.ids.insert(name.to_string(), id);
                    return;
                }
            } else {
                self.wire = connect(self.port);
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        eprintln!("{:?}: topic {name} does not settle", self.broker.kind);
    }

    /// Whether the broker itself knows by now that it leads the partitions.
    fn leads(&mut self, name: &str, partitions: i32) -> bool {
        let list: Vec<Value> = (0..partitions).map(|p| json!({"partitionIndex": p, "timestamp": -1})).collect();
        let body = json!({"replicaId": -1, "topics": [{"name": name, "partitions": list}]});
        let answer = self.wire.call("ListOffsets", 5, body).unwrap_or_default();
        let partitions = answer["topics"][0]["partitions"].as_array();
        partitions.is_some_and(|p| p.iter().all(|p| p["errorCode"] == json!(0)))
    }

    /// A new producer id; the first one that a server gives may take a moment.
    pub fn producer_id(&mut self) -> i64 {
        for _ in 0..200 {
            let body = json!({"transactionalId": null, "transactionTimeoutMs": 60000});
            match self.wire.call("InitProducerId", 4, body) {
                Ok(a) if a["errorCode"] == json!(0) => return a["producerId"].as_i64().unwrap_or(-1),
                Ok(_) => std::thread::sleep(std::time::Duration::from_millis(10)),
                Err(_) => self.wire = connect(self.port),
            }
        }
        -1
    }

    /// Has the server create a topic by asking for it, and waits for it.
    pub fn settle_by_asking(&mut self, name: &str) {
        let body = json!({"topics": [{"name": name}], "allowAutoTopicCreation": true});
        if self.wire.call("Metadata", 12, body).is_err() {
            self.wire = connect(self.port);
        }
        self.settle(name, 1);
    }

    /// Waits until a topic is gone.
    pub fn gone(&mut self, name: &str) {
        for _ in 0..200 {
            let body = json!({"topics": [{"name": name}], "allowAutoTopicCreation": false});
            match self.wire.call("Metadata", 12, body) {
                Ok(answer) if answer["topics"][0]["errorCode"] == json!(3) => return,
                Ok(_) => {}
                Err(_) => self.wire = connect(self.port),
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    /// The id of a topic made by `topic`, or one that no topic has.
    pub fn id(&self, topic: &str) -> String {
        self.ids.get(topic).cloned().unwrap_or_else(|| NO_SUCH_ID.to_string())
    }

    /// The server's log directory.
    pub fn log_dir(&self) -> String {
        self.broker.data().display().to_string()
    }
}
