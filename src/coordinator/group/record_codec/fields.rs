//! The pieces that keys and values are made of. What is read is checked against the bytes that remain before anything is
//! allocated; a text too long for its field is noticed when writing ends.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use bytes::Bytes;

use crate::base::codec::{CodecError, Reader, Writer};
use crate::base::tagged_fields;
use crate::machine::codec::EncodeError;

/// A value being read.
pub(super) struct Fields<'a>(Reader<'a>);

impl<'a> Deref for Fields<'a> {
    type Target = Reader<'a>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Fields<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl<'a> Fields<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(Reader::new(bytes))
    }

    pub(super) fn text(&mut self) -> Result<Arc<str>, CodecError> {
        self.string().map(Arc::from)
    }

    pub(super) fn nullable_text(&mut self) -> Result<Option<Arc<str>>, CodecError> {
        Ok(self.nullable_string()?.map(Arc::from))
    }

    pub(super) fn compact_text(&mut self) -> Result<Arc<str>, CodecError> {
        self.compact_string().map(Arc::from)
    }

    pub(super) fn compact_nullable_text(&mut self) -> Result<Option<Arc<str>>, CodecError> {
        Ok(self.compact_nullable_string()?.map(Arc::from))
    }

    /// Bytes behind a length of 32 bits.
    pub(super) fn blob(&mut self) -> Result<Bytes, CodecError> {
        let n = self.i32()?;
        let n = usize::try_from(n).map_err(|_| CodecError::BadLength(n.into()))?;
        self.bytes(n).map(Bytes::copy_from_slice)
    }

    /// Bytes behind a compact length.
    pub(super) fn compact_blob(&mut self) -> Result<Bytes, CodecError> {
        let n = self.compact_array_len(1)?.ok_or(CodecError::BadLength(-1))?;
        self.bytes(n).map(Bytes::copy_from_slice)
    }

    /// An array behind a count of 32 bits.
    pub(super) fn array<T>(
        &mut self,
        element_bytes_min: usize,
        mut element: impl FnMut(&mut Self) -> Result<T, CodecError>,
    ) -> Result<Vec<T>, CodecError> {
        let count = self.i32()?;
        let count = usize::try_from(count).map_err(|_| CodecError::BadLength(count.into()))?;
        let needed = count.saturating_mul(element_bytes_min);
        if needed > self.remaining() {
            return Err(CodecError::Short { needed, remain: self.remaining() });
        }
        (0..count).map(|_| element(self)).collect()
    }

    /// An array behind a compact count.
    pub(super) fn compact_array<T>(
        &mut self,
        element_bytes_min: usize,
        element: impl FnMut(&mut Self) -> Result<T, CodecError>,
    ) -> Result<Vec<T>, CodecError> {
        self.compact_nullable_array(element_bytes_min, element)?.ok_or(CodecError::BadLength(-1))
    }

    pub(super) fn compact_nullable_array<T>(
        &mut self,
        element_bytes_min: usize,
        mut element: impl FnMut(&mut Self) -> Result<T, CodecError>,
    ) -> Result<Option<Vec<T>>, CodecError> {
        let Some(count) = self.compact_array_len(element_bytes_min)? else { return Ok(None) };
        (0..count).map(|_| element(self)).collect::<Result<_, _>>().map(Some)
    }

    /// Hands the content of tagged field 0, if it is there, to `take`; skips all others.
    pub(super) fn tag_0<T>(
        &mut self,
        take: impl Fn(&mut Fields<'a>) -> Result<T, CodecError>,
    ) -> Result<Option<T>, CodecError> {
        let mut found = None;
        tagged_fields::tags(&mut self.0, |tag, field| {
            if tag == 0 {
                found = Some(take(&mut Fields(*field))?);
            }
            Ok(())
        })?;
        Ok(found)
    }

    pub(super) fn skip_tags(&mut self) -> Result<(), CodecError> {
        tagged_fields::skip_tags(&mut self.0)
    }
}

/// A key or a value being written.
pub(super) struct Output {
    out: Writer,
    too_long: Option<usize>,
}

impl Deref for Output {
    type Target = Writer;
    fn deref(&self) -> &Writer {
        &self.out
    }
}

impl DerefMut for Output {
    fn deref_mut(&mut self) -> &mut Writer {
        &mut self.out
    }
}

impl Output {
    /// Begins with the key's type, or the value's version.
    pub(super) fn new(head: i16) -> Self {
        let mut out = Writer::with_capacity(64);
        out.i16(head);
        Self { out, too_long: None }
    }

    pub(super) fn string(&mut self, text: &str) {
        if text.len() > i16::MAX as usize {
            self.too_long = Some(text.len());
        } else {
            self.out.string(text);
        }
    }

    pub(super) fn nullable_string(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.string(text),
            None => self.out.i16(-1),
        }
    }

    /// A text in compact form. Kafka holds these to the same length.
    pub(super) fn compact_string(&mut self, text: &str) {
        if text.len() > i16::MAX as usize {
            self.too_long = Some(text.len());
        } else {
            self.out.compact_string(text);
        }
    }

    pub(super) fn compact_nullable_string(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.compact_string(text),
            None => self.out.uvarint(0),
        }
    }

    pub(super) fn blob(&mut self, bytes: &[u8]) {
        match i32::try_from(bytes.len()) {
            Ok(n) => {
                self.out.i32(n);
                self.out.bytes(bytes);
            }
            Err(_) => self.too_long = Some(bytes.len()),
        }
    }

    pub(super) fn no_tags(&mut self) {
        tagged_fields::put_no_tags(&mut self.out);
    }

    /// Tagged field 0, or no tagged field at all.
    pub(super) fn tag_0(&mut self, write: Option<impl FnOnce(&mut Writer)>) {
        let mut tags = tagged_fields::Tags::default();
        if let Some(write) = write {
            tags.add(0, write);
        }
        tags.put(&mut self.out);
    }

    pub(super) fn end(self) -> Result<Vec<u8>, EncodeError> {
        match self.too_long {
            Some(n) => Err(EncodeError::TooLong(n)),
            None => Ok(self.out.into_vec()),
        }
    }
}
