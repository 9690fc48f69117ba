//! Which transactions the batches of a pass belong to, and whether anything is left of them.
//!
//! Records of an aborted transaction go. A marker may go once no record of its transaction is left, and then only after the
//! delete horizon, so that a reader who is in the middle of the transaction still finds its end.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::base::ids::{Offset, ProducerId};
use crate::log::index::transaction_index::AbortedEntry;
use crate::log::log::floor;
use crate::log::segment::LogSegment;
use crate::record::batch::{BatchHeader, BatchView};
use crate::record::control::ControlType;
use crate::record::iter::records;

struct Ongoing {
    entry: AbortedEntry,
    /// A batch of it is still there.
    is_seen: bool,
}

/// The transactions of a walk over a log, from one offset to another.
#[derive(Default)]
pub(super) struct Transactions {
    /// By first offset, the last first.
    to_come: Vec<AbortedEntry>,
    aborted: HashMap<ProducerId, Ongoing>,
    committed: HashSet<ProducerId>,
}

/// What becomes of a control batch.
pub(super) enum Marker {
    /// Its transaction has left nothing: it may go after the horizon.
    Unneeded,
    /// It stays.
    Needed,
    /// It stays and ends an aborted transaction, which the new transaction index must hold.
    Aborts(AbortedEntry),
}

impl Transactions {
    /// For a walk from `from` up to `to`, which lies before any open transaction.
    pub(super) fn between(segments: &[Arc<LogSegment>], from: Offset, to: Offset) -> Self {
        let mut to_come = Vec::new();
        let first = floor(segments, from).map_or(Offset(0), |s| s.base_offset);
        for segment in segments.iter().filter(|s| s.base_offset >= first) {
            if segment.transactions.overlapping(from, to, &mut to_come) {
                break;
            }
        }
        to_come.sort_by_key(|entry| std::cmp::Reverse(entry.first_offset));
        Self { to_come, ..Self::default() }
    }

    fn begin_until(&mut self, offset: Offset) {
        while let Some(entry) = self.to_come.pop_if(|entry| entry.first_offset <= offset) {
            self.aborted.entry(entry.producer_id).or_insert(Ongoing { entry, is_seen: false });
        }
    }

    /// Meets a batch of records. True if they belong to an aborted transaction.
    pub(super) fn meet_data(&mut self, batch: &BatchHeader) -> bool {
        self.begin_until(batch.last_offset());
        if !batch.is_transactional() {
            return false;
        }
        if let Some(ongoing) = self.aborted.get_mut(&batch.producer_id) {
            ongoing.is_seen = true;
            return true;
        }
        self.committed.insert(batch.producer_id);
        false
    }

    /// Meets a control batch.
    pub(super) fn meet_control(&mut self, batch: &BatchView<'_>) -> Marker {
        self.begin_until(batch.header.last_offset());
        let first = records(batch.payload(), batch.header.record_count).next().and_then(Result::ok);
        let Some(record) = first else { return Marker::Unneeded };
        match record.key.and_then(ControlType::from_key) {
            Some(ControlType::Abort) => match self.aborted.remove(&batch.header.producer_id) {
                Some(Ongoing { entry, is_seen: true }) => Marker::Aborts(entry),
                _ => Marker::Unneeded,
            },
            Some(ControlType::Commit) if !self.committed.remove(&batch.header.producer_id) => Marker::Unneeded,
            _ => Marker::Needed,
        }
    }
}
