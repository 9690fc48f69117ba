//! A group in a house of its own, for tests: a machine, its log in memory, its timers, and those who wait.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;

use super::group::ClassicGroup;
use super::heartbeat::{Heartbeat, heartbeat};
use super::join::{JoinGroup, join};
use super::leave::{LeaveGroup, LeaveReply, Leaving, leave};
use super::settings::Settings;
use super::soft::{Effect, JoinReply, SyncReply};
use super::sync::{SyncGroup, sync};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{LeaderEpoch, Millis, Offset, Uuid};
use crate::config::server::ServerConfig;
use crate::coordinator::group::machine::{self, Group, GroupMachine, Outcome};
use crate::coordinator::group::record::{GroupId, GroupRecord, MemberId};
use crate::machine::machine::{Machine, ReplayAt};
use crate::machine::outcome::{Reply, WaiterId, Writer};
use crate::machine::timer::Timers;
use crate::machine::transcript::Transcript;

/// What somebody was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Join(JoinReply),
    Sync(SyncReply),
}

impl Answer {
    pub fn join(&self) -> &JoinReply {
        let Self::Join(reply) = self else { panic!("{self:?} is not the answer to a join") };
        reply
    }
}

impl From<JoinReply> for Answer {
    fn from(reply: JoinReply) -> Self {
        Self::Join(reply)
    }
}

impl From<SyncReply> for Answer {
    fn from(reply: SyncReply) -> Self {
        Self::Sync(reply)
    }
}

pub struct House {
    pub machine: GroupMachine,
    pub settings: Settings,
    pub now: Millis,
    pub log: Vec<GroupRecord>,
    pub timers: Timers<machine::Timer>,
    pub transcript: Transcript,
    /// By waiter; none while it waits.
    pub answers: BTreeMap<u64, Option<Answer>>,
    pub soft_changes: u64,
    pub ids: u8,
}

pub const GROUP: &str = "g";

impl House {
    pub fn new() -> Self {
        let settings = Settings {
            session_timeout_ms_min: 6_000,
            session_timeout_ms_max: 1_800_000,
            initial_rebalance_delay_ms: 3_000,
            members_max: i32::MAX,
        };
        Self {
            machine: empty_machine(),
            settings,
            now: Millis(0),
            log: Vec::new(),
            timers: Timers::default(),
            transcript: Transcript::default(),
            answers: BTreeMap::new(),
            soft_changes: 0,
            ids: 0,
        }
    }

    pub fn group(&self) -> Option<&ClassicGroup> {
        self.machine.classic(GROUP)
    }

    /// A join as a consumer of version 9 sends it.
    pub fn member(&mut self, id: &str, protocols: &[&str]) -> JoinGroup {
        self.ids = self.ids.wrapping_add(1);
        let mut fresh = [0; 16];
        fresh[15] = self.ids;
        JoinGroup {
            group: GROUP.into(),
            member_id: id.into(),
            fresh: Uuid(fresh),
            instance_id: None,
            client_id: "c".into(),
            client_host: "/127.0.0.1".into(),
            session_timeout_ms: 10_000,
            rebalance_timeout_ms: 60_000,
            protocol_type: "consumer".into(),
            protocols: protocols.iter().map(|name| ((*name).into(), subscription("t"))).collect(),
            reason: None,
            can_rejoin_with_id: true,
            can_skip_assignment: true,
            waiter: self.next_waiter(),
        }
    }

    fn next_waiter(&self) -> WaiterId {
        WaiterId(self.answers.len() as u64)
    }

    /// Joins; the answer may have come by the time this returns.
    pub fn join(&mut self, op: JoinGroup) -> u64 {
        let waiter = self.next_waiter().0;
        self.answers.insert(waiter, None);
        let said = match &op.instance_id {
            Some(name) => format!("{name} ({}) joins", op.member_id),
            None => format!("({}) joins", op.member_id),
        };
        let id = op.member_id.clone();
        let decided = join(&self.machine, self.now, &self.settings, JoinGroup { waiter: WaiterId(waiter), ..op });
        self.settle(&said, waiter, decided, |error| JoinReply::error(error, id));
        waiter
    }

    pub fn sync(&mut self, id: &str, generation: i32, assignments: &[(&str, &'static str)]) -> u64 {
        let waiter = self.next_waiter().0;
        self.answers.insert(waiter, None);
        let op = SyncGroup {
            group: GROUP.into(),
            generation,
            member_id: id.into(),
            instance_id: None,
            protocol_type: None,
            protocol: None,
            assignments: assignments
                .iter()
                .map(|(id, part)| ((*id).into(), Bytes::from_static(part.as_bytes())))
                .collect(),
            waiter: WaiterId(waiter),
        };
        let decided = sync(&self.machine, self.now, op);
        self.settle(&format!("{id} syncs generation {generation}"), waiter, decided, SyncReply::error);
        waiter
    }

    pub fn heartbeat(&mut self, id: &str, generation: i32) -> ErrorCode {
        let op = Heartbeat { group: GROUP.into(), generation, member_id: id.into(), instance_id: None };
        let decided = heartbeat(&self.machine, self.now, op);
        self.note(&format!("{id} beats in generation {generation}"), &decided);
        match decided.map(|outcome| self.make_so(outcome)) {
            Ok(Reply::Now(code)) | Err(code) => code,
            Ok(Reply::Parked(_)) => panic!("a heartbeat does not wait"),
        }
    }

    pub fn leave(&mut self, members: &[(&str, Option<&str>)]) -> LeaveReply {
        let leaving = |(id, name): &(&str, Option<&str>)| Leaving {
            member_id: (*id).into(),
            instance_id: name.map(Into::into),
            reason: None,
        };
        let op = LeaveGroup { group: GROUP.into(), members: members.iter().map(leaving).collect() };
        let decided = leave(&self.machine, self.now, op);
        self.note(&format!("{members:?} leave"), &decided);
        match decided.map(|outcome| self.make_so(outcome)) {
            Ok(Reply::Now(reply)) => reply,
            other => panic!("{other:?}"),
        }
    }

    /// Lets time pass, timer by timer.
    pub fn sleep(&mut self, span_ms: i64) {
        let end = self.now.plus(Millis(span_ms));
        while let Some(at) = self.timers.next().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            let Some(timer) = self.timers.pop_due(self.now) else { break };
            let decided = Ok::<_, ()>(self.machine.on_timer(self.now, &timer));
            self.note(&format!("{} ms: {timer:?}", self.now), &decided);
            decided.map(|outcome| self.make_so(outcome)).unwrap();
        }
        self.now = end;
    }

    /// The machine as another node would load it.
    pub fn load(&self) -> GroupMachine {
        let mut machine = empty_machine();
        for (at, record) in self.log.iter().enumerate() {
            machine.replay(replay_at(at), record);
        }
        machine
    }

    pub fn answer(&self, waiter: u64) -> Option<&Answer> {
        self.answers[&waiter].as_ref()
    }

    /// The id that was given out last.
    pub fn given_id(&self, waiter: u64) -> MemberId {
        self.answer(waiter).unwrap().join().member_id.clone()
    }

    fn settle<T: Into<Answer> + std::fmt::Debug>(
        &mut self,
        said: &str,
        waiter: u64,
        decided: Result<Outcome<T>, ErrorCode>,
        refused: impl FnOnce(ErrorCode) -> T,
    ) {
        self.note(said, &decided);
        match decided.map(|outcome| self.make_so(outcome)) {
            Ok(Reply::Now(reply)) => self.give(waiter, reply.into()),
            Ok(Reply::Parked(parked)) => assert_eq!(parked.0, waiter),
            Err(error) => self.give(waiter, refused(error).into()),
        }
    }

    fn note<T: std::fmt::Debug, E: std::fmt::Debug>(&mut self, said: &str, decided: &Result<Outcome<T>, E>) {
        self.transcript.note(&format_args!("{said}"), Offset(self.log.len() as i64), decided);
    }

    /// Writes a record.
    pub fn replay(&mut self, record: GroupRecord) {
        self.machine.replay(replay_at(self.log.len()), &record);
        self.log.push(record);
    }

    fn make_so<T>(&mut self, outcome: Outcome<T>) -> Reply<T> {
        outcome.records.into_iter().for_each(|record| self.replay(record));
        for record in &outcome.soft {
            let GroupRecord::ClassicSoft(_, step) = record else { panic!("{record:?} is not a classic group's") };
            self.soft_changes += (step.members.len() + step.pending.len()) as u64;
            self.machine.replay(replay_at(self.log.len()), record);
        }
        for change in outcome.timers {
            self.timers.change(change);
        }
        for machine::Effect::Classic(effect) in outcome.after_commit {
            match effect {
                Effect::Join(waiter, reply) => self.give(waiter.0, reply.into()),
                Effect::Sync(waiter, reply) => self.give(waiter.0, reply.into()),
            }
        }
        outcome.reply
    }

    fn give(&mut self, waiter: u64, answer: Answer) {
        let before = self.answers.insert(waiter, Some(answer));
        assert_eq!(before, Some(None), "waiter {waiter} is answered once, and waited before");
    }
}

fn replay_at(at: usize) -> ReplayAt {
    ReplayAt { offset: Offset(at as i64), epoch: LeaderEpoch(0), writer: Writer::Machine }
}

fn empty_machine() -> GroupMachine {
    GroupMachine::new(Arc::default(), Arc::new(ServerConfig::quickstart()))
}

/// What a consumer of one topic tells its assignor.
pub fn subscription(topic: &str) -> Bytes {
    let mut bytes = vec![0, 0, 0, 0, 0, 1, 0, topic.len() as u8];
    bytes.extend(topic.as_bytes());
    bytes.extend([0xff; 4]);
    bytes.into()
}

/// What of the groups is kept in the log.
pub fn persisted(machine: &GroupMachine) -> HashMap<GroupId, String> {
    let kept = |group: &ClassicGroup| {
        let head = &group.head;
        let protocol = head.protocol.as_deref().unwrap_or("");
        let members: Vec<_> = group.members().map(|member| member.to_value(protocol)).collect();
        let topics = head.subscribed_topics.as_ref().map(|topics| topics.len());
        format!(
            "{} {} {:?} {:?} {:?} {:?} {topics:?} {members:?}",
            head.state, head.generation, head.protocol_type, head.protocol, head.leader, head.since
        )
    };
    let groups = machine.groups().iter();
    groups
        .filter_map(|(id, group)| {
            Some((id.clone(), kept(if let Group::Classic(it) = group { it } else { return None })))
        })
        .collect()
}
