//! IncrementalAlterConfigs (44), versions 0-1. Sets, deletes, appends and subtracts single values (KIP-339).
//!
//! - v1: flexible
//!
//! Each resource succeeds or fails as a whole. Loggers' levels (KIP-412) are changed here and are gone with the process.

use std::sync::Arc;

use kafka_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, IncrementalAlterConfigsRequest,
};
use kafka_protocol::messages::incremental_alter_configs_response::{
    AlterConfigsResourceResponse, IncrementalAlterConfigsResponse,
};

use crate::base::error_code::ErrorCode;
use crate::config::alter::{self, Kind, Op};
use crate::config::logger;
use crate::controller::configs::ConfigChanges;
use crate::metadata::configs::{Resource, ResourceType};
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::handlers::config_changes::{
    Outcome, Step, carry_out, judge_broker, judge_topic_name, no_key_twice, repeated,
};
use crate::server::handlers::config_resources::{Told, invalid, is_this_node};
use crate::server::log_levels::LOGGERS;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: IncrementalAlterConfigsRequest = request.decode()?;
    let twice = repeated(body.resources.iter().map(|resource| (resource.resource_type, &*resource.resource_name)));
    let step = |resource: &AlterConfigsResource| {
        if twice.contains(&(resource.resource_type, &*resource.resource_name)) {
            return Step::Done(Err(invalid("a resource may be named only once")));
        }
        step(ctx, resource, body.validate_only).unwrap_or_else(|told| Step::Done(Err(told)))
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
        request.respond(&IncrementalAlterConfigsResponse::default().with_responses(responses))
    }))
}

fn step(ctx: &Context, resource: &AlterConfigsResource, validate_only: bool) -> Result<Step, Told> {
    let name = &*resource.resource_name;
    no_key_twice(resource.configs.iter().map(|config| &*config.name))?;
    let op = |number, value: Option<&str>| {
        Op::from_wire(number, value).map_err(|refusal| (refusal.code(), refusal.to_string()))
    };
    let ops = resource
        .configs
        .iter()
        .map(|config| Ok((config.name.to_string(), op(config.config_operation, config.value.as_deref())?)));
    let ops = ops.collect::<Result<Vec<(String, Op)>, Told>>()?;
    let kind = ResourceType::from_id(resource.resource_type)
        .ok_or_else(|| invalid(format!("there is no resource of the type {}", resource.resource_type)))?;
    match kind {
        ResourceType::BrokerLogger => {
            is_this_node(name, ctx.node_id)?;
            change_levels(ctx, &ops, validate_only)?;
            return Ok(Step::Done(Ok(())));
        }
        ResourceType::Broker => {
            let image = ctx.metadata();
            let current = image.configs().of(ResourceType::Broker, name);
            let wanted =
                alter::apply(Kind::Broker, current, &ops).map_err(|refusal| (refusal.code(), refusal.to_string()))?;
            judge_broker(ctx, name, &wanted)?;
        }
        ResourceType::Topic => judge_topic_name(name)?,
        ResourceType::ClientMetrics | ResourceType::Group => {}
    }
    Ok(Step::Controller(Resource::new(kind, name), ConfigChanges::Incremental(ops)))
}

/// Judges all changes, then makes them.
fn change_levels(ctx: &Context, ops: &[(String, Op)], validate_only: bool) -> Result<(), Told> {
    ops.iter().try_for_each(|(name, op)| check_level(name, op))?;
    if validate_only {
        return Ok(());
    }
    for (name, op) in ops {
        let level = if let Op::Set(level) = op { Some(level.as_str()) } else { None };
        ctx.log_levels.set(name, level).map_err(|text| (ErrorCode::InvalidConfig, text))?;
        tracing::warn!(logger = name, level = level.unwrap_or("inherited"), "a log level was changed");
    }
    Ok(())
}

fn check_level(name: &str, op: &Op) -> Result<(), Told> {
    let config = |text: String| Err((ErrorCode::InvalidConfig, text));
    match op {
        Op::Append(_) | Op::Subtract(_) => Err(invalid("a logger's level is no list")),
        _ if !LOGGERS.contains(&name) => config(format!("there is no logger {name}; there are {}", LOGGERS.join(", "))),
        Op::Set(level) if !logger::is_level(level) => {
            config(format!("{level} is no level; there are {}", logger::LEVELS.join(", ")))
        }
        Op::Delete if name == logger::ROOT => {
            Err(invalid("the root logger inherits from nobody, so its level cannot be deleted"))
        }
        Op::Set(_) | Op::Delete => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_judged_as_kafka_judges_them() {
        let code = |name, op| check_level(name, &op).err().map(|told| told.0);
        assert_eq!(code("root", Op::Set("DEBUG".into())), None);
        assert_eq!(code("ottla::log", Op::Delete), None);
        assert_eq!(code("root", Op::Set("debug".into())), Some(ErrorCode::InvalidConfig));
        assert_eq!(code("no.such.logger", Op::Set("DEBUG".into())), Some(ErrorCode::InvalidConfig));
        assert_eq!(code("no.such.logger", Op::Delete), Some(ErrorCode::InvalidConfig));
        assert_eq!(code("root", Op::Delete), Some(ErrorCode::InvalidRequest));
        assert_eq!(code("root", Op::Append("DEBUG".into())), Some(ErrorCode::InvalidRequest));
    }
}
