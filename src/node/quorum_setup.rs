//! Which cluster this node belongs to and who votes in it: settled before anything of the cluster is touched.
//!
//! ```text
//!  cluster id    `cluster.id`, else what meta.properties says, else what another voter says, else (on the founder) a new one
//!  founder       the voter with the lowest number; it makes the quorum, once, if no other voter knows of one
//! ```
//!
//! A voter that has lost its disk does not found a second quorum: the others tell it of the first.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::base::clock::SharedClock;
use crate::base::ids::{Millis, NodeId, Uuid};
use crate::base::random;
use crate::base::topic_name::CLUSTER_METADATA;
use crate::config::server::ServerConfig;
use crate::controller::quorum::start::QuorumOptions;
use crate::controller::quorum_controller::{ControllerOptions, QuorumController};
use crate::log::dir;
use crate::node::broker::StartError;
use crate::peer::address::Address;
use crate::peer::identify::{self, Known};
use crate::peer::probe::TcpProbe;
use crate::peer::raft_network::RaftNetwork;
use crate::protocol::internal::Identity;

/// Entries of the metadata log after which the image is written as a snapshot and the log before it can go.
const SNAPSHOT_EVERY: u64 = 10_000;
/// How long one voter may take to say which cluster this is.
const IDENTIFY_LIMIT: Duration = Duration::from_millis(500);
/// Pause before all of them are asked again.
const IDENTIFY_PAUSE: Duration = Duration::from_millis(200);

/// What is settled.
#[derive(Debug, Clone)]
pub struct Membership {
    /// The cluster.
    pub cluster_id: String,
    /// All voters and where they are. Empty: this node is the only one.
    pub voters: BTreeMap<NodeId, Address>,
    /// Whether this node makes the quorum if it has never been part of one.
    pub founds: bool,
}

/// Settles it; waits, if this node must learn its cluster from others, until one of them can be asked.
pub async fn settle(config: &ServerConfig, clock: &SharedClock) -> Result<Membership, StartError> {
    let own = config.node_id();
    let held = held_cluster_id(config)?;
    let named = config.cluster_id().or(held);
    let identity =
        Arc::new(Identity { cluster_id: named.clone().unwrap_or_default(), node_id: own, directory_id: Uuid::ZERO });
    let mut voters = configured(config);
    if voters.is_empty() && !config.roles().controller {
        voters = from_bootstrap(config, &identity, clock).await;
    }
    if voters.keys().all(|id| *id == own) {
        let cluster_id = named.unwrap_or_else(|| random::uuid().to_string());
        return Ok(Membership { cluster_id, voters: BTreeMap::new(), founds: true });
    }
    let first = config.roles().controller && voters.keys().next() == Some(&own);
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

/// The voters behind `controller.quorum.bootstrap.servers`, as they name themselves. Waits for all of them to be known, since
/// one that is missing could be the one that leads.
async fn from_bootstrap(
    config: &ServerConfig,
    identity: &Arc<Identity>,
    clock: &SharedClock,
) -> BTreeMap<NodeId, Address> {
    let mut voters = BTreeMap::new();
    let mut missing: Vec<_> =
        config.bootstrap_servers().iter().map(|(host, port)| Address { host: host.clone(), port: *port }).collect();
    loop {
        let mut still = Vec::new();
        for address in missing {
            match identify::ask(&address, identity, clock, IDENTIFY_LIMIT).await {
                Some(known) => {
                    voters.insert(known.node_id, address);
                }
                None => still.push(address),
            }
        }
        // A majority leads; who is down now may come back, and is then asked by the others.
        if voters.len() > still.len() || (still.is_empty() && !voters.is_empty()) {
            return voters;
        }
        missing = still;
        tokio::time::sleep(IDENTIFY_PAUSE).await;
    }
}

fn held_cluster_id(config: &ServerConfig) -> Result<Option<String>, StartError> {
    for path in config.log_dirs() {
        if let Some(meta) = dir::read_meta(Path::new(path))? {
            return Ok(Some(meta.cluster_id));
        }
    }
    Ok(None)
}

fn has_quorum_state(config: &ServerConfig) -> bool {
    Path::new(config.metadata_log_dir()).join(format!("{CLUSTER_METADATA}-0")).join("quorum-state").exists()
}

/// Starts this node's controller.
pub async fn start_controller(
    config: &Arc<ServerConfig>,
    membership: &Membership,
    identity: &Arc<Identity>,
    clock: &SharedClock,
) -> Result<QuorumController, StartError> {
    let path = Path::new(config.metadata_log_dir());
    let path = path.canonicalize().map_err(|source| StartError::System { what: "find metadata.log.dir", source })?;
    let alone = membership.voters.is_empty();
    let network = RaftNetwork::new(Arc::clone(identity), membership.voters.clone(), Arc::clone(clock));
    let quorum = QuorumOptions {
        voters: membership.voters.iter().map(|(id, address)| (*id, address.to_string())).collect(),
        founds: membership.founds,
        transport: if alone { None } else { Some(Arc::new(network)) },
        fetch_timeout: Millis(i64::from(config.controller_quorum_fetch_timeout_ms())),
        election_timeout: Millis(i64::from(config.controller_quorum_election_timeout_ms())),
        ..QuorumOptions::alone(config.node_id(), path, SNAPSHOT_EVERY)
    };
    let options = ControllerOptions {
        quorum,
        cluster_id: membership.cluster_id.clone(),
        directory_id: identity.directory_id,
        config: Arc::clone(config),
        clock: Arc::clone(clock),
        probe: Some(Arc::new(TcpProbe)),
    };
    QuorumController::start(options).await.map_err(|error| StartError::Controller(error.to_string()))
}
