//! When each broker was last heard of. Soft state of the leader alone: after a change of leader every broker has a full
//! session again, so that a failover fences nobody.

use std::collections::BTreeMap;

use crate::base::ids::{Millis, NodeId};
use crate::metadata::image::MetadataImage;

/// Last signs of life.
#[derive(Debug)]
pub struct Sessions {
    timeout: Millis,
    heard: BTreeMap<NodeId, Millis>,
}

impl Sessions {
    /// Nobody heard of yet. `timeout` is `broker.session.timeout.ms`.
    pub fn new(timeout: Millis) -> Self {
        Self { timeout, heard: BTreeMap::new() }
    }
    /// A broker is alive at `now`.
    pub fn touch(&mut self, id: NodeId, now: Millis) {
        self.heard.insert(id, now);
    }
    /// Forgets everything: this node begins to lead.
    pub fn restart(&mut self) {
        self.heard.clear();
    }
    /// Brokers that are not fenced and have been silent for a whole session. Who was never heard of starts its session now.
    pub fn silent(&mut self, image: &MetadataImage, now: Millis) -> Vec<NodeId> {
        self.heard.retain(|id, _| image.brokers().get(*id).is_some());
        image
            .brokers()
            .unfenced()
            .map(|broker| broker.broker_id)
            .filter(|id| now.since(*self.heard.entry(*id).or_insert(now)) >= self.timeout)
            .collect()
    }
}
