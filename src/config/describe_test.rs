//! Tests of `describe`.

use super::super::server::Unknown;
use super::super::source::parse_properties;
use super::*;

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

struct Layers {
    server: ServerConfig,
    dynamic: BTreeMap<String, String>,
    dynamic_default: BTreeMap<String, String>,
}

impl Layers {
    fn new(file: &str, dynamic: &[(&str, &str)], dynamic_default: &[(&str, &str)]) -> Self {
        let settings = parse_properties(file, "f").unwrap();
        let server = ServerConfig::load(settings, Unknown::Refused).unwrap().0;
        Self { server, dynamic: map(dynamic), dynamic_default: map(dynamic_default) }
    }
    fn all(&self) -> BrokerLayers<'_> {
        BrokerLayers { server: &self.server, dynamic: &self.dynamic, dynamic_default: &self.dynamic_default }
    }
}

fn entry<'a>(entries: &'a [Entry], name: &str) -> &'a Entry {
    entries.iter().find(|entry| entry.name == name).unwrap_or_else(|| panic!("{name} is missing"))
}

fn shown(entry: &Entry) -> Vec<String> {
    let value = |synonym: &Synonym| synonym.value.clone().unwrap_or_else(|| "null".to_owned());
    entry.synonyms.iter().map(|s| format!("{:?}:{}={}", s.source, s.name, value(s))).collect()
}

#[test]
fn a_topics_synonyms_run_from_its_own_value_to_the_default() {
    let layers = Layers::new(
        "node.id=1\nlog.segment.bytes=2000000",
        &[("log.segment.bytes", "3000000")],
        &[("log.segment.bytes", "4000000")],
    );
    let entries = topic(&map(&[("segment.bytes", " 5000000")]), layers.all());
    let segment = entry(&entries, "segment.bytes");
    assert_eq!((segment.value.as_deref(), segment.source), (Some("5000000"), ConfigSource::Topic));
    assert_eq!(
        shown(segment),
        [
            "Topic:segment.bytes=5000000",
            "DynamicBroker:log.segment.bytes=3000000",
            "DynamicDefaultBroker:log.segment.bytes=4000000",
            "StaticBroker:log.segment.bytes=2000000",
            "Default:log.segment.bytes=1073741824",
        ]
    );
    let entries = topic(&map(&[]), layers.all());
    let segment = entry(&entries, "segment.bytes");
    assert_eq!((segment.value.as_deref(), segment.source), (Some("3000000"), ConfigSource::DynamicBroker));
    assert_eq!(entries.len(), 33);
    assert!(entries.iter().all(|entry| !entry.read_only && !entry.sensitive && entry.kind.is_some()));
}

#[test]
fn a_value_inherited_under_another_unit_shows_no_synonyms() {
    let layers = Layers::new("log.retention.hours=2", &[], &[]);
    let entries = topic(&map(&[]), layers.all());
    let retention = entry(&entries, "retention.ms");
    assert_eq!((retention.value.as_deref(), retention.source), (Some("7200000"), ConfigSource::Default));
    assert!(retention.synonyms.is_empty());
    assert!(entry(&entries, "remote.storage.enable").synonyms.is_empty());
}

#[test]
fn a_broker_shows_every_key_and_keeps_secrets_back() {
    let layers = Layers::new(
        "node.id=1\nssl.key.password=s3cret\ncluster.id=x\nlog.roll.hours=5",
        &[("max.connections", "7")],
        &[],
    );
    let entries = broker(layers.all());
    let secret = entry(&entries, "ssl.key.password");
    assert!(secret.sensitive && secret.value.is_none() && secret.source == ConfigSource::StaticBroker);
    assert_eq!(shown(secret), ["StaticBroker:ssl.key.password=null"]);
    let connections = entry(&entries, "max.connections");
    assert!(!connections.read_only);
    assert_eq!(shown(connections), ["DynamicBroker:max.connections=7", "Default:max.connections=2147483647"]);
    assert!(entry(&entries, "num.partitions").read_only);
    assert_eq!(entry(&entries, "log.roll.ms").value, None);
    assert_eq!(
        shown(entry(&entries, "log.roll.hours")),
        ["StaticBroker:log.roll.hours=5", "Default:log.roll.hours=168"]
    );
    assert_eq!(entry(&entries, "cluster.id").value.as_deref(), Some("x"));
    assert!(entries.iter().all(|entry| entry.name != "ottla.http.address"));
}

#[test]
fn dynamic_defaults_show_only_themselves() {
    let layers = Layers::new("node.id=1", &[("max.connections", "7")], &[("max.connections", "8")]);
    let entries = broker_default(layers.all());
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].value.as_deref(), entries[0].source), (Some("8"), ConfigSource::DynamicDefaultBroker));
    assert_eq!(shown(&entries[0]), ["DynamicDefaultBroker:max.connections=8"]);
}

#[test]
fn groups_inherit_from_their_broker_keys() {
    let layers = Layers::new("node.id=1\ngroup.consumer.session.timeout.ms=50000", &[], &[]);
    let entries = group(&map(&[("consumer.heartbeat.interval.ms", "6000")]), layers.all());
    assert_eq!(entry(&entries, "consumer.session.timeout.ms").value.as_deref(), Some("50000"));
    assert_eq!(entry(&entries, "consumer.heartbeat.interval.ms").source, ConfigSource::Group);
    assert_eq!(entry(&entries, "share.auto.offset.reset").value.as_deref(), Some("latest"));
}

#[test]
fn client_metrics_and_loggers_show_what_kafka_shows() {
    let entries = client_metrics(&map(&[("interval.ms", "60000")]));
    let interval = entry(&entries, "interval.ms");
    assert_eq!((interval.value.as_deref(), interval.source), (Some("60000"), ConfigSource::ClientMetrics));
    assert_eq!(shown(interval), ["ClientMetrics:interval.ms=60000"]);
    assert_eq!(entry(&entries, "metrics").source, ConfigSource::Default);
    let levels = loggers(&[("root".to_owned(), "INFO".to_owned())]);
    assert_eq!((levels[0].value.as_deref(), levels[0].kind), (Some("INFO"), None));
}
