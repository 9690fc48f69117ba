//! The sum of all metadata records up to an offset.
//!
//! A value: cloning copies pointers, applying a record copies the table it touches unless no other image shares it.
//! Invariants: every topic in the table by name is in the table by id, and the other way round; partition indexes have no gaps;
//! no setting belongs to a topic that is gone.

use crate::base::ids::{NodeId, Offset, PartitionIndex, TopicName, Uuid};
use crate::metadata::acls::AclsImage;
use crate::metadata::cluster::ClusterImage;
use crate::metadata::configs::{ConfigsImage, ResourceType};
use crate::metadata::features::FeaturesImage;
use crate::metadata::producer_ids::ProducerIdsImage;
use crate::metadata::quotas::QuotasImage;
use crate::metadata::record::MetadataRecord;
use crate::metadata::scram::ScramImage;
use crate::metadata::topics::{TopicImage, TopicsImage};
use std::sync::Arc;

/// Why a record does not fit the image: it speaks of what is not there. The image is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// A topic of that name or id is there already.
    #[error("the topic {0} exists")]
    TopicExists(TopicName),
    /// No topic has the id.
    #[error("no topic has the id {0}")]
    UnknownTopic(Uuid),
    /// The topic has no such partition, or it would leave a gap.
    #[error("the topic {0} has no partition {1}, nor may it get it next")]
    UnknownPartition(Uuid, PartitionIndex),
    /// The broker is not registered.
    #[error("the broker {0} is not registered")]
    UnknownBroker(NodeId),
    /// No ACL has the id.
    #[error("no ACL has the id {0}")]
    UnknownAcl(Uuid),
    /// The user has no such credential.
    #[error("the user {0:?} has no such credential")]
    UnknownCredential(String),
}

/// The metadata at one offset.
#[derive(Debug, Clone)]
pub struct MetadataImage {
    offset: Offset,
    topics_created_at: Offset,
    topics: TopicsImage,
    brokers: ClusterImage,
    configs: ConfigsImage,
    features: FeaturesImage,
    acls: AclsImage,
    quotas: QuotasImage,
    scram: ScramImage,
    producer_ids: ProducerIdsImage,
}

impl Default for MetadataImage {
    /// Before the first record.
    fn default() -> Self {
        Self {
            offset: Offset::NONE,
            topics_created_at: Offset::NONE,
            topics: TopicsImage::default(),
            brokers: ClusterImage::default(),
            configs: ConfigsImage::default(),
            features: FeaturesImage::default(),
            acls: AclsImage::default(),
            quotas: QuotasImage::default(),
            scram: ScramImage::default(),
            producer_ids: ProducerIdsImage::default(),
        }
    }
}

impl MetadataImage {
    /// The offset of the last record that is in it; -1 before the first.
    pub fn offset(&self) -> Offset {
        self.offset
    }
    /// The offset of the last record that made a topic, or of the snapshot that told of it; -1 before the first.
    pub fn topics_created_at(&self) -> Offset {
        self.topics_created_at
    }
    /// The topics.
    pub fn topics(&self) -> &TopicsImage {
        &self.topics
    }
    /// The topic of this name.
    pub fn topic(&self, name: &str) -> Option<&Arc<TopicImage>> {
        self.topics.get(name)
    }
    /// The topic of this id.
    pub fn topic_by_id(&self, id: Uuid) -> Option<&Arc<TopicImage>> {
        self.topics.by_id(id)
    }
    /// The registered brokers.
    pub fn brokers(&self) -> &ClusterImage {
        &self.brokers
    }
    /// The dynamic settings.
    pub fn configs(&self) -> &ConfigsImage {
        &self.configs
    }
    /// The feature levels.
    pub fn features(&self) -> &FeaturesImage {
        &self.features
    }
    /// The ACLs.
    pub fn acls(&self) -> &AclsImage {
        &self.acls
    }
    /// The client quotas.
    pub fn quotas(&self) -> &QuotasImage {
        &self.quotas
    }
    /// The SCRAM credentials.
    pub fn scram(&self) -> &ScramImage {
        &self.scram
    }
    /// The producer ids.
    pub fn producer_ids(&self) -> &ProducerIdsImage {
        &self.producer_ids
    }
    /// True if both hold the same dynamic settings.
    pub fn shares_configs_with(&self, other: &Self) -> bool {
        self.configs.is_same(&other.configs)
    }

    /// Takes in the record at `offset`.
    pub fn apply(&mut self, offset: Offset, record: &MetadataRecord) -> Result<(), ApplyError> {
        match record {
            MetadataRecord::RegisterBroker(r) => self.brokers.register(r),
            MetadataRecord::UnregisterBroker(r) => self.brokers.unregister(r)?,
            MetadataRecord::Topic(r) => {
                self.topics.create(r)?;
                self.topics_created_at = self.topics_created_at.max(offset);
            }
            MetadataRecord::Partition(r) => self.topics.set_partition(r)?,
            MetadataRecord::Config(r) => self.configs.set(r),
            MetadataRecord::PartitionChange(r) => self.topics.change_partition(r)?,
            MetadataRecord::RemoveTopic { topic_id } => {
                let topic = self.topics.remove(*topic_id)?;
                self.configs.forget(ResourceType::Topic, &topic.name);
            }
            MetadataRecord::UserScramCredential(r) => self.scram.set(r),
            MetadataRecord::FeatureLevel(r) => self.features.set(r),
            MetadataRecord::ClientQuota(r) => self.quotas.set(r),
            MetadataRecord::ProducerIds(r) => self.producer_ids.set(r),
            MetadataRecord::BrokerRegistrationChange(r) => self.brokers.change(r)?,
            MetadataRecord::AccessControlEntry(r) => self.acls.add(r),
            MetadataRecord::RemoveAccessControlEntry { id } => self.acls.remove(*id)?,
            MetadataRecord::NoOp => {}
            MetadataRecord::RemoveUserScramCredential { name, mechanism } => self.scram.remove(name, *mechanism)?,
        }
        self.advance(offset);
        Ok(())
    }

    /// Moves on to `offset`, at which nothing was said that concerns the image.
    pub fn advance(&mut self, offset: Offset) {
        self.offset = self.offset.max(offset);
    }

    /// The records that, applied to an empty image, give this one: what a snapshot holds.
    pub fn to_records(&self) -> Vec<MetadataRecord> {
        let mut out = Vec::new();
        self.features.records(&mut out);
        self.brokers.records(&mut out);
        self.topics.records(&mut out);
        self.configs.records(&mut out);
        self.quotas.records(&mut out);
        self.acls.records(&mut out);
        self.scram.records(&mut out);
        self.producer_ids.records(&mut out);
        out
    }
}

#[cfg(test)]
#[path = "image_test.rs"]
mod tests;
