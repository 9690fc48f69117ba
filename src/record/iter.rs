//! Walking the records of a batch in place. Nothing is copied; a record is a handful of slices.
//!
//! ```text
//!  length varint | attributes i8 | timestamp delta varlong | offset delta varint
//!  | key length varint, key | value length varint, value | header count varint | (key, value)*
//! ```

use crate::base::codec::{CodecError, Reader};
use crate::base::limits::RECORD_HEADERS_MAX;

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A field cannot be read.
    #[error("record {index}: {source}")]
    Codec {
        /// Which record of the batch.
        index: i32,
        /// What is wrong.
        source: CodecError,
    },
    /// The stated length and the fields do not agree.
    #[error("record {index}: its length and its fields do not agree")]
    Length {
        /// Which record of the batch.
        index: i32,
    },
    /// More headers than any record may carry.
    #[error("record {index}: {count} headers are too many")]
    Headers {
        /// Which record of the batch.
        index: i32,
        /// As stated.
        count: i32,
    },
    /// Bytes are left behind the last record, or records are missing.
    #[error("the batch states {stated} records, its bytes hold another number")]
    Count {
        /// As stated in the head.
        stated: i32,
    },
}

/// One record, in place.
#[derive(Debug, Clone, Copy)]
pub struct RecordView<'a> {
    /// Its attributes, of which format v2 uses none.
    pub attributes: i8,
    /// Its offset less the batch's base offset.
    pub offset_delta: i32,
    /// Its timestamp less the batch's base timestamp (ms).
    pub timestamp_delta: i64,
    /// The key, or null.
    pub key: Option<&'a [u8]>,
    /// The value, or null (a tombstone).
    pub value: Option<&'a [u8]>,
    /// How many headers.
    pub header_count: usize,
    /// Key, value and headers as they are encoded: what a record keeps when its place and time are written anew.
    pub tail: &'a [u8],
    headers: &'a [u8],
}

impl<'a> RecordView<'a> {
    /// The headers: key and value.
    pub fn headers(&self) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> + use<'a> {
        let mut reader = Reader::new(self.headers);
        (0..self.header_count).map_while(move |_| {
            let key = field(&mut reader).ok()??;
            let value = field(&mut reader).ok()?;
            Some((key, value))
        })
    }
}

/// Walks the `count` records in `payload`, which is not compressed.
pub fn records(payload: &[u8], count: i32) -> RecordIter<'_> {
    RecordIter { reader: Reader::new(payload), index: 0, count, failed: false }
}

/// See [`records`].
pub struct RecordIter<'a> {
    reader: Reader<'a>,
    index: i32,
    count: i32,
    failed: bool,
}

impl<'a> Iterator for RecordIter<'a> {
    type Item = Result<RecordView<'a>, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        if self.index >= self.count {
            let stated = self.count;
            self.failed = self.reader.remaining() > 0;
            return self.failed.then_some(Err(RecordError::Count { stated }));
        }
        if self.reader.remaining() == 0 {
            self.failed = true;
            return Some(Err(RecordError::Count { stated: self.count }));
        }
        let record = self.record();
        self.failed = record.is_err();
        self.index += 1;
        Some(record)
    }
}

impl<'a> RecordIter<'a> {
    #[inline]
    fn record(&mut self) -> Result<RecordView<'a>, RecordError> {
        let index = self.index;
        let codec = |source| RecordError::Codec { index, source };
        let length = self.reader.varint().map_err(codec)?;
        let length = usize::try_from(length).map_err(|_| codec(CodecError::BadLength(i64::from(length))))?;
        let mut body = Reader::new(self.reader.bytes(length).map_err(codec)?);
        let fields = |body: &mut Reader<'a>| -> Result<_, CodecError> {
            let place = (body.i8()?, body.varlong()?, body.varint()?, body.rest());
            Ok((place, field(body)?, field(body)?, body.varint()?))
        };
        let ((attributes, timestamp_delta, offset_delta, tail), key, value, count) =
            fields(&mut body).map_err(codec)?;
        let header_count = usize::try_from(count).map_err(|_| RecordError::Headers { index, count })?;
        if header_count > RECORD_HEADERS_MAX {
            return Err(RecordError::Headers { index, count });
        }
        let headers = body.rest();
        for _ in 0..header_count {
            field(&mut body).map_err(codec)?.ok_or(codec(CodecError::BadLength(-1)))?;
            field(&mut body).map_err(codec)?;
        }
        if body.remaining() > 0 {
            return Err(RecordError::Length { index });
        }
        Ok(RecordView { attributes, offset_delta, timestamp_delta, key, value, header_count, tail, headers })
    }
}

#[inline]
fn field<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>, CodecError> {
    match reader.varint()? {
        -1 => Ok(None),
        n if n < 0 => Err(CodecError::BadLength(n.into())),
        n => reader.bytes(n as usize).map(Some),
    }
}
