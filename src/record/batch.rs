//! The head of a record batch, format v2, read in place.
//!
//! ```text
//!   0  base offset            i64   ┐ written by the log: outside the checksum
//!   8  length                 i32   │ bytes from 12 on
//!  12  partition leader epoch i32   ┘
//!  16  magic                  i8    = 2
//!  17  crc                    u32   CRC-32C of everything from 21 on
//!  21  attributes             i16   bits 0-2 codec · 3 log append time · 4 transactional · 5 control · 6 delete horizon
//!  23  last offset delta      i32
//!  27  base timestamp         i64   (or the delete horizon)
//!  35  max timestamp          i64
//!  43  producer id            i64
//!  51  producer epoch         i16
//!  53  base sequence          i32
//!  57  record count           i32
//!  61  records
//! ```

use bytes::{BufMut, Bytes, BytesMut};

use super::compression::Compression;
use crate::base::codec::Reader;
use crate::base::ids::{LeaderEpoch, Millis, Offset, ProducerEpoch, ProducerId, Sequence};

/// Bytes in front of the length's own count: base offset and length.
pub const LOG_OVERHEAD: usize = 12;
/// Bytes of a batch before its first record.
pub const HEADER_BYTES: usize = 61;
/// Bytes that the log writes fresh: base offset, length, leader epoch.
pub const FRESH_BYTES: usize = 16;
/// The only format that is read and written.
pub const MAGIC: i8 = 2;

/// Where the magic byte lies, in every format that ever was.
pub const MAGIC_AT: usize = 16;
const CRC_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
const MAX_TIMESTAMP_AT: usize = 35;

const CODEC_MASK: i16 = 0x07;
/// Timestamps are the log's, not the client's.
pub const LOG_APPEND_TIME: i16 = 0x08;
/// The batch belongs to a transaction.
pub const TRANSACTIONAL: i16 = 0x10;
/// The batch holds control records.
pub const CONTROL: i16 = 0x20;
/// The base timestamp is a delete horizon (KIP-534).
pub const DELETE_HORIZON: i16 = 0x40;

/// What is wrong with a batch's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Fewer bytes than the head or the stated length needs.
    #[error("the batch is cut short: {needed} bytes needed, {remain} there")]
    Short {
        /// Bytes needed.
        needed: usize,
        /// Bytes there.
        remain: usize,
    },
    /// The length field cannot be right.
    #[error("the batch's length {0} is impossible")]
    BadLength(i32),
    /// Its offsets cannot be right.
    #[error("the batch's offsets cannot be right: base {base}, last offset delta {delta}")]
    BadOffsets {
        /// As stated.
        base: Offset,
        /// As stated.
        delta: i32,
    },
    /// A format before v2.
    #[error("the batch's format is v{0}, only v2 is supported")]
    Magic(i8),
    /// The checksum does not match.
    #[error("the batch's checksum is {stored:#010x}, its bytes give {computed:#010x}")]
    Crc {
        /// In the head.
        stored: u32,
        /// Of the bytes.
        computed: u32,
    },
}

/// A batch's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchHeader {
    /// The first offset. Compaction may have removed the record that had it.
    pub base_offset: Offset,
    /// Bytes from offset 12 on.
    pub length: i32,
    /// The leader's epoch when it was appended.
    pub leader_epoch: LeaderEpoch,
    /// CRC-32C as stored.
    pub crc: u32,
    /// Flags and codec.
    pub attributes: i16,
    /// The last offset less the base offset.
    pub last_offset_delta: i32,
    /// The first record's timestamp, or the delete horizon.
    pub base_timestamp: Millis,
    /// The greatest timestamp, or the log append time.
    pub max_timestamp: Millis,
    /// The producer, or -1.
    pub producer_id: ProducerId,
    /// Its epoch, or -1.
    pub producer_epoch: ProducerEpoch,
    /// The first record's sequence, or -1.
    pub base_sequence: Sequence,
    /// Records in the batch: 0 in one that compaction has emptied.
    pub record_count: i32,
}

/// True if `bytes` begin with the head of a batch that belongs to a transaction. Looks at no more than that.
pub fn begins_transactional(bytes: &[u8]) -> bool {
    let is_batch = bytes.len() >= HEADER_BYTES && bytes[MAGIC_AT] as i8 == MAGIC;
    is_batch && i16::from_be_bytes([bytes[ATTRIBUTES_AT], bytes[ATTRIBUTES_AT + 1]]) & TRANSACTIONAL != 0
}

impl BatchHeader {
    /// Reads the head at the start of `bytes`. The records behind it need not be there.
    pub fn parse(bytes: &[u8]) -> Result<Self, BatchError> {
        let short = BatchError::Short { needed: HEADER_BYTES, remain: bytes.len() };
        if bytes.len() > MAGIC_AT && bytes[MAGIC_AT] as i8 != MAGIC {
            return Err(BatchError::Magic(bytes[MAGIC_AT] as i8));
        }
        let mut r = Reader::new(bytes.get(..HEADER_BYTES).ok_or(short)?);
        let read = |r: &mut Reader<'_>| -> Result<Self, crate::base::codec::CodecError> {
            let base_offset = Offset(r.i64()?);
            let length = r.i32()?;
            let leader_epoch = LeaderEpoch(r.i32()?);
            r.i8()?;
            Ok(Self {
                base_offset,
                length,
                leader_epoch,
                crc: r.u32()?,
                attributes: r.i16()?,
                last_offset_delta: r.i32()?,
                base_timestamp: Millis(r.i64()?),
                max_timestamp: Millis(r.i64()?),
                producer_id: ProducerId(r.i64()?),
                producer_epoch: ProducerEpoch(r.i16()?),
                base_sequence: Sequence(r.i32()?),
                record_count: r.i32()?,
            })
        };
        let header = read(&mut r).map_err(|_| short)?;
        if (header.length as i64) < (HEADER_BYTES - LOG_OVERHEAD) as i64 {
            return Err(BatchError::BadLength(header.length));
        }
        Ok(header)
    }

    /// Fails unless both offsets are such as a log gives: not negative, and with room behind them.
    pub fn check_offsets(&self) -> Result<(), BatchError> {
        const BASE_MAX: i64 = i64::MAX - (1 << 33);
        if (0..=BASE_MAX).contains(&self.base_offset.0) && self.last_offset_delta >= 0 {
            Ok(())
        } else {
            Err(BatchError::BadOffsets { base: self.base_offset, delta: self.last_offset_delta })
        }
    }
    /// Bytes of the whole batch.
    pub fn size(&self) -> usize {
        LOG_OVERHEAD + self.length as usize
    }
    /// The last offset.
    pub fn last_offset(&self) -> Offset {
        Offset(self.base_offset.0.saturating_add(i64::from(self.last_offset_delta)))
    }
    /// The offset behind the last.
    pub fn next_offset(&self) -> Offset {
        Offset(self.last_offset().0.saturating_add(1))
    }
    /// The last record's sequence, or -1.
    pub fn last_sequence(&self) -> Sequence {
        if self.base_sequence.is_none() { Sequence::NONE } else { self.base_sequence.plus(self.last_offset_delta) }
    }
    /// The codec, or `None` for a number that is not one.
    pub fn compression(&self) -> Option<Compression> {
        Compression::from_id(self.attributes & CODEC_MASK)
    }
    /// True if the timestamps are the log's.
    pub fn is_log_append_time(&self) -> bool {
        self.attributes & LOG_APPEND_TIME != 0
    }
    /// True if the batch belongs to a transaction.
    pub fn is_transactional(&self) -> bool {
        self.attributes & TRANSACTIONAL != 0
    }
    /// True if the batch holds control records.
    pub fn is_control(&self) -> bool {
        self.attributes & CONTROL != 0
    }
    /// From when on its tombstones and markers may go, if a compaction has set that (KIP-534).
    pub fn delete_horizon(&self) -> Option<Millis> {
        (self.attributes & DELETE_HORIZON != 0).then_some(self.base_timestamp)
    }
    /// True if a producer id is given.
    pub fn has_producer(&self) -> bool {
        !self.producer_id.is_none()
    }
}

/// A whole batch, its head read.
#[derive(Debug, Clone, Copy)]
pub struct BatchView<'a> {
    /// The head.
    pub header: BatchHeader,
    /// All bytes of the batch, head included.
    pub bytes: &'a [u8],
}

impl<'a> BatchView<'a> {
    /// The batch at the start of `bytes`, which may hold more.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BatchError> {
        let header = BatchHeader::parse(bytes)?;
        let size = header.size();
        let whole = bytes.get(..size).ok_or(BatchError::Short { needed: size, remain: bytes.len() })?;
        Ok(Self { header, bytes: whole })
    }

    /// The bytes behind the head: records, or what a codec made of them.
    pub fn payload(&self) -> &'a [u8] {
        &self.bytes[HEADER_BYTES..]
    }

    /// Compares the checksum with the bytes.
    pub fn verify_crc(&self) -> Result<(), BatchError> {
        let computed = crc(&self.bytes[ATTRIBUTES_AT..]);
        if computed == self.header.crc { Ok(()) } else { Err(BatchError::Crc { stored: self.header.crc, computed }) }
    }
}

/// CRC-32C (Castagnoli).
pub fn crc(bytes: &[u8]) -> u32 {
    crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32Iscsi, bytes) as u32
}

/// The 16 bytes that the log writes in front of a client's own tail.
pub fn fresh_head(base_offset: Offset, length: i32, epoch: LeaderEpoch) -> [u8; FRESH_BYTES] {
    let mut head = [0; FRESH_BYTES];
    head[..8].copy_from_slice(&base_offset.0.to_be_bytes());
    head[8..12].copy_from_slice(&length.to_be_bytes());
    head[12..].copy_from_slice(&epoch.0.to_be_bytes());
    head
}

/// A copy of a batch whose timestamps are the log's: flag and greatest timestamp set, checksum made anew.
pub fn with_log_append_time(batch: &BatchView<'_>, now: Millis) -> Bytes {
    let mut out = BytesMut::from(batch.bytes);
    let attributes = batch.header.attributes | LOG_APPEND_TIME;
    out[ATTRIBUTES_AT..ATTRIBUTES_AT + 2].copy_from_slice(&attributes.to_be_bytes());
    out[MAX_TIMESTAMP_AT..MAX_TIMESTAMP_AT + 8].copy_from_slice(&now.0.to_be_bytes());
    seal(&mut out);
    out.freeze()
}

/// Puts together a batch from a head and a payload; length and checksum are computed.
pub fn assemble(header: &BatchHeader, payload: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(HEADER_BYTES + payload.len());
    out.put_i64(header.base_offset.0);
    out.put_i32((HEADER_BYTES - LOG_OVERHEAD + payload.len()) as i32);
    out.put_i32(header.leader_epoch.0);
    out.put_i8(MAGIC);
    out.put_u32(0);
    out.put_i16(header.attributes);
    out.put_i32(header.last_offset_delta);
    out.put_i64(header.base_timestamp.0);
    out.put_i64(header.max_timestamp.0);
    out.put_i64(header.producer_id.0);
    out.put_i16(header.producer_epoch.0);
    out.put_i32(header.base_sequence.0);
    out.put_i32(header.record_count);
    out.put_slice(payload);
    seal(&mut out);
    out.freeze()
}

fn seal(batch: &mut [u8]) {
    let computed = crc(&batch[ATTRIBUTES_AT..]);
    batch[CRC_AT..CRC_AT + 4].copy_from_slice(&computed.to_be_bytes());
}

/// Walks whole batches; ends at the first that is not whole or not a batch.
pub fn batches(bytes: &[u8]) -> Batches<'_> {
    Batches { rest: bytes, failed: false }
}

/// See [`batches`].
pub struct Batches<'a> {
    rest: &'a [u8],
    failed: bool,
}

impl<'a> Iterator for Batches<'a> {
    type Item = Result<BatchView<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() || self.failed {
            return None;
        }
        let batch = BatchView::parse(self.rest);
        match &batch {
            Ok(batch) => self.rest = &self.rest[batch.bytes.len()..],
            Err(_) => self.failed = true,
        }
        Some(batch)
    }
}
