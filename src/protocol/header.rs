//! Headers: the request's, read without copying, and the response's.
//!
//! ```text
//!  request v1, v2   [api key i16][api version i16][correlation id i32][client id: i16 length, -1 null][v2: tags]
//!  response v0, v1  [correlation id i32][v1: tags]
//! ```
//!
//! The client id keeps its two-byte length in v2, so that any server can read the header of any ApiVersions request (KIP-511).
//! Which header a request has follows from its key and version, so a key that is not known cannot be parsed further.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::protocol::StrBytes;

use super::api::ApiKey;
use super::guard::{self, GuardError};
use crate::base::codec::{CodecError, Reader};

/// What a request says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHeader {
    /// Which API.
    pub api_key: ApiKey,
    /// Which version of it; any number: whether it is served is for the dispatch table to say.
    pub api_version: i16,
    /// What the response must repeat.
    pub correlation_id: i32,
    /// What the client calls itself (`client.id`); empty if it sent null, as Kafka takes it.
    pub client_id: StrBytes,
}

/// Why a request's header cannot be read. Kafka closes the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// No API has that number.
    #[error("unknown API key {0}")]
    UnknownApiKey(i16),
    /// A length or a piece of text is wrong.
    #[error("malformed request header: {0}")]
    Malformed(#[from] CodecError),
    /// The tagged fields are wrong.
    #[error("malformed tagged fields in the request header: {0}")]
    Tags(#[from] GuardError),
}

impl RequestHeader {
    /// Reads the header at the start of a frame (its size already taken off) and leaves `frame` at the body. The client id is a
    /// slice of the frame.
    pub fn parse(frame: &mut Bytes) -> Result<Self, HeaderError> {
        let mut reader = Reader::new(frame);
        let number = reader.i16()?;
        let api_version = reader.i16()?;
        let correlation_id = reader.i32()?;
        let api_key = ApiKey::from_number(number).ok_or(HeaderError::UnknownApiKey(number))?;
        let client_id_length = reader.nullable_string()?.map_or(0, str::len);
        let client_id_end = reader.position();
        if api_key.request_header_version(api_version) >= 2 {
            guard::skip_tags(&mut reader)?;
        }
        let body_start = reader.position();
        let text = frame.slice(client_id_end - client_id_length..client_id_end);
        let client_id = StrBytes::from_utf8(text).map_err(|_| CodecError::NotUtf8)?;
        frame.advance(body_start);
        Ok(Self { api_key, api_version, correlation_id, client_id })
    }

    /// Writes the header that a request of ours carries.
    pub fn write(&self, out: &mut BytesMut) {
        out.put_i16(self.api_key.number());
        out.put_i16(self.api_version);
        out.put_i32(self.correlation_id);
        let client_id = truncated(&self.client_id);
        out.put_i16(client_id.len() as i16);
        out.put_slice(client_id.as_bytes());
        if self.api_key.request_header_version(self.api_version) >= 2 {
            out.put_u8(0);
        }
    }
}

/// As much of `text` as a two-byte length can say, cut at a character.
pub(super) fn truncated(text: &str) -> &str {
    let mut end = text.len().min(i16::MAX as usize);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Writes the header of the response to a request of that key and version.
pub fn write_response_header(out: &mut BytesMut, api_key: ApiKey, api_version: i16, correlation_id: i32) {
    out.put_i32(correlation_id);
    if api_key.response_header_version(api_version) >= 1 {
        out.put_u8(0);
    }
}

/// Reads the header of a response (its size already taken off), leaves `frame` at the body and gives the correlation id.
pub fn read_response_header(frame: &mut Bytes, api_key: ApiKey, api_version: i16) -> Result<i32, HeaderError> {
    read_response_header_as(frame, api_key.response_header_version(api_version))
}

/// The same, for a header of that version.
pub fn read_response_header_as(frame: &mut Bytes, header_version: i16) -> Result<i32, HeaderError> {
    let mut reader = Reader::new(frame);
    let correlation_id = reader.i32()?;
    if header_version >= 1 {
        guard::skip_tags(&mut reader)?;
    }
    let body_start = reader.position();
    frame.advance(body_start);
    Ok(correlation_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(api_key: ApiKey, api_version: i16, client_id: &'static str) -> RequestHeader {
        RequestHeader { api_key, api_version, correlation_id: 77, client_id: StrBytes::from_static_str(client_id) }
    }

    #[test]
    fn what_is_written_is_read_and_the_body_is_left() {
        for (key, version) in
            [(ApiKey::Metadata, 1), (ApiKey::Metadata, 12), (ApiKey::SaslHandshake, 1), (ApiKey::ApiVersions, 99)]
        {
            let mut out = BytesMut::new();
            header(key, version, "rdkafka").write(&mut out);
            out.extend_from_slice(b"body");
            let mut frame = out.freeze();
            assert_eq!(RequestHeader::parse(&mut frame), Ok(header(key, version, "rdkafka")));
            assert_eq!(&frame[..], b"body");
        }
    }

    #[test]
    fn a_null_client_id_is_an_empty_one() {
        let mut frame = Bytes::from_static(&[0, 3, 0, 1, 0, 0, 0, 77, 0xff, 0xff]);
        assert_eq!(RequestHeader::parse(&mut frame), Ok(header(ApiKey::Metadata, 1, "")));
        assert!(frame.is_empty());
    }

    #[test]
    fn broken_headers_are_errors() {
        let parse = |bytes: &'static [u8]| RequestHeader::parse(&mut Bytes::from_static(bytes));
        assert_eq!(parse(&[0, 93, 0, 0, 0, 0, 0, 0, 0, 0]), Err(HeaderError::UnknownApiKey(93)));
        assert!(matches!(
            parse(&[0, 3, 0, 1, 0, 0, 0, 1, 0xff, 0xfe]),
            Err(HeaderError::Malformed(CodecError::BadLength(-2)))
        ));
        assert!(matches!(parse(&[0, 3, 0, 1, 0, 0, 0, 1, 0, 9, b'x']), Err(HeaderError::Malformed(_))));
        assert!(matches!(
            parse(&[0, 3, 0, 1, 0, 0, 0, 1, 0, 2, 0xc3, 0x28]),
            Err(HeaderError::Malformed(CodecError::NotUtf8))
        ));
        // Version 12 has tags: a count beyond what the frame holds, and twenty million of them.
        assert!(matches!(parse(&[0, 3, 0, 12, 0, 0, 0, 1, 0, 0, 5]), Err(HeaderError::Tags(_))));
        assert!(matches!(
            parse(&[0, 3, 0, 12, 0, 0, 0, 1, 0, 0, 0x80, 0xda, 0xc4, 9]),
            Err(HeaderError::Tags(GuardError::TooManyTags { .. }))
        ));
        for end in 0..10 {
            let whole: &'static [u8] = &[0, 3, 0, 12, 0, 0, 0, 1, 0, 0, 0];
            assert!(parse(&whole[..end]).is_err());
        }
    }

    #[test]
    fn responses_to_api_versions_have_the_old_header() {
        let mut out = BytesMut::new();
        write_response_header(&mut out, ApiKey::ApiVersions, 3, 5);
        assert_eq!(&out[..], [0, 0, 0, 5]);
        out.clear();
        write_response_header(&mut out, ApiKey::Metadata, 9, 5);
        assert_eq!(&out[..], [0, 0, 0, 5, 0]);
        assert_eq!(read_response_header(&mut out.freeze(), ApiKey::Metadata, 9), Ok(5));
    }
}
