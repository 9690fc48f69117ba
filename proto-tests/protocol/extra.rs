//! The messages that Ottla has of its own: each is read and written back byte for byte, in every version.

use bytes::Bytes;
use kafka_protocol::messages;
use kafka_protocol::protocol::{Decodable, Encodable, Message, Request};
use ottla::protocol::api::ApiKey;
use ottla::protocol::extra::{brokers, log_dirs, offsets, share, share_state, streams};
use ottla::protocol::guard::schema;
use ottla::protocol::{codec, response::Part};

use crate::generate;

fn requests<T: Request>() {
    let key = ApiKey::from_number(T::KEY).unwrap();
    for version in key.versions().iter() {
        for seed in 1..=40 {
            let body = Bytes::from(generate::body(schema::request(key).unwrap(), version, seed, false));
            let request: T =
                codec::decode(version, body.clone()).unwrap_or_else(|error| panic!("{key} {version}: {error}"));
            let mut again = Vec::new();
            request.encode(&mut again, version.min(T::VERSIONS.max)).unwrap();
            assert_eq!(again, body, "{key} {version} seed {seed}");
            let tagged = Bytes::from(generate::body(schema::request(key).unwrap(), version, seed, true));
            codec::decode::<T>(version, tagged).unwrap();
        }
    }
}

fn responses<T: Decodable + Encodable + Message>(key: ApiKey) {
    for version in key.versions().iter() {
        for seed in 1..=40 {
            let body = Bytes::from(generate::body(schema::response(key).unwrap(), version, seed, false));
            let response: T = codec::decode_response(key, version, body.clone())
                .unwrap_or_else(|error| panic!("{key} {version}: {error}"));
            let frame = codec::response(key, version, 7, &response).unwrap();
            let [Part::Bytes(frame)] = &frame.parts[..] else { panic!("one part") };
            let header = 8 + usize::from(key.response_header_version(version) == 1);
            assert_eq!(&frame[header..], &body[..], "{key} {version} seed {seed}");
            assert_eq!(frame[..4], (frame.len() as u32 - 4).to_be_bytes());
        }
    }
}

#[test]
fn own_requests_come_back_byte_for_byte() {
    requests::<brokers::AddRaftVoterRequest>();
    requests::<brokers::BrokerHeartbeatRequest>();
    requests::<brokers::WriteTxnMarkersRequest>();
    requests::<offsets::OffsetCommitRequest>();
    requests::<offsets::OffsetFetchRequest>();
    requests::<share::ShareFetchRequest>();
    requests::<share::ShareAcknowledgeRequest>();
    requests::<share_state::WriteShareGroupStateRequest>();
    requests::<streams::StreamsGroupHeartbeatRequest>();
    requests::<streams::StreamsGroupDescribeRequest>();
}

#[test]
fn own_responses_come_back_byte_for_byte() {
    responses::<log_dirs::DescribeLogDirsResponse>(ApiKey::DescribeLogDirs);
    responses::<share::ShareAcknowledgeResponse>(ApiKey::ShareAcknowledge);
    responses::<share::DescribeShareGroupOffsetsResponse>(ApiKey::DescribeShareGroupOffsets);
    responses::<share_state::ReadShareGroupStateSummaryResponse>(ApiKey::ReadShareGroupStateSummary);
    responses::<streams::StreamsGroupHeartbeatResponse>(ApiKey::StreamsGroupHeartbeat);
    responses::<streams::StreamsGroupDescribeResponse>(ApiKey::StreamsGroupDescribe);
}

#[test]
fn versions_with_the_bytes_of_an_earlier_one_go_through_the_crate() {
    requests::<messages::ListOffsetsRequest>();
    requests::<messages::DescribeLogDirsRequest>();
    requests::<messages::DescribeShareGroupOffsetsRequest>();
    requests::<messages::ReadShareGroupStateSummaryRequest>();
    responses::<messages::ListOffsetsResponse>(ApiKey::ListOffsets);
    responses::<messages::WriteTxnMarkersResponse>(ApiKey::WriteTxnMarkers);
    responses::<messages::BrokerHeartbeatResponse>(ApiKey::BrokerHeartbeat);
    responses::<messages::ShareFetchResponse>(ApiKey::ShareFetch);
    responses::<messages::AddRaftVoterResponse>(ApiKey::AddRaftVoter);
    responses::<messages::WriteShareGroupStateResponse>(ApiKey::WriteShareGroupState);
    responses::<messages::OffsetCommitResponse>(ApiKey::OffsetCommit);
    responses::<messages::OffsetFetchResponse>(ApiKey::OffsetFetch);
}

#[test]
fn a_crate_type_never_reads_a_version_that_it_lacks() {
    // WriteTxnMarkers v2 has a field more than the crate's request: it must fail, not be read as v1.
    let body = Bytes::from(generate::body(generate::request(ApiKey::WriteTxnMarkers), 2, 9, false));
    assert!(codec::decode::<messages::WriteTxnMarkersRequest>(2, body).is_err());
}
