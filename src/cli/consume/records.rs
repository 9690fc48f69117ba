//! Opening fetched batches: checksum, codec, records, and which of them a reader of committed records may see.

use std::collections::BTreeSet;

use anyhow::{Context, bail};

use crate::base::ids::{Millis, Offset, ProducerId};
use crate::peer::fetch::Fetched;
use crate::record::batch::{BatchError, BatchView, batches};
use crate::record::compression::Compression;
use crate::record::control::ControlType;
use crate::record::iter::{RecordView, records};

/// What a batch may grow to when it is decompressed (bytes).
const DECOMPRESSED_BYTES_MAX: usize = 1 << 30;

/// A record with what its batch says of it.
pub(super) struct Consumed<'a> {
    pub topic: &'a str,
    pub partition: i32,
    pub offset: Offset,
    pub timestamp: Millis,
    /// Whether the timestamp is the log's and not the producer's.
    pub log_append_time: bool,
    pub record: RecordView<'a>,
}

/// Whether to go on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flow {
    GoOn,
    Stop,
}

/// Gives every record of `fetched` from `from` on and before `until` to `sink`, until that has enough.
pub(super) fn walk(
    fetched: &Fetched,
    from: Offset,
    until: Option<Offset>,
    read_committed: bool,
    sink: &mut dyn FnMut(&Consumed<'_>) -> anyhow::Result<Flow>,
) -> anyhow::Result<Flow> {
    let mut aborted = Aborted::of(fetched, read_committed);
    for batch in batches(&fetched.records) {
        let batch = match batch {
            Ok(batch) => batch,
            // The response may end in the middle of a batch: the rest comes with the next.
            Err(BatchError::Short { .. }) => break,
            Err(error) => return Err(error).with_context(|| place(fetched, None)),
        };
        let at = || place(fetched, Some(batch.header.base_offset));
        batch.verify_crc().with_context(at)?;
        if aborted.hides(&batch) || batch.header.is_control() || batch.header.next_offset() <= from {
            continue;
        }
        if each(fetched, &batch, from, until, sink).with_context(at)? == Flow::Stop {
            return Ok(Flow::Stop);
        }
    }
    Ok(Flow::GoOn)
}

fn place(fetched: &Fetched, base: Option<Offset>) -> String {
    let partition = format!("partition {} of topic {:?}", fetched.partition, fetched.topic);
    base.map_or(partition.clone(), |base| format!("{partition}, batch at offset {base}"))
}

fn each(
    fetched: &Fetched,
    batch: &BatchView<'_>,
    from: Offset,
    until: Option<Offset>,
    sink: &mut dyn FnMut(&Consumed<'_>) -> anyhow::Result<Flow>,
) -> anyhow::Result<Flow> {
    let header = &batch.header;
    let unpacked;
    let payload = match header.compression() {
        None => bail!("its codec is not known"),
        Some(Compression::None) => batch.payload(),
        Some(codec) => {
            unpacked = codec.decompress(batch.payload(), DECOMPRESSED_BYTES_MAX)?;
            &unpacked
        }
    };
    for record in records(payload, header.record_count) {
        let record = record?;
        let offset = header.base_offset.plus(i64::from(record.offset_delta));
        if offset < from {
            continue;
        }
        if until.is_some_and(|until| offset >= until) {
            break;
        }
        let log_append_time = header.is_log_append_time();
        let timestamp = if log_append_time {
            header.max_timestamp
        } else {
            header.base_timestamp.plus(Millis(record.timestamp_delta))
        };
        let (topic, partition) = (fetched.topic.as_str(), fetched.partition.0);
        if sink(&Consumed { topic, partition, offset, timestamp, log_append_time, record })? == Flow::Stop {
            return Ok(Flow::Stop);
        }
    }
    Ok(Flow::GoOn)
}

/// Transactions whose records are to be left out: each from its first offset to its abort marker.
struct Aborted {
    read_committed: bool,
    /// By first offset, the last one first.
    to_come: Vec<(Offset, ProducerId)>,
    open: BTreeSet<ProducerId>,
}

impl Aborted {
    fn of(fetched: &Fetched, read_committed: bool) -> Self {
        let mut to_come: Vec<_> = fetched.aborted.iter().map(|(producer, first)| (*first, *producer)).collect();
        to_come.sort_by(|a, b| b.cmp(a));
        Self { read_committed, to_come, open: BTreeSet::new() }
    }

    /// Whether the batch belongs to an aborted transaction. Batches must come in order.
    fn hides(&mut self, batch: &BatchView<'_>) -> bool {
        if !self.read_committed {
            return false;
        }
        let header = &batch.header;
        while let Some((first, producer)) =
            self.to_come.last().copied().filter(|(first, _)| *first <= header.last_offset())
        {
            debug_assert!(first <= header.last_offset());
            self.open.insert(producer);
            self.to_come.pop();
        }
        if header.is_control() {
            let marker = records(batch.payload(), header.record_count).next();
            let kind = marker.and_then(Result::ok).and_then(|record| ControlType::from_key(record.key?));
            if kind == Some(ControlType::Abort) {
                self.open.remove(&header.producer_id);
            }
            return false;
        }
        header.is_transactional() && self.open.contains(&header.producer_id)
    }
}

#[cfg(test)]
#[path = "records_test.rs"]
mod tests;
