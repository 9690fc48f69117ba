//! Broker keys: every one that Kafka 4.3 knows, and the few that are Ottla's own. One table for each subject.

mod cleaner;
mod group;
mod identity;
mod listeners;
mod log;
mod metrics;
mod own;
mod quorum;
mod quota;
mod remote;
mod replication;
mod sasl;
mod security;
mod share;
mod throttle;
mod transactions;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::definition::{ConfigDef, Scope};

/// All tables in one, in the order of the subjects.
static ALL: LazyLock<Vec<ConfigDef>> = LazyLock::new(|| {
    [
        identity::DEFS,
        listeners::DEFS,
        quorum::DEFS,
        log::DEFS,
        cleaner::DEFS,
        replication::DEFS,
        group::DEFS,
        share::DEFS,
        transactions::DEFS,
        quota::DEFS,
        metrics::DEFS,
        remote::DEFS,
        security::DEFS,
        sasl::DEFS,
        own::DEFS,
    ]
    .concat()
});

static BY_NAME: LazyLock<HashMap<&'static str, &'static ConfigDef>> =
    LazyLock::new(|| ALL.iter().map(|def| (def.name, def)).collect());

/// Every broker key.
pub fn defs() -> &'static [ConfigDef] {
    &ALL
}

/// The definition of a broker key; for `listener.name.<listener>.<key>` that of the key behind the prefix.
pub fn find(name: &str) -> Option<&'static ConfigDef> {
    BY_NAME.get(name).copied().or_else(|| BY_NAME.get(without_listener(name)?).copied())
}

/// The definition of a key that exists only as a dynamic one: the replication throttles.
pub fn find_dynamic(name: &str) -> Option<&'static ConfigDef> {
    find(name).filter(|def| def.scope != Scope::ReadOnly).or_else(|| throttle::DEFS.iter().find(|def| def.name == name))
}

/// The prefix of keys that hold for one listener (KIP-103).
pub const LISTENER_PREFIX: &str = "listener.name.";

/// Keys that may stand behind `listener.name.<listener>.<mechanism>.` (KIP-86).
const PER_MECHANISM: [&str; 5] = [
    "sasl.jaas.config",
    "sasl.login.class",
    "sasl.login.callback.handler.class",
    "sasl.server.callback.handler.class",
    "connections.max.reauth.ms",
];

/// The key behind a listener's prefix, and behind a SASL mechanism's where there is one.
pub fn without_listener(name: &str) -> Option<&str> {
    let (_listener, key) = name.strip_prefix(LISTENER_PREFIX)?.split_once('.')?;
    if let Some((_mechanism, rest)) = key.split_once('.')
        && PER_MECHANISM.contains(&rest)
    {
        return Some(rest);
    }
    Some(key)
}

/// All names under which the value of `name` may be given, the strongest first.
pub fn synonyms(name: &str) -> Vec<&str> {
    match name {
        "log.roll.ms" | "log.roll.hours" => vec!["log.roll.ms", "log.roll.hours"],
        "log.roll.jitter.ms" | "log.roll.jitter.hours" => vec!["log.roll.jitter.ms", "log.roll.jitter.hours"],
        "log.flush.interval.ms" => vec!["log.flush.interval.ms", "log.flush.scheduler.interval.ms"],
        "log.retention.ms" | "log.retention.minutes" | "log.retention.hours" => {
            vec!["log.retention.ms", "log.retention.minutes", "log.retention.hours"]
        }
        _ => match without_listener(name) {
            Some(key) => vec![name, key],
            None => vec![name],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::definition::Bounds;
    use super::*;

    #[test]
    fn every_key_once_with_a_doc_and_a_default_within_bounds() {
        assert_eq!(defs().len() - own::DEFS.len(), 360, "Kafka 4.3.1 knows 360 broker keys");
        for (i, def) in defs().iter().enumerate() {
            assert!(!defs()[..i].iter().any(|earlier| earlier.name == def.name), "{} twice", def.name);
            assert!(def.doc.ends_with('.'), "{} lacks a sentence", def.name);
            if let Some(default) = def.default {
                assert!(def.parse(default).is_ok(), "{} = {default} is out of bounds", def.name);
            }
        }
        assert!(defs().iter().any(|def| matches!(def.bounds, Bounds::GzipLevel)));
    }

    #[test]
    fn prefixed_keys_are_found_behind_their_prefix() {
        for (name, key) in [
            ("listener.name.internal.ssl.keystore.location", "ssl.keystore.location"),
            ("listener.name.secure_scram-sha-256.scram-sha-256.sasl.jaas.config", "sasl.jaas.config"),
            ("listener.name.external.max.connections", "max.connections"),
        ] {
            assert_eq!(find(name).map(|def| def.name), Some(key));
        }
        assert!(find("listener.name.external.no.such.key").is_none());
        assert!(find("listener.name.external").is_none());
    }

    #[test]
    fn as_many_dynamic_keys_as_kafka_has() {
        let dynamic = defs().iter().filter(|def| def.scope != Scope::ReadOnly).count() + throttle::DEFS.len();
        assert_eq!(dynamic, 102);
    }
}
