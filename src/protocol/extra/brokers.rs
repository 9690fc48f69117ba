//! What brokers and controllers tell each other: BrokerHeartbeat v2 (KIP-1066), AddRaftVoter v1 (KIP-1186), WriteTxnMarkers v2
//! (KIP-1228).

use kafka_protocol::messages::{
    AddRaftVoterResponse, BrokerHeartbeatResponse, BrokerId, ProducerId, TopicName, WriteTxnMarkersResponse,
};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::message::{message, structure};
use crate::protocol::api::ApiKey;

structure! {
    /// A broker's sign of life to the controller.
    BrokerHeartbeatRequest {
        /// The broker.
        broker_id: BrokerId, 0..=2;
        /// Its registration's epoch.
        broker_epoch: i64 = -1, 0..=2;
        /// The highest metadata offset that it has applied.
        current_metadata_offset: i64, 0..=2;
        /// True if it wants to be fenced.
        want_fence: bool, 0..=2;
        /// True if it wants to shut down, its leaderships moved first.
        want_shut_down: bool, 0..=2;
    } tagged {
        /// Ids of log directories that failed.
        0: offline_log_dirs: Vec<Uuid>, 1..=2;
        /// Ids of log directories that take no new partitions; null if nothing changed.
        1: cordoned_log_dirs: Option<Vec<Uuid>>, 2..=2;
    }
}
message!(ApiKey::BrokerHeartbeat, request BrokerHeartbeatRequest, answered by BrokerHeartbeatResponse);

structure! {
    /// A controller to be taken into the quorum (KIP-853).
    AddRaftVoterRequest {
        /// The cluster's id, or null.
        cluster_id: Option<StrBytes> = Some(StrBytes::new()), 0..=1;
        /// How long to wait (ms).
        timeout_ms: i32, 0..=1;
        /// The new voter's node id.
        voter_id: i32, 0..=1;
        /// Its metadata directory's id.
        voter_directory_id: Uuid, 0..=1;
        /// Where it listens.
        listeners: Vec<AddRaftVoterListener>, 0..=1;
        /// Answer when the change is committed, not when it is appended.
        ack_when_committed: bool = true, 1..=1;
    }
}
structure! {
    /// One listener of a voter.
    AddRaftVoterListener {
        /// The listener's name.
        name: StrBytes, 0..=1;
        /// The host to connect to.
        host: StrBytes, 0..=1;
        /// The port.
        port: u16, 0..=1;
    }
}
message!(ApiKey::AddRaftVoter, request AddRaftVoterRequest, answered by AddRaftVoterResponse);

structure! {
    /// Transactions to be ended in the partitions of a broker.
    WriteTxnMarkersRequest {
        /// The markers.
        markers: Vec<WritableTxnMarker>, 1..=2;
    }
}
structure! {
    /// One transaction's end.
    WritableTxnMarker {
        /// The producer.
        producer_id: ProducerId, 1..=2;
        /// Its epoch.
        producer_epoch: i16, 1..=2;
        /// True to commit, false to abort.
        transaction_result: bool, 1..=2;
        /// Where to write the marker.
        topics: Vec<WritableTxnMarkerTopic>, 1..=2;
        /// The epoch of the transaction coordinator.
        coordinator_epoch: i32, 1..=2;
        /// The protocol of the transaction: 1, or 2 for KIP-890.
        transaction_version: i8, 2..=2;
    }
}
structure! {
    /// The partitions of one topic.
    WritableTxnMarkerTopic {
        /// The topic.
        name: TopicName, 1..=2;
        /// The partitions.
        partition_indexes: Vec<i32>, 1..=2;
    }
}
message!(ApiKey::WriteTxnMarkers, request WriteTxnMarkersRequest, answered by WriteTxnMarkersResponse);
