//! Client-metrics configuration: the keys (KIP-714).

use super::client_metrics_keys;
use super::definition::{self, ConfigDef};

/// Every client-metrics key.
pub fn defs() -> &'static [ConfigDef] {
    client_metrics_keys::DEFS
}

/// The definition of a client-metrics key.
pub fn find(name: &str) -> Option<&'static ConfigDef> {
    definition::find(defs(), name)
}
