//! When a voter stands for election.
//!
//! openraft's own timer draws one span for the life of the process and looks at it in coarse steps, so two voters can tie again
//! and again. This one draws anew for every attempt, waits as long as KRaft's settings say, and does not wait them out where
//! the leader's process is known to be gone: then only the lease that the other voters hold has to pass.
//!
//! ```text
//!  follower, leader silent      controller.quorum.fetch.timeout.ms, and up to half of it more
//!  follower, leader is gone     the lease (see `start.rs`), and a little more
//!  no majority would vote       a little
//!  after a lost election        a tenth of controller.quorum.election.timeout.ms, and up to half of it more
//!    to one with a longer log   controller.quorum.fetch.timeout.ms more: only the other can win
//!  with the longer log          at once, again and again, as soon as another stands or has refused
//! ```
//!
//! A voter stands only if a majority would vote for it now (`canvass.rs`): one that was cut off keeps its term, and when it is
//! back it finds the leader in office. The quorum's leader is gone, too, once the quorum has agreed that it votes no longer.
//!
//! The last two rows belong together. A voter refuses whoever has a shorter log without taking over the term, so that of two the one
//! that can win always lags behind the other's term if both stand equally often.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering};
use std::time::Duration;

use openraft::ServerState;
use openraft::raft::VoteResponse;

use super::canvass;
use super::network::Network;
use super::types::{EntryId, Raft};
use crate::base::clock::SharedClock;
use crate::base::ids::Millis;
use crate::base::random;

/// How often the time is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(25);
/// Longest that a voter waits over the lease when the leader is gone, and before it stands again where only it can win.
const SOON_SPREAD_MS: i64 = 150;

/// How long each wait is.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// `controller.quorum.fetch.timeout.ms`
    pub fetch_timeout: Millis,
    /// `controller.quorum.election.timeout.ms`
    pub election_timeout: Millis,
    /// How long a voter that heard a leader votes for nobody else.
    pub lease: Millis,
}

/// What is known that changes the wait.
const NOTHING: u8 = 0;
const LEADER_IS_GONE: u8 = 1;
const ANOTHER_KNOWS_MORE: u8 = 2;
const THIS_KNOWS_MORE: u8 = 3;

/// The last sign of life from a leader. Clones share it.
#[derive(Clone)]
pub struct Pulse {
    clock: SharedClock,
    last: Arc<AtomicI64>,
    /// When a leader spoke last; negative if none has.
    heard: Arc<AtomicI64>,
    known: Arc<AtomicU8>,
    /// A leader has spoken since somebody looked.
    led: Arc<AtomicBool>,
    /// This node asks whether it would win.
    asking: Arc<AtomicBool>,
}

impl Pulse {
    /// Starts counting now.
    pub fn new(clock: SharedClock) -> Self {
        let last = Arc::new(AtomicI64::new(clock.monotonic().0));
        let heard = Arc::new(AtomicI64::new(-1));
        Self { clock, last, heard, known: Arc::default(), led: Arc::default(), asking: Arc::default() }
    }

    /// A leader spoke.
    pub fn leader_spoke(&self) {
        self.led.store(true, Ordering::Relaxed);
        self.start_anew();
        self.heard.store(self.last.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Whether a leader has spoken within `span`.
    pub fn heard_within(&self, span: Millis) -> bool {
        let heard = self.heard.load(Ordering::Relaxed);
        heard >= 0 && self.clock.monotonic().0 - heard < span.0
    }

    /// A candidate got this node's vote, or this node stands itself: both are given time.
    pub fn start_anew(&self) {
        self.last.store(self.clock.monotonic().0, Ordering::Relaxed);
        self.known.store(NOTHING, Ordering::Relaxed);
    }

    /// The leader's process is gone.
    pub fn leader_is_gone(&self) {
        self.known.store(LEADER_IS_GONE, Ordering::Relaxed);
    }

    /// A voter with a longer log refused this one.
    pub fn another_knows_more(&self) {
        self.known.store(ANOTHER_KNOWS_MORE, Ordering::Relaxed);
    }

    /// A voter with a shorter log stands for election, or refused this one.
    pub fn this_knows_more(&self) {
        self.known.store(THIS_KNOWS_MORE, Ordering::Relaxed);
    }

    /// What a voter's answer says about who can win. `last` is this node's last entry.
    pub(super) fn refused(&self, answer: &VoteResponse<u64>, last: Option<&EntryId>) {
        match answer.last_log_id.as_ref().cmp(&last) {
            _ if answer.vote_granted => {}
            std::cmp::Ordering::Greater => self.another_knows_more(),
            std::cmp::Ordering::Less => self.this_knows_more(),
            std::cmp::Ordering::Equal => {}
        }
    }

    /// Whether this node is asking the others for its own chances right now.
    pub(super) fn is_asking(&self) -> bool {
        self.asking.load(Ordering::Relaxed)
    }

    /// How long no leader has been heard, nobody been voted for, and this node not stood.
    pub fn silence(&self) -> Millis {
        Millis(self.clock.monotonic().0 - self.last.load(Ordering::Relaxed))
    }
}

fn up_to(bound: i64) -> i64 {
    (random::u64() % u64::try_from(bound.max(1)).unwrap_or(1)) as i64
}

/// Has this node stand for election whenever it is time, until it stops.
pub async fn campaign(raft: Raft, network: Network, patience: Patience) {
    let pulse = network.pulse.clone();
    let after_silence = || patience.fetch_timeout.0 + up_to(patience.fetch_timeout.0 / 2);
    let after_defeat = || patience.election_timeout.0 / 10 + up_to(patience.election_timeout.0 / 2);
    // Whoever starts gives a leader that is there the time to make itself known.
    let mut wait = patience.lease.0 + up_to(patience.election_timeout.0);
    let mut soon = up_to(SOON_SPREAD_MS);
    let mut hopeless = false;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let now = raft.metrics().borrow().clone();
        if now.running_state.is_err() {
            return;
        }
        let votes = |id| now.membership_config.membership().voter_ids().any(|voter| voter == id);
        if now.state == ServerState::Leader {
            pulse.start_anew();
            (wait, hopeless) = (after_silence(), false);
            continue;
        }
        if pulse.led.swap(false, Ordering::Relaxed) {
            (wait, hopeless) = (after_silence(), false);
        }
        if now.current_leader.is_some_and(|leader| !votes(leader)) && pulse.known.load(Ordering::Relaxed) == NOTHING {
            pulse.leader_is_gone();
        }
        let silence = pulse.silence().0;
        let due = match pulse.known.load(Ordering::Relaxed) {
            LEADER_IS_GONE => wait.min(patience.lease.0 + soon),
            ANOTHER_KNOWS_MORE => wait + patience.fetch_timeout.0,
            THIS_KNOWS_MORE => soon,
            _ => wait,
        };
        if !votes(now.id) || silence < due {
            continue;
        }
        pulse.asking.store(true, Ordering::Relaxed);
        let wins = canvass::would_win(&raft, &network).await;
        pulse.asking.store(false, Ordering::Relaxed);
        if !wins {
            if !std::mem::replace(&mut hopeless, true) {
                tracing::info!(silence_ms = silence, "no leader is heard, but no majority would vote for this node");
            }
            tokio::time::sleep(Duration::from_millis(up_to(SOON_SPREAD_MS).unsigned_abs())).await;
            continue;
        }
        tracing::info!(silence_ms = silence, "no leader is heard: this voter stands for election");
        pulse.start_anew();
        (wait, soon, hopeless) = (after_defeat(), up_to(SOON_SPREAD_MS), false);
        if raft.trigger().elect().await.is_err() {
            return;
        }
    }
}
