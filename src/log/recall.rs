//! Reading again, at the end of a log, the batches that a producer snapshot leaves out: it holds the last one of each producer.
//!
//! ```text
//!   segment n-1 |...........[ pages of the end ]|   segment n |[ pages of the end ]| log end
//! ```
//!
//! A producer has up to five batches under way. If all were stored before a stop and none acknowledged, it sends all of them again, and
//! is to be told where each lies, not that it goes back. A start reads nothing for it: the first sequence that does not fit, after
//! a snapshot was loaded, has the heads of the log's last batches read, once and for all producers.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::ReadError;
use super::log::Log;
use super::producer_entry::ProducerEntry;
use super::producer_state::ProducerState;
use super::scan::{BatchScan, WINDOW_BYTES};
use super::segment::LogSegment;
use crate::base::ids::ProducerId;
use crate::base::limits::RECALLED_PAGES_MAX;

impl Log {
    /// Enters into `producers`, which are this log's and locked, what its last batches tell of them.
    pub(super) fn recall(&self, producers: &mut ProducerState) {
        match self.seen_at_end(producers) {
            Ok(seen) => producers.recall(seen),
            // The sequence is judged by what is known; the next one that does not fit has another try.
            Err(error) => tracing::warn!(partition = %self.name, %error, "the log's last batches cannot be read again"),
        }
    }

    fn seen_at_end(&self, producers: &ProducerState) -> Result<HashMap<ProducerId, ProducerEntry>, ReadError> {
        let mut seen: HashMap<ProducerId, ProducerEntry> = HashMap::new();
        for (segment, position) in self.last_pages() {
            let mut scan = BatchScan::new(&segment.file, &segment.path, position.into(), segment.size());
            while let Some(at) = scan.next_batch()? {
                let (batch, id) = (&at.header, at.header.producer_id);
                let epoch =
                    producers.epoch_of(id).filter(|epoch| *epoch == batch.producer_epoch && !batch.is_control());
                if let Some(epoch) = epoch {
                    seen.entry(id).or_insert_with(|| ProducerEntry::new(epoch)).add(batch.into());
                }
            }
        }
        Ok(seen)
    }

    /// The segments at the log's end, and from where on each: between two entries of an index lies a page, or a larger batch, of
    /// which only the head is read.
    fn last_pages(&self) -> Vec<(Arc<LogSegment>, u32)> {
        let interval = self.config.load().index_interval_bytes.max(WINDOW_BYTES);
        let mut steps = (RECALLED_PAGES_MAX * WINDOW_BYTES / interval).max(1);
        let mut pages = Vec::new();
        for segment in self.segments.load().iter().rev() {
            let (position, left) = segment.offsets.step_back(steps);
            pages.push((Arc::clone(segment), position));
            steps = left;
            if steps == 0 {
                break;
            }
        }
        pages.reverse();
        pages
    }
}
