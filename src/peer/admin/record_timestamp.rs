//! When the first record at some offset or later was written: one batch is read for it.

use std::time::Duration;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{Millis, Offset, TopicPartition};
use crate::base::limits::DECOMPRESSION_RATIO_MAX;
use crate::peer::admin::list_offsets::{OffsetSpec, offsets_at_leader};
use crate::peer::connection::Connection;
use crate::peer::error::PeerError;
use crate::peer::fetch::{FetchFrom, FetchOptions, fetch};
use crate::record::batch::{BatchView, batches};
use crate::record::iter::records;

/// Asks the partition's leader at the other end. Nothing stands for "there is none", and for a batch that cannot be read. Where
/// that offset is gone by retention, the first record that is left counts.
pub async fn record_timestamp(connection: &Connection, from: FetchFrom) -> Result<Option<Millis>, PeerError> {
    let asked = [TopicPartition::new(from.topic.as_str(), from.partition)];
    let asked_for = from.offset;
    match at_or_after(connection, from.clone()).await? {
        Found::At(timestamp) => Ok(timestamp),
        Found::OutOfRange => {
            let starts = offsets_at_leader(connection, &asked, OffsetSpec::Earliest).await?;
            match starts.get(&asked[0]).filter(|start| **start > asked_for) {
                Some(start) => match at_or_after(connection, FetchFrom { offset: *start, ..from }).await? {
                    Found::At(timestamp) => Ok(timestamp),
                    Found::OutOfRange => Ok(None),
                },
                None => Ok(None),
            }
        }
    }
}

enum Found {
    At(Option<Millis>),
    OutOfRange,
}

async fn at_or_after(connection: &Connection, from: FetchFrom) -> Result<Found, PeerError> {
    let offset = from.offset;
    let one =
        FetchOptions { max_wait: Duration::ZERO, max_bytes: 1, partition_max_bytes: 1, ..FetchOptions::default() };
    for fetched in fetch(connection, &[from], &one).await? {
        match fetched.error {
            ErrorCode::None => {}
            ErrorCode::OffsetOutOfRange => return Ok(Found::OutOfRange),
            code => {
                let what = format!("read partition {} of topic {:?}", fetched.partition, fetched.topic);
                return Err(PeerError::refused(what, code, None));
            }
        }
        let found = batches(&fetched.records).map_while(Result::ok).find_map(|batch| timestamp_in(&batch, offset));
        if found.is_some() {
            return Ok(Found::At(found));
        }
    }
    Ok(Found::At(None))
}

fn timestamp_in(batch: &BatchView<'_>, from: Offset) -> Option<Millis> {
    let header = &batch.header;
    if header.next_offset() <= from {
        return None;
    }
    if header.is_log_append_time() {
        return Some(header.max_timestamp);
    }
    let bound = batch.payload().len().max(1 << 20).saturating_mul(DECOMPRESSION_RATIO_MAX);
    let payload = header.compression()?.decompress(batch.payload(), bound).ok()?;
    let record = records(&payload, header.record_count)
        .map_while(Result::ok)
        .find(|record| header.base_offset.plus(i64::from(record.offset_delta)) >= from)?;
    Some(header.base_timestamp.plus(Millis(record.timestamp_delta)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::LeaderEpoch;
    use crate::record::builder::BatchBuilder;
    use crate::record::compression::Compression;

    #[test]
    fn the_time_is_that_of_the_record_and_not_of_its_batch() {
        for codec in [Compression::None, Compression::Zstd] {
            let mut builder = BatchBuilder::new();
            for n in 0..3 {
                builder.append(Millis(1000 + n * 500), None, Some(b"v"), &[]);
            }
            let bytes = builder.build(Offset(10), LeaderEpoch(0), codec).expect("a batch");
            let batch = BatchView::parse(&bytes).expect("it is whole");
            let at = |offset| timestamp_in(&batch, Offset(offset)).map(|at| at.0);
            assert_eq!([5, 10, 11, 12, 13].map(at), [Some(1000), Some(1000), Some(1500), Some(2000), None]);
        }
    }
}
