//! Finding records by time, to the exact record.

use super::error::ReadError;
use super::log::{Log, floor};
use super::read_info::{OnCold, TimestampAndOffset};
use super::scan::BatchScan;
use super::segment::{BatchAt, LogSegment};
use crate::base::ids::{Millis, Offset};
use crate::base::limits::DECOMPRESSION_RATIO_MAX;
use crate::record::batch::BatchView;
use crate::record::iter::records;

impl Log {
    /// The first record whose timestamp is `at` or later.
    pub fn offset_for_timestamp(&self, at: Millis) -> Result<Option<TimestampAndOffset>, ReadError> {
        let segments = self.segments.load_full();
        let start = self.log_start_offset();
        let next_bases = segments.iter().skip(1).map(|s| s.base_offset).chain([self.log_end_offset()]);
        for (segment, next) in segments.iter().zip(next_bases) {
            if next <= start || segment.max_timestamp().is_none_or(|(newest, _)| newest < at) {
                continue;
            }
            if let Some(found) = self.first_at(segment, at, start)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The record with the greatest timestamp; of several, the first (KIP-734).
    pub fn max_timestamp(&self) -> Result<Option<TimestampAndOffset>, ReadError> {
        let segments = self.segments.load_full();
        let newest = segments
            .iter()
            .filter_map(|s| s.max_timestamp().map(|(timestamp, _)| (timestamp, s)))
            .reduce(|best, next| if next.0 > best.0 { next } else { best });
        match newest {
            Some((timestamp, segment)) => self.first_at(segment, timestamp, self.log_start_offset()),
            None => Ok(None),
        }
    }

    /// When the batch was written that holds `offset`, or the first one behind it: its first record's timestamp. Only its head is
    /// read.
    pub fn batch_timestamp(&self, offset: Offset) -> Result<Option<Millis>, ReadError> {
        let segments = self.segments.load_full();
        let from = offset.max(self.log_start_offset());
        let first = floor(&segments, from).map_or(0, |s| segments.partition_point(|x| x.base_offset < s.base_offset));
        for segment in &segments[first..] {
            if let Some(found) = self.find(segment, from, segment.size(), OnCold::Wait)? {
                let header = found.header;
                return Ok(Some(if header.is_log_append_time() {
                    header.max_timestamp
                } else {
                    header.base_timestamp
                }));
            }
        }
        Ok(None)
    }

    fn first_at(
        &self,
        segment: &LogSegment,
        at: Millis,
        start: Offset,
    ) -> Result<Option<TimestampAndOffset>, ReadError> {
        // Everything up to the looked-up offset is older.
        let from = segment.times.lookup_before(at).map_or(start, |older| older.max(start));
        let limit = segment.size();
        let Some(first) = self.find(segment, from, limit, OnCold::Wait)? else { return Ok(None) };
        let mut scan = BatchScan::new(&segment.file, &segment.path, first.position, limit);
        while let Some(found) = scan.next_batch()? {
            if found.header.max_timestamp >= at
                && let Some(record) = self.first_in(segment, &found, at, start)?
            {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    fn first_in(
        &self,
        segment: &LogSegment,
        found: &BatchAt,
        at: Millis,
        start: Offset,
    ) -> Result<Option<TimestampAndOffset>, ReadError> {
        let header = found.header;
        let answer = |timestamp, offset| TimestampAndOffset { timestamp, offset, leader_epoch: header.leader_epoch };
        if header.is_log_append_time() {
            let first = header.base_offset.max(start);
            return Ok((first <= header.last_offset()).then(|| answer(header.max_timestamp, first)));
        }
        let bytes = self.batch_bytes(segment, found)?;
        let view = BatchView::parse(&bytes)?;
        let Some(codec) = header.compression() else { return Ok(None) };
        let bound = bytes.len().max(self.config().max_message_bytes).saturating_mul(DECOMPRESSION_RATIO_MAX);
        let payload = codec.decompress(view.payload(), bound)?;
        for record in records(&payload, header.record_count).map_while(Result::ok) {
            let offset = header.base_offset.plus(i64::from(record.offset_delta));
            let timestamp = Millis(header.base_timestamp.0.saturating_add(record.timestamp_delta));
            if timestamp >= at && offset >= start {
                return Ok(Some(answer(timestamp, offset)));
            }
        }
        Ok(None)
    }
}
