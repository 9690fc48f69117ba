//! Well-formed bodies: the guard lets every one through, kafka_protocol reads it to its end, and writes it back the same.

use bytes::{Buf, Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey as CrateKey, RequestKind, ResponseKind};
use ottla::protocol::api::ApiKey;
use ottla::protocol::guard::{self, schema};

use crate::generate;

const SEEDS: u64 = 20;

/// The crate's version with the bytes of `version`; none where Ottla has its own type.
pub fn crate_request_version(key: ApiKey, version: i16) -> Option<i16> {
    use ApiKey::*;
    match (key, version) {
        (StreamsGroupHeartbeat | StreamsGroupDescribe, _) => None,
        (OffsetCommit | OffsetFetch, 10) => None,
        (WriteTxnMarkers | BrokerHeartbeat | ShareFetch | ShareAcknowledge, 2) => None,
        (AddRaftVoter | WriteShareGroupState, 1) => None,
        (ListOffsets, 11) => Some(10),
        (DescribeLogDirs, 5) => Some(4),
        (DescribeShareGroupOffsets | ReadShareGroupStateSummary, 1) => Some(0),
        (_, version) => Some(version),
    }
}

fn crate_response_version(key: ApiKey, version: i16) -> Option<i16> {
    use ApiKey::*;
    match (key, version) {
        (StreamsGroupHeartbeat | StreamsGroupDescribe, _) => None,
        (DescribeLogDirs, 5) | (ShareAcknowledge, 2) => None,
        (DescribeShareGroupOffsets | ReadShareGroupStateSummary, 1) => None,
        (ListOffsets, 11) => Some(10),
        (WriteTxnMarkers | BrokerHeartbeat | ShareFetch, 2) => Some(1),
        (AddRaftVoter | WriteShareGroupState, 1) => Some(0),
        (_, version) => Some(version),
    }
}

#[test]
fn requests_pass_the_guard_and_come_back() {
    for (message, version) in generate::every(schema::request) {
        let key = message.key;
        for seed in 1..=SEEDS {
            let body = Bytes::from(generate::body(message, version, seed, true));
            guard::check_request(key, version, &body).unwrap_or_else(|error| panic!("{key} {version}: {error}"));
            let Some(crate_version) = crate_request_version(key, version) else { continue };
            let crate_key = CrateKey::try_from(key.number()).unwrap();
            let mut rest = body.clone();
            let request = RequestKind::decode(crate_key, &mut rest, crate_version)
                .unwrap_or_else(|error| panic!("{key} {version} seed {seed}: {error}"));
            assert!(!rest.has_remaining(), "{key} {version}: {} bytes left", rest.len());
            let mut again = BytesMut::new();
            request.encode(&mut again, crate_version).unwrap();
            guard::check_request(key, version, &again).unwrap();
            let mut again = again.freeze();
            assert_eq!(RequestKind::decode(crate_key, &mut again, crate_version).unwrap(), request, "{key} {version}");
        }
    }
}

#[test]
fn responses_pass_the_guard_and_come_back() {
    for (message, version) in generate::every(schema::response) {
        let key = message.key;
        for seed in 1..=SEEDS {
            let body = Bytes::from(generate::body(message, version, seed, true));
            guard::check_response(key, version, &body).unwrap_or_else(|error| panic!("{key} {version}: {error}"));
            let Some(crate_version) = crate_response_version(key, version) else { continue };
            let crate_key = CrateKey::try_from(key.number()).unwrap();
            let mut rest = body.clone();
            let response = ResponseKind::decode(crate_key, &mut rest, crate_version)
                .unwrap_or_else(|error| panic!("{key} {version} seed {seed}: {error}"));
            assert!(!rest.has_remaining(), "{key} {version}: {} bytes left", rest.len());
            let mut again = BytesMut::new();
            response.encode(&mut again, crate_version).unwrap();
            guard::check_response(key, version, &again).unwrap();
        }
    }
}

#[test]
fn a_body_cut_anywhere_is_refused() {
    for (message, version) in generate::every(schema::request) {
        for seed in [3, 5] {
            let body = generate::body(message, version, seed, true);
            for end in 0..body.len() {
                assert!(
                    guard::check_request(message.key, version, &body[..end]).is_err(),
                    "{} {version} at {end}",
                    message.key
                );
            }
        }
    }
}

#[test]
fn bytes_after_the_end_are_let_pass_as_kafka_does() {
    let mut body = generate::body(generate::request(ApiKey::Metadata), 12, 1, false);
    body.extend([1, 2, 3]);
    assert_eq!(guard::check_request(ApiKey::Metadata, 12, &body), Ok(()));
}

#[test]
fn versions_that_kafka_does_not_serve_are_refused() {
    for (key, version) in
        [(ApiKey::Produce, 2), (ApiKey::Produce, 14), (ApiKey::UpdateMetadata, 0), (ApiKey::InitProducerId, 6)]
    {
        assert!(matches!(guard::check_request(key, version, &[0; 64]), Err(guard::GuardError::NoSuchVersion { .. })));
    }
}
