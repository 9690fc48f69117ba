//! When each broker was last heard of. Soft state of the leader alone: after a change of leader every broker has a full
//! session again, so that a failover fences nobody who lives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::base::ids::{Millis, NodeId};
use crate::metadata::image::MetadataImage;

/// How often a broker in doubt is asked after.
const ASK_AGAIN: Millis = Millis(1_000);

/// Brokers whose connection has ended since somebody looked. Clones share it.
#[derive(Clone, Default)]
pub struct Lost {
    ids: Arc<Mutex<BTreeSet<NodeId>>>,
}

impl Lost {
    /// This one's has.
    pub fn put(&self, id: NodeId) {
        self.ids.lock().insert(id);
    }
    /// Whose have. From now on: nobody's.
    pub fn take(&self) -> BTreeSet<NodeId> {
        std::mem::take(&mut self.ids.lock())
    }
}

/// Last signs of life.
#[derive(Debug)]
pub struct Sessions {
    timeout: Millis,
    heartbeat: Millis,
    heard: BTreeMap<NodeId, Millis>,
    /// Not heard of since their connection ended.
    gone: BTreeSet<NodeId>,
    /// Heard of since this node began to lead, and since their connection last ended.
    alive: BTreeSet<NodeId>,
    /// When each broker in doubt was asked after.
    asked: BTreeMap<NodeId, Millis>,
    /// The first look after this node began to lead asks after everybody.
    fresh: bool,
}

impl Sessions {
    /// Nobody heard of yet. `timeout` is `broker.session.timeout.ms`, `heartbeat` is `broker.heartbeat.interval.ms`.
    pub fn new(timeout: Millis, heartbeat: Millis) -> Self {
        let (heard, gone, alive, asked) = Default::default();
        Self { timeout, heartbeat, heard, gone, alive, asked, fresh: true }
    }
    /// A broker is alive at `now`.
    pub fn touch(&mut self, id: NodeId, now: Millis) {
        self.heard.insert(id, now);
        self.alive.insert(id);
        self.gone.remove(&id);
        self.asked.remove(&id);
    }
    /// The connections of these have ended.
    pub fn lose(&mut self, ids: BTreeSet<NodeId>) {
        self.alive.retain(|id| !ids.contains(id));
        self.gone.extend(ids);
    }
    /// Those not heard of since their connection ended, or since this node began to lead.
    pub fn unheard(&self, image: &MetadataImage) -> BTreeSet<NodeId> {
        image.brokers().iter().map(|broker| broker.broker_id).filter(|id| !self.alive.contains(id)).collect()
    }
    /// Forgets everything: this node begins to lead.
    pub fn restart(&mut self) {
        self.heard.clear();
        self.gone.clear();
        self.alive.clear();
        self.asked.clear();
        self.fresh = true;
    }
    /// Brokers that are not fenced and have been silent for a whole session. Who was never heard of starts its session now.
    pub fn silent(&mut self, image: &MetadataImage, now: Millis) -> Vec<NodeId> {
        self.heard.retain(|id, _| image.brokers().get(*id).is_some());
        self.gone.retain(|id| image.brokers().get(*id).is_some());
        self.alive.retain(|id| image.brokers().get(*id).is_some());
        image
            .brokers()
            .unfenced()
            .map(|broker| broker.broker_id)
            .filter(|id| now.since(*self.heard.entry(*id).or_insert(now)) >= self.timeout)
            .collect()
    }
    /// Brokers that are not fenced and worth asking after: their connection ended, a heartbeat is overdue, or this node has
    /// just begun to lead. Each is named once in a while only.
    pub fn doubtful(&mut self, image: &MetadataImage, now: Millis) -> Vec<NodeId> {
        let overdue = Millis(self.heartbeat.0 + self.heartbeat.0 / 4);
        let fresh = std::mem::take(&mut self.fresh);
        let mut doubtful = Vec::new();
        for id in image.brokers().unfenced().map(|broker| broker.broker_id) {
            let silence = self.heard.get(&id).map_or(Millis(0), |heard| now.since(*heard));
            let asked = self.asked.get(&id).is_some_and(|asked| now.since(*asked) < ASK_AGAIN);
            if !asked && (fresh || self.gone.contains(&id) || silence > overdue) {
                self.asked.insert(id, now);
                doubtful.push(id);
            }
        }
        doubtful
    }
}
