//! What one member of the quorum says of itself, for who compares all of them from outside. Must never know who asks.

use std::sync::Arc;

use super::start::Quorum;
use super::types::{EntryId, ServerState, epoch, node_id, offset};
use crate::base::ids::{LeaderEpoch, NodeId, Offset};
use crate::log::log::Log;

/// An entry's place: its offset, and the term in which a leader appended it.
pub type Place = (Offset, LeaderEpoch);

/// What a member says of itself.
#[derive(Clone)]
pub struct Testimony {
    /// Who.
    pub id: NodeId,
    /// Its term, as it has it on its disk.
    pub term: LeaderEpoch,
    /// Who has its vote in it, which goes to whoever turns out to lead.
    pub voted_for: Option<NodeId>,
    /// It leads, or led, and has not heard of another leader.
    pub leads: bool,
    /// Who votes, as its log says; two groups while that changes, of which the first is that which voted before.
    pub voters: Vec<Vec<NodeId>>,
    /// The last entry that it has applied.
    pub applied: Option<Place>,
    /// The last entry that its newest snapshot holds.
    pub snapshot: Option<Place>,
    /// Its log. The high watermark is what it knows to be committed, the recovery point what it has on disk.
    pub log: Arc<Log>,
}

fn place(id: EntryId) -> Place {
    (offset(&id), epoch(&id))
}

/// What a member says; one that has stopped repeats what it said last.
pub fn of(quorum: &Quorum) -> Testimony {
    let metrics = quorum.raft.metrics();
    let now = metrics.borrow();
    let groups = now.membership_config.membership().get_joint_config().iter();
    Testimony {
        id: node_id(now.id),
        term: LeaderEpoch(i32::try_from(now.vote.leader_id.term).unwrap_or(i32::MAX)),
        voted_for: now.vote.leader_id.voted_for.map(node_id),
        leads: now.state == ServerState::Leader,
        voters: groups.map(|group| group.iter().map(|id| node_id(*id)).collect()).collect(),
        applied: now.last_applied.map(place),
        snapshot: quorum.state.snapshot_end().map(place),
        log: Arc::clone(&quorum.log),
    }
}
