//! The question before an election (Raft's pre-vote, KIP-996): would a majority vote for this node now?
//!
//! Nothing changes by it, on either side. So a voter that is cut off from the others, and stands again and again in vain, does
//! not come back with a term that would depose a leader whom all others follow.

use std::collections::BTreeSet;
use std::time::Duration;

use openraft::Vote;
use openraft::raft::{VoteRequest, VoteResponse};
use tokio::sync::mpsc;

use super::leadership::Leadership;
use super::network::Network;
use super::pulse::Pulse;
use super::start::lease;
use super::types::{EntryId, Raft};
use crate::base::ids::Millis;

/// How long a voter that stands, or has just voted, encourages nobody else: to write a vote down takes a slow disk so long, and
/// who asks meanwhile would only stand against the one that is about to win.
const RESPITE: Millis = Millis(300);
/// Longest that the answers are waited for.
const LIMIT: Duration = Duration::from_millis(500);

/// Asks all other voters. True as soon as those who would vote for this node are, with it, a majority of every group of voters.
pub async fn would_win(raft: &Raft, network: &Network) -> bool {
    let now = raft.metrics().borrow().clone();
    let membership = now.membership_config.membership();
    let last = (network.last_entry)();
    let request = VoteRequest { vote: Vote::new(now.current_term + 1, now.id), last_log_id: last };
    let (answers, mut answered) = mpsc::unbounded_channel();
    let voters: BTreeSet<u64> = membership.voter_ids().filter(|id| *id != now.id).collect();
    for id in voters {
        let Some(member) = membership.get_node(&id) else { continue };
        let (way, request, answers) = (network.way(id, member), request.clone(), answers.clone());
        tokio::spawn(async move {
            if let Some(answer) = way.would_vote(&request, LIMIT).await {
                // Who asked may have heard enough.
                let _ = answers.send((id, answer));
            }
        });
    }
    drop(answers);
    let mut for_it = BTreeSet::from([now.id]);
    let wins = |for_it: &BTreeSet<u64>| {
        membership.get_joint_config().iter().all(|group| group.intersection(for_it).count() * 2 > group.len())
    };
    let collect = async {
        while !wins(&for_it) {
            let Some((id, answer)) = answered.recv().await else { return false };
            network.pulse.refused(&answer, last.as_ref());
            if answer.vote_granted {
                for_it.insert(id);
            }
        }
        true
    };
    tokio::time::timeout(LIMIT, collect).await.unwrap_or(false)
}

/// Answers the same question of another voter: no while a leader is heard, a vote is under way, or to who has the shorter log. Of two
/// that ask each other at the same time with equal logs, the one with the higher number goes first.
pub fn answer(
    raft: &Raft,
    pulse: &Pulse,
    last: Option<EntryId>,
    leadership: &Leadership,
    request: &VoteRequest<u64>,
) -> VoteResponse<u64> {
    let now = raft.metrics().borrow().clone();
    let led = leadership.standing().leads || pulse.heard_within(lease());
    if !led && request.last_log_id < last {
        pulse.this_knows_more();
    }
    let asks_later = request.vote.leader_id().voted_for().is_some_and(|other| other < now.id);
    let goes_first = pulse.is_asking() && request.last_log_id == last && asks_later;
    let busy = pulse.silence() < RESPITE || goes_first;
    VoteResponse::new(now.vote, last, !led && !busy && request.last_log_id >= last)
}
