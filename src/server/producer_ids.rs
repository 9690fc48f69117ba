//! Producer ids, handed out from a block that the controller gave this broker (KIP-730).
//!
//! A block is used up before the next is asked for. What is left of one when the process ends is lost: ids are plenty.

use parking_lot::Mutex;

use crate::base::ids::{BrokerEpoch, NodeId, ProducerId};
use crate::controller::producer_ids::AllocateProducerIds;
use crate::peer::controller_channel::ControllerChannel;

/// The rest of a block: `next` up to and without `end`.
#[derive(Debug, Default)]
struct Rest {
    next: i64,
    end: i64,
}

impl Rest {
    fn take(&mut self) -> Option<ProducerId> {
        (self.next < self.end).then(|| {
            self.next += 1;
            ProducerId(self.next - 1)
        })
    }
}

/// The ids of this broker.
#[derive(Debug, Default)]
pub struct ProducerIdPool {
    rest: Mutex<Rest>,
    /// Held while a block is asked for, so that those who come meanwhile share it.
    asking: tokio::sync::Mutex<()>,
}

impl ProducerIdPool {
    /// An id that nobody has had, if one is at hand.
    pub fn take(&self) -> Option<ProducerId> {
        self.rest.lock().take()
    }

    /// An id that nobody has had; asks the controller for a block when the last one is used up. None if it gives none now.
    pub async fn next(&self, controller: &ControllerChannel, broker_id: NodeId) -> Option<ProducerId> {
        loop {
            // Held over the question on purpose: whoever comes meanwhile waits for the same block.
            let _asking = self.asking.lock().await;
            if let Some(id) = self.take() {
                return Some(id);
            }
            let broker_epoch =
                controller.image().brokers().get(broker_id).map_or(BrokerEpoch::NONE, |broker| broker.broker_epoch);
            let block = controller.request(AllocateProducerIds { broker_id, broker_epoch }).await.ok()?.ok()?;
            let mut rest = self.rest.lock();
            rest.next = block.first.0;
            rest.end = block.first.0 + i64::from(block.len);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_used_up_and_no_further() {
        let mut rest = Rest { next: 1000, end: 1002 };
        assert_eq!([rest.take(), rest.take(), rest.take()], [Some(ProducerId(1000)), Some(ProducerId(1001)), None]);
    }
}
