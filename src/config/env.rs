//! The environment, read as the apache/kafka image reads it: `KAFKA_LOG_DIRS` sets `log.dirs`.
//!
//! ```text
//! KAFKA_<REST>   REST in lower case, then  ___ -> -   __ -> _   _ -> .
//! KAFKA_CFG_<…>  the same, as other images wrote it; weaker than the plain form
//! CLUSTER_ID     cluster.id
//! ```
//! A stray variable never breaks a start: what names no key gives a warning and sets nothing. Orchestrators put
//! variables like `KAFKA_PORT=tcp://…` next to any service called kafka; those are never taken for settings.

use super::broker;
use super::definition::ConfigType;
use super::retired;
use super::source::{Setting, Source, Warning};
use super::suggest::nearest;

/// Variables of the image that steer its scripts, its Java runtime or its tools.
const NOT_MAPPED: [&str; 15] = [
    "VERSION",
    "HEAP_OPTS",
    "LOG4J_OPTS",
    "OPTS",
    "JMX_OPTS",
    "JVM_PERFORMANCE_OPTS",
    "GC_LOG_OPTS",
    "LOG4J_ROOT_LOGLEVEL",
    "LOG4J_LOGGERS",
    "TOOLS_LOG4J_LOGLEVEL",
    "JMX_HOSTNAME",
    "JMX_PORT",
    "DEBUG",
    "CLASSPATH",
    "HOME",
];

/// Those of them that do have an effect here (`node` reads them).
const HEEDED: [&str; 2] = ["LOG4J_ROOT_LOGLEVEL", "LOG4J_LOGGERS"];

/// Turns environment variables into settings, weakest first, and says what was passed over.
pub fn env_overrides(variables: impl IntoIterator<Item = (String, String)>) -> (Vec<Setting>, Vec<Warning>) {
    let mut variables: Vec<_> = variables.into_iter().collect();
    variables.sort();
    let (mut aliases, mut plain, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    let (mut links, mut passed_over) = (Vec::new(), Vec::new());
    for (name, value) in variables {
        if name == "CLUSTER_ID" || name == "KAFKA_KRAFT_CLUSTER_ID" {
            aliases.push(Setting { key: "cluster.id".to_owned(), value, source: Source::Env(name) });
            continue;
        }
        let Some(rest) = name.strip_prefix("KAFKA_") else { continue };
        if is_service_link(rest, &value) {
            links.push(name);
            continue;
        }
        if NOT_MAPPED.contains(&rest) {
            if !HEEDED.contains(&rest) {
                passed_over.push(name);
            }
            continue;
        }
        let (list, rest) = match rest.strip_prefix("CFG_") {
            Some(rest) => (&mut aliases, rest),
            None => (&mut plain, rest),
        };
        let key = key_of(rest);
        match broker::find(&key) {
            // Compose files pass variables on with nothing in them; that is no number and no flag.
            Some(def) if value.is_empty() && !matches!(def.kind, ConfigType::String | ConfigType::List) => {
                warnings.push(Warning(format!("{name} is empty and sets nothing")));
            }
            Some(_) => list.push(Setting { key, value, source: Source::Env(name) }),
            None if retired::reason(&key).is_some() => passed_over.push(name),
            None => {
                let hint = nearest(&key).map_or_else(String::new, |key| format!("; the nearest key is {key}"));
                warnings.push(Warning(format!("{name} would set {key}, which is no key, and is passed over{hint}")));
            }
        }
    }
    if !links.is_empty() {
        let names = links.join(", ");
        warnings.push(Warning(format!("{names}: taken for an orchestrator's service links, not for settings")));
    }
    if !passed_over.is_empty() {
        let names = passed_over.join(", ");
        warnings.push(Warning(format!(
            "{names}: of a Java runtime, of ZooKeeper or of another vendor; without effect here"
        )));
    }
    aliases.extend(plain);
    (aliases, warnings)
}

/// The key that a variable's name stands for, without its `KAFKA_`.
fn key_of(rest: &str) -> String {
    rest.to_lowercase().replace("___", "-").replace("__", "\u{0}").replace('_', ".").replace('\u{0}', "_")
}

/// True for what Docker links and Kubernetes put into the environment for a service called kafka or kafka-something.
fn is_service_link(rest: &str, value: &str) -> bool {
    let has_address =
        value.contains("://") && (rest.ends_with("PORT") || rest.ends_with("URL") || rest.contains("_TCP"));
    let numbered_port = |proto: &str| {
        rest.split_once("PORT_").is_some_and(|(_, tail)| {
            let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
            digits > 0 && tail[digits..].starts_with(proto)
        })
    };
    matches!(rest, "PORT" | "URL" | "HOST" | "NAME" | "ADDR")
        || rest == "SERVICE_HOST"
        || rest.starts_with("SERVICE_PORT")
        || rest.ends_with("_SERVICE_HOST")
        || rest.ends_with("_SERVICE_PORT")
        || rest.contains("_SERVICE_PORT_")
        || numbered_port("_TCP")
        || numbered_port("_UDP")
        || rest.ends_with("_TCP")
        || has_address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> (Vec<(String, String)>, Vec<String>) {
        let owned = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        let (settings, warnings) = env_overrides(owned);
        let settings = settings.into_iter().map(|s| (s.key, s.value)).collect();
        (settings, warnings.into_iter().map(|w| w.0).collect())
    }

    #[test]
    fn names_map_as_in_the_image() {
        assert_eq!(key_of("LOG_DIRS"), "log.dirs");
        assert_eq!(key_of("A__B___C_D"), "a_b-c.d");
        let (settings, warnings) = read(&[
            ("KAFKA_LISTENER_NAME_TC___0_SSL_CLIENT_AUTH", "none"),
            ("KAFKA_NODE_ID", "4"),
            ("CLUSTER_ID", "abc"),
            ("PATH", "/bin"),
        ]);
        assert_eq!(
            settings,
            [
                ("cluster.id".into(), "abc".into()),
                ("listener.name.tc-0.ssl.client.auth".into(), "none".into()),
                ("node.id".into(), "4".into()),
            ]
        );
        assert!(warnings.is_empty());
    }

    #[test]
    fn the_plain_form_is_stronger_than_its_alias() {
        let (settings, _) = read(&[("KAFKA_NODE_ID", "2"), ("KAFKA_CFG_NODE_ID", "1")]);
        assert_eq!(settings.last(), Some(&("node.id".to_owned(), "2".to_owned())));
    }

    #[test]
    fn service_links_are_never_settings() {
        let links = [
            "KAFKA_PORT",
            "KAFKA_SERVICE_HOST",
            "KAFKA_SERVICE_PORT_CLIENT",
            "KAFKA_URL",
            "KAFKA_PORT_9092_TCP_ADDR",
            "KAFKA_UI_SERVICE_PORT",
            "KAFKA_HEADLESS_PORT_9092_TCP",
        ];
        let (settings, warnings) = read(&links.map(|name| (name, "tcp://10.0.0.1:9092")));
        assert!(settings.is_empty());
        assert_eq!(warnings.len(), 1);
        assert!(links.iter().all(|name| warnings[0].contains(name)));
    }

    #[test]
    fn strays_give_a_warning_with_the_nearest_key() {
        let (settings, warnings) = read(&[
            ("KAFKA_NUM_PARTITONS", "3"),
            ("KAFKA_HEAP_OPTS", "-Xmx1g"),
            ("KAFKA_ZOOKEEPER_CONNECT", "zk:2181"),
            ("KAFKA_LOG4J_ROOT_LOGLEVEL", "INFO"),
            ("KAFKA_NUM_IO_THREADS", ""),
        ]);
        assert!(settings.is_empty());
        assert_eq!(warnings.len(), 3);
        assert!(warnings.iter().any(|w| w.contains("num.partitions")));
        assert!(warnings.iter().any(|w| w.contains("KAFKA_HEAP_OPTS") && w.contains("KAFKA_ZOOKEEPER_CONNECT")));
    }
}
