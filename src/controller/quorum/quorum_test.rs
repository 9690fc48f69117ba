//! openraft's own conformance suite on the real log store and state machine, and what restarts keep.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use openraft::storage::RaftStateMachine;
use openraft::testing::{StoreBuilder, Suite};
use tempfile::TempDir;

use super::log_store::LogStore;
use super::snapshot_pace::SnapshotPace;
use super::start::{self, QuorumOptions};
use super::state_machine::StateMachine;
use super::types::{Batch, Failure, Metrics, QuorumTypes, write_failure};
use crate::base::clock::{SharedClock, SystemClock};
use crate::base::ids::NodeId;
use crate::metadata::record::{FeatureLevel, MetadataRecord};

struct Builder;

impl StoreBuilder<QuorumTypes, LogStore, StateMachine, TempDir> for Builder {
    async fn build(&self) -> Result<(TempDir, LogStore, StateMachine), Failure> {
        let dir = tempfile::tempdir().map_err(|error| write_failure(&error))?;
        let options = QuorumOptions::alone(NodeId(0), dir.path().to_path_buf());
        let clock = SystemClock::shared();
        let (log, state, machine) = start::read(&options, &clock).map_err(|error| write_failure(&error))?;
        // The suite purges what no snapshot holds.
        Ok((dir, LogStore::new(log, state, clock, None), machine))
    }
}

#[test]
fn the_log_store_keeps_openrafts_contract() {
    Suite::test_all(Builder).unwrap();
}

fn options(dir: &TempDir) -> QuorumOptions {
    QuorumOptions::alone(NodeId(1), dir.path().to_path_buf())
}

fn level(level: i16) -> Batch {
    let record = FeatureLevel { name: format!("feature-{level}"), level };
    Batch { records: vec![MetadataRecord::FeatureLevel(record)] }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn finalized(image: &crate::metadata::image::MetadataImage) -> usize {
    image.features().finalized().filter(|(name, _)| name.starts_with("feature-")).count()
}

#[test]
fn what_was_committed_is_there_after_any_number_of_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let clock: SharedClock = SystemClock::shared();
    let mut term = 0;
    for round in 0..4i16 {
        block_on(async {
            let quorum = start::start(&options(&dir), &clock).await.unwrap();
            assert_eq!(finalized(&quorum.state.image()), round as usize * 10);
            for n in 1..=10 {
                quorum.raft.client_write(level(round * 10 + n)).await.unwrap();
            }
            assert_eq!(finalized(&quorum.state.image()), (round as usize + 1) * 10);
            let now = quorum.raft.metrics().borrow().current_term;
            assert!(now > term, "each start is a term of its own");
            term = now;
            // Dropped without a shutdown, as kill -9 would.
            std::mem::forget(Arc::clone(&quorum.log));
        });
    }
}

#[test]
fn a_snapshot_replaces_the_front_of_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let clock: SharedClock = SystemClock::shared();
    let before = block_on(async {
        let quorum = start::start(&options(&dir), &clock).await.unwrap();
        for n in 1..=300 {
            quorum.raft.client_write(level(n)).await.unwrap();
        }
        quorum.raft.trigger().snapshot().await.unwrap();
        let built = |m: &Metrics| m.snapshot.is_some_and(|id| id.index >= 300);
        quorum.raft.wait(Some(Duration::from_secs(10))).metrics(built, "a snapshot").await.unwrap();
        let upto = quorum.state.snapshot_end().unwrap().index;
        quorum.raft.trigger().purge_log(upto).await.unwrap();
        let purged = |m: &Metrics| m.purged.is_some_and(|id| id.index == upto);
        quorum.raft.wait(Some(Duration::from_secs(10))).metrics(purged, "the purge").await.unwrap();
        assert!(quorum.log.log_start_offset().0 > 250);
        quorum.state.image()
    });
    let checkpoints = super::snapshot::list(&dir.path().join("__cluster_metadata-0")).unwrap();
    assert_eq!(checkpoints.len(), 1, "only the newest snapshot stays");
    block_on(async {
        let quorum = start::start(&options(&dir), &clock).await.unwrap();
        assert_eq!(quorum.state.image().to_records(), before.to_records());
        quorum.raft.client_write(level(301)).await.unwrap();
    });
}

#[test]
fn snapshots_come_by_what_was_written_and_by_time() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), SystemClock::shared());
    let paced =
        |bytes, interval_ms| QuorumOptions { snapshots: SnapshotPace::new(bytes, interval_ms), ..options(&dir) };
    block_on(async {
        let quorum = start::start(&paced(4_096, 0), &clock).await.unwrap();
        let mut ends = BTreeSet::new();
        for n in 1..=200 {
            quorum.raft.client_write(level(n)).await.unwrap();
            ends.extend(quorum.state.snapshot_end().map(|id| id.index));
        }
        let size = quorum.log.size();
        let wanted = size / 4_096 / 2..=size / 4_096 + 1;
        assert!(wanted.contains(&(ends.len() as u64)), "{} snapshots in {size} bytes", ends.len());
        let start = quorum.log.log_start_offset().0;
        assert!(start > 100, "the log begins at {start}, where the last snapshot ends at {:?}", ends.last());
    });
    block_on(async {
        let quorum = start::start(&paced(1 << 30, 300), &clock).await.unwrap();
        let newest = |quorum: &start::Quorum| quorum.state.snapshot_end().map_or(0, |id| id.index);
        let before = newest(&quorum);
        quorum.raft.client_write(level(201)).await.unwrap();
        let end = quorum.log.log_end_offset().0 as u64 - 1;
        let made = |m: &Metrics| m.snapshot.is_some_and(|id| id.index == end);
        quorum.raft.wait(Some(Duration::from_secs(10))).metrics(made, "a snapshot").await.unwrap();
        assert!(before < end);
        // With nothing new there is none to make.
        tokio::time::sleep(Duration::from_millis(900)).await;
        assert_eq!(newest(&quorum), end);
    });
}

#[test]
fn a_snapshot_that_took_longer_than_a_newer_one_is_dropped() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), SystemClock::shared());
    block_on(async {
        let quorum = start::start(&options(&dir), &clock).await.unwrap();
        let mut state = quorum.state.clone();
        let snapshot = |m: &Metrics| m.snapshot.is_some();
        for n in 1..=20 {
            quorum.raft.client_write(level(n)).await.unwrap();
        }
        let slow = state.now();
        quorum.raft.client_write(level(21)).await.unwrap();
        quorum.raft.trigger().snapshot().await.unwrap();
        quorum.raft.wait(Some(Duration::from_secs(10))).metrics(snapshot, "a snapshot").await.unwrap();
        let newer = state.snapshot_end();
        state.keep(slow).await.unwrap();
        assert_eq!(state.snapshot_end(), newer);
        assert_eq!(state.get_current_snapshot().await.unwrap().unwrap().meta.last_log_id, newer);
    });
}
