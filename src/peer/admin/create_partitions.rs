//! CreatePartitions: more partitions for a topic that exists.

use kafka_protocol::messages::create_partitions_request::{CreatePartitionsRequest, CreatePartitionsTopic};

use super::BROKER_TIMEOUT_MS;
use crate::peer::client::Client;
use crate::peer::error::PeerError;
use crate::peer::wire;

/// Gives a topic `count` partitions in all, or only checks that it could.
pub async fn create_partitions(client: &Client, topic: &str, count: i32, validate_only: bool) -> Result<(), PeerError> {
    let request = CreatePartitionsRequest::default()
        .with_topics(vec![
            CreatePartitionsTopic::default().with_name(wire::topic(topic)).with_count(count).with_assignments(None),
        ])
        .with_timeout_ms(BROKER_TIMEOUT_MS)
        .with_validate_only(validate_only);
    let response = client.any().await?.call(&request).await?;
    response.results.iter().try_for_each(|result| {
        wire::check(result.error_code, result.error_message.as_ref(), || {
            format!("give topic {topic:?} {count} partitions")
        })
    })
}
