//! ListConfigResources (74), versions 0-1. Which resources there are to configure.
//!
//! - v0: client-metrics subscriptions only, when the API was called ListClientMetricsResources (KIP-1000)
//! - v1: every type, or those asked for (KIP-1142)
//!
//! Topics and brokers are listed whether or not anything is set for them, groups and subscriptions only if something is.

use std::sync::Arc;

use kafka_protocol::messages::list_config_resources_request::ListConfigResourcesRequest;
use kafka_protocol::messages::list_config_resources_response::{ConfigResource, ListConfigResourcesResponse};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::metadata::configs::ResourceType;
use crate::metadata::image::MetadataImage;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

/// The order in which Kafka lists.
const ORDER: [ResourceType; 5] = [
    ResourceType::Group,
    ResourceType::ClientMetrics,
    ResourceType::BrokerLogger,
    ResourceType::Broker,
    ResourceType::Topic,
];

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: ListConfigResourcesRequest = request.decode()?;
    let asked = match request.version() {
        0 => vec![ResourceType::ClientMetrics.id()],
        _ if body.resource_types.is_empty() => ResourceType::ALL.map(ResourceType::id).to_vec(),
        _ => body.resource_types,
    };
    if asked.iter().any(|id| ResourceType::from_id(*id).is_none()) {
        return request
            .now(&ListConfigResourcesResponse::default().with_error_code(ErrorCode::UnsupportedVersion.code()));
    }
    let image = ctx.metadata();
    let kinds = ORDER.into_iter().filter(|kind| asked.contains(&kind.id()));
    let resources = kinds.flat_map(|kind| names(&image, kind).into_iter().map(move |name| resource(kind, name)));
    request.now(&ListConfigResourcesResponse::default().with_config_resources(resources.collect()))
}

fn names(image: &MetadataImage, kind: ResourceType) -> Vec<String> {
    match kind {
        ResourceType::Topic => image.topics().iter().map(|topic| topic.name.to_string()).collect(),
        ResourceType::Broker | ResourceType::BrokerLogger => {
            image.brokers().unfenced().map(|broker| broker.broker_id.to_string()).collect()
        }
        ResourceType::ClientMetrics | ResourceType::Group => image.configs().names(kind).map(str::to_owned).collect(),
    }
}

fn resource(kind: ResourceType, name: String) -> ConfigResource {
    ConfigResource::default().with_resource_type(kind.id()).with_resource_name(StrBytes::from_string(name))
}
