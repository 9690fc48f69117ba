//! Which versions a broker speaks (ApiVersions, KIP-35, KIP-511), and the highest that both sides have.

use std::collections::HashMap;

use kafka_protocol::messages::{ApiVersionsResponse, api_versions_response::ApiVersion};
use kafka_protocol::protocol::Request;

use crate::protocol::api::{ApiKey, VersionRange};

/// A broker's version table.
#[derive(Debug, Clone, Default)]
pub struct ApiVersions {
    ranges: HashMap<ApiKey, VersionRange>,
}

impl ApiVersions {
    pub(super) fn of(response: &ApiVersionsResponse) -> Self {
        let row = |row: &ApiVersion| {
            Some((ApiKey::from_number(row.api_key)?, VersionRange { min: row.min_version, max: row.max_version }))
        };
        Self { ranges: response.api_keys.iter().filter_map(row).collect() }
    }

    /// The versions of one API that the broker serves; nothing if it lacks it.
    pub fn range(&self, key: ApiKey) -> Option<VersionRange> {
        self.ranges.get(&key).copied().filter(|range| !range.is_empty())
    }

    /// The highest version of `R` that both sides speak and that is at most `cap`.
    pub(super) fn pick<R: Request>(&self, key: ApiKey, cap: i16) -> Option<i16> {
        let (theirs, ours) = (self.range(key)?, Self::ours::<R>(key));
        let highest = theirs.max.min(ours.max).min(cap);
        (highest >= theirs.min && highest >= ours.min).then_some(highest)
    }

    /// The versions of `R` that this client speaks.
    pub(super) fn ours<R: Request>(key: ApiKey) -> VersionRange {
        let table = key.versions();
        VersionRange { min: table.min.max(R::VERSIONS.min), max: table.max.min(R::VERSIONS.max) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_protocol::messages::MetadataRequest;

    fn broker(min: i16, max: i16) -> ApiVersions {
        ApiVersions { ranges: HashMap::from([(ApiKey::Metadata, VersionRange { min, max })]) }
    }

    #[test]
    fn the_highest_common_version_is_picked() {
        let pick = |versions: ApiVersions, cap| versions.pick::<MetadataRequest>(ApiKey::Metadata, cap);
        let best = ApiVersions::ours::<MetadataRequest>(ApiKey::Metadata).max;
        assert_eq!(pick(broker(0, 4), i16::MAX), Some(4));
        assert_eq!(pick(broker(0, 99), i16::MAX), Some(best));
        assert_eq!(pick(broker(0, 99), 3), Some(3));
        assert_eq!(pick(broker(5, 99), 3), None);
        assert_eq!(pick(broker(90, 99), i16::MAX), None);
        assert_eq!(pick(ApiVersions::default(), i16::MAX), None);
    }
}
