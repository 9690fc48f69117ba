//! IncrementalAlterConfigs (KIP-339) of a topic.

use kafka_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};

use super::RESOURCE_TOPIC;
use crate::peer::client::Client;
use crate::peer::error::PeerError;
use crate::peer::wire;

/// A change of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigChange {
    /// Give it this value.
    Set(String, String),
    /// Let the broker's value show again.
    Delete(String),
    /// Add this to a list.
    Append(String, String),
    /// Take this out of a list.
    Subtract(String, String),
}

impl ConfigChange {
    fn to_wire(&self) -> AlterableConfig {
        let (operation, name, value) = match self {
            Self::Set(name, value) => (0, name, Some(value)),
            Self::Delete(name) => (1, name, None),
            Self::Append(name, value) => (2, name, Some(value)),
            Self::Subtract(name, value) => (3, name, Some(value)),
        };
        AlterableConfig::default()
            .with_name(wire::text(name))
            .with_config_operation(operation)
            .with_value(value.map(|value| wire::text(value)))
    }
}

/// Changes a topic's configuration, all of it or nothing; or only checks that it could.
pub async fn alter_topic_configs(
    client: &Client,
    topic: &str,
    changes: &[ConfigChange],
    validate_only: bool,
) -> Result<(), PeerError> {
    let resource = AlterConfigsResource::default()
        .with_resource_type(RESOURCE_TOPIC)
        .with_resource_name(wire::text(topic))
        .with_configs(changes.iter().map(ConfigChange::to_wire).collect());
    let request =
        IncrementalAlterConfigsRequest::default().with_resources(vec![resource]).with_validate_only(validate_only);
    let response = client.any().await?.call(&request).await?;
    response.responses.iter().try_for_each(|result| {
        wire::check(result.error_code, result.error_message.as_ref(), || {
            format!("change the configuration of topic {topic:?}")
        })
    })
}
