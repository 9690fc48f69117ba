//! The guard: walks a body's bytes by its schema before any decoder sees them, and refuses what would panic, abort, or take
//! memory out of proportion.
//!
//! kafka_protocol reserves room for as many elements as a count announces, so that twelve bytes can end the process. The guard
//! lets a body through only if
//!
//! - each count is covered by the bytes that remain, at the least size of an element in that version, and is no more than
//!   [`ARRAY_ELEMENTS_MAX`];
//! - each length lies within the bytes that remain, no text is longer than 32767 bytes, and all text is UTF-8;
//! - null stands only where the schema allows it, and no varint runs past five bytes or 32 bits;
//! - a structure has at most [`TAGGED_FIELDS_MAX`] tagged fields, each known one fills exactly the size it announces and
//!   belongs to the version;
//! - what a decode would allocate, beside slices of the body, is at most [`DECODED_BYTES_PER_BYTE_MAX`] times the body and
//!   [`DECODED_BYTES_SLACK`] more, and never over [`DECODED_BYTES_MAX`].
//!
//! As Kafka does, it lets pass: tagged fields out of order or twice, unknown tags, and bytes after the end of the body.
//!
//! It allocates nothing. Its work is linear in the body: each step takes at least one byte of it, or ends the walk. Nesting is
//! as deep as the schemas, which are not recursive.

use crate::base::codec::Reader;
use crate::base::limits::{
    ARRAY_ELEMENTS_MAX, DECODED_BYTES_MAX, DECODED_BYTES_PER_BYTE_MAX, DECODED_BYTES_SLACK, TAGGED_FIELDS_MAX,
};

use super::api::ApiKey;

mod error;
pub mod schema;
mod walk;

pub use error::GuardError;

/// Walks the body of a request. After `Ok`, decoding it as that version neither fails nor allocates beyond the bounds above.
pub fn check_request(key: ApiKey, version: i16, body: &[u8]) -> Result<(), GuardError> {
    check(key, version, body, schema::request(key))
}

/// Walks the body of a response, as a client must before it decodes what a peer sent.
pub fn check_response(key: ApiKey, version: i16, body: &[u8]) -> Result<(), GuardError> {
    check(key, version, body, schema::response(key))
}

fn check(key: ApiKey, version: i16, body: &[u8], message: Option<&'static schema::Message>) -> Result<(), GuardError> {
    let Some(message) = message.filter(|_| key.versions().contains(version)) else {
        return Err(GuardError::NoSuchVersion { key, version });
    };
    walk::Walk::new(body, version, key.is_flexible(version)).structure(&message.root)
}

/// Memory (bytes) that decoding a body of `body_bytes` may take, beside slices of the body itself.
pub fn decoded_bytes_max(body_bytes: usize) -> usize {
    body_bytes.saturating_mul(DECODED_BYTES_PER_BYTE_MAX).saturating_add(DECODED_BYTES_SLACK).min(DECODED_BYTES_MAX)
}

/// Skips the tagged fields of a header, none of which is known.
pub fn skip_tags(reader: &mut Reader<'_>) -> Result<(), GuardError> {
    let header = |error| GuardError::Codec { field: "header", error };
    let count = reader.uvarint().map_err(header)? as usize;
    if count > TAGGED_FIELDS_MAX {
        return Err(GuardError::TooManyTags { structure: "header", count });
    }
    for _ in 0..count {
        reader.uvarint().map_err(header)?;
        let size = reader.uvarint().map_err(header)?;
        reader.bytes(size as usize).map_err(header)?;
    }
    Ok(())
}
