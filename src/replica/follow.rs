//! What a follower does to its log: append what the leader sent, cut off what departs from the leader's log, begin anew.
//!
//! Each runs within one turn of the partition and only in the epoch in which it was asked for, so that nothing of an older
//! leader comes in behind a change of leadership.

use bytes::Bytes;

use crate::base::ids::{LeaderEpoch, Millis, Offset};
use crate::log::error::{AppendError, OpenError};
use crate::record::batch::{BatchError, BatchHeader};
use crate::replica::fetcher_state::{self, Position};
use crate::replica::partition::Partition;

/// Why a follower's log did not change as the leader said.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// Another leader or another epoch since: somebody else's answer.
    #[error("the leadership has changed")]
    Moved,
    /// The log directory has failed.
    #[error("{0}")]
    Storage(String),
    /// What came does not fit the log, or is damaged, or the disk is full.
    #[error("{0}")]
    Refused(String),
}

impl From<AppendError> for FollowError {
    fn from(error: AppendError) -> Self {
        match error {
            // A full disk may have room again: it is tried again, and not given up as a failed one.
            AppendError::Storage(error) if error.is_no_space() => Self::Refused(error.to_string()),
            AppendError::Storage(error) => Self::Storage(error.to_string()),
            other => Self::Refused(other.to_string()),
        }
    }
}

impl From<OpenError> for FollowError {
    fn from(error: OpenError) -> Self {
        match &error {
            OpenError::Storage(full) if full.is_no_space() => Self::Refused(error.to_string()),
            _ => Self::Storage(error.to_string()),
        }
    }
}

impl From<BatchError> for FollowError {
    fn from(error: BatchError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl Partition {
    /// Where the log stands, for a follower's next fetch.
    pub fn position(&self) -> Position {
        Position {
            log_end: self.log().log_end_offset(),
            last_epoch: self.log().latest_epoch().unwrap_or(LeaderEpoch::NONE),
        }
    }

    /// Appends what the leader of `epoch` sent, and follows its high watermark and log start.
    pub fn append_as_follower(
        &self,
        epoch: LeaderEpoch,
        records: &Bytes,
        (high_watermark, log_start): (Offset, Offset),
        now: Millis,
    ) -> Result<Position, FollowError> {
        let _turn = self.turn();
        self.follows_in(epoch)?;
        let bytes_max = self.log().config().segment_bytes;
        let mut rest = whole_batches(records, epoch)?;
        while !rest.is_empty() {
            let piece = rest.split_to(piece_of(&rest, bytes_max)?);
            self.log().append_as_follower(piece, now)?;
        }
        let visible = self.log().update_high_watermark(high_watermark.min(self.log().log_end_offset()));
        self.log().follow_log_start(log_start);
        if visible > 0 {
            self.watermark_moved(visible);
        }
        Ok(self.position())
    }

    /// Cuts off what departs from the log of the leader of `epoch`: `shared` is the newest epoch in common and its end there.
    pub fn truncate_as_follower(
        &self,
        epoch: LeaderEpoch,
        shared: (LeaderEpoch, Offset),
        now: Millis,
    ) -> Result<Position, FollowError> {
        let log = &self.log();
        let to = fetcher_state::truncation_point(shared, |e| log.end_offset_for_epoch(e), log.log_end_offset());
        self.truncate(epoch, to, now)
    }

    /// Makes the log fit into the leader's, which holds `start` to `end`, after the follower asked for what lies outside of it.
    pub fn fit_as_follower(
        &self,
        epoch: LeaderEpoch,
        (start, end): (Offset, Offset),
        now: Millis,
    ) -> Result<Position, FollowError> {
        let log_end = self.log().log_end_offset();
        if end < log_end {
            // The leader was elected without all that this replica has.
            return self.truncate(epoch, end, now);
        }
        let _turn = self.turn();
        self.follows_in(epoch)?;
        if start > log_end {
            tracing::info!(partition = %self.name, %log_end, %start, "the leader holds nothing that continues this log: it begins anew");
            self.log().truncate_fully_and_start_at(start, now)?;
        }
        Ok(self.position())
    }

    fn truncate(&self, epoch: LeaderEpoch, to: Offset, now: Millis) -> Result<Position, FollowError> {
        let _turn = self.turn();
        self.follows_in(epoch)?;
        let (log_end, high_watermark) = (self.log().log_end_offset(), self.log().high_watermark());
        if to < high_watermark {
            tracing::warn!(partition = %self.name, %to, %high_watermark, "committed records are cut off: the leader was elected without them");
        } else if to < log_end {
            tracing::info!(partition = %self.name, %to, %log_end, "records that the leader lacks are cut off");
        }
        self.log().truncate_to(to, now)?;
        Ok(self.position())
    }

    fn follows_in(&self, epoch: LeaderEpoch) -> Result<(), FollowError> {
        let leadership = self.leadership();
        let follows = leadership.leader != self.home.node && leadership.leader_epoch == epoch;
        if follows { Ok(()) } else { Err(FollowError::Moved) }
    }
}

/// The whole batches of an answer, whose last may be cut short. A batch of an epoch after the leader's own is no leader's.
fn whole_batches(records: &Bytes, epoch: LeaderEpoch) -> Result<Bytes, FollowError> {
    let mut end = 0;
    loop {
        let header = match BatchHeader::parse(&records[end..]) {
            Ok(header) => header,
            Err(BatchError::Short { .. }) => break,
            Err(error) => return Err(error.into()),
        };
        if records.len() - end < header.size() {
            break;
        }
        if header.leader_epoch > epoch {
            let got = header.leader_epoch;
            return Err(FollowError::Refused(format!("the leader of epoch {epoch} sent a batch of epoch {got}")));
        }
        end += header.size();
    }
    Ok(records.slice(..end))
}

/// How many bytes of whole batches go into one append: as many as fit a segment, and one batch at least.
pub(super) fn piece_of(batches: &[u8], bytes_max: usize) -> Result<usize, BatchError> {
    let mut end = 0;
    while end < batches.len() {
        let next = end + BatchHeader::parse(&batches[end..])?.size();
        if end > 0 && next > bytes_max {
            break;
        }
        end = next;
    }
    Ok(end.min(batches.len()))
}
