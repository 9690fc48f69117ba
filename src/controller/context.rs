//! What a decision may know beside the metadata: the time, chance, and the static configuration.
//!
//! All of it is handed in, so that the same operations on the same image always give the same records.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::base::ids::{BrokerEpoch, Millis, NodeId, Offset, Uuid};
use crate::config::server::ServerConfig;
use crate::config::topic::TopicConfig;
use crate::metadata::configs::ResourceType;
use crate::metadata::image::MetadataImage;

/// Where chance comes from.
pub trait Chance: Send + Sync {
    /// A fresh id.
    fn uuid(&self) -> Uuid;
    /// A number below `bound`, which is not zero.
    fn below(&self, bound: usize) -> usize;
}

/// Chance from the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemChance;

impl Chance for SystemChance {
    fn uuid(&self) -> Uuid {
        crate::base::random::uuid()
    }
    fn below(&self, bound: usize) -> usize {
        (crate::base::random::u64() % bound as u64) as usize
    }
}

/// What every decision is given.
#[derive(Clone)]
pub struct Context {
    /// Wall clock.
    pub now: Millis,
    /// The offset that the records of this decision get.
    pub next_offset: Offset,
    /// This controller.
    pub node_id: NodeId,
    /// The cluster's id.
    pub cluster_id: String,
    /// The static configuration of this node.
    pub config: Arc<ServerConfig>,
    /// Chance.
    pub chance: Arc<dyn Chance>,
    /// Brokers that this controller has not heard of since their connection ended, or since it began to lead. Known only to who
    /// decides a registration.
    pub gone: BTreeSet<NodeId>,
}

impl Context {
    /// The broker epoch that a registration decided now gets.
    pub fn broker_epoch(&self) -> BrokerEpoch {
        BrokerEpoch(self.next_offset.0)
    }

    /// Whether that broker runs in this very process: then no other process can be it.
    pub fn is_local(&self, broker: NodeId) -> bool {
        broker == self.node_id && self.config.roles().broker
    }

    /// What a topic's settings come to, as the controller sees them.
    pub fn topic_config(&self, image: &MetadataImage, topic: &str) -> TopicConfig {
        let mut dynamic: BTreeMap<String, String> = image.configs().of(ResourceType::Broker, "").as_ref().clone();
        let own = image.configs().of(ResourceType::Broker, &self.node_id.to_string());
        dynamic.extend(own.iter().map(|(key, value)| (key.clone(), value.clone())));
        TopicConfig::resolve(image.configs().of(ResourceType::Topic, topic), &dynamic, &self.config)
    }

    /// `default.replication.factor`
    pub fn default_replication_factor(&self) -> i16 {
        self.number("default.replication.factor", 1)
    }

    /// `num.partitions`
    pub fn default_partitions(&self) -> i32 {
        self.number("num.partitions", 1)
    }

    fn number<T: std::str::FromStr>(&self, key: &str, otherwise: T) -> T {
        self.config.text(key).and_then(|text| text.trim().parse().ok()).unwrap_or(otherwise)
    }
}
