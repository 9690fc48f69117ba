//! Who leads instead, for a client that asked the wrong broker (KIP-951): it need not ask for metadata, nor wait before it does.
//!
//! Never knows a message; Produce and Fetch say the same in their own.

use std::collections::BTreeMap;

use crate::base::ids::{LeaderEpoch, NodeId};
use crate::replica::partition::Partition;
use crate::server::cluster_view::{self, BrokerView};
use crate::server::context::Context;

/// The leaders told of in one answer, and where they can be reached.
pub struct CurrentLeaders<'a> {
    ctx: &'a Context,
    listener: &'a str,
    reached: BTreeMap<NodeId, BrokerView>,
}

impl<'a> CurrentLeaders<'a> {
    /// Nobody told of yet. `listener` is the one that the client came in by.
    pub fn new(ctx: &'a Context, listener: &'a str) -> Self {
        Self { ctx, listener, reached: BTreeMap::new() }
    }

    /// Who leads a partition as far as this broker knows, and since which epoch.
    pub fn tell(&mut self, partition: &Partition) -> (NodeId, LeaderEpoch) {
        let leadership = partition.leadership();
        if let Some(broker) =
            cluster_view::alive_broker(&self.ctx.replicas.metadata(), leadership.leader, self.listener)
        {
            self.reached.insert(leadership.leader, broker);
        }
        (leadership.leader, leadership.leader_epoch)
    }

    /// Those told of that a client of the listener can reach.
    pub fn reached(self) -> impl Iterator<Item = BrokerView> {
        self.reached.into_values()
    }
}
