//! Which cluster this node belongs to and who votes in it: settled before anything of the cluster is touched.
//!
//! ```text
//!  cluster id    `cluster.id`, else what meta.properties says, else what another voter says, else (on the founder) a new one
//!  founder       the voter with the lowest number; it makes the quorum, once, if no other voter knows of one
//! ```
//!
//! A voter that has lost its disk does not found a second quorum: the others tell it of the first. A controller that is given
//! `controller.quorum.bootstrap.servers` in place of voters joins the quorum that those tell of, without a vote at first; it
//! founds one only if it is itself the only one of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::base::clock::SharedClock;
use crate::base::ids::{Millis, NodeId, Uuid};
use crate::base::random;
use crate::base::topic_name::CLUSTER_METADATA;
use crate::config::server::ServerConfig;
use crate::controller::quorum::snapshot_pace::SnapshotPace;
use crate::controller::quorum::start::QuorumOptions;
use crate::controller::quorum::voters::{Member, VoterEndpoint};
use crate::controller::quorum_controller::{ControllerOptions, QuorumController};
use crate::log::error::OpenError;
use crate::log::{dir, file_system};
use crate::node::broker::StartError;
use crate::peer::address::Address;
use crate::peer::controller_channel::Seeds;
use crate::peer::identify::{self, Known};
use crate::peer::probe::TcpProbe;
use crate::peer::raft_network::RaftNetwork;
use crate::protocol::internal::Identity;

/// How long one voter may take to say which cluster this is.
const IDENTIFY_LIMIT: Duration = Duration::from_millis(500);
/// Pause before all of them are asked again.
const IDENTIFY_PAUSE: Duration = Duration::from_millis(200);

/// What is settled.
#[derive(Debug, Clone)]
pub struct Membership {
    /// The cluster.
    pub cluster_id: String,
    /// Where the voters are. Empty: this node is the only one, or its own log knows the others.
    pub voters: BTreeMap<NodeId, Address>,
    /// Whether this node makes the quorum, with those voters, if it has never been part of one.
    pub founds: bool,
}

impl Membership {
    /// The voters, for who asks them.
    pub fn seeds(&self, config: &ServerConfig) -> Seeds {
        Seeds { addresses: self.voters.clone(), configured: !config.voters().is_empty() }
    }
}

/// Settles it; waits, if this node must learn its cluster from others, until one of them can be asked.
pub async fn settle(config: &ServerConfig, clock: &SharedClock) -> Result<Membership, StartError> {
    let own = config.node_id();
    let held = held_cluster_id(config)?;
    let named = config.cluster_id().or(held);
    let identity =
        Arc::new(Identity { cluster_id: named.clone().unwrap_or_default(), node_id: own, directory_id: Uuid::ZERO });
    let mut voters = configured(config);
    let joins = voters.is_empty() && (!config.roles().controller || has_others_to_join(config));
    if joins {
        if let Some(cluster_id) = named.clone().filter(|_| has_quorum_state(config)) {
            return Ok(Membership { cluster_id, voters, founds: false });
        }
        voters = from_bootstrap(config, &identity, clock).await;
    } else if voters.keys().all(|id| *id == own) {
        let cluster_id = named.unwrap_or_else(|| random::uuid().to_string());
        return Ok(Membership { cluster_id, voters: BTreeMap::new(), founds: true });
    }
    let first = !joins && config.roles().controller && voters.keys().next() == Some(&own);
    let may_found = first && !has_quorum_state(config);
    if let Some(cluster_id) = named.clone().filter(|_| !may_found) {
        return Ok(Membership { cluster_id, voters, founds: false });
    }
    loop {
        let mut known = Vec::new();
        for (_, address) in voters.iter().filter(|(id, _)| **id != own) {
            known.extend(identify::ask(address, &identity, clock, IDENTIFY_LIMIT).await);
        }
        let founds = may_found && !known.iter().any(|known| known.founded);
        let told = known.into_iter().find(|known| !known.cluster_id.is_empty());
        if let Some(cluster_id) = named.clone().or(told.map(|known: Known| known.cluster_id)) {
            return Ok(Membership { cluster_id, voters, founds });
        }
        if first {
            let cluster_id = random::uuid().to_string();
            tracing::info!(cluster_id, "no voter knows of a cluster: this node makes a new one");
            return Ok(Membership { cluster_id, voters, founds });
        }
        tokio::time::sleep(IDENTIFY_PAUSE).await;
    }
}

fn configured(config: &ServerConfig) -> BTreeMap<NodeId, Address> {
    let voters = config.voters().iter();
    voters.map(|voter| (NodeId(voter.id), Address { host: voter.host.clone(), port: voter.port })).collect()
}

/// Whether `controller.quorum.bootstrap.servers` names anybody but this node.
fn has_others_to_join(config: &ServerConfig) -> bool {
    let is_own = |(host, port): &(String, u16)| {
        config.controller_listeners().iter().any(|own| {
            let here = [own.advertised.host.as_str(), own.bind.host.as_str(), "localhost", "127.0.0.1", "::1"];
            (own.advertised.port == *port || own.bind.port == *port) && here.contains(&host.as_str())
        })
    };
    !config.bootstrap_servers().iter().all(is_own)
}

/// The voters behind `controller.quorum.bootstrap.servers`: as one that is in the quorum tells them, or as they name themselves
/// while there is none yet. Then it waits for a majority of them to be known, since one that is missing could be the one that leads.
async fn from_bootstrap(
    config: &ServerConfig,
    identity: &Arc<Identity>,
    clock: &SharedClock,
) -> BTreeMap<NodeId, Address> {
    let mut voters = BTreeMap::new();
    let mut missing: Vec<_> =
        config.bootstrap_servers().iter().map(|(host, port)| Address { host: host.clone(), port: *port }).collect();
    let mut told = false;
    loop {
        let mut still = Vec::new();
        for address in missing {
            match identify::ask(&address, identity, clock, IDENTIFY_LIMIT).await {
                Some(known) if known.founded && !known.voters.is_empty() => return known.voters,
                Some(known) => {
                    voters.insert(known.node_id, address);
                }
                None => still.push(address),
            }
        }
        if voters.len() > still.len() || (still.is_empty() && !voters.is_empty()) {
            return voters;
        }
        if !std::mem::replace(&mut told, true) {
            tracing::info!(
                "no controller of controller.quorum.bootstrap.servers answers yet; without voters, this node founds no quorum"
            );
        }
        missing = still;
        tokio::time::sleep(IDENTIFY_PAUSE).await;
    }
}

fn held_cluster_id(config: &ServerConfig) -> Result<Option<String>, StartError> {
    for path in config.log_dirs() {
        match dir::read_meta(Path::new(path)) {
            Ok(Some(meta)) => return Ok(Some(meta.cluster_id)),
            Ok(None) => {}
            // One that the disk refuses is told of when the directories are opened; the others say the same.
            Err(OpenError::Storage(_)) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Ok(None)
}

fn has_quorum_state(config: &ServerConfig) -> bool {
    let state = Path::new(config.metadata_log_dir()).join(format!("{CLUSTER_METADATA}-0")).join("quorum-state");
    file_system::exists(&state)
}

/// Starts this node's controller, which others reach at `endpoints`.
pub async fn start_controller(
    config: &Arc<ServerConfig>,
    membership: &Membership,
    identity: &Arc<Identity>,
    endpoints: Vec<VoterEndpoint>,
    clock: &SharedClock,
) -> Result<QuorumController, StartError> {
    let path = Path::new(config.metadata_log_dir());
    let path =
        file_system::canonical(path).map_err(|source| StartError::System { what: "find metadata.log.dir", source })?;
    let configured = membership.seeds(config);
    let configured = if configured.configured { configured.addresses } else { BTreeMap::new() };
    let network = RaftNetwork::new(Arc::clone(identity), configured, Arc::clone(clock));
    let own = Member { directory_id: identity.directory_id, endpoints };
    let name = config.controller_listener_name();
    let member = |(id, at): (&NodeId, &Address)| {
        let endpoint = VoterEndpoint { name: name.clone(), host: at.host.clone(), port: at.port };
        (*id, Member { directory_id: Uuid::ZERO, endpoints: vec![endpoint] })
    };
    let mut founders = BTreeMap::new();
    if membership.founds {
        founders.extend(membership.voters.iter().map(member));
        founders.insert(config.node_id(), own.clone());
    }
    let quorum = QuorumOptions {
        own,
        founders,
        transport: Some(Arc::new(network)),
        fetch_timeout: Millis(i64::from(config.controller_quorum_fetch_timeout_ms())),
        election_timeout: Millis(i64::from(config.controller_quorum_election_timeout_ms())),
        snapshots: SnapshotPace::new(
            u64::try_from(config.metadata_log_max_record_bytes_between_snapshots()).unwrap_or(u64::MAX),
            config.metadata_log_max_snapshot_interval_ms(),
        ),
        ..QuorumOptions::alone(config.node_id(), path)
    };
    let options = ControllerOptions {
        quorum,
        cluster_id: membership.cluster_id.clone(),
        config: Arc::clone(config),
        clock: Arc::clone(clock),
        probe: Some(Arc::new(TcpProbe)),
    };
    QuorumController::start(options).await.map_err(|error| StartError::Controller(error.to_string()))
}
