//! A broker's life as the controller sees it: registered, fenced until it has caught up, alive while its heartbeats come, and
//! at its end relieved of what it leads.
//!
//! ```text
//!  register ──▶ fenced ── heartbeat that has caught up ──▶ serving ── asks to stop ──▶ leads nothing more ──▶ fenced
//!                 ▲                                           │
//!                 └──────────── silence, or its process gone ─┘
//! ```

use std::sync::Arc;
use std::time::Duration;

use crate::base::clock::SharedClock;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{BrokerEpoch, Millis, Offset, Uuid};
use crate::base::random;
use crate::config::listeners::Listener;
use crate::config::server::ServerConfig;
use crate::controller::brokers::{BrokerHeartbeat, HeartbeatReply, RegisterBroker};
use crate::metadata::cluster::BrokerImage;
use crate::metadata::features;
use crate::metadata::image::MetadataImage;
use crate::metadata::record::{BrokerEndpoint, BrokerFeature};
use crate::node::broker::StartError;
use crate::peer::controller_channel::ControllerChannel;
use crate::replica::manager::ReplicaManager;
use crate::server::listener::Bound;

/// Longest that one registration is waited for: who was asked may be cut off from the quorum, and another leads. The same
/// registration may arrive twice, and counts once.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(5);
/// Pause before a registration or the first heartbeat is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(100);
/// How long applying the metadata to the logs may take at the start.
const APPLY_LIMIT: Duration = Duration::from_secs(600);
/// Longest that a stop waits for its leaderships to move, while the controller answers, ...
const MOVE_LIMIT: Millis = Millis(30_000);
/// ... and while it does not.
const SILENCE_LIMIT: Millis = Millis(3_000);
/// Longest that a stop waits to hear who leads in its place.
const HEAR_LIMIT: Duration = Duration::from_secs(1);

/// The listeners with the ports that the operating system gave where port 0 was asked for, and with this machine's name where
/// nothing says which host clients are to be told.
pub fn effective_listeners(configured: &[Listener], bound: &[Bound]) -> Vec<Listener> {
    let given = |listener: &Listener| {
        let mut listener = listener.clone();
        if let Some(bound) = bound.iter().find(|b| b.name == listener.name()) {
            if listener.bind.port == 0 {
                listener.bind.port = bound.address.port();
            }
            if listener.advertised.port == 0 {
                listener.advertised.port = bound.address.port();
            }
        }
        if listener.advertised.host.is_empty() {
            listener.advertised.host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        }
        listener
    };
    configured.iter().map(given).collect()
}

/// This broker towards the controller.
#[derive(Clone)]
pub struct Lifecycle {
    controller: ControllerChannel,
    replicas: Arc<ReplicaManager>,
    config: Arc<ServerConfig>,
    clock: SharedClock,
}

impl Lifecycle {
    /// Not registered yet.
    pub fn new(
        controller: ControllerChannel,
        replicas: Arc<ReplicaManager>,
        config: Arc<ServerConfig>,
        clock: SharedClock,
    ) -> Self {
        Self { controller, replicas, config, clock }
    }

    /// Registers this broker, applies the metadata up to that, has itself unfenced and applies what that changed: from then on it
    /// leads. Gives the epoch of the registration.
    pub async fn come_up(&self, listeners: &[Listener]) -> Result<BrokerEpoch, StartError> {
        let epoch = self.register(listeners).await?;
        // The registration's epoch is where it stands in the metadata.
        let registered_at = Offset(epoch.0);
        self.replicas.registered_at(registered_at);
        if !self.replicas.wait_applied(registered_at, APPLY_LIMIT).await {
            let late = "the metadata could not be applied to the logs within ten minutes";
            return Err(StartError::Controller(late.to_owned()));
        }
        let unfenced = |image: &MetadataImage| self.registration_in(image, epoch).is_some_and(|broker| !broker.fenced);
        while !unfenced(&self.replicas.metadata()) {
            match self.heartbeat(epoch, false).await {
                // It may be fenced again before that is applied here: then the next heartbeat says so.
                Some(reply) if !reply.is_fenced => drop(self.replicas.wait_until(unfenced, self.interval()).await),
                _ => tokio::time::sleep(TRY_AGAIN).await,
            }
        }
        Ok(epoch)
    }

    /// This broker's registration, if it is still the one of that epoch.
    fn registration_in<'a>(&self, image: &'a MetadataImage, epoch: BrokerEpoch) -> Option<&'a BrokerImage> {
        let broker = image.brokers().get(self.replicas.node())?;
        (broker.broker_epoch == epoch).then_some(broker)
    }

    async fn register(&self, listeners: &[Listener]) -> Result<BrokerEpoch, StartError> {
        let registration = self.registration(listeners);
        let limit = Millis(i64::from(self.config.initial_broker_registration_timeout_ms()));
        let deadline = self.clock.monotonic().plus(limit);
        let mut told = false;
        loop {
            let left = deadline.since(self.clock.monotonic()).0;
            let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
            let why = match self.controller.request_within(registration.clone(), left.min(ATTEMPT_LIMIT)).await {
                Ok(Ok(epoch)) => return Ok(epoch),
                // The process before this one may not have been noticed to be gone yet.
                Ok(Err(error)) if error.code == ErrorCode::DuplicateBrokerRegistration => error.to_string(),
                Ok(Err(error)) => {
                    return Err(StartError::Controller(format!("the registration was refused: {error}")));
                }
                Err(error) => error.to_string(),
            };
            if self.clock.monotonic() >= deadline {
                return Err(StartError::Controller(format!("this broker could not be registered in time: {why}")));
            }
            if !std::mem::replace(&mut told, true) {
                tracing::info!(why, "the registration is tried again");
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
    }

    fn registration(&self, listeners: &[Listener]) -> RegisterBroker {
        let endpoint = |l: &Listener| BrokerEndpoint {
            name: l.name().to_owned(),
            host: l.advertised.host.clone(),
            port: l.advertised.port,
            security_protocol: l.protocol.id(),
        };
        let feature = |f: features::SupportedFeature| BrokerFeature { name: f.name.to_owned(), min: f.min, max: f.max };
        RegisterBroker {
            broker_id: self.config.node_id(),
            cluster_id: self.controller.identity().cluster_id.clone(),
            incarnation_id: random::uuid(),
            endpoints: listeners.iter().map(endpoint).collect(),
            features: self.controller.image().features().supported().map(feature).collect(),
            rack: self.config.rack(),
            log_dirs: self.replicas.logs().dirs().map(|(dir, _)| dir.meta.directory_id).collect(),
            previous_epoch: self.replicas.logs().clean_epoch(),
        }
    }

    /// Tells the controller that this broker lives and how far it has applied the metadata.
    async fn heartbeat(&self, epoch: BrokerEpoch, want_shut_down: bool) -> Option<HeartbeatReply> {
        let offline = self.replicas.logs().dirs().filter(|(_, offline)| *offline);
        let offline_log_dirs: Vec<Uuid> = offline.map(|(dir, _)| dir.meta.directory_id).collect();
        let beat = BrokerHeartbeat {
            broker_id: self.replicas.node(),
            broker_epoch: epoch,
            metadata_offset: self.replicas.metadata().offset(),
            want_fence: false,
            want_shut_down,
            offline_log_dirs,
            cordoned_log_dirs: None,
        };
        // Later than the next one is due, an answer is of no use.
        match self.controller.request_within(beat, self.interval().max(Duration::from_secs(1))).await {
            Ok(Ok(reply)) => Some(reply),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the controller did not accept a heartbeat");
                None
            }
            Err(error) => {
                tracing::warn!(%error, "a heartbeat did not reach the controller");
                None
            }
        }
    }

    fn interval(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.config.broker_heartbeat_interval_ms()).unwrap_or(2_000))
    }

    /// Sends heartbeats until the task is dropped, or until no log directory is left.
    pub async fn keep_alive(self, epoch: BrokerEpoch) {
        let mut fenced = false;
        let mut offline = self.replicas.logs().offline_dirs();
        loop {
            let next = self.clock.monotonic().plus(Millis(if fenced { 0 } else { self.interval().as_millis() as i64 }));
            // A directory that fails is told at once: its leaderships wait for it.
            loop {
                tokio::time::sleep(TRY_AGAIN.min(self.interval())).await;
                let now_offline = self.replicas.logs().offline_dirs();
                if std::mem::replace(&mut offline, now_offline) != now_offline || self.clock.monotonic() >= next {
                    break;
                }
            }
            if self.replicas.logs().all_offline() {
                return;
            }
            let Some(answer) = self.heartbeat(epoch, false).await else { continue };
            if answer.is_fenced != fenced {
                fenced = answer.is_fenced;
                tracing::warn!(fenced, "what the controller thinks of this broker");
            }
        }
    }

    /// Has the controller move what this broker leads elsewhere. Returns when it may stop, or when nothing more can be hoped for.
    pub async fn hand_over(&self, epoch: BrokerEpoch) {
        let began = self.clock.monotonic();
        let mut heard = began;
        loop {
            let now = self.clock.monotonic();
            if let Some(answer) = self.heartbeat(epoch, true).await {
                heard = now;
                if answer.should_shut_down {
                    // Who waits for an acknowledgement here is to hear that another leads, and not only that the connection has ended:
                    // until then it goes on at the new leader with what comes behind.
                    let fenced =
                        |image: &MetadataImage| self.registration_in(image, epoch).is_none_or(|broker| broker.fenced);
                    if !self.replicas.wait_until(fenced, HEAR_LIMIT).await {
                        tracing::warn!("this broker stops before it has heard who leads in its place");
                    }
                    return;
                }
            }
            let now = self.clock.monotonic();
            if now.since(heard) >= SILENCE_LIMIT || now.since(began) >= MOVE_LIMIT {
                tracing::warn!("this broker stops although not all that it leads could be moved");
                return;
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
    }
}
