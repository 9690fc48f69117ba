//! Starting one Raft node over a directory: open the log, load the newest snapshot, join or found the quorum.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use openraft::SnapshotPolicy;

use super::leadership::Leadership;
use super::log_store::{LogStore, remove_prefix};
use super::network::{Contacts, Network, RaftTransport};
use super::pulse::{self, Patience, Pulse};
use super::snapshot::SnapshotError;
use super::snapshot_pace::{self, SnapshotPace};
use super::state_file::{self, QuorumState, StateFileError};
use super::state_machine::StateMachine;
use super::types::{Metrics, Raft, offset, raft_id};
use super::voters::Member;
use crate::base::clock::SharedClock;
use crate::base::ids::{Millis, NodeId, Offset, PartitionIndex, TopicPartition, Uuid};
use crate::base::topic_name::CLUSTER_METADATA;
use crate::log::background::Background;
use crate::log::config::LogConfig;
use crate::log::disk;
use crate::log::error::{FlushError, OpenError, StorageError};
use crate::log::health::DirHealth;
use crate::log::loader::OpenOptions;
use crate::log::log::Log;
use crate::machine::blocking;

/// Longest that a founder waits for its own election; it takes a few milliseconds.
const ELECTION_WAIT: Duration = Duration::from_secs(10);

/// How often a leader speaks to its followers (ms); openraft rounds this up by half. Also how long it waits for an answer: one
/// that comes later, because a disk is slow, is not lost, since the entries are there when they are sent again.
const HEARTBEAT_MS: u64 = 150;
/// How long a voter that heard a leader votes for nobody else (ms): two heartbeats and some.
const LEASE_MS: u64 = 540;

/// How long a voter that heard a leader votes for nobody else: a leader that lives is heard more often than that.
pub(super) fn lease() -> Millis {
    Millis(LEASE_MS as i64)
}

/// What a node is started with.
#[derive(Clone)]
pub struct QuorumOptions {
    /// This node.
    pub node_id: NodeId,
    /// The directory in which `__cluster_metadata-0` is.
    pub dir: PathBuf,
    /// How often a snapshot is made.
    pub snapshots: SnapshotPace,
    /// Where this node listens, and the directory of its log.
    pub own: Member,
    /// With whom this node makes a new quorum if it has never been part of one: all voters, itself among them. Empty on all nodes but
    /// one: they wait until the quorum makes itself known to them.
    pub founders: BTreeMap<NodeId, Member>,
    /// The way to the other voters.
    pub transport: Option<Arc<dyn RaftTransport>>,
    /// `controller.quorum.fetch.timeout.ms`
    pub fetch_timeout: Millis,
    /// `controller.quorum.election.timeout.ms`
    pub election_timeout: Millis,
}

impl QuorumOptions {
    /// A quorum of this node alone.
    pub fn alone(node_id: NodeId, dir: PathBuf) -> Self {
        Self {
            node_id,
            dir,
            snapshots: SnapshotPace::default(),
            own: Member::default(),
            founders: BTreeMap::from([(node_id, Member::default())]),
            transport: None,
            fetch_timeout: Millis(2_000),
            election_timeout: Millis(1_000),
        }
    }

    fn patience(&self) -> Patience {
        // Shorter than the lease an election cannot succeed; shorter than two heartbeats it would be about nothing.
        let lease = lease();
        Patience { fetch_timeout: self.fetch_timeout.max(lease), election_timeout: self.election_timeout, lease }
    }
}

/// Why a node cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The file system failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The log cannot be opened.
    #[error("the metadata log: {0}")]
    Log(#[from] OpenError),
    /// What is in it cannot be forced to the disk.
    #[error("the metadata log: {0}")]
    Flush(#[from] FlushError),
    /// The quorum's state cannot be read.
    #[error(transparent)]
    State(#[from] StateFileError),
    /// The newest snapshot cannot be read.
    #[error("the newest metadata snapshot: {0}")]
    Snapshot(#[from] SnapshotError),
    /// The log begins after the snapshot ends.
    #[error("the metadata log begins at offset {log_start}, but the newest snapshot ends at {snapshot_end}")]
    Gap {
        /// The first offset in the log.
        log_start: Offset,
        /// The first offset that is not in the snapshot.
        snapshot_end: Offset,
    },
    /// No thread can be started.
    #[error("starting a thread: {0}")]
    Thread(std::io::Error),
    /// openraft does not start.
    #[error("the quorum: {0}")]
    Raft(String),
}

/// A started node.
pub struct Quorum {
    /// openraft's handle.
    pub raft: Raft,
    /// The log.
    pub log: Arc<Log>,
    /// The applied state.
    pub state: StateMachine,
    /// The way to the others, and what is learnt on it.
    pub network: Network,
    /// Whether this node leads.
    pub leadership: Leadership,
    /// This node is the only voter: it leads.
    pub alone: bool,
}

/// Opens the storage of a node. Blocks while the log is recovered.
pub fn open(options: &QuorumOptions, clock: &SharedClock) -> Result<(LogStore, StateMachine), StartError> {
    let (log, state, machine) = read(options, clock)?;
    let kept = machine.kept();
    Ok((LogStore::new(log, state, clock.clone(), Some(kept)), machine))
}

/// What is on the disk of a node.
pub(super) fn read(
    options: &QuorumOptions,
    clock: &SharedClock,
) -> Result<(Arc<Log>, QuorumState, StateMachine), StartError> {
    let dir = options.dir.join(format!("{CLUSTER_METADATA}-0"));
    disk::names_in(&dir)?;
    let state = state_file::read(&dir)?;
    let machine = StateMachine::open(dir.clone(), clock.clone())?;
    let log = open_log(&options.dir, &dir, state.purged.map_or(Offset(0), |id| offset(&id).plus(1)), clock.wall())?;
    let snapshot_end = machine.snapshot_end().map_or(Offset(0), |id| offset(&id).plus(1));
    if let Some(purged) = &state.purged {
        remove_prefix(&log, purged, clock).map_err(StorageError::of("remove the front of the log in", &dir))?;
    }
    if log.log_start_offset() > snapshot_end {
        return Err(StartError::Gap { log_start: log.log_start_offset(), snapshot_end });
    }
    // What can be read may be in the kernel's memory only, left there by a process that was killed: it is answered for from now
    // on, so it must be on the disk.
    log.flush()?;
    if state != QuorumState::default() {
        state_file::write(&dir, &state)?;
    }
    Ok((log, state, machine))
}

fn open_log(parent: &Path, dir: &Path, log_start: Offset, now: Millis) -> Result<Arc<Log>, StartError> {
    let background = Background::for_dir(parent).map_err(StartError::Thread)?;
    let config = LogConfig {
        // Nothing is removed by age or size: only a snapshot makes room.
        retention_ms: Millis(-1),
        retention_bytes: -1,
        segment_ms: Millis(i64::MAX),
        segment_bytes: 256 * 1024 * 1024,
        max_message_bytes: 256 * 1024 * 1024,
        ..LogConfig::default()
    };
    let options = OpenOptions {
        name: TopicPartition::new(CLUSTER_METADATA, PartitionIndex(0)),
        topic_id: Uuid::METADATA_TOPIC,
        dir: dir.to_path_buf(),
        config,
        // Every start reads the whole log anyway, to apply it; so every start also checks it.
        recovery_point: log_start,
        log_start,
        clean: false,
        health: DirHealth::new(parent.to_path_buf()),
        background: Arc::new(background),
    };
    Ok(Log::open(options, now)?)
}

/// Starts a node. A quorum of one is waited for until it leads; with others, the election goes on in the background.
pub async fn start(options: &QuorumOptions, clock: &SharedClock) -> Result<Quorum, StartError> {
    let (opening, opening_clock) = (options.clone(), clock.clone());
    let opened = blocking::run(move || open(&opening, &opening_clock)).await;
    let (store, state) = opened.map_err(|error| StartError::Raft(error.to_string()))??;
    let log = Arc::clone(store.log());
    let id = raft_id(options.node_id);
    let fault = |error: &dyn std::fmt::Display| StartError::Raft(error.to_string());
    let (ends, entries) = (store.clone(), store.clone());
    let network = Network {
        transport: options.transport.clone(),
        contacts: Contacts::default(),
        pulse: Pulse::new(Arc::clone(clock)),
        clock: Arc::clone(clock),
        last_entry: Arc::new(move || ends.last_place()),
    };
    let raft = Raft::new(id, raft_config(options)?, network.clone(), store, state.clone());
    let raft = raft.await.map_err(|error| fault(&error))?;
    let founded = raft.is_initialized().await.map_err(|error| fault(&error))?;
    if !founded && !options.founders.is_empty() {
        let member = |(id, member): (&NodeId, &Member)| (raft_id(*id), member.clone());
        let founders: BTreeMap<_, _> = options.founders.iter().map(member).collect();
        raft.initialize(founders).await.map_err(|error| fault(&error))?;
    }
    let voters = raft.with_raft_state(|state| state.membership_state.effective().voter_ids().collect::<Vec<_>>());
    let alone = voters.await.map_err(|error| fault(&error))? == [id];
    tokio::spawn(pulse::campaign(raft.clone(), network.clone(), options.patience()));
    tokio::spawn(snapshot_pace::keep(raft.clone(), entries, options.snapshots, Arc::clone(clock)));
    if alone {
        if founded {
            // Nobody else can lead, so there is nothing to wait for.
            raft.trigger().elect().await.map_err(|error| fault(&error))?;
        }
        let leads = |metrics: &Metrics| {
            metrics.current_leader == Some(id) && metrics.last_applied.map(|last| last.index) == metrics.last_log_index
        };
        raft.wait(Some(ELECTION_WAIT))
            .metrics(leads, "this node leads and has applied its log")
            .await
            .map_err(|error| fault(&error))?;
    }
    let leadership = Leadership::new(raft.clone(), options.fetch_timeout, Arc::clone(clock));
    Ok(Quorum { raft, log, state, network, leadership, alone })
}

fn raft_config(options: &QuorumOptions) -> Result<Arc<openraft::Config>, StartError> {
    let config = openraft::Config {
        cluster_name: CLUSTER_METADATA.to_owned(),
        heartbeat_interval: HEARTBEAT_MS,
        election_timeout_min: LEASE_MS - 1,
        election_timeout_max: LEASE_MS,
        // The time of an election is ours to choose (pulse.rs).
        enable_elect: false,
        install_snapshot_timeout: 10_000,
        snapshot_max_chunk_size: options.snapshots.piece_bytes,
        // When a snapshot is made is ours to choose (snapshot_pace.rs).
        snapshot_policy: SnapshotPolicy::Never,
        max_in_snapshot_log_to_keep: options.snapshots.entries_kept,
        ..openraft::Config::default()
    };
    config.validate().map(Arc::new).map_err(|error| StartError::Raft(error.to_string()))
}
