//! A machine on a log in memory, for the tests of offsets: operations, time, transactions, and what another node would load.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::commit::{CommitPartition, CommitReply, CommitTopic, OffsetCommit, commit};
use super::delete::{DeleteReply, OffsetDelete, delete};
use super::fetch::{FetchTopic, FetchedPartition, OffsetFetch, fetch};
use super::soft::DeletedTopic;
use super::txn_commit::{TxnOffsetCommit, commit as txn_commit};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{LeaderEpoch, Millis, Offset, PartitionIndex, ProducerEpoch, ProducerId, Uuid};
use crate::config::server::ServerConfig;
use crate::coordinator::group::delete_groups;
use crate::coordinator::group::machine::{GroupMachine, Outcome};
use crate::coordinator::group::on_image;
use crate::coordinator::group::record::GroupRecord;
use crate::machine::codec::LogRecord;
use crate::machine::machine::{Machine, ReplayAt, TransactionEnd, TransactionResult};
use crate::machine::memory::{Entry, MemoryLog};
use crate::machine::outcome::Reply;
use crate::machine::shard::{Shard, SubmitError};
use crate::machine::transcript::Transcript;

pub const MINUTE: i64 = 60_000;
/// `offsets.retention.minutes` and the check interval, as they are by default.
pub const RETENTION: i64 = 7 * 24 * 60 * MINUTE;
pub const CHECK: i64 = 10 * MINUTE;

pub struct Bench {
    shard: Shard<GroupMachine, MemoryLog<GroupRecord>>,
    pub now: Millis,
    pub transcript: Transcript,
}

pub fn id_of(topic: &str) -> Uuid {
    let mut id = [7; 16];
    id.iter_mut().zip(topic.bytes()).for_each(|(to, from)| *to = from);
    Uuid(id)
}

fn machine() -> GroupMachine {
    GroupMachine::new(Arc::default(), Arc::new(ServerConfig::quickstart()))
}

pub fn topic(name: &str, offsets: &[(i32, i64)]) -> CommitTopic {
    let partition = |(index, offset): &(i32, i64)| CommitPartition {
        index: PartitionIndex(*index),
        offset: Offset(*offset),
        leader_epoch: LeaderEpoch(4),
        metadata: Arc::default(),
    };
    CommitTopic { name: name.into(), id: id_of(name), partitions: offsets.iter().map(partition).collect() }
}

impl Bench {
    pub fn new() -> Self {
        let mut shard = Shard::new(machine(), MemoryLog::new());
        let loaded = shard.submit(|machine| Ok::<_, ()>(machine.on_loaded(Millis(0))));
        loaded.expect("nothing refuses");
        Self { shard, now: Millis(0), transcript: Transcript::default() }
    }

    pub fn machine(&self) -> &GroupMachine {
        self.shard.machine()
    }

    /// Decides, notes, makes it so.
    pub fn submit<T: std::fmt::Debug>(
        &mut self,
        said: &str,
        decide: impl Fn(&GroupMachine, Millis) -> Result<Outcome<T>, ErrorCode>,
    ) -> Result<T, ErrorCode> {
        let first = Offset(self.shard.log().entries().len() as i64);
        let now = self.now;
        self.transcript.note(&format_args!("{said}"), first, &decide(self.shard.machine(), now));
        match self.shard.submit(|machine| decide(machine, now)) {
            Ok(submitted) => match submitted.reply {
                Reply::Now(reply) => Ok(reply),
                Reply::Parked(_) => panic!("nobody waits here"),
            },
            Err(SubmitError::Refused(code)) => Err(code),
            Err(SubmitError::NotAppended(error)) => panic!("{error}"),
        }
    }

    pub fn commit_as(&mut self, said: &str, op: &OffsetCommit) -> Result<CommitReply, ErrorCode> {
        self.submit(said, |machine, now| commit(machine, now, op))
    }

    /// A commit by nobody in particular.
    pub fn commit(&mut self, group: &str, topics: Vec<CommitTopic>) -> Result<CommitReply, ErrorCode> {
        self.commit_as(&format!("commit {group}"), &simple(group, topics))
    }

    pub fn txn_commit(
        &mut self,
        group: &str,
        producer: i64,
        topics: Vec<CommitTopic>,
    ) -> Result<CommitReply, ErrorCode> {
        let op = TxnOffsetCommit {
            group: group.into(),
            producer: (ProducerId(producer), ProducerEpoch(0)),
            member_id: Arc::default(),
            instance_id: None,
            generation: -1,
            api_version: 5,
            topics,
        };
        self.submit(&format!("producer {producer} commits {group}"), |machine, now| txn_commit(machine, now, &op))
    }

    pub fn end(&mut self, producer: i64, result: TransactionResult) {
        let end = TransactionEnd {
            producer_id: ProducerId(producer),
            producer_epoch: ProducerEpoch(0),
            result,
            coordinator_epoch: 0,
            bumps_epoch: false,
        };
        self.shard.end_transaction(end).expect("the log takes it");
    }

    /// What the group has committed: topic, partition, offset, or the code.
    pub fn fetch(&mut self, group: &str, require_stable: bool) -> Vec<String> {
        let op = OffsetFetch { group: group.into(), member_id: None, member_epoch: -1, topics: None, require_stable };
        let told = self.submit(&format!("fetch {group}, stable: {require_stable}"), |machine, _| fetch(machine, &op));
        let told = told.expect("nobody is refused");
        told.iter().flat_map(|t| t.partitions.iter().map(|p| told_of(&t.name, p))).collect()
    }

    /// What the group has committed of one partition of the topic with this id.
    pub fn fetch_one(&mut self, group: &str, name: &str, id: Uuid, partition: i32) -> String {
        let partitions = vec![PartitionIndex(partition)];
        let topics = Some(vec![FetchTopic { name: name.into(), id, partitions }]);
        let op = OffsetFetch { group: group.into(), member_id: None, member_epoch: -1, topics, require_stable: true };
        let told = self.submit(&format!("fetch {group}, {name}-{partition}"), |machine, _| fetch(machine, &op));
        told_of(name, &told.expect("nobody is refused")[0].partitions[0])
    }

    pub fn delete(&mut self, group: &str, topic: &str, partitions: &[i32]) -> Result<DeleteReply, ErrorCode> {
        let partitions = partitions.iter().map(|index| PartitionIndex(*index)).collect();
        let op = OffsetDelete { group: group.into(), topics: vec![(topic.into(), partitions)] };
        self.submit(&format!("delete {group}, {topic}"), |machine, _| delete(machine, &op))
    }

    pub fn delete_group(&mut self, group: &str) -> Result<(), ErrorCode> {
        let id = group.into();
        self.submit(&format!("delete group {group}"), |machine, _| delete_groups::delete(machine, &id))
    }

    /// A topic is gone; its offsets go as far as timers have run.
    pub fn delete_topic(&mut self, name: &str) {
        let deleted: Arc<[DeletedTopic]> = vec![DeletedTopic { name: name.into(), id: id_of(name) }].into();
        let image = Arc::clone(&self.shard.machine().image);
        let told = self
            .submit(&format!("{name} is gone"), |machine, now| Ok(on_image::on_image(machine, now, &image, &deleted)));
        told.expect("nothing refuses");
    }

    /// Lets time pass, timer by timer.
    pub fn sleep(&mut self, span_ms: i64) {
        let end = self.now.plus(Millis(span_ms));
        while let Some(at) = self.shard.next_timer().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.shard.run_timer(self.now).expect("the log takes it");
        }
        self.now = end;
    }

    /// The machine as another node would load it, by way of the records' bytes.
    pub fn loaded(&mut self) -> GroupMachine {
        let mut machine = machine();
        for (offset, entry) in self.shard.log().entries().iter().enumerate() {
            let offset = Offset(offset as i64);
            match entry {
                Entry::Marker(end) => machine.end_transaction(offset, *end),
                Entry::Record(writer, record) => {
                    let bytes = record.encode().expect("not soft");
                    let read = GroupRecord::decode(Some(&bytes.key), bytes.value.as_deref());
                    let record = read.expect("readable").expect("known");
                    machine.replay(ReplayAt { offset, epoch: LeaderEpoch(0), writer: *writer }, &record);
                }
            }
        }
        machine
    }
}

pub fn simple(group: &str, topics: Vec<CommitTopic>) -> OffsetCommit {
    OffsetCommit {
        group: group.into(),
        member_id: Arc::default(),
        instance_id: None,
        generation: -1,
        retention: None,
        api_version: 9,
        topics,
    }
}

fn told_of(topic: &str, partition: &FetchedPartition) -> String {
    match partition.error {
        ErrorCode::None => format!("{topic}-{} {}", partition.index, partition.offset),
        code => format!("{topic}-{} {code}", partition.index),
    }
}

/// All that a machine knows of offsets and groups, to be compared.
pub fn known(machine: &GroupMachine) -> BTreeSet<String> {
    let offsets = machine.offsets.groups().flat_map(|(group, topics)| {
        topics.iter().flat_map(move |topic| {
            topic.partitions().map(move |view| {
                let (at, id, written) = (view.partition(), view.topic_id(), view.written_at());
                let (offset, expires) = (view.offset(), view.expire_timestamp());
                let (committed, note) = (view.commit_timestamp(), view.metadata());
                format!("{group} {}-{at} {offset} {id} {written} {expires:?} {committed} {note}", topic.name())
            })
        })
    });
    let pending = machine.offsets.pending().iter().map(|(at, value)| format!("pending {at:?} {value:?}"));
    let groups = machine.groups().keys().map(|group| format!("group {group}"));
    offsets.chain(pending).chain(groups).collect()
}
