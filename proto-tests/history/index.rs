//! What a history says of each value, of each transaction and of each offset; what the checkers look things up in.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::event::{Event, Isolation, Line};

/// A place in a log.
pub type Place<'a> = (&'a str, i64);

/// A record that was sent.
pub struct Sent<'a> {
    /// Its partition.
    pub partition: &'a str,
    /// The transaction it belongs to.
    pub txn: Option<i64>,
    /// It was acknowledged.
    pub acked: bool,
    /// The offset that it was acknowledged with.
    pub offset: Option<i64>,
    /// It was certainly not written.
    pub refused: bool,
}

/// A transaction.
#[derive(Default)]
pub struct Transaction {
    /// What was sent in it.
    pub values: Vec<i64>,
    /// The number of the line that says that its commit is about to be asked for.
    pub asked: Option<usize>,
    /// It is committed.
    pub committed: bool,
    /// It is aborted.
    pub aborted: bool,
}

/// A record as a reader got it.
pub struct Sighting<'a> {
    /// The number of the line.
    pub line: usize,
    /// Who read it.
    pub by: &'a str,
    /// In which transaction.
    pub txn: Option<i64>,
    /// What the reader may see.
    pub isolation: Isolation,
    /// Where it lay.
    pub place: Place<'a>,
    /// What it was.
    pub value: i64,
}

/// What is to become of a record that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It must be read.
    Durable,
    /// It may be read.
    Open,
    /// It must not be read.
    Never,
}

/// A history, sorted.
#[derive(Default)]
pub struct Index<'a> {
    /// What was sent, by value.
    pub sent: BTreeMap<i64, Sent<'a>>,
    /// The transactions.
    pub transactions: BTreeMap<i64, Transaction>,
    /// What was read, in order.
    pub sightings: Vec<Sighting<'a>>,
    /// The values that were read at all.
    pub seen: BTreeSet<i64>,
    /// The values that were read by somebody who sees committed ones alone.
    pub seen_committed: BTreeSet<i64>,
    /// The highest offset of each partition that was read.
    pub highest: HashMap<&'a str, i64>,
    /// The line of the last acknowledgement in each partition.
    pub last_ack: HashMap<&'a str, usize>,
    /// The last line that says that a partition was read to its end, and the same of readers of what is committed.
    pub drained: HashMap<&'a str, usize>,
    /// See `drained`.
    pub drained_committed: HashMap<&'a str, usize>,
    /// Lines that cannot be: the recorder is wrong.
    pub malformed: Vec<String>,
}

impl<'a> Index<'a> {
    /// Sorts a history.
    pub fn of(lines: &'a [Line]) -> Index<'a> {
        let mut index = Index::default();
        let mut isolations: HashMap<&str, Isolation> = HashMap::new();
        for (number, line) in lines.iter().enumerate() {
            index.add(number, line, &mut isolations);
        }
        index
    }

    fn add(&mut self, number: usize, line: &'a Line, isolations: &mut HashMap<&'a str, Isolation>) {
        let by = line.p.as_str();
        let known = match &line.event {
            Event::Begin { txn } => self.transactions.insert(*txn, Transaction::default()).is_none(),
            Event::Send { value, at, txn } => {
                let sent = Sent { partition: at, txn: *txn, acked: false, offset: None, refused: false };
                let is_new = self.sent.insert(*value, sent).is_none();
                let of = txn.map(|txn| self.transactions.get_mut(&txn).map(|txn| txn.values.push(*value)));
                is_new && of != Some(None)
            }
            Event::Acked { value, offset } => self.sent.get_mut(value).is_some_and(|sent| {
                (sent.acked, sent.offset) = (true, offset.filter(|offset| *offset >= 0));
                self.last_ack.insert(sent.partition, number);
                true
            }),
            Event::Refused { value } => self.sent.get_mut(value).map(|sent| sent.refused = true).is_some(),
            Event::Commit { txn } => self.end(*txn, |txn| txn.asked = Some(number)),
            Event::Committed { txn } => self.end(*txn, |txn| txn.committed = true),
            Event::Aborted { txn } => self.end(*txn, |txn| txn.aborted = true),
            Event::Assign { isolation, .. } => {
                isolations.insert(by, *isolation);
                true
            }
            Event::Poll { records, txn } => {
                let isolation = isolations.get(by).copied().unwrap_or_default();
                for (partition, offset, value) in records {
                    let place = (partition.as_str(), *offset);
                    self.sightings.push(Sighting { line: number, by, txn: *txn, isolation, place, value: *value });
                    self.seen.insert(*value);
                    if isolation == Isolation::ReadCommitted {
                        self.seen_committed.insert(*value);
                    }
                    let highest = self.highest.entry(partition).or_insert(*offset);
                    *highest = (*highest).max(*offset);
                }
                true
            }
            Event::Drained { at } => {
                for partition in at {
                    self.drained.insert(partition, number);
                    if isolations.get(by).copied().unwrap_or_default() == Isolation::ReadCommitted {
                        self.drained_committed.insert(partition, number);
                    }
                }
                true
            }
        };
        if !known {
            self.malformed
                .push(format!("line {}: {line:?}: of something unknown, or not for the first time", number + 1));
        }
    }

    fn end(&mut self, txn: i64, note: impl FnOnce(&mut Transaction)) -> bool {
        self.transactions.get_mut(&txn).map(note).is_some()
    }

    /// What is to become of a transaction. One whose commit nobody asked for is aborted, whatever else happens.
    pub fn fate_of(&self, txn: i64) -> Fate {
        match self.transactions.get(&txn) {
            Some(txn) if txn.committed => Fate::Durable,
            Some(txn) if txn.aborted || txn.asked.is_none() => Fate::Never,
            _ => Fate::Open,
        }
    }

    /// What is to become of a record.
    pub fn fate(&self, sent: &Sent<'_>) -> Fate {
        match sent.txn {
            _ if sent.refused => Fate::Never,
            Some(txn) => self.fate_of(txn),
            None if sent.acked => Fate::Durable,
            None => Fate::Open,
        }
    }

    /// True if somebody read on to the end of a partition after the last record in it was acknowledged.
    pub fn is_drained(&self, partition: &str, isolation: Isolation) -> bool {
        let drained = match isolation {
            Isolation::ReadCommitted => &self.drained_committed,
            Isolation::ReadUncommitted => &self.drained,
        };
        drained.get(partition).is_some_and(|at| self.last_ack.get(partition).is_none_or(|ack| ack < at))
    }
}
