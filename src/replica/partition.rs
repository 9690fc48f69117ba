//! One partition as this broker holds it: its log, who leads it, how far it is committed, who waits on it.
//!
//! The log has its own writer's lock; this file adds none on the append path. What the metadata says of the partition
//! (`Leadership`) is swapped as a whole. An append and a change of leadership may race: the record is then appended under
//! the epoch that was read first, and the log refuses an epoch older than its newest.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::base::ids::{LeaderEpoch, NodeId, Offset, PartitionEpoch, TopicPartition, Uuid};
use crate::log::log::Log;
use crate::replica::fetch_waiter::FetchWaiters;
use crate::replica::high_watermark::{self, Replicated};

/// What the metadata says of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leadership {
    /// The leader, or none.
    pub leader: NodeId,
    /// Grows with each election.
    pub leader_epoch: LeaderEpoch,
    /// Grows with each change of the partition.
    pub partition_epoch: PartitionEpoch,
    /// All replicas, the preferred leader first.
    pub replicas: Vec<NodeId>,
    /// The replicas in sync.
    pub isr: Vec<NodeId>,
}

/// Why a leader's work cannot be done here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeaderError {
    /// Another broker leads, or none does.
    #[error("this broker does not lead the partition")]
    NotLeader,
    /// The request names an older epoch than ours.
    #[error("the leader epoch is older than the current one")]
    Fenced,
    /// The request names an epoch that we have not seen yet.
    #[error("the leader epoch is newer than the current one")]
    Unknown,
    /// The partition's log directory has failed.
    #[error("the log directory is offline")]
    Offline,
}

/// One partition hosted here.
pub struct Partition {
    /// Its name.
    pub name: TopicPartition,
    /// Its topic's id.
    pub topic_id: Uuid,
    /// Its log.
    pub log: Arc<Log>,
    node: NodeId,
    leadership: ArcSwap<Leadership>,
    /// The log end as far as it may count for commitment: behind the log end only while a demanded fsync runs.
    /// Always: high watermark ≤ durable end ≤ log end.
    durable_end: AtomicI64,
    /// Serialises the advance of the high watermark.
    advancing: Mutex<()>,
    committed: Notify,
    /// Fetches that wait for bytes.
    pub waiters: FetchWaiters,
}

impl Partition {
    /// A partition over an open log.
    pub fn new(name: TopicPartition, topic_id: Uuid, log: Arc<Log>, node: NodeId, leadership: Leadership) -> Arc<Self> {
        let end = log.log_end_offset();
        let partition = Arc::new(Self {
            name,
            topic_id,
            log,
            node,
            leadership: ArcSwap::from_pointee(leadership),
            durable_end: AtomicI64::new(end.0),
            advancing: Mutex::new(()),
            committed: Notify::new(),
            waiters: FetchWaiters::default(),
        });
        partition.begin();
        partition
    }

    /// Begins to lead, if it is this broker's turn.
    fn begin(&self) {
        let leadership = self.leadership.load();
        if leadership.leader == self.node {
            self.log.begin_epoch(leadership.leader_epoch);
        }
        self.advance_high_watermark(0);
    }

    /// What the metadata says.
    pub fn leadership(&self) -> Arc<Leadership> {
        self.leadership.load_full()
    }

    /// Takes over a change of the metadata.
    pub fn set_leadership(&self, next: Leadership) {
        self.leadership.store(Arc::new(next));
        self.wake_all();
        self.begin();
    }

    /// The leader epoch, if this broker leads and the epoch that the request names (if any) is the current one.
    pub fn lead(&self, named: Option<LeaderEpoch>) -> Result<LeaderEpoch, LeaderError> {
        let leadership = self.leadership.load();
        if let Some(named) = named.filter(|e| !e.is_none()) {
            if named < leadership.leader_epoch {
                return Err(LeaderError::Fenced);
            }
            if named > leadership.leader_epoch {
                return Err(LeaderError::Unknown);
            }
        }
        if leadership.leader != self.node {
            return Err(LeaderError::NotLeader);
        }
        if self.log.is_offline() {
            return Err(LeaderError::Offline);
        }
        Ok(leadership.leader_epoch)
    }

    /// How many replicas are in sync.
    pub fn isr_size(&self) -> usize {
        self.leadership.load().isr.len()
    }

    /// `min.insync.replicas`, as it can be met: never more than there are replicas.
    pub fn min_isr(&self) -> usize {
        let wanted = usize::try_from(self.log.config().min_insync_replicas).unwrap_or(1);
        wanted.min(self.leadership.load().replicas.len()).max(1)
    }

    /// Everything up to `end` may count: appended, and on disk where that is asked for. `bytes` became readable.
    pub fn settled(&self, end: Offset, bytes: i64) {
        self.durable_end.fetch_max(end.0, Ordering::AcqRel);
        self.advance_high_watermark(bytes);
    }

    fn advance_high_watermark(&self, bytes: i64) {
        let leadership = self.leadership.load();
        if leadership.leader != self.node {
            return;
        }
        let advanced = {
            let _one_at_a_time = self.advancing.lock();
            let before = self.log.high_watermark();
            let leader_end = Offset(self.durable_end.load(Ordering::Acquire)).min(self.log.log_end_offset());
            let next = high_watermark::advance(
                before,
                Replicated {
                    leader_end,
                    follower_ends: &[],
                    isr_size: leadership.isr.len(),
                    min_isr: self.min_isr().min(leadership.isr.len().max(1)),
                },
            );
            if next > before {
                self.log.update_high_watermark(next);
            }
            next > before
        };
        if advanced {
            self.committed.notify_waiters();
            self.waiters.more(bytes.max(1));
        }
    }

    /// Waits until everything before `end` is committed. Err: this broker no longer leads in `epoch`, or its disk failed.
    pub async fn committed(&self, end: Offset, epoch: LeaderEpoch) -> Result<(), LeaderError> {
        loop {
            let mut notified = std::pin::pin!(self.committed.notified());
            notified.as_mut().enable();
            if self.log.high_watermark() >= end {
                return Ok(());
            }
            self.lead(None).and_then(|now| if now == epoch { Ok(()) } else { Err(LeaderError::NotLeader) })?;
            notified.await;
        }
    }

    /// Ends every wait: the partition leaves this broker or its disk failed.
    pub fn close(&self) {
        self.leadership.rcu(|l| Leadership { leader: NodeId::NONE, ..Leadership::clone(l) });
        self.wake_all();
    }

    /// Lets everyone who waits look again.
    pub fn wake_all(&self) {
        self.waiters.end_all();
        self.committed.notify_waiters();
    }
}
