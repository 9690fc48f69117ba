//! What goes wrong in a run: what befalls by chance, and what is planned so that several things come together.

use ottla::log::simulated_disk::Faults;

use super::{BROKERS, PARTITIONS, World};
use crate::entropy::Random;
use crate::machine::{Machine, Sick};
use crate::plant::Plant;

/// Something that is to befall at its time.
#[derive(Debug, Clone, Copy)]
pub(super) enum Plan {
    /// Whoever leads a partition then is killed for so long.
    KillLeader(usize, i64),
    /// A machine loses its power for so long, if nothing is lost by it that is not elsewhere.
    PowerCut(usize, i64),
    Kill(usize, i64),
    /// Whoever leads a partition then hears nothing of the other nodes for so long, and they nothing of it; clients reach it.
    Divide(usize, i64),
    /// A follower's question outlives it.
    StaleLife(usize),
    /// A full disk has room again.
    Room(usize),
    /// A machine whose disk has failed is switched off, and gets one that holds what was synced.
    NewDisk(usize, i64),
    /// A controller loses its vote, or gets it.
    Vote(usize, bool),
    Heal,
}

impl World {
    pub(super) fn carry_out(&mut self, plan: Plan) {
        match plan {
            Plan::KillLeader(index, long) => {
                if let Some(m) = self.leader(index).filter(|m| self.may_die(*m)) {
                    self.note(format!("machine {m}, which leads {index}: killed for {long} ms"));
                    self.kill(m, true, long);
                }
            }
            Plan::PowerCut(m, long) if self.may_forget(m) => {
                self.note(format!("machine {m}: without power for {long} ms"));
                self.kill(m, false, long);
            }
            Plan::Kill(m, long) if self.may_die(m) => {
                self.note(format!("machine {m}: killed for {long} ms"));
                self.kill(m, true, long);
            }
            Plan::Divide(index, long) => {
                let Some(m) = self.leader(index) else { return };
                self.note(format!("machine {m}, which leads {index}: out of the others' hearing for {long} ms"));
                for other in (0..self.machines.len()).filter(|other| *other != m) {
                    self.network.cut(m, other);
                    self.network.cut(other, m);
                }
                self.plans.push((self.now + long, Plan::Heal));
            }
            Plan::StaleLife(index) => self.plan_stale_life(index),
            Plan::Room(m) if self.machines[m].sick == Sick::Full => {
                self.note(format!("machine {m}: its disk has room"));
                self.machines[m].disk.set_faults(Faults::default());
                // A node that found no room for its metadata ends only when it looks; it may.
            }
            Plan::NewDisk(m, long) if self.machines[m].sick == Sick::Failed => {
                self.note(format!("machine {m}: off for {long} ms"));
                self.kill(m, false, long);
            }
            Plan::Vote(m, votes) => self.change_members(m, votes),
            Plan::Heal => {
                self.note("the network is well".to_owned());
                self.network.heal();
            }
            _ => {}
        }
    }

    /// True if a machine may die without anything being lost by it for good.
    fn may_die(&self, m: usize) -> bool {
        let is_safe = self.cluster.synced || self.lossy.is_none_or(|lossy| lossy == m) || !self.cluster.is_broker(m);
        self.machines[m].is_up() && is_safe
    }

    /// A leader appends what nobody fetches, while another is elected: when they meet again, their logs depart, and the older one is to
    /// be cut where their epochs do. Drawn apart, so that what else befalls a seed stays what it is.
    pub(super) fn plan_apart(&mut self) {
        let mut random = Random::new(self.seed, 4);
        let divides = random.one_in(3);
        let at = self.now + random.between(100, 4000);
        if divides || self.plant == Plant::CountAnyEpoch {
            self.plans.push((at, Plan::Divide(random.below(PARTITIONS), random.between(1500, 4500))));
        }
        if self.plant == Plant::JoinAnyLife {
            // Rare enough among all that befalls: more chances.
            let times = [300, 2500, 5000].map(|earliest| self.now + earliest + random.between(0, 500));
            self.plans.extend(times.map(|at| (at, Plan::StaleLife(random.below(PARTITIONS)))));
        }
    }

    /// Leaders die one after the other, just as they begin.
    fn plan_succession(&mut self, index: usize) {
        let mut at = self.now;
        for _ in 0..3 {
            let long = self.random.between(20, 2500);
            self.plans.push((at, Plan::KillLeader(index, long)));
            at += self.random.between(5, 900);
        }
    }

    /// A follower dies while its last question is still on its way, and lives again when that arrives; then the leader dies.
    fn plan_stale_life(&mut self, index: usize) {
        let Some(leader) = self.leader(index) else { return };
        let follower = (leader + 1 + self.random.below(BROKERS - 1)) % BROKERS;
        self.note(format!("machine {follower} to {leader}: cut one way"));
        self.network.cut(follower, leader);
        let dies = self.now + self.random.between(50, 300);
        // Its number is its own again as soon as its connections are seen to have ended, or when its session has.
        let heals = dies + self.random.between(100, 3000);
        let then = heals + self.random.between(1, 250);
        self.plans.push((dies, Plan::PowerCut(follower, 20)));
        self.plans.push((heals, Plan::Heal));
        self.plans.push((then, Plan::Kill(leader, 3000)));
    }

    /// Something goes wrong.
    pub(super) fn befall(&mut self) {
        let count = self.machines.len();
        let m = self.random.below(count);
        let other = (m + 1 + self.random.below(count - 1)) % count;
        let up = self.machines[m].is_up();
        let long = self.random.between(20, 4000);
        match self.random.below(36) {
            32..=33 if self.may_forget(m) && self.machines[m].sick == Sick::No => {
                self.note(format!("machine {m}: its disk fails syncs"));
                self.machines[m].sick = Sick::Failed;
                if self.cluster.is_broker(m) {
                    self.lossy = Some(m);
                }
                self.machines[m].disk.set_faults(Faults { syncs_fail: true, ..Faults::default() });
                let then = self.now + self.random.between(100, 2000);
                self.plans.push((then, Plan::NewDisk(m, long)));
            }
            34..=35 if self.may_die(m) && self.machines[m].sick == Sick::No => {
                self.note(format!("machine {m}: its disk is full for {long} ms"));
                let disk = &self.machines[m].disk;
                disk.set_faults(Faults { capacity: Some(disk.used() + 500), ..Faults::default() });
                self.machines[m].sick = Sick::Full;
                self.plans.push((self.now + long, Plan::Room(m)));
            }
            24..=27 => self.plan_succession(m % PARTITIONS),
            28..=31 => self.plan_stale_life(m % PARTITIONS),
            0..=4 if self.may_die(m) => {
                self.note(format!("machine {m}: killed for {long} ms"));
                self.kill(m, true, long);
            }
            5..=7 if self.may_forget(m) => {
                self.note(format!("machine {m}: without power for {long} ms"));
                self.kill(m, false, long);
            }
            8..=9 if up => {
                self.note(format!("machine {m}: asked to stop"));
                if let Some(stop) = self.machines[m].process.as_mut().and_then(|process| process.stop.take()) {
                    // It may have ended just now.
                    let _ = stop.send(());
                }
            }
            10..=12 if up => {
                self.note(format!("machine {m}: paused for {long} ms"));
                self.machines[m].paused_until = self.now + long;
            }
            13..=14 => {
                self.note(format!("machines {m} and {other}: cut"));
                self.network.cut(m, other);
                self.network.cut(other, m);
            }
            15..=16 => {
                self.note(format!("machine {m} to {other}: cut one way"));
                self.network.cut(m, other);
            }
            17..=18 => {
                self.note(format!("machine {m}: cut off"));
                for other in (0..=self.machines.len()).filter(|other| *other != m) {
                    self.network.cut(m, other);
                    self.network.cut(other, m);
                }
            }
            19..=21 => {
                self.note("the network is well".to_owned());
                self.network.heal();
            }
            22 => {
                let most = [3, 30, 200][self.random.below(3)];
                self.note(format!("the network takes up to {most} ms"));
                self.network.set_latency(0, most);
            }
            _ => {
                let delay = [0, 5, 60, 400][self.random.below(4)];
                self.note(format!("machine {m}: its disk takes {delay} ms"));
                self.machines[m].delay_ms = delay;
            }
        }
    }

    /// True if a machine may lose what it has not synced: its disk syncs every record, or two others hold them all, or it holds none
    /// (a controller answers for nothing that is not synced).
    fn may_forget(&self, m: usize) -> bool {
        self.machines[m].is_up() && (self.cluster.synced || !self.cluster.is_broker(m) || self.others_hold_all(m))
    }

    fn others_hold_all(&self, m: usize) -> bool {
        let holds = |other: &Machine| other.serves() && other.sick == Sick::No;
        self.lossy.is_none_or(|lossy| lossy == m)
            && self.is_full()
            && (0..BROKERS).all(|other| other == m || holds(&self.machines[other]))
    }

    pub(super) fn make_well(&mut self) {
        self.note("all is made well".to_owned());
        self.plans.clear();
        self.network.heal();
        self.network.set_latency(0, 3);
        for m in 0..self.machines.len() {
            if self.machines[m].sick == Sick::Failed && self.machines[m].is_up() {
                self.kill(m, false, 0);
            }
            self.machines[m].disk.set_faults(Faults::default());
            self.machines[m].delay_ms = 0;
            self.machines[m].paused_until = 0;
            if self.machines[m].up_again.is_some() {
                self.machines[m].up_again = Some(self.now);
            }
        }
        self.oracle.borrow_mut().stop = true;
    }
}
