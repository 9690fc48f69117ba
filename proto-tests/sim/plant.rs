//! Bugs planted at the edges of the code, each breaking one rule of replication: the simulator must find every one of them.
//!
//! A follower's fetch is bent on its way into the leader, so that the real leader does what a leader without the rule did.

use std::sync::Arc;

use bytes::Bytes;
use kafka_protocol::messages::FetchRequest;
use ottla::base::ids::{LeaderEpoch, NodeId};
use ottla::protocol::api::{ApiKey, ListenerKind};
use ottla::protocol::codec;
use ottla::protocol::header::RequestHeader;
use ottla::protocol::internal;
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
}

impl Plant {
    /// The three that must be found.
    pub const ALL: [Self; 3] = [Self::CutAtHighWatermark, Self::CountAnyEpoch, Self::JoinAnyLife];

    /// What the leader gets to see of a request.
    pub fn bend(self, frame: Bytes, kind: ListenerKind) -> Bytes {
        if self == Self::None || kind != ListenerKind::Broker || internal::is_internal(&frame) {
            return frame;
        }
        self.bent(&frame).unwrap_or(frame)
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
