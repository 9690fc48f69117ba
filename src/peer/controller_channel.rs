//! The controller as every part of this process sees it, wherever it is: operations go to whoever leads the quorum, the
//! metadata come from this node's own voter or from the follower that stands in for one.
//!
//! ```text
//!  submit, request ──▶ leads this node? ── yes ──▶ quorum_controller
//!                       └── no ──▶ link to the leader ──▶ its server ──▶ its quorum_controller
//!             NOT_CONTROLLER or not reached: ask the next one, until the time is up
//! ```
//!
//! What a client asked for is passed on in a frame between nodes, and its answer names the offset from which on the metadata agree with
//! it; what a broker asks for itself goes as Kafka's own message (`broker_requests`).
//!
//! A question that was sent and not answered may have had its effect: that is `Unknown`, never a second try. Who votes changes
//! while the process runs: links come and go with the quorum's members.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use super::address::Address;
use super::broker_requests::BrokerRequest;
use super::leader_hint::{self, LeaderHint};
use super::node_link::{LinkError, NodeLink};
use crate::base::clock::SharedClock;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, NodeId};
use crate::controller::api_error::ApiError;
use crate::controller::operation::{self, Operation, PassedOn, Reply};
use crate::controller::quorum::membership::QuorumChange;
use crate::controller::quorum::voters::{Member, Voters};
use crate::controller::quorum_controller::{
    Answer, Committed, ControllerError, QuorumController, QuorumStatus, answer_of,
};
use crate::metadata::image::MetadataImage;
use crate::protocol::internal::{Identity, InternalAnswer, InternalApi};

/// How long a broker's request looks for somebody who decides it, where its asker sets no time.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);
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
    members: Members,
    /// Where voters are: as the configuration says, or as they told before this node knew the quorum.
    seeds: Seeds,
    links: Mutex<Links>,
    images: watch::Receiver<Arc<MetadataImage>>,
    /// Who was last said to lead; -1 if nobody was.
    leader: AtomicI32,
    turn: AtomicUsize,
    clock: SharedClock,
}

/// Where voters are, before the quorum says so.
#[derive(Clone, Debug, Default)]
pub struct Seeds {
    /// Their addresses.
    pub addresses: BTreeMap<NodeId, Address>,
    /// True if that is the configuration's word: it wins over what the quorum says, so that a voter can move.
    pub configured: bool,
}

/// Who knows the members.
enum Members {
    /// This node's own controller.
    Local(QuorumController),
    /// What its follower published.
    Followed(watch::Receiver<Arc<Voters>>),
}

/// What is asked of whoever leads.
trait Question: Sync {
    /// What is answered.
    type Answer;
    /// Its name, for logs.
    fn name(&self) -> &'static str;
    /// Asks this node's own controller.
    fn ask<'a>(&'a self, local: &'a QuorumController) -> Asking<'a, Result<Self::Answer, ControllerError>>;
    /// Asks another node's, and waits for at most `limit`.
    fn send<'a>(&'a self, link: &'a NodeLink, limit: Duration) -> Asking<'a, Sent<Self::Answer>>;
}

type Asking<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
/// What came back, or why nothing did.
type Sent<T> = Result<Result<T, ControllerError>, LinkError>;

/// An operation that a client asked for: passed on as it is.
struct Passed {
    operation: Operation,
    /// The same as it travels, once it has.
    encoded: OnceLock<Vec<u8>>,
}

impl Question for Passed {
    type Answer = Committed<Reply>;
    fn name(&self) -> &'static str {
        self.operation.name()
    }
    fn ask<'a>(&'a self, local: &'a QuorumController) -> Asking<'a, Answer> {
        Box::pin(local.submit_any(self.operation.clone()))
    }
    fn send<'a>(&'a self, link: &'a NodeLink, limit: Duration) -> Asking<'a, Sent<Committed<Reply>>> {
        let payload = self.encoded.get_or_init(|| operation::encode(&self.operation));
        Box::pin(async move { Ok(read_answer(&link.ask(InternalApi::Operation, payload, limit).await?)) })
    }
}

impl Question for QuorumChange {
    type Answer = Result<(), ApiError>;
    fn name(&self) -> &'static str {
        InternalApi::ChangeQuorum.name()
    }
    fn ask<'a>(&'a self, local: &'a QuorumController) -> Asking<'a, Result<Self::Answer, ControllerError>> {
        Box::pin(local.change_quorum(self.clone()))
    }
    fn send<'a>(&'a self, link: &'a NodeLink, limit: Duration) -> Asking<'a, Sent<Self::Answer>> {
        // What may take long has a connection of its own: heartbeats must not wait behind it.
        let link = link.apart();
        let payload = operation::encode(self);
        Box::pin(async move { Ok(read_answer(&link.ask(InternalApi::ChangeQuorum, &payload, limit).await?)) })
    }
}

/// An operation that a broker asks for itself: Kafka's own message.
struct Own<O>(O);

impl<O: BrokerRequest> Question for Own<O> {
    type Answer = O::Answer;
    fn name(&self) -> &'static str {
        std::any::type_name::<O>()
    }
    fn ask<'a>(&'a self, local: &'a QuorumController) -> Asking<'a, Result<O::Answer, ControllerError>> {
        Box::pin(async move { Ok(local.submit(self.0.clone()).await?.reply) })
    }
    fn send<'a>(&'a self, link: &'a NodeLink, limit: Duration) -> Asking<'a, Sent<O::Answer>> {
        Box::pin(async move { Ok(self.0.answer_of(link.request(&self.0.message(), limit).await?)) })
    }
}

/// The ways to the other voters.
struct Links {
    /// The members that these are made from.
    of: Arc<Voters>,
    by_id: BTreeMap<NodeId, NodeLink>,
}

/// Somebody who may lead.
pub(super) enum Target {
    Local(QuorumController),
    Remote(NodeId, NodeLink),
}

impl ControllerChannel {
    /// For a node with a controller of its own.
    pub fn of_controller(local: QuorumController, identity: Arc<Identity>, seeds: Seeds, clock: &SharedClock) -> Self {
        let images = local.subscribe();
        Self::new(Members::Local(local), identity, seeds, images, clock)
    }

    /// For a broker alone; `images` and `voters` are what its follower publishes.
    pub fn of_observer(
        identity: Arc<Identity>,
        seeds: Seeds,
        images: watch::Receiver<Arc<MetadataImage>>,
        voters: watch::Receiver<Arc<Voters>>,
        clock: &SharedClock,
    ) -> Self {
        Self::new(Members::Followed(voters), identity, seeds, images, clock)
    }

    fn new(
        members: Members,
        identity: Arc<Identity>,
        seeds: Seeds,
        images: watch::Receiver<Arc<MetadataImage>>,
        clock: &SharedClock,
    ) -> Self {
        let (leader, turn) = (AtomicI32::new(-1), AtomicUsize::new(0));
        let clock = Arc::clone(clock);
        let links = Mutex::new(Links { of: Arc::default(), by_id: BTreeMap::new() });
        let shared = Shared { identity, members, seeds, links, images, leader, turn, clock };
        let channel = Self { shared: Arc::new(shared) };
        let addresses = channel.addresses(&Voters::default());
        channel.relink(&mut channel.shared.links.lock(), addresses);
        channel
    }

    /// Who votes, as far as this node knows; nobody before it knows the quorum.
    pub fn voters(&self) -> Arc<Voters> {
        match &self.shared.members {
            Members::Local(local) => local.voters(),
            Members::Followed(voters) => voters.borrow().clone(),
        }
    }

    /// Where the other voters are.
    fn addresses(&self, voters: &Voters) -> BTreeMap<NodeId, Address> {
        let Seeds { addresses, configured } = &self.shared.seeds;
        if voters.is_empty() {
            return addresses.clone();
        }
        let address = |(id, member): (&NodeId, &Member)| {
            let seed = addresses.get(id).filter(|_| *configured).cloned();
            Some((*id, seed.or_else(|| Address::parse(&member.address()).ok())?))
        };
        voters.voters.iter().filter_map(address).collect()
    }

    fn relink(&self, links: &mut Links, addresses: BTreeMap<NodeId, Address>) {
        let shared = &self.shared;
        let old = std::mem::take(&mut links.by_id);
        for (id, address) in addresses.into_iter().filter(|(id, _)| *id != shared.identity.node_id) {
            let link = match old.get(&id).filter(|link| *link.address() == address) {
                Some(link) => link.clone(),
                None => NodeLink::new(address, Arc::clone(&shared.identity), Arc::clone(&shared.clock)),
            };
            links.by_id.insert(id, link);
        }
    }

    /// The links as the members are now.
    fn links(&self) -> MutexGuard<'_, Links> {
        let voters = self.voters();
        let mut links = self.shared.links.lock();
        if !voters.is_empty() && !Arc::ptr_eq(&voters, &links.of) {
            self.relink(&mut links, self.addresses(&voters));
            links.of = voters;
        }
        links
    }

    /// Who this node is to the others.
    pub fn identity(&self) -> &Arc<Identity> {
        &self.shared.identity
    }

    /// This node's own controller, if it has one.
    pub fn local(&self) -> Option<&QuorumController> {
        match &self.shared.members {
            Members::Local(local) => Some(local),
            Members::Followed(_) => None,
        }
    }

    /// The other voters and where they are.
    pub fn others(&self) -> Vec<(NodeId, Address)> {
        self.links().by_id.iter().map(|(id, link)| (*id, link.address().clone())).collect()
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

    /// Has whoever leads decide what a client asked for, and waits for the answer for at most `limit`.
    pub async fn submit_within<O: PassedOn>(
        &self,
        operation: O,
        limit: Duration,
    ) -> Result<Committed<O::Answer>, ControllerError> {
        let question = Passed { operation: operation.into(), encoded: OnceLock::new() };
        answer_of::<O>(self.ask_leader(question, limit).await?)
    }

    /// Has whoever leads decide what this broker asks for itself. The answer names no offset: what it changed shows in the metadata.
    pub async fn request<O: BrokerRequest>(&self, operation: O) -> Result<O::Answer, ControllerError> {
        self.request_within(operation, REQUEST_LIMIT).await
    }

    /// The same, for at most `limit`.
    pub async fn request_within<O: BrokerRequest>(
        &self,
        operation: O,
        limit: Duration,
    ) -> Result<O::Answer, ControllerError> {
        self.ask_leader(Own(operation), limit).await
    }

    /// Has the quorum's leader change who is in it, and waits for at most `limit`.
    pub async fn change_quorum(
        &self,
        change: QuorumChange,
        limit: Duration,
    ) -> Result<Result<(), ApiError>, ControllerError> {
        self.ask_leader(change, limit).await
    }

    /// Asks whoever leads, until somebody does or the time is up.
    async fn ask_leader<Q: Question>(&self, question: Q, limit: Duration) -> Result<Q::Answer, ControllerError> {
        let deadline = self.deadline(limit);
        let mut pause = PAUSE_FIRST;
        loop {
            let left = self.left(deadline);
            let mut asked = None;
            let answer = match self.target() {
                Target::Local(local) => {
                    let answered = tokio::time::timeout(left, question.ask(&local)).await;
                    answered.unwrap_or(Err(ControllerError::Unknown))
                }
                Target::Remote(id, link) => {
                    asked = Some(id);
                    match question.send(&link, left).await {
                        Ok(answer) => answer,
                        Err(LinkError::Unreachable(why)) => {
                            tracing::debug!(node = %id, why, question = question.name(), "a controller is not reached");
                            Err(ControllerError::NotController { leader: None })
                        }
                        Err(LinkError::OtherCluster(why)) => {
                            tracing::warn!(node = %id, why, "a controller of another cluster is not asked");
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
                Err(ControllerError::NotController { leader: Some(leader) }) => self.remember_leader(Some(leader)),
                Err(ControllerError::NotController { leader: None }) => self.doubt_leader(asked),
                other => return other,
            }
            if self.left(deadline) <= pause {
                return Err(ControllerError::NotController { leader: None });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
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
                    Ok(answer) => match leader_hint::read(&answer) {
                        Some(hint) => self.follow_hint(hint),
                        None => self.forget_leader(),
                    },
                    Err(_) => self.forget_leader(),
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
        let own = shared.identity.node_id;
        let links = self.links();
        if let Some(local) = self.local() {
            match local.leader() {
                Some(id) if id != own => {
                    if let Some(link) = links.by_id.get(&id) {
                        return Target::Remote(id, link.clone());
                    }
                }
                // This node leads, or it votes and knows of nobody who does: then it says so, and the asker tries again.
                Some(_) => return Target::Local(local.clone()),
                None if links.of.voters.contains_key(&own) => return Target::Local(local.clone()),
                None => {}
            }
        }
        let remembered = NodeId(shared.leader.load(Ordering::Relaxed));
        let turn = shared.turn.fetch_add(1, Ordering::Relaxed) % links.by_id.len().max(1);
        let next = links.by_id.get_key_value(&remembered).or_else(|| links.by_id.iter().nth(turn));
        match (next, self.local()) {
            (Some((id, link)), _) => Target::Remote(*id, link.clone()),
            (None, Some(local)) => Target::Local(local.clone()),
            // A configuration without any voter is refused; to be asked, somebody must be there.
            (None, None) => unreachable!("a broker alone knows at least one voter"),
        }
    }

    pub(super) fn remember_leader(&self, leader: Option<NodeId>) {
        self.shared.leader.store(leader.unwrap_or(NodeId::NONE).0, Ordering::Relaxed);
    }

    /// Who was asked does not lead, and cannot say who does. What somebody else has said meanwhile is kept.
    fn doubt_leader(&self, asked: Option<NodeId>) {
        let asked = asked.unwrap_or(NodeId::NONE).0;
        let _ = self.shared.leader.compare_exchange(asked, NodeId::NONE.0, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Somebody has said who leads: the next question goes there, also where this node did not know of that one.
    pub(super) fn follow_hint(&self, hint: LeaderHint) {
        let shared = &self.shared;
        if let Some(at) = hint.at.filter(|_| hint.id != shared.identity.node_id) {
            let mut links = self.links();
            let link = || NodeLink::new(at, Arc::clone(&shared.identity), Arc::clone(&shared.clock));
            links.by_id.entry(hint.id).or_insert_with(link);
        }
        self.remember_leader(Some(hint.id));
    }

    pub(super) fn forget_leader(&self) {
        self.remember_leader(None);
    }
}

fn read_answer<T: DeserializeOwned>(answer: &InternalAnswer) -> Result<T, ControllerError> {
    match answer.error {
        ErrorCode::None => operation::decode::<Result<T, ControllerError>>(&answer.payload).unwrap_or_else(|error| {
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
