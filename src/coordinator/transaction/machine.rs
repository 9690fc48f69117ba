//! The machine of one partition of `__transaction_state`: its transactional ids and where their transactions stand.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::record::{Settings, TransactionRecord, TransactionalId};
use super::state::{Producer, TransactionMetadata, TransactionVersion};
use super::{expire, load, overdue};
use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, TopicPartition};
use crate::machine::machine::{Machine, ReplayAt, TransactionResult};
use crate::machine::outcome;
use crate::machine::timer::TimerChange;

/// An outcome of this machine. What a client may not do is an answer too: it rests on what was written before it, and goes out
/// once that is committed.
pub type Outcome<T> = outcome::Outcome<TransactionMachine, Result<T, ErrorCode>>;

/// The operation needs a producer id that nobody has had. Get one and ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fresh producer id is needed")]
pub struct NeedsProducerId;

/// What is done once records are committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Every partition of the transaction must be told how it ended; then the transaction is completed. Until that is done it
    /// is tried again.
    SendMarkers(Markers),
    /// An overdue transaction can be aborted only with a fresh producer id at hand.
    AbortOverdue(TransactionalId),
}

/// What partitions must be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Markers {
    /// Of which id.
    pub id: TransactionalId,
    /// Whose records are meant.
    pub producer: Producer,
    /// How it ended.
    pub result: TransactionResult,
    /// Who must know.
    pub partitions: Arc<BTreeSet<TopicPartition>>,
    /// How the client spoke of the transaction: with version 2 the marker's epoch is newer than that of its records.
    pub version: TransactionVersion,
}

impl Markers {
    /// The markers of a transaction that is prepared.
    pub fn of(id: &TransactionalId, metadata: &TransactionMetadata) -> Option<Self> {
        Some(Self {
            id: Arc::clone(id),
            producer: metadata.producer,
            result: metadata.state.prepared()?,
            partitions: Arc::clone(&metadata.partitions),
            version: metadata.client_version,
        })
    }
}

/// What timers are for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The transaction has been open for as long as it may.
    Overdue(TransactionalId),
    /// Ids that nobody uses are looked for.
    Expire,
}

/// The state of one partition of `__transaction_state`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionMachine {
    transactions: HashMap<TransactionalId, TransactionMetadata>,
    settings: Settings,
}

impl TransactionMachine {
    /// Without any transaction.
    pub fn new(settings: Settings) -> Self {
        Self { transactions: HashMap::new(), settings }
    }

    /// The transactions by id.
    pub fn transactions(&self) -> &HashMap<TransactionalId, TransactionMetadata> {
        &self.transactions
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// One transactional id, with the name as it is kept.
    pub fn find(&self, id: &str) -> Option<(&TransactionalId, &TransactionMetadata)> {
        self.transactions.get_key_value(id)
    }
}

impl Machine for TransactionMachine {
    type Record = TransactionRecord;
    type Effect = Effect;
    type Timer = Timer;

    fn replay(&mut self, _: ReplayAt, record: &TransactionRecord) {
        match record {
            TransactionRecord::Transaction(id, Some(metadata)) => {
                self.transactions.insert(Arc::clone(id), metadata.clone());
            }
            TransactionRecord::Transaction(id, None) => {
                self.transactions.remove(id);
            }
            TransactionRecord::Settings(settings) => self.settings = *settings,
        }
    }

    fn on_loaded(&self, now: Millis) -> outcome::Outcome<Self, ()> {
        load::on_loaded(self, now)
    }

    fn on_timer(&self, now: Millis, timer: &Timer) -> outcome::Outcome<Self, ()> {
        match timer {
            Timer::Overdue(id) => overdue::on_timer(self, now, id),
            Timer::Expire => expire::on_timer(self, now),
        }
    }
}

/// The record that brings `id` to `next`, with the timer that goes with it.
pub(super) fn transition<T>(
    machine: &TransactionMachine,
    id: &TransactionalId,
    next: TransactionMetadata,
    reply: Result<T, ErrorCode>,
) -> Outcome<T> {
    let next = TransactionMetadata { value_version: machine.settings.version.value_version(), ..next };
    let timer = Timer::Overdue(Arc::clone(id));
    let change = match next.overdue_at() {
        Some(at) => TimerChange::Set(timer, at),
        None => TimerChange::Clear(timer),
    };
    let markers = Markers::of(id, &next);
    let record = TransactionRecord::Transaction(Arc::clone(id), Some(next));
    let outcome = Outcome::records(vec![record], reply).timer(change);
    match markers {
        Some(markers) => outcome.then(Effect::SendMarkers(markers)),
        None => outcome,
    }
}
