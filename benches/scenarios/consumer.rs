//! The consuming side of a connection: one long-polling Fetch in flight over all its partitions, as a Java consumer has
//! it. Counts records and bytes, checks that offsets follow each other, and checks the CRC of one batch in 1,000.

use crate::batch;
use crate::client::Topic;
use crate::link::Role;
use crate::totals::Totals;
use crate::wire::{self, WireError};

/// What a consumer may take from one partition per request: the Java consumer's default.
const PARTITION_BYTES: i32 = 1 << 20;
const WAIT_MS: i32 = 500;

pub struct Consumer {
    frame: Vec<u8>,
    offset_at: Vec<usize>,
    offsets: Vec<i64>,
    /// Position of the send time in each batch, if the batches carry one.
    slot_at: Option<usize>,
    /// False for a null server, which sends the same offsets again and again.
    ordered: bool,
    unsent_from: usize,
    in_flight: bool,
    stopped: bool,
    requests: u32,
    batches: u64,
}

impl Consumer {
    /// Reads all partitions of `topic` from offset 0.
    pub fn new(topic: &Topic, slot_at: Option<usize>) -> Consumer {
        let partitions: Vec<i32> = (0..topic.partitions).collect();
        let (frame, offset_at) = wire::fetch(&topic.id, &partitions, WAIT_MS, PARTITION_BYTES);
        Consumer {
            unsent_from: frame.len(),
            frame,
            offset_at,
            offsets: vec![0; partitions.len()],
            slot_at,
            ordered: true,
            in_flight: false,
            stopped: false,
            requests: 0,
            batches: 0,
        }
    }

    pub fn of_null_server(mut self) -> Consumer {
        self.ordered = false;
        self
    }
}

/// Length of the batch at the head of `bytes`, if it is whole.
fn batch_len(bytes: &[u8]) -> Option<usize> {
    let field = bytes.get(batch::LENGTH_AT..)?.first_chunk::<4>()?;
    let len = 12 + u32::from_be_bytes(*field) as usize;
    (len >= batch::RECORDS_AT && len <= bytes.len()).then_some(len)
}

impl Role for Consumer {
    fn unsent(&mut self, _now: u64) -> &[u8] {
        if self.unsent_from == self.frame.len() && !self.in_flight && !self.stopped {
            for (at, offset) in self.offset_at.iter().zip(&self.offsets) {
                self.frame[*at..][..8].copy_from_slice(&offset.to_be_bytes());
            }
            self.frame[wire::CORRELATION_AT..][..4].copy_from_slice(&self.requests.to_be_bytes());
            self.requests = self.requests.wrapping_add(1);
            self.in_flight = true;
            self.unsent_from = 0;
        }
        &self.frame[self.unsent_from..]
    }

    fn sent(&mut self, count: usize) {
        self.unsent_from += count;
    }

    fn answer(&mut self, frame: &[u8], now: u64, totals: &mut Totals) -> Result<(), WireError> {
        self.in_flight = false;
        let before = totals.consumed_bytes;
        wire::fetch_answer(frame, |partition, mut records| {
            let expected = self.offsets.get_mut(partition as usize).ok_or("a partition that was not asked for")?;
            while let Some(len) = batch_len(records) {
                let (batch, rest) = records.split_at(len);
                records = rest;
                let base = batch.first_chunk::<8>().map_or(-1, |field| i64::from_be_bytes(*field));
                if self.ordered && base != *expected {
                    return Err(format!("partition {partition}: offset {base} came where {expected} was due"));
                }
                let count = batch[batch::COUNT_AT..].first_chunk::<4>().map_or(0, |field| u32::from_be_bytes(*field));
                *expected = base + i64::from(count);
                self.batches += 1;
                if self.batches.is_multiple_of(1000) && !batch::crc_holds(batch) {
                    return Err(format!("partition {partition}: the CRC of the batch at {base} does not hold"));
                }
                if let Some(stamp) = self.slot_at.and_then(|at| batch[at..].first_chunk::<8>()) {
                    let nanos = now.saturating_sub(u64::from_be_bytes(*stamp));
                    totals.end_to_end.saturating_record((nanos / 1000).max(1));
                }
                totals.consumed_records += u64::from(count);
                totals.consumed_bytes += len as u64;
            }
            Ok(())
        })?;
        totals.fetches += u64::from(totals.consumed_bytes > before);
        Ok(())
    }

    fn stop(&mut self) {
        self.stopped = true;
    }

    fn busy(&self) -> bool {
        self.in_flight
    }
}
