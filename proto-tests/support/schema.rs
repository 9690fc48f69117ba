//! Kafka's message schemas, read from the files inside the kafka-clients jar, as a codec between bytes and JSON.
//!
//! It knows no API by name and shares no code with the server, so a fault in the server's own tables or codec shows.
//! A struct is an object, `bytes` and `records` are base64, `uuid` is Kafka's own text. A field left out of an object is
//! its default; one that the version does not have is ignored on the way out and absent on the way in.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::paths;

/// A range of versions; `max` is `i16::MAX` for `n+`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Versions {
    /// First version.
    pub min: i16,
    /// Last version.
    pub max: i16,
}

impl Versions {
    fn parse(text: Option<&str>) -> Versions {
        let none = Versions { min: 0, max: -1 };
        match text {
            None | Some("none") => none,
            Some(t) => match (t.strip_suffix('+'), t.split_once('-')) {
                (Some(min), _) => Versions { min: number(min), max: i16::MAX },
                (None, Some((min, max))) => Versions { min: number(min), max: number(max) },
                (None, None) => Versions { min: number(t), max: number(t) },
            },
        }
    }

    /// Whether `v` is in it.
    pub fn has(self, v: i16) -> bool {
        self.min <= v && v <= self.max
    }
}

fn number(text: &str) -> i16 {
    text.parse().unwrap_or_else(|_| panic!("a version, not {text}"))
}

/// One field of a struct.
#[derive(Clone, Debug)]
pub struct Field {
    /// Name in camel case.
    pub name: String,
    /// `int32`, `[]string`, a struct's name, …
    pub kind: String,
    versions: Versions,
    nullable: Versions,
    tagged: Versions,
    flexible: Option<Versions>,
    tag: u32,
    default: Value,
}

/// One request or response.
pub struct Message {
    /// Number of its API.
    pub key: i16,
    /// Versions that a stable release serves.
    pub valid: Versions,
    /// Versions beyond, that are not final yet.
    pub unstable: bool,
    /// Whether brokers serve it.
    pub broker: bool,
    flexible: Versions,
    structs: BTreeMap<String, Vec<Field>>,
}

/// The root struct of a message.
const ROOT: &str = "";

impl Message {
    /// Whether this version has compact strings and tagged fields.
    pub fn is_flexible(&self, version: i16) -> bool {
        self.flexible.has(version)
    }

    /// The bytes of a message.
    pub fn encode(&self, version: i16, value: &Value) -> Vec<u8> {
        let mut out = Vec::new();
        self.put_struct(&mut out, ROOT, version, value);
        out
    }

    /// The message in these bytes, which must be used up.
    pub fn decode(&self, version: i16, bytes: &[u8]) -> Result<Value, String> {
        let mut input = Input { bytes };
        let value = self.get_struct(&mut input, ROOT, version)?;
        if input.bytes.is_empty() {
            Ok(value)
        } else {
            Err(format!("{} bytes too many; so far {value}", input.bytes.len()))
        }
    }

    fn put_struct(&self, out: &mut Vec<u8>, name: &str, version: i16, value: &Value) {
        let mut tagged: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
        for field in &self.structs[name] {
            if !field.versions.has(version) {
                continue;
            }
            let given = value.get(&field.name).unwrap_or(&field.default);
            if field.tagged.has(version) {
                if *given != field.default {
                    let mut bytes = Vec::new();
                    self.put(&mut bytes, field, &field.kind, version, given);
                    tagged.insert(field.tag, bytes);
                }
            } else {
                self.put(out, field, &field.kind, version, given);
            }
        }
        if self.flexible.has(version) {
            put_varint(out, tagged.len() as u64);
            for (tag, bytes) in tagged {
                put_varint(out, tag.into());
                put_varint(out, bytes.len() as u64);
                out.extend(bytes);
            }
        }
    }

    fn put(&self, out: &mut Vec<u8>, field: &Field, kind: &str, version: i16, value: &Value) {
        let compact = field.flexible.unwrap_or(self.flexible).has(version);
        if let Some(element) = kind.strip_prefix("[]") {
            let list = value.as_array();
            put_length(out, list.map(Vec::len), compact, 4);
            for one in list.into_iter().flatten() {
                self.put(out, field, element, version, one);
            }
            return;
        }
        let integer = || value.as_i64().unwrap_or_else(|| panic!("{} is a number, not {value}", field.name));
        match kind {
            "bool" => out.push(value.as_bool().unwrap_or(false).into()),
            "int8" => out.push(integer() as u8),
            "int16" | "uint16" => out.extend((integer() as i16).to_be_bytes()),
            "int32" | "uint32" => out.extend((integer() as i32).to_be_bytes()),
            "int64" => out.extend(integer().to_be_bytes()),
            "float64" => out.extend(value.as_f64().unwrap_or(0.0).to_be_bytes()),
            "uuid" => out.extend(uuid_bytes(value.as_str().unwrap_or_default())),
            "string" => {
                let text = value.as_str();
                put_length(out, text.map(str::len), compact, 2);
                out.extend(text.unwrap_or_default().bytes());
            }
            "bytes" | "records" => {
                let bytes = value.as_str().map(|t| STANDARD.decode(t).expect("base64"));
                put_length(out, bytes.as_ref().map(Vec::len), compact, 4);
                out.extend(bytes.unwrap_or_default());
            }
            name => {
                if field.nullable.has(version) && !field.kind.starts_with("[]") {
                    out.push(if value.is_null() { 0xff } else { 1 });
                    if value.is_null() {
                        return;
                    }
                }
                self.put_struct(out, name, version, value);
            }
        }
    }

    fn get_struct(&self, input: &mut Input<'_>, name: &str, version: i16) -> Result<Value, String> {
        let mut map = Map::new();
        for field in &self.structs[name] {
            if field.versions.has(version) {
                let value = if field.tagged.has(version) {
                    field.default.clone()
                } else {
                    self.get(input, field, &field.kind, version).map_err(|e| format!("{}: {e}", field.name))?
                };
                map.insert(field.name.clone(), value);
            }
        }
        if self.flexible.has(version) {
            let mut last = None;
            for _ in 0..input.varint()? {
                let tag = input.varint()? as u32;
                let length = input.varint()? as usize;
                let mut part = Input { bytes: input.take(length)? };
                if last.is_some_and(|l| l >= tag) {
                    return Err(format!("tag {tag} out of order"));
                }
                last = Some(tag);
                let fields = &self.structs[name];
                let Some(field) = fields.iter().find(|f| f.tagged.has(version) && f.tag == tag) else {
                    map.insert(format!("tag{tag}"), json!(STANDARD.encode(part.bytes)));
                    continue;
                };
                let value =
                    self.get(&mut part, field, &field.kind, version).map_err(|e| format!("{}: {e}", field.name))?;
                if !part.bytes.is_empty() {
                    return Err(format!("{}: {} bytes too many", field.name, part.bytes.len()));
                }
                map.insert(field.name.clone(), value);
            }
        }
        Ok(Value::Object(map))
    }

    fn get(&self, input: &mut Input<'_>, field: &Field, kind: &str, version: i16) -> Result<Value, String> {
        let compact = field.flexible.unwrap_or(self.flexible).has(version);
        if let Some(element) = kind.strip_prefix("[]") {
            let Some(count) = input.length(compact, 4)? else { return Ok(Value::Null) };
            let mut list = Vec::new();
            for _ in 0..count {
                list.push(self.get(input, field, element, version)?);
            }
            return Ok(Value::Array(list));
        }
        Ok(match kind {
            "bool" => json!(input.array::<1>()?[0] != 0),
            "int8" => json!(input.array::<1>()?[0] as i8),
            "int16" => json!(i16::from_be_bytes(input.array()?)),
            "uint16" => json!(u16::from_be_bytes(input.array()?)),
            "int32" => json!(i32::from_be_bytes(input.array()?)),
            "uint32" => json!(u32::from_be_bytes(input.array()?)),
            "int64" => json!(i64::from_be_bytes(input.array()?)),
            "float64" => json!(f64::from_be_bytes(input.array()?)),
            "uuid" => json!(URL_SAFE_NO_PAD.encode(input.array::<16>()?)),
            "string" => match input.length(compact, 2)? {
                None => Value::Null,
                Some(n) => json!(std::str::from_utf8(input.take(n)?).map_err(|e| e.to_string())?),
            },
            "bytes" | "records" => match input.length(compact, 4)? {
                None => Value::Null,
                Some(n) => json!(STANDARD.encode(input.take(n)?)),
            },
            name => {
                if field.nullable.has(version) && !field.kind.starts_with("[]") && input.array::<1>()?[0] as i8 == -1 {
                    return Ok(Value::Null);
                }
                self.get_struct(input, name, version)?
            }
        })
    }
}

/// 16 bytes from Kafka's text of a uuid; zeros from the empty text.
pub fn uuid_bytes(text: &str) -> [u8; 16] {
    if text.is_empty() {
        return [0; 16];
    }
    URL_SAFE_NO_PAD.decode(text).ok().and_then(|b| b.try_into().ok()).unwrap_or_else(|| panic!("a uuid, not {text}"))
}

/// An unsigned varint.
pub fn put_varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn put_length(out: &mut Vec<u8>, length: Option<usize>, compact: bool, width: usize) {
    match (compact, length) {
        (true, None) => out.push(0),
        (true, Some(n)) => put_varint(out, n as u64 + 1),
        (false, n) => {
            let n = n.map_or(-1, |n| n as i32).to_be_bytes();
            out.extend(&n[4 - width..]);
        }
    }
}

struct Input<'a> {
    bytes: &'a [u8],
}

impl<'a> Input<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], String> {
        if n > self.bytes.len() {
            return Err(format!("{n} bytes wanted, {} left", self.bytes.len()));
        }
        let (head, tail) = self.bytes.split_at(n);
        self.bytes = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        Ok(self.take(N)?.try_into().expect("N bytes"))
    }

    fn varint(&mut self) -> Result<u64, String> {
        let mut n = 0u64;
        for shift in (0..35).step_by(7) {
            let byte = self.array::<1>()?[0];
            n |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(n);
            }
        }
        Err("a varint without an end".to_string())
    }

    fn length(&mut self, compact: bool, width: usize) -> Result<Option<usize>, String> {
        let n = match (compact, width) {
            (true, _) => self.varint()? as i64 - 1,
            (false, 2) => i16::from_be_bytes(self.array()?).into(),
            (false, _) => i32::from_be_bytes(self.array()?).into(),
        };
        match n {
            -1 => Ok(None),
            n if n < -1 => Err(format!("length {n}")),
            n => Ok(Some(n as usize)),
        }
    }
}

/// All messages by name, such as `ProduceRequest`.
pub fn all() -> &'static BTreeMap<String, Message> {
    static ALL: OnceLock<BTreeMap<String, Message>> = OnceLock::new();
    ALL.get_or_init(|| {
        paths::setup();
        let dir = paths::target().join("kafka/schemas");
        let mut all = BTreeMap::new();
        for entry in std::fs::read_dir(&dir).expect("the schemas") {
            let path = entry.expect("an entry").path();
            let text = std::fs::read_to_string(&path).expect("a schema");
            let json: Value =
                serde_json::from_str(&without_comments(&text)).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            if json["apiKey"].is_i64() {
                all.insert(json["name"].as_str().expect("a name").to_string(), message(&json));
            }
        }
        all
    })
}

/// The request of an API by its name, such as `Produce`.
pub fn request(api: &str) -> &'static Message {
    all().get(&format!("{api}Request")).unwrap_or_else(|| panic!("no API {api}"))
}

/// The response of an API by its name.
pub fn response(api: &str) -> &'static Message {
    all().get(&format!("{api}Response")).unwrap_or_else(|| panic!("no API {api}"))
}

/// All APIs, by number.
pub fn apis() -> BTreeMap<i16, String> {
    let requests = all().iter().filter(|(n, _)| n.ends_with("Request"));
    requests.map(|(n, m)| (m.key, n.trim_end_matches("Request").to_string())).collect()
}

/// The APIs that brokers serve, by number.
pub fn broker_apis() -> BTreeMap<i16, String> {
    let requests = all().iter().filter(|(n, m)| n.ends_with("Request") && m.broker);
    requests.map(|(n, m)| (m.key, n.trim_end_matches("Request").to_string())).collect()
}

fn message(json: &Value) -> Message {
    let mut structs = BTreeMap::new();
    for common in json["commonStructs"].as_array().into_iter().flatten() {
        add_struct(&mut structs, common["name"].as_str().expect("a name"), &common["fields"]);
    }
    add_struct(&mut structs, ROOT, &json["fields"]);
    let listeners = json["listeners"].as_array();
    Message {
        key: json["apiKey"].as_i64().expect("a number") as i16,
        valid: Versions::parse(json["validVersions"].as_str()),
        unstable: json["latestVersionUnstable"].as_bool().unwrap_or(false),
        broker: listeners.is_some_and(|l| l.contains(&json!("broker"))),
        flexible: Versions::parse(json["flexibleVersions"].as_str()),
        structs,
    }
}

fn add_struct(structs: &mut BTreeMap<String, Vec<Field>>, name: &str, fields: &Value) {
    let mut list = Vec::new();
    for f in fields.as_array().into_iter().flatten() {
        let kind = f["type"].as_str().expect("a type").to_string();
        if f["fields"].is_array() {
            add_struct(structs, kind.trim_start_matches("[]"), &f["fields"]);
        }
        let given = match &f["default"] {
            Value::String(s) => Some(s.clone()),
            Value::Null => None,
            other => Some(other.to_string()),
        };
        list.push(Field {
            name: lower_first(f["name"].as_str().expect("a name")),
            default: default(&kind, given.as_deref()),
            kind,
            versions: Versions::parse(f["versions"].as_str()),
            nullable: Versions::parse(f["nullableVersions"].as_str()),
            tagged: Versions::parse(f["taggedVersions"].as_str()),
            flexible: f["flexibleVersions"].as_str().map(|t| Versions::parse(Some(t))),
            tag: f["tag"].as_u64().unwrap_or(0) as u32,
        });
    }
    structs.insert(name.to_string(), list);
}

fn default(kind: &str, given: Option<&str>) -> Value {
    if given == Some("null") {
        return Value::Null;
    }
    if kind.starts_with("[]") {
        return json!([]);
    }
    match (kind, given) {
        ("bool", g) => json!(g == Some("true")),
        ("float64", g) => json!(g.and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0)),
        ("uuid", _) => json!(URL_SAFE_NO_PAD.encode([0; 16])),
        ("string" | "bytes", g) => json!(g.unwrap_or_default()),
        ("records", _) => Value::Null,
        (k, g) if k.starts_with("int") || k.starts_with("uint") => json!(g.map_or(0, integer)),
        _ => json!({}),
    }
}

fn integer(text: &str) -> i64 {
    match text.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).expect("a hexadecimal number"),
        None => text.parse().unwrap_or_else(|_| panic!("a number, not {text}")),
    }
}

fn lower_first(name: &str) -> String {
    let mut c = name.chars();
    c.next().map(|f| f.to_lowercase().chain(c).collect()).unwrap_or_default()
}

/// The files are JSON with `//` comments.
fn without_comments(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let (mut quoted, mut end) = (false, line.len());
        let bytes = line.as_bytes();
        for i in 0..bytes.len() {
            match bytes[i] {
                b'"' if i == 0 || bytes[i - 1] != b'\\' => quoted = !quoted,
                b'/' if !quoted && bytes.get(i + 1) == Some(&b'/') => {
                    end = i;
                    break;
                }
                _ => {}
            }
        }
        out.push_str(&line[..end]);
        out.push('\n');
    }
    out
}
