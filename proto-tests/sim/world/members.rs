//! Controllers that lose their vote, and get it back, while trouble goes on.
//!
//! Not the one that leads: one that is about to vote no more, has that in its log, and dies before anybody else has it is still needed
//! by the others, and openraft 0.9 lets it neither stand for election nor vote for a shorter log.

use ottla::base::ids::NodeId;
use ottla::controller::quorum::membership::QuorumChange;
use ottla::controller::quorum_controller::QuorumController;

use super::World;
use super::trouble::Plan;
use crate::entropy::Random;

/// How long a voter-to-be may take to catch up (ms).
const CATCH_UP_MS: i32 = 2_000;
/// When a change that nobody could be asked for is tried again (ms).
const AGAIN_MS: i64 = 150;

impl World {
    /// Drawn apart, so that what else befalls a seed stays what it is.
    pub(super) fn plan_members(&mut self) {
        if !self.kind.members {
            return;
        }
        let mut random = Random::new(self.seed, 5);
        let controllers: Vec<usize> = self.cluster.controllers().collect();
        let mut at = self.now;
        for _ in 0..3 {
            let m = controllers[random.below(controllers.len())];
            at += random.between(100, 1500);
            self.plans.push((at, Plan::Vote(m, false)));
            at += random.between(50, 1500);
            self.plans.push((at, Plan::Vote(m, true)));
        }
    }

    /// Has whoever leads the quorum take a controller's vote, or give it one.
    pub(super) fn change_members(&mut self, m: usize, votes: bool) {
        let again = (self.now + AGAIN_MS, Plan::Vote(m, votes));
        let Some((leader, controller)) = self.leading_controller() else { return self.plans.push(again) };
        if leader == m && !votes {
            return self.plans.push(again);
        }
        let (id, voters) = (NodeId(m as i32 + 1), controller.voters());
        let change = match (votes, voters.voters.get(&id), voters.learners.get(&id)) {
            (true, None, Some(member)) => QuorumChange::Add {
                id,
                member: member.clone(),
                timeout_ms: CATCH_UP_MS,
                ack_when_committed: self.now % 2 == 0,
            },
            (false, Some(member), _) if !member.directory_id.is_zero() => {
                QuorumChange::Remove { id, directory_id: member.directory_id }
            }
            // One that voted itself out is no member at all until it is back.
            (true, None, None) => return self.plans.push(again),
            _ => return,
        };
        let what = if votes { "is to vote" } else { "is to vote no more" };
        self.note(format!("machine {m} {what}, says {leader}"));
        let Some(process) = &self.machines[leader].process else { return };
        process.tasks.spawn_local(async move {
            // What comes of it is seen in who votes from then on.
            let _ = controller.change_quorum(change).await;
        });
    }

    fn leading_controller(&self) -> Option<(usize, QuorumController)> {
        self.machines.iter().enumerate().find_map(|(m, machine)| {
            let view = machine.view.borrow();
            let controller = view.controller.as_ref()?.local()?;
            controller.is_leader().then(|| (m, controller.clone()))
        })
    }
}
