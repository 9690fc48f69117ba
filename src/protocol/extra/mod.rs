//! Messages and versions that Kafka 4.3.1 has and kafka_protocol 0.18 lacks.
//!
//! A version that has the bytes of an earlier one on its side of the exchange needs no type of its own: [`same_wire_request`] names
//! the earlier one. A version with new fields has a type here, which serves all versions of its API and takes the place of the
//! crate's of the same name; it has the crate's own traits, so that `codec` takes it as any other.
//!
//! ```text
//!  request only      OffsetCommit 10, OffsetFetch 10, WriteTxnMarkers 2, BrokerHeartbeat 2, AddRaftVoter 1, ShareFetch 2,
//!                    WriteShareGroupState 1
//!  response only     DescribeLogDirs 5, DescribeShareGroupOffsets 1, ReadShareGroupStateSummary 1
//!  both              ShareAcknowledge 2, StreamsGroupHeartbeat 0, StreamsGroupDescribe 0
//!  neither           ListOffsets 11
//! ```

use super::api::ApiKey;

pub mod brokers;
pub mod log_dirs;
pub(in crate::protocol) mod message;
pub mod offsets;
pub mod share;
pub mod share_state;
pub mod streams;

/// The version of kafka_protocol's request that is on the wire as `version` is, where its type ends before `version`.
pub(super) const fn same_wire_request(key: ApiKey, version: i16) -> i16 {
    match (key, version) {
        (ApiKey::ListOffsets, 11) => 10,
        (ApiKey::DescribeLogDirs, 5) => 4,
        (ApiKey::DescribeShareGroupOffsets | ApiKey::ReadShareGroupStateSummary, 1) => 0,
        (_, version) => version,
    }
}

/// As [`same_wire_request`], of a response.
pub(super) const fn same_wire_response(key: ApiKey, version: i16) -> i16 {
    match (key, version) {
        (ApiKey::ListOffsets, 11) => 10,
        (ApiKey::WriteTxnMarkers | ApiKey::BrokerHeartbeat | ApiKey::ShareFetch, 2) => 1,
        (ApiKey::AddRaftVoter | ApiKey::WriteShareGroupState, 1) => 0,
        (_, version) => version,
    }
}
