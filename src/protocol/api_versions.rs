//! What a client asks before anything else, and what it is told if it asks in a version from the future (KIP-511).
//!
//! A client opens with the newest ApiVersions request that it knows. A server that does not know that version cannot read the
//! request past its header, and answers with version 0: error 35 and the versions of ApiVersions that it serves, from which
//! the client picks one and asks again.

use bytes::{BufMut, BytesMut};

use super::api::{ApiKey, VersionRange};
use super::frame;
use super::header;
use super::response::Response;
use crate::base::error_code::ErrorCode;

/// The answer to an ApiVersions request of a version that is not in `served`.
///
/// ```text
///  error i16 = 35 | count i32 = 1 | api key i16 = 18 | min i16 | max i16
/// ```
pub fn unsupported(correlation_id: i32, served: VersionRange) -> Response {
    let mut out = BytesMut::with_capacity(24);
    frame::start(&mut out);
    header::write_response_header(&mut out, ApiKey::ApiVersions, 0, correlation_id);
    out.put_i16(ErrorCode::UnsupportedVersion.code());
    out.put_i32(1);
    out.put_i16(ApiKey::ApiVersions.number());
    out.put_i16(served.min);
    out.put_i16(served.max);
    let fits = frame::finish(&mut out, 0);
    debug_assert!(fits);
    Response::of_bytes(out.freeze())
}

/// True if `text` can be a client software's name or version, which versions 3 and later carry: letters, digits, `-` and `.`,
/// with a letter or digit at both ends. Anything else gets INVALID_REQUEST.
pub fn is_software_word(text: &str) -> bool {
    let inner = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    match text.as_bytes() {
        [] => false,
        [first, .., last] if !(first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric()) => false,
        [only] => only.is_ascii_alphanumeric(),
        all => all.iter().all(inner),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::codec;
    use bytes::Bytes;
    use kafka_protocol::messages::ApiVersionsResponse;

    #[test]
    fn a_client_from_the_future_is_told_what_it_may_ask() {
        let response = unsupported(7, VersionRange { min: 0, max: 4 });
        let [super::super::response::Part::Bytes(frame)] = &response.parts[..] else { panic!("one part") };
        let mut body = Bytes::copy_from_slice(&frame[4..]);
        assert_eq!(header::read_response_header(&mut body, ApiKey::ApiVersions, 4), Ok(7));
        let answer: ApiVersionsResponse = codec::decode_response(ApiKey::ApiVersions, 0, body).unwrap();
        assert_eq!(answer.error_code, 35);
        assert_eq!(answer.api_keys.len(), 1);
        assert_eq!(
            (answer.api_keys[0].api_key, answer.api_keys[0].min_version, answer.api_keys[0].max_version),
            (18, 0, 4)
        );
    }

    #[test]
    fn software_words_are_as_kafka_takes_them() {
        for good in ["apache-kafka-java", "4.3.1", "a", "librdkafka", "v2.15.0-RC1", "0"] {
            assert!(is_software_word(good), "{good}");
        }
        for bad in ["", "-", ".", "-a", "a-", "a b", "a\n", "ä", "a_b", "$"] {
            assert!(!is_software_word(bad), "{bad}");
        }
    }
}
