//! Feature levels (KIP-584): what this release can do, and what the cluster has agreed to use.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::metadata::record::{FeatureLevel, MetadataRecord};

/// The feature that says which records may be written.
pub const METADATA_VERSION: &str = "metadata.version";
/// The feature of the quorum itself: agreed in the quorum, not in metadata records.
pub const KRAFT_VERSION: &str = "kraft.version";
/// The level of [`METADATA_VERSION`] from which on brokers tell of cordoned log directories: `4.3-IV0`.
pub const CORDONED_DIRS_LEVEL: i16 = 30;

/// The level of [`KRAFT_VERSION`] that a quorum formatted by this release has.
const KRAFT_VERSION_LEVEL: i16 = 1;

/// The levels of a feature that this release can work with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupportedFeature {
    /// The feature.
    pub name: &'static str,
    /// Lowest level.
    pub min: i16,
    /// Highest level.
    pub max: i16,
    /// The level of a fresh cluster.
    pub initial: i16,
}

const fn feature(name: &'static str, min: i16, max: i16) -> SupportedFeature {
    SupportedFeature { name, min, max, initial: max }
}

/// Those of Kafka 4.3.
pub const SUPPORTED: [SupportedFeature; 7] = [
    feature(METADATA_VERSION, 7, 30),
    feature(KRAFT_VERSION, 0, KRAFT_VERSION_LEVEL),
    feature("transaction.version", 0, 2),
    feature("group.version", 0, 1),
    feature("eligible.leader.replicas.version", 0, 1),
    feature("share.version", 0, 1),
    feature("streams.version", 0, 1),
];

/// The name of a metadata.version level, such as `4.3-IV0`.
pub fn metadata_version_name(level: i16) -> Option<&'static str> {
    const NAMES: [&str; 24] = [
        "3.3-IV3", "3.4-IV0", "3.5-IV0", "3.5-IV1", "3.5-IV2", "3.6-IV0", "3.6-IV1", "3.6-IV2", "3.7-IV0", "3.7-IV1",
        "3.7-IV2", "3.7-IV3", "3.7-IV4", "3.8-IV0", "3.9-IV0", "4.0-IV0", "4.0-IV1", "4.0-IV2", "4.0-IV3", "4.1-IV0",
        "4.1-IV1", "4.2-IV0", "4.2-IV1", "4.3-IV0",
    ];
    usize::try_from(level - 7).ok().and_then(|i| NAMES.get(i).copied())
}

/// The supported range of a feature.
pub fn supported(name: &str) -> Option<SupportedFeature> {
    SUPPORTED.into_iter().find(|f| f.name == name)
}

/// The levels that the cluster has agreed on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FeaturesImage {
    levels: Arc<BTreeMap<String, i16>>,
}

impl FeaturesImage {
    /// What this release can work with.
    pub fn supported(&self) -> impl Iterator<Item = SupportedFeature> + use<> {
        SUPPORTED.into_iter()
    }

    /// Each feature in use with its level. Nothing before the first record.
    pub fn finalized(&self) -> impl Iterator<Item = (&str, i16)> {
        let quorum = (!self.levels.is_empty()).then_some((KRAFT_VERSION, KRAFT_VERSION_LEVEL));
        self.levels.iter().map(|(name, level)| (name.as_str(), *level)).chain(quorum)
    }

    /// The level of a feature; 0 is off.
    pub fn level(&self, name: &str) -> i16 {
        self.finalized().find(|(n, _)| *n == name).map_or(0, |(_, level)| level)
    }

    pub(super) fn set(&mut self, record: &FeatureLevel) {
        let levels = Arc::make_mut(&mut self.levels);
        match record.level {
            0 => levels.remove(&record.name),
            level => levels.insert(record.name.clone(), level),
        };
    }

    pub(super) fn records(&self, out: &mut Vec<MetadataRecord>) {
        let record = |(name, level): (&String, &i16)| {
            MetadataRecord::FeatureLevel(FeatureLevel { name: name.clone(), level: *level })
        };
        // A reader must know the version before it reads anything else.
        let (first, rest): (Vec<_>, Vec<_>) = self.levels.iter().partition(|(name, _)| *name == METADATA_VERSION);
        out.extend(first.into_iter().chain(rest).map(record));
    }
}

/// The records that a fresh cluster begins with.
pub fn bootstrap_records() -> Vec<MetadataRecord> {
    SUPPORTED
        .into_iter()
        .filter(|f| f.name != KRAFT_VERSION)
        .map(|f| MetadataRecord::FeatureLevel(FeatureLevel { name: f.name.to_owned(), level: f.initial }))
        .collect()
}
