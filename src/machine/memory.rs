//! A log in memory, for tests and the simulator. It commits when told to, and refuses when told to.

use crate::base::ids::{LeaderEpoch, Offset};
use crate::machine::log::{MachineLog, NotAppended};

/// The log.
#[derive(Debug, Default)]
pub struct MemoryLog<R> {
    records: Vec<R>,
    committed: usize,
    refuses: bool,
}

impl<R> MemoryLog<R> {
    /// An empty log.
    pub fn new() -> Self {
        Self { records: Vec::new(), committed: 0, refuses: false }
    }
    /// All that was appended is committed from now on.
    pub fn commit(&mut self) {
        self.committed = self.records.len();
    }
    /// Whether appends fail.
    pub fn refuse(&mut self, refuses: bool) {
        self.refuses = refuses;
    }
    /// All records, in order.
    pub fn records(&self) -> &[R] {
        &self.records
    }
}

impl<R: Clone> MachineLog<R> for MemoryLog<R> {
    fn append(&mut self, records: &[R]) -> Result<Offset, NotAppended> {
        if self.refuses {
            return Err(NotAppended("told to refuse".into()));
        }
        let first = self.end();
        self.records.extend_from_slice(records);
        Ok(first)
    }
    fn epoch(&self) -> LeaderEpoch {
        LeaderEpoch(0)
    }
    fn end(&self) -> Offset {
        Offset(self.records.len() as i64)
    }
    fn committed(&self) -> Offset {
        Offset(self.committed as i64)
    }
}
