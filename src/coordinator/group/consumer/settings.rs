//! What the configuration says of consumer groups: the broker's own settings, and what a group has instead.

use crate::base::ids::Millis;
use crate::config::server::ServerConfig;
use crate::coordinator::group::assignor::Assignor;
use crate::metadata::configs::ResourceType;
use crate::metadata::image::MetadataImage;

const ASSIGNMENT_INTERVAL: &str = "group.consumer.assignment.interval.ms";

/// A setting that groups may have their own value of, within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounded {
    /// For groups that say nothing.
    pub default: i32,
    /// The least that counts.
    pub min: i32,
    /// The most that counts.
    pub max: i32,
}

impl Bounded {
    fn of_group(self, text: Option<&String>) -> i32 {
        // Values are checked where they are set; one that cannot be read says nothing.
        let own = text.and_then(|text| text.trim().parse::<i32>().ok());
        own.map_or(self.default, |own| own.max(self.min).min(self.max))
    }
}

/// Whether groups may change their protocol while they have members (`group.consumer.migration.policy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MigrationPolicy {
    /// Both ways.
    #[default]
    Bidirectional,
    /// From classic to consumer.
    Upgrade,
    /// From consumer to classic.
    Downgrade,
    /// Not at all.
    Disabled,
}

impl MigrationPolicy {
    /// The policy of this name; an unknown one allows nothing.
    pub fn named(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "bidirectional" => Self::Bidirectional,
            "upgrade" => Self::Upgrade,
            "downgrade" => Self::Downgrade,
            _ => Self::Disabled,
        }
    }

    /// Whether a classic group may become a consumer group.
    pub fn upgrades(self) -> bool {
        matches!(self, Self::Bidirectional | Self::Upgrade)
    }

    /// Whether a consumer group may become a classic group.
    pub fn downgrades(self) -> bool {
        matches!(self, Self::Bidirectional | Self::Downgrade)
    }
}

/// The broker's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `group.consumer.session.timeout.ms`
    pub session_timeout_ms: Bounded,
    /// `group.consumer.heartbeat.interval.ms`
    pub heartbeat_interval_ms: Bounded,
    /// The least that members of a group that settles are told: `group.consumer.min.heartbeat.interval.ms`, if somebody set it.
    pub settling_interval_ms_min: i32,
    /// `group.consumer.assignment.interval.ms`
    pub assignment_interval_ms: Bounded,
    /// `group.consumer.max.size`
    pub size_max: usize,
    /// `group.consumer.assignors`; the first is the default.
    pub assignors: Vec<Assignor>,
    /// `group.consumer.migration.policy`
    pub migration: MigrationPolicy,
    /// `group.max.size`: what a group may have that turns classic.
    pub classic_size_max: usize,
    /// `group.consumer.regex.refresh.interval.ms`
    pub regex_refresh_interval_ms: i32,
    /// The broker, by the name that its dynamic settings are found under.
    pub broker: String,
}

impl Default for Settings {
    /// Kafka's defaults.
    fn default() -> Self {
        Self {
            session_timeout_ms: Bounded { default: 45_000, min: 45_000, max: 60_000 },
            heartbeat_interval_ms: Bounded { default: 5_000, min: 5_000, max: 15_000 },
            settling_interval_ms_min: 0,
            assignment_interval_ms: Bounded { default: 1_000, min: 0, max: 15_000 },
            size_max: i32::MAX as usize,
            assignors: vec![Assignor::Uniform, Assignor::Range],
            migration: MigrationPolicy::default(),
            classic_size_max: i32::MAX as usize,
            regex_refresh_interval_ms: 600_000,
            broker: "1".to_owned(),
        }
    }
}

impl Settings {
    /// What a broker's configuration says.
    pub fn of(config: &ServerConfig) -> Self {
        let text = |key: &str| config.text(&format!("group.{key}")).unwrap_or_default();
        let number = |key: &str, or: i32| text(key).parse().unwrap_or(or);
        let bounded = |key: &str, or: Bounded| Bounded {
            default: number(&format!("consumer.{key}"), or.default),
            min: number(&format!("consumer.min.{key}"), or.min),
            max: number(&format!("consumer.max.{key}"), or.max),
        };
        let kafkas = Self::default();
        let heartbeat_min = config.set_value("group.consumer.min.heartbeat.interval.ms");
        let size = |key: &str| usize::try_from(number(key, i32::MAX)).unwrap_or(usize::MAX);
        Self {
            session_timeout_ms: bounded("session.timeout.ms", kafkas.session_timeout_ms),
            heartbeat_interval_ms: bounded("heartbeat.interval.ms", kafkas.heartbeat_interval_ms),
            settling_interval_ms_min: heartbeat_min.and_then(|ms| ms.trim().parse().ok()).unwrap_or(0),
            assignment_interval_ms: bounded("assignment.interval.ms", kafkas.assignment_interval_ms),
            size_max: size("consumer.max.size"),
            assignors: text("consumer.assignors").split(',').filter_map(|name| Assignor::named(name.trim())).collect(),
            migration: MigrationPolicy::named(&text("consumer.migration.policy")),
            classic_size_max: size("max.size"),
            regex_refresh_interval_ms: number("consumer.regex.refresh.interval.ms", kafkas.regex_refresh_interval_ms),
            broker: config.node_id().to_string(),
        }
    }

    /// The assignor of groups whose members ask for none.
    pub fn default_assignor(&self) -> Assignor {
        self.assignors.first().copied().unwrap_or(Assignor::Uniform)
    }

    /// The assignor of this name, if this broker offers it.
    pub fn assignor(&self, name: &str) -> Option<Assignor> {
        self.assignors.iter().copied().find(|assignor| assignor.name() == name)
    }

    /// How long a group's members may be silent.
    pub fn session_timeout(&self, image: &MetadataImage, group: &str) -> Millis {
        self.of_group(image, group, "consumer.session.timeout.ms", self.session_timeout_ms)
    }

    /// How often a group's members should speak.
    pub fn heartbeat_interval(&self, image: &MetadataImage, group: &str) -> Millis {
        self.of_group(image, group, "consumer.heartbeat.interval.ms", self.heartbeat_interval_ms)
    }

    /// How much time lies at least between two target assignments of a group. What is set for all groups may change while the
    /// broker runs, unlike the rest.
    pub fn assignment_interval(&self, image: &MetadataImage, group: &str) -> Millis {
        let configs = image.configs();
        let own = configs.of(ResourceType::Group, group).get("consumer.assignment.interval.ms");
        let of_broker = |name: &str| configs.of(ResourceType::Broker, name).get(ASSIGNMENT_INTERVAL);
        let text = own.or_else(|| of_broker(&self.broker)).or_else(|| of_broker(""));
        Millis(i64::from(self.assignment_interval_ms.of_group(text)))
    }

    fn of_group(&self, image: &MetadataImage, group: &str, key: &str, setting: Bounded) -> Millis {
        let own = image.configs().of(ResourceType::Group, group);
        Millis(i64::from(setting.of_group(own.get(key))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configurations_defaults_are_kafkas() {
        assert_eq!(Settings::of(&ServerConfig::quickstart()), Settings::default());
    }
}
