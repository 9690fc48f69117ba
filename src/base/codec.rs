//! Reading and writing the bytes that we persist or frame ourselves: big-endian integers, varints, Kafka's strings.
//!
//! The reader never panics and never allocates: every length is checked against the bytes that remain.

use bytes::Bytes;

/// What is wrong with a piece of encoded bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// Fewer bytes remain than the field needs.
    #[error("{needed} bytes needed, {remain} remain")]
    Short {
        /// Bytes that the field needs.
        needed: usize,
        /// Bytes that are left.
        remain: usize,
    },
    /// A varint runs on past its longest form.
    #[error("a varint is too long")]
    VarintTooLong,
    /// A length is negative where null is not allowed, or below -1.
    #[error("the length {0} is out of bounds")]
    BadLength(i64),
    /// Text is not UTF-8.
    #[error("a string is not UTF-8")]
    NotUtf8,
}

/// A cursor over bytes.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    at: usize,
}

macro_rules! fixed {
    ($($name:ident: $ty:ty),*) => {$(
        /// The next big-endian integer of this width.
        #[inline]
        pub fn $name(&mut self) -> Result<$ty, CodecError> {
            const N: usize = size_of::<$ty>();
            let (head, tail) = self.rest.split_first_chunk::<N>()
                .ok_or(CodecError::Short { needed: N, remain: self.rest.len() })?;
            self.rest = tail;
            self.at += N;
            Ok(<$ty>::from_be_bytes(*head))
        }
    )*};
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, at: 0 }
    }
    /// Bytes that are left.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }
    /// Bytes read so far.
    pub fn position(&self) -> usize {
        self.at
    }
    /// What is left, unread.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fixed!(i8: i8, i16: i16, i32: i32, i64: i64, u8: u8, u16: u16, u32: u32, u64: u64, f64: f64);

    /// The next `n` bytes.
    #[inline]
    pub fn bytes(&mut self, n: usize) -> Result<&'a [u8], CodecError> {
        if n > self.rest.len() {
            return Err(CodecError::Short { needed: n, remain: self.rest.len() });
        }
        let (head, tail) = self.rest.split_at(n);
        self.rest = tail;
        self.at += n;
        Ok(head)
    }

    /// An unsigned varint of at most five bytes whose value fits 32 bits.
    #[inline]
    pub fn uvarint(&mut self) -> Result<u32, CodecError> {
        match self.short_varint() {
            Some(value) => Ok(value),
            None => self.long_uvarint(),
        }
    }

    /// A varint of one or two bytes, as nearly all are: a produced record has five.
    #[inline]
    fn short_varint(&mut self) -> Option<u32> {
        match *self.rest {
            [one, ref rest @ ..] if one < 0x80 => {
                self.rest = rest;
                self.at += 1;
                Some(one.into())
            }
            [one, two, ref rest @ ..] if two < 0x80 => {
                self.rest = rest;
                self.at += 2;
                Some(u32::from(one & 0x7f) | u32::from(two) << 7)
            }
            _ => None,
        }
    }

    fn long_uvarint(&mut self) -> Result<u32, CodecError> {
        let mut value = 0u32;
        for shift in (0..35).step_by(7) {
            let byte = self.u8()?;
            if shift == 28 && byte > 0x0f {
                return Err(CodecError::VarintTooLong);
            }
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(CodecError::VarintTooLong)
    }

    /// A zigzag varint that fits 32 bits.
    #[inline]
    pub fn varint(&mut self) -> Result<i32, CodecError> {
        let raw = self.uvarint()?;
        Ok(((raw >> 1) as i32) ^ -((raw & 1) as i32))
    }

    /// A zigzag varint that fits 64 bits.
    #[inline]
    pub fn varlong(&mut self) -> Result<i64, CodecError> {
        match self.short_varint() {
            Some(raw) => Ok(i64::from((raw >> 1) as i32) ^ -i64::from(raw & 1)),
            None => self.long_varlong(),
        }
    }

    fn long_varlong(&mut self) -> Result<i64, CodecError> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.u8()?;
            if shift == 63 && byte > 1 {
                return Err(CodecError::VarintTooLong);
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(((value >> 1) as i64) ^ -((value & 1) as i64));
            }
        }
        Err(CodecError::VarintTooLong)
    }

    /// A string with a 16-bit length; -1 is null.
    pub fn nullable_string(&mut self) -> Result<Option<&'a str>, CodecError> {
        match self.i16()? {
            -1 => Ok(None),
            n if n < 0 => Err(CodecError::BadLength(n.into())),
            n => self.text(n as usize).map(Some),
        }
    }

    /// A string with a 16-bit length.
    pub fn string(&mut self) -> Result<&'a str, CodecError> {
        self.nullable_string()?.ok_or(CodecError::BadLength(-1))
    }

    /// A string whose length plus one is an unsigned varint; zero is null.
    pub fn compact_nullable_string(&mut self) -> Result<Option<&'a str>, CodecError> {
        match self.uvarint()? {
            0 => Ok(None),
            n => self.text(n as usize - 1).map(Some),
        }
    }

    /// A string whose length plus one is an unsigned varint.
    pub fn compact_string(&mut self) -> Result<&'a str, CodecError> {
        self.compact_nullable_string()?.ok_or(CodecError::BadLength(-1))
    }

    /// An array's count, as count plus one in an unsigned varint, checked against the least size of an element.
    pub fn compact_array_len(&mut self, element_bytes_min: usize) -> Result<Option<usize>, CodecError> {
        match self.uvarint()? {
            0 => Ok(None),
            n => {
                let count = n as usize - 1;
                let needed = count.saturating_mul(element_bytes_min.max(1));
                if needed > self.rest.len() {
                    return Err(CodecError::Short { needed, remain: self.rest.len() });
                }
                Ok(Some(count))
            }
        }
    }

    /// Sixteen bytes of an id.
    pub fn uuid(&mut self) -> Result<super::ids::Uuid, CodecError> {
        let bytes = self.bytes(16)?;
        let mut id = [0; 16];
        id.copy_from_slice(bytes);
        Ok(super::ids::Uuid(id))
    }

    fn text(&mut self, n: usize) -> Result<&'a str, CodecError> {
        std::str::from_utf8(self.bytes(n)?).map_err(|_| CodecError::NotUtf8)
    }
}

/// A growing buffer to write into.
#[derive(Default, Debug)]
pub struct Writer {
    out: Vec<u8>,
}

macro_rules! put_fixed {
    ($($name:ident: $ty:ty),*) => {$(
        /// Appends the integer, big-endian.
        pub fn $name(&mut self, v: $ty) {
            self.out.extend_from_slice(&v.to_be_bytes());
        }
    )*};
}

impl Writer {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }
    /// An empty buffer with room for `n` bytes.
    pub fn with_capacity(n: usize) -> Self {
        Self { out: Vec::with_capacity(n) }
    }
    put_fixed!(i8: i8, i16: i16, i32: i32, i64: i64, u8: u8, u16: u16, u32: u32, u64: u64, f64: f64);

    /// Bytes written so far.
    pub fn len(&self) -> usize {
        self.out.len()
    }
    /// True before anything is written.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }
    /// Appends raw bytes.
    pub fn bytes(&mut self, v: &[u8]) {
        self.out.extend_from_slice(v);
    }
    /// Appends an unsigned varint.
    pub fn uvarint(&mut self, mut v: u32) {
        while v >= 0x80 {
            self.out.push((v as u8) | 0x80);
            v >>= 7;
        }
        self.out.push(v as u8);
    }
    /// Appends a zigzag varint.
    pub fn varint(&mut self, v: i32) {
        self.uvarint(((v << 1) ^ (v >> 31)) as u32);
    }
    /// Appends a zigzag varint of 64 bits.
    pub fn varlong(&mut self, v: i64) {
        let mut raw = ((v << 1) ^ (v >> 63)) as u64;
        while raw >= 0x80 {
            self.out.push((raw as u8) | 0x80);
            raw >>= 7;
        }
        self.out.push(raw as u8);
    }
    /// Appends a string with a 16-bit length.
    pub fn string(&mut self, v: &str) {
        self.i16(i16::try_from(v.len()).expect("a string of at most 32767 bytes"));
        self.bytes(v.as_bytes());
    }
    /// Appends a compact string.
    pub fn compact_string(&mut self, v: &str) {
        self.uvarint(u32::try_from(v.len() + 1).expect("a string shorter than 4 GiB"));
        self.bytes(v.as_bytes());
    }
    /// Appends a compact string or null.
    pub fn compact_nullable_string(&mut self, v: Option<&str>) {
        match v {
            Some(v) => self.compact_string(v),
            None => self.uvarint(0),
        }
    }
    /// Appends an array's count in compact form.
    pub fn compact_array_len(&mut self, n: usize) {
        self.uvarint(u32::try_from(n + 1).expect("an array of fewer than 2^32 elements"));
    }
    /// Appends an id.
    pub fn uuid(&mut self, v: super::ids::Uuid) {
        self.bytes(&v.0);
    }
    /// Overwrites four bytes at `at` with `v`, big-endian: for a length or checksum known only at the end.
    pub fn set_u32(&mut self, at: usize, v: u32) {
        self.out[at..at + 4].copy_from_slice(&v.to_be_bytes());
    }
    /// What was written, borrowed.
    pub fn as_slice(&self) -> &[u8] {
        &self.out
    }
    /// What was written.
    pub fn into_vec(self) -> Vec<u8> {
        self.out
    }
    /// What was written, frozen.
    pub fn into_bytes(self) -> Bytes {
        Bytes::from(self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn varints_come_back(a: u32, b: i32, c: i64) {
            let mut w = Writer::new();
            w.uvarint(a);
            w.varint(b);
            w.varlong(c);
            let mut r = Reader::new(w.as_slice());
            prop_assert_eq!((r.uvarint().unwrap(), r.varint().unwrap(), r.varlong().unwrap()), (a, b, c));
            prop_assert_eq!(r.remaining(), 0);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let mut r = Reader::new(&bytes);
            while r.remaining() > 0 {
                if r.varlong().is_err() || r.compact_nullable_string().is_err() || r.nullable_string().is_err() {
                    break;
                }
            }
        }
    }

    #[test]
    fn an_overlong_varint_is_refused() {
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x1f]).uvarint(), Err(CodecError::VarintTooLong));
        assert_eq!(Reader::new(&[0x80; 11]).varlong(), Err(CodecError::VarintTooLong));
    }

    #[test]
    fn a_count_that_cannot_fit_is_refused_before_anything_is_allocated() {
        let mut r = Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]);
        assert!(r.compact_array_len(1).is_err());
    }
}
