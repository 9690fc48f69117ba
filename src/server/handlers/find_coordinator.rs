//! FindCoordinator (10), versions 0-6. Which broker coordinates a group, a transactional id, or a share partition's state:
//! the leader of the partition of an internal topic that the key hashes to.
//!
//! - v1: kinds of key (KIP-98), a message with the error
//! - v3: flexible
//! - v4: many keys in one request (KIP-699)
//! - v5: `TRANSACTION_ABORTABLE` for clients (KIP-890)
//! - v6: share partitions (KIP-932)
//!
//! The internal topic is made when the first key is asked for. Kafka answers that request `COORDINATOR_NOT_AVAILABLE` at once;
//! here it waits until the topic is there.

use std::sync::Arc;

use kafka_protocol::messages::BrokerId;
use kafka_protocol::messages::find_coordinator_request::FindCoordinatorRequest;
use kafka_protocol::messages::find_coordinator_response::{Coordinator, FindCoordinatorResponse};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::base::ids::{NodeId, Uuid};
use crate::base::topic_name::{CONSUMER_OFFSETS, SHARE_GROUP_STATE, TRANSACTION_STATE};
use crate::coordinator::partition_of;
use crate::metadata::image::MetadataImage;
use crate::server::auto_topics;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

/// From here on many keys are asked for at once.
const BATCHED_VERSION_MIN: i16 = 4;
/// Before this version nobody may ask for share partitions.
const SHARE_VERSION_MIN: i16 = 6;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: FindCoordinatorRequest = request.decode()?;
    let keys = if request.version() < BATCHED_VERSION_MIN { vec![body.key] } else { body.coordinator_keys };
    let topic = match topic_of(body.key_type, request.version()) {
        Ok(topic) => topic,
        Err(code) => return request.now(&answer(&request, keys.into_iter().map(|key| (key, Err(code))))),
    };
    let image = ctx.metadata();
    if image.topic(topic).is_some() || keys.is_empty() {
        return request.now(&find(&image, topic, &request, keys));
    }
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        auto_topics::create(&ctx, vec![topic.to_owned()]).await;
        request.respond(&find(&ctx.metadata(), topic, &request, keys))
    }))
}

/// The topic that holds what is said of such keys.
fn topic_of(key_type: i8, version: i16) -> Result<&'static str, ErrorCode> {
    match key_type {
        0 => Ok(CONSUMER_OFFSETS),
        1 => Ok(TRANSACTION_STATE),
        2 if version >= SHARE_VERSION_MIN => Ok(SHARE_GROUP_STATE),
        _ => Err(ErrorCode::InvalidRequest),
    }
}

fn find(image: &MetadataImage, topic: &str, request: &Request, keys: Vec<StrBytes>) -> FindCoordinatorResponse {
    let listener = &request.connection.listener;
    let found = keys.into_iter().map(|key| {
        let coordinator = coordinator(image, topic, listener, &key);
        (key, coordinator)
    });
    answer(request, found)
}

/// A broker and where it is reached.
type Found = (NodeId, StrBytes, i32);

fn coordinator(image: &MetadataImage, topic: &str, listener: &str, key: &str) -> Result<Found, ErrorCode> {
    if topic == SHARE_GROUP_STATE && !is_share_partition(key) {
        return Err(ErrorCode::InvalidRequest);
    }
    let partitions = &image.topic(topic).ok_or(ErrorCode::CoordinatorNotAvailable)?.partitions;
    let partition = usize::try_from(partition_of(key, partitions.len()).0).ok().and_then(|at| partitions.get(at));
    let leader = partition.and_then(|partition| image.brokers().get(partition.leader)).filter(|broker| !broker.fenced);
    let endpoint = leader.and_then(|broker| Some((broker.broker_id, broker.endpoint(listener)?)));
    let (id, endpoint) = endpoint.ok_or(ErrorCode::CoordinatorNotAvailable)?;
    Ok((id, StrBytes::from_string(endpoint.host.clone()), endpoint.port.into()))
}

/// `group:topic id:partition`, where the group may have colons of its own.
fn is_share_partition(key: &str) -> bool {
    let mut parts = key.rsplitn(3, ':');
    let (partition, topic, group) = (parts.next(), parts.next(), parts.next());
    partition.is_some_and(|partition| partition.parse::<i32>().is_ok())
        && topic.and_then(Uuid::parse).is_some()
        && group.is_some_and(|group| !group.trim().is_empty())
}

fn answer(
    request: &Request,
    found: impl Iterator<Item = (StrBytes, Result<Found, ErrorCode>)>,
) -> FindCoordinatorResponse {
    let nobody = || (NodeId::NONE, StrBytes::default(), -1);
    let mut told = found.map(|(key, found)| match found {
        Ok(found) => (key, ErrorCode::None, found),
        Err(code) => (key, code, nobody()),
    });
    let response = FindCoordinatorResponse::default();
    if request.version() >= BATCHED_VERSION_MIN {
        let coordinators = told.map(|(key, code, (node, host, port))| {
            Coordinator::default()
                .with_key(key)
                .with_error_code(code.code())
                .with_node_id(BrokerId(node.0))
                .with_host(host)
                .with_port(port)
        });
        return response.with_coordinators(coordinators.collect());
    }
    let Some((_, code, (node, host, port))) = told.next() else { return response };
    let message = (request.version() > 0).then(|| StrBytes::from_static_str(message(code)));
    response
        .with_error_code(code.code())
        .with_error_message(message)
        .with_node_id(BrokerId(node.0))
        .with_host(host)
        .with_port(port)
}

fn message(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::None => "NONE",
        ErrorCode::CoordinatorNotAvailable => "no broker coordinates this key just now; ask again",
        _ => "the key or its type is not one that coordinators know",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::test_image;

    #[test]
    fn a_share_partition_is_named_in_three_parts() {
        assert!(is_share_partition("g:with:colons:AAAAAAAAAAAAAAAAAAAAAQ:7"));
        for key in ["", "g", "g:7", ":AAAAAAAAAAAAAAAAAAAAAQ:7", "g:AAAAAAAAAAAAAAAAAAAAAQ:x", "g:short:7"] {
            assert!(!is_share_partition(key), "{key}");
        }
        assert_eq!((topic_of(2, 5), topic_of(3, 6)), (Err(ErrorCode::InvalidRequest), Err(ErrorCode::InvalidRequest)));
    }

    #[test]
    fn a_key_is_led_where_its_partition_is_and_nowhere_while_there_is_none() {
        let find = |topics| coordinator(&test_image::with_topics(topics), CONSUMER_OFFSETS, "PLAINTEXT", "g");
        assert_eq!(find(&[]), Err(ErrorCode::CoordinatorNotAvailable));
        let found = find(&[(CONSUMER_OFFSETS, 50)]);
        assert_eq!(found, Ok((test_image::BROKER, StrBytes::from_static_str("localhost"), 9092)));
    }
}
