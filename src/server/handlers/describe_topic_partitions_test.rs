//! Pages: their ends, their cursors, and requests that contradict themselves.

use kafka_protocol::messages::describe_topic_partitions_request::{Cursor as AskedCursor, TopicRequest};

use super::*;
use crate::server::test_image;

const LISTENER: &str = "PLAINTEXT";

fn ask(topics: &[&str], cursor: Option<(&str, i32)>) -> DescribeTopicPartitionsRequest {
    DescribeTopicPartitionsRequest::default()
        .with_topics(topics.iter().map(|name| TopicRequest::default().with_name(wire_name(name))).collect())
        .with_cursor(
            cursor.map(|(name, at)| AskedCursor::default().with_topic_name(wire_name(name)).with_partition_index(at)),
        )
}

/// Names with their first partition and count, and the cursor.
fn shape(response: &DescribeTopicPartitionsResponse) -> (Vec<(String, i32, usize)>, Option<(String, i32)>) {
    let topic = |topic: &DescribeTopicPartitionsResponseTopic| {
        let first = topic.partitions.first().map_or(-1, |partition| partition.partition_index);
        (topic.name.as_ref().unwrap().to_string(), first, topic.partitions.len())
    };
    let cursor = response.next_cursor.as_ref().map(|cursor| (cursor.topic_name.to_string(), cursor.partition_index));
    (response.topics.iter().map(topic).collect(), cursor)
}

#[test]
fn pages_follow_each_other_until_nothing_is_left() {
    let image = test_image::with_topics(&[("a", 3), ("b", 2), ("c", 1)]);
    let page = |cursor, limit| shape(&describe(&image, LISTENER, &ask(&[], cursor), limit));
    assert_eq!(page(None, 9), (vec![("a".into(), 0, 3), ("b".into(), 0, 2), ("c".into(), 0, 1)], None));
    assert_eq!(page(None, 2), (vec![("a".into(), 0, 2)], Some(("a".into(), 2))));
    assert_eq!(page(Some(("a", 2)), 2), (vec![("a".into(), 2, 1), ("b".into(), 0, 1)], Some(("b".into(), 1))));
    assert_eq!(page(Some(("b", 1)), 1), (vec![("b".into(), 1, 1)], Some(("c".into(), 0))));
    assert_eq!(page(Some(("c", 0)), 1), (vec![("c".into(), 0, 1)], None));
    // A cursor past the end of a topic, and one between topics.
    assert_eq!(page(Some(("a", 7)), 1), (vec![("a".into(), -1, 0), ("b".into(), 0, 1)], Some(("b".into(), 1))));
    assert_eq!(page(Some(("aa", 1)), 9), (vec![("b".into(), 0, 2), ("c".into(), 0, 1)], None));
}

#[test]
fn topics_asked_for_come_once_in_order_and_missing_ones_have_their_error() {
    let image = test_image::with_topics(&[("a", 1), ("b", 1)]);
    let response = describe(&image, LISTENER, &ask(&["b", "x", "a/", "b"], None), 9);
    let codes: Vec<_> = response.topics.iter().map(|t| (t.name.as_ref().unwrap().to_string(), t.error_code)).collect();
    assert_eq!(codes, [("a/".to_string(), 17), ("b".to_string(), 0), ("x".to_string(), 3)]);
}

#[test]
fn a_cursor_must_be_among_what_is_asked() {
    let image = test_image::with_topics(&[("a", 1), ("b", 1)]);
    for cursor in [("c", 0), ("a", -1)] {
        let response = describe(&image, LISTENER, &ask(&["a", "b"], Some(cursor)), 9);
        assert!(response.topics.iter().all(|topic| topic.error_code == ErrorCode::InvalidRequest.code()));
        assert_eq!(response.topics.len(), 2);
    }
}
