//! How a machine's record becomes a record of a log, and back.

/// Key and value as they stand in the log. No value is a tombstone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Names what the record is about; compaction keeps the newest of each key.
    pub key: Vec<u8>,
    /// What it says.
    pub value: Option<Vec<u8>>,
}

/// Why a record has no bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A text longer than its field may hold: some client sent it.
    #[error("a text of {0} bytes is too long for its field")]
    TooLong(usize),
    /// A record that is never appended.
    #[error("a soft record has no bytes")]
    Soft,
}

/// Why a record of the log cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes do not follow the schema.
    #[error("{what}: {source}")]
    Bytes {
        /// Which schema.
        what: &'static str,
        /// What is wrong.
        source: crate::base::codec::CodecError,
    },
    /// A value in a version that is not known here: a newer node wrote it.
    #[error("{what} in version {version} is not known")]
    Version {
        /// Which schema.
        what: &'static str,
        /// As written.
        version: i16,
    },
    /// A field says what there is not.
    #[error("{what}: {why}")]
    Field {
        /// Which schema.
        what: &'static str,
        /// What is wrong.
        why: &'static str,
    },
    /// A record without a key.
    #[error("a record without a key")]
    NoKey,
}

/// A record that can be written to a log.
pub trait LogRecord: Sized {
    /// Its bytes.
    fn encode(&self) -> Result<Encoded, EncodeError>;
    /// Reads one. `Ok(None)`: of a kind that this machine does not know; it stays in the log.
    fn decode(key: Option<&[u8]>, value: Option<&[u8]>) -> Result<Option<Self>, DecodeError>;
}
