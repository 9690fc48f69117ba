//! What AlterConfigs and IncrementalAlterConfigs allow, in domain types (KIP-226, KIP-339).
//!
//! Two steps, both pure: [`apply`] turns operations into the settings that a resource would have, and one of the `check_*`
//! functions judges those settings as a whole. Which error Kafka gives is kept; the words are ours.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::definition::{ConfigDef, ConfigType, Scope};
use super::server::ServerConfig;
use super::suggest::nearest_of;
use super::value::{self, elements};
use super::{broker, client_metrics, group, topic};
use crate::base::error_code::ErrorCode;

/// The settings of a resource.
pub type Settings = BTreeMap<String, String>;

/// One change of one key. The numbers are the protocol's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// 0: gives the key a value.
    Set(String),
    /// 1: takes its value away, so that it inherits.
    Delete,
    /// 2: adds the elements that a list does not hold yet.
    Append(String),
    /// 3: takes elements out of a list.
    Subtract(String),
}

impl Op {
    /// Reads the protocol's number and value.
    pub fn from_wire(number: i8, value: Option<&str>) -> Result<Self, Refusal> {
        let needed =
            || value.map(str::to_owned).ok_or_else(|| Refusal::Request("only a deletion may have no value".to_owned()));
        match number {
            0 => needed().map(Self::Set),
            1 => Ok(Self::Delete),
            2 => needed().map(Self::Append),
            3 => needed().map(Self::Subtract),
            other => Err(Refusal::Request(format!("there is no operation of number {other}"))),
        }
    }
}

/// Why a change is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request makes no sense: INVALID_REQUEST.
    #[error("{0}")]
    Request(String),
    /// The settings would be unsound: INVALID_CONFIG.
    #[error("{0}")]
    Config(String),
}

impl Refusal {
    /// Kafka's code.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Request(_) => ErrorCode::InvalidRequest,
            Self::Config(_) => ErrorCode::InvalidConfig,
        }
    }
}

/// What kind of resource is changed: which table its keys are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A topic.
    Topic,
    /// A broker, or all.
    Broker,
    /// A client-metrics subscription.
    ClientMetrics,
    /// A group.
    Group,
}

impl Kind {
    fn find(self, key: &str) -> Option<&'static ConfigDef> {
        match self {
            Self::Topic => topic::find(key),
            Self::Broker => broker::find_dynamic(key).or_else(|| broker::find(key)),
            Self::ClientMetrics => client_metrics::find(key),
            Self::Group => group::find(key),
        }
    }
}

/// The settings that `current` becomes by `ops`. Appending to a list that is not set starts from its default.
pub fn apply(kind: Kind, current: &Settings, ops: &[(String, Op)]) -> Result<Settings, Refusal> {
    let mut settings = current.clone();
    for (key, op) in ops {
        match op {
            Op::Set(value) => {
                settings.insert(key.clone(), value.clone());
            }
            Op::Delete => {
                settings.remove(key);
            }
            Op::Append(value) | Op::Subtract(value) => {
                // Kafka's controller has no table of client-metrics keys, so their lists can only be set whole.
                let def = kind.find(key).filter(|def| def.kind == ConfigType::List && kind != Kind::ClientMetrics);
                let def = def.ok_or_else(|| {
                    Refusal::Config(format!("{key} is no list, so nothing can be added to it or taken from it"))
                })?;
                let held = settings.get(key).map(String::as_str).or(def.default).unwrap_or_default();
                let list = changed_list(held, value, matches!(op, Op::Append(_)));
                settings.insert(key.clone(), list);
            }
        }
    }
    Ok(settings)
}

fn changed_list(held: &str, value: &str, append: bool) -> String {
    let mut list: Vec<String> = held.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    for part in value.split(',') {
        match list.iter().position(|held| held == part) {
            None if append => list.push(part.to_owned()),
            Some(at) if !append => {
                list.remove(at);
            }
            _ => {}
        }
    }
    list.join(",")
}

/// Judges the settings that a topic would have.
pub fn check_topic(settings: &Settings, dynamic_broker: &Settings, server: &ServerConfig) -> Result<(), Refusal> {
    known_and_sound(settings, topic::defs(), "topic")?;
    let lag = |key| topic::value(key, settings, dynamic_broker, server).and_then(|text| text.parse::<i64>().ok());
    if let (Some(min), Some(max)) = (lag("min.compaction.lag.ms"), lag("max.compaction.lag.ms"))
        && min > max
    {
        let text = format!("min.compaction.lag.ms ({min}) must not exceed max.compaction.lag.ms ({max})");
        return Err(Refusal::Config(text));
    }
    if settings.get("remote.storage.enable").is_some_and(|value| value.trim().eq_ignore_ascii_case("true")) {
        return Err(Refusal::Config(
            "remote.storage.enable cannot be true: this broker has no tiered storage".to_owned(),
        ));
    }
    Ok(())
}

/// Judges the settings that a group would have: each value, and its place between the broker's bounds.
pub fn check_group(settings: &Settings, server: &ServerConfig) -> Result<(), Refusal> {
    known_and_sound(settings, group::defs(), "group")?;
    for (key, text) in settings {
        let Ok(span) = text.trim().parse::<i64>() else { continue };
        let (family, rest) = key.split_once('.').unwrap_or(("", key));
        let bound = |side: &str| server.text(&format!("group.{family}.{side}.{rest}"))?.parse::<i64>().ok();
        // Standby replicas have an upper bound under a shorter name.
        let max = bound("max").or_else(|| {
            (key == "streams.num.standby.replicas")
                .then(|| server.text("group.streams.max.standby.replicas")?.parse().ok())?
        });
        if let Some(min) = bound("min").filter(|min| span < *min) {
            return Err(Refusal::Config(format!("{key} must be at least {min}, the broker's lower bound")));
        }
        if let Some(max) = max.filter(|max| span > *max) {
            return Err(Refusal::Config(format!("{key} must be at most {max}, the broker's upper bound")));
        }
    }
    for family in ["consumer", "share", "streams"] {
        let effective = |name: &str| {
            let key = format!("{family}.{name}");
            let text = settings.get(&key).cloned().or_else(|| server.text(&format!("group.{key}")))?;
            text.trim().parse::<i64>().ok()
        };
        let own = settings.keys().any(|key| key.starts_with(family));
        if own && effective("session.timeout.ms") <= effective("heartbeat.interval.ms") {
            return Err(Refusal::Config(format!(
                "{family}.session.timeout.ms must exceed {family}.heartbeat.interval.ms"
            )));
        }
    }
    Ok(())
}

/// Judges the settings that a client-metrics subscription would have.
pub fn check_client_metrics(name: &str, settings: &Settings) -> Result<(), Refusal> {
    if name.is_empty() {
        return Err(Refusal::Request("a client-metrics subscription needs a name".to_owned()));
    }
    for (key, text) in settings {
        let Some(def) = client_metrics::find(key) else {
            return Err(Refusal::Request(unknown("client-metrics", key, client_metrics::defs())));
        };
        match key.as_str() {
            "interval.ms" => {
                let interval = value::of_type(def.kind, text).map_err(|()| unsound(def, text))?;
                if !(100..=3_600_000).contains(&interval.to_string().parse().unwrap_or(0)) {
                    return Err(Refusal::Request(format!("interval.ms = {text} is not between 100 ms and an hour")));
                }
            }
            "match" => elements(text).iter().try_for_each(|pattern| check_pattern(pattern))?,
            _ => {}
        }
    }
    Ok(())
}

/// What a client-metrics subscription can tell clients apart by.
const SELECTORS: [&str; 6] = [
    "client_instance_id",
    "client_id",
    "client_software_name",
    "client_software_version",
    "client_source_address",
    "client_source_port",
];

fn check_pattern(text: &str) -> Result<(), Refusal> {
    let sound = text.split_once('=').is_some_and(|(selector, pattern)| {
        SELECTORS.contains(&selector.trim()) && looks_like_a_pattern(pattern.trim())
    });
    if sound {
        Ok(())
    } else {
        Err(Refusal::Config(format!("`{text}` is no selector=pattern; selectors: {}", SELECTORS.join(", "))))
    }
}

/// Rules out what no regular expression can be: open brackets, a quantifier of nothing, a backslash at the end.
fn looks_like_a_pattern(pattern: &str) -> bool {
    let (mut round, mut in_class, mut escaped) = (0i32, false, false);
    for c in pattern.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' => in_class = false,
            '[' => in_class = true,
            '(' if !in_class => round += 1,
            ')' if !in_class => round -= 1,
            _ => {}
        }
        if round < 0 {
            return false;
        }
    }
    round == 0 && !in_class && !escaped && !pattern.starts_with(['*', '+', '?'])
}

/// Judges the dynamic settings that one broker (`per_broker`) or all would have.
pub fn check_broker(settings: &Settings, per_broker: bool) -> Result<(), Refusal> {
    let listed = |keys: Vec<&String>| keys.into_iter().cloned().collect::<Vec<_>>().join(", ");
    let refuse = |keys: Vec<&String>, why: &str| {
        if keys.is_empty() { Ok(()) } else { Err(Refusal::Request(format!("{why}: {}", listed(keys)))) }
    };
    let fixed = |key: &&String| broker::find(key).is_some_and(|def| def.name == *key && def.scope == Scope::ReadOnly);
    refuse(settings.keys().filter(fixed).collect(), "these keys cannot be changed while the broker runs")?;
    let stores = settings.keys().filter(|key| STORES.contains(&key.as_str())).collect();
    refuse(stores, "these keys can be changed only for one listener, behind listener.name.<listener>.")?;
    if !per_broker {
        refuse(
            settings.keys().filter(|key| is_per_broker(key)).collect(),
            "these keys can be set only for one broker",
        )?;
    }
    for (key, text) in settings {
        // As in Kafka, a key that nobody knows is stored: a part of the broker may know it.
        if let Some(def) = broker::find_dynamic(key)
            && def.parse(text).is_err()
        {
            return Err(Refusal::Request(unsound(def, text).to_string()));
        }
    }
    // Eligible leader replicas (KIP-966) rest on one number for the whole cluster.
    if per_broker && settings.contains_key("min.insync.replicas") {
        return Err(Refusal::Config("min.insync.replicas cannot differ from broker to broker".to_owned()));
    }
    Ok(())
}

/// Judges them against what is in force on this broker now, which only the broker itself knows.
pub fn check_broker_step(settings: &Settings, current: &ServerConfig) -> Result<(), Refusal> {
    let number = |key: &str| settings.get(key)?.trim().parse::<i64>().ok();
    if number("log.roll.ms").is_some_and(|span| span < 1) {
        return Err(Refusal::Request("log.roll.ms: allowed: at least 1".to_owned()));
    }
    if number("log.retention.ms").is_some_and(|span| span < 1 && span != -1) {
        return Err(Refusal::Request("log.retention.ms: allowed: at least 1, or -1 for ever".to_owned()));
    }
    for key in BOUND_AT_START {
        let changed = |text: &String| current.text(key).is_none_or(|now| elements(&now) != elements(text));
        if settings.get(key).is_some_and(changed) {
            return Err(Refusal::Request(format!("{key} can be changed only by a restart")));
        }
    }
    let counted = |entry: &str| entry.rsplit_once(':').is_some_and(|(_, count)| count.trim().parse::<u32>().is_ok());
    if let Some(text) = settings.get("max.connections.per.ip.overrides")
        && let Some(stray) = elements(text).into_iter().find(|entry| !counted(entry))
    {
        let text = format!("max.connections.per.ip.overrides: `{stray}` is not of the form address:count");
        return Err(Refusal::Request(text));
    }
    for kind in ["consumer", "share", "streams"] {
        let name = |which: &str| format!("group.{kind}.{which}assignment.interval.ms");
        let bound = |which: &str| current.text(&name(which)).and_then(|text| text.parse::<i64>().ok());
        if let (Some(next), Some(min), Some(max)) = (number(&name("")), bound("min."), bound("max."))
            && !(min..=max).contains(&next)
        {
            return Err(Refusal::Request(format!("{} = {next}: allowed: {min} to {max}", name(""))));
        }
    }
    for key in THREAD_COUNTS {
        let now = current.text(key).and_then(|text| text.parse::<i64>().ok());
        if let (Some(next), Some(now)) = (number(key), now)
            && (next < now / 2 || next > now * 2)
        {
            let text = format!("{key} = {next}: allowed in one step: half to double of the {now} in force");
            return Err(Refusal::Request(text));
        }
    }
    Ok(())
}

/// Kafka can change these while it runs; here listeners are bound once, and a change without effect would mislead.
const BOUND_AT_START: [&str; 2] = ["listeners", "listener.security.protocol.map"];

/// Counts of threads, which Kafka changes only by small steps. But for the cleaner's and the fetchers' they are without effect
/// here; still, a tool that meets the limit in Kafka must meet it here.
const THREAD_COUNTS: [&str; 5] = [
    "num.io.threads",
    "num.replica.fetchers",
    "num.recovery.threads.per.data.dir",
    "background.threads",
    "log.cleaner.threads",
];

/// Key and trust stores, which only a listener of its own may change.
const STORES: [&str; 10] = [
    "ssl.keystore.type",
    "ssl.keystore.location",
    "ssl.keystore.password",
    "ssl.key.password",
    "ssl.keystore.key",
    "ssl.keystore.certificate.chain",
    "ssl.truststore.type",
    "ssl.truststore.location",
    "ssl.truststore.password",
    "ssl.truststore.certificates",
];

/// True for a key that cannot hold for all brokers: one of a listener, but for the bounds on connections.
fn is_per_broker(key: &str) -> bool {
    match broker::without_listener(key) {
        Some(bare) => !matches!(bare, "max.connections" | "max.connection.creation.rate" | "num.network.threads"),
        None => broker::find(key).is_some_and(|def| def.scope == Scope::PerBroker),
    }
}

fn known_and_sound(settings: &Settings, defs: &'static [ConfigDef], what: &str) -> Result<(), Refusal> {
    let find = |key: &str| super::definition::find(defs, key);
    if let Some(stray) = settings.keys().find(|key| find(key).is_none()) {
        return Err(Refusal::Config(unknown(what, stray, defs)));
    }
    for (key, text) in settings {
        if let Some(def) = find(key)
            && def.parse(text).is_err()
        {
            return Err(unsound(def, text));
        }
    }
    Ok(())
}

fn unknown(what: &str, key: &str, defs: &'static [ConfigDef]) -> String {
    let hint = nearest_of(key, defs.iter().map(|def| def.name))
        .map_or_else(String::new, |key| format!("; the nearest key is {key}"));
    format!("{key} is no {what} key{hint}")
}

fn unsound(def: &ConfigDef, text: &str) -> Refusal {
    let shown = if def.is_sensitive() { "(a secret)" } else { text };
    Refusal::Config(format!("{} = {shown}: allowed: {}", def.name, value::allowed(def)))
}

#[cfg(test)]
#[path = "alter_test.rs"]
mod tests;
