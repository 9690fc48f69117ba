//! CreateTopics (19), versions 2-7. Each topic for itself: one that is refused does not hold up the others.
//!
//! - v4: -1 partitions or replicas mean the broker's default (KIP-464)
//! - v5: flexible; the created topic's size and settings in the answer (KIP-525)
//! - v6: throttling of topic changes (KIP-599)
//! - v7: topic ids in the answer (KIP-516)

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreateTopicsRequest};
use kafka_protocol::messages::create_topics_response::{
    CreatableTopicConfigs, CreatableTopicResult, CreateTopicsResponse,
};
use kafka_protocol::protocol::StrBytes;

use crate::base::ids::NodeId;
use crate::config::describe;
use crate::controller::create_topics::{CreateTopics, CreatedTopic, NewTopic};
use crate::metadata::configs::{Resource, ResourceType, Settings};
use crate::server::context::Context;
use crate::server::error_map;
use crate::server::handlers::{Handled, config_resources};
use crate::server::request::{Refusal, Request};
use crate::server::stored_only;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: CreateTopicsRequest = request.decode()?;
    let operation =
        CreateTopics { topics: body.topics.iter().map(new_topic).collect(), validate_only: body.validate_only };
    let timeout = Duration::from_millis(u64::try_from(body.timeout_ms).unwrap_or(0));
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let topics = match ctx.change(operation, timeout).await {
            Ok(reply) => reply
                .into_iter()
                .map(|(name, result)| match result {
                    Ok(created) => {
                        if !body.validate_only {
                            let topic = Resource::new(ResourceType::Topic, &name);
                            stored_only::settings(&topic, created.overrides.keys().map(String::as_str));
                        }
                        answer(&ctx, &name, &created)
                    }
                    Err(error) => refused(&name, error.code.code(), error.message),
                })
                .collect(),
            Err(error) => {
                let (code, message) = (error_map::controller(&error).code(), error.to_string());
                body.topics.iter().map(|topic| refused(&topic.name, code, Some(message.clone()))).collect()
            }
        };
        request.respond(&CreateTopicsResponse::default().with_topics(topics))
    }))
}

fn new_topic(topic: &CreatableTopic) -> NewTopic {
    NewTopic {
        name: topic.name.to_string(),
        partitions: topic.num_partitions,
        replication_factor: topic.replication_factor,
        assignments: topic
            .assignments
            .iter()
            .map(|a| (a.partition_index, a.broker_ids.iter().map(|id| NodeId(id.0)).collect()))
            .collect(),
        configs: topic
            .configs
            .iter()
            .map(|c| (c.name.to_string(), c.value.as_ref().map(ToString::to_string)))
            .collect(),
    }
}

fn answer(ctx: &Context, name: &str, created: &CreatedTopic) -> CreatableTopicResult {
    CreatableTopicResult::default()
        .with_name(StrBytes::from_string(name.to_owned()).into())
        .with_topic_id(uuid::Uuid::from_bytes(created.id.0))
        .with_error_message(None)
        .with_num_partitions(created.partitions)
        .with_replication_factor(created.replication_factor)
        .with_configs(Some(configs(ctx, &created.overrides)))
}

fn configs(ctx: &Context, overrides: &Settings) -> Vec<CreatableTopicConfigs> {
    let image = ctx.metadata();
    let layers = config_resources::layers(&ctx.config, ctx.node_id, &image);
    describe::topic(overrides, layers)
        .into_iter()
        .map(|entry| {
            CreatableTopicConfigs::default()
                .with_name(StrBytes::from_string(entry.name))
                .with_value(entry.value.map(StrBytes::from_string))
                .with_read_only(entry.read_only)
                .with_config_source(entry.source as i8)
                .with_is_sensitive(entry.sensitive)
        })
        .collect()
}

fn refused(name: &str, code: i16, message: Option<String>) -> CreatableTopicResult {
    CreatableTopicResult::default()
        .with_name(StrBytes::from_string(name.to_owned()).into())
        .with_error_code(code)
        .with_error_message(message.map(StrBytes::from_string))
        .with_num_partitions(-1)
        .with_replication_factor(-1)
        .with_configs(Some(Vec::new()))
}
