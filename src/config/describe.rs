//! What DescribeConfigs shows, in domain types: values with their sources and synonyms (KIP-226, KIP-569).
//!
//! An entry's source is that of the first of its synonyms, and the synonyms are listed by strength: the resource's own,
//! this broker's dynamic value, the cluster's dynamic default, the static value, the default. A synonym list that does
//! not begin with the key itself is cut until it does, so that a value inherited under another unit's name shows none.

use std::collections::{BTreeMap, BTreeSet};

use super::definition::{ConfigDef, ConfigType, Scope};
use super::server::ServerConfig;
use super::source::Source;
use super::{broker, client_metrics, group, topic};

/// Where a value in force comes from. The numbers are the protocol's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i8)]
pub enum ConfigSource {
    /// The topic's own.
    Topic = 1,
    /// Dynamic, for this broker.
    DynamicBroker = 2,
    /// Dynamic, for all brokers.
    DynamicDefaultBroker = 3,
    /// From the broker's file, environment or flags.
    StaticBroker = 4,
    /// Nobody set it.
    Default = 5,
    /// A logger's level.
    BrokerLogger = 6,
    /// A client-metrics subscription's own.
    ClientMetrics = 7,
    /// The group's own.
    Group = 8,
}

/// One place where a value was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synonym {
    /// The key it was given under.
    pub name: String,
    /// The value; `None` for null and for secrets.
    pub value: Option<String>,
    /// Where.
    pub source: ConfigSource,
}

/// One key of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub name: String,
    /// The value in force; `None` for null and for secrets.
    pub value: Option<String>,
    /// Where it comes from.
    pub source: ConfigSource,
    /// Every place where it was given, the strongest first.
    pub synonyms: Vec<Synonym>,
    /// Its type; `None` for a key that nobody knows.
    pub kind: Option<ConfigType>,
    /// What it is for.
    pub doc: Option<&'static str>,
    /// Cannot be changed while the broker runs.
    pub read_only: bool,
    /// Its value is kept back.
    pub sensitive: bool,
}

/// A broker's values of all layers.
#[derive(Debug, Clone, Copy)]
pub struct BrokerLayers<'a> {
    /// The static ones.
    pub server: &'a ServerConfig,
    /// The dynamic ones of this broker.
    pub dynamic: &'a BTreeMap<String, String>,
    /// The dynamic ones of all brokers.
    pub dynamic_default: &'a BTreeMap<String, String>,
}

impl BrokerLayers<'_> {
    /// The dynamic values in force: this broker's over the cluster's.
    pub fn merged(&self) -> BTreeMap<String, String> {
        let mut merged = self.dynamic_default.clone();
        merged.extend(self.dynamic.iter().map(|(key, value)| (key.clone(), value.clone())));
        merged
    }

    /// Every place where `name` or another name for it was given.
    fn synonyms(&self, name: &str, sensitive: bool) -> Vec<Synonym> {
        let names = broker::synonyms(name);
        let statics = |key: &str| match self.server.settings.get(key)? {
            (_, Source::Default) => None,
            (value, _) => Some(value.clone()),
        };
        let defaults = |key: &str| {
            // A prefixed key has no default of its own: the plain key's stands in its place.
            let def = broker::find(key).filter(|def| def.name == key)?;
            def.default.map(|default| def.canonical(default))
        };
        let layers: [(ConfigSource, &dyn Fn(&str) -> Option<String>); 4] = [
            (ConfigSource::DynamicBroker, &|key| self.dynamic.get(key).cloned()),
            (ConfigSource::DynamicDefaultBroker, &|key| self.dynamic_default.get(key).cloned()),
            (ConfigSource::StaticBroker, &statics),
            (ConfigSource::Default, &defaults),
        ];
        let mut found = Vec::new();
        for (source, value_of) in layers {
            for key in &names {
                if let Some(value) = value_of(key) {
                    let value = (!sensitive).then_some(value);
                    found.push(Synonym { name: (*key).to_owned(), value, source });
                }
            }
        }
        let first = found.iter().position(|synonym| synonym.name == name).unwrap_or(found.len());
        found.split_off(first)
    }
}

/// The entries of a topic with these overrides, for one broker.
pub fn topic(overrides: &BTreeMap<String, String>, layers: BrokerLayers<'_>) -> Vec<Entry> {
    let merged = layers.merged();
    let shown = |def: &&ConfigDef| !def.internal || overrides.contains_key(def.name);
    let entry = |def: &'static ConfigDef| {
        let value = topic::value(def.name, overrides, &merged, layers.server);
        let mut synonyms =
            topic::broker_keys(def.name).first().map_or_else(Vec::new, |(key, _)| layers.synonyms(key, false));
        if overrides.contains_key(def.name) {
            synonyms
                .insert(0, Synonym { name: def.name.to_owned(), value: value.clone(), source: ConfigSource::Topic });
        }
        of_resource(def, value, synonyms)
    };
    topic::defs().iter().filter(shown).map(entry).collect()
}

/// The entries of a group with these overrides, for one broker.
pub fn group(overrides: &BTreeMap<String, String>, layers: BrokerLayers<'_>) -> Vec<Entry> {
    let merged = layers.merged();
    let entry = |def: &'static ConfigDef| {
        let own = overrides.get(def.name).cloned();
        let key = group::broker_synonym(def.name);
        let of_broker = key.and_then(|key| merged.get(key).cloned().or_else(|| layers.server.text(key)));
        let value =
            own.clone().or(of_broker).or_else(|| def.default.map(str::to_owned)).map(|text| def.canonical(&text));
        let mut synonyms = match key {
            Some(key) => layers.synonyms(key, false),
            None => vec![Synonym {
                name: def.name.to_owned(),
                value: def.default.map(str::to_owned),
                source: ConfigSource::Default,
            }],
        };
        if own.is_some() {
            synonyms
                .insert(0, Synonym { name: def.name.to_owned(), value: value.clone(), source: ConfigSource::Group });
        }
        of_resource(def, value, synonyms)
    };
    group::defs().iter().map(entry).collect()
}

fn of_resource(def: &'static ConfigDef, value: Option<String>, synonyms: Vec<Synonym>) -> Entry {
    Entry {
        name: def.name.to_owned(),
        value,
        source: synonyms.first().map_or(ConfigSource::Default, |synonym| synonym.source),
        synonyms,
        kind: Some(def.kind),
        doc: Some(def.doc),
        read_only: false,
        sensitive: false,
    }
}

/// The entries of one broker: every key that is not internal, and whatever was set besides.
pub fn broker(layers: BrokerLayers<'_>) -> Vec<Entry> {
    let merged = layers.merged();
    let mut names: BTreeSet<&str> = broker::defs().iter().filter(|def| !def.internal).map(|def| def.name).collect();
    names.extend(layers.server.settings.keys().map(String::as_str));
    names.extend(merged.keys().map(String::as_str));
    let entry = |name: &str| {
        let given = merged.get(name).cloned().or_else(|| layers.server.value(name).0);
        let synonyms = layers.synonyms(name, is_sensitive(name));
        of_broker(name, given, synonyms)
    };
    names.into_iter().map(entry).collect()
}

/// The entries of the cluster's dynamic defaults: only what was set.
pub fn broker_default(layers: BrokerLayers<'_>) -> Vec<Entry> {
    let entry = |(name, value): (&String, &String)| {
        let mut synonyms = layers.synonyms(name, is_sensitive(name));
        synonyms.retain(|synonym| synonym.source == ConfigSource::DynamicDefaultBroker);
        of_broker(name, Some(value.clone()), synonyms)
    };
    layers.dynamic_default.iter().map(entry).collect()
}

fn known(name: &str) -> Option<&'static ConfigDef> {
    broker::find(name).or_else(|| broker::find_dynamic(name))
}

/// A key that nobody knows may hold anything, so it is kept back like a secret.
fn is_sensitive(name: &str) -> bool {
    known(name).is_none_or(ConfigDef::is_sensitive)
}

fn of_broker(name: &str, given: Option<String>, synonyms: Vec<Synonym>) -> Entry {
    let def = known(name);
    let sensitive = is_sensitive(name);
    let value = given.map(|text| def.map_or_else(|| text.clone(), |def| def.canonical(&text)));
    Entry {
        name: name.to_owned(),
        value: value.filter(|_| !sensitive),
        source: synonyms.first().map_or(ConfigSource::Default, |synonym| synonym.source),
        synonyms,
        kind: def.map(|def| def.kind),
        doc: broker::find(name).filter(|def| def.name == name).map(|def| def.doc),
        read_only: def.is_none_or(|def| def.name != name || def.scope == Scope::ReadOnly),
        sensitive,
    }
}

/// The entries of a client-metrics subscription, known or not.
pub fn client_metrics(overrides: &BTreeMap<String, String>) -> Vec<Entry> {
    let entry = |def: &'static ConfigDef| {
        let own = overrides.get(def.name);
        let value = own.map(String::as_str).or(def.default).map(|text| def.canonical(text));
        let synonym =
            |_| Synonym { name: def.name.to_owned(), value: value.clone(), source: ConfigSource::ClientMetrics };
        let synonyms = own.map(synonym).into_iter().collect();
        of_resource(def, value, synonyms)
    };
    client_metrics::defs().iter().map(entry).collect()
}

/// The entries of a broker's loggers, from names and levels.
pub fn loggers(levels: &[(String, String)]) -> Vec<Entry> {
    let entry = |(name, level): &(String, String)| Entry {
        name: name.clone(),
        value: Some(level.clone()),
        source: ConfigSource::BrokerLogger,
        synonyms: Vec::new(),
        kind: None,
        doc: None,
        read_only: false,
        sensitive: false,
    };
    levels.iter().map(entry).collect()
}

#[cfg(test)]
#[path = "describe_test.rs"]
mod tests;
