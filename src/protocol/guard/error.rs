//! What the guard refuses a body for.

use crate::base::codec::CodecError;
use crate::protocol::api::ApiKey;

/// Why a body is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    /// The API has no such version.
    #[error("{key} has no version {version}")]
    NoSuchVersion {
        /// The API.
        key: ApiKey,
        /// The version that was asked for.
        version: i16,
    },
    /// Bytes run out, a length is out of bounds, a varint too long, or text not UTF-8.
    #[error("{field}: {error}")]
    Codec {
        /// The field, by Kafka's name.
        field: &'static str,
        /// What is wrong.
        error: CodecError,
    },
    /// Null stands where the schema does not allow it.
    #[error("{field} is null")]
    Null {
        /// The field.
        field: &'static str,
    },
    /// Text is longer than Kafka allows.
    #[error("{field} has {bytes} bytes of text")]
    TextTooLong {
        /// The field.
        field: &'static str,
        /// Its length (bytes).
        bytes: usize,
    },
    /// An array has more elements than any may have.
    #[error("{field} has {count} elements")]
    TooManyElements {
        /// The field.
        field: &'static str,
        /// The count that was announced.
        count: usize,
    },
    /// An array announces more elements than the bytes that remain could hold.
    #[error("{field} announces {count} elements, {remain} bytes remain")]
    CountBeyondBytes {
        /// The field.
        field: &'static str,
        /// The count that was announced.
        count: usize,
        /// Bytes that are left.
        remain: usize,
    },
    /// A structure has too many tagged fields.
    #[error("{count} tagged fields in {structure}")]
    TooManyTags {
        /// The structure.
        structure: &'static str,
        /// The count that was announced.
        count: usize,
    },
    /// A tag stands for a field that only other versions have; Kafka refuses it too.
    #[error("the tagged field {field} is not in version {version}")]
    TagNotInVersion {
        /// The field.
        field: &'static str,
        /// The version.
        version: i16,
    },
    /// A tagged field is shorter or longer than it says.
    #[error("the tagged field {field} is not as long as it says")]
    TagSize {
        /// The field.
        field: &'static str,
    },
    /// Decoding would take too much memory for a body of that size.
    #[error("the body would take more than {budget} bytes of memory")]
    Amplified {
        /// What it may take (bytes).
        budget: usize,
    },
}
