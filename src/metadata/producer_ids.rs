//! How far the producer ids have been handed out.

use crate::base::ids::{BrokerEpoch, NodeId, ProducerId};
use crate::metadata::record::{MetadataRecord, ProducerIds};

/// The first id that nobody has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProducerIdsImage {
    next: ProducerId,
}

impl ProducerIdsImage {
    /// The first id of the next block.
    pub fn next(&self) -> ProducerId {
        self.next
    }

    pub(super) fn set(&mut self, record: &ProducerIds) {
        self.next = record.next_producer_id;
    }

    pub(super) fn records(&self, out: &mut Vec<MetadataRecord>) {
        if self.next > ProducerId(0) {
            out.push(MetadataRecord::ProducerIds(ProducerIds {
                broker_id: NodeId::NONE,
                broker_epoch: BrokerEpoch::NONE,
                next_producer_id: self.next,
            }));
        }
    }
}
