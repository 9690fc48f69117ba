//! The table of Kafka's APIs: number, name, the versions that Kafka 4.3.1 serves, the first flexible version, and the
//! listeners that serve it.
//!
//! A flexible version (KIP-482) has compact lengths and tagged fields in its body, request header v2 and response header v1.
//! The one exception is ApiVersions, whose response header stays v0: its reader may not know yet what the server speaks.
//!
//! Must never know which of these this process handles: what is advertised comes from the server's dispatch table.
//! `proto-tests/schema.rs` checks every row against Kafka's own message schemas.

use std::fmt;

/// An inclusive range of versions of one API. Empty when `max < min`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VersionRange {
    /// The lowest version.
    pub min: i16,
    /// The highest version.
    pub max: i16,
}

impl VersionRange {
    /// True if `version` lies in the range.
    pub const fn contains(self, version: i16) -> bool {
        self.min <= version && version <= self.max
    }
    /// True if no version lies in the range.
    pub const fn is_empty(self) -> bool {
        self.max < self.min
    }
    /// Every version, ascending.
    pub fn iter(self) -> impl Iterator<Item = i16> {
        self.min..=self.max
    }
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() { f.write_str("none") } else { write!(f, "{} to {}", self.min, self.max) }
    }
}

/// The kinds of listener that a request can arrive on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ListenerKind {
    /// A listener for clients and other brokers.
    Broker,
    /// A listener for controllers (`controller.listener.names`).
    Controller,
}

/// More than any version: the API has no flexible one.
const NEVER: i16 = i16::MAX;
const NOWHERE: u8 = 0;
const BROKER: u8 = 1;
const CONTROLLER: u8 = 2;
const BOTH: u8 = BROKER | CONTROLLER;

/// ApiVersions advertises Produce from version 0 although 0 to 2 are refused: librdkafka before 2.10 takes a higher minimum
/// for "no Produce at all" (KAFKA-18659).
pub const PRODUCE_ADVERTISED_MIN: i16 = 0;

macro_rules! apis {
    ($($key:literal $variant:ident $name:literal $min:literal $max:literal $flexible:tt $listeners:ident),* $(,)?) => {
        /// An API of Kafka's protocol.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(i16)]
        pub enum ApiKey {
            $(#[doc = concat!("`", $name, "`, key ", stringify!($key))] $variant = $key),*
        }

        struct Row { versions: VersionRange, flexible: i16, listeners: u8 }

        impl ApiKey {
            /// Every API in ascending order of its number, the removed ones (4 to 7) included.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            const ROWS: &'static [Row] = &[
                $(Row { versions: VersionRange { min: $min, max: $max }, flexible: $flexible, listeners: $listeners }),*
            ];

            /// The API with this number, if Kafka 4.3.1 knows it.
            pub const fn from_number(number: i16) -> Option<Self> {
                match number { $($key => Some(Self::$variant),)* _ => None }
            }
            /// Kafka's constant for it, such as `API_VERSIONS`.
            pub const fn constant(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
            /// Its name in metrics and documentation, such as `ApiVersions`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant)),* }
            }
        }
    };
}

apis! {
    0 Produce "PRODUCE" 3 13 9 BROKER,
    1 Fetch "FETCH" 4 18 12 BOTH,
    2 ListOffsets "LIST_OFFSETS" 1 11 6 BROKER,
    3 Metadata "METADATA" 0 13 9 BROKER,
    4 LeaderAndIsr "LEADER_AND_ISR" 0 -1 NEVER NOWHERE,
    5 StopReplica "STOP_REPLICA" 0 -1 NEVER NOWHERE,
    6 UpdateMetadata "UPDATE_METADATA" 0 -1 NEVER NOWHERE,
    7 ControlledShutdown "CONTROLLED_SHUTDOWN" 0 -1 NEVER NOWHERE,
    8 OffsetCommit "OFFSET_COMMIT" 2 10 8 BROKER,
    9 OffsetFetch "OFFSET_FETCH" 1 10 6 BROKER,
    10 FindCoordinator "FIND_COORDINATOR" 0 6 3 BROKER,
    11 JoinGroup "JOIN_GROUP" 0 9 6 BROKER,
    12 Heartbeat "HEARTBEAT" 0 4 4 BROKER,
    13 LeaveGroup "LEAVE_GROUP" 0 5 4 BROKER,
    14 SyncGroup "SYNC_GROUP" 0 5 4 BROKER,
    15 DescribeGroups "DESCRIBE_GROUPS" 0 6 5 BROKER,
    16 ListGroups "LIST_GROUPS" 0 5 3 BROKER,
    17 SaslHandshake "SASL_HANDSHAKE" 0 1 NEVER BOTH,
    18 ApiVersions "API_VERSIONS" 0 4 3 BOTH,
    19 CreateTopics "CREATE_TOPICS" 2 7 5 BOTH,
    20 DeleteTopics "DELETE_TOPICS" 1 6 4 BOTH,
    21 DeleteRecords "DELETE_RECORDS" 0 2 2 BROKER,
    22 InitProducerId "INIT_PRODUCER_ID" 0 5 2 BROKER,
    23 OffsetForLeaderEpoch "OFFSET_FOR_LEADER_EPOCH" 2 4 4 BROKER,
    24 AddPartitionsToTxn "ADD_PARTITIONS_TO_TXN" 0 5 3 BROKER,
    25 AddOffsetsToTxn "ADD_OFFSETS_TO_TXN" 0 4 3 BROKER,
    26 EndTxn "END_TXN" 0 5 3 BROKER,
    27 WriteTxnMarkers "WRITE_TXN_MARKERS" 1 2 1 BROKER,
    28 TxnOffsetCommit "TXN_OFFSET_COMMIT" 0 5 3 BROKER,
    29 DescribeAcls "DESCRIBE_ACLS" 1 3 2 BOTH,
    30 CreateAcls "CREATE_ACLS" 1 3 2 BOTH,
    31 DeleteAcls "DELETE_ACLS" 1 3 2 BOTH,
    32 DescribeConfigs "DESCRIBE_CONFIGS" 1 4 4 BOTH,
    33 AlterConfigs "ALTER_CONFIGS" 0 2 2 BOTH,
    34 AlterReplicaLogDirs "ALTER_REPLICA_LOG_DIRS" 1 2 2 BROKER,
    35 DescribeLogDirs "DESCRIBE_LOG_DIRS" 1 5 2 BROKER,
    36 SaslAuthenticate "SASL_AUTHENTICATE" 0 2 2 BOTH,
    37 CreatePartitions "CREATE_PARTITIONS" 0 3 2 BOTH,
    38 CreateDelegationToken "CREATE_DELEGATION_TOKEN" 1 3 2 BOTH,
    39 RenewDelegationToken "RENEW_DELEGATION_TOKEN" 1 2 2 BOTH,
    40 ExpireDelegationToken "EXPIRE_DELEGATION_TOKEN" 1 2 2 BOTH,
    41 DescribeDelegationToken "DESCRIBE_DELEGATION_TOKEN" 1 3 2 BOTH,
    42 DeleteGroups "DELETE_GROUPS" 0 2 2 BROKER,
    43 ElectLeaders "ELECT_LEADERS" 0 2 2 BOTH,
    44 IncrementalAlterConfigs "INCREMENTAL_ALTER_CONFIGS" 0 1 1 BOTH,
    45 AlterPartitionReassignments "ALTER_PARTITION_REASSIGNMENTS" 0 1 0 BOTH,
    46 ListPartitionReassignments "LIST_PARTITION_REASSIGNMENTS" 0 0 0 BOTH,
    47 OffsetDelete "OFFSET_DELETE" 0 0 NEVER BROKER,
    48 DescribeClientQuotas "DESCRIBE_CLIENT_QUOTAS" 0 1 1 BROKER,
    49 AlterClientQuotas "ALTER_CLIENT_QUOTAS" 0 1 1 BOTH,
    50 DescribeUserScramCredentials "DESCRIBE_USER_SCRAM_CREDENTIALS" 0 0 0 BOTH,
    51 AlterUserScramCredentials "ALTER_USER_SCRAM_CREDENTIALS" 0 0 0 BOTH,
    52 Vote "VOTE" 0 2 0 CONTROLLER,
    53 BeginQuorumEpoch "BEGIN_QUORUM_EPOCH" 0 1 1 CONTROLLER,
    54 EndQuorumEpoch "END_QUORUM_EPOCH" 0 1 1 CONTROLLER,
    55 DescribeQuorum "DESCRIBE_QUORUM" 0 2 0 BOTH,
    56 AlterPartition "ALTER_PARTITION" 2 3 0 CONTROLLER,
    57 UpdateFeatures "UPDATE_FEATURES" 0 2 0 BOTH,
    58 Envelope "ENVELOPE" 0 0 0 CONTROLLER,
    59 FetchSnapshot "FETCH_SNAPSHOT" 0 1 0 CONTROLLER,
    60 DescribeCluster "DESCRIBE_CLUSTER" 0 2 0 BOTH,
    61 DescribeProducers "DESCRIBE_PRODUCERS" 0 0 0 BROKER,
    62 BrokerRegistration "BROKER_REGISTRATION" 0 4 0 CONTROLLER,
    63 BrokerHeartbeat "BROKER_HEARTBEAT" 0 2 0 CONTROLLER,
    64 UnregisterBroker "UNREGISTER_BROKER" 0 0 0 BOTH,
    65 DescribeTransactions "DESCRIBE_TRANSACTIONS" 0 0 0 BROKER,
    66 ListTransactions "LIST_TRANSACTIONS" 0 2 0 BROKER,
    67 AllocateProducerIds "ALLOCATE_PRODUCER_IDS" 0 0 0 CONTROLLER,
    68 ConsumerGroupHeartbeat "CONSUMER_GROUP_HEARTBEAT" 0 1 0 BROKER,
    69 ConsumerGroupDescribe "CONSUMER_GROUP_DESCRIBE" 0 1 0 BROKER,
    70 ControllerRegistration "CONTROLLER_REGISTRATION" 0 0 0 CONTROLLER,
    71 GetTelemetrySubscriptions "GET_TELEMETRY_SUBSCRIPTIONS" 0 0 0 BROKER,
    72 PushTelemetry "PUSH_TELEMETRY" 0 0 0 BROKER,
    73 AssignReplicasToDirs "ASSIGN_REPLICAS_TO_DIRS" 0 0 0 CONTROLLER,
    74 ListConfigResources "LIST_CONFIG_RESOURCES" 0 1 0 BROKER,
    75 DescribeTopicPartitions "DESCRIBE_TOPIC_PARTITIONS" 0 0 0 BROKER,
    76 ShareGroupHeartbeat "SHARE_GROUP_HEARTBEAT" 1 1 0 BROKER,
    77 ShareGroupDescribe "SHARE_GROUP_DESCRIBE" 1 1 0 BROKER,
    78 ShareFetch "SHARE_FETCH" 1 2 0 BROKER,
    79 ShareAcknowledge "SHARE_ACKNOWLEDGE" 1 2 0 BROKER,
    80 AddRaftVoter "ADD_RAFT_VOTER" 0 1 0 BOTH,
    81 RemoveRaftVoter "REMOVE_RAFT_VOTER" 0 0 0 BOTH,
    82 UpdateRaftVoter "UPDATE_RAFT_VOTER" 0 0 0 CONTROLLER,
    83 InitializeShareGroupState "INITIALIZE_SHARE_GROUP_STATE" 0 0 0 BROKER,
    84 ReadShareGroupState "READ_SHARE_GROUP_STATE" 0 0 0 BROKER,
    85 WriteShareGroupState "WRITE_SHARE_GROUP_STATE" 0 1 0 BROKER,
    86 DeleteShareGroupState "DELETE_SHARE_GROUP_STATE" 0 0 0 BROKER,
    87 ReadShareGroupStateSummary "READ_SHARE_GROUP_STATE_SUMMARY" 0 1 0 BROKER,
    88 StreamsGroupHeartbeat "STREAMS_GROUP_HEARTBEAT" 0 0 0 BROKER,
    89 StreamsGroupDescribe "STREAMS_GROUP_DESCRIBE" 0 0 0 BROKER,
    90 DescribeShareGroupOffsets "DESCRIBE_SHARE_GROUP_OFFSETS" 0 1 0 BROKER,
    91 AlterShareGroupOffsets "ALTER_SHARE_GROUP_OFFSETS" 0 0 0 BROKER,
    92 DeleteShareGroupOffsets "DELETE_SHARE_GROUP_OFFSETS" 0 0 0 BROKER,
}

impl ApiKey {
    /// The number on the wire.
    pub const fn number(self) -> i16 {
        self as i16
    }

    const fn row(self) -> &'static Row {
        // Numbers are dense from 0, so that the number is the row.
        &Self::ROWS[self as i16 as usize]
    }

    /// The stable versions that Kafka 4.3.1 serves. Empty for the four APIs of the ZooKeeper era.
    pub const fn versions(self) -> VersionRange {
        self.row().versions
    }

    /// True if `version` has compact lengths and tagged fields.
    pub const fn is_flexible(self, version: i16) -> bool {
        version >= self.row().flexible
    }

    /// The first flexible version, if there is one.
    pub const fn flexible_from(self) -> Option<i16> {
        match self.row().flexible {
            NEVER => None,
            first => Some(first),
        }
    }

    /// The version of the request's header: 2 if flexible, else 1.
    pub const fn request_header_version(self, version: i16) -> i16 {
        if self.is_flexible(version) { 2 } else { 1 }
    }

    /// The version of the response's header: 1 if flexible, else 0; always 0 for ApiVersions (KIP-511).
    pub const fn response_header_version(self, version: i16) -> i16 {
        if self.is_flexible(version) && !matches!(self, Self::ApiVersions) { 1 } else { 0 }
    }

    /// True if Kafka serves the API on that kind of listener.
    pub const fn is_served_on(self, listener: ListenerKind) -> bool {
        let bit = match listener {
            ListenerKind::Broker => BROKER,
            ListenerKind::Controller => CONTROLLER,
        };
        self.row().listeners & bit != 0
    }

    /// True if a broker may pass it on to the active controller in an Envelope.
    pub const fn is_forwardable(self) -> bool {
        matches!(
            self,
            Self::CreateTopics
                | Self::DeleteTopics
                | Self::CreateAcls
                | Self::DeleteAcls
                | Self::AlterConfigs
                | Self::CreatePartitions
                | Self::CreateDelegationToken
                | Self::RenewDelegationToken
                | Self::ExpireDelegationToken
                | Self::ElectLeaders
                | Self::IncrementalAlterConfigs
                | Self::AlterPartitionReassignments
                | Self::ListPartitionReassignments
                | Self::AlterClientQuotas
                | Self::AlterUserScramCredentials
                | Self::DescribeQuorum
                | Self::UpdateFeatures
                | Self::UnregisterBroker
                | Self::AllocateProducerIds
                | Self::AddRaftVoter
                | Self::RemoveRaftVoter
        )
    }

    /// True if only brokers and controllers may send it: an authorizer asks for `ClusterAction` on the cluster.
    pub const fn is_cluster_action(self) -> bool {
        matches!(
            self,
            Self::WriteTxnMarkers
                | Self::Vote
                | Self::BeginQuorumEpoch
                | Self::EndQuorumEpoch
                | Self::AlterPartition
                | Self::Envelope
                | Self::BrokerRegistration
                | Self::BrokerHeartbeat
                | Self::AllocateProducerIds
                | Self::InitializeShareGroupState
                | Self::ReadShareGroupState
                | Self::WriteShareGroupState
                | Self::DeleteShareGroupState
                | Self::ReadShareGroupStateSummary
        )
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_dense_so_that_they_index_the_rows() {
        for (row, key) in ApiKey::ALL.iter().enumerate() {
            assert_eq!(key.number() as usize, row);
            assert_eq!(ApiKey::from_number(key.number()), Some(*key));
        }
        assert_eq!(ApiKey::ALL.len(), 93);
        assert_eq!(ApiKey::from_number(93), None);
        assert_eq!(ApiKey::from_number(-1), None);
    }

    #[test]
    fn headers_follow_the_flexible_version() {
        assert_eq!(ApiKey::Produce.request_header_version(8), 1);
        assert_eq!(ApiKey::Produce.request_header_version(9), 2);
        assert_eq!(ApiKey::Produce.response_header_version(9), 1);
        assert_eq!(ApiKey::ApiVersions.request_header_version(3), 2);
        assert_eq!(ApiKey::ApiVersions.response_header_version(3), 0);
        assert_eq!(ApiKey::SaslHandshake.request_header_version(1), 1);
        assert_eq!(ApiKey::OffsetDelete.flexible_from(), None);
    }

    #[test]
    fn removed_apis_have_no_version() {
        assert!(ApiKey::UpdateMetadata.versions().is_empty());
        assert_eq!(ApiKey::UpdateMetadata.versions().iter().count(), 0);
        assert!(!ApiKey::LeaderAndIsr.is_served_on(ListenerKind::Broker));
    }
}
