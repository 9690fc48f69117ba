//! A log in memory, for tests and the simulator. It commits when told to, and refuses when told to.

use crate::base::ids::{LeaderEpoch, Offset};
use crate::machine::log::{MachineLog, NotAppended};
use crate::machine::machine::TransactionEnd;
use crate::machine::outcome::Writer;

/// What stands at one offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry<R> {
    /// A record.
    Record(Writer, R),
    /// A transaction's end.
    Marker(TransactionEnd),
}

/// The log.
#[derive(Debug, Default)]
pub struct MemoryLog<R> {
    entries: Vec<Entry<R>>,
    committed: usize,
    refuses: bool,
}

impl<R> MemoryLog<R> {
    /// An empty log.
    pub fn new() -> Self {
        Self { entries: Vec::new(), committed: 0, refuses: false }
    }
    /// All that was appended is committed from now on.
    pub fn commit(&mut self) {
        self.committed = self.entries.len();
    }
    /// Whether appends fail.
    pub fn refuse(&mut self, refuses: bool) {
        self.refuses = refuses;
    }
    fn push(&mut self, entries: impl IntoIterator<Item = Entry<R>>) -> Result<Offset, NotAppended> {
        if self.refuses {
            return Err(NotAppended::Failed("told to refuse".into()));
        }
        let first = Offset(self.entries.len() as i64);
        self.entries.extend(entries);
        Ok(first)
    }
    /// All that was appended, in order.
    pub fn entries(&self) -> &[Entry<R>] {
        &self.entries
    }
}

impl<R: Clone> MachineLog<R> for MemoryLog<R> {
    fn append(&mut self, writer: Writer, records: &[R]) -> Result<Offset, NotAppended> {
        self.push(records.iter().map(|record| Entry::Record(writer, record.clone())))
    }
    fn append_marker(&mut self, end: TransactionEnd) -> Result<Offset, NotAppended> {
        self.push([Entry::Marker(end)])
    }
    fn epoch(&self) -> LeaderEpoch {
        LeaderEpoch(0)
    }
    fn end(&self) -> Offset {
        Offset(self.entries.len() as i64)
    }
    fn committed(&self) -> Offset {
        Offset(self.committed as i64)
    }
}
