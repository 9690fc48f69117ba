//! Produce requests read in place are what kafka_protocol reads.

use bytes::Bytes;
use kafka_protocol::messages;
use ottla::protocol::api::ApiKey;
use ottla::protocol::codec;
use ottla::protocol::produce_request::ProduceRequest;

use crate::count_alloc::counted;
use crate::generate;

#[test]
fn reading_in_place_sees_what_the_crate_sees() {
    for version in ApiKey::Produce.versions().iter() {
        for seed in 1..=60 {
            let body = Bytes::from(generate::body(generate::request(ApiKey::Produce), version, seed, true));
            let theirs: messages::ProduceRequest = codec::decode(version, body.clone()).unwrap();
            let ours = ProduceRequest::decode(version, body).unwrap();
            assert_eq!(ours.transactional_id(), theirs.transactional_id.as_ref().map(|id| id.0.as_str()));
            assert_eq!((ours.acks, ours.timeout_ms), (theirs.acks, theirs.timeout_ms));
            assert_eq!(ours.topic_count(), theirs.topic_data.len());
            assert_eq!(ours.topics().count(), theirs.topic_data.len());
            for (our, their) in ours.topics().zip(&theirs.topic_data) {
                assert_eq!(our.name, their.name.0.as_str());
                assert_eq!(&our.id.0, their.topic_id.as_bytes());
                assert_eq!(our.partition_count, their.partition_data.len());
                let pairs: Vec<_> = our.partitions().map(|partition| (partition.index.0, partition.records)).collect();
                let expected: Vec<_> = their.partition_data.iter().map(|p| (p.index, p.records.clone())).collect();
                assert_eq!(pairs, expected);
            }
        }
    }
}

#[test]
fn reading_in_place_allocates_next_to_nothing() {
    // Version 9: no transactional id, acks -1, a timeout; topic "t" with two partitions, of three and of no records.
    let body = Bytes::from_static(&[
        0, 0xff, 0xff, 0, 0, 1, 0, 2, 2, b't', 3, 0, 0, 0, 0, 4, 1, 2, 3, 0, 0, 0, 0, 1, 0, 0, 0, 0,
    ]);
    let body = Bytes::from(body.to_vec());
    // The first share of a buffer allocates its counter.
    let shared = body.clone();
    let (partitions, allocated) = counted(|| {
        let request = ProduceRequest::decode(9, body).unwrap();
        request.topics().map(|topic| topic.partitions().count()).sum::<usize>()
    });
    assert_eq!(partitions, 2);
    assert!(allocated <= 64, "{allocated} bytes");
    drop(shared);
}
