//! Building a batch record by record: for what the server writes itself, the command line, and tests.

use bytes::Bytes;

use super::batch::{self, BatchHeader};
use super::compression::{Compression, CompressionError};
use crate::base::codec::Writer;
use crate::base::ids::{LeaderEpoch, Millis, Offset, ProducerEpoch, ProducerId, Sequence};

/// A batch in the making.
#[derive(Debug)]
pub struct BatchBuilder {
    body: Writer,
    count: i32,
    base_timestamp: Millis,
    max_timestamp: Millis,
    attributes: i16,
    producer_id: ProducerId,
    producer_epoch: ProducerEpoch,
    base_sequence: Sequence,
}

impl Default for BatchBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl BatchBuilder {
    /// Nothing in it; no producer.
    pub fn new() -> Self {
        Self {
            body: Writer::new(),
            count: 0,
            base_timestamp: Millis::NONE,
            max_timestamp: Millis::NONE,
            attributes: 0,
            producer_id: ProducerId::NONE,
            producer_epoch: ProducerEpoch::NONE,
            base_sequence: Sequence::NONE,
        }
    }

    /// From an idempotent producer.
    #[must_use]
    pub fn producer(mut self, id: ProducerId, epoch: ProducerEpoch, base_sequence: Sequence) -> Self {
        (self.producer_id, self.producer_epoch, self.base_sequence) = (id, epoch, base_sequence);
        self
    }

    /// Sets attribute flags, such as [`batch::TRANSACTIONAL`] or [`batch::CONTROL`].
    #[must_use]
    pub fn flags(mut self, flags: i16) -> Self {
        self.attributes |= flags;
        self
    }

    /// Adds a record.
    pub fn append(
        &mut self,
        timestamp: Millis,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[(&[u8], Option<&[u8]>)],
    ) {
        if self.count == 0 {
            self.base_timestamp = timestamp;
        }
        self.max_timestamp = self.max_timestamp.max(timestamp);
        let mut record = Writer::with_capacity(32 + key.map_or(0, <[u8]>::len) + value.map_or(0, <[u8]>::len));
        record.i8(0);
        record.varlong(timestamp.since(self.base_timestamp).0);
        record.varint(self.count);
        put(&mut record, key);
        put(&mut record, value);
        record.varint(headers.len() as i32);
        for (key, value) in headers {
            put(&mut record, Some(key));
            put(&mut record, *value);
        }
        self.body.varint(record.len() as i32);
        self.body.bytes(record.as_slice());
        self.count += 1;
    }

    /// Records so far.
    pub fn count(&self) -> i32 {
        self.count
    }

    /// Bytes of records so far, before compression.
    pub fn size(&self) -> usize {
        self.body.len()
    }

    /// The batch. It must hold at least one record.
    pub fn build(
        self,
        base_offset: Offset,
        epoch: LeaderEpoch,
        compression: Compression,
    ) -> Result<Bytes, CompressionError> {
        assert!(self.count > 0, "a batch holds at least one record");
        let header = BatchHeader {
            base_offset,
            length: 0,
            leader_epoch: epoch,
            crc: 0,
            attributes: self.attributes | compression.id(),
            last_offset_delta: self.count - 1,
            base_timestamp: self.base_timestamp,
            max_timestamp: self.max_timestamp,
            producer_id: self.producer_id,
            producer_epoch: self.producer_epoch,
            base_sequence: self.base_sequence,
            record_count: self.count,
        };
        Ok(match compression {
            Compression::None => batch::assemble(&header, self.body.as_slice()),
            codec => batch::assemble(&header, &codec.compress(self.body.as_slice(), None)?),
        })
    }
}

fn put(out: &mut Writer, bytes: Option<&[u8]>) {
    match bytes {
        None => out.varint(-1),
        Some(bytes) => {
            out.varint(bytes.len() as i32);
            out.bytes(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::batch::BatchView;
    use crate::record::iter::records;

    #[test]
    fn every_codec_gives_back_what_went_in() {
        for codec in Compression::ALL {
            let mut builder = BatchBuilder::new().producer(ProducerId(7), ProducerEpoch(1), Sequence(5));
            builder.append(Millis(1000), Some(b"k"), Some(&[b'v'; 500]), &[(b"h", Some(b"x")), (b"n", None)]);
            builder.append(Millis(900), None, None, &[]);
            let bytes = builder.build(Offset(42), LeaderEpoch(3), codec).unwrap();
            let batch = BatchView::parse(&bytes).unwrap();
            batch.verify_crc().unwrap();
            assert_eq!(batch.header.last_offset(), Offset(43));
            assert_eq!(batch.header.last_sequence(), Sequence(6));
            assert_eq!((batch.header.base_timestamp, batch.header.max_timestamp), (Millis(1000), Millis(1000)));
            assert_eq!(batch.header.compression(), Some(codec));
            let payload = codec.decompress(batch.payload(), 1 << 20).unwrap();
            let all: Vec<_> = records(&payload, 2).collect::<Result<_, _>>().unwrap();
            assert_eq!((all[0].key, all[1].key, all[1].value), (Some(&b"k"[..]), None, None));
            assert_eq!(all[0].headers().collect::<Vec<_>>(), [(&b"h"[..], Some(&b"x"[..])), (&b"n"[..], None)]);
            assert_eq!((all[1].timestamp_delta, all[1].offset_delta), (-100, 1));
        }
    }
}
