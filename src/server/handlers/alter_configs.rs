//! AlterConfigs (33), versions 0-2. The older way: what is named replaces all that was set for the resource (KIP-133).
//!
//! - v2: flexible
//!
//! Loggers cannot be changed this way.

use std::sync::Arc;

use kafka_protocol::messages::alter_configs_request::{AlterConfigsRequest, AlterConfigsResource};
use kafka_protocol::messages::alter_configs_response::{AlterConfigsResourceResponse, AlterConfigsResponse};

use crate::config::alter::Settings;
use crate::controller::configs::ConfigChanges;
use crate::metadata::configs::{Resource, ResourceType};
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::handlers::config_changes::{
    Outcome, Step, carry_out, judge_broker, judge_topic_name, no_key_twice, repeated,
};
use crate::server::handlers::config_resources::{Told, invalid};
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: AlterConfigsRequest = request.decode()?;
    let twice = repeated(body.resources.iter().map(|resource| (resource.resource_type, &*resource.resource_name)));
    let step = |resource: &AlterConfigsResource| {
        if twice.contains(&(resource.resource_type, &*resource.resource_name)) {
            return Step::Done(Err(invalid("a resource may be named only once")));
        }
        step(ctx, resource).unwrap_or_else(|told| Step::Done(Err(told)))
    };
    let steps: Vec<Step> = body.resources.iter().map(step).collect();
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let outcomes = carry_out(&ctx, steps, body.validate_only).await;
        let response = |(resource, outcome): (AlterConfigsResource, Outcome)| {
            AlterConfigsResourceResponse::default()
                .with_error_code(outcome.code)
                .with_error_message(outcome.message)
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name)
        };
        let responses = body.resources.into_iter().zip(outcomes).map(response).collect();
        request.respond(&AlterConfigsResponse::default().with_responses(responses))
    }))
}

fn step(ctx: &Context, resource: &AlterConfigsResource) -> Result<Step, Told> {
    let name = &*resource.resource_name;
    no_key_twice(resource.configs.iter().map(|config| &*config.name))?;
    let setting = |config: &kafka_protocol::messages::alter_configs_request::AlterableConfig| {
        let value = config.value.as_ref().ok_or_else(|| invalid(format!("{} has no value", &*config.name)))?;
        Ok((config.name.to_string(), value.to_string()))
    };
    let wanted = resource.configs.iter().map(setting).collect::<Result<Settings, Told>>()?;
    let kind = ResourceType::from_id(resource.resource_type).filter(|kind| *kind != ResourceType::BrokerLogger);
    let kind =
        kind.ok_or_else(|| invalid(format!("resources of the type {} cannot be changed", resource.resource_type)))?;
    match kind {
        ResourceType::Broker => judge_broker(ctx, name, &wanted)?,
        ResourceType::Topic => judge_topic_name(name)?,
        ResourceType::ClientMetrics | ResourceType::Group | ResourceType::BrokerLogger => {}
    }
    let entries = wanted.into_iter().map(|(key, value)| (key, Some(value))).collect();
    Ok(Step::Controller(Resource::new(kind, name), ConfigChanges::Replace(entries)))
}
