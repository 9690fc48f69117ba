//! Records of a topic gather here, a batch for each partition, until a batch is large enough.
//!
//! Sequence numbers are given as batches are made, so a partition's batches must be sent in the order in which they come out.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::base::ids::{LeaderEpoch, Millis, Offset, PartitionIndex, ProducerEpoch, ProducerId, Sequence};
use crate::record::builder::BatchBuilder;
use crate::record::compression::{Compression, CompressionError};

/// A batch that is ready to be sent.
#[derive(Debug, Clone)]
pub struct ReadyBatch {
    /// Where it goes.
    pub partition: PartitionIndex,
    /// How many records it has.
    pub count: i32,
    /// Its bytes as they go out.
    pub bytes: Bytes,
    /// Its records' size before compression (bytes).
    pub uncompressed: usize,
}

/// A record on its way in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Record<'a> {
    /// When it happened.
    pub timestamp: Millis,
    /// Its key, or null.
    pub key: Option<&'a [u8]>,
    /// Its value, or null.
    pub value: Option<&'a [u8]>,
    /// Its headers.
    pub headers: &'a [(&'a [u8], Option<&'a [u8]>)],
}

impl Record<'_> {
    /// A bound on its encoded size (bytes).
    fn size_max(&self) -> usize {
        let part = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len) + 5;
        let headers: usize = self.headers.iter().map(|(key, value)| part(Some(key)) + part(*value)).sum();
        26 + part(self.key) + part(self.value) + headers
    }
}

/// An idempotent producer's identity (KIP-98).
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    /// The id that the cluster gave.
    pub id: ProducerId,
    /// Its epoch.
    pub epoch: ProducerEpoch,
}

/// Gathers records.
pub struct Accumulator {
    batch_bytes: usize,
    compression: Compression,
    identity: Option<Identity>,
    open: BTreeMap<PartitionIndex, BatchBuilder>,
    sequences: BTreeMap<PartitionIndex, Sequence>,
}

impl Accumulator {
    /// Batches of at most `batch_bytes` before compression; a larger record gets one of its own.
    pub fn new(batch_bytes: usize, compression: Compression, identity: Option<Identity>) -> Self {
        Self { batch_bytes, compression, identity, open: BTreeMap::new(), sequences: BTreeMap::new() }
    }

    /// Adds a record. What comes back is the batch that it no longer fitted into.
    pub fn append(
        &mut self,
        partition: PartitionIndex,
        record: &Record<'_>,
    ) -> Result<Option<ReadyBatch>, CompressionError> {
        let size = record.size_max();
        let full = self.open.get(&partition).is_some_and(|batch| batch.size() + size > self.batch_bytes);
        let ready = if full { self.close(partition)? } else { None };
        let batch = match self.open.entry(partition) {
            std::collections::btree_map::Entry::Occupied(open) => open.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => place.insert(match self.identity {
                None => BatchBuilder::new(),
                Some(Identity { id, epoch }) => {
                    let sequence = self.sequences.get(&partition).copied().unwrap_or(Sequence(0));
                    BatchBuilder::new().producer(id, epoch, sequence)
                }
            }),
        };
        batch.append(record.timestamp, record.key, record.value, record.headers);
        Ok(ready)
    }

    /// Whether records wait.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Everything that waits.
    pub fn flush(&mut self) -> Result<Vec<ReadyBatch>, CompressionError> {
        let partitions: Vec<_> = self.open.keys().copied().collect();
        partitions.into_iter().filter_map(|partition| self.close(partition).transpose()).collect()
    }

    fn close(&mut self, partition: PartitionIndex) -> Result<Option<ReadyBatch>, CompressionError> {
        let Some(batch) = self.open.remove(&partition) else { return Ok(None) };
        let (count, uncompressed) = (batch.count(), batch.size());
        let next = self.sequences.entry(partition).or_insert(Sequence(0));
        *next = next.plus(count);
        let bytes = batch.build(Offset(0), LeaderEpoch::NONE, self.compression)?;
        Ok(Some(ReadyBatch { partition, count, bytes, uncompressed }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::batch::BatchView;

    #[test]
    fn batches_are_cut_by_size_and_numbered_in_sequence() {
        let identity = Identity { id: ProducerId(9), epoch: ProducerEpoch(0) };
        let mut accumulator = Accumulator::new(1000, Compression::None, Some(identity));
        let value = [b'v'; 400];
        let record = Record { timestamp: Millis(5), value: Some(&value), ..Record::default() };
        let mut ready = Vec::new();
        for _ in 0..5 {
            ready.extend(accumulator.append(PartitionIndex(0), &record).unwrap());
        }
        ready.extend(accumulator.flush().unwrap());
        let heads: Vec<_> = ready.iter().map(|b| BatchView::parse(&b.bytes).unwrap().header).collect();
        assert_eq!(ready.iter().map(|b| b.count).collect::<Vec<_>>(), [2, 2, 1]);
        assert_eq!(heads.iter().map(|h| h.base_sequence.0).collect::<Vec<_>>(), [0, 2, 4]);
        assert!(accumulator.is_empty() && accumulator.flush().unwrap().is_empty());
    }

    #[test]
    fn a_record_larger_than_a_batch_gets_its_own() {
        let mut accumulator = Accumulator::new(100, Compression::Zstd, None);
        let value = [b'v'; 4000];
        let record = Record { timestamp: Millis(5), value: Some(&value), ..Record::default() };
        assert!(accumulator.append(PartitionIndex(3), &record).unwrap().is_none());
        let first = accumulator.append(PartitionIndex(3), &record).unwrap().unwrap();
        assert_eq!((first.count, first.partition), (1, PartitionIndex(3)));
        assert!(first.uncompressed > 4000 && first.bytes.len() < 500);
    }
}
