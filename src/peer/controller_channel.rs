//! The controller as every part of this process sees it, wherever it is: operations go to whoever leads the quorum, the
//! metadata come from this node's own voter or from the follower that stands in for one.
//!
//! ```text
//!  submit ──▶ leads this node? ── yes ──▶ quorum_controller
//!                    └── no ──▶ link to the leader ──▶ its server/internal ──▶ its quorum_controller
//!             NOT_CONTROLLER or not reached: ask the next one, until the time is up
//! ```
//!
//! A question that was sent and not answered may have had its effect: that is `Unknown`, never a second try.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use super::address::Address;
use super::node_link::{LinkError, NodeLink};
use crate::base::clock::SharedClock;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, NodeId};
use crate::controller::operation::{self, Ask, Operation, Reply};
use crate::controller::quorum_controller::{
    Answer, Committed, ControllerError, QuorumController, QuorumStatus, answer_of,
};
use crate::metadata::image::MetadataImage;
use crate::protocol::internal::{Identity, InternalAnswer, InternalApi};

/// How long an operation looks for somebody who decides it, where its asker sets no time.
const SUBMIT_LIMIT: Duration = Duration::from_secs(30);
/// How long a question about the quorum may take.
const STATUS_LIMIT: Duration = Duration::from_secs(5);
/// Pause before another voter is tried: the first, and the longest.
const PAUSE_FIRST: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_millis(200);

/// The way to the controller. Clones share it.
#[derive(Clone)]
pub struct ControllerChannel {
    shared: Arc<Shared>,
}

struct Shared {
    identity: Arc<Identity>,
    local: Option<QuorumController>,
    links: BTreeMap<NodeId, NodeLink>,
    images: watch::Receiver<Arc<MetadataImage>>,
    /// Who was last said to lead; -1 if nobody was.
    leader: AtomicI32,
    turn: AtomicUsize,
    clock: SharedClock,
}

/// Somebody who may lead.
pub(super) enum Target {
    Local(QuorumController),
    Remote(NodeId, NodeLink),
}

impl ControllerChannel {
    /// For a node that votes: its own controller, and the other voters.
    pub fn of_voter(
        local: QuorumController,
        identity: Arc<Identity>,
        voters: &BTreeMap<NodeId, Address>,
        clock: &SharedClock,
    ) -> Self {
        let images = local.subscribe();
        Self::new(Some(local), identity, voters, images, clock)
    }

    /// For a broker that does not vote; `images` is what its follower publishes.
    pub fn of_observer(
        identity: Arc<Identity>,
        voters: &BTreeMap<NodeId, Address>,
        images: watch::Receiver<Arc<MetadataImage>>,
        clock: &SharedClock,
    ) -> Self {
        Self::new(None, identity, voters, images, clock)
    }

    fn new(
        local: Option<QuorumController>,
        identity: Arc<Identity>,
        voters: &BTreeMap<NodeId, Address>,
        images: watch::Receiver<Arc<MetadataImage>>,
        clock: &SharedClock,
    ) -> Self {
        let link = |address: &Address| NodeLink::new(address.clone(), Arc::clone(&identity), Arc::clone(clock));
        let others = voters.iter().filter(|(id, _)| **id != identity.node_id);
        let links = others.map(|(id, address)| (*id, link(address))).collect();
        let (leader, turn) = (AtomicI32::new(-1), AtomicUsize::new(0));
        let clock = Arc::clone(clock);
        Self { shared: Arc::new(Shared { identity, local, links, images, leader, turn, clock }) }
    }

    /// Who this node is to the others.
    pub fn identity(&self) -> &Arc<Identity> {
        &self.shared.identity
    }

    /// This node's own controller, if it votes.
    pub fn local(&self) -> Option<&QuorumController> {
        self.shared.local.as_ref()
    }

    /// The other voters and where they are.
    pub fn others(&self) -> impl Iterator<Item = (NodeId, &Address)> {
        self.shared.links.iter().map(|(id, link)| (*id, link.address()))
    }

    /// The metadata as far as they are known here.
    pub fn image(&self) -> Arc<MetadataImage> {
        self.shared.images.borrow().clone()
    }

    /// Follows the metadata.
    pub fn subscribe(&self) -> watch::Receiver<Arc<MetadataImage>> {
        self.shared.images.clone()
    }

    /// True while this node is the active controller.
    pub fn is_leader(&self) -> bool {
        self.local().is_some_and(QuorumController::is_leader)
    }

    /// Has an operation decided by whoever leads, and waits for its answer.
    pub async fn submit<O: Ask>(&self, operation: O) -> Result<Committed<O::Answer>, ControllerError> {
        self.submit_within(operation, SUBMIT_LIMIT).await
    }

    /// The same, for at most `limit`.
    pub async fn submit_within<O: Ask>(
        &self,
        operation: O,
        limit: Duration,
    ) -> Result<Committed<O::Answer>, ControllerError> {
        answer_of::<O>(self.submit_any(operation.into(), limit).await?)
    }

    async fn submit_any(&self, operation: Operation, limit: Duration) -> Answer {
        let deadline = self.deadline(limit);
        let mut pause = PAUSE_FIRST;
        let mut encoded = None;
        loop {
            let left = self.left(deadline);
            let answer = match self.target() {
                Target::Local(local) => {
                    let answered = tokio::time::timeout(left, local.submit_any(operation.clone())).await;
                    answered.unwrap_or(Err(ControllerError::Unknown))
                }
                Target::Remote(id, link) => {
                    let payload = encoded.get_or_insert_with(|| operation::encode(&operation));
                    match link.ask(InternalApi::Operation, payload, left).await {
                        Ok(answer) => self.read_answer(&answer),
                        Err(LinkError::Unreachable(why)) => {
                            tracing::debug!(node = %id, why, operation = operation.name(), "a controller is not reached");
                            Err(ControllerError::NotController { leader: None })
                        }
                        Err(LinkError::Lost(_)) => {
                            self.forget_leader();
                            Err(ControllerError::Unknown)
                        }
                    }
                }
            };
            match answer {
                Err(ControllerError::NotController { leader }) => self.remember_leader(leader),
                other => return other,
            }
            if self.left(deadline) <= pause {
                return Err(ControllerError::NotController { leader: None });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn read_answer(&self, answer: &InternalAnswer) -> Answer {
        match answer.error {
            ErrorCode::None => operation::decode::<Result<Committed<Reply>, ControllerError>>(&answer.payload)
                .unwrap_or_else(|error| {
                    tracing::error!(node = %answer.node_id, %error, "a controller's answer cannot be read");
                    Err(ControllerError::Unknown)
                }),
            ErrorCode::NotController => Err(ControllerError::NotController { leader: None }),
            error => {
                tracing::warn!(node = %answer.node_id, %error, "a controller refuses operations of this node");
                Err(ControllerError::NotController { leader: None })
            }
        }
    }

    /// Who leads the quorum, and how far everybody is: asked of the leader, who alone knows.
    pub async fn status(&self) -> Result<QuorumStatus, ControllerError> {
        let deadline = self.deadline(STATUS_LIMIT);
        loop {
            let left = self.left(deadline);
            match self.target() {
                Target::Local(local) if local.is_leader() => return Ok(local.status()),
                Target::Local(_) => self.forget_leader(),
                Target::Remote(_, link) => match link.ask(InternalApi::QuorumStatus, &[], left).await {
                    Ok(answer) if answer.error.is_none() => {
                        return operation::decode(&answer.payload).map_err(|_| ControllerError::Unknown);
                    }
                    _ => self.forget_leader(),
                },
            }
            if self.left(deadline) <= PAUSE_MAX {
                return Err(ControllerError::NotController { leader: None });
            }
            tokio::time::sleep(PAUSE_MAX).await;
        }
    }

    fn deadline(&self, limit: Duration) -> Millis {
        self.shared.clock.monotonic().plus(Millis(i64::try_from(limit.as_millis()).unwrap_or(i64::MAX / 2)))
    }

    fn left(&self, deadline: Millis) -> Duration {
        Duration::from_millis(u64::try_from(deadline.since(self.shared.clock.monotonic()).0).unwrap_or(0))
    }

    /// Who most likely leads: what this node's own voter says, else what was said last, else the next in turn.
    pub(super) fn target(&self) -> Target {
        let shared = &self.shared;
        let remembered = NodeId(shared.leader.load(Ordering::Relaxed));
        if let Some(local) = &shared.local {
            match local.leader() {
                Some(id) if id != shared.identity.node_id => {
                    if let Some(link) = shared.links.get(&id) {
                        return Target::Remote(id, link.clone());
                    }
                }
                // This node leads, or it knows of nobody who does: then it says so, and the asker tries again.
                _ => return Target::Local(local.clone()),
            }
        }
        let turn = shared.turn.fetch_add(1, Ordering::Relaxed) % shared.links.len().max(1);
        let next = shared.links.get_key_value(&remembered).or_else(|| shared.links.iter().nth(turn));
        match (next, &shared.local) {
            (Some((id, link)), _) => Target::Remote(*id, link.clone()),
            (None, Some(local)) => Target::Local(local.clone()),
            // A configuration without any voter is refused; to be asked, somebody must be there.
            (None, None) => unreachable!("a node that is no voter knows at least one"),
        }
    }

    pub(super) fn remember_leader(&self, leader: Option<NodeId>) {
        self.shared.leader.store(leader.unwrap_or(NodeId::NONE).0, Ordering::Relaxed);
    }

    pub(super) fn forget_leader(&self) {
        self.remember_leader(None);
    }
}
