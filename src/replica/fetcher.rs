//! One fetcher: a task that follows some partitions of one leader, round after round.
//!
//! A round asks the leader for all partitions at once and appends what comes. The state's lock is held while the answers are
//! worked in and not while they are waited for: whoever stops a partition under that lock knows that nothing more is appended.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use crate::base::clock::SharedClock;
use crate::base::ids::{LeaderEpoch, Millis, NodeId};
use crate::log::error::FlushError;
use crate::log::flusher::Flusher;
use crate::replica::edges::{FetchWish, FollowedPartition, LeaderAnswer, LeaderEndpoint};
use crate::replica::fetcher_state::{FetcherState, Plan, Position, Step};
use crate::replica::follow::FollowError;
use crate::replica::partition::Partition;

/// How soon a partition that a throttle holds back is looked at again.
const THROTTLED_PAUSE: Millis = Millis(50);

/// A fetcher, as those who give it partitions know it.
pub struct Fetcher {
    leader: NodeId,
    clock: SharedClock,
    flusher: Flusher,
    state: Mutex<FetcherState<Arc<Partition>>>,
    changed: Notify,
}

/// A partition of whose records no leader may be told before an fsync.
type Owed = (FollowedPartition, Arc<Partition>);

impl Fetcher {
    /// A fetcher that follows nothing yet.
    pub fn new(leader: NodeId, backoff_max: Millis, clock: SharedClock, flusher: Flusher) -> Arc<Self> {
        let state = Mutex::new(FetcherState::new(backoff_max));
        Arc::new(Self { leader, clock, flusher, state, changed: Notify::new() })
    }

    /// Follows a partition in `epoch`.
    pub fn follow(&self, key: FollowedPartition, partition: &Arc<Partition>, epoch: LeaderEpoch) {
        self.state.lock().follow(key, Arc::clone(partition), epoch, partition.position());
        self.changed.notify_one();
    }

    /// Stops following a partition. Nothing is appended to it once this returns.
    pub fn stop(&self, key: &FollowedPartition) {
        self.state.lock().stop(key);
    }

    /// How many partitions it follows.
    pub fn len(&self) -> usize {
        self.state.lock().len()
    }

    /// True if it follows none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Follows until the task is dropped.
    pub async fn run(self: Arc<Self>, mut endpoint: Box<dyn LeaderEndpoint>) {
        loop {
            let (plan, owed) = self.plan();
            if !owed.is_empty() {
                self.sync(owed).await;
                continue;
            }
            if plan.fetches.is_empty() && plan.ask_ends.is_empty() {
                self.idle(&plan).await;
                continue;
            }
            for (key, epoch) in &plan.ask_ends {
                self.ask_ends(endpoint.as_mut(), key, *epoch).await;
            }
            if plan.fetches.is_empty() {
                continue;
            }
            match endpoint.fetch(&plan.fetches).await {
                Ok(answers) => self.work_in(&plan.fetches, answers),
                Err(error) => {
                    tracing::warn!(leader = %self.leader, %error, "the leader could not be fetched from");
                    let (now, mut state) = (self.clock.monotonic(), self.state.lock());
                    plan.fetches.iter().for_each(|(key, _)| state.pause(key, now));
                }
            }
        }
    }

    /// What is to be done now, without the partitions that a throttle holds back. Before that, some are to be synced: a fetch tells
    /// the leader, whoever that is by now, that this replica holds all before it.
    fn plan(&self) -> (Plan, Vec<Owed>) {
        let now = self.clock.monotonic();
        let mut state = self.state.lock();
        let mut plan = state.plan(now, |partition| partition.log().log_start_offset());
        let failed = plan.fetches.extract_if(.., |(key, wish)| {
            state.handle(key, wish.leader_epoch).is_some_and(|partition| partition.log().is_offline())
        });
        for (key, _) in failed.collect::<Vec<_>>() {
            // A fetch would tell the leader of records that the disk did not take.
            tracing::error!(topic = %key.topic, partition = %key.partition, "its disk has failed: it can no longer be followed");
            state.fail(&key);
        }
        let owes = |(key, wish): &(FollowedPartition, FetchWish)| {
            let partition = state.handle(key, wish.leader_epoch)?;
            let owes = partition.log().owes_sync();
            owes.then(|| (key.clone(), partition))
        };
        let owed = plan.fetches.iter().filter_map(owes).collect();
        let asked = plan.fetches.len();
        plan.fetches.retain(|(key, wish)| {
            state.handle(key, wish.leader_epoch).is_none_or(|partition| !partition.must_wait_to_follow())
        });
        if plan.fetches.len() < asked {
            let due = now.plus(THROTTLED_PAUSE);
            plan.next_due = Some(plan.next_due.map_or(due, |next| next.min(due)));
        }
        (plan, owed)
    }

    async fn idle(&self, plan: &Plan) {
        let due = plan.next_due.map(|due| due.since(self.clock.monotonic()).0.max(1) as u64);
        match due {
            // Too late is as good as told: either way, look again.
            Some(ms) => drop(tokio::time::timeout(Duration::from_millis(ms), self.changed.notified()).await),
            None => self.changed.notified().await,
        }
    }

    fn work_in(&self, asked: &[(FollowedPartition, FetchWish)], answers: Vec<LeaderAnswer>) {
        let wishes: std::collections::HashMap<_, _> = asked.iter().map(|(key, wish)| (key, wish)).collect();
        let mut state = self.state.lock();
        for answer in answers {
            let key = &answer.partition;
            let Some(wish) = wishes.get(key) else { continue };
            let Some(partition) = state.handle(key, wish.leader_epoch) else { continue };
            let step = state.answered(key, wish, answer.error, answer.diverging, self.clock.monotonic());
            let epoch = wish.leader_epoch;
            let outcome = match step {
                Step::Nothing => {
                    tracing::debug!(partition = %partition.name, error = %answer.error, "the leader gave nothing");
                    continue;
                }
                Step::Truncate(shared, end) => {
                    let before = Position { log_end: wish.from, last_epoch: wish.last_fetched_epoch };
                    match partition.truncate_as_follower(epoch, (shared, end), self.clock.wall()) {
                        // Asking the same again would be answered the same.
                        Ok(at) if at == before => Err(FollowError::Refused(format!(
                            "the log departs from the leader's after epoch {shared} at {end}, and there is nothing to cut off"
                        ))),
                        cut => cut,
                    }
                }
                Step::Append => {
                    let ends = (answer.high_watermark, answer.log_start);
                    partition.got_from_leader(answer.records.len());
                    partition.append_as_follower(epoch, &answer.records, ends, self.clock.wall())
                }
            };
            self.note(&mut state, key, &partition, epoch, outcome);
        }
    }

    /// Takes note of what became of a step.
    fn note(
        &self,
        state: &mut FetcherState<Arc<Partition>>,
        key: &FollowedPartition,
        partition: &Arc<Partition>,
        epoch: LeaderEpoch,
        outcome: Result<Position, FollowError>,
    ) {
        match outcome {
            Ok(at) => state.moved(key, epoch, at),
            // The metadata that moved it also stops or replaces it here.
            Err(FollowError::Moved) => {}
            Err(FollowError::Storage(error)) if partition.log().is_offline() => {
                tracing::error!(partition = %partition.name, error, "the partition can no longer be followed");
                state.fail(key);
            }
            // A device that is only full may have space again; that it is full was told when it began to be.
            Err(FollowError::Storage(error)) => {
                tracing::debug!(partition = %partition.name, error, "what the leader sent could not be written");
                state.moved(key, epoch, partition.position());
                state.pause(key, self.clock.monotonic());
            }
            Err(FollowError::Refused(error)) => {
                tracing::error!(partition = %partition.name, error, "what the leader sent was not appended");
                state.moved(key, epoch, partition.position());
                state.pause(key, self.clock.monotonic());
            }
        }
    }

    /// Waits until what must be on disk is there, for all partitions together.
    async fn sync(&self, owed: Vec<Owed>) {
        let mut waits = Vec::with_capacity(owed.len());
        for (key, partition) in owed {
            let (done, synced) = oneshot::channel();
            let told = Box::new(move |outcome: Result<(), FlushError>| {
                // Nobody waits any more once the fetcher has ended.
                let _ = done.send(outcome.is_ok());
            });
            let log = partition.log();
            self.flusher.request(Arc::clone(&log), log.log_end_offset(), told);
            waits.push((key, synced));
        }
        for (key, synced) in waits {
            // A disk that has failed is found so with the next plan. One that is full may have room again.
            if !synced.await.unwrap_or(false) {
                self.state.lock().pause(&key, self.clock.monotonic());
            }
        }
    }

    async fn ask_ends(&self, endpoint: &mut dyn LeaderEndpoint, key: &FollowedPartition, epoch: LeaderEpoch) {
        let ends = endpoint.log_ends(key, epoch).await;
        let mut state = self.state.lock();
        let Some(partition) = state.handle(key, epoch) else { return };
        match ends {
            Ok(Ok(ends)) => {
                let outcome = partition.fit_as_follower(epoch, ends, self.clock.wall());
                self.note(&mut state, key, &partition, epoch, outcome);
            }
            Ok(Err(error)) => {
                tracing::warn!(partition = %partition.name, %error, "the leader does not tell where its log starts and ends");
                state.pause(key, self.clock.monotonic());
            }
            Err(error) => {
                tracing::warn!(leader = %self.leader, %error, "the leader could not be asked where a log starts and ends");
                state.pause(key, self.clock.monotonic());
            }
        }
    }
}

#[cfg(test)]
#[path = "fetcher_test.rs"]
mod tests;
