//! What this node is in the quorum: whether it leads, and whether others still follow it. Must never know what is agreed on.

use std::sync::Arc;
use std::time::Duration;

use openraft::ServerState;
use parking_lot::Mutex;

use super::types::{Raft, node_id};
use crate::base::clock::SharedClock;
use crate::base::ids::{LeaderEpoch, Millis, NodeId};

/// How often who waits as the leader looks whether it still leads.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What this node is in the quorum now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The term.
    pub epoch: LeaderEpoch,
    /// Who leads, as far as this node knows; this node only while a quorum follows it.
    pub leader: Option<NodeId>,
    /// True if this node leads and has heard from a quorum not long ago.
    pub leads: bool,
    /// False once openraft has stopped.
    pub runs: bool,
}

/// Tells what this node is. Clones share it.
#[derive(Clone)]
pub struct Leadership {
    raft: Raft,
    /// How long it leads without hearing a quorum: after that another may lead already.
    patience: Millis,
    clock: SharedClock,
    /// The term in which this node was last seen to lead, and since when.
    elected: Arc<Mutex<Option<(u64, Millis)>>>,
}

impl Leadership {
    /// Of a running node. `patience` is `controller.quorum.fetch.timeout.ms`.
    pub fn new(raft: Raft, patience: Millis, clock: SharedClock) -> Self {
        Self { raft, patience, clock, elected: Arc::default() }
    }

    /// What it is now.
    pub fn standing(&self) -> Standing {
        let metrics = self.raft.metrics();
        let now = metrics.borrow();
        let silence = now.millis_since_quorum_ack.and_then(|ms| i64::try_from(ms).ok()).map(Millis);
        let leads = now.state == ServerState::Leader
            && silence.unwrap_or_else(|| self.in_office(now.current_term)) < self.patience;
        let other = now.current_leader.filter(|id| *id != now.id).map(node_id);
        Standing {
            epoch: LeaderEpoch(i32::try_from(now.current_term).unwrap_or(i32::MAX)),
            leader: if leads { Some(node_id(now.id)) } else { other },
            leads,
            runs: now.running_state.is_ok(),
        }
    }

    /// For how long this node has led in `term`. One that has just been elected has heard its voters, though not yet as their leader.
    fn in_office(&self, term: u64) -> Millis {
        let now = self.clock.monotonic();
        let mut elected = self.elected.lock();
        match *elected {
            Some((known, since)) if known == term => now.since(since),
            _ => {
                *elected = Some((term, now));
                Millis(0)
            }
        }
    }

    /// Waits until everything that is in the leader's log is applied here. False if this node leads no more, or has stopped.
    pub async fn settle(&self) -> bool {
        let mut metrics = self.raft.metrics();
        loop {
            let standing = self.standing();
            if !standing.runs || !standing.leads {
                return false;
            }
            {
                let now = metrics.borrow_and_update();
                if now.last_applied.map(|last| last.index) == now.last_log_index {
                    return true;
                }
            }
            // That nobody answers any more changes nothing that would be told.
            if matches!(tokio::time::timeout(LOOK_EVERY, metrics.changed()).await, Ok(Err(_))) {
                return false;
            }
        }
    }
}
