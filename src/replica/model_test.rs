//! The replication protocol played by three brokers and a controller, step by step at random, on logs that are lists.
//!
//! The deciding parts are the real ones: [`Leading`], the in-sync set, the high watermark, [`FetcherState`] and the cut. After each
//! step: whatever a leader ever counted as committed stays at its offset in every later leader's log. At the end, with everybody
//! up, all logs come out equal. Each plant breaks one rule, and must be found out.

use std::collections::BTreeMap;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{BrokerEpoch, LeaderEpoch, Millis, NodeId, Offset, PartitionEpoch, PartitionIndex, Uuid};
use crate::replica::edges::{FetchWish, FollowedPartition};
use crate::replica::fetcher_state::{FetcherState, Position, Step, truncation_point};
use crate::replica::follower::FollowerFetch;
use crate::replica::high_watermark::{self, Replicated};
use crate::replica::isr::{IsrAnswer, Proposal};
use crate::replica::leading::{Leading, LogEnds};

const BROKERS: usize = 3;
const LAG_MAX: Millis = Millis(1000);

/// A rule that is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plant {
    None,
    /// A follower cuts back to its own high watermark instead of where the epochs depart (before KIP-101).
    CutAtHighWatermark,
    /// A leader counts fetches made under another epoch, and does not compare epochs (before KIP-320).
    CountAnyEpoch,
    /// Who joins is not asked in which life it fetched (before KIP-903).
    JoinAnyLife,
    /// A follower that is to leave does not count from the asking on.
    ShrinkAtOnce,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Metadata {
    leader: Option<usize>,
    leader_epoch: i32,
    partition_epoch: i32,
    isr: Vec<usize>,
}

#[derive(Default)]
struct Log {
    records: Vec<(i32, u64)>,
    /// Epochs and where they began, those without records too.
    epochs: Vec<(i32, i64)>,
    high_watermark: i64,
}

impl Log {
    fn end(&self) -> i64 {
        self.records.len() as i64
    }
    fn begin(&mut self, epoch: i32) {
        if self.epochs.last().is_none_or(|(last, _)| *last < epoch) {
            let end = self.end();
            self.epochs.retain(|(_, start)| *start < end);
            self.epochs.push((epoch, end));
        }
    }
    fn append(&mut self, (epoch, value): (i32, u64)) {
        self.begin(epoch);
        self.records.push((epoch, value));
    }
    fn cut(&mut self, to: i64) {
        self.records.truncate(to as usize);
        self.epochs.retain(|(_, start)| *start < to);
        self.high_watermark = self.high_watermark.min(to);
    }
    fn end_of(&self, epoch: LeaderEpoch) -> (LeaderEpoch, Offset) {
        let none = (LeaderEpoch::NONE, Offset::NONE);
        match self.epochs.iter().rposition(|(e, _)| *e <= epoch.0) {
            Some(i) if i + 1 == self.epochs.len() && self.epochs[i].0 < epoch.0 => none,
            Some(i) => {
                let end = self.epochs.get(i + 1).map_or(self.end(), |(_, start)| *start);
                (LeaderEpoch(self.epochs[i].0), Offset(end))
            }
            None => self.epochs.first().map_or(none, |(_, start)| (epoch, Offset(*start))),
        }
    }
    fn position(&self) -> Position {
        let last = self.epochs.last().map_or(-1, |(epoch, _)| *epoch);
        Position { log_end: Offset(self.end()), last_epoch: LeaderEpoch(last) }
    }
}

type Answer = (FetchWish, ErrorCode, Option<(LeaderEpoch, Offset)>, Vec<(i32, u64)>, i64);

struct Broker {
    up: bool,
    life: i64,
    applied: Option<Metadata>,
    log: Log,
    leading: Option<Leading>,
    following: FetcherState<()>,
    inbox: Option<Answer>,
    isr_inbox: Option<(Proposal, IsrAnswer)>,
}

struct World {
    plant: Plant,
    random: u64,
    now: i64,
    metadata: Metadata,
    brokers: Vec<Broker>,
    /// The lives under which brokers are registered and not fenced.
    alive: BTreeMap<usize, i64>,
    committed: Vec<(i32, u64)>,
    next_value: u64,
    next_life: i64,
}

fn key() -> FollowedPartition {
    FollowedPartition { topic_id: Uuid([7; 16]), topic: "t".into(), partition: PartitionIndex(0) }
}

fn node(broker: usize) -> NodeId {
    NodeId(broker as i32)
}

impl World {
    fn new(plant: Plant, seed: u64) -> Self {
        let broker = |_| Broker {
            up: true,
            life: 1,
            applied: None,
            log: Log::default(),
            leading: None,
            following: FetcherState::new(Millis(0)),
            inbox: None,
            isr_inbox: None,
        };
        let metadata = Metadata { leader: Some(0), leader_epoch: 0, partition_epoch: 0, isr: (0..BROKERS).collect() };
        Self {
            plant,
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            now: 0,
            metadata,
            brokers: (0..BROKERS).map(broker).collect(),
            alive: (0..BROKERS).map(|b| (b, 1)).collect(),
            committed: Vec::new(),
            next_value: 0,
            next_life: 2,
        }
    }

    fn below(&mut self, n: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as usize % n
    }

    fn step(&mut self) -> Result<(), String> {
        let b = self.below(BROKERS);
        match self.below(26) {
            0..=4 => self.produce(b)?,
            5..=9 => self.fetch(b)?,
            10..=13 => self.deliver(b),
            14..=16 => self.apply(b)?,
            17..=18 => self.alter(b),
            19 => self.alter_answered(b)?,
            20 => {
                self.now += 600;
                let (now, end) = (Millis(self.now), Offset(self.brokers[b].log.end()));
                if let Some(leading) = self.brokers[b].leading.as_mut() {
                    leading.shrink(end, now);
                }
            }
            21..=22 => self.crash(b),
            23..=24 => self.restart(b),
            _ => self.elect_another(),
        }
        self.brokers.iter_mut().for_each(|broker| assert!(broker.log.high_watermark <= broker.log.end()));
        Ok(())
    }

    fn produce(&mut self, b: usize) -> Result<(), String> {
        let broker = &mut self.brokers[b];
        if let Some(leading) = broker.leading.as_ref().filter(|_| broker.up) {
            broker.log.append((leading.epoch().0, self.next_value));
            self.next_value += 1;
        }
        self.advance(b)
    }

    /// Moves the high watermark of a leader; what it passes is committed.
    fn advance(&mut self, b: usize) -> Result<(), String> {
        let (plant, now, alive) = (self.plant, self.now, &self.alive);
        let alive = |n: NodeId| alive.get(&(n.0 as usize)).map(|life| BrokerEpoch(*life));
        let broker = &mut self.brokers[b];
        let Some(leading) = broker.leading.as_ref().filter(|_| broker.up) else { return Ok(()) };
        let end = Offset(broker.log.end());
        let mut lowest = leading.lowest_counted_end(end, &alive, || Millis(now));
        if plant == Plant::ShrinkAtOnce && leading.isr().pending().is_some() {
            let kept =
                leading.isr().pending().map(|p| p.isr.iter().map(|(n, _)| *n).collect::<Vec<_>>()).unwrap_or_default();
            lowest = leading.followers().filter(|(n, _)| kept.contains(n)).map(|(_, f)| f.log_end).min();
        }
        let isr_size = leading.isr().committed().len();
        let state = Replicated { leader_end: end, lowest_follower_end: lowest, isr_size, min_isr: 1 };
        let next = high_watermark::advance(Offset(broker.log.high_watermark), state).0;
        broker.log.high_watermark = next;
        let seen = &broker.log.records[..next as usize];
        let common = seen.len().min(self.committed.len());
        if seen[..common] != self.committed[..common] {
            return Err(format!("broker {b} committed {seen:?}, but {:?} was committed", self.committed));
        }
        if seen.len() > common {
            self.committed = seen.to_vec();
        }
        Ok(())
    }

    fn fetch(&mut self, b: usize) -> Result<(), String> {
        let now = Millis(self.now);
        let Some(leader) = self.brokers[b].applied.as_ref().and_then(|m| m.leader).filter(|l| *l != b) else {
            return Ok(());
        };
        if !self.brokers[b].up || !self.brokers[leader].up || self.brokers[b].inbox.is_some() {
            return Ok(());
        }
        let Some((_, wish)) = self.brokers[b].following.plan(now, |()| Offset(0)).fetches.pop() else { return Ok(()) };
        let answer = self.answer(b, leader, wish);
        self.brokers[b].inbox = Some(answer);
        self.advance(leader)
    }

    /// What `replica::read` does for a follower.
    fn answer(&mut self, b: usize, leader: usize, wish: FetchWish) -> Answer {
        let (any_epoch, now) = (self.plant == Plant::CountAnyEpoch, Millis(self.now));
        let many = 1 + self.below(3);
        let (life, alive) = (BrokerEpoch(self.brokers[b].life), self.alive.clone());
        let any_life = self.plant == Plant::JoinAnyLife;
        let broker = &mut self.brokers[leader];
        let refused = |code| (wish, code, None, Vec::new(), 0);
        let Some(leading) = broker.leading.as_mut() else { return refused(ErrorCode::NotLeaderOrFollower) };
        if leading.epoch() != wish.leader_epoch && !any_epoch {
            return refused(if wish.leader_epoch < leading.epoch() {
                ErrorCode::FencedLeaderEpoch
            } else {
                ErrorCode::UnknownLeaderEpoch
            });
        }
        if !wish.last_fetched_epoch.is_none() && !any_epoch && self.plant != Plant::CutAtHighWatermark {
            let (shared, end) = broker.log.end_of(wish.last_fetched_epoch);
            if shared < wish.last_fetched_epoch || end < wish.from {
                return (wish, ErrorCode::None, Some((shared, end)), Vec::new(), broker.log.high_watermark);
            }
        }
        if wish.from.0 > broker.log.end() {
            return refused(ErrorCode::OffsetOutOfRange);
        }
        let told = FollowerFetch { node: node(b), broker_epoch: life, from: wish.from, log_start: Offset(0) };
        let ends = LogEnds { log_end: Offset(broker.log.end()), high_watermark: Offset(broker.log.high_watermark) };
        let alive = |n: NodeId| {
            let registered = alive.get(&(n.0 as usize)).map(|life| BrokerEpoch(*life));
            if any_life { registered.map(|_| life) } else { registered }
        };
        let noted = leading.fetched(&told, ends, &alive, now);
        if noted.is_err() {
            return refused(ErrorCode::NotLeaderOrFollower);
        }
        let records = broker.log.records[wish.from.0 as usize..].iter().take(many).copied().collect();
        (wish, ErrorCode::None, None, records, broker.log.high_watermark)
    }

    fn deliver(&mut self, b: usize) {
        let now = Millis(self.now);
        let ends = self.brokers[b].applied.as_ref().and_then(|m| m.leader).map(|l| self.brokers[l].log.end());
        let broker = &mut self.brokers[b];
        let Some((wish, error, diverging, records, high_watermark)) = broker.inbox.take().filter(|_| broker.up) else {
            return;
        };
        match broker.following.answered(&key(), &wish, error, diverging, now) {
            Step::Append => {
                records.into_iter().for_each(|record| broker.log.append(record));
                broker.log.high_watermark = broker.log.high_watermark.max(high_watermark.min(broker.log.end()));
            }
            Step::Truncate(epoch, end) => {
                let log = &broker.log;
                let to = truncation_point((epoch, end), |e| log.end_of(e), Offset(log.end()));
                broker.log.cut(to.0);
            }
            Step::Nothing if error == ErrorCode::OffsetOutOfRange => {
                if let Some(end) = ends.filter(|end| *end < broker.log.end()) {
                    broker.log.cut(end);
                }
            }
            Step::Nothing => return,
        }
        broker.following.moved(&key(), wish.leader_epoch, broker.log.position());
    }

    /// A broker applies the newest metadata, or none that is new to it.
    fn apply(&mut self, b: usize) -> Result<(), String> {
        let (next, now) = (self.metadata.clone(), Millis(self.now));
        let broker = &mut self.brokers[b];
        if !broker.up || broker.applied.as_ref() == Some(&next) {
            return Ok(());
        }
        let isr: Vec<_> = next.isr.iter().map(|b| node(*b)).collect();
        let replicas: Vec<_> = (0..BROKERS).map(node).collect();
        let (leader_epoch, partition_epoch) = (LeaderEpoch(next.leader_epoch), PartitionEpoch(next.partition_epoch));
        let before = broker.applied.replace(next.clone());
        let moved = before.is_none_or(|m| (m.leader, m.leader_epoch) != (next.leader, next.leader_epoch));
        match broker.leading.as_mut() {
            Some(leading) if next.leader == Some(b) && leading.epoch() == leader_epoch => {
                leading.told(&replicas, partition_epoch, &isr);
            }
            _ if next.leader == Some(b) => {
                broker.following.stop(&key());
                broker.log.begin(next.leader_epoch);
                let start = Offset(broker.log.end());
                let state = (partition_epoch, isr.as_slice());
                broker.leading = Some(Leading::new(node(b), (leader_epoch, start), &replicas, state, LAG_MAX, now));
                let log = &broker.log.records;
                if log.len() < self.committed.len() || log[..self.committed.len()] != self.committed[..] {
                    return Err(format!("broker {b} leads with {log:?}, but {:?} was committed", self.committed));
                }
            }
            _ => {
                broker.leading = None;
                if moved && next.leader.is_some() {
                    if self.plant == Plant::CutAtHighWatermark {
                        let to = broker.log.high_watermark;
                        broker.log.cut(to);
                    }
                    broker.following.follow(key(), (), leader_epoch, broker.log.position());
                }
            }
        }
        self.advance(b)
    }

    /// A leader's wish reaches the controller, which decides as `controller::alter_partition` does.
    fn alter(&mut self, b: usize) {
        let Some(leading) = self.brokers[b].leading.as_ref().filter(|_| self.brokers[b].up) else { return };
        let Some(proposal) = leading.isr().pending().cloned() else { return };
        let now = &mut self.metadata;
        let any_life = self.plant == Plant::JoinAnyLife;
        let answer = if proposal.leader_epoch.0 != now.leader_epoch || proposal.partition_epoch.0 != now.partition_epoch
        {
            IsrAnswer::Outdated
        } else if proposal.isr.iter().any(|(n, life)| {
            let alive = self.alive.get(&(n.0 as usize));
            alive.is_none_or(|alive| !any_life && !life.is_none() && *alive != life.0)
        }) {
            IsrAnswer::NotApplied
        } else {
            now.isr = proposal.isr.iter().map(|(n, _)| n.0 as usize).collect();
            now.partition_epoch += 1;
            let (leader_epoch, partition_epoch) = (LeaderEpoch(now.leader_epoch), PartitionEpoch(now.partition_epoch));
            let isr = proposal.isr.iter().map(|(n, _)| *n).collect();
            IsrAnswer::Applied { leader_epoch, partition_epoch, isr }
        };
        // Now and then the answer is lost.
        let lost = self.below(4) == 0;
        self.brokers[b].isr_inbox = Some((proposal, if lost { IsrAnswer::Unknown } else { answer }));
    }

    fn alter_answered(&mut self, b: usize) -> Result<(), String> {
        let broker = &mut self.brokers[b];
        if let (Some((proposal, answer)), Some(leading)) = (broker.isr_inbox.take(), broker.leading.as_mut()) {
            leading.answered(&proposal, answer);
        }
        self.advance(b)
    }

    /// The process ends, and with it perhaps the end of its log. The last that is in sync keeps what it has.
    fn crash(&mut self, b: usize) {
        if !self.brokers[b].up {
            return;
        }
        let is_last = self.metadata.isr == [b];
        let kept = self.brokers[b].log.end() - if is_last { 0 } else { self.below(3) as i64 };
        let known = self.below(self.brokers[b].log.high_watermark as usize + 1) as i64;
        let broker = &mut self.brokers[b];
        (broker.up, broker.applied, broker.leading, broker.inbox, broker.isr_inbox) = (false, None, None, None, None);
        broker.following.stop(&key());
        broker.log.cut(kept.max(0));
        broker.log.high_watermark = broker.log.high_watermark.min(known);
        self.alive.remove(&b);
        let now = &mut self.metadata;
        if now.isr.contains(&b) && !is_last {
            now.isr.retain(|member| *member != b);
            now.partition_epoch += 1;
        }
        if now.leader == Some(b) {
            now.leader = now.isr.iter().copied().find(|member| *member != b);
            now.leader_epoch += 1;
            now.partition_epoch += 1;
        }
    }

    fn restart(&mut self, b: usize) {
        if self.brokers[b].up {
            return;
        }
        let life = self.next_life;
        self.next_life += 1;
        (self.brokers[b].up, self.brokers[b].life) = (true, life);
        self.alive.insert(b, life);
        if self.metadata.leader.is_none() && self.metadata.isr.contains(&b) {
            self.lead(b);
        }
    }

    fn elect_another(&mut self) {
        let able: Vec<_> = self.metadata.isr.iter().copied().filter(|b| self.alive.contains_key(b)).collect();
        if !able.is_empty() {
            let next = able[self.below(able.len())];
            if self.metadata.leader != Some(next) {
                self.lead(next);
            }
        }
    }

    fn lead(&mut self, b: usize) {
        self.metadata.leader = Some(b);
        self.metadata.leader_epoch += 1;
        self.metadata.partition_epoch += 1;
    }

    /// Everybody comes up and nothing is lost any more: all logs must come out equal and whole.
    fn heal(&mut self) -> Result<(), String> {
        (0..BROKERS).for_each(|b| self.restart(b));
        for _ in 0..400 {
            if self.is_whole().is_ok() {
                return Ok(());
            }
            for b in 0..BROKERS {
                self.apply(b)?;
                self.fetch(b)?;
                self.deliver(b);
                self.alter(b);
                self.alter_answered(b)?;
            }
        }
        self.is_whole()
    }

    fn is_whole(&self) -> Result<(), String> {
        let logs: Vec<_> = self.brokers.iter().map(|b| b.log.records.clone()).collect();
        let leader = self.metadata.leader.ok_or("nobody leads")?;
        if logs.iter().any(|log| *log != logs[leader]) || !logs[leader].starts_with(&self.committed) {
            return Err(format!("the logs did not come out equal: {logs:?}, committed {:?}", self.committed));
        }
        if self.metadata.isr.len() != BROKERS || self.committed.len() != logs[leader].len() {
            return Err(format!(
                "in sync are {:?}, committed {} of {}",
                self.metadata.isr,
                self.committed.len(),
                logs[leader].len()
            ));
        }
        Ok(())
    }
}

fn play(plant: Plant, seed: u64, steps: usize) -> Result<(), String> {
    let mut world = World::new(plant, seed);
    for _ in 0..steps {
        world.step()?;
    }
    world.heal()
}

/// Long enough for a broker to leave, catch up, and be lost again while its return is decided.
const STEPS: usize = 500;

#[test]
fn what_was_committed_stays_and_all_logs_come_out_equal() {
    for seed in 0..5000 {
        if let Err(broken) = play(Plant::None, seed, STEPS) {
            panic!("seed {seed}: {broken}");
        }
    }
}

#[test]
fn a_broken_rule_is_found_out() {
    for plant in [Plant::CutAtHighWatermark, Plant::CountAnyEpoch, Plant::JoinAnyLife, Plant::ShrinkAtOnce] {
        assert!((0..5000).any(|seed| play(plant, seed, STEPS).is_err()), "{plant:?} went unnoticed");
    }
}
