//! A machine at work: one shard behind a lock, decided on the core that asks, answered once what it wrote is committed.
//!
//! ```text
//!  submit ──> lock { decide, append, replay } ──> Pending ──> the answer, once `wait_for` is committed
//!                        │                          └─ parked: once an effect names the waiter
//!                        └─> effects, in order, once committed ──> Effects::perform ──> Waiters::answer
//! ```
//!
//! One task for each shard ([`Runtime::drive`]) runs its timers and delivers the effects whose commitment took time. Where a
//! record is committed as soon as it is appended (one replica), effects are performed and answers given without any task.
//!
//! Time here does not jump: it starts as the wall clock and goes on as the monotonic one does. Where the two part by more
//! than [`CLOCK_STEP_MS`], somebody has set the clock: time follows, and the timers are moved with it.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use crate::base::clock::SharedClock;
use crate::base::ids::{Millis, Offset};
use crate::base::limits::{PARKED_REPLIES_PER_SHARD_MAX, TIMERS_IN_ONE_GO_MAX};
use crate::machine::log::{MachineLog, NotAppended};
use crate::machine::machine::{Machine, TransactionEnd};
use crate::machine::outcome::{Outcome, Reply, WaiterId};
use crate::machine::shard::{Shard, SubmitError};

/// The wall clock and ours may part by so much before it is taken as set anew (ms).
const CLOCK_STEP_MS: i64 = 1000;

/// After how long effects are looked at again that could not be committed.
const RETRY: Duration = Duration::from_millis(100);

/// The log of a shard.
pub type ShardLog<R> = Box<dyn MachineLog<R> + Send>;

/// A future behind a pointer.
pub type Waiting<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How far a shard's log is committed, for those who wait for it.
pub trait Commits: Send + Sync + 'static {
    /// True if everything before `end` is committed, as it was written here.
    fn is_committed(&self, end: Offset) -> bool;
    /// Returns once everything before `end` is committed. An error: it may never be.
    fn until(&self, end: Offset) -> Waiting<'_, Result<(), Lost>>;
}

/// What a machine's effects are.
pub trait Effects<M: Machine>: Send + Sync + 'static {
    /// Does what `effect` says. Must not block, nor submit to the same shard before it returns.
    fn perform(&self, effect: M::Effect, waiters: &Waiters);
}

/// Why an answer never comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// The shard has left this node. What was written may or may not stay.
    #[error("the shard has moved")]
    Moved,
    /// What was written was not committed in time. It may be later.
    #[error("not committed in time")]
    TimedOut,
}

/// Why an operation was not even tried, or not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused<E> {
    /// The machine refused it.
    #[error("refused")]
    ByMachine(E),
    /// The log refused it.
    #[error(transparent)]
    ByLog(NotAppended),
    /// The shard has left this node.
    #[error("the shard has moved")]
    Moved,
    /// More replies are parked here than may be.
    #[error("too many replies are parked")]
    Busy,
}

/// What an operation may use.
#[derive(Debug, Clone, Copy)]
pub struct Call {
    /// Milliseconds since the Unix epoch; what timers are set by.
    pub now: Millis,
    /// Names this caller, should the reply be parked.
    pub waiter: WaiterId,
}

/// Those whose reply is parked.
#[derive(Default)]
pub struct Waiters {
    parked: Mutex<HashMap<WaiterId, Box<dyn Any + Send>>>,
}

impl Waiters {
    /// Gives a parked reply. Nothing happens if nobody waits any more: the client has gone.
    pub fn answer<T: Send + 'static>(&self, waiter: WaiterId, reply: T) {
        let Some(parked) = self.parked.lock().remove(&waiter) else { return };
        let sender = parked.downcast::<oneshot::Sender<T>>();
        let sender = sender.expect("a parked reply is of the type that its operation promised");
        // The client may have gone.
        let _ = sender.send(reply);
    }

    fn park<T: Send + 'static>(&self, waiter: WaiterId) -> oneshot::Receiver<T> {
        let (sender, receiver) = oneshot::channel::<T>();
        self.parked.lock().insert(waiter, Box::new(sender));
        receiver
    }

    fn len(&self) -> usize {
        self.parked.lock().len()
    }

    /// Whoever waits is told that the shard has moved.
    fn clear(&self) {
        self.parked.lock().clear();
    }
}

/// A reply on its way.
#[must_use]
pub struct Pending<T> {
    kind: Kind<T>,
}

enum Kind<T> {
    Ready(T),
    Committing { reply: T, end: Offset, commits: Arc<dyn Commits>, patience: Duration },
    Parked(oneshot::Receiver<T>),
}

impl<T> Pending<T> {
    /// The reply, if it may go out at once.
    pub fn now(self) -> Result<T, Self> {
        match self.kind {
            Kind::Ready(reply) => Ok(reply),
            kind => Err(Self { kind }),
        }
    }

    /// The reply, once it may go out.
    pub async fn reply(self) -> Result<T, Lost> {
        match self.kind {
            Kind::Ready(reply) => Ok(reply),
            Kind::Committing { reply, end, commits, patience } => {
                match tokio::time::timeout(patience, commits.until(end)).await {
                    Ok(committed) => committed.map(|()| reply),
                    Err(_) => Err(Lost::TimedOut),
                }
            }
            Kind::Parked(receiver) => receiver.await.map_err(|_| Lost::Moved),
        }
    }
}

struct Inner<M: Machine> {
    shard: Shard<M, ShardLog<M::Record>>,
    /// Wall clock less monotonic clock, as time is told here.
    clock_offset: i64,
}

/// A machine at work.
pub struct Runtime<M: Machine> {
    inner: Mutex<Inner<M>>,
    /// Effects that wait for their commitment.
    outbox: Mutex<VecDeque<(Offset, Vec<M::Effect>)>>,
    /// Held while effects are performed, so that they are in order whoever delivers them.
    delivering: Mutex<()>,
    effects: Arc<dyn Effects<M>>,
    commits: Arc<dyn Commits>,
    waiters: Waiters,
    next_waiter: AtomicU64,
    clock: SharedClock,
    patience: Duration,
    closed: AtomicBool,
    /// The moment until which the task sleeps.
    asleep_until: AtomicI64,
    wake: Notify,
}

impl<M: Machine + 'static> Runtime<M> {
    /// Puts a loaded machine to work. `patience`: how long a reply waits for its commitment.
    pub fn new(
        machine: M,
        log: ShardLog<M::Record>,
        commits: Arc<dyn Commits>,
        effects: Arc<dyn Effects<M>>,
        clock: SharedClock,
        patience: Duration,
    ) -> Arc<Self> {
        let clock_offset = clock.wall().since(clock.monotonic()).0;
        Arc::new(Self {
            inner: Mutex::new(Inner { shard: Shard::new(machine, log), clock_offset }),
            outbox: Mutex::default(),
            delivering: Mutex::new(()),
            effects,
            commits,
            waiters: Waiters::default(),
            next_waiter: AtomicU64::new(0),
            clock,
            patience,
            closed: AtomicBool::new(false),
            asleep_until: AtomicI64::new(i64::MAX),
            wake: Notify::new(),
        })
    }

    /// Decides one operation and makes it so. What fixes its order has happened when this returns.
    pub fn submit<T: Send + 'static, E>(
        &self,
        decide: impl FnOnce(&M, Call) -> Result<Outcome<M, T>, E>,
    ) -> Result<Pending<T>, Refused<E>> {
        if self.waiters.len() >= PARKED_REPLIES_PER_SHARD_MAX {
            return Err(Refused::Busy);
        }
        let waiter = WaiterId(self.next_waiter.fetch_add(1, Ordering::Relaxed));
        let mut parked = None;
        let (submitted, next_timer) = {
            let mut inner = self.inner.lock();
            // Looked at under the lock: whoever closes waits for it.
            if self.closed.load(Ordering::Acquire) {
                return Err(Refused::Moved);
            }
            let now = self.now(&mut inner);
            let submitted = inner.shard.submit(|machine| decide(machine, Call { now, waiter }))?;
            if let Reply::Parked(waiter) = &submitted.reply {
                // Before the lock is gone: the next operation may answer it.
                parked = Some(self.waiters.park(*waiter));
            }
            self.post(submitted.wait_for, submitted.after_commit);
            ((submitted.reply, submitted.wait_for), inner.shard.next_timer())
        };
        let (reply, end) = submitted;
        let is_committed = self.commits.is_committed(end);
        let is_left = self.deliver();
        if is_left || next_timer.is_some_and(|at| at.0 < self.asleep_until.load(Ordering::Acquire)) {
            self.wake.notify_one();
        }
        let kind = match (reply, parked) {
            (Reply::Now(reply), _) if is_committed => Kind::Ready(reply),
            (Reply::Now(reply), _) => {
                Kind::Committing { reply, end, commits: Arc::clone(&self.commits), patience: self.patience }
            }
            (Reply::Parked(_), receiver) => Kind::Parked(receiver.expect("a parked reply has its receiver")),
        };
        Ok(Pending { kind })
    }

    /// Reads the state as it is, whether committed or not.
    pub fn look<T>(&self, look: impl FnOnce(&M) -> T) -> T {
        look(self.inner.lock().shard.machine())
    }

    /// Writes the marker that ends a transaction.
    pub fn end_transaction(&self, end: TransactionEnd) -> Result<Pending<()>, Refused<Infallible>> {
        let end = {
            let mut inner = self.inner.lock();
            if self.closed.load(Ordering::Acquire) {
                return Err(Refused::Moved);
            }
            inner.shard.end_transaction(end).map_err(Refused::ByLog)?
        };
        let commits = Arc::clone(&self.commits);
        let kind = if commits.is_committed(end) {
            Kind::Ready(())
        } else {
            Kind::Committing { reply: (), end, commits, patience: self.patience }
        };
        Ok(Pending { kind })
    }

    /// Ends the shard's work here: operations are refused, whoever waits is told so, effects that wait are dropped.
    pub fn close(&self) {
        {
            let _inner = self.inner.lock();
            self.closed.store(true, Ordering::Release);
        }
        self.outbox.lock().clear();
        self.waiters.clear();
        self.wake.notify_one();
    }

    /// Runs timers and delivers effects until the shard is closed. To be run by one task.
    pub async fn drive(self: Arc<Self>) {
        loop {
            if self.closed.load(Ordering::Acquire) {
                return;
            }
            let next = self.run_timers();
            self.deliver();
            let uncommitted = self.outbox.lock().front().map(|(end, _)| *end);
            let commits = async {
                match uncommitted {
                    Some(end) => self.commits.until(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.wake.notified() => {}
                () = sleep(next) => {}
                committed = commits => match committed {
                    Ok(()) => {}
                    // The shard is lost, and closed in a moment; or too few replicas are left, and some may come back.
                    Err(_) => tokio::time::sleep(RETRY).await,
                },
            }
        }
    }

    /// Runs the timers that are due; returns how long until the next (ms), if there is one.
    fn run_timers(&self) -> Option<Millis> {
        for _ in 0..TIMERS_IN_ONE_GO_MAX {
            let mut inner = self.inner.lock();
            if self.closed.load(Ordering::Acquire) {
                return None;
            }
            let now = self.now(&mut inner);
            match inner.shard.run_timer(now) {
                Ok(Some(done)) => self.post(done.wait_for, done.after_commit),
                Ok(None) => {
                    let next = inner.shard.next_timer();
                    // Under the lock: an operation that sets an earlier one comes after, and sees it.
                    self.asleep_until.store(next.map_or(i64::MAX, |at| at.0), Ordering::Release);
                    return next.map(|at| at.since(now));
                }
                Err(error) => tracing::debug!(%error, "a timer's records were not appended; it is tried again"),
            }
        }
        // More are due: others get their turn first.
        Some(Millis(0))
    }

    /// Puts effects into the outbox; called under the shard's lock, so that they are there in order.
    fn post(&self, end: Offset, effects: Vec<M::Effect>) {
        if !effects.is_empty() {
            self.outbox.lock().push_back((end, effects));
        }
    }

    /// Performs the effects that are committed, in order. True if some are left that are not.
    fn deliver(&self) -> bool {
        if self.outbox.lock().is_empty() {
            return false;
        }
        let _in_order = self.delivering.lock();
        loop {
            let effects = {
                let mut outbox = self.outbox.lock();
                match outbox.front() {
                    Some((end, _)) if self.commits.is_committed(*end) => outbox.pop_front(),
                    Some(_) => return true,
                    None => return false,
                }
            };
            for effect in effects.into_iter().flat_map(|(_, effects)| effects) {
                self.effects.perform(effect, &self.waiters);
            }
        }
    }

    fn now(&self, inner: &mut Inner<M>) -> Millis {
        let (wall, steady) = (self.clock.wall(), self.clock.monotonic());
        let step = wall.since(steady).0 - inner.clock_offset;
        if step.abs() > CLOCK_STEP_MS {
            inner.clock_offset += step;
            inner.shard.shift_timers(Millis(step));
        }
        Millis(steady.0 + inner.clock_offset)
    }
}

impl<E> From<SubmitError<E>> for Refused<E> {
    fn from(error: SubmitError<E>) -> Self {
        match error {
            SubmitError::Refused(error) => Self::ByMachine(error),
            SubmitError::NotAppended(error) => Self::ByLog(error),
        }
    }
}

async fn sleep(span: Option<Millis>) {
    match span {
        Some(span) => tokio::time::sleep(Duration::from_millis(u64::try_from(span.0).unwrap_or(0))).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
#[path = "runtime_test.rs"]
mod tests;
