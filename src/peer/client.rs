//! A client of a cluster: where it starts, what it knows, whom it is connected to.
//!
//! It starts with the bootstrap list, and from then on dials what the brokers advertise. A connection that is lost is dropped
//! and dialled again at the next use. What may be tried again is tried again by the caller's [`Retry`], until its deadline.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::address::Address;
use super::connection::{Connection, ConnectionOptions};
use super::error::{LostError, PeerError};
use super::metadata::{self, Cluster, Topic, Wanted};
use crate::base::clock::{SharedClock, SystemClock};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, NodeId, PartitionIndex};
use crate::base::random;

/// A client. Cloning it gives a second handle to the same one.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    bootstrap: Vec<Address>,
    options: ConnectionOptions,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Brokers and whatever topics were asked for so far.
    known: Arc<Cluster>,
    /// The broker that told it.
    told_by: Option<Address>,
    /// To one of the bootstrap list: for metadata and administration, so that a long poll never stands before them.
    first: Option<Connection>,
    brokers: HashMap<NodeId, Connection>,
}

impl Client {
    /// A client that has not connected yet.
    pub fn new(bootstrap: Vec<Address>, options: ConnectionOptions) -> Self {
        Self { shared: Arc::new(Shared { bootstrap, options, state: Mutex::default() }) }
    }

    /// A connection to some broker of the cluster.
    pub async fn any(&self) -> Result<Connection, PeerError> {
        let known: Vec<_> = {
            let state = self.shared.state.lock();
            if let Some(connection) = state.first.as_ref().filter(|c| !c.is_lost()) {
                return Ok(connection.clone());
            }
            state.known.brokers.values().map(|broker| broker.address.clone()).collect()
        };
        let mut tried = Vec::new();
        let mut slow = None;
        for address in self.shared.bootstrap.iter().chain(known.iter().filter(|a| !self.shared.bootstrap.contains(a))) {
            match Connection::open(address, &self.shared.options).await {
                Ok(connection) => {
                    self.shared.state.lock().first = Some(connection.clone());
                    return Ok(connection);
                }
                Err(PeerError::Lost { address, reason }) => tried.push((address, reason)),
                Err(error @ PeerError::Timeout { .. }) => {
                    tried.push((address.clone(), LostError::Io(error.to_string())));
                    slow = Some(error);
                }
                Err(other) => return Err(other),
            }
        }
        match slow {
            Some(slow) if tried.len() == 1 => Err(slow),
            _ => Err(PeerError::Bootstrap { tried }),
        }
    }

    /// A connection to that broker, at the address that it advertises.
    pub async fn broker(&self, id: NodeId) -> Result<Connection, PeerError> {
        let (address, told_by) = {
            let mut state = self.shared.state.lock();
            match state.brokers.get(&id) {
                Some(connection) if !connection.is_lost() => return Ok(connection.clone()),
                _ => state.brokers.remove(&id),
            };
            let broker = state.known.brokers.get(&id).ok_or(PeerError::UnknownBroker(id))?;
            (broker.address.clone(), state.told_by.clone())
        };
        let opened =
            Connection::open(&address, &self.shared.options).await.map_err(|error| match (error, told_by) {
                (PeerError::Lost { address, reason }, Some(via)) if via != address => {
                    PeerError::Advertised { node: id, advertised: address, via, reason }
                }
                (error, _) => error,
            })?;
        self.shared.state.lock().brokers.insert(id, opened.clone());
        Ok(opened)
    }

    /// Asks for brokers and topics, and remembers them.
    pub async fn metadata(&self, wanted: Wanted<'_>, create: bool) -> Result<Arc<Cluster>, PeerError> {
        let connection = self.any().await?;
        let fresh = Arc::new(metadata::ask(&connection, wanted, create).await?);
        let mut state = self.shared.state.lock();
        let mut known = Cluster::clone(&fresh);
        // Topics that were not asked for this time stay known.
        for (name, topic) in &state.known.topics {
            known.topics.entry(name.clone()).or_insert_with(|| topic.clone());
        }
        state.known = Arc::new(known);
        state.told_by = Some(connection.address().clone());
        Ok(fresh)
    }

    /// What is known of the cluster now.
    pub fn known(&self) -> Arc<Cluster> {
        Arc::clone(&self.shared.state.lock().known)
    }

    /// Asks for one topic until it exists with a leader for every partition, or the deadline has come. A topic that is not
    /// there is waited for only if `create` asks the broker to create it.
    pub async fn topic(&self, name: &str, create: bool, retry: &mut Retry) -> Result<Topic, PeerError> {
        loop {
            let names = [name.to_string()];
            let error = match self.metadata(Wanted::These(&names), create).await {
                Err(error) => error,
                Ok(cluster) => match cluster.topic(name) {
                    Ok(topic) => match topic.partitions.iter().find(|p| p.leader.is_none()) {
                        None => return Ok(topic.clone()),
                        Some(p) => PeerError::NoLeader { topic: name.to_string(), partition: p.index.0 },
                    },
                    Err(error) if !create && error.code() == Some(ErrorCode::UnknownTopicOrPartition) => {
                        return Err(error);
                    }
                    Err(error) => error,
                },
            };
            retry.pause(error).await?;
        }
    }

    /// A connection to the partition's leader as it is known now, asking for it if it is not known.
    pub async fn leader(&self, topic: &str, partition: PartitionIndex) -> Result<Connection, PeerError> {
        let leader = match self.known().leader(topic, partition) {
            Ok(found) => found.leader,
            Err(_) => {
                let names = [topic.to_string()];
                self.metadata(Wanted::These(&names), false).await?.leader(topic, partition)?.leader
            }
        };
        self.broker(leader).await
    }

    /// Forgets what is known of a topic, so that the next look-up asks anew.
    pub fn forget(&self, topic: &str) {
        let mut state = self.shared.state.lock();
        if state.known.topics.contains_key(topic) {
            Arc::make_mut(&mut state.known).topics.remove(topic);
        }
    }
}

/// Trying again until a deadline, with pauses that grow.
pub struct Retry {
    clock: SharedClock,
    deadline: Millis,
    pause: Duration,
    patient: bool,
}

/// The first pause; each is twice the one before, up to [`PAUSE_MAX`], less up to a fifth by chance.
const PAUSE_FIRST: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(1);

impl Retry {
    /// For `limit` from now on.
    pub fn within(limit: Duration) -> Self {
        let clock = SystemClock::shared();
        let limit = Millis(i64::try_from(limit.as_millis()).unwrap_or(i64::MAX));
        Self { deadline: clock.monotonic().plus(limit), clock, pause: PAUSE_FIRST, patient: false }
    }

    /// Takes a cluster that does not answer at all for one that will again: for whoever was connected before.
    #[must_use]
    pub fn patient(mut self) -> Self {
        self.patient = true;
        self
    }

    /// Whether trying again makes sense after that error.
    pub fn allows(&self, error: &PeerError) -> bool {
        error.is_retriable() || (self.patient && (error.is_connection() || matches!(error, PeerError::Timeout { .. })))
    }

    /// What is left of the time.
    pub fn left(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.deadline.since(self.clock.monotonic()).0).unwrap_or(0))
    }

    /// Returns after a pause if trying again makes sense and there is time; else gives the error back.
    pub async fn pause(&mut self, error: PeerError) -> Result<(), PeerError> {
        let pause = self.pause.mul_f64(0.8 + 0.2 * (random::u64() % 1000) as f64 / 1000.0);
        if !self.allows(&error) || pause >= self.left() {
            return Err(error);
        }
        tracing::debug!(%error, ?pause, "trying again");
        tokio::time::sleep(pause).await;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        Ok(())
    }
}
