//! The API table and the guard's schema tables against Apache Kafka's own message schemas.
//!
//! The schemas lie in kafka-clients' jar as `common/message/*.json`. They are looked for in `OTTLA_KAFKA_SCHEMAS`, then where
//! `proto-tests/setup kafka` unpacks them. Without them the test does nothing, unless the feature `full` is on.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ottla::protocol::api::{ApiKey, ListenerKind, VersionRange};
use ottla::protocol::guard::schema::{self, Message, Struct, Type};
use serde_json::Value;

fn schemas() -> Option<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target"), PathBuf::from);
    let places = [std::env::var_os("OTTLA_KAFKA_SCHEMAS").map(PathBuf::from), Some(target.join("kafka/schemas"))];
    let found = places.into_iter().flatten().find(|place| place.join("ProduceRequest.json").exists());
    assert!(found.is_some() || !cfg!(feature = "full"), "no Kafka schemas: run proto-tests/setup kafka");
    found
}

/// A schema, its `//` comments taken out.
fn load(path: PathBuf) -> Value {
    let text = std::fs::read_to_string(&path).unwrap();
    let mut plain = String::new();
    for line in text.lines() {
        let mut quoted = false;
        let mut bytes = line.bytes().enumerate().peekable();
        let mut end = line.len();
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'\\' if quoted => drop(bytes.next()),
                b'"' => quoted = !quoted,
                b'/' if !quoted && bytes.peek().is_some_and(|(_, next)| *next == b'/') => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        plain.push_str(&line[..end]);
        plain.push('\n');
    }
    serde_json::from_str(&plain).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// "3+", "0-4", "2", "none" or absent.
fn versions(value: &Value) -> VersionRange {
    match value.as_str() {
        None | Some("none") => VersionRange { min: 0, max: -1 },
        Some(text) => match (text.strip_suffix('+'), text.split_once('-')) {
            (Some(min), _) => VersionRange { min: min.parse().unwrap(), max: i16::MAX },
            (_, Some((min, max))) => VersionRange { min: min.parse().unwrap(), max: max.parse().unwrap() },
            _ => VersionRange { min: text.parse().unwrap(), max: text.parse().unwrap() },
        },
    }
}

fn name(type_: Type) -> String {
    match type_ {
        Type::Struct(inner) => inner.name.to_owned(),
        Type::Array(element) => format!("[]{}", name(*element)),
        other => format!("{other:?}").to_lowercase(),
    }
}

struct Check<'a> {
    message: &'static Message,
    common: BTreeMap<&'a str, &'a Value>,
    fields: usize,
}

impl<'a> Check<'a> {
    fn structure(&mut self, table: &'static Struct, fields: &'a Value) {
        let fields: &'a [Value] = fields.as_array().map_or(&[], Vec::as_slice);
        let at = format!("{} of {}", table.name, self.message.root.name);
        assert_eq!(table.fields.len(), fields.len(), "{at}");
        for (field, kafka) in table.fields.iter().zip(fields) {
            let at = format!("{}, {at}", field.name);
            assert_eq!(field.name, kafka["name"], "{at}");
            assert_eq!(name(field.type_), kafka["type"].as_str().unwrap(), "{at}");
            for version in self.message.key.versions().iter() {
                let is = |key| versions(&kafka[key]).contains(version);
                assert_eq!(field.versions.contains(version), is("versions"), "{at}: present in {version}");
                if is("versions") {
                    assert_eq!(field.nullable.contains(version), is("nullableVersions"), "{at}: nullable in {version}");
                    assert_eq!(field.is_tagged(version), is("taggedVersions"), "{at}: tagged in {version}");
                }
            }
            assert_eq!(field.tag.map(|(tag, _)| u64::from(tag)), kafka["tag"].as_u64(), "{at}: tag");
            self.fields += 1;
            let inner = match field.type_ {
                Type::Struct(inner) => inner,
                Type::Array(Type::Struct(inner)) => *inner,
                _ => continue,
            };
            let nested = if kafka["fields"].is_array() { &kafka["fields"] } else { &self.common[inner.name]["fields"] };
            self.structure(inner, nested);
        }
    }
}

fn check(message: &'static Message, kafka: &Value) -> usize {
    assert_eq!(kafka["name"], message.root.name);
    assert_eq!(kafka["apiKey"], message.key.number());
    let common =
        kafka["commonStructs"].as_array().into_iter().flatten().map(|s| (s["name"].as_str().unwrap(), s)).collect();
    let mut check = Check { message, common, fields: 0 };
    check.structure(&message.root, &kafka["fields"]);
    check.fields
}

#[test]
fn the_api_table_is_kafkas() {
    let Some(schemas) = schemas() else { return };
    let mut seen = 0;
    for entry in std::fs::read_dir(&schemas).unwrap() {
        let path = entry.unwrap().path();
        if !path.to_str().unwrap().ends_with("Request.json") {
            continue;
        }
        let kafka = load(path);
        let number = i16::try_from(kafka["apiKey"].as_i64().unwrap()).unwrap();
        let key = ApiKey::from_number(number).unwrap_or_else(|| panic!("{} is missing", kafka["name"]));
        assert_eq!(format!("{}Request", key.name()), kafka["name"]);
        let mut range = versions(&kafka["validVersions"]);
        range.max -= i16::from(kafka["latestVersionUnstable"] == true);
        assert_eq!(key.versions(), range, "{key}");
        if !range.is_empty() {
            let flexible = versions(&kafka["flexibleVersions"]);
            assert_eq!(key.flexible_from(), (!flexible.is_empty()).then_some(flexible.min), "{key}");
        }
        let listeners: Vec<_> =
            kafka["listeners"].as_array().into_iter().flatten().map(|l| l.as_str().unwrap()).collect();
        assert_eq!(key.is_served_on(ListenerKind::Broker), listeners.contains(&"broker"), "{key}");
        assert_eq!(key.is_served_on(ListenerKind::Controller), listeners.contains(&"controller"), "{key}");
        seen += 1;
    }
    assert_eq!(seen, ApiKey::ALL.len());
}

#[test]
fn the_guards_tables_are_kafkas() {
    let Some(schemas) = schemas() else { return };
    let mut fields = 0;
    for key in ApiKey::ALL.iter().filter(|key| !key.versions().is_empty()) {
        let request = load(schemas.join(format!("{}Request.json", key.name())));
        fields += check(schema::request(*key).unwrap(), &request);
        let response = load(schemas.join(format!("{}Response.json", key.name())));
        assert_eq!(versions(&request["flexibleVersions"]), versions(&response["flexibleVersions"]), "{key}");
        fields += check(schema::response(*key).unwrap(), &response);
    }
    assert!(fields > 1500, "{fields} fields");
}
