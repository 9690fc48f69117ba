//! CreateTopics.

use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig, CreateTopicsRequest};

use super::BROKER_TIMEOUT_MS;
use crate::base::error_code::ErrorCode;
use crate::base::ids::Uuid;
use crate::peer::client::Client;
use crate::peer::error::{PeerError, Refused};
use crate::peer::wire;

/// A topic to create.
#[derive(Debug, Clone)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// How many partitions; nothing for the broker's `num.partitions`.
    pub partitions: Option<i32>,
    /// How many replicas of each; nothing for the broker's `default.replication.factor`.
    pub replication_factor: Option<i16>,
    /// Its configuration, where it differs from the broker's.
    pub configs: Vec<(String, String)>,
}

/// A topic that was created, or would have been. What the broker does not tell is nothing.
#[derive(Debug, Clone)]
pub struct CreatedTopic {
    /// Its id.
    pub id: Uuid,
    /// How many partitions it has.
    pub partitions: Option<i32>,
    /// How many replicas each has.
    pub replication_factor: Option<i16>,
}

/// Creates topics, or only checks that it could. The answers are in the order of `topics`.
pub async fn create_topics(
    client: &Client,
    topics: &[NewTopic],
    validate_only: bool,
) -> Result<Vec<Result<CreatedTopic, Refused>>, PeerError> {
    let of = |topic: &NewTopic| {
        let configs = topic.configs.iter().map(|(name, value)| {
            CreatableTopicConfig::default().with_name(wire::text(name)).with_value(Some(wire::text(value)))
        });
        CreatableTopic::default()
            .with_name(wire::topic(&topic.name))
            .with_num_partitions(topic.partitions.unwrap_or(-1))
            .with_replication_factor(topic.replication_factor.unwrap_or(-1))
            .with_configs(configs.collect())
    };
    let request = CreateTopicsRequest::default()
        .with_topics(topics.iter().map(of).collect())
        .with_timeout_ms(BROKER_TIMEOUT_MS)
        .with_validate_only(validate_only);
    let response = client.any().await?.call(&request).await?;
    Ok(topics
        .iter()
        .map(|asked| {
            let refused = |code, message| Refused { what: format!("create topic {:?}", asked.name), code, message };
            let Some(answer) = response.topics.iter().find(|topic| **topic.name == *asked.name) else {
                return Err(refused(ErrorCode::UnknownServerError, Some("the answer does not mention it".to_string())));
            };
            match wire::code(answer.error_code) {
                ErrorCode::None => Ok(CreatedTopic {
                    id: wire::id(answer.topic_id),
                    partitions: (answer.num_partitions > 0).then_some(answer.num_partitions),
                    replication_factor: (answer.replication_factor > 0).then_some(answer.replication_factor),
                }),
                code => Err(refused(code, wire::string(answer.error_message.as_ref()))),
            }
        })
        .collect())
}
