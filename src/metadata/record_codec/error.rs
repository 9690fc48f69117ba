//! Why bytes are no metadata record.

use crate::base::codec::CodecError;

/// Why bytes are no metadata record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordCodecError {
    /// A field cannot be read.
    #[error("a field: {0}")]
    Field(#[from] CodecError),
    /// A frame of another version.
    #[error("frame version {0} is not known")]
    FrameVersion(u32),
    /// A kind that is not read here.
    #[error("the record kind {0} is not known")]
    Kind(u32),
    /// A version of a kind that is not read here.
    #[error("version {version} of record kind {kind} is not known")]
    Version {
        /// The kind.
        kind: u32,
        /// Its version.
        version: u32,
    },
    /// Bytes are left behind the record.
    #[error("{0} bytes follow the record")]
    Trailing(usize),
}
