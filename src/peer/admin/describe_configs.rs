//! DescribeConfigs of topics.

use kafka_protocol::messages::describe_configs_request::{DescribeConfigsRequest, DescribeConfigsResource};

use super::RESOURCE_TOPIC;
use crate::peer::client::Client;
use crate::peer::error::PeerError;
use crate::peer::wire;

/// One key of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigEntry {
    /// Kafka's name for it.
    pub name: String,
    /// Its value; nothing if it is sensitive.
    pub value: Option<String>,
    /// Where the value comes from.
    pub source: ConfigSource,
    /// Whether the value is withheld.
    pub sensitive: bool,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigSource {
    /// Set for this topic.
    Topic,
    /// Set for one broker while it runs.
    Broker,
    /// Set for all brokers while they run.
    Cluster,
    /// From the broker's own file.
    Static,
    /// Kafka's default.
    Default,
    /// Something newer than this client.
    Other,
}

impl ConfigSource {
    fn of(number: i8) -> Self {
        match number {
            1 => Self::Topic,
            2 => Self::Broker,
            3 => Self::Cluster,
            4 => Self::Static,
            5 => Self::Default,
            _ => Self::Other,
        }
    }

    /// One word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Broker => "broker",
            Self::Cluster => "cluster",
            Self::Static => "static",
            Self::Default => "default",
            Self::Other => "other",
        }
    }
}

/// The configurations of topics, in the order of `topics`.
pub async fn describe_topic_configs(client: &Client, topics: &[String]) -> Result<Vec<Vec<ConfigEntry>>, PeerError> {
    let resource = |topic: &String| {
        DescribeConfigsResource::default()
            .with_resource_type(RESOURCE_TOPIC)
            .with_resource_name(wire::text(topic))
            .with_configuration_keys(None)
    };
    let request = DescribeConfigsRequest::default().with_resources(topics.iter().map(resource).collect());
    let response = client.any().await?.call(&request).await?;
    let mut all = vec![Vec::new(); topics.len()];
    for result in &response.results {
        wire::check(result.error_code, result.error_message.as_ref(), || {
            format!("describe the configuration of topic {:?}", result.resource_name.as_str())
        })?;
        let Some(at) = topics.iter().position(|topic| **topic == *result.resource_name) else { continue };
        all[at] = result
            .configs
            .iter()
            .map(|entry| ConfigEntry {
                name: entry.name.to_string(),
                value: wire::string(entry.value.as_ref()),
                source: ConfigSource::of(entry.config_source),
                sensitive: entry.is_sensitive,
            })
            .collect();
    }
    Ok(all)
}
