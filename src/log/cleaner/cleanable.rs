//! Is a log due for compaction, and which part of it?
//!
//! Due is what is dirty enough (`min.cleanable.dirty.ratio`) or has waited too long (`max.compaction.lag.ms`). Never touched
//! are the active segment, whatever is not committed and decided, and what is younger than `min.compaction.lag.ms`.

use std::sync::Arc;

use crate::base::ids::{Millis, Offset};
use crate::log::error::ReadError;
use crate::log::log::{Log, floor};
use crate::log::segment::LogSegment;

/// What there is to do on one log.
#[derive(Clone)]
pub struct LogToClean {
    /// The log.
    pub log: Arc<Log>,
    /// Before this offset the log was compacted before. first dirty ≤ first uncleanable.
    pub first_dirty: Offset,
    /// From here on nothing may be touched: the base of a segment.
    pub first_uncleanable: Offset,
    /// Bytes before the first dirty offset.
    pub clean_bytes: u64,
    /// Bytes from there to the first uncleanable offset.
    pub cleanable_bytes: u64,
    /// How much longer than `max.compaction.lag.ms` the oldest dirty record has waited (ms).
    pub delay_ms: Millis,
}

impl LogToClean {
    /// The dirty share of what could be looked at (0 to 1).
    pub fn ratio(&self) -> f64 {
        let total = self.clean_bytes + self.cleanable_bytes;
        if total == 0 { 0.0 } else { self.cleanable_bytes as f64 / total as f64 }
    }

    /// True if the topic's settings ask for a compaction now.
    pub fn is_due(&self) -> bool {
        let overdue = self.delay_ms > Millis(0) && self.cleanable_bytes > 0;
        overdue || self.ratio() > self.log.config().min_cleanable_dirty_ratio
    }
}

/// Measures `log`, which was compacted up to `checkpoint` before, if ever. `now` is wall time.
pub fn measure(log: &Arc<Log>, checkpoint: Option<Offset>, now: Millis) -> Result<LogToClean, ReadError> {
    let config = log.config();
    let segments = log.segments.load_full();
    let (start, end) = (log.log_start_offset(), log.log_end_offset());
    let first_dirty = checkpoint.filter(|at| (start..=end).contains(at)).unwrap_or(start);
    let (active, sealed) = segments.split_last().expect("a log always has an active segment");
    let dirty = match floor(sealed, first_dirty) {
        _ if first_dirty >= active.base_offset => &[],
        Some(first) => &sealed[sealed.partition_point(|s| s.base_offset < first.base_offset)..],
        None => sealed,
    };
    let mut bound = log.last_stable_offset().min(active.base_offset);
    if config.min_compaction_lag_ms > Millis(0) {
        let youngest = now.since(config.min_compaction_lag_ms);
        let too_young = |s: &&Arc<LogSegment>| s.max_timestamp().map_or(s.created, |(newest, _)| newest) > youngest;
        bound = dirty.iter().find(too_young).map_or(bound, |s| bound.min(s.base_offset));
    }
    // Only whole segments are cleaned: the one that holds the bound is the first that is not.
    let first_uncleanable = floor(&segments, bound.max(first_dirty)).map_or(start, |s| s.base_offset);
    let bytes = |from: &[Arc<LogSegment>]| -> u64 {
        from.iter().filter(|s| s.base_offset < first_uncleanable).map(|s| s.size()).sum()
    };
    let clean = sealed.partition_point(|s| s.base_offset < first_dirty);
    Ok(LogToClean {
        log: Arc::clone(log),
        first_dirty,
        first_uncleanable,
        clean_bytes: bytes(&sealed[..clean]),
        cleanable_bytes: if first_dirty < first_uncleanable { bytes(dirty) } else { 0 },
        delay_ms: delay(dirty, config.max_compaction_lag_ms, now)?,
    })
}

fn delay(dirty: &[Arc<LogSegment>], lag_max: Millis, now: Millis) -> Result<Millis, ReadError> {
    let latest = now.since(lag_max.max(Millis(0)));
    if latest <= Millis(0) {
        return Ok(Millis(0)); // no record is that old
    }
    let mut oldest = latest;
    for segment in dirty {
        let first = segment.first_batch_timestamp()?;
        if first > Millis(0) {
            oldest = oldest.min(first);
        }
    }
    Ok(latest.since(oldest))
}
