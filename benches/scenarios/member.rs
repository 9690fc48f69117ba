//! Members of groups, one connection each, and a connection that only commits: the roles of S13.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use crate::group_wire as g;
use crate::link::Role;
use crate::producer::Answer;
use crate::totals::Totals;
use crate::wire::{CORRELATION_AT, TopicId, WireError};

/// What the members of all groups of a run know of each other: who is settled, and in which generation.
#[derive(Debug)]
pub struct Groups {
    /// By group: the newest generation and how many members have it.
    settled: BTreeMap<Rc<str>, (i32, usize)>,
    /// Members that each group is to have.
    pub members: usize,
    /// Groups that are to be.
    pub groups: usize,
    /// Members beat when they are told to, not when the engine's schedule says so.
    pub obey: bool,
    /// Partitions that each group is to hold; 0 for classic groups, whose members do not look at what they are given.
    partitions: usize,
    /// Partitions that members hold, and members that hold some, all groups together.
    held: usize,
    holders: usize,
}

impl Groups {
    /// So many groups of so many members.
    pub fn new(groups: usize, members: usize, partitions: usize) -> Groups {
        Groups { settled: BTreeMap::new(), members, groups, obey: true, partitions, held: 0, holders: 0 }
    }

    /// A member of `group` is settled in `generation`.
    fn settle(&mut self, group: &Rc<str>, generation: i32) {
        let (newest, count) = self.settled.entry(group.clone()).or_default();
        if generation > *newest {
            (*newest, *count) = (generation, 0);
        }
        if generation == *newest {
            *count += 1;
        }
    }

    /// True if every group has all its members in one generation, and all partitions are held by as many as can.
    fn whole(&self) -> bool {
        let holders = self.members.min(self.partitions) * self.groups;
        self.held == self.partitions * self.groups
            && self.holders == holders
            && self.settled.len() == self.groups
            && self.settled.values().all(|(_, count)| *count == self.members)
    }
}

/// One frame on its way out, and whether its answer is awaited.
#[derive(Default)]
struct Line {
    frame: Vec<u8>,
    at: usize,
    waits: bool,
}

impl Line {
    fn put(&mut self, frame: Vec<u8>) {
        (self.frame, self.at, self.waits) = (frame, 0, true);
    }

    fn unsent(&self) -> &[u8] {
        &self.frame[self.at..]
    }
}

#[derive(PartialEq)]
enum Step {
    Join,
    Sync(Vec<String>),
    Beat,
    Rest,
    Leave,
    Gone,
}

/// A member by the classic protocol. It beats when the engine says that a beat is due.
pub struct Classic {
    pub all: Rc<RefCell<Groups>>,
    pub group: Rc<str>,
    pub topic: Rc<str>,
    line: Line,
    next: Step,
    asked: Step,
    member: String,
    generation: i32,
    stopping: bool,
}

impl Classic {
    pub fn new(all: Rc<RefCell<Groups>>, group: Rc<str>, topic: Rc<str>) -> Classic {
        let (next, asked) = (Step::Join, Step::Rest);
        let (line, member) = (Line::default(), String::new());
        Classic { all, group, topic, line, next, asked, member, generation: -1, stopping: false }
    }
}

impl Role for Classic {
    fn unsent(&mut self, _now: u64) -> &[u8] {
        if !self.line.waits && !matches!(self.next, Step::Rest | Step::Gone) {
            let next = std::mem::replace(&mut self.next, Step::Rest);
            self.line.put(match &next {
                Step::Join => g::join(&self.group, &self.member, &self.topic),
                Step::Sync(members) => g::sync(&self.group, self.generation, &self.member, members),
                Step::Leave => g::leave(&self.group, &self.member),
                _ => g::heartbeat(&self.group, self.generation, &self.member),
            });
            self.asked = next;
        }
        self.line.unsent()
    }

    fn sent(&mut self, count: usize) {
        self.line.at += count;
    }

    fn answer(&mut self, frame: &[u8], _now: u64, totals: &mut Totals) -> Result<(), WireError> {
        self.line.waits = false;
        totals.requests += 1;
        let code = match &self.asked {
            Step::Join => {
                let joined = g::joined(frame)?;
                if joined.error == 0 {
                    (self.generation, self.next) = (joined.generation, Step::Sync(joined.members));
                }
                self.member = joined.member;
                joined.error
            }
            Step::Sync(_) => {
                let code = g::error(frame)?;
                if code == 0 {
                    self.all.borrow_mut().settle(&self.group, self.generation);
                }
                code
            }
            Step::Leave => {
                self.next = Step::Gone;
                return Ok(());
            }
            _ => g::error(frame)?,
        };
        match code {
            0 => {}
            g::REBALANCE_IN_PROGRESS | g::MEMBER_ID_REQUIRED => self.next = Step::Join,
            code => return Err(format!("a member is answered with error code {code}")),
        }
        if self.stopping {
            self.next = Step::Leave;
        }
        // The phase ends when all are settled; `consumed_records` is the engine's word for that.
        totals.consumed_records = self.all.borrow().whole().into();
        Ok(())
    }

    fn due(&mut self, _due: u64) {
        if self.next == Step::Rest && self.generation >= 0 {
            self.next = Step::Beat;
        }
    }

    fn stop(&mut self) {
        self.stopping = true;
        if !self.line.waits {
            self.next = Step::Leave;
        }
    }

    fn busy(&self) -> bool {
        self.next != Step::Gone
    }
}

/// A member by the consumer protocol. As clients do it acknowledges what it is given at once, and else beats after the
/// interval that the last answer told it.
pub struct Modern {
    pub all: Rc<RefCell<Groups>>,
    pub group: Rc<str>,
    pub topic: Rc<str>,
    pub topic_id: TopicId,
    line: Line,
    member: String,
    epoch: i32,
    owned: Vec<i32>,
    changed: bool,
    beat: bool,
    /// When it is to beat, and whether the engine knows.
    next: u64,
    is_told: bool,
    stopping: bool,
    gone: bool,
}

impl Modern {
    pub fn new(all: Rc<RefCell<Groups>>, group: Rc<str>, topic: Rc<str>, topic_id: TopicId, number: usize) -> Modern {
        let member = format!("{group}-{number}");
        let (line, owned) = (Line::default(), Vec::new());
        let (changed, beat, stopping, gone) = (true, true, false, false);
        let (epoch, next, is_told) = (0, u64::MAX, true);
        Modern { all, group, topic, topic_id, line, member, epoch, owned, changed, beat, next, is_told, stopping, gone }
    }
}

impl Role for Modern {
    fn unsent(&mut self, _now: u64) -> &[u8] {
        if !self.line.waits && !self.gone && (self.beat || self.changed || self.stopping) {
            let owned = self.changed.then_some((&self.topic_id, &self.owned[..]));
            let epoch = if self.stopping { -1 } else { self.epoch };
            self.line.put(g::beat(&self.group, &self.member, epoch, &self.topic, owned));
            (self.changed, self.beat) = (false, false);
        }
        self.line.unsent()
    }

    fn sent(&mut self, count: usize) {
        self.line.at += count;
    }

    fn answer(&mut self, frame: &[u8], now: u64, totals: &mut Totals) -> Result<(), WireError> {
        self.line.waits = false;
        totals.requests += 1;
        let beaten = g::beaten(frame)?;
        if beaten.epoch < 0 {
            self.gone = true;
            return Ok(());
        }
        (self.next, self.is_told) = (now + beaten.interval_ms * 1_000_000, false);
        let mut all = self.all.borrow_mut();
        if beaten.epoch != self.epoch {
            self.epoch = beaten.epoch;
            all.settle(&self.group, self.epoch);
        }
        if let Some(assigned) = beaten.assigned {
            all.held = all.held + assigned.len() - self.owned.len();
            all.holders = all.holders + usize::from(!assigned.is_empty()) - usize::from(!self.owned.is_empty());
            self.changed = self.owned != assigned;
            self.owned = assigned;
        }
        totals.consumed_records = all.whole().into();
        Ok(())
    }

    fn due(&mut self, due: u64) {
        // An alarm that a later answer has put off is none.
        self.beat |= !self.all.borrow().obey || due == self.next;
    }

    fn alarm(&mut self) -> Option<u64> {
        (!std::mem::replace(&mut self.is_told, true)).then_some(self.next)
    }

    fn stop(&mut self) {
        self.stopping = true;
    }

    fn busy(&self) -> bool {
        !self.gone
    }
}

/// A connection that commits offsets of many groups, `window` requests in flight.
pub struct Committer {
    answers: Answer,
    frames: Vec<Vec<u8>>,
    window: usize,
    turn: usize,
    out: Vec<u8>,
    at: usize,
    in_flight: VecDeque<u64>,
    stopped: bool,
}

impl Committer {
    /// Commits of `topic` in the groups given, one after the other.
    pub fn new(groups: &[Rc<str>], topic: &str, window: usize, answers: Answer) -> Committer {
        let frames = groups.iter().map(|group| g::commit(group, topic, 0, 42)).collect();
        let (out, in_flight) = (Vec::new(), VecDeque::new());
        Committer { answers, frames, window, turn: 0, out, at: 0, in_flight, stopped: false }
    }
}

impl Role for Committer {
    fn unsent(&mut self, now: u64) -> &[u8] {
        if self.at == self.out.len() {
            (self.at, self.turn) = (0, self.turn % self.frames.len());
            self.out.clear();
            while !self.stopped && self.in_flight.len() < self.window && self.out.len() < 16 << 10 {
                self.frames[self.turn][CORRELATION_AT..][..4].copy_from_slice(&0u32.to_be_bytes());
                self.out.extend_from_slice(&self.frames[self.turn]);
                self.turn = (self.turn + 1) % self.frames.len();
                self.in_flight.push_back(now);
            }
        }
        &self.out[self.at..]
    }

    fn sent(&mut self, count: usize) {
        self.at += count;
    }

    fn answer(&mut self, frame: &[u8], now: u64, totals: &mut Totals) -> Result<(), WireError> {
        let begun = self.in_flight.pop_front().ok_or("an answer that nobody asked for")?;
        if self.answers == Answer::Kafka {
            g::committed(frame)?;
        }
        totals.requests += 1;
        totals.ack.saturating_record((now.saturating_sub(begun) / 1000).max(1));
        Ok(())
    }

    fn stop(&mut self) {
        self.stopped = true;
    }

    fn busy(&self) -> bool {
        !self.in_flight.is_empty()
    }
}
