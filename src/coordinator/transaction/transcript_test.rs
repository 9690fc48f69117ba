//! Lives of a machine as text: what Kafka 4.3 answers, told step by step.

use std::collections::BTreeSet;

use super::add_partitions::{AddPartitions, add_partitions};
use super::complete::{Complete, complete};
use super::end_txn::{EndTxn, end_txn};
use super::init_producer_id::{InitProducerId, init_producer_id};
use super::machine::{NeedsProducerId, Outcome, TransactionMachine};
use super::record::{Settings, TransactionRecord};
use super::state::{Producer, TransactionMetadata, TransactionVersion};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, PartitionIndex, ProducerEpoch, ProducerId, TopicPartition};
use crate::machine::codec::LogRecord;
use crate::machine::machine::TransactionResult;
use crate::machine::memory::MemoryLog;
use crate::machine::outcome::Reply;
use crate::machine::shard::Shard;

const V0: TransactionVersion = TransactionVersion::V0;
const V2: TransactionVersion = TransactionVersion::V2;
const COMMIT: TransactionResult = TransactionResult::Commit;
const ABORT: TransactionResult = TransactionResult::Abort;

struct Story {
    shard: Shard<TransactionMachine, MemoryLog<TransactionRecord>>,
    now: Millis,
    fresh: i64,
    lines: Vec<String>,
}

fn producer(id: i64, epoch: i16) -> Producer {
    Producer::new(ProducerId(id), ProducerEpoch(epoch))
}

fn told(metadata: &TransactionMetadata) -> String {
    let TransactionMetadata { producer, next_producer_id, state, partitions, .. } = metadata;
    let next = if next_producer_id.is_none() { String::new() } else { format!(" then {next_producer_id}") };
    let names: Vec<_> = partitions.iter().map(ToString::to_string).collect();
    format!("{} {}/{}{next} [{}]", state.name(), producer.id, producer.epoch, names.join(" "))
}

impl Story {
    fn new(version: TransactionVersion) -> Self {
        let settings = Settings {
            version,
            timeout_ms_max: 900_000,
            expiration_ms: Millis(604_800_000),
            expiry_interval_ms: Millis(3_600_000),
            two_phase_commit: false,
        };
        let shard = Shard::new(TransactionMachine::new(settings), MemoryLog::new());
        Self { shard, now: Millis(1000), fresh: 100, lines: Vec::new() }
    }

    fn step<T: std::fmt::Debug>(
        &mut self,
        what: &str,
        say: impl Fn(&T) -> String,
        decide: impl Fn(&TransactionMachine, Option<ProducerId>) -> Result<Outcome<T>, NeedsProducerId>,
    ) {
        self.now = self.now.plus(Millis(10));
        let mut fresh = None;
        let done = loop {
            match self.shard.submit(|machine| decide(machine, fresh)) {
                Ok(done) => break done,
                Err(_) => {
                    fresh = Some(ProducerId(self.fresh));
                    self.fresh += 1;
                }
            }
        };
        let answer = match done.reply {
            Reply::Now(Ok(answer)) => say(&answer),
            Reply::Now(Err(code)) => code.name().to_owned(),
            Reply::Parked(_) => "parked".to_owned(),
        };
        let state = self.shard.machine().find("t").map_or("unknown".to_owned(), |(_, metadata)| told(metadata));
        let markers = if done.after_commit.is_empty() { "" } else { ", markers" };
        self.lines.push(format!("{what}: {answer} | {state}{markers}"));
    }

    fn init(&mut self, expected: Option<Producer>) {
        let now = self.now;
        let said = expected.map_or(String::new(), |p| format!(" as {}/{}", p.id, p.epoch));
        self.step(
            &format!("init{said}"),
            |p: &Producer| format!("{}/{}", p.id, p.epoch),
            |machine, fresh| {
                let op = InitProducerId {
                    transactional_id: "t",
                    timeout_ms: 60_000,
                    two_phase_commit: false,
                    keep_prepared: false,
                    expected,
                    fresh,
                };
                init_producer_id(machine, now, &op)
            },
        );
    }

    fn add(&mut self, as_whom: Producer, index: i32, version: TransactionVersion) {
        let now = self.now;
        let partitions = BTreeSet::from([TopicPartition::new("p", PartitionIndex(index))]);
        let op = AddPartitions { transactional_id: "t", producer: as_whom, partitions, version };
        let what = format!("add p-{index} as {}/{}", as_whom.id, as_whom.epoch);
        self.step(&what, |()| "ok".to_owned(), |machine, _| Ok(add_partitions(machine, now, &op)));
    }

    fn end(&mut self, as_whom: Producer, result: TransactionResult, version: TransactionVersion) {
        let now = self.now;
        let what = format!("{result:?} as {}/{}", as_whom.id, as_whom.epoch);
        self.step(
            &what,
            |p: &Producer| format!("{}/{}", p.id, p.epoch),
            |machine, fresh| {
                end_txn(machine, now, &EndTxn { transactional_id: "t", producer: as_whom, result, version, fresh })
            },
        );
    }

    fn done(&mut self, as_whom: Producer) {
        let now = self.now;
        let op = Complete { transactional_id: "t", producer: as_whom };
        self.step("markers written", |()| "ok".to_owned(), |machine, _| Ok(complete(machine, now, &op)));
    }

    #[track_caller]
    fn reads(&self, wanted: &str) {
        let wanted: Vec<&str> = wanted.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(self.lines, wanted);
    }
}

#[test]
fn a_producer_of_the_old_way_keeps_its_epoch() {
    let mut story = Story::new(V2);
    story.init(None);
    story.end(producer(100, 0), COMMIT, V0);
    story.add(producer(100, 0), 0, V0);
    story.add(producer(100, 0), 1, V0);
    story.add(producer(99, 0), 1, V0);
    story.add(producer(100, 1), 1, V0);
    story.end(producer(100, 1), COMMIT, V0);
    story.end(producer(100, 0), COMMIT, V0);
    story.end(producer(100, 0), COMMIT, V0);
    story.end(producer(100, 0), ABORT, V0);
    story.add(producer(100, 0), 0, V0);
    story.init(None);
    story.done(producer(100, 0));
    story.done(producer(100, 0));
    story.end(producer(100, 0), COMMIT, V0);
    story.end(producer(100, 0), ABORT, V0);
    story.init(None);
    story.reads(
        "init: 100/0 | Empty 100/0 []
         Commit as 100/0: INVALID_TXN_STATE | Empty 100/0 []
         add p-0 as 100/0: ok | Ongoing 100/0 [p-0]
         add p-1 as 100/0: ok | Ongoing 100/0 [p-0 p-1]
         add p-1 as 99/0: INVALID_PRODUCER_ID_MAPPING | Ongoing 100/0 [p-0 p-1]
         add p-1 as 100/1: PRODUCER_FENCED | Ongoing 100/0 [p-0 p-1]
         Commit as 100/1: PRODUCER_FENCED | Ongoing 100/0 [p-0 p-1]
         Commit as 100/0: 100/0 | PrepareCommit 100/0 [p-0 p-1], markers
         Commit as 100/0: CONCURRENT_TRANSACTIONS | PrepareCommit 100/0 [p-0 p-1]
         Abort as 100/0: CONCURRENT_TRANSACTIONS | PrepareCommit 100/0 [p-0 p-1]
         add p-0 as 100/0: CONCURRENT_TRANSACTIONS | PrepareCommit 100/0 [p-0 p-1]
         init: CONCURRENT_TRANSACTIONS | PrepareCommit 100/0 [p-0 p-1]
         markers written: ok | CompleteCommit 100/0 []
         markers written: INVALID_TXN_STATE | CompleteCommit 100/0 []
         Commit as 100/0: 100/0 | CompleteCommit 100/0 []
         Abort as 100/0: INVALID_TXN_STATE | CompleteCommit 100/0 []
         init: 100/1 | Empty 100/1 []",
    );
}

#[test]
fn a_producer_of_the_new_way_has_a_new_epoch_after_each_transaction() {
    let mut story = Story::new(V2);
    story.init(None);
    story.add(producer(100, 0), 0, V2);
    story.end(producer(100, 0), COMMIT, V2);
    story.end(producer(100, 0), COMMIT, V2);
    story.done(producer(100, 1));
    story.end(producer(100, 0), COMMIT, V2);
    story.end(producer(100, 0), ABORT, V2);
    story.end(producer(100, 1), COMMIT, V2);
    story.end(producer(100, 1), ABORT, V2);
    story.done(producer(100, 2));
    story.add(producer(100, 1), 0, V2);
    story.end(producer(100, 1), ABORT, V2);
    story.reads(
        "init: 100/0 | Empty 100/0 []
         add p-0 as 100/0: ok | Ongoing 100/0 [p-0]
         Commit as 100/0: 100/1 | PrepareCommit 100/1 [p-0], markers
         Commit as 100/0: CONCURRENT_TRANSACTIONS | PrepareCommit 100/1 [p-0]
         markers written: ok | CompleteCommit 100/1 []
         Commit as 100/0: 100/1 | CompleteCommit 100/1 []
         Abort as 100/0: INVALID_TXN_STATE | CompleteCommit 100/1 []
         Commit as 100/1: INVALID_TXN_STATE | CompleteCommit 100/1 []
         Abort as 100/1: 100/2 | PrepareAbort 100/2 [], markers
         markers written: ok | CompleteAbort 100/2 []
         add p-0 as 100/1: PRODUCER_FENCED | CompleteAbort 100/2 []
         Abort as 100/1: 100/2 | CompleteAbort 100/2 []",
    );
}

#[test]
fn a_newer_producer_has_the_older_ones_transaction_aborted() {
    for (version, fenced) in [(V2, 1), (V0, 1)] {
        let mut story = Story::new(version);
        story.init(None);
        story.add(producer(100, 0), 0, V0);
        story.init(None);
        story.add(producer(100, 0), 1, V0);
        story.done(producer(100, fenced));
        story.init(None);
        story.end(producer(100, 0), COMMIT, V0);
        story.init(Some(producer(100, 2)));
        story.init(Some(producer(100, 2)));
        story.init(Some(producer(100, 1)));
        story.reads(
            "init: 100/0 | Empty 100/0 []
             add p-0 as 100/0: ok | Ongoing 100/0 [p-0]
             init: CONCURRENT_TRANSACTIONS | PrepareAbort 100/1 [p-0], markers
             add p-1 as 100/0: CONCURRENT_TRANSACTIONS | PrepareAbort 100/1 [p-0]
             markers written: ok | CompleteAbort 100/1 []
             init: 100/2 | Empty 100/2 []
             Commit as 100/0: PRODUCER_FENCED | Empty 100/2 []
             init as 100/2: 100/3 | Empty 100/3 []
             init as 100/2: 100/3 | Empty 100/3 []
             init as 100/1: PRODUCER_FENCED | Empty 100/3 []",
        );
    }
}

#[test]
fn a_producer_that_has_used_up_its_epochs_gets_another_id() {
    let mut story = Story::new(V2);
    story.init(None);
    let (id, metadata) = story.shard.machine().find("t").map(|(id, m)| (id.clone(), m.clone())).expect("known");
    let used = TransactionMetadata { producer: producer(100, i16::MAX - 1), ..metadata };
    let record = TransactionRecord::Transaction(id, Some(used));
    let outcome = crate::machine::outcome::Outcome::<TransactionMachine, ()>::records(vec![record], ());
    story.shard.submit(|_| Ok::<_, ()>(outcome)).expect("taken");
    story.add(producer(100, 32766), 0, V2);
    story.end(producer(100, 32766), COMMIT, V2);
    story.done(producer(100, 32767));
    story.end(producer(100, 32766), COMMIT, V2);
    story.init(Some(producer(100, 32766)));
    story.init(Some(producer(100, 3)));
    story.reads(
        "init: 100/0 | Empty 100/0 []
         add p-0 as 100/32766: ok | Ongoing 100/32766 [p-0]
         Commit as 100/32766: 101/0 | PrepareCommit 100/32767 then 101 [p-0], markers
         markers written: ok | CompleteCommit 101/0 []
         Commit as 100/32766: 101/0 | CompleteCommit 101/0 []
         init as 100/32766: 101/0 | Empty 101/0 []
         init as 100/3: PRODUCER_FENCED | Empty 101/0 []",
    );
}

#[test]
fn a_producer_that_did_not_hear_of_its_end_goes_on_though_its_coordinator_has_moved() {
    let mut story = Story::new(V2);
    story.init(None);
    story.add(producer(100, 0), 0, V2);
    story.end(producer(100, 0), ABORT, V2);
    story.done(producer(100, 1));
    // What the next coordinator reads.
    let (id, metadata) = story.shard.machine().find("t").map(|(id, m)| (id.clone(), m.clone())).expect("known");
    let written = TransactionRecord::Transaction(id, Some(metadata)).encode().expect("not soft");
    let read =
        TransactionRecord::decode(Some(&written.key), written.value.as_deref()).expect("readable").expect("known");
    let outcome = crate::machine::outcome::Outcome::<TransactionMachine, ()>::records(vec![read], ());
    story.shard.submit(|_| Ok::<_, ()>(outcome)).expect("taken");
    story.init(Some(producer(100, 0)));
    story.add(producer(100, 0), 0, V2);
    story.reads(
        "init: 100/0 | Empty 100/0 []
         add p-0 as 100/0: ok | Ongoing 100/0 [p-0]
         Abort as 100/0: 100/1 | PrepareAbort 100/1 [p-0], markers
         markers written: ok | CompleteAbort 100/1 []
         init as 100/0: 100/1 | Empty 100/1 []
         add p-0 as 100/0: PRODUCER_FENCED | Empty 100/1 []",
    );
}

#[test]
fn what_may_not_be_asked_is_refused() {
    let story = Story::new(V2);
    let ask = |op: &InitProducerId<'_>| match init_producer_id(story.shard.machine(), Millis(0), op).map(|o| o.reply) {
        Ok(Reply::Now(Err(code))) => code,
        other => panic!("{other:?}"),
    };
    let op = InitProducerId {
        transactional_id: "t",
        timeout_ms: 1,
        two_phase_commit: false,
        keep_prepared: false,
        expected: None,
        fresh: None,
    };
    assert_eq!(ask(&InitProducerId { transactional_id: "", ..op.clone() }), ErrorCode::InvalidRequest);
    assert_eq!(ask(&InitProducerId { timeout_ms: 0, ..op.clone() }), ErrorCode::InvalidTransactionTimeout);
    assert_eq!(ask(&InitProducerId { timeout_ms: 900_001, ..op.clone() }), ErrorCode::InvalidTransactionTimeout);
    assert_eq!(ask(&InitProducerId { keep_prepared: true, ..op.clone() }), ErrorCode::UnsupportedVersion);
    let two_phases = InitProducerId { two_phase_commit: true, ..op };
    assert_eq!(ask(&two_phases), ErrorCode::TransactionalIdAuthorizationFailed);
}
