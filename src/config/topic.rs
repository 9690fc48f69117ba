//! Topic configuration: the keys, the broker keys behind them, and what a topic's settings come to.
//!
//! ```text
//! strongest  the topic's own override
//!            dynamic broker value   (this broker's, then the cluster's default: merged by the caller)
//!            static broker value    (file, environment, flag)
//! weakest    default
//! ```
//! Among the broker's values the finer unit wins: `log.retention.ms`, then `.minutes`, then `.hours`.

use std::collections::BTreeMap;

use super::broker;
use super::definition::{self, ConfigDef};
use super::server::ServerConfig;
use super::topic_keys;
use super::value::{Value, elements};

/// Every topic key, in the order in which a description lists them.
pub fn defs() -> &'static [ConfigDef] {
    topic_keys::DEFS
}

/// The definition of a topic key.
pub fn find(name: &str) -> Option<&'static ConfigDef> {
    definition::find(defs(), name)
}

/// How many of a topic key's units one unit of a broker key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit(pub i64);

const SAME: Unit = Unit(1);
const MINUTES: Unit = Unit(60_000);
const HOURS: Unit = Unit(3_600_000);

/// The broker keys behind a topic key, the strongest first.
pub fn broker_keys(name: &str) -> &'static [(&'static str, Unit)] {
    match name {
        "segment.bytes" => &[("log.segment.bytes", SAME)],
        "segment.ms" => &[("log.roll.ms", SAME), ("log.roll.hours", HOURS)],
        "segment.jitter.ms" => &[("log.roll.jitter.ms", SAME), ("log.roll.jitter.hours", HOURS)],
        "segment.index.bytes" => &[("log.index.size.max.bytes", SAME)],
        "flush.messages" => &[("log.flush.interval.messages", SAME)],
        "flush.ms" => &[("log.flush.interval.ms", SAME), ("log.flush.scheduler.interval.ms", SAME)],
        "retention.bytes" => &[("log.retention.bytes", SAME)],
        "retention.ms" => {
            &[("log.retention.ms", SAME), ("log.retention.minutes", MINUTES), ("log.retention.hours", HOURS)]
        }
        "max.message.bytes" => &[("message.max.bytes", SAME)],
        "index.interval.bytes" => &[("log.index.interval.bytes", SAME)],
        "delete.retention.ms" => &[("log.cleaner.delete.retention.ms", SAME)],
        "min.compaction.lag.ms" => &[("log.cleaner.min.compaction.lag.ms", SAME)],
        "max.compaction.lag.ms" => &[("log.cleaner.max.compaction.lag.ms", SAME)],
        "file.delete.delay.ms" => &[("log.segment.delete.delay.ms", SAME)],
        "min.cleanable.dirty.ratio" => &[("log.cleaner.min.cleanable.ratio", SAME)],
        "cleanup.policy" => &[("log.cleanup.policy", SAME)],
        "unclean.leader.election.enable" => &[("unclean.leader.election.enable", SAME)],
        "min.insync.replicas" => &[("min.insync.replicas", SAME)],
        "compression.type" => &[("compression.type", SAME)],
        "compression.gzip.level" => &[("compression.gzip.level", SAME)],
        "compression.lz4.level" => &[("compression.lz4.level", SAME)],
        "compression.zstd.level" => &[("compression.zstd.level", SAME)],
        "preallocate" => &[("log.preallocate", SAME)],
        "message.timestamp.type" => &[("log.message.timestamp.type", SAME)],
        "message.timestamp.before.max.ms" => &[("log.message.timestamp.before.max.ms", SAME)],
        "message.timestamp.after.max.ms" => &[("log.message.timestamp.after.max.ms", SAME)],
        "local.retention.ms" => &[("log.local.retention.ms", SAME)],
        "local.retention.bytes" => &[("log.local.retention.bytes", SAME)],
        _ => &[],
    }
}

/// What one topic's settings come to. Times in milliseconds, sizes in bytes, under the names of the topic keys.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub struct TopicConfig {
    /// `internal.segment.bytes` where it is set.
    pub segment_bytes: i32,
    pub segment_ms: i64,
    pub segment_jitter_ms: i64,
    pub segment_index_bytes: i32,
    pub flush_messages: i64,
    pub flush_ms: i64,
    /// Negative: without bound.
    pub retention_bytes: i64,
    /// Negative: for ever.
    pub retention_ms: i64,
    pub max_message_bytes: i32,
    pub index_interval_bytes: i32,
    pub delete_retention_ms: i64,
    pub min_compaction_lag_ms: i64,
    pub max_compaction_lag_ms: i64,
    pub file_delete_delay_ms: i64,
    pub min_cleanable_dirty_ratio: f64,
    /// `cleanup.policy` holds `delete`.
    pub delete: bool,
    /// `cleanup.policy` holds `compact`.
    pub compact: bool,
    pub unclean_leader_election_enable: bool,
    pub min_insync_replicas: i32,
    /// `producer` or a codec's name.
    pub compression_type: String,
    pub compression_gzip_level: i32,
    pub compression_lz4_level: i32,
    pub compression_zstd_level: i32,
    pub preallocate: bool,
    /// `message.timestamp.type` is `LogAppendTime`.
    pub log_append_time: bool,
    pub message_timestamp_before_max_ms: i64,
    pub message_timestamp_after_max_ms: i64,
}

impl TopicConfig {
    /// What `overrides` come to over a broker. `dynamic_broker` holds the broker's dynamic values, its own over the
    /// cluster's. A value that is out of bounds counts as not given: it was judged when it was set, by whoever took it.
    pub fn resolve(
        overrides: &BTreeMap<String, String>,
        dynamic_broker: &BTreeMap<String, String>,
        server: &ServerConfig,
    ) -> Self {
        let values = Resolver { overrides, dynamic_broker, server };
        let policy = elements(&values.text("cleanup.policy"));
        let segment_bytes = values.own("internal.segment.bytes").unwrap_or_else(|| values.integer("segment.bytes"));
        Self {
            segment_bytes: int(segment_bytes),
            segment_ms: values.integer("segment.ms"),
            segment_jitter_ms: values.integer("segment.jitter.ms"),
            segment_index_bytes: int(values.integer("segment.index.bytes")),
            flush_messages: values.integer("flush.messages"),
            flush_ms: values.integer("flush.ms"),
            retention_bytes: values.integer("retention.bytes"),
            retention_ms: values.integer("retention.ms"),
            max_message_bytes: int(values.integer("max.message.bytes")),
            index_interval_bytes: int(values.integer("index.interval.bytes")),
            delete_retention_ms: values.integer("delete.retention.ms"),
            min_compaction_lag_ms: values.integer("min.compaction.lag.ms"),
            max_compaction_lag_ms: values.integer("max.compaction.lag.ms"),
            file_delete_delay_ms: values.integer("file.delete.delay.ms"),
            min_cleanable_dirty_ratio: values.text("min.cleanable.dirty.ratio").parse().unwrap_or(0.5),
            delete: policy.iter().any(|policy| policy == "delete"),
            compact: policy.iter().any(|policy| policy == "compact"),
            unclean_leader_election_enable: values.flag("unclean.leader.election.enable"),
            min_insync_replicas: int(values.integer("min.insync.replicas")),
            compression_type: values.text("compression.type"),
            compression_gzip_level: int(values.integer("compression.gzip.level")),
            compression_lz4_level: int(values.integer("compression.lz4.level")),
            compression_zstd_level: int(values.integer("compression.zstd.level")),
            preallocate: values.flag("preallocate"),
            log_append_time: values.text("message.timestamp.type") == "LogAppendTime",
            message_timestamp_before_max_ms: values.integer("message.timestamp.before.max.ms"),
            message_timestamp_after_max_ms: values.integer("message.timestamp.after.max.ms"),
        }
    }
}

/// The value of one topic key as text, resolved as [`TopicConfig::resolve`] does; `None` for null.
pub fn value(
    name: &str,
    overrides: &BTreeMap<String, String>,
    dynamic_broker: &BTreeMap<String, String>,
    server: &ServerConfig,
) -> Option<String> {
    Resolver { overrides, dynamic_broker, server }.value(name).map(|value| value.to_string())
}

fn int(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(if value < 0 { i32::MIN } else { i32::MAX })
}

struct Resolver<'a> {
    overrides: &'a BTreeMap<String, String>,
    dynamic_broker: &'a BTreeMap<String, String>,
    server: &'a ServerConfig,
}

impl Resolver<'_> {
    fn value(&self, name: &str) -> Option<Value> {
        let def = find(name)?;
        if let Some(value) = self.overrides.get(name).and_then(|text| def.parse(text).ok()) {
            return Some(value);
        }
        let of_broker = broker_keys(name).iter().find_map(|(key, unit)| Some(in_unit(self.broker(key)?, *unit)));
        of_broker.or_else(|| def.parse(def.default?).ok())
    }

    fn broker(&self, key: &str) -> Option<Value> {
        let dynamic = self.dynamic_broker.get(key).and_then(|text| broker::find(key)?.parse(text).ok());
        dynamic.or_else(|| self.server.parsed(key))
    }

    fn own(&self, name: &str) -> Option<i64> {
        match find(name)?.parse(self.overrides.get(name)?) {
            Ok(Value::Integer(value)) => Some(value),
            _ => None,
        }
    }

    fn integer(&self, name: &str) -> i64 {
        if let Some(Value::Integer(value)) = self.value(name) { value } else { 0 }
    }

    fn flag(&self, name: &str) -> bool {
        self.value(name) == Some(Value::Boolean(true))
    }

    fn text(&self, name: &str) -> String {
        self.value(name).map_or_else(String::new, |value| value.to_string())
    }
}

/// Turns hours and minutes into milliseconds; a negative span means "for ever" in every unit.
fn in_unit(value: Value, unit: Unit) -> Value {
    match value {
        Value::Integer(span) if unit != SAME => Value::Integer(if span < 0 { -1 } else { span.saturating_mul(unit.0) }),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::server::Unknown;
    use super::super::source::{Setting, Source};
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn server(pairs: &[(&str, &str)]) -> ServerConfig {
        let setting = |(k, v): &(&str, &str)| {
            let source = Source::File { name: "f".into(), line: 1 };
            Setting { key: (*k).to_owned(), value: (*v).to_owned(), source }
        };
        ServerConfig::load(pairs.iter().map(setting).collect(), Unknown::Refused).unwrap().0
    }

    #[test]
    fn every_topic_key_has_a_sound_default_and_known_broker_keys() {
        assert_eq!(defs().len(), 34);
        for def in defs() {
            assert!(def.default.is_none_or(|default| def.parse(default).is_ok()), "{}", def.name);
            assert!(broker_keys(def.name).iter().all(|(key, _)| broker::find(key).is_some()), "{}", def.name);
        }
    }

    #[test]
    fn defaults_are_kafkas() {
        let config = TopicConfig::resolve(&map(&[]), &map(&[]), &server(&[]));
        assert_eq!((config.segment_bytes, config.segment_ms), (1 << 30, 604_800_000));
        assert_eq!((config.retention_ms, config.retention_bytes), (604_800_000, -1));
        assert_eq!((config.flush_messages, config.flush_ms), (i64::MAX, i64::MAX));
        assert_eq!((config.max_message_bytes, config.min_insync_replicas), (1_048_588, 1));
        assert!(config.delete && !config.compact && !config.log_append_time && !config.preallocate);
        assert_eq!((config.compression_type.as_str(), config.compression_gzip_level), ("producer", -1));
    }

    #[test]
    fn the_finer_unit_wins_and_the_nearer_layer_wins() {
        let hours = server(&[("log.retention.hours", "2"), ("log.roll.hours", "1")]);
        let resolve = |own: &[_], dynamic: &[_]| TopicConfig::resolve(&map(own), &map(dynamic), &hours);
        assert_eq!((resolve(&[], &[]).retention_ms, resolve(&[], &[]).segment_ms), (7_200_000, 3_600_000));
        assert_eq!(resolve(&[], &[("log.retention.ms", "5")]).retention_ms, 5);
        assert_eq!(resolve(&[("retention.ms", "9")], &[("log.retention.ms", "5")]).retention_ms, 9);
        let minutes = server(&[("log.retention.hours", "2"), ("log.retention.minutes", "3")]);
        assert_eq!(TopicConfig::resolve(&map(&[]), &map(&[]), &minutes).retention_ms, 180_000);
        let forever = server(&[("log.retention.hours", "-1")]);
        assert_eq!(TopicConfig::resolve(&map(&[]), &map(&[]), &forever).retention_ms, -1);
    }

    #[test]
    fn overrides_are_read_and_unsound_ones_are_passed_over() {
        let own = map(&[
            ("cleanup.policy", "compact, delete"),
            ("message.timestamp.type", "LogAppendTime"),
            ("internal.segment.bytes", "1000"),
            ("min.insync.replicas", "none"),
        ]);
        let config = TopicConfig::resolve(&own, &map(&[]), &server(&[]));
        assert!(config.compact && config.delete && config.log_append_time);
        assert_eq!((config.segment_bytes, config.min_insync_replicas), (1000, 1));
    }
}
