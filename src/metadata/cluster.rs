//! The brokers that are registered.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::ids::NodeId;
use crate::metadata::image::ApplyError;
use crate::metadata::record::{
    BrokerEndpoint, BrokerRegistrationChange, MetadataRecord, RegisterBroker, UnregisterBroker,
};

/// A registered broker.
pub type BrokerImage = RegisterBroker;

impl BrokerImage {
    /// The endpoint of a listener.
    pub fn endpoint(&self, listener: &str) -> Option<&BrokerEndpoint> {
        self.endpoints.iter().find(|e| e.name == listener)
    }
}

/// All registered brokers, by id.
#[derive(Debug, Clone, Default)]
pub struct ClusterImage {
    brokers: Arc<BTreeMap<NodeId, Arc<BrokerImage>>>,
}

impl ClusterImage {
    /// In the order of their ids, fenced ones too.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<BrokerImage>> {
        self.brokers.values()
    }

    /// Those that are not fenced.
    pub fn unfenced(&self) -> impl Iterator<Item = &Arc<BrokerImage>> {
        self.iter().filter(|b| !b.fenced)
    }

    /// The broker with this id.
    pub fn get(&self, id: NodeId) -> Option<&Arc<BrokerImage>> {
        self.brokers.get(&id)
    }

    /// How many are registered.
    pub fn len(&self) -> usize {
        self.brokers.len()
    }

    /// True if none is registered.
    pub fn is_empty(&self) -> bool {
        self.brokers.is_empty()
    }

    pub(super) fn register(&mut self, record: &RegisterBroker) {
        Arc::make_mut(&mut self.brokers).insert(record.broker_id, Arc::new(record.clone()));
    }

    pub(super) fn unregister(&mut self, record: &UnregisterBroker) -> Result<(), ApplyError> {
        let removed = Arc::make_mut(&mut self.brokers).remove(&record.broker_id);
        removed.map(|_| ()).ok_or(ApplyError::UnknownBroker(record.broker_id))
    }

    pub(super) fn change(&mut self, record: &BrokerRegistrationChange) -> Result<(), ApplyError> {
        let id = record.broker_id;
        let broker = Arc::make_mut(&mut self.brokers).get_mut(&id).ok_or(ApplyError::UnknownBroker(id))?;
        let broker = Arc::make_mut(broker);
        if let Some(fenced) = record.fenced {
            broker.fenced = fenced;
        }
        broker.in_controlled_shutdown |= record.in_controlled_shutdown;
        if !record.log_dirs.is_empty() {
            broker.log_dirs.clone_from(&record.log_dirs);
        }
        if let Some(cordoned) = &record.cordoned_log_dirs {
            broker.cordoned_log_dirs = Some(cordoned.clone());
        }
        Ok(())
    }

    pub(super) fn records(&self, out: &mut Vec<MetadataRecord>) {
        out.extend(self.iter().map(|b| MetadataRecord::RegisterBroker(BrokerImage::clone(b))));
    }
}
