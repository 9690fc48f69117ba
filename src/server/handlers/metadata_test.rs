//! Which topics are told, under which version, with which errors.

use bytes::BytesMut;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::protocol::Encodable;

use super::*;
use crate::server::test_image;

const LISTENER: &str = "PLAINTEXT";

fn by_name(names: &[&str]) -> MetadataRequest {
    let topic = |name: &&str| {
        MetadataRequestTopic::default().with_name(Some(TopicName(StrBytes::from_string(name.to_string()))))
    };
    MetadataRequest::default().with_topics(Some(names.iter().map(topic).collect()))
}

fn by_id(ids: &[ids::Uuid]) -> MetadataRequest {
    let topic = |id: &ids::Uuid| MetadataRequestTopic::default().with_name(None).with_topic_id(Uuid::from_bytes(id.0));
    MetadataRequest::default().with_topics(Some(ids.iter().map(topic).collect()))
}

fn answer(image: &MetadataImage, version: i16, listener: &str, body: &MetadataRequest) -> MetadataResponse {
    let asked = Asked::of(version, body).expect("a request that fits its version");
    let response = View::new(image, listener, version).answer("cluster", &asked, body);
    response.encode(&mut BytesMut::new(), version).expect("a response that its version can say");
    response
}

fn codes(response: &MetadataResponse) -> Vec<(String, i16, usize)> {
    let name = |topic: &MetadataResponseTopic| topic.name.as_ref().map_or("-".to_owned(), |name| name.to_string());
    response.topics.iter().map(|topic| (name(topic), topic.error_code, topic.partitions.len())).collect()
}

#[test]
fn every_version_tells_the_same_topics() {
    let image = test_image::with_topics(&[("a", 2), ("b", 1)]);
    for version in 0..=13 {
        let body = by_name(&["b", "x", "a", "b", "no/"]);
        let response = answer(&image, version, LISTENER, &body);
        let expected =
            [("b".to_owned(), 0, 1), ("x".to_owned(), 3, 0), ("a".to_owned(), 0, 2), ("no/".to_owned(), 17, 0)];
        assert_eq!(codes(&response), expected, "{version}");
        assert_eq!((response.brokers.len(), response.brokers[0].port, response.controller_id.0), (1, 9092, 1));
        assert_eq!(response.topics[2].partitions[1].leader_id.0, test_image::BROKER.0);
    }
}

#[test]
fn all_topics_are_null_or_in_version_zero_none() {
    let image = test_image::with_topics(&[("a", 1), ("b", 1)]);
    assert_eq!(answer(&image, 0, LISTENER, &by_name(&[])).topics.len(), 2);
    assert_eq!(answer(&image, 1, LISTENER, &by_name(&[])).topics.len(), 0);
    assert_eq!(answer(&image, 1, LISTENER, &MetadataRequest::default().with_topics(None)).topics.len(), 2);
}

#[test]
fn ids_are_taken_from_version_twelve() {
    let image = test_image::with_topics(&[("a", 1)]);
    let unknown = ids::Uuid([9; 16]);
    let body = by_id(&[test_image::topic_id("a"), unknown]);
    assert_eq!(codes(&answer(&image, 12, LISTENER, &body)), [("a".to_owned(), 0, 1), ("-".to_owned(), 100, 0)]);
    for version in [10, 11] {
        assert_eq!(Asked::of(version, &body), None);
        let response = refused(&body);
        assert_eq!(codes(&response), [(String::new(), 42, 0), (String::new(), 42, 0)]);
        response.encode(&mut BytesMut::new(), version).unwrap();
    }
}

#[test]
fn a_leader_without_the_listener_is_an_error_of_its_own_from_version_six() {
    let image = test_image::with_topics(&[("a", 1)]);
    let code = |version| answer(&image, version, "OTHER", &by_name(&["a"])).topics[0].partitions[0].error_code;
    assert_eq!((code(5), code(6)), (ErrorCode::LeaderNotAvailable.code(), ErrorCode::ListenerNotFound.code()));
    assert!(answer(&image, 6, "OTHER", &by_name(&["a"])).brokers.is_empty());
}

#[test]
fn operations_are_told_when_asked_for() {
    let image = test_image::with_topics(&[("a", 1)]);
    let body = by_name(&["a", "x"])
        .with_include_topic_authorized_operations(true)
        .with_include_cluster_authorized_operations(true);
    for version in 0..=13 {
        let response = answer(&image, version, LISTENER, &body);
        let topic = if version >= 8 { TOPIC_OPERATIONS } else { OPERATIONS_OMITTED };
        let cluster = if (8..=10).contains(&version) { CLUSTER_OPERATIONS } else { OPERATIONS_OMITTED };
        assert!(response.topics.iter().all(|t| t.topic_authorized_operations == topic));
        assert_eq!(response.cluster_authorized_operations, cluster);
    }
}

#[test]
fn only_legal_names_that_are_not_there_can_be_created() {
    let image = test_image::with_topics(&[("a", 1)]);
    let missing = |body: &MetadataRequest| Asked::of(4, body).unwrap().missing(&image);
    assert_eq!(missing(&by_name(&["a", "b", "..", "b"])), ["b"]);
    assert_eq!(missing(&MetadataRequest::default().with_topics(None)), Vec::<String>::new());
}
