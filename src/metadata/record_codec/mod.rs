//! Metadata records in bytes, as Kafka frames them in the values of its metadata log and snapshots.
//!
//! ```text
//!  frame version uvarint (1) | kind uvarint | version uvarint | fields, flexible: compact strings and arrays, tagged fields last
//! ```
//!
//! Written is the version of each kind that metadata.version 30 (Kafka 4.3) writes; read is every version that Kafka 4.3 reads.
//! A reader meets what a disk or a peer gave: it never panics and allocates no more than a small multiple of its input.

mod broker;
mod error;
mod fields;
mod kind;
mod security;
mod settings;
mod topic;

pub use error::RecordCodecError;

use crate::base::codec::{Reader, Writer};
use crate::metadata::record::MetadataRecord;

/// The version of the frame around each record.
const FRAME_VERSION: u32 = 1;

/// Appends the record in its frame.
pub fn encode(record: &MetadataRecord, out: &mut Writer) {
    let (kind, version) = kind::of(record);
    out.uvarint(FRAME_VERSION);
    out.uvarint(kind);
    out.uvarint(version);
    match record {
        MetadataRecord::RegisterBroker(r) => broker::put_register(out, r),
        MetadataRecord::UnregisterBroker(r) => broker::put_unregister(out, r),
        MetadataRecord::Topic(r) => topic::put_topic(out, r),
        MetadataRecord::Partition(r) => topic::put_partition(out, r),
        MetadataRecord::Config(r) => settings::put_config(out, r),
        MetadataRecord::PartitionChange(r) => topic::put_change(out, r),
        MetadataRecord::RemoveTopic { topic_id } => fields::put_only_id(out, *topic_id),
        MetadataRecord::UserScramCredential(r) => security::put_scram(out, r),
        MetadataRecord::FeatureLevel(r) => settings::put_feature(out, r),
        MetadataRecord::ClientQuota(r) => settings::put_quota(out, r),
        MetadataRecord::ProducerIds(r) => settings::put_producer_ids(out, r),
        MetadataRecord::BrokerRegistrationChange(r) => broker::put_change(out, r),
        MetadataRecord::AccessControlEntry(r) => security::put_acl(out, r),
        MetadataRecord::RemoveAccessControlEntry { id } => fields::put_only_id(out, *id),
        MetadataRecord::NoOp => fields::put_no_tags(out),
        MetadataRecord::RemoveUserScramCredential { name, mechanism } => {
            security::put_remove_scram(out, name, *mechanism)
        }
    }
}

/// Reads one record that fills `bytes`.
pub fn decode(bytes: &[u8]) -> Result<MetadataRecord, RecordCodecError> {
    let mut reader = Reader::new(bytes);
    let frame_version = reader.uvarint()?;
    if frame_version != FRAME_VERSION {
        return Err(RecordCodecError::FrameVersion(frame_version));
    }
    let number = reader.uvarint()?;
    let version = reader.uvarint()?;
    let known = kind::ALL.iter().copied().find(|k| k.0 == number).ok_or(RecordCodecError::Kind(number))?;
    if version > known.1 {
        return Err(RecordCodecError::Version { kind: number, version });
    }
    let record = decode_fields(known, version, &mut reader)?;
    match reader.remaining() {
        0 => Ok(record),
        left => Err(RecordCodecError::Trailing(left)),
    }
}

fn decode_fields(known: (u32, u32), version: u32, r: &mut Reader<'_>) -> Result<MetadataRecord, RecordCodecError> {
    Ok(match known {
        kind::REGISTER_BROKER => MetadataRecord::RegisterBroker(broker::register(r, version)?),
        kind::UNREGISTER_BROKER => MetadataRecord::UnregisterBroker(broker::unregister(r)?),
        kind::TOPIC => MetadataRecord::Topic(topic::topic(r)?),
        kind::PARTITION => MetadataRecord::Partition(topic::partition(r, version)?),
        kind::CONFIG => MetadataRecord::Config(settings::config(r)?),
        kind::PARTITION_CHANGE => MetadataRecord::PartitionChange(topic::change(r)?),
        kind::REMOVE_TOPIC => MetadataRecord::RemoveTopic { topic_id: fields::only_id(r)? },
        kind::USER_SCRAM_CREDENTIAL => MetadataRecord::UserScramCredential(security::scram(r)?),
        kind::FEATURE_LEVEL => MetadataRecord::FeatureLevel(settings::feature(r)?),
        kind::CLIENT_QUOTA => MetadataRecord::ClientQuota(settings::quota(r)?),
        kind::PRODUCER_IDS => MetadataRecord::ProducerIds(settings::producer_ids(r)?),
        kind::BROKER_REGISTRATION_CHANGE => MetadataRecord::BrokerRegistrationChange(broker::change(r)?),
        kind::ACCESS_CONTROL_ENTRY => MetadataRecord::AccessControlEntry(security::acl(r)?),
        kind::REMOVE_ACCESS_CONTROL_ENTRY => MetadataRecord::RemoveAccessControlEntry { id: fields::only_id(r)? },
        kind::NO_OP => {
            fields::skip_tags(r)?;
            MetadataRecord::NoOp
        }
        kind::REMOVE_USER_SCRAM_CREDENTIAL => {
            let (name, mechanism) = security::remove_scram(r)?;
            MetadataRecord::RemoveUserScramCredential { name, mechanism }
        }
        (number, _) => return Err(RecordCodecError::Kind(number)),
    })
}

#[cfg(test)]
#[path = "mod_test.rs"]
mod tests;
