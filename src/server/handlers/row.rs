//! The row: which API is answered, in which versions, by whom. ApiVersions is derived from it, so what is advertised is what
//! is dispatched.

use std::sync::{Arc, OnceLock};

use super::*;
use crate::protocol::api::{ApiKey, ListenerKind};
use crate::server::context::Context;
use crate::server::request::{Refusal, Request};

/// One API in the row.
pub struct Api {
    /// Which.
    pub key: ApiKey,
    /// Lowest version answered.
    pub min: i16,
    /// Highest version answered.
    pub max: i16,
    /// By whom.
    pub handle: fn(&Arc<Context>, Request) -> Result<Handled, Refusal>,
}

impl Api {
    /// Whether it is answered on that kind of listener. Fetch on a controllers' listener is Kafka's way to follow the metadata
    /// log; here that is done otherwise (`server/internal.rs`).
    pub fn is_on(&self, kind: ListenerKind) -> bool {
        self.key.is_served_on(kind) && !(kind == ListenerKind::Controller && self.key == ApiKey::Fetch)
    }
}

macro_rules! row {
    ($($key:ident $min:literal..=$max:literal $module:ident),* $(,)?) => {
        /// Every API that is answered, by ascending key.
        pub static ROW: &[Api] = &[
            $(Api { key: ApiKey::$key, min: $min, max: $max, handle: $module::handle }),*
        ];
    };
}

row! {
    Produce 3..=13 produce,
    Fetch 4..=18 fetch,
    ListOffsets 1..=11 list_offsets,
    Metadata 0..=13 metadata,
    OffsetCommit 2..=10 offset_commit,
    OffsetFetch 1..=10 offset_fetch,
    FindCoordinator 0..=6 find_coordinator,
    JoinGroup 0..=9 join_group,
    Heartbeat 0..=4 heartbeat,
    LeaveGroup 0..=5 leave_group,
    SyncGroup 0..=5 sync_group,
    DescribeGroups 0..=6 describe_groups,
    ListGroups 0..=5 list_groups,
    SaslHandshake 0..=1 sasl_handshake,
    ApiVersions 0..=4 api_versions,
    CreateTopics 2..=7 create_topics,
    DeleteTopics 1..=6 delete_topics,
    DeleteRecords 0..=2 delete_records,
    InitProducerId 0..=5 init_producer_id,
    OffsetForLeaderEpoch 2..=4 offset_for_leader_epoch,
    AddPartitionsToTxn 0..=5 add_partitions_to_txn,
    AddOffsetsToTxn 0..=4 add_offsets_to_txn,
    EndTxn 0..=5 end_txn,
    WriteTxnMarkers 1..=2 write_txn_markers,
    TxnOffsetCommit 0..=5 txn_offset_commit,
    DescribeAcls 1..=3 describe_acls,
    CreateAcls 1..=3 create_acls,
    DeleteAcls 1..=3 delete_acls,
    DescribeConfigs 1..=4 describe_configs,
    AlterConfigs 0..=2 alter_configs,
    AlterReplicaLogDirs 1..=2 alter_replica_log_dirs,
    DescribeLogDirs 1..=5 describe_log_dirs,
    SaslAuthenticate 0..=2 sasl_authenticate,
    CreatePartitions 0..=3 create_partitions,
    CreateDelegationToken 1..=3 create_delegation_token,
    RenewDelegationToken 1..=2 renew_delegation_token,
    ExpireDelegationToken 1..=2 expire_delegation_token,
    DescribeDelegationToken 1..=3 describe_delegation_token,
    DeleteGroups 0..=2 delete_groups,
    ElectLeaders 0..=2 elect_leaders,
    IncrementalAlterConfigs 0..=1 incremental_alter_configs,
    AlterPartitionReassignments 0..=1 alter_partition_reassignments,
    ListPartitionReassignments 0..=0 list_partition_reassignments,
    OffsetDelete 0..=0 offset_delete,
    DescribeClientQuotas 0..=1 describe_client_quotas,
    AlterClientQuotas 0..=1 alter_client_quotas,
    DescribeUserScramCredentials 0..=0 describe_user_scram_credentials,
    AlterUserScramCredentials 0..=0 alter_user_scram_credentials,
    DescribeQuorum 0..=2 describe_quorum,
    AlterPartition 2..=3 alter_partition,
    UpdateFeatures 0..=2 update_features,
    Envelope 0..=0 envelope,
    DescribeCluster 0..=2 describe_cluster,
    DescribeProducers 0..=0 describe_producers,
    BrokerRegistration 0..=4 broker_registration,
    BrokerHeartbeat 0..=2 broker_heartbeat,
    UnregisterBroker 0..=0 unregister_broker,
    DescribeTransactions 0..=0 describe_transactions,
    ListTransactions 0..=2 list_transactions,
    AllocateProducerIds 0..=0 allocate_producer_ids,
    ConsumerGroupHeartbeat 0..=1 consumer_group_heartbeat,
    ConsumerGroupDescribe 0..=1 consumer_group_describe,
    AssignReplicasToDirs 0..=0 assign_replicas_to_dirs,
    ListConfigResources 0..=1 list_config_resources,
    DescribeTopicPartitions 0..=0 describe_topic_partitions,
    AddRaftVoter 0..=1 add_raft_voter,
    RemoveRaftVoter 0..=0 remove_raft_voter,
    UpdateRaftVoter 0..=0 update_raft_voter,
}

/// The entry that answers `key`, if any.
pub fn find(key: ApiKey) -> Option<&'static Api> {
    static BY_NUMBER: OnceLock<Vec<Option<&'static Api>>> = OnceLock::new();
    let by_number = BY_NUMBER.get_or_init(|| {
        let last = ROW.iter().map(|api| api.key.number()).max().unwrap_or(0);
        (0..=last).map(|number| ROW.iter().find(|api| api.key.number() == number)).collect()
    });
    usize::try_from(key.number()).ok().and_then(|i| *by_number.get(i)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_ascends_and_answers_only_versions_that_kafka_has() {
        assert!(ROW.windows(2).all(|pair| pair[0].key < pair[1].key));
        for api in ROW {
            assert!(api.key.versions().contains(api.min) && api.key.versions().contains(api.max), "{}", api.key);
            assert!(std::ptr::eq(find(api.key).expect("in the row"), api));
        }
    }
}
