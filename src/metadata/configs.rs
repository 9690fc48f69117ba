//! Dynamic settings of resources.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

use crate::metadata::record::{Config, MetadataRecord};

/// What has settings (Kafka's `ConfigResource.Type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(i8)]
pub enum ResourceType {
    /// A topic.
    Topic = 2,
    /// A broker by id, or all of them under the empty name.
    Broker = 4,
    /// A broker's own log levels: never stored.
    BrokerLogger = 8,
    /// A client metrics subscription (KIP-714).
    ClientMetrics = 16,
    /// A group (KIP-848).
    Group = 32,
}

impl ResourceType {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Topic, Self::Broker, Self::BrokerLogger, Self::ClientMetrics, Self::Group];

    /// Kafka's number.
    pub fn id(self) -> i8 {
        self as i8
    }

    /// The type with this number.
    pub fn from_id(id: i8) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.id() == id)
    }
}

/// A resource: its type and its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Resource {
    /// What it is.
    pub resource_type: ResourceType,
    /// Its name; the empty name of a broker is the default of all.
    pub name: String,
}

impl Resource {
    /// Puts type and name together.
    pub fn new(resource_type: ResourceType, name: impl Into<String>) -> Self {
        Self { resource_type, name: name.into() }
    }
}

/// Keys and values of one resource.
pub type Settings = BTreeMap<String, String>;

static NONE: LazyLock<Arc<Settings>> = LazyLock::new(Arc::default);

/// The settings of all resources that have any.
#[derive(Debug, Clone, Default)]
pub struct ConfigsImage {
    resources: Arc<BTreeMap<Resource, Arc<Settings>>>,
}

impl ConfigsImage {
    /// What is set for a resource; empty if nothing is.
    pub fn of(&self, resource_type: ResourceType, name: &str) -> &Arc<Settings> {
        self.resources.get(&Resource::new(resource_type, name)).unwrap_or(&NONE)
    }

    /// Every resource with settings.
    pub fn iter(&self) -> impl Iterator<Item = (&Resource, &Arc<Settings>)> {
        self.resources.iter()
    }

    /// The names of the resources of a type that have settings, in order.
    pub fn names(&self, resource_type: ResourceType) -> impl Iterator<Item = &str> {
        self.iter().filter(move |(r, _)| r.resource_type == resource_type).map(|(r, _)| r.name.as_str())
    }

    /// True if nothing was set or taken away between the two.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.resources, &other.resources) || self.resources == other.resources
    }

    pub(super) fn set(&mut self, record: &Config) {
        // A type that we do not know comes from a newer writer; there is nothing here that would read it.
        let Some(resource_type) = ResourceType::from_id(record.resource_type) else { return };
        let resource = Resource::new(resource_type, record.resource_name.clone());
        let resources = Arc::make_mut(&mut self.resources);
        let settings = Arc::make_mut(resources.entry(resource.clone()).or_default());
        match &record.value {
            Some(value) => settings.insert(record.name.clone(), value.clone()),
            None => settings.remove(&record.name),
        };
        if settings.is_empty() {
            resources.remove(&resource);
        }
    }

    pub(super) fn forget(&mut self, resource_type: ResourceType, name: &str) {
        let resource = Resource::new(resource_type, name);
        if self.resources.contains_key(&resource) {
            Arc::make_mut(&mut self.resources).remove(&resource);
        }
    }

    pub(super) fn records(&self, out: &mut Vec<MetadataRecord>) {
        for (resource, settings) in self.iter() {
            out.extend(settings.iter().map(|(name, value)| {
                MetadataRecord::Config(Config {
                    resource_type: resource.resource_type.id(),
                    resource_name: resource.name.clone(),
                    name: name.clone(),
                    value: Some(value.clone()),
                })
            }));
        }
    }
}
