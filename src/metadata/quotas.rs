//! Client quotas: limits by user, client id and address (KIP-546).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::metadata::record::{ClientQuota, MetadataRecord, QuotaEntity};

/// All quotas: entity, then key, then limit. Entities are kept with their types in order.
#[derive(Debug, Clone, Default)]
pub struct QuotasImage {
    entities: Arc<BTreeMap<QuotaEntity, BTreeMap<String, f64>>>,
}

impl QuotasImage {
    /// Every entity with its limits.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&QuotaEntity, &BTreeMap<String, f64>)> {
        self.entities.iter()
    }

    /// The limits of exactly this entity.
    pub fn of(&self, entity: &QuotaEntity) -> Option<&BTreeMap<String, f64>> {
        self.entities.get(&in_order(entity))
    }

    pub(super) fn set(&mut self, record: &ClientQuota) {
        let entities = Arc::make_mut(&mut self.entities);
        let entity = in_order(&record.entity);
        let limits = entities.entry(entity.clone()).or_default();
        match record.value {
            Some(value) => limits.insert(record.key.clone(), value),
            None => limits.remove(&record.key),
        };
        if limits.is_empty() {
            entities.remove(&entity);
        }
    }

    pub(super) fn records(&self, out: &mut Vec<MetadataRecord>) {
        for (entity, limits) in self.iter() {
            out.extend(limits.iter().map(|(key, value)| {
                MetadataRecord::ClientQuota(ClientQuota {
                    entity: entity.clone(),
                    key: key.clone(),
                    value: Some(*value),
                })
            }));
        }
    }
}

fn in_order(entity: &QuotaEntity) -> QuotaEntity {
    let mut sorted = entity.clone();
    sorted.sort();
    sorted
}
