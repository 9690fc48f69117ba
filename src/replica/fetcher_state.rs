//! What one fetcher knows of the partitions that it follows from one leader, and what each answer leads to. Pure.
//!
//! ```text
//!           records ┌──────┐   out of range    ┌────────────┐
//!                   └─► fetch ───────────────► ask the ends │
//!  follow ─────────►    │  ▲ ◄───────────────── of the log  │
//!          diverging:   │  └─ truncated
//!          cut off ◄────┘           fenced ──► failed, until the metadata tells a newer epoch
//! ```
//!
//! Where the logs depart is found by leader epochs alone (KIP-101, KIP-279, KIP-595): each fetch carries the epoch of the
//! follower's last record, and the leader answers with the newest epoch in common. The follower's own high watermark plays no
//! part: it lags, and what lies behind it may be committed.

use indexmap::IndexMap;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{LeaderEpoch, Millis, Offset};
use crate::replica::edges::{FetchWish, FollowedPartition};

/// The first pause after a leader that is not ready yet: an election reaches brokers a few milliseconds apart.
const FIRST_PAUSE: Millis = Millis(20);

/// What is to be done next for a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Fetch,
    AskEnds,
    Failed,
}

/// One followed partition.
#[derive(Debug, Clone)]
struct Entry<P> {
    handle: P,
    leader_epoch: LeaderEpoch,
    from: Offset,
    last_fetched_epoch: LeaderEpoch,
    turn: Turn,
    failures: u32,
    not_before: Millis,
}

/// Where a follower's log stands: its end, and the epoch of its last record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Its end.
    pub log_end: Offset,
    /// The epoch of its last record, or -1.
    pub last_epoch: LeaderEpoch,
}

/// What an answer asks the follower to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Append the records, if there are any, and follow the high watermark and the log start.
    Append,
    /// Cut off what departs from the leader's log: the newest epoch in common, and its end there.
    Truncate(LeaderEpoch, Offset),
    /// Nothing.
    Nothing,
}

/// What to ask the leader for now.
pub struct Plan {
    /// Partitions to fetch, each with its log start left to the caller to fill in.
    pub fetches: Vec<(FollowedPartition, FetchWish)>,
    /// Partitions whose ends are to be asked for.
    pub ask_ends: Vec<(FollowedPartition, LeaderEpoch)>,
    /// When the next of those that pause is due.
    pub next_due: Option<Millis>,
}

/// The partitions that one fetcher follows. `P` is whatever the caller keeps with each.
#[derive(Debug)]
pub struct FetcherState<P> {
    backoff_max: Millis,
    entries: IndexMap<FollowedPartition, Entry<P>>,
    rounds: usize,
}

impl<P: Clone> FetcherState<P> {
    /// Follows nothing yet; pauses at most `backoff_max` after an error.
    pub fn new(backoff_max: Millis) -> Self {
        Self { backoff_max, entries: IndexMap::new(), rounds: 0 }
    }

    /// Follows a partition in `leader_epoch` from where the follower's log stands. Replaces what was known of it.
    pub fn follow(&mut self, partition: FollowedPartition, handle: P, leader_epoch: LeaderEpoch, at: Position) {
        let (from, last_fetched_epoch) = (at.log_end, at.last_epoch);
        let (turn, failures, not_before) = (Turn::Fetch, 0, Millis(i64::MIN));
        let entry = Entry { handle, leader_epoch, from, last_fetched_epoch, turn, failures, not_before };
        self.entries.insert(partition, entry);
    }

    /// Stops following a partition.
    pub fn stop(&mut self, partition: &FollowedPartition) {
        self.entries.swap_remove(partition);
    }

    /// How many partitions are followed.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if none is followed.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What the caller keeps with a partition, if it is followed in this epoch.
    pub fn handle(&self, partition: &FollowedPartition, leader_epoch: LeaderEpoch) -> Option<P> {
        self.entries.get(partition).filter(|e| e.leader_epoch == leader_epoch).map(|e| e.handle.clone())
    }

    /// What to ask for now. Each round begins with another partition, so that a full answer starves none.
    pub fn plan(&mut self, now: Millis, log_start: impl Fn(&P) -> Offset) -> Plan {
        let mut plan = Plan { fetches: Vec::new(), ask_ends: Vec::new(), next_due: None };
        let count = self.entries.len();
        self.rounds = self.rounds.wrapping_add(1);
        for i in 0..count {
            let Some((partition, entry)) = self.entries.get_index((self.rounds + i) % count) else { continue };
            match entry.turn {
                Turn::Failed => {}
                _ if entry.not_before > now => {
                    plan.next_due = Some(plan.next_due.map_or(entry.not_before, |due| due.min(entry.not_before)));
                }
                Turn::AskEnds => plan.ask_ends.push((partition.clone(), entry.leader_epoch)),
                Turn::Fetch => plan.fetches.push((
                    partition.clone(),
                    FetchWish {
                        from: entry.from,
                        log_start: log_start(&entry.handle),
                        leader_epoch: entry.leader_epoch,
                        last_fetched_epoch: entry.last_fetched_epoch,
                    },
                )),
            }
        }
        plan
    }

    /// What the answer to `asked` leads to. An answer to what is no longer asked leads to nothing.
    pub fn answered(
        &mut self,
        partition: &FollowedPartition,
        asked: &FetchWish,
        error: ErrorCode,
        diverging: Option<(LeaderEpoch, Offset)>,
        now: Millis,
    ) -> Step {
        let Some(entry) = self.entries.get_mut(partition) else { return Step::Nothing };
        let is_as_asked = entry.turn == Turn::Fetch
            && (entry.leader_epoch, entry.from, entry.last_fetched_epoch)
                == (asked.leader_epoch, asked.from, asked.last_fetched_epoch);
        if !is_as_asked {
            return Step::Nothing;
        }
        match (error, diverging) {
            (ErrorCode::None, Some((epoch, end))) => return Step::Truncate(epoch, end),
            (ErrorCode::None, None) => {
                entry.failures = 0;
                return Step::Append;
            }
            (ErrorCode::OffsetOutOfRange, _) => entry.turn = Turn::AskEnds,
            // The leader has moved on; so will we, with the next metadata.
            (ErrorCode::FencedLeaderEpoch, _) => entry.turn = Turn::Failed,
            _ => self.pause(partition, now),
        }
        Step::Nothing
    }

    /// The follower's log stands elsewhere now: records were appended or cut off. It is fetched from there.
    pub fn moved(&mut self, partition: &FollowedPartition, leader_epoch: LeaderEpoch, at: Position) {
        if let Some(entry) = self.entries.get_mut(partition).filter(|e| e.leader_epoch == leader_epoch) {
            (entry.from, entry.last_fetched_epoch, entry.turn) = (at.log_end, at.last_epoch, Turn::Fetch);
        }
    }

    /// Something went wrong with a partition: it pauses, a little at first.
    pub fn pause(&mut self, partition: &FollowedPartition, now: Millis) {
        let longest = self.backoff_max;
        if let Some(entry) = self.entries.get_mut(partition) {
            let span = FIRST_PAUSE.0.saturating_mul(1 << entry.failures.min(16)).min(longest.0);
            entry.failures = entry.failures.saturating_add(1);
            entry.not_before = now.plus(Millis(span));
        }
    }

    /// A partition cannot be followed until the metadata tells of a newer epoch: its disk failed.
    pub fn fail(&mut self, partition: &FollowedPartition) {
        if let Some(entry) = self.entries.get_mut(partition) {
            entry.turn = Turn::Failed;
        }
    }
}

/// Where to cut the follower's log, given the newest epoch in common and its end in the leader's log. `local_end_of` gives the
/// follower's newest epoch at or below one, and its end; -1 and -1 if there is none.
pub fn truncation_point(
    (leader_epoch, leader_end): (LeaderEpoch, Offset),
    local_end_of: impl Fn(LeaderEpoch) -> (LeaderEpoch, Offset),
    log_end: Offset,
) -> Offset {
    let (epoch, end) = local_end_of(leader_epoch);
    let to = match () {
        // We know nothing that old: the leader's word is all there is.
        () if end.is_none() => leader_end,
        () if epoch == leader_epoch => end.min(leader_end),
        // We lack that epoch: cut to the end of the newest older one; the next fetch asks again from there.
        () => end,
    };
    to.min(log_end)
}

#[cfg(test)]
#[path = "fetcher_state_test.rs"]
mod tests;
