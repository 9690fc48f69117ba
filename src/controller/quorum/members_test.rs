//! Several voters in one process, joined by a switchboard that can cut single nodes off: who may stand for election, and how
//! voters come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tempfile::TempDir;

use super::agree;
use super::membership::{Membership, QuorumChange};
use super::network::{RaftAnswer, RaftAnswering, RaftCall, RaftTransport, RaftTransportError, SNAPSHOT_PIECE_BYTES};
use super::serve;
use super::snapshot;
use super::snapshot_pace::SnapshotPace;
use super::start::{self, Quorum, QuorumOptions};
use super::voters::{Member, VoterEndpoint, Voters};
use crate::base::clock::SystemClock;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{LeaderEpoch, Millis, NodeId, Uuid};
use crate::metadata::image::MetadataImage;
use crate::metadata::record::{FeatureLevel, MetadataRecord};

const PATIENCE: Millis = Millis(2_000);
/// Few of these tests write as much.
const SNAPSHOT_BYTES: u64 = 1024 * 1024;
/// A busy machine is given this much time for anything.
const LIMIT: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Wires {
    nodes: BTreeMap<NodeId, (Uuid, Arc<Quorum>)>,
    cut: BTreeSet<NodeId>,
    /// Entries and heartbeats get nowhere; votes do.
    without_appends: bool,
}

#[derive(Clone, Default)]
struct Switchboard(Arc<Mutex<Wires>>);

struct Phone {
    own: NodeId,
    board: Switchboard,
}

impl RaftTransport for Phone {
    fn ask<'a>(
        &'a self,
        to: NodeId,
        _address: &'a str,
        call: RaftCall,
        payload: Vec<u8>,
        limit: Duration,
    ) -> RaftAnswering<'a> {
        Box::pin(async move {
            let (directory_id, other) = {
                let wires = self.board.0.lock();
                if wires.without_appends && matches!(call, RaftCall::Append) {
                    return Err(RaftTransportError::Unreachable("cut off".to_owned()));
                }
                let found = wires.nodes.get(&to).filter(|_| !wires.cut.contains(&to) && !wires.cut.contains(&self.own));
                found.cloned().ok_or_else(|| RaftTransportError::Unreachable("cut off".to_owned()))?
            };
            let answer = serve::answer(&other, self.own, call, &payload);
            match tokio::time::timeout(limit, answer).await {
                Ok(Ok(payload)) => Ok(RaftAnswer { directory_id, payload: payload.into() }),
                Ok(Err(error)) => Err(RaftTransportError::Unreachable(error.to_string())),
                Err(_) => Err(RaftTransportError::Lost("no answer".to_owned())),
            }
        })
    }
}

fn member(id: i32, directory: u8) -> Member {
    let endpoint = VoterEndpoint { name: "CONTROLLER".to_owned(), host: "h".to_owned(), port: 9000 + id as u16 };
    Member { directory_id: Uuid([directory; 16]), endpoints: vec![endpoint] }
}

impl Switchboard {
    async fn start(&self, dir: &TempDir, id: i32, founders: &[i32]) {
        let own = member(id, id as u8);
        let home = dir.path().join(id.to_string());
        std::fs::create_dir_all(&home).unwrap();
        let options = QuorumOptions {
            own: own.clone(),
            founders: founders.iter().map(|id| (NodeId(*id), member(*id, *id as u8))).collect(),
            transport: Some(Arc::new(Phone { own: NodeId(id), board: self.clone() })),
            fetch_timeout: PATIENCE,
            election_timeout: Millis(500),
            snapshots: SnapshotPace::new(SNAPSHOT_BYTES, 0),
            ..QuorumOptions::alone(NodeId(id), home)
        };
        let quorum = start::start(&options, &SystemClock::shared()).await.unwrap();
        self.0.lock().nodes.insert(NodeId(id), (own.directory_id, Arc::new(quorum)));
    }

    fn quorum(&self, id: NodeId) -> Arc<Quorum> {
        Arc::clone(&self.0.lock().nodes[&id].1)
    }

    fn cut(&self, id: NodeId) {
        self.0.lock().cut.insert(id);
    }

    fn heal(&self) {
        self.0.lock().cut.clear();
    }

    fn epoch(&self, id: NodeId) -> LeaderEpoch {
        self.quorum(id).leadership.standing().epoch
    }

    /// The leader that all of `ids` agree on.
    async fn leader_of(&self, ids: &[i32]) -> NodeId {
        let agreed = async {
            loop {
                let of = |id: &i32| self.quorum(NodeId(*id)).leadership.standing().leader;
                let told: BTreeSet<_> = ids.iter().map(of).collect();
                let leads = |id: NodeId| self.quorum(id).leadership.standing().leads;
                match told.first() {
                    Some(Some(leader)) if told.len() == 1 && leads(*leader) => return *leader,
                    _ => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        };
        tokio::time::timeout(LIMIT, agreed).await.expect("a leader")
    }

    async fn leader_other_than(&self, old: NodeId, ids: &[i32]) {
        let elected = async {
            while self.leader_of(ids).await == old {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(LIMIT, elected).await.expect("another leader");
    }

    async fn write(&self, leader: NodeId, name: &str) {
        let record = MetadataRecord::FeatureLevel(FeatureLevel { name: name.to_owned(), level: 1 });
        agree::agree(&self.quorum(leader).raft, vec![record]).await.expect("committed");
    }

    /// Until `id` has applied what makes up `wanted`.
    async fn wait_for(&self, id: NodeId, wanted: &MetadataImage) {
        let equal = async {
            while self.quorum(id).state.image().to_records() != wanted.to_records() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(LIMIT, equal).await.expect("the same image");
    }

    fn membership(&self, leader: NodeId) -> Membership {
        Membership::new(&self.quorum(leader), "CONTROLLER".to_owned())
    }

    fn voters(&self, id: NodeId) -> Voters {
        Voters::of(self.quorum(id).raft.metrics().borrow().membership_config.membership())
    }
}

/// The file of the newest snapshot of a node.
fn snapshot_of(dir: &TempDir, id: NodeId) -> std::path::PathBuf {
    let listed = snapshot::list(&dir.path().join(id.to_string()).join("__cluster_metadata-0")).expect("a directory");
    listed.into_iter().next_back().expect("a snapshot").0
}

fn run(work: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(work);
}

#[test]
fn who_comes_back_from_being_cut_off_deposes_nobody() {
    run(async {
        let (dir, board) = (tempfile::tempdir().unwrap(), Switchboard::default());
        for id in [2, 3, 1] {
            board.start(&dir, id, if id == 1 { &[1, 2, 3] } else { &[] }).await;
        }
        let leader = board.leader_of(&[1, 2, 3]).await;
        let epoch = board.epoch(leader);
        let lonely = NodeId(if leader == NodeId(3) { 2 } else { 3 });
        // Idle, so that both logs are equally long: only the term could tell the two apart.
        board.cut(lonely);
        tokio::time::sleep(Duration::from_millis(2 * PATIENCE.0 as u64)).await;
        assert_eq!(board.epoch(lonely), epoch, "who has no majority begins no term");
        board.heal();
        tokio::time::sleep(Duration::from_millis(PATIENCE.0 as u64)).await;
        assert_eq!(board.leader_of(&[1, 2, 3]).await, leader);
        assert_eq!(board.epoch(leader), epoch, "the leader stayed in office");
        // Who is needed is elected all the same.
        board.cut(leader);
        let others: Vec<i32> = (1..=3).filter(|id| NodeId(*id) != leader).collect();
        board.leader_other_than(leader, &others).await;
        assert!(board.epoch(board.leader_of(&others).await) > epoch);
    });
}

/// Votes are no sign that a quorum follows: only who is heard as the leader knows that it is one.
#[test]
fn who_is_elected_and_never_heard_as_the_leader_leads_no_longer_than_its_patience() {
    run(async {
        let (dir, board) = (tempfile::tempdir().unwrap(), Switchboard::default());
        board.0.lock().without_appends = true;
        for id in [2, 3, 1] {
            board.start(&dir, id, if id == 1 { &[1, 2, 3] } else { &[] }).await;
        }
        let elected = async {
            loop {
                let is_leader = |id: &i32| board.quorum(NodeId(*id)).raft.metrics().borrow().state.is_leader();
                match (1..=3).find(is_leader) {
                    Some(id) => return NodeId(id),
                    None => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        };
        let leader = tokio::time::timeout(LIMIT, elected).await.expect("an election");
        let quorum = board.quorum(leader);
        assert!(quorum.leadership.standing().leads);
        board.cut(leader);
        // The first entry of its term is never committed.
        assert!(!tokio::time::timeout(LIMIT, quorum.leadership.settle()).await.expect("an end of the waiting"));
        let standing = quorum.leadership.standing();
        assert!(!standing.leads && standing.leader.is_none(), "{standing:?}");
    });
}

/// An image of more than one piece. It has to be there after a restart as well, for the log before it is not.
#[test]
fn who_was_away_for_too_long_is_sent_a_snapshot() {
    run(async {
        let (dir, board) = (tempfile::tempdir().unwrap(), Switchboard::default());
        for id in [2, 3, 1] {
            board.start(&dir, id, if id == 1 { &[1, 2, 3] } else { &[] }).await;
        }
        let leader = board.leader_of(&[1, 2, 3]).await;
        let away = NodeId(if leader == NodeId(3) { 2 } else { 3 });
        board.cut(away);
        let missed = board.quorum(away).log.log_end_offset();
        let long = |n: usize| FeatureLevel { name: format!("feature-{n}-{}", "x".repeat(1_000)), level: 1 };
        for n in 0..120 {
            let records = (n * 25..(n + 1) * 25).map(|n| MetadataRecord::FeatureLevel(long(n)));
            agree::agree(&board.quorum(leader).raft, records.collect()).await.expect("committed");
        }
        let purged = async {
            while board.quorum(leader).log.log_start_offset() <= missed {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(LIMIT, purged).await.expect("a log that begins behind what the other has");
        board.heal();
        let wanted = board.quorum(leader).state.image();
        assert!(wanted.to_records().len() >= 3_000);
        board.wait_for(away, &wanted).await;
        let size = std::fs::metadata(snapshot_of(&dir, away)).expect("its snapshot").len();
        assert!(size > SNAPSHOT_PIECE_BYTES, "{size} bytes come in one piece");
        board.quorum(away).raft.shutdown().await.expect("an end");
        board.start(&dir, away.0, &[]).await;
        let leader = board.leader_of(&[1, 2, 3]).await;
        board.write(leader, "afterwards").await;
        board.wait_for(away, &board.quorum(leader).state.image()).await;
    });
}

#[test]
fn voters_come_and_go_one_at_a_time_and_by_their_directories() {
    run(async {
        let (dir, board) = (tempfile::tempdir().unwrap(), Switchboard::default());
        board.start(&dir, 1, &[1]).await;
        for id in [2, 3] {
            board.start(&dir, id, &[]).await;
        }
        let one = NodeId(1);
        let code = |outcome: Option<Result<(), crate::controller::api_error::ApiError>>| match outcome {
            Some(Ok(())) => ErrorCode::None,
            Some(Err(error)) => error.code,
            None => ErrorCode::NotController,
        };
        let add = |id: i32, directory: u8, timeout_ms: i32| QuorumChange::Add {
            id: NodeId(id),
            member: member(id, directory),
            timeout_ms,
            ack_when_committed: true,
        };
        let remove =
            |id: i32, directory: u8| QuorumChange::Remove { id: NodeId(id), directory_id: Uuid([directory; 16]) };
        let membership = board.membership(one);
        let join = QuorumChange::Join { id: NodeId(2), member: member(2, 2) };
        assert_eq!(code(membership.change(join).await), ErrorCode::None);
        assert_eq!(board.voters(one).learners.len(), 1);
        assert_eq!(code(membership.change(add(2, 9, 60_000)).await), ErrorCode::RequestTimedOut, "another directory");
        assert_eq!(code(membership.change(add(2, 2, 60_000)).await), ErrorCode::None);
        assert_eq!(code(membership.change(add(2, 2, 60_000)).await), ErrorCode::DuplicateVoter);
        // A directory that answers under another id is no log that can be counted on.
        assert_eq!(code(membership.change(add(3, 7, 500)).await), ErrorCode::RequestTimedOut);
        assert!(board.voters(one).member(NodeId(3)).is_none(), "who did not catch up leaves no trace");
        assert_eq!(code(membership.change(add(3, 3, 60_000)).await), ErrorCode::None);
        assert_eq!(board.voters(one).voters.keys().map(|id| id.0).collect::<Vec<_>>(), [1, 2, 3]);
        board.write(one, "with-three").await;
        let update = |id: i32, directory: u8, name: &str| {
            let mut member = member(id, directory);
            member.endpoints[0].name = name.to_owned();
            member.endpoints[0].port = 9999;
            QuorumChange::Update { id: NodeId(id), member }
        };
        assert_eq!(code(membership.change(update(4, 4, "CONTROLLER")).await), ErrorCode::VoterNotFound);
        assert_eq!(code(membership.change(update(2, 9, "CONTROLLER")).await), ErrorCode::VoterNotFound);
        assert_eq!(code(membership.change(update(2, 2, "OTHER")).await), ErrorCode::InvalidRequest);
        assert_eq!(code(membership.change(update(2, 2, "CONTROLLER")).await), ErrorCode::None);
        assert_eq!(board.voters(one).voters[&NodeId(2)].endpoints[0].port, 9999);
        assert_eq!(code(membership.change(remove(2, 9)).await), ErrorCode::VoterNotFound);
        assert_eq!(code(membership.change(remove(2, 2)).await), ErrorCode::None);
        assert_eq!(board.voters(one).learners.len(), 1, "who votes no longer follows still");
        // The leader goes, too: the last one leads alone.
        assert_eq!(code(membership.change(remove(1, 1)).await), ErrorCode::None);
        board.leader_other_than(one, &[3]).await;
        board.write(NodeId(3), "alone").await;
        assert_eq!(code(membership.change(remove(3, 3)).await), ErrorCode::NotController);
        let last = board.membership(NodeId(3));
        assert_eq!(code(last.change(remove(3, 3)).await), ErrorCode::VoterNotFound, "somebody must vote");
        let image = board.quorum(NodeId(3)).state.image();
        assert!(image.features().level("with-three") == 1 && image.features().level("alone") == 1);
    });
}

#[test]
fn who_does_not_wait_for_the_commit_is_answered_when_the_leader_has_it() {
    run(async {
        let (dir, board) = (tempfile::tempdir().unwrap(), Switchboard::default());
        for id in [2, 3, 4, 1] {
            board.start(&dir, id, if id == 1 { &[1, 2, 3] } else { &[] }).await;
        }
        let leader = board.leader_of(&[1, 2, 3]).await;
        let membership = board.membership(leader);
        membership.change(QuorumChange::Join { id: NodeId(4), member: member(4, 4) }).await.unwrap().unwrap();
        let add = |ack_when_committed| QuorumChange::Add {
            id: NodeId(4),
            member: member(4, 4),
            timeout_ms: 60_000,
            ack_when_committed,
        };
        // Nobody else hears of it yet, so that nothing can be committed.
        [1, 2, 3].map(NodeId).into_iter().filter(|id| *id != leader).for_each(|id| board.cut(id));
        membership.change(add(false)).await.unwrap().unwrap();
        assert!(board.voters(leader).joint, "it is not committed");
        board.heal();
        let leader = board.leader_of(&[1, 2, 3]).await;
        board.write(leader, "with-four").await;
        // Another leader may never have heard of it.
        if let Err(twice) = board.membership(leader).change(add(true)).await.unwrap() {
            assert_eq!(twice.code, ErrorCode::DuplicateVoter);
        }
        let voters = board.voters(leader);
        assert!(!voters.joint && voters.voters.contains_key(&NodeId(4)), "{voters:?}");
    });
}
