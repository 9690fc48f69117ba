//! The number and the highest version of each kind of metadata record.

use crate::metadata::record::MetadataRecord;

pub(super) const REGISTER_BROKER: (u32, u32) = (0, 4);
pub(super) const UNREGISTER_BROKER: (u32, u32) = (1, 0);
pub(super) const TOPIC: (u32, u32) = (2, 0);
pub(super) const PARTITION: (u32, u32) = (3, 2);
pub(super) const CONFIG: (u32, u32) = (4, 0);
pub(super) const PARTITION_CHANGE: (u32, u32) = (5, 2);
pub(super) const REMOVE_TOPIC: (u32, u32) = (9, 0);
pub(super) const USER_SCRAM_CREDENTIAL: (u32, u32) = (11, 0);
pub(super) const FEATURE_LEVEL: (u32, u32) = (12, 0);
pub(super) const CLIENT_QUOTA: (u32, u32) = (14, 0);
pub(super) const PRODUCER_IDS: (u32, u32) = (15, 0);
pub(super) const BROKER_REGISTRATION_CHANGE: (u32, u32) = (17, 3);
pub(super) const ACCESS_CONTROL_ENTRY: (u32, u32) = (18, 0);
pub(super) const REMOVE_ACCESS_CONTROL_ENTRY: (u32, u32) = (19, 0);
pub(super) const NO_OP: (u32, u32) = (20, 0);
pub(super) const REMOVE_USER_SCRAM_CREDENTIAL: (u32, u32) = (22, 0);
pub(super) const ALL: [(u32, u32); 16] = [
    REGISTER_BROKER,
    UNREGISTER_BROKER,
    TOPIC,
    PARTITION,
    CONFIG,
    PARTITION_CHANGE,
    REMOVE_TOPIC,
    USER_SCRAM_CREDENTIAL,
    FEATURE_LEVEL,
    CLIENT_QUOTA,
    PRODUCER_IDS,
    BROKER_REGISTRATION_CHANGE,
    ACCESS_CONTROL_ENTRY,
    REMOVE_ACCESS_CONTROL_ENTRY,
    NO_OP,
    REMOVE_USER_SCRAM_CREDENTIAL,
];

/// The kind of a record, in the version that is written.
pub(super) fn of(record: &MetadataRecord) -> (u32, u32) {
    match record {
        MetadataRecord::RegisterBroker(_) => REGISTER_BROKER,
        MetadataRecord::UnregisterBroker(_) => UNREGISTER_BROKER,
        MetadataRecord::Topic(_) => TOPIC,
        MetadataRecord::Partition(_) => PARTITION,
        MetadataRecord::Config(_) => CONFIG,
        MetadataRecord::PartitionChange(_) => PARTITION_CHANGE,
        MetadataRecord::RemoveTopic { .. } => REMOVE_TOPIC,
        MetadataRecord::UserScramCredential(_) => USER_SCRAM_CREDENTIAL,
        MetadataRecord::FeatureLevel(_) => FEATURE_LEVEL,
        MetadataRecord::ClientQuota(_) => CLIENT_QUOTA,
        MetadataRecord::ProducerIds(_) => PRODUCER_IDS,
        MetadataRecord::BrokerRegistrationChange(_) => BROKER_REGISTRATION_CHANGE,
        MetadataRecord::AccessControlEntry(_) => ACCESS_CONTROL_ENTRY,
        MetadataRecord::RemoveAccessControlEntry { .. } => REMOVE_ACCESS_CONTROL_ENTRY,
        MetadataRecord::NoOp => NO_OP,
        MetadataRecord::RemoveUserScramCredential { .. } => REMOVE_USER_SCRAM_CREDENTIAL,
    }
}
