//! The configuration of one process: settings of all sources merged, judged together, and read through typed accessors.
//!
//! Later settings win over earlier ones. What is not given takes Kafka's default; a start without any file takes Ottla's
//! own (`QUICKSTART`), so that it listens on the loopback only, keeps its data in `./data` and needs no second broker.

use std::collections::BTreeMap;

use super::broker;
use super::check;
use super::definition::{ConfigDef, Meaning};
use super::error::{ConfigError, ConfigErrors};
use super::listeners::{Listener, Voter};
use super::retired;
use super::source::{Setting, Source, Warning};
use super::suggest;
use super::typed::Typed;
use super::value::Value;
use crate::base::ids::NodeId;

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Roles {
    /// Serves clients.
    pub broker: bool,
    /// Takes part in the metadata quorum.
    pub controller: bool,
}

/// What an unknown key in a file or a flag is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// A mistake.
    Refused,
    /// Passed over with a warning, as Kafka does.
    Warned,
}

/// What Kafka leaves to whoever writes the file.
const REQUIRED: [(&str, &str); 3] =
    [("process.roles", "broker,controller"), ("node.id", "1"), ("controller.listener.names", "CONTROLLER")];

/// What a start without any file takes in the place of Kafka's defaults.
const QUICKSTART: [(&str, &str); 2] = [("listeners", "PLAINTEXT://localhost:9092"), ("log.dirs", "./data")];

/// What a lone node without any file takes besides: nobody else can hold replicas of the internal topics.
const QUICKSTART_ALONE: [(&str, &str); 5] = [
    ("offsets.topic.replication.factor", "1"),
    ("transaction.state.log.replication.factor", "1"),
    ("transaction.state.log.min.isr", "1"),
    ("share.coordinator.state.topic.replication.factor", "1"),
    ("share.coordinator.state.topic.min.isr", "1"),
];

/// The configuration of one process.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    pub(super) settings: BTreeMap<String, (String, Source)>,
    pub(super) typed: Typed,
    pub(super) parts: Parts,
}

/// What is made of several keys together.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    pub(super) roles: Roles,
    pub(super) node_id: i32,
    pub(super) listeners: Vec<Listener>,
    pub(super) controller_listeners: Vec<Listener>,
    pub(super) inter_broker_listener: String,
    pub(super) voters: Vec<Voter>,
    pub(super) bootstrap_servers: Vec<(String, u16)>,
    pub(super) log_dirs: Vec<String>,
}

/// One line of the effective configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The key.
    pub key: String,
    /// Its value; `None` where it is null or a secret.
    pub value: Option<String>,
    /// Where the value was given.
    pub source: Source,
    /// True where the value is kept back.
    pub sensitive: bool,
}

impl ServerConfig {
    /// Merges settings, the weakest first, and judges the whole. Tells every mistake at once.
    pub fn load(settings: Vec<Setting>, unknown: Unknown) -> Result<(Self, Vec<Warning>), ConfigErrors> {
        let mut errors = Vec::new();
        let mut warnings = Vec::new();
        let mut merged = merge(settings, unknown, &mut errors, &mut warnings);
        judge_values(&merged, &mut errors, &mut warnings);
        if !errors.is_empty() {
            return Err(ConfigErrors(errors));
        }
        fill_in(&mut merged);
        let mut config = Self { settings: merged, typed: Typed::default(), parts: Parts::default() };
        config.typed = Typed::read(|key| config.parsed(key));
        config.parts = check::together(&config, &mut errors, &mut warnings);
        if errors.is_empty() { Ok((config, warnings)) } else { Err(ConfigErrors(errors)) }
    }

    /// The configuration of a start with nothing: no file, no variable, no flag.
    pub fn quickstart() -> Self {
        Self::load(Vec::new(), Unknown::Refused).map(|(config, _)| config).unwrap_or_else(|errors| {
            // Nothing was given, so the mistake is in the tables themselves; tests load this configuration.
            unreachable!("the built-in defaults contradict each other: {errors}")
        })
    }

    /// The same configuration with dynamic values laid over it, as far as they are sound.
    #[must_use]
    pub fn with_dynamic(&self, dynamic: &BTreeMap<String, String>) -> Self {
        let mut overlaid = self.clone();
        let sound = |key: &str, value: &str| broker::find_dynamic(key).is_some_and(|def| def.parse(value).is_ok());
        let values = dynamic.iter().filter(|(key, value)| sound(key, value));
        overlaid.settings.extend(values.map(|(key, value)| (key.clone(), (value.clone(), Source::Derived))));
        overlaid.typed = Typed::read(|key| overlaid.parsed(key));
        overlaid
    }

    /// What this process does.
    pub fn roles(&self) -> Roles {
        self.parts.roles
    }
    /// This process's number.
    pub fn node_id(&self) -> NodeId {
        NodeId(self.parts.node_id)
    }
    /// Listeners for clients and brokers; empty for a controller alone.
    pub fn listeners(&self) -> &[Listener] {
        &self.parts.listeners
    }
    /// Listeners for controllers; may be empty for a quorum of one.
    pub fn controller_listeners(&self) -> &[Listener] {
        &self.parts.controller_listeners
    }
    /// The name of the listener on which controllers are reached: the first of `controller.listener.names`.
    pub fn controller_listener_name(&self) -> String {
        let names = self.text("controller.listener.names").unwrap_or_default();
        names.split(',').next().unwrap_or_default().trim().to_ascii_uppercase()
    }
    /// The name of the listener on which brokers reach this one.
    pub fn inter_broker_listener(&self) -> &str {
        &self.parts.inter_broker_listener
    }
    /// The controllers that vote; empty where nobody was named, which is a quorum of this node alone.
    pub fn voters(&self) -> &[Voter] {
        &self.parts.voters
    }
    /// Controllers to ask for the quorum's members.
    pub fn bootstrap_servers(&self) -> &[(String, u16)] {
        &self.parts.bootstrap_servers
    }
    /// Directories for partition logs. Never empty.
    pub fn log_dirs(&self) -> &[String] {
        &self.parts.log_dirs
    }
    /// The directory of the metadata log.
    pub fn metadata_log_dir(&self) -> &str {
        let set = self.settings.get("metadata.log.dir").map(|(dir, _)| dir.as_str());
        set.or_else(|| self.log_dirs().first().map(String::as_str)).unwrap_or_default()
    }
    /// The cluster id asked for, if any.
    pub fn cluster_id(&self) -> Option<String> {
        self.text("cluster.id").filter(|id| !id.is_empty())
    }
    /// The rack that this broker stands in.
    pub fn rack(&self) -> Option<String> {
        self.text("broker.rack").filter(|rack| !rack.is_empty())
    }
    /// `host:port` of the metrics port; `None` where it is switched off.
    pub fn http_address(&self) -> Option<String> {
        self.text("ottla.http.address").filter(|address| !address.is_empty())
    }

    /// A key's value as text, and where it was given; for a listener's key that is not set, the plain key's.
    pub fn value(&self, key: &str) -> (Option<String>, Source) {
        for name in [Some(key), broker::without_listener(key)].into_iter().flatten() {
            if let Some((value, source)) = self.settings.get(name) {
                return (Some(value.clone()), source.clone());
            }
        }
        (broker::find(key).and_then(|def| def.default).map(str::to_owned), Source::Default)
    }

    /// A key's value as text, trimmed.
    pub fn text(&self, key: &str) -> Option<String> {
        self.value(key).0.map(|text| text.trim().to_owned())
    }

    /// A key's value as its type; `None` for null.
    pub fn parsed(&self, key: &str) -> Option<Value> {
        let text = self.value(key).0?;
        broker::find(key)?.parse(&text).ok()
    }

    /// A key's value where somebody set it, as given.
    pub fn set_value(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(|(value, _)| value.as_str())
    }

    /// Every key with its value and where it was given, in alphabetical order.
    pub fn effective(&self) -> Vec<Effective> {
        let mut keys: Vec<&str> = broker::defs().iter().map(|def| def.name).collect();
        keys.extend(self.settings.keys().map(String::as_str));
        keys.sort_unstable();
        keys.dedup();
        let hidden = |key: &str| broker::find(key).is_some_and(|def| def.internal && self.set_value(key).is_none());
        keys.into_iter().filter(|key| !hidden(key)).map(|key| self.effective_one(key)).collect()
    }

    fn effective_one(&self, key: &str) -> Effective {
        let (value, source) = self.value(key);
        let sensitive = broker::find(key).is_none_or(ConfigDef::is_sensitive);
        Effective { key: key.to_owned(), value: value.filter(|_| !sensitive), source, sensitive }
    }
}

type Merged = BTreeMap<String, (String, Source)>;

fn merge(
    settings: Vec<Setting>,
    unknown: Unknown,
    errors: &mut Vec<ConfigError>,
    warnings: &mut Vec<Warning>,
) -> Merged {
    let mut merged = Merged::new();
    for Setting { key, value, source } in settings {
        if broker::find(&key).is_none() {
            let nearest = suggest::nearest(&key);
            if let Some(reason) = retired::reason(&key) {
                warnings.push(Warning(format!("{key} ({source}) has no effect: {reason}")));
            } else if unknown == Unknown::Warned {
                let hint = nearest.map_or_else(String::new, |key| format!("; the nearest key is {key}"));
                warnings.push(Warning(format!("{key} ({source}) is no key and is passed over{hint}")));
            } else {
                let problem = "there is no such key".to_owned();
                errors.push(ConfigError { key, value: None, source, problem, nearest });
            }
            continue;
        }
        if let Some((_, Source::File { name, line })) = merged.get(&key)
            && matches!(&source, Source::File { name: again, .. } if again == name)
        {
            warnings.push(Warning(format!("{key} is given twice, at {name}:{line} and {source}; the latter holds")));
        }
        merged.insert(key, (value, source));
    }
    merged
}

/// Judges each value by itself, and tells once for each reason which keys have no effect.
fn judge_values(merged: &Merged, errors: &mut Vec<ConfigError>, warnings: &mut Vec<Warning>) {
    let mut without_effect: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, (value, source)) in merged {
        let Some(def) = broker::find(key) else { continue };
        let shown = (!def.is_sensitive()).then(|| value.clone());
        let mistake = |problem| ConfigError {
            key: key.clone(),
            value: shown.clone(),
            source: source.clone(),
            problem,
            nearest: None,
        };
        if let Err(invalid) = def.parse(&check::tolerate(key, value)) {
            errors.push(mistake(invalid.to_string()));
            continue;
        }
        match def.meaning {
            Meaning::Used => {}
            Meaning::NotYet(reason) | Meaning::NotUsed(reason) => without_effect.entry(reason).or_default().push(key),
            Meaning::Refused(reason) => {
                let default = def.default.unwrap_or_default();
                if def.canonical(value) != def.canonical(default) {
                    let allowed = if default.is_empty() { "not to set it".to_owned() } else { default.to_owned() };
                    errors.push(mistake(format!("{reason}; allowed: {allowed}")));
                }
            }
        }
    }
    for (reason, keys) in without_effect {
        warnings.push(Warning(format!("{}: accepted without effect, because {reason}", keys.join(", "))));
    }
}

/// Adds what follows from other settings and what Kafka requires, and Ottla's own defaults where no file was given.
fn fill_in(merged: &mut Merged) {
    if !merged.contains_key("node.id")
        && let Some((id, source)) = merged.get("broker.id").cloned()
        && id.trim() != "-1"
    {
        merged.insert("node.id".to_owned(), (id, source));
    }
    for (key, value) in REQUIRED {
        merged.entry(key.to_owned()).or_insert_with(|| (value.to_owned(), Source::Quickstart));
    }
    if let Some((id, _)) = merged.get("node.id").cloned() {
        merged.entry("broker.id".to_owned()).or_insert((id, Source::Derived));
    }
    if merged.values().any(|(_, source)| matches!(source, Source::File { .. })) {
        return;
    }
    let has_voters = merged.get("controller.quorum.voters").is_some_and(|(voters, _)| voters.contains(','));
    let one_role = merged.get("process.roles").is_some_and(|(roles, _)| !roles.contains(','));
    let alone = !has_voters && !one_role && !merged.contains_key("controller.quorum.bootstrap.servers");
    let more = if alone { &QUICKSTART_ALONE[..] } else { &[] };
    for (key, value) in QUICKSTART.iter().chain(more) {
        let given_otherwise = match *key {
            "listeners" => merged.contains_key("advertised.listeners"),
            "log.dirs" => merged.contains_key("log.dir"),
            _ => false,
        };
        if !given_otherwise {
            merged.entry((*key).to_owned()).or_insert_with(|| ((*value).to_owned(), Source::Quickstart));
        }
    }
}

#[cfg(test)]
#[path = "server_test.rs"]
mod tests;
