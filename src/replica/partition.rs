//! One partition as this broker holds it: its log, who leads it, how far it is committed, who waits on it.
//!
//! What the metadata says (`Leadership`) is swapped as a whole. `turn` keeps an append, or a follower's fetch and what is noted
//! of it, within one leader epoch: both hold it for reading, a change of leadership takes it for writing. What only a leader
//! knows is in [`Leading`], behind a lock of its own. Order of locks: `turn`, then `leading`, then the log's.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use arc_swap::ArcSwap;
use parking_lot::{Mutex, RwLock, RwLockReadGuard};

use crate::base::ids::{LeaderEpoch, Millis, NodeId, Offset, PartitionEpoch, TopicPartition, Uuid};
use crate::log::log::Log;
use crate::replica::commit_waiters::CommitWaiters;
use crate::replica::fetch_waiter::FetchWaiters;
use crate::replica::follower::FollowerFetch;
use crate::replica::high_watermark::{self, Replicated};
use crate::replica::home::Home;
use crate::replica::isr::{IsrAnswer, Next, Proposal};
use crate::replica::leading::{FollowerError, Leading, LogEnds};

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

/// Why an append may not be told to be committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// This broker no longer leads in the epoch of the append.
    #[error(transparent)]
    Leader(#[from] LeaderError),
    /// It is committed, but meanwhile fewer replicas than `min.insync.replicas` are in sync.
    #[error("{isr} replicas are in sync, min.insync.replicas asks for {min_isr}")]
    NotEnoughReplicas {
        /// That may be in sync now.
        isr: usize,
        /// Asked for.
        min_isr: usize,
    },
}

/// One partition hosted here.
pub struct Partition {
    /// Its name.
    pub name: TopicPartition,
    /// Its topic's id.
    pub topic_id: Uuid,
    /// Swapped when the log has moved to another directory: under `turn` and `leading`.
    log: ArcSwap<Log>,
    pub(super) home: Arc<Home>,
    /// Whether its replica here is throttled (throttle.rs).
    pub(super) throttled: AtomicU8,
    leadership: ArcSwap<Leadership>,
    turn: RwLock<()>,
    /// None while another broker leads.
    leading: Mutex<Option<Leading>>,
    /// The log end as far as it may count for commitment: behind the log end only while a demanded fsync runs.
    /// Always: high watermark ≤ durable end ≤ log end.
    durable_end: AtomicI64,
    committed: CommitWaiters,
    durable: CommitWaiters,
    /// Fetches of consumers, which wait for the high watermark.
    pub waiters: FetchWaiters,
    /// Fetches of followers, which wait for the log end.
    pub follower_waiters: FetchWaiters,
}

impl Partition {
    /// A partition over an open log.
    pub fn new(
        name: TopicPartition,
        topic_id: Uuid,
        log: Arc<Log>,
        home: Arc<Home>,
        leadership: Leadership,
    ) -> Arc<Self> {
        let end = log.log_end_offset();
        let partition = Arc::new(Self {
            name,
            topic_id,
            log: ArcSwap::new(log),
            home,
            throttled: AtomicU8::new(0),
            leadership: ArcSwap::from_pointee(leadership.clone()),
            turn: RwLock::new(()),
            leading: Mutex::new(None),
            durable_end: AtomicI64::new(end.0),
            committed: CommitWaiters::default(),
            durable: CommitWaiters::default(),
            waiters: FetchWaiters::default(),
            follower_waiters: FetchWaiters::default(),
        });
        if leadership.leader == partition.home.node {
            *partition.leading.lock() = Some(partition.begin(&leadership));
        }
        partition.advance_high_watermark();
        partition
    }

    /// Begins to lead in the metadata's epoch: the log says so before any record does, and the high watermark stays what this
    /// replica knows. Nothing is cut off: what the log holds is what the followers will have. What it owes to the disk counts once that
    /// has it (settle.rs).
    fn begin(&self, leadership: &Leadership) -> Leading {
        let log = self.log();
        let start = log.log_end_offset();
        log.begin_epoch(leadership.leader_epoch);
        let durable = if log.owes_sync() { log.recovery_point().max(log.high_watermark()) } else { start };
        self.durable_end.store(durable.0, Ordering::Release);
        Leading::new(
            self.home.node,
            (leadership.leader_epoch, start),
            &leadership.replicas,
            (leadership.partition_epoch, &leadership.isr),
            self.home.lag_max,
            self.home.clock.monotonic(),
        )
    }

    /// Its log. Whoever does not hold the turn may find it retired: then it has moved, and another one is here.
    pub fn log(&self) -> arc_swap::Guard<Arc<Log>> {
        self.log.load()
    }

    /// Puts another log, which holds the same, in the place of this one. Nobody reads, appends or cuts meanwhile.
    pub(super) fn swap_log<E>(&self, make: impl FnOnce(&Log) -> Result<Arc<Log>, E>) -> Result<(), E> {
        let _alone = self.turn.write();
        let leading = self.leading.lock();
        let next = make(&self.log.load())?;
        if leading.is_some() {
            next.begin_epoch(self.leadership.load().leader_epoch);
        }
        self.log.store(next);
        Ok(())
    }

    /// What the metadata says, or what the controller has answered since.
    pub fn leadership(&self) -> Arc<Leadership> {
        self.leadership.load_full()
    }

    /// Takes over a change of the metadata; one that is older than what the controller has answered already is passed over.
    pub fn set_leadership(&self, next: Leadership) {
        let moved = {
            let _alone = self.turn.write();
            let mut leading = self.leading.lock();
            let before = self.leadership.load();
            if next.partition_epoch < before.partition_epoch {
                return;
            }
            match leading.as_mut().filter(|l| next.leader == self.home.node && l.epoch() == next.leader_epoch) {
                Some(leading) => leading.told(&next.replicas, next.partition_epoch, &next.isr),
                None => *leading = (next.leader == self.home.node).then(|| self.begin(&next)),
            }
            let moved = next.leader_epoch != before.leader_epoch || next.leader != before.leader;
            self.leadership.store(Arc::new(next));
            moved
        };
        if moved {
            self.wake_all();
        }
        self.advance_high_watermark();
    }

    /// Keeps the leadership as it is while the guard lives. Not to be taken twice by one thread.
    pub(super) fn turn(&self) -> RwLockReadGuard<'_, ()> {
        self.turn.read()
    }

    /// The leader epoch, if this broker leads and the epoch that the request names (if any) is the current one.
    pub fn lead(&self, named: Option<LeaderEpoch>) -> Result<LeaderEpoch, LeaderError> {
        let epoch = self.serve(named)?;
        if self.leadership.load().leader == self.home.node { Ok(epoch) } else { Err(LeaderError::NotLeader) }
    }

    /// The leader epoch, if this broker holds a replica that can be read and the epoch that the request names (if any) is the
    /// current one.
    pub fn serve(&self, named: Option<LeaderEpoch>) -> Result<LeaderEpoch, LeaderError> {
        let epoch = self.leadership.load().leader_epoch;
        if let Some(named) = named.filter(|e| !e.is_none()) {
            if named < epoch {
                return Err(LeaderError::Fenced);
            }
            if named > epoch {
                return Err(LeaderError::Unknown);
            }
        }
        if self.log().is_offline() { Err(LeaderError::Offline) } else { Ok(epoch) }
    }

    /// How many replicas are in sync.
    pub fn isr_size(&self) -> usize {
        self.leadership.load().isr.len()
    }

    /// `min.insync.replicas`, as it can be met: never more than there are replicas.
    pub fn min_isr(&self) -> usize {
        let wanted = usize::try_from(self.log().config().min_insync_replicas).unwrap_or(1);
        wanted.min(self.leadership.load().replicas.len()).max(1)
    }

    /// Where the log ended when this broker began to lead; none while it does not.
    pub fn epoch_start(&self) -> Option<Offset> {
        self.leading.lock().as_ref().map(Leading::epoch_start)
    }

    /// Looks at what a leader knows of its followers.
    pub fn with_leading<T>(&self, look: impl FnOnce(&Leading) -> T) -> Option<T> {
        self.leading.lock().as_ref().map(look)
    }

    /// `bytes` were appended: followers may have them at once.
    pub fn appended(&self, bytes: i64) {
        self.follower_waiters.more(bytes.max(1));
    }

    /// Everything up to `end` may count: appended, and on disk where that is asked for.
    pub fn settled(&self, end: Offset) {
        let before = self.durable_end.fetch_max(end.0, Ordering::AcqRel);
        if before < end.0 {
            self.durable.reached(end);
        }
        self.advance_high_watermark();
    }

    /// True if it leads and holds what does not count yet: an fsync runs, or has failed for want of room.
    pub fn is_unsettled(&self) -> bool {
        self.leading.lock().is_some() && self.durable_end.load(Ordering::Acquire) < self.log().log_end_offset().0
    }

    /// Takes note of a follower's fetch, which was read and found to continue this log. Called within a turn.
    pub fn follower_fetched(self: &Arc<Self>, fetch: &FollowerFetch) -> Result<(), FollowerError> {
        let proposed = {
            let mut leading = self.leading.lock();
            let leading = leading.as_mut().ok_or(FollowerError::NotAssigned)?;
            let ends = LogEnds { log_end: self.log().log_end_offset(), high_watermark: self.log().high_watermark() };
            let now = self.home.clock.monotonic();
            leading.fetched(fetch, ends, &|node| self.home.alive(node), now)?
        };
        self.ask(proposed);
        self.advance_high_watermark();
        Ok(())
    }

    /// Asks the controller to take lagging followers out of the in-sync set.
    pub fn shrink_isr(self: &Arc<Self>, now: Millis) {
        let proposed = self.leading.lock().as_mut().and_then(|l| l.shrink(self.log().log_end_offset(), now));
        self.ask(proposed);
    }

    fn ask(self: &Arc<Self>, proposed: Option<Proposal>) {
        if let Some(proposal) = proposed {
            let wanted: Vec<_> = proposal.isr.iter().map(|(node, _)| node.0).collect();
            let isr = &self.leadership.load().isr;
            tracing::info!(partition = %self.name, ?isr, ?wanted, "asking for another in-sync set");
            self.home.isr_queue.enter(self);
        }
    }

    /// What the controller is to be asked for, if anything is.
    pub fn isr_proposal(&self) -> Option<Proposal> {
        self.leading.lock().as_ref()?.isr().pending().cloned()
    }

    /// Takes the controller's answer. True if the proposal should be sent again.
    pub fn isr_answered(&self, proposal: &Proposal, answer: IsrAnswer) -> bool {
        let next = {
            let mut slot = self.leading.lock();
            let Some(leading) = slot.as_mut() else { return false };
            let next = leading.answered(proposal, answer);
            let (isr, partition_epoch) = (leading.isr().committed().to_vec(), leading.isr().partition_epoch());
            let now = self.leadership.load();
            if next == Next::Look && now.partition_epoch < partition_epoch {
                self.leadership.store(Arc::new(Leadership { isr, partition_epoch, ..Leadership::clone(&now) }));
            }
            next
        };
        if next == Next::Look {
            self.advance_high_watermark();
        }
        next == Next::Retry
    }

    /// Moves the high watermark as far as it may go now, and tells those who wait for it.
    pub fn advance_high_watermark(&self) {
        let visible = {
            let slot = self.leading.lock();
            let Some(leading) = slot.as_ref() else { return };
            let before = self.log().high_watermark();
            let log_end = self.log().log_end_offset();
            let lowest = if leading.is_alone() {
                None
            } else {
                leading.lowest_counted_end(log_end, &|node| self.home.alive(node), || self.home.clock.monotonic())
            };
            let next = high_watermark::advance(
                before,
                Replicated {
                    leader_end: Offset(self.durable_end.load(Ordering::Acquire)).min(log_end),
                    lowest_follower_end: lowest,
                    isr_size: leading.isr().committed().len(),
                    min_isr: self.min_isr(),
                },
            );
            if next <= before {
                return;
            }
            self.log().update_high_watermark(next)
        };
        self.watermark_moved(visible);
    }

    /// The high watermark has moved, which made `visible` bytes readable.
    pub(super) fn watermark_moved(&self, visible: u64) {
        self.committed.reached(self.log().high_watermark());
        self.waiters.more(i64::try_from(visible).unwrap_or(i64::MAX).max(1));
    }

    /// True if everything before `end`, appended in `epoch`, is committed.
    pub fn is_committed(&self, end: Offset, epoch: LeaderEpoch) -> Result<bool, CommitError> {
        self.lead_in(epoch)?;
        if self.log().high_watermark() < end {
            return Ok(false);
        }
        // Once more: had the leadership gone in between, the high watermark might have passed other records.
        self.lead_in(epoch)?;
        let min_isr = self.min_isr();
        match self.leading.lock().as_ref().map(|l| l.isr().maximal_size()) {
            Some(isr) if isr < min_isr => Err(CommitError::NotEnoughReplicas { isr, min_isr }),
            _ => Ok(true),
        }
    }

    fn lead_in(&self, epoch: LeaderEpoch) -> Result<(), LeaderError> {
        if self.lead(None)? == epoch { Ok(()) } else { Err(LeaderError::NotLeader) }
    }

    /// Waits until everything before `end` is committed. Err: this broker no longer leads in `epoch`, or its disk failed.
    pub async fn committed(&self, end: Offset, epoch: LeaderEpoch) -> Result<(), CommitError> {
        loop {
            let waiter = self.committed.enter(end);
            if self.is_committed(end, epoch)? {
                return Ok(());
            }
            waiter.woken().await;
        }
    }

    /// Waits until everything before `end` is on this broker's disk as far as `flush.messages` asks for it.
    pub async fn durable(&self, end: Offset, epoch: LeaderEpoch) -> Result<(), LeaderError> {
        loop {
            let waiter = self.durable.enter(end);
            self.lead_in(epoch)?;
            if self.durable_end.load(Ordering::Acquire) >= end.0 {
                return Ok(());
            }
            waiter.woken().await;
        }
    }

    /// Ends every wait: the partition leaves this broker or its disk failed.
    pub fn close(&self) {
        {
            let _alone = self.turn.write();
            let mut leading = self.leading.lock();
            self.leadership.rcu(|l| Leadership { leader: NodeId::NONE, ..Leadership::clone(l) });
            *leading = None;
        }
        self.wake_all();
    }

    /// Lets everyone who waits look again.
    pub fn wake_all(&self) {
        self.waiters.end_all();
        self.follower_waiters.end_all();
        self.committed.wake_all();
        self.durable.wake_all();
    }
}
