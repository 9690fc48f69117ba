//! When a snapshot is made: once enough has been written behind the last one, or once there has been something new for long
//! enough. Must never know what is in one.

use tokio::sync::watch;

use super::log_store::LogStore;
use super::network::SNAPSHOT_PIECE_BYTES;
use super::types::{EntryId, Metrics, Raft};
use crate::base::clock::SharedClock;
use crate::base::ids::Millis;

/// How long a snapshot that was asked for may take to appear before it is asked for again: one that is asked for while another is
/// being made is forgotten.
const ASK_AGAIN: Millis = Millis(1_000);

/// How often snapshots are made, and what stays of the log before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotPace {
    /// `metadata.log.max.record.bytes.between.snapshots`
    pub bytes: u64,
    /// `metadata.log.max.snapshot.interval.ms`; `None` for no bound.
    pub interval: Option<Millis>,
    /// Entries behind a snapshot that stay in the log, for followers that are a little behind.
    pub entries_kept: u64,
    /// Bytes of one piece in which a snapshot is sent.
    pub piece_bytes: u64,
}

impl SnapshotPace {
    /// Most entries that stay, and for how many bytes between snapshots there is one of them: who has snapshots made often keeps
    /// a short log.
    const ENTRIES_KEPT_MAX: u64 = 1_000;
    const BYTES_FOR_ONE_KEPT: u64 = 20 * 1024;
    /// A snapshot goes in pieces of so many bytes, and in smaller ones where so few are written between two.
    const PIECE_BYTES_MIN: u64 = 512;

    /// As the settings say: `interval_ms` 0 is no bound.
    pub fn new(bytes: u64, interval_ms: i64) -> Self {
        Self {
            bytes,
            interval: (interval_ms > 0).then_some(Millis(interval_ms)),
            entries_kept: (bytes / Self::BYTES_FOR_ONE_KEPT).min(Self::ENTRIES_KEPT_MAX),
            piece_bytes: (bytes / 4).clamp(Self::PIECE_BYTES_MIN, SNAPSHOT_PIECE_BYTES),
        }
    }
}

impl Default for SnapshotPace {
    /// As Kafka's settings are by default: 20 MiB, an hour.
    fn default() -> Self {
        Self::new(20 * 1024 * 1024, 3_600_000)
    }
}

/// Has snapshots made until openraft has stopped.
pub async fn keep(raft: Raft, store: LogStore, pace: SnapshotPace, clock: SharedClock) {
    let mut metrics = raft.metrics();
    let mut last = Last { id: metrics.borrow().snapshot, at: clock.monotonic(), written: 0, asked: None };
    loop {
        let (snapshot, applied, runs) = seen(&mut metrics);
        if !runs {
            return;
        }
        let (now, written) = (clock.monotonic(), store.bytes_written());
        if snapshot != last.id {
            // What was written while it was made is not in it; that it was counted at its beginning is near enough.
            let (at, written) = last.asked.unwrap_or((now, written));
            last = Last { id: snapshot, at, written, asked: None };
        }
        let is_long_ago = pace.interval.is_some_and(|interval| now.since(last.at) >= interval);
        let is_due = applied > snapshot && (written - last.written >= pace.bytes || is_long_ago);
        let is_asked = last.asked.is_some_and(|(at, _)| now.since(at) < ASK_AGAIN);
        if is_due && !is_asked {
            last.asked = Some((now, written));
            if raft.trigger().snapshot().await.is_err() {
                return;
            }
        }
        // The leader's heartbeats change the metrics many times a second, so nothing is late.
        if metrics.changed().await.is_err() {
            return;
        }
    }
}

/// The last snapshot.
struct Last {
    id: Option<EntryId>,
    /// When it was made, or this process began.
    at: Millis,
    /// What had been written by then.
    written: u64,
    /// When the next was asked for, and what had been written by then.
    asked: Option<(Millis, u64)>,
}

fn seen(metrics: &mut watch::Receiver<Metrics>) -> (Option<EntryId>, Option<EntryId>, bool) {
    let now = metrics.borrow_and_update();
    (now.snapshot, now.last_applied, now.running_state.is_ok())
}
