//! Messages and versions that Kafka 4.3.1 has and kafka_protocol 0.18 lacks.
//!
//! A version that only gives a new meaning to old fields needs no type of its own: [`same_wire`] names the earlier version whose
//! bytes it shares. A version with new fields has a type here, which serves all versions of its API and takes the place of the
//! crate's; it has the crate's own traits, so that `codec` takes it as any other.

use super::api::ApiKey;

/// The version of kafka_protocol's type that is on the wire as `version` is. Where that version has a field more, on the other
/// side of the exchange or not, the type here has the name of the crate's.
pub(super) const fn same_wire(key: ApiKey, version: i16) -> i16 {
    match (key, version) {
        // KIP-1023: a new special timestamp.
        (ApiKey::ListOffsets, 11) => 10,
        // KIP-1066, request only.
        (ApiKey::DescribeLogDirs, 5) => 4,
        // KIP-1186, KIP-1066, KIP-1228: responses only.
        (ApiKey::AddRaftVoter, 1) => 0,
        (ApiKey::BrokerHeartbeat, 2) => 1,
        (ApiKey::WriteTxnMarkers, 2) => 1,
        // KIP-1222: response only.
        (ApiKey::ShareFetch, 2) => 1,
        // KIP-1226: one side of the exchange each.
        (ApiKey::WriteShareGroupState | ApiKey::ReadShareGroupStateSummary | ApiKey::DescribeShareGroupOffsets, 1) => 0,
        (_, version) => version,
    }
}
