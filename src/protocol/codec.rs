//! From body to message and back. The guard goes first, always.
//!
//! A body is a frozen slice of its frame: text and records of the decoded message are further slices of it, so that decoding
//! copies no payload. What else a decode allocates is bounded by [`guard::decoded_bytes_max`].
//!
//! Some versions of Kafka 4.3.1 are on the wire exactly as an earlier one that kafka_protocol has; `extra` names them, so that a
//! caller speaks of the version that the client sent. Versions with other fields have their own types in `extra`.

use bytes::{Bytes, BytesMut};
use kafka_protocol::protocol::{Decodable, Encodable, Message, Request};

use super::api::ApiKey;
use super::guard::{self, GuardError};
use super::header::{self, RequestHeader};
use super::response::Response;
use super::{extra, frame};

/// Why a body cannot be decoded. Kafka closes the connection.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The guard refused it.
    #[error("malformed body: {0}")]
    Guard(#[from] GuardError),
    /// The decoder refused what the guard let pass: a difference between the two, worth a report.
    #[error("{key} version {version} cannot be decoded: {reason}")]
    Decoder {
        /// The API.
        key: ApiKey,
        /// Its version.
        version: i16,
        /// The decoder's words.
        reason: String,
    },
    /// The message type belongs to no API of the table.
    #[error("no API has the number {0}")]
    NoSuchApi(i16),
}

/// Why a message cannot be encoded: a defect of ours, never of a client's.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The encoder refused the message.
    #[error("{key} version {version} cannot be encoded: {reason}")]
    Encoder {
        /// The API.
        key: ApiKey,
        /// Its version.
        version: i16,
        /// The encoder's words.
        reason: String,
    },
    /// The frame would be larger than its size can say (2 GiB).
    #[error("{key} version {version} is too large for a frame")]
    TooLarge {
        /// The API.
        key: ApiKey,
        /// Its version.
        version: i16,
    },
}

/// Decodes the body of a request of type `T`.
pub fn decode<T: Request>(version: i16, body: Bytes) -> Result<T, DecodeError> {
    let key = ApiKey::from_number(T::KEY).ok_or(DecodeError::NoSuchApi(T::KEY))?;
    guard::check_request(key, version, &body)?;
    unguarded(key, version, request_version::<T>(key, version), body)
}

/// Decodes the body of a response to a request of that key, as the client of a peer does.
pub fn decode_response<T: Decodable + Message>(key: ApiKey, version: i16, body: Bytes) -> Result<T, DecodeError> {
    guard::check_response(key, version, &body)?;
    unguarded(key, version, response_version::<T>(key, version), body)
}

fn unguarded<T: Decodable>(key: ApiKey, version: i16, wire_version: i16, mut body: Bytes) -> Result<T, DecodeError> {
    T::decode(&mut body, wire_version).map_err(|error| DecodeError::Decoder { key, version, reason: error.to_string() })
}

/// Encodes a response: size, header and body in one piece of memory.
pub fn response<T: Encodable + Message>(
    key: ApiKey,
    version: i16,
    correlation_id: i32,
    body: &T,
) -> Result<Response, EncodeError> {
    let mut out = BytesMut::with_capacity(RESPONSE_BYTES_HINT);
    frame::start(&mut out);
    header::write_response_header(&mut out, key, version, correlation_id);
    encode_body(&mut out, key, version, response_version::<T>(key, version), body)?;
    finish(out, key, version).map(Response::of_bytes)
}

/// Encodes a request of ours: size, header and body in one piece of memory.
pub fn request<T: Request>(header: &RequestHeader, body: &T) -> Result<Bytes, EncodeError> {
    let mut out = BytesMut::with_capacity(RESPONSE_BYTES_HINT);
    frame::start(&mut out);
    header.write(&mut out);
    let (key, version) = (header.api_key, header.api_version);
    encode_body(&mut out, key, version, request_version::<T>(key, version), body)?;
    finish(out, key, version)
}

/// Most responses fit (bytes): one allocation, no growing.
const RESPONSE_BYTES_HINT: usize = 256;

fn encode_body<T: Encodable>(
    out: &mut BytesMut,
    key: ApiKey,
    version: i16,
    wire_version: i16,
    body: &T,
) -> Result<(), EncodeError> {
    body.encode(out, wire_version).map_err(|error| EncodeError::Encoder { key, version, reason: error.to_string() })
}

fn finish(mut out: BytesMut, key: ApiKey, version: i16) -> Result<Bytes, EncodeError> {
    if frame::finish(&mut out, 0) { Ok(out.freeze()) } else { Err(EncodeError::TooLarge { key, version }) }
}

/// The version by which `T` reads and writes what the client calls `version`.
fn request_version<T: Message>(key: ApiKey, version: i16) -> i16 {
    if version > T::VERSIONS.max { extra::same_wire_request(key, version) } else { version }
}

fn response_version<T: Message>(key: ApiKey, version: i16) -> i16 {
    if version > T::VERSIONS.max { extra::same_wire_response(key, version) } else { version }
}
