//! DescribeConfigs (32), versions 1-4. The settings of topics, brokers, loggers, client-metrics subscriptions and groups, each
//! with its source.
//!
//! - v1: sources and synonyms (KIP-226)
//! - v3: types and documentation (KIP-569)
//! - v4: flexible
//!
//! A broker shows its own settings only, and under the empty name the cluster's dynamic defaults. A subscription or a group
//! that nobody configured shows its defaults. A number that is no resource's type fails the whole request.

use std::collections::HashSet;
use std::sync::Arc;

use kafka_protocol::messages::describe_configs_request::{DescribeConfigsRequest, DescribeConfigsResource};
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResponse, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::base::topic_name;
use crate::config::describe::{self, Entry, Synonym};
use crate::metadata::configs::ResourceType;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::handlers::config_resources::{Told, invalid, is_this_node, layers};
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: DescribeConfigsRequest = request.decode()?;
    let known = body.resources.iter().all(|resource| ResourceType::from_id(resource.resource_type).is_some());
    let results = body.resources.iter().map(|resource| {
        let found =
            if known { entries(ctx, resource) } else { Err(invalid("one of the resources is of an unknown type")) };
        let result = DescribeConfigsResult::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone());
        match found {
            Ok(entries) => {
                let wanted = filter(resource);
                let entries = entries
                    .into_iter()
                    .filter(|entry| wanted.as_ref().is_none_or(|names| names.contains(&*entry.name)));
                result.with_configs(entries.map(|entry| to_wire(entry, &body)).collect())
            }
            Err((code, text)) => {
                result.with_error_code(code.code()).with_error_message(Some(StrBytes::from_string(text)))
            }
        }
    });
    request.now(&DescribeConfigsResponse::default().with_results(results.collect()))
}

/// The keys asked for; an empty list stands for all, as none does.
fn filter(resource: &DescribeConfigsResource) -> Option<HashSet<&str>> {
    let keys = resource.configuration_keys.as_ref().filter(|keys| !keys.is_empty())?;
    Some(keys.iter().map(|key| &**key).collect())
}

fn entries(ctx: &Context, resource: &DescribeConfigsResource) -> Result<Vec<Entry>, Told> {
    let name = &*resource.resource_name;
    let image = ctx.metadata();
    let layers = layers(&ctx.config, ctx.node_id, &image);
    let own = |kind| image.configs().of(kind, name);
    match ResourceType::from_id(resource.resource_type) {
        Some(ResourceType::Topic) => {
            topic_name::check(name).map_err(|error| (ErrorCode::InvalidTopicException, error.to_string()))?;
            // Kafka gives no words here, and its clients make some of the code.
            image.topic(name).ok_or((ErrorCode::UnknownTopicOrPartition, String::new()))?;
            Ok(describe::topic(own(ResourceType::Topic), layers))
        }
        Some(ResourceType::Broker) if name.is_empty() => Ok(describe::broker_default(layers)),
        Some(ResourceType::Broker) => is_this_node(name, ctx.node_id).map(|()| describe::broker(layers)),
        Some(ResourceType::BrokerLogger) => {
            is_this_node(name, ctx.node_id).map(|()| describe::loggers(&ctx.log_levels.effective()))
        }
        Some(ResourceType::ClientMetrics) if name.is_empty() => {
            Err(invalid("a client-metrics subscription has a name"))
        }
        Some(ResourceType::ClientMetrics) => Ok(describe::client_metrics(own(ResourceType::ClientMetrics))),
        Some(ResourceType::Group) if name.is_empty() => Err(invalid("a group has a name")),
        Some(ResourceType::Group) => Ok(describe::group(own(ResourceType::Group), layers)),
        None => Err(invalid("there is no resource of that type")),
    }
}

fn to_wire(entry: Entry, body: &DescribeConfigsRequest) -> DescribeConfigsResourceResult {
    let synonyms = if body.include_synonyms { entry.synonyms } else { Vec::new() };
    // Kafka leaves a logger's documentation empty whether or not it was asked for.
    let doc = match entry.kind {
        None if entry.doc.is_none() && !entry.read_only => Some(""),
        _ if body.include_documentation => entry.doc,
        _ => None,
    };
    DescribeConfigsResourceResult::default()
        .with_name(StrBytes::from_string(entry.name))
        .with_value(entry.value.map(StrBytes::from_string))
        .with_read_only(entry.read_only)
        .with_config_source(entry.source as i8)
        .with_is_sensitive(entry.sensitive)
        .with_synonyms(synonyms.into_iter().map(synonym).collect())
        .with_config_type(entry.kind.map_or(0, |kind| kind.code()))
        .with_documentation(doc.map(StrBytes::from_static_str))
}

fn synonym(synonym: Synonym) -> DescribeConfigsSynonym {
    DescribeConfigsSynonym::default()
        .with_name(StrBytes::from_string(synonym.name))
        .with_value(synonym.value.map(StrBytes::from_string))
        .with_source(synonym.source as i8)
}
