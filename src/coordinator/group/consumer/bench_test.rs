//! A group machine on a log in memory, and heartbeats that are short to write.

use std::fmt;
use std::sync::Arc;

use super::group::ConsumerGroup;
use super::heartbeat::{ConsumerGroupHeartbeat, HeartbeatError, HeartbeatReply, heartbeat};
use super::regex;
use super::settings::Settings;
use super::test_image::TestImage;
use crate::base::ids::{LeaderEpoch, Millis, Offset};
use crate::config::server::ServerConfig;
use crate::coordinator::group::machine::{Effect, Group, GroupMachine, Outcome};
use crate::coordinator::group::record::{GroupRecord, TopicPartitions};
use crate::machine::log::MachineLog;
use crate::machine::machine::{Machine, ReplayAt};
use crate::machine::memory::{Entry, MemoryLog};
use crate::machine::outcome::{Reply, Writer};
use crate::machine::shard::{Shard, SubmitError, Submitted};
use crate::machine::transcript::Transcript;

pub const GROUP: &str = "g";

/// The machine and what is around it.
pub struct Bench {
    pub shard: Shard<GroupMachine, MemoryLog<GroupRecord>>,
    pub now: Millis,
    pub settings: Settings,
    pub image: TestImage,
    pub transcript: Transcript,
}

/// Stands for an operation in a transcript.
struct Label(String);

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Bench {
    pub fn new(image: TestImage) -> Self {
        let machine = GroupMachine::new(image.image(), Arc::new(ServerConfig::quickstart()));
        let shard = Shard::new(machine, MemoryLog::new());
        let (settings, transcript) = (Settings::default(), Transcript::default());
        Self { shard, now: Millis(1_000), settings, image, transcript }
    }

    pub fn group(&self) -> &ConsumerGroup {
        match &self.shard.machine().groups[GROUP] {
            Group::Consumer(group) => group,
            Group::Classic(_) => panic!("a classic group"),
        }
    }

    /// A heartbeat, made so, and what was to be looked up for it.
    pub fn beat(&mut self, op: ConsumerGroupHeartbeat) -> Result<HeartbeatReply, HeartbeatError> {
        let label = Label(label(&op));
        let (now, settings, noted) = (self.now, &self.settings, self.shard.log().end());
        let transcript = &mut self.transcript;
        let submitted = self.shard.submit(|machine| {
            let decided = heartbeat(machine, now, settings, op);
            transcript.note(&label, noted, &decided);
            decided
        });
        let reply = match submitted {
            Ok(Submitted { reply: Reply::Now(reply), .. }) => reply,
            Err(SubmitError::Refused(error)) => return Err(error),
            other => panic!("{other:?}"),
        };
        if let Some(look_up) = reply.regex_look_up.clone() {
            let found = look_up.resolve(&self.image.image(), |topic| !topic.starts_with("secret"));
            let noted = self.shard.log().end();
            let transcript = &mut self.transcript;
            let done: Result<Submitted<(), Effect>, SubmitError<()>> = self.shard.submit(|machine| {
                let decided = Ok(regex::resolved(machine, now, found));
                transcript.note(&Label("what expressions stand for".into()), noted, &decided);
                decided
            });
            done.unwrap();
        }
        Ok(reply)
    }

    /// The metadata is as `self.image` says by now.
    pub fn publish(&mut self) {
        self.soft(GroupRecord::Image(self.image.image()));
    }

    /// A step that is not written.
    pub fn soft(&mut self, record: GroupRecord) {
        let done: Result<Submitted<(), Effect>, SubmitError<()>> =
            self.shard.submit(|_| Ok(Outcome::<()>::reply(()).soft(record)));
        done.unwrap();
    }

    /// Time passes; timers that are due run.
    pub fn pass(&mut self, span: i64) {
        self.now = self.now.plus(Millis(span));
        while self.shard.run_timer(self.now).unwrap().is_some() {}
    }

    /// A machine that reads the log from its start.
    pub fn reloaded(&mut self) -> GroupMachine {
        let mut machine = GroupMachine::new(self.image.image(), Arc::new(ServerConfig::quickstart()));
        for (offset, entry) in (0..).map(Offset).zip(self.shard.log().entries()) {
            let Entry::Record(writer, record) = entry else { panic!("a marker") };
            machine.replay(ReplayAt { offset, epoch: LeaderEpoch(0), writer: *writer }, record);
        }
        assert!(self.shard.log().entries().iter().all(|e| matches!(e, Entry::Record(Writer::Machine, _))));
        machine
    }
}

/// Joins.
pub fn join(member: &str, topics: &[&str]) -> ConsumerGroupHeartbeat {
    ConsumerGroupHeartbeat {
        rebalance_timeout_ms: 60_000,
        subscribed_topic_names: Some(topics.iter().map(|t| Arc::from(*t)).collect()),
        owned: Some(Vec::new()),
        ..alive(member, 0)
    }
}

/// Says nothing but that it lives.
pub fn alive(member: &str, epoch: i32) -> ConsumerGroupHeartbeat {
    ConsumerGroupHeartbeat {
        api_version: 1,
        group: GROUP.into(),
        member_id: member.into(),
        fresh_member_id: "fresh".into(),
        member_epoch: epoch,
        instance_id: None,
        rack_id: None,
        rebalance_timeout_ms: -1,
        subscribed_topic_names: None,
        subscribed_topic_regex: None,
        server_assignor: None,
        owned: None,
        client_id: "client".into(),
        client_host: "/127.0.0.1".into(),
    }
}

/// Says what it owns.
pub fn owns(member: &str, epoch: i32, owned: Vec<TopicPartitions>) -> ConsumerGroupHeartbeat {
    ConsumerGroupHeartbeat { owned: Some(owned), ..alive(member, epoch) }
}

fn label(op: &ConsumerGroupHeartbeat) -> String {
    let mut text = format!("{} at epoch {}", op.member_id, op.member_epoch);
    if let Some(instance) = &op.instance_id {
        text += &format!(" as {instance}");
    }
    if let Some(topics) = &op.subscribed_topic_names {
        text += &format!(", wants {topics:?}");
    }
    if let Some(regex) = &op.subscribed_topic_regex {
        text += &format!(", wants /{regex}/");
    }
    if let Some(owned) = &op.owned {
        text += &format!(", owns {:?}", owned.iter().map(|t| &t.partitions).collect::<Vec<_>>());
    }
    text
}
