//! Bugs planted at the edges of the code, each breaking one rule of replication or of the quorum: the simulator must find every one.
//!
//! A follower's fetch is bent on its way into the leader, so that the real leader does what a leader without the rule did; so is a
//! candidate's question. What a controller would not have on its disk is taken from there.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use kafka_protocol::messages::FetchRequest;
use ottla::base::ids::{LeaderEpoch, NodeId, Offset};
use ottla::base::topic_name::CLUSTER_METADATA;
use ottla::controller::quorum::state_file::{self, QuorumState};
use ottla::controller::quorum::types::entry_id;
use ottla::controller::quorum::wire;
use ottla::log::file_system::{self, Access, File};
use ottla::protocol::api::{ApiKey, ListenerKind};
use ottla::protocol::codec;
use ottla::protocol::header::RequestHeader;
use ottla::protocol::internal::{self, InternalApi};
use ottla::replica::manager::ReplicaManager;

/// A rule that is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    None,
    /// A follower cuts back to its own high watermark instead of where the epochs depart (before KIP-101).
    CutAtHighWatermark,
    /// A leader counts fetches made under another epoch, and does not compare epochs (before KIP-320).
    CountAnyEpoch,
    /// Who joins the in-sync set is not asked in which life it fetched (before KIP-903).
    JoinAnyLife,
    /// A controller gives its vote before that is on the disk.
    VoteUnsynced,
    /// A controller acknowledges entries before they are on the disk.
    EntriesUnsynced,
    /// A voter does not ask what a candidate's log lacks.
    VoteForAnybody,
}

impl Plant {
    /// Those that must be found.
    pub const ALL: [Self; 6] = [
        Self::CutAtHighWatermark,
        Self::CountAnyEpoch,
        Self::JoinAnyLife,
        Self::VoteUnsynced,
        Self::EntriesUnsynced,
        Self::VoteForAnybody,
    ];

    /// The seed with which its search begins, so that it is short: one before those that were last seen to show it. All others follow.
    pub fn shown_from(self) -> u64 {
        if self == Self::JoinAnyLife { 200 } else { 0 }
    }

    /// Whether it breaks a rule of the quorum.
    pub fn is_of_quorum(self) -> bool {
        matches!(self, Self::VoteUnsynced | Self::EntriesUnsynced | Self::VoteForAnybody)
    }

    /// What the leader, or a voter, gets to see of a request.
    pub fn bend(self, frame: Bytes, kind: ListenerKind) -> Bytes {
        let bent = match self {
            Self::CutAtHighWatermark | Self::CountAnyEpoch | Self::JoinAnyLife
                if kind == ListenerKind::Broker && !internal::is_internal(&frame) =>
            {
                self.bent(&frame)
            }
            Self::VoteForAnybody if internal::is_internal(&frame) => with_all_entries(&frame),
            _ => None,
        };
        bent.unwrap_or(frame)
    }

    /// Takes from a disk on which the power has failed what this bug would not have put there.
    pub fn power_failed(self, dir: &str) -> std::io::Result<()> {
        let dir = Path::new(dir).join(format!("{CLUSTER_METADATA}-0"));
        match self {
            Self::VoteUnsynced => {
                let Ok(state) = state_file::read(&dir) else { return Ok(()) };
                let forgetful = QuorumState { vote: None, ..state };
                state_file::write(&dir, &forgetful).map_err(std::io::Error::other)
            }
            Self::EntriesUnsynced => {
                let names = file_system::list(&dir).unwrap_or_default();
                let Some(newest) = names.into_iter().filter(|name| name.ends_with(".log")).max() else { return Ok(()) };
                let file = File::open(&dir.join(newest), Access::ReadWrite)?;
                file.set_length(file.length()? / 4 * 3)?;
                file.sync_all()
            }
            _ => Ok(()),
        }
    }

    fn bent(self, frame: &Bytes) -> Option<Bytes> {
        let mut rest = frame.clone();
        let header = RequestHeader::parse(&mut rest).ok().filter(|header| header.api_key == ApiKey::Fetch)?;
        let mut fetch: FetchRequest = codec::decode(header.api_version, rest).ok()?;
        if fetch.replica_state.replica_id.0 < 0 {
            return None;
        }
        if self == Self::JoinAnyLife {
            fetch.replica_state.replica_epoch = -1;
        }
        for partition in fetch.topics.iter_mut().flat_map(|topic| &mut topic.partitions) {
            if self != Self::JoinAnyLife {
                partition.last_fetched_epoch = -1;
            }
            if self == Self::CountAnyEpoch {
                partition.current_leader_epoch = -1;
            }
        }
        // What comes out begins with the frame's size, which is no part of what goes in.
        Some(codec::request(&header, &fetch).ok()?.slice(4..))
    }

    /// Breaks the follower's part of the rule, if it has one.
    pub fn watch(self, replicas: &Arc<ReplicaManager>) {
        if self != Self::CutAtHighWatermark {
            return;
        }
        let replicas = Arc::clone(replicas);
        tokio::spawn(async move {
            let mut images = replicas.subscribe();
            let mut led: std::collections::HashMap<_, (NodeId, LeaderEpoch)> = std::collections::HashMap::new();
            loop {
                for partition in replicas.partitions() {
                    let now = partition.leadership();
                    let before = led.insert(partition.name.clone(), (now.leader, now.leader_epoch));
                    let follows = now.leader != replicas.node() && !now.leader.is_none();
                    if follows && before != Some((now.leader, now.leader_epoch)) {
                        let to = partition.log().high_watermark();
                        // The fetcher finds its place by what the log says next.
                        let _ = partition.log().truncate_to(to, replicas.home().clock.wall());
                        replicas.fetchers().stop(&partition);
                        replicas.fetchers().follow(&partition, now.leader, now.leader_epoch);
                    }
                }
                if images.changed().await.is_err() {
                    return;
                }
            }
        });
    }
}

/// A candidate's question, as that of one that lacks nothing.
fn with_all_entries(frame: &Bytes) -> Option<Bytes> {
    let request = internal::parse_request(frame.clone()).ok()?;
    if !matches!(request.api, InternalApi::RaftVote | InternalApi::RaftPreVote) {
        return None;
    }
    let mut ask = wire::ask(&request.payload).ok()?;
    ask.last_log_id = Some(entry_id(Offset(i64::MAX), LeaderEpoch(i32::MAX)));
    let bent = internal::encode_request(request.api, request.correlation_id, &request.from, &wire::put_ask(&ask))?;
    Some(bent.slice(4..))
}
