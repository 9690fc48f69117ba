//! Record batches on their way: bytes in memory, or a range of a file that nobody has read yet.
//!
//! Whoever holds a `FileSlice` keeps the file open, so that deleting the segment cannot take it away.

use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use bytes::Bytes;

/// A file of records that can be read at any position by many at once.
pub trait RecordFile: Send + Sync {
    /// Fills `out` from `position` on; an error if the file ends before.
    fn read_exact_at(&self, out: &mut [u8], position: u64) -> io::Result<()>;
    /// The descriptor for `sendfile`, if there is a real file behind it.
    fn as_fd(&self) -> Option<BorrowedFd<'_>>;
}

/// A range of a file.
#[derive(Clone)]
pub struct FileSlice {
    /// The file, kept open.
    pub file: Arc<dyn RecordFile>,
    /// Where the range starts (bytes from the file's start).
    pub position: u64,
    /// How long it is (bytes).
    pub len: usize,
}

impl fmt::Debug for FileSlice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileSlice({}..{})", self.position, self.position + self.len as u64)
    }
}

/// Whole batches, one after the other.
#[derive(Clone, Debug)]
pub enum Records {
    /// In memory. No records at all are empty bytes.
    Memory(Bytes),
    /// In memory, in pieces to be sent one after the other; no piece ends a batch by need.
    Pieces(Vec<Bytes>),
    /// In a file.
    File(FileSlice),
}

impl Records {
    /// No records.
    pub const EMPTY: Self = Self::Memory(Bytes::new());

    /// Bytes in all.
    pub fn len(&self) -> usize {
        match self {
            Self::Memory(bytes) => bytes.len(),
            Self::Pieces(pieces) => pieces.iter().map(Bytes::len).sum(),
            Self::File(slice) => slice.len,
        }
    }
    /// All of them in memory, read where they are not yet.
    pub fn to_bytes(&self) -> io::Result<Bytes> {
        match self {
            Self::Memory(bytes) => Ok(bytes.clone()),
            Self::Pieces(pieces) => Ok(pieces.concat().into()),
            Self::File(slice) => {
                let mut bytes = vec![0; slice.len];
                slice.file.read_exact_at(&mut bytes, slice.position)?;
                Ok(bytes.into())
            }
        }
    }
    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Default for Records {
    fn default() -> Self {
        Self::EMPTY
    }
}
