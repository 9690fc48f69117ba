//! Random lives of a machine: whatever happens, what is replayed is what was lived, and every transaction comes to its end.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use proptest::prelude::*;

use super::add_partitions::{AddPartitions, add_partitions};
use super::complete::{Complete, complete};
use super::end_txn::{EndTxn, end_txn};
use super::init_producer_id::{InitProducerId, init_producer_id};
use super::machine::{Effect, Markers, NeedsProducerId, Outcome, TransactionMachine};
use super::overdue::abort_overdue;
use super::record::{Settings, TransactionRecord};
use super::state::{Producer, TransactionMetadata, TransactionState, TransactionVersion};
use crate::base::ids::{LeaderEpoch, Millis, Offset, PartitionIndex, ProducerEpoch, ProducerId, TopicPartition};
use crate::machine::codec::LogRecord;
use crate::machine::machine::{Machine, ReplayAt, TransactionResult};
use crate::machine::memory::{Entry, MemoryLog};
use crate::machine::outcome::{Reply, Writer};
use crate::machine::shard::Shard;

#[derive(Debug, Clone)]
enum Step {
    Init { id: usize, as_known: bool },
    Add { id: usize, partition: i32, bumps: bool },
    End { id: usize, commit: bool, bumps: bool },
    Complete,
    Wait { ms: i64 },
    Restart,
    Refuse,
    UseUpEpochs { id: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let id = 0..2usize;
    let step = prop_oneof![
        3 => (id.clone(), any::<bool>()).prop_map(|(id, as_known)| Step::Init { id, as_known }),
        4 => (id.clone(), 0..3, any::<bool>()).prop_map(|(id, partition, bumps)| Step::Add { id, partition, bumps }),
        4 => (id.clone(), any::<bool>(), any::<bool>()).prop_map(|(id, commit, bumps)| Step::End { id, commit, bumps }),
        4 => Just(Step::Complete),
        2 => (1..20_000i64).prop_map(|ms| Step::Wait { ms }),
        1 => Just(Step::Restart),
        1 => Just(Step::Refuse),
        1 => id.prop_map(|id| Step::UseUpEpochs { id }),
    ];
    prop::collection::vec(step, 1..80)
}

const IDS: [&str; 2] = ["one", "two"];

struct Life {
    shard: Shard<TransactionMachine, MemoryLog<TransactionRecord>>,
    settings: Settings,
    now: Millis,
    next_id: i64,
    sending: Vec<Markers>,
    known: HashMap<usize, Producer>,
}

impl Life {
    fn new(version: i16) -> Self {
        let settings = Settings {
            version: TransactionVersion(version),
            timeout_ms_max: 60_000,
            expiration_ms: Millis(40_000),
            expiry_interval_ms: Millis(5_000),
            two_phase_commit: false,
        };
        let shard = Shard::new(TransactionMachine::new(settings), MemoryLog::new());
        let mut life =
            Self { shard, settings, now: Millis(1_000_000), next_id: 1, sending: Vec::new(), known: HashMap::new() };
        life.load();
        life
    }

    fn load(&mut self) {
        let now = self.now;
        let loaded = self.shard.submit(|machine| Ok::<_, ()>(machine.on_loaded(now))).expect("loaded");
        self.take(loaded.after_commit);
    }

    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::SendMarkers(markers) => self.sending.push(markers),
                Effect::AbortOverdue(id) => {
                    let (now, fresh) = (self.now, self.fresh());
                    self.ask(|machine, _| abort_overdue(machine, now, &id, Some(fresh)));
                }
            }
        }
    }

    fn fresh(&mut self) -> ProducerId {
        self.next_id += 1;
        ProducerId(self.next_id - 1)
    }

    /// Asks as the service does: again with a fresh id if one is needed.
    fn ask<T: Copy>(
        &mut self,
        decide: impl Fn(&TransactionMachine, Option<ProducerId>) -> Result<Outcome<T>, NeedsProducerId>,
    ) -> Option<T> {
        let mut fresh = None;
        loop {
            match self.shard.submit(|machine| decide(machine, fresh)) {
                Ok(done) => {
                    self.take(done.after_commit);
                    return match done.reply {
                        Reply::Now(reply) => reply.ok(),
                        Reply::Parked(_) => None,
                    };
                }
                Err(crate::machine::shard::SubmitError::Refused(NeedsProducerId)) => fresh = Some(self.fresh()),
                Err(_) => return None,
            }
        }
    }

    fn step(&mut self, step: &Step) {
        let now = self.now;
        match *step {
            Step::Init { id, as_known } => {
                let expected = self.known.get(&id).copied().filter(|_| as_known);
                let granted = self.ask(|machine, fresh| {
                    let op = InitProducerId {
                        transactional_id: IDS[id],
                        timeout_ms: 10_000,
                        two_phase_commit: false,
                        keep_prepared: false,
                        expected,
                        fresh,
                    };
                    init_producer_id(machine, now, &op)
                });
                granted.map(|producer| self.known.insert(id, producer));
            }
            Step::Add { id, partition, bumps } => {
                let Some(producer) = self.known.get(&id).copied() else { return };
                let version = if bumps { TransactionVersion::V2 } else { TransactionVersion::V0 };
                let partitions = BTreeSet::from([TopicPartition::new("t", PartitionIndex(partition))]);
                let op = AddPartitions { transactional_id: IDS[id], producer, partitions, version };
                self.ask(|machine, _| Ok(add_partitions(machine, now, &op)));
            }
            Step::End { id, commit, bumps } => {
                let Some(producer) = self.known.get(&id).copied() else { return };
                let result = if commit { TransactionResult::Commit } else { TransactionResult::Abort };
                let version = if bumps { TransactionVersion::V2 } else { TransactionVersion::V0 };
                let next = self.ask(|machine, fresh| {
                    end_txn(machine, now, &EndTxn { transactional_id: IDS[id], producer, result, version, fresh })
                });
                next.map(|producer| self.known.insert(id, producer));
            }
            Step::Complete => {
                let Some(markers) = self.sending.pop() else { return };
                let op = Complete { transactional_id: &markers.id, producer: markers.producer };
                if self.shard.submit(|machine| Ok::<_, ()>(complete(machine, now, &op))).is_err() {
                    self.sending.push(markers);
                }
            }
            Step::Wait { ms } => {
                self.now = now.plus(Millis(ms));
                for _ in 0..100 {
                    match self.shard.run_timer(self.now) {
                        Ok(Some(done)) => self.take(done.after_commit),
                        _ => break,
                    }
                }
            }
            Step::Restart => self.restart(),
            Step::Refuse => {
                self.shard.log().refuse(true);
                self.step(&Step::End { id: 0, commit: true, bumps: true });
                self.step(&Step::Complete);
                self.shard.log().refuse(false);
            }
            Step::UseUpEpochs { id } => self.use_up_epochs(id),
        }
    }

    /// As if the producer had come very often.
    fn use_up_epochs(&mut self, id: usize) {
        let found = self.shard.machine().find(IDS[id]).map(|(id, metadata)| (Arc::clone(id), metadata.clone()));
        let Some((name, metadata)) = found.filter(|(_, m)| m.state.is_idle()) else { return };
        let producer = Producer::new(metadata.producer.id, ProducerEpoch(i16::MAX - 2).max(metadata.producer.epoch));
        let used = TransactionMetadata { producer, ..metadata };
        let record = TransactionRecord::Transaction(name, Some(used));
        let outcome = crate::machine::outcome::Outcome::<TransactionMachine, ()>::records(vec![record], ());
        self.shard.submit(|_| Ok::<_, ()>(outcome)).expect("taken");
        self.known.insert(id, producer);
    }

    fn restart(&mut self) {
        let machine = self.replayed();
        let mut log = MemoryLog::new();
        std::mem::swap(self.shard.log(), &mut log);
        self.shard = Shard::new(machine, log);
        self.sending.clear();
        self.load();
    }

    /// What the log alone says.
    fn replayed(&mut self) -> TransactionMachine {
        let mut machine = TransactionMachine::new(self.settings);
        for (offset, entry) in self.shard.log().entries().iter().enumerate() {
            let Entry::Record(_, record) = entry else { continue };
            let Ok(encoded) = record.encode() else { continue };
            let read = TransactionRecord::decode(Some(&encoded.key), encoded.value.as_deref());
            let record = read.expect("readable").expect("known");
            let at = ReplayAt { offset: Offset(offset as i64), epoch: LeaderEpoch(0), writer: Writer::Machine };
            machine.replay(at, &record);
        }
        machine
    }

    /// Without what the log does not hold, as it is after a restart.
    fn lived(&mut self) -> HashMap<String, TransactionMetadata> {
        let of = self.shard.machine().transactions().iter();
        let kept = |m: &TransactionMetadata| match m.value_version {
            0 => TransactionMetadata {
                prev_producer_id: ProducerId::NONE,
                next_producer_id: ProducerId::NONE,
                client_version: TransactionVersion::V0,
                ..m.clone()
            },
            _ => m.clone(),
        };
        let told = |m: &TransactionMetadata| {
            let kept = kept(m);
            TransactionMetadata { last_epoch: kept.epoch_before(), ..kept }
        };
        of.map(|(id, m)| (id.to_string(), told(m))).collect()
    }

    fn check(&mut self) {
        let replayed = self.replayed();
        let replayed: HashMap<String, TransactionMetadata> =
            replayed.transactions().iter().map(|(id, m)| (id.to_string(), m.clone())).collect();
        assert_eq!(replayed, self.lived());
        for (id, metadata) in self.shard.machine().transactions() {
            let sent = self.sending.iter().any(|m| m.id == *id && m.producer == metadata.producer);
            assert_eq!(metadata.state.prepared().is_some(), sent, "the markers of {id}: {metadata:?}");
        }
    }

    fn check_epochs(&mut self) {
        let mut newest: HashMap<Arc<str>, Producer> = HashMap::new();
        for entry in self.shard.log().entries() {
            let Entry::Record(_, TransactionRecord::Transaction(id, metadata)) = entry else { continue };
            let Some(metadata) = metadata else {
                newest.remove(id);
                continue;
            };
            let before = newest.insert(Arc::clone(id), metadata.producer);
            let now = metadata.producer;
            if let Some(before) = before {
                assert!((now.id, now.epoch) >= (before.id, before.epoch), "{id} went from {before:?} to {now:?}");
            }
            assert!(metadata.partitions.is_empty() || !metadata.state.is_idle(), "{metadata:?}");
        }
    }
}

proptest! {
    #[test]
    fn every_transaction_ends_and_replaying_is_living(version in 0..=2i16, steps in steps()) {
        let mut life = Life::new(version);
        for step in &steps {
            life.step(step);
            life.sending.retain(|markers| {
                let known = life.shard.machine().find(&markers.id);
                known.is_some_and(|(_, m)| m.producer == markers.producer && m.state.prepared().is_some())
            });
            life.check();
        }
        // Producers go away; time passes; markers are written.
        life.step(&Step::Wait { ms: 20_000 });
        while !life.sending.is_empty() {
            life.step(&Step::Complete);
        }
        let is_over = |m: &TransactionMetadata| m.state.is_idle() && m.partitions.is_empty();
        prop_assert!(life.shard.machine().transactions().values().all(is_over));
        life.check_epochs();
        // And then they are forgotten.
        for _ in 0..12 {
            life.step(&Step::Wait { ms: 6_000 });
        }
        prop_assert!(life.shard.machine().transactions().is_empty());
    }
}

#[test]
fn states_follow_each_other_as_they_may() {
    use TransactionState::*;
    assert!(Empty.may_become(Ongoing) && Ongoing.may_become(PrepareCommit) && PrepareCommit.may_become(CompleteCommit));
    assert!(
        !PrepareCommit.may_become(CompleteAbort)
            && !PrepareAbort.may_become(Ongoing)
            && !Empty.may_become(PrepareCommit)
    );
}
