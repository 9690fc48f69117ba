//! Says in the log what was stored and does nothing here (yet), in the words of the warning at the start.
//!
//! Told where it is asked for and only when it was accepted, so that whoever sets it can find out from the broker that took it.

use crate::config::definition::{ConfigDef, Meaning};
use crate::config::{broker, client_metrics, group, topic};
use crate::metadata::configs::{Resource, ResourceType};

/// Settings of a resource were changed.
pub fn settings<'a>(resource: &Resource, keys: impl Iterator<Item = &'a str>) {
    for key in keys {
        if let Some(reason) = definition_of(resource.resource_type, key).and_then(without_effect) {
            let kind = resource.resource_type;
            tracing::warn!(?kind, name = resource.name, key, reason, "a setting is stored without effect");
        }
    }
}

/// Quotas of users, clients or addresses were changed.
pub fn quotas() {
    tracing::warn!("client quotas were changed; they are stored, and not enforced yet");
}

/// Passwords of users were changed.
pub fn scram_credentials() {
    tracing::warn!("SCRAM credentials were changed; they are stored, and nobody is asked for them yet");
}

fn definition_of(kind: ResourceType, key: &str) -> Option<&'static ConfigDef> {
    match kind {
        ResourceType::Broker => broker::find_dynamic(key),
        ResourceType::Topic => topic::find(key),
        ResourceType::Group => group::find(key),
        ResourceType::ClientMetrics => client_metrics::find(key),
        ResourceType::BrokerLogger => None,
    }
}

fn without_effect(def: &ConfigDef) -> Option<&'static str> {
    match def.meaning {
        Meaning::NotYet(reason) | Meaning::NotUsed(reason) | Meaning::Refused(reason) => Some(reason),
        Meaning::Used => None,
    }
}
