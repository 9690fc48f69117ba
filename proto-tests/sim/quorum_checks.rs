//! What must hold of the controllers' quorum at every step: Raft's own rules, looked at in all of their logs at once.
//!
//! - in each term one controller leads, and whoever begins to lead has all that was committed before;
//! - a controller's term does not go back and its vote in a term changes only to the one that leads in it, across restarts as well;
//!   what it knows to be committed does not go back while it runs, and nothing beyond that is applied;
//! - entries of one offset and one term are the same in all logs, and at one offset one entry is applied;
//! - what anybody has applied lies in the log on the disk, or in a snapshot, of a majority of voters, and who once held it so still
//!   does after a restart.
//!
//! Logs are read as they grow; at the end of a run each is read again from its beginning.

use std::collections::BTreeMap;

use ottla::base::ids::{LeaderEpoch, NodeId, Offset};
use ottla::controller::quorum::testimony::{Place, Testimony};
use ottla::log::log::Log;
use ottla::log::read_info::ReadUpTo;
use ottla::record::batch::batches;
use twox_hash::XxHash3_64;

/// What is known of one controller, also while it is down.
#[derive(Default)]
struct Member {
    term: LeaderEpoch,
    voted_for: Option<NodeId>,
    /// The terms of its entries: where each begins. Of what a snapshot has replaced, too.
    terms: Vec<(Offset, LeaderEpoch)>,
    /// How far its log was read.
    read_to: Offset,
    /// How far its log was on the disk when it was looked at last, and the end of its snapshot.
    on_disk: Offset,
    snapshot: Option<Place>,
    /// The last of what is committed that it held on its disk.
    held: Option<Place>,
    /// Of this life.
    committed: Offset,
    /// Not looked at yet in this life.
    is_back: bool,
}

impl Member {
    fn term_at(&self, at: Offset) -> Option<LeaderEpoch> {
        let behind = self.terms.partition_point(|(start, _)| *start <= at);
        (at < self.read_to && behind > 0).then(|| self.terms[behind - 1].1)
    }

    /// Whether an entry is in its log or its snapshot.
    fn has(&self, (at, term): Place) -> bool {
        self.snapshot.is_some_and(|(end, _)| end >= at) || self.term_at(at) == Some(term)
    }

    /// Whether it is on its disk as well.
    fn holds(&self, (at, term): Place) -> bool {
        self.snapshot.is_some_and(|(end, _)| end >= at) || (at < self.on_disk && self.term_at(at) == Some(term))
    }

    /// Takes back what it says of the log from `from` on.
    fn cut(&mut self, from: Offset) {
        self.terms.retain(|(start, _)| *start < from);
        self.read_to = self.read_to.min(from);
    }
}

/// What has been seen so far.
#[derive(Default)]
pub struct QuorumChecks {
    members: BTreeMap<usize, Member>,
    leaders: BTreeMap<LeaderEpoch, NodeId>,
    /// What each entry holds, as a sum, as the first log had it.
    entries: BTreeMap<Place, u64>,
    /// The term of each entry that somebody has applied, from the first offset on.
    applied: Vec<LeaderEpoch>,
    /// Who votes, as the newest leader has it: those whose majority holds all that is committed.
    voters: (LeaderEpoch, Vec<NodeId>),
}

impl QuorumChecks {
    /// A controller has lost its memory.
    pub fn forget(&mut self, machine: usize) {
        if let Some(member) = self.members.get_mut(&machine) {
            // What it has on its disk now is seen when it is back.
            (member.committed, member.is_back) = (Offset(0), true);
        }
    }

    /// Looks at the controllers that run.
    pub fn look(&mut self, testimonies: &[(usize, Testimony)]) -> Result<(), String> {
        for (machine, now) in testimonies {
            self.votes(*machine, now)?;
            self.read(*machine, now)?;
        }
        for (machine, now) in testimonies {
            self.leads(*machine, now)?;
            self.applies(*machine, now)?;
        }
        for (machine, now) in testimonies {
            self.held(*machine, now)?;
        }
        self.majority()
    }

    /// Reads every log again, from its beginning.
    pub fn read_again(&mut self, testimonies: &[(usize, Testimony)]) -> Result<(), String> {
        for (machine, now) in testimonies {
            self.members.entry(*machine).or_default().cut(now.log.log_start_offset());
            self.read(*machine, now)?;
        }
        Ok(())
    }

    fn votes(&mut self, machine: usize, now: &Testimony) -> Result<(), String> {
        let member = self.members.entry(machine).or_default();
        let changed = now.term == member.term && member.voted_for.is_some() && now.voted_for != member.voted_for;
        // Whoever voted for another follows the one that was elected.
        let astray = changed && self.leaders.get(&now.term).copied() != now.voted_for;
        if now.term < member.term || astray {
            return Err(format!(
                "controller {}: term {} and vote {:?} after term {} and vote {:?}",
                now.id, now.term, now.voted_for, member.term, member.voted_for
            ));
        }
        (member.term, member.voted_for) = (now.term, now.voted_for);
        Ok(())
    }

    /// Reads what a log has that was not read yet.
    fn read(&mut self, machine: usize, now: &Testimony) -> Result<(), String> {
        let (log, member) = (&now.log, self.members.entry(machine).or_default());
        let (start, end) = (log.log_start_offset(), log.log_end_offset());
        if end < member.read_to {
            member.cut(end);
        }
        let last = member.read_to.plus(-1);
        if last >= start && member.term_at(last) != log.epoch_for_offset(last) {
            // Cut, and written anew.
            member.cut(start);
        }
        member.read_to = member.read_to.max(start);
        while member.read_to < end {
            let before = member.read_to;
            for (at, term, sum) in entries(log, before, end)? {
                let known = *self.entries.entry((at, term)).or_insert(sum);
                if known != sum {
                    return Err(format!("controller {}: another entry at {at} in term {term} than elsewhere", now.id));
                }
                if member.terms.last().is_none_or(|(_, last)| *last != term) {
                    member.terms.push((at, term));
                }
                member.read_to = at.plus(1);
            }
            if member.read_to == before {
                break;
            }
        }
        (member.on_disk, member.snapshot) = (log.recovery_point(), now.snapshot);
        Ok(())
    }

    /// One leads in a term, and has what was committed before.
    fn leads(&mut self, machine: usize, now: &Testimony) -> Result<(), String> {
        if !now.leads {
            return Ok(());
        }
        if now.term >= self.voters.0
            && let Some(voters) = now.voters.first()
        {
            self.voters = (now.term, voters.clone());
        }
        let is_newest = self.leaders.keys().all(|term| *term < now.term);
        let first = *self.leaders.entry(now.term).or_insert(now.id);
        if first != now.id {
            return Err(format!("controllers {first} and {} lead in term {}", now.id, now.term));
        }
        match self.last_applied() {
            Some(last) if is_newest && !self.members[&machine].has(last) => {
                Err(format!("controller {} leads in term {} without {last:?}, which is committed", now.id, now.term))
            }
            _ => Ok(()),
        }
    }

    fn last_applied(&self) -> Option<Place> {
        let term = *self.applied.last()?;
        Some((Offset(self.applied.len() as i64 - 1), term))
    }

    /// What is applied is known to be committed, and the same everywhere.
    fn applies(&mut self, machine: usize, now: &Testimony) -> Result<(), String> {
        let Some(member) = self.members.get_mut(&machine) else { return Ok(()) };
        let committed = now.log.high_watermark();
        if committed < member.committed {
            return Err(format!("controller {}: committed up to {committed} after {}", now.id, member.committed));
        }
        member.committed = committed;
        let Some((last, term)) = now.applied else { return Ok(()) };
        let of_snapshot = now.snapshot.map_or(Offset(0), |(end, _)| end.plus(1));
        if last >= committed.max(of_snapshot) {
            return Err(format!("controller {}: {last} is applied, but committed only up to {committed}", now.id));
        }
        let known = usize::try_from(last.0).ok().and_then(|at| self.applied.get(at)).copied();
        if known.is_some_and(|known| known != term) {
            return Err(format!("controller {}: applied {last} of term {term}, others that of {known:?}", now.id));
        }
        while self.applied.len() as i64 <= last.0 {
            let at = Offset(self.applied.len() as i64);
            let Some(term) = member.term_at(at) else {
                return Err(format!("controller {}: applied up to {last}, and nobody was seen to have {at}", now.id));
            };
            self.applied.push(term);
        }
        Ok(())
    }

    /// Who has held what is committed on its disk holds it still.
    fn held(&mut self, machine: usize, now: &Testimony) -> Result<(), String> {
        let applied = &self.applied;
        let Some(member) = self.members.get_mut(&machine) else { return Ok(()) };
        let lost = member.held.filter(|held| !member.holds(*held));
        // Who is about to install a snapshot cuts its log first. Then a majority of others has what it holds.
        let cuts = !std::mem::take(&mut member.is_back);
        if cuts && lost.is_some() {
            member.held = None;
        }
        if let Some(held) = lost.filter(|_| !cuts) {
            return Err(format!(
                "controller {}: has lost {held:?}, which is committed: its log is {}..{}, on disk to {}, its snapshot {:?}",
                now.id,
                now.log.log_start_offset(),
                now.log.log_end_offset(),
                member.on_disk,
                member.snapshot
            ));
        }
        let last = member.on_disk.0.min(applied.len() as i64) - 1;
        if let Some(term) = usize::try_from(last).ok().map(|at| applied[at])
            && member.holds((Offset(last), term))
            && member.held.is_none_or(|(held, _)| held < Offset(last))
        {
            member.held = Some((Offset(last), term));
        }
        Ok(())
    }

    /// What is committed lies on the disks of a majority.
    fn majority(&self) -> Result<(), String> {
        let (Some(last), (_, voters)) = (self.last_applied(), &self.voters) else { return Ok(()) };
        let machine = |id: &NodeId| usize::try_from(id.0 - 1).unwrap_or(usize::MAX);
        let holds = |id: &&NodeId| self.members.get(&machine(id)).is_some_and(|member| member.holds(last));
        let count = voters.iter().filter(holds).count();
        if !voters.is_empty() && count * 2 <= voters.len() {
            let on_disk: Vec<_> = self.members.iter().map(|(m, member)| (m, member.on_disk, member.snapshot)).collect();
            return Err(format!("{last:?} is applied, but {count} of {voters:?} hold it on their disks: {on_disk:?}"));
        }
        Ok(())
    }
}

/// Some of a log's entries from an offset on: where each is, its term, a sum of what it holds (of which the time at which a
/// controller wrote it is no part).
fn entries(log: &Log, from: Offset, end: Offset) -> Result<Vec<(Offset, LeaderEpoch, u64)>, String> {
    let read = log.read(from, 1 << 20, ReadUpTo::LogEnd, true).map_err(|error| error.to_string())?;
    let bytes = read.records.to_bytes().map_err(|error| error.to_string())?;
    let views = batches(&bytes).map_while(Result::ok);
    let inside = views.filter(|view| view.header.base_offset >= from && view.header.base_offset < end);
    Ok(inside
        .map(|view| (view.header.base_offset, view.header.leader_epoch, XxHash3_64::oneshot(view.payload())))
        .collect())
}
