//! Takes out of an answer what may differ between two right servers: ids, times, places, words.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::support::record::crc;

/// What one server's answers are masked by.
pub struct Mask {
    start: i64,
    dir: String,
    topics: BTreeMap<String, String>,
}

const ZERO_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";

impl Mask {
    /// Times count from `start`; paths below `dir` are the server's own.
    pub fn new(start: i64, dir: &Path) -> Mask {
        Mask { start, dir: dir.display().to_string(), topics: BTreeMap::new() }
    }

    /// From now on `id` is the topic's name.
    pub fn learn(&mut self, id: &str, topic: &str) {
        self.topics.insert(id.to_string(), topic.to_string());
    }

    /// The answer without what may differ. Lists of objects become objects, so that order does not count.
    pub fn apply(&self, api: &str, answer: &Value) -> Value {
        self.value(api, "", answer)
    }

    fn value(&self, api: &str, field: &str, value: &Value) -> Value {
        match value {
            Value::Object(map) => {
                let own = |(k, v): (&String, &Value)| (k.clone(), self.value(api, k, v));
                let mut map: Map<String, Value> = map.iter().map(own).collect();
                // A configuration value that names a place of the server.
                let name = map.get("name").and_then(Value::as_str).unwrap_or_default();
                if map.contains_key("value")
                    && (name.ends_with("listeners")
                        || name == "controller.quorum.voters"
                        || name.ends_with(".host.name"))
                {
                    map.insert("value".to_string(), json!("<place>"));
                }
                Value::Object(map)
            }
            Value::Array(list) if list.first().is_some_and(Value::is_object) => {
                let mut keyed = Map::new();
                let mut list: Vec<Value> = list.iter().map(|one| self.value(api, field, one)).collect();
                if field == "members" {
                    // Without their ids nothing tells members apart but all of the rest.
                    list.sort_by_key(Value::to_string);
                }
                for masked in list {
                    let mut key = key_of(&masked);
                    while keyed.contains_key(&key) {
                        key.push('\'');
                    }
                    keyed.insert(key, masked);
                }
                Value::Object(keyed)
            }
            // A set in both servers.
            Value::Array(list)
                if field == "subscribedTopicNames" || (api, field) == ("DescribeTransactions", "partitions") =>
            {
                let mut list = list.clone();
                list.sort_by_key(Value::to_string);
                Value::Array(list)
            }
            Value::Array(list) => Value::Array(list.iter().map(|v| self.value(api, field, v)).collect()),
            Value::String(text) => self.text(field, text),
            Value::Number(n) => self.number(api, field, n.as_i64()).unwrap_or_else(|| value.clone()),
            other => other.clone(),
        }
    }

    fn text(&self, field: &str, text: &str) -> Value {
        match field {
            "errorMessage" | "batchIndexErrorMessage" | "documentation" => json!("<text>"),
            "memberId" | "leader" | "consumerId" => json!(without_uuid(text)),
            "clusterId" | "host" | "hmac" | "tokenId" => json!("<id>"),
            "topicId" | "replicaDirectoryId" if text == ZERO_ID => json!("<zero>"),
            "replicaDirectoryId" => json!("<id>"),
            "topicId" => json!(self.topics.get(text).map_or_else(|| "<id>".to_string(), |t| format!("<id of {t}>"))),
            "records" => records(&STANDARD.decode(text).unwrap_or_default(), self.start),
            _ => json!(text.replace(&self.dir, "<dir>")),
        }
    }

    fn number(&self, api: &str, field: &str, n: Option<i64>) -> Option<Value> {
        let n = n?;
        let hidden = match field {
            "port" | "sessionId" | "producerId" => n > 0,
            "producerIdStart" => n >= 0,
            "totalBytes" | "usableBytes" | "finalizedFeaturesEpoch" | "brokerEpoch" => n >= 0,
            "lastFetchTimestamp" | "lastCaughtUpTimestamp" | "lastTimestamp" | "logAppendTimeMs" => n > 0,
            "leaderEpoch" | "highWatermark" | "logEndOffset" if api == "DescribeQuorum" => n >= 0,
            "timestamp" => n > self.start - 100_000_000 && n < self.start + 100_000_000,
            "transactionStartTimeMs" => n > 0,
            "issueTimestampMs" | "expiryTimestampMs" | "maxTimestampMs" => n > 0,
            _ => false,
        };
        if !hidden {
            return None;
        }
        // The script's own times are kept as a distance; the server's own clock is not.
        let distance = n - self.start;
        Some(if field == "timestamp" && distance <= 0 && distance % 1000 == 0 {
            json!(format!("start{distance:+}"))
        } else {
            json!("<number>")
        })
    }
}

/// A member id that a server made: the client's id and a UUID.
fn without_uuid(text: &str) -> String {
    let uuid = |t: &str| t.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    match text.len().checked_sub(36).filter(|at| text.is_char_boundary(*at) && uuid(&text[*at..])) {
        Some(at) => format!("{}<uuid>", &text[..at]),
        None if text.len() == 22 => "<id>".to_string(),
        None => text.to_string(),
    }
}

fn key_of(value: &Value) -> String {
    let fields = [
        "batchIndex",
        "apiKey",
        "key",
        "groupId",
        "transactionalId",
        "name",
        "topicName",
        "topic",
        "resourceName",
        "partitionIndex",
        "partition",
        "partitionId",
        "nodeId",
        "brokerId",
        "index",
        "logDir",
    ];
    let mut key = String::new();
    for field in fields {
        match value.get(field) {
            Some(Value::String(s)) => key = s.clone(),
            Some(Value::Number(n)) => key = n.to_string(),
            _ => continue,
        }
        break;
    }
    if let (Some(epoch), Some(sequence)) = (value.get("producerEpoch"), value.get("lastSequence")) {
        key = format!("epoch {epoch} sequence {sequence}");
    }
    if let Some(user) = value.get("user").and_then(Value::as_str) {
        key = user.to_string();
    }
    if let (Some(kind), Some(name)) = (value.get("entityType"), value.get("entityName")) {
        key = format!("{kind} {name}");
    }
    if let Some(entity) = value.get("entity").and_then(Value::as_object) {
        key = entity.keys().cloned().collect::<Vec<_>>().join(" and ");
    }
    if let Some(kind) = value.get("resourceType") {
        key = format!("{kind}:{key}");
    }
    if key.is_empty()
        && let Some(Value::String(id)) = value.get("topicId")
    {
        key = id.clone();
    }
    key
}

/// Batches in the form that a reader sees: headers, and a checksum of the rest.
fn records(bytes: &[u8], start: i64) -> Value {
    let mut list = Vec::new();
    let mut rest = bytes;
    while rest.len() >= 61 {
        let i64_at = |at: usize| i64::from_be_bytes(rest[at..at + 8].try_into().expect("8 bytes"));
        let i32_at = |at: usize| i32::from_be_bytes(rest[at..at + 4].try_into().expect("4 bytes"));
        let i16_at = |at: usize| i16::from_be_bytes(rest[at..at + 2].try_into().expect("2 bytes"));
        let time = |at: usize| {
            let distance = i64_at(at) - start;
            if i64_at(at) == -1 {
                "none".to_string()
            } else if distance % 1000 == 0 {
                format!("start{distance:+}")
            } else {
                "<time>".to_string()
            }
        };
        let length = 12 + i32_at(8).max(0) as usize;
        let whole = &rest[..length.min(rest.len())];
        let crc_right = whole.len() == length
            && u32::from_be_bytes(whole[17..21].try_into().expect("4 bytes")) == crc(&whole[21..]);
        list.push(json!({
            "name": format!("batch {}", list.len()), "baseOffset": i64_at(0), "length": length, "leaderEpoch": i32_at(12), "magic": rest[16],
            "crcRight": crc_right, "attributes": i16_at(21), "lastOffsetDelta": i32_at(23), "baseTimestamp": time(27), "maxTimestamp": time(35),
            "producer": i64_at(43) >= 0, "producerEpoch": i16_at(51), "sequence": i32_at(53), "count": i32_at(57),
            "payload": format!("{:08x}", crc(&whole[61.min(whole.len())..])), "whole": whole.len() == length,
        }));
        rest = &rest[whole.len()..];
    }
    json!({"batches": list, "rest": rest.len()})
}

/// Where two masked answers differ: path, first, second.
pub fn differences(a: &Value, b: &Value) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    walk("", a, b, &mut found);
    found
}

fn walk(path: &str, a: &Value, b: &Value, found: &mut Vec<(String, String, String)>) {
    let absent = Value::String("<absent>".to_string());
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            let mut keys: Vec<&String> = x.keys().chain(y.keys()).collect();
            keys.sort();
            keys.dedup();
            for k in keys {
                let below = if path.is_empty() { k.clone() } else { format!("{path}.{k}") };
                walk(&below, x.get(k).unwrap_or(&absent), y.get(k).unwrap_or(&absent), found);
            }
        }
        (Value::Array(x), Value::Array(y)) if x.len() == y.len() => {
            for (i, (p, q)) in x.iter().zip(y).enumerate() {
                walk(&format!("{path}.{i}"), p, q, found);
            }
        }
        _ if a != b => found.push((path.to_string(), short(a), short(b))),
        _ => {}
    }
}

fn short(v: &Value) -> String {
    let text = v.to_string();
    if text.chars().count() > 160 { text.chars().take(160).chain("…".chars()).collect() } else { text }
}
