//! A response that is ready to be sent: its size, header and body, as parts to be written one after the other.
//!
//! Most responses are one piece of memory. A Fetch response has records between its fields, which stay where they are: in a
//! segment's file, to go out by `sendfile`, or in memory that others share.

use bytes::Bytes;

use crate::record::records::Records;

/// A piece of a response.
#[derive(Clone, Debug)]
pub enum Part {
    /// Bytes that were encoded here.
    Bytes(Bytes),
    /// Records, in memory or as a range of a file.
    Records(Records),
}

impl Part {
    /// Its length (bytes).
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Records(records) => records.len(),
        }
    }
    /// True if there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A whole frame, from its four bytes of size to the end of its body.
#[derive(Clone, Debug)]
pub struct Response {
    /// What to send, in this order. The first part starts with the frame's size; no part is empty.
    pub parts: Vec<Part>,
}

impl Response {
    /// A response in one piece of memory.
    pub fn of_bytes(frame: Bytes) -> Self {
        Self { parts: vec![Part::Bytes(frame)] }
    }
    /// Header and body without the frame's size, in one piece; nothing if a part lies in a file.
    pub fn into_payload(self) -> Option<Bytes> {
        const SIZE_BYTES: usize = 4;
        match self.parts.as_slice() {
            [Part::Bytes(frame)] => (frame.len() >= SIZE_BYTES).then(|| frame.slice(SIZE_BYTES..)),
            _ => None,
        }
    }
    /// Bytes on the wire, the frame's size included.
    pub fn len(&self) -> usize {
        self.parts.iter().map(Part::len).sum()
    }
    /// True if there is nothing to send; no encoder makes such a response.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(Part::is_empty)
    }
}
