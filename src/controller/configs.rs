//! Setting and removing configuration values of topics, brokers, client-metrics subscriptions and groups.
//!
//! What a key may be is known to `config`; here it is put together with what is set already and with whether the resource
//! exists.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Decision;
use super::api_error::ApiError;
use super::context::Context;
use crate::base::error_code::ErrorCode;
use crate::base::ids::NodeId;
use crate::config::alter::{self, Kind, Op, Refusal};
use crate::metadata::configs::{Resource, ResourceType, Settings};
use crate::metadata::image::MetadataImage;
use crate::metadata::record::{Config, MetadataRecord};

/// Changes of several resources.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AlterConfigs {
    /// Which, and what.
    pub resources: Vec<(Resource, ConfigChanges)>,
    /// Only say what would happen.
    pub validate_only: bool,
}

/// Changes of one resource.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum ConfigChanges {
    /// Key by key (KIP-339).
    Incremental(Vec<(String, Op)>),
    /// These and no others (the older AlterConfigs): what is not named is removed.
    Replace(Vec<(String, Option<String>)>),
}

/// One result for each resource, in the order asked.
pub type AlterConfigsReply = Vec<(Resource, Result<(), ApiError>)>;

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.code(), refusal.to_string())
    }
}

/// Decides.
pub fn decide(image: &MetadataImage, context: &Context, operation: &AlterConfigs) -> Decision<AlterConfigsReply> {
    let mut records = Vec::new();
    let mut seen = BTreeSet::new();
    let repeated: BTreeSet<&Resource> =
        operation.resources.iter().map(|(resource, _)| resource).filter(|resource| !seen.insert(*resource)).collect();
    let reply = operation
        .resources
        .iter()
        .map(|(resource, changes)| {
            let result = if repeated.contains(resource) {
                Err(ApiError::new(ErrorCode::InvalidRequest, "the resource is named twice in the request"))
            } else {
                alter(image, context, resource, changes)
            };
            (resource.clone(), result.map(|changed| records.extend(changed)))
        })
        .collect();
    if operation.validate_only {
        records.clear();
    }
    Decision::new(records, reply)
}

fn alter(
    image: &MetadataImage,
    context: &Context,
    resource: &Resource,
    changes: &ConfigChanges,
) -> Result<Vec<MetadataRecord>, ApiError> {
    let kind = kind(resource)?;
    let current = image.configs().of(resource.resource_type, &resource.name);
    let wanted = match changes {
        ConfigChanges::Incremental(ops) => {
            let mut keys = BTreeSet::new();
            if let Some((key, _)) = ops.iter().find(|(key, _)| !keys.insert(key.as_str())) {
                let message = format!("{key} is changed twice in one request");
                return Err(ApiError::new(ErrorCode::InvalidRequest, message));
            }
            alter::apply(kind, current, ops)?
        }
        ConfigChanges::Replace(entries) => {
            entries.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?))).collect()
        }
    };
    check(image, context, resource, &wanted)?;
    exists(image, context, resource)?;
    let touched: BTreeSet<&str> = match changes {
        ConfigChanges::Incremental(ops) => ops.iter().map(|(key, _)| key.as_str()).collect(),
        ConfigChanges::Replace(entries) => entries.iter().map(|(key, _)| key.as_str()).collect(),
    };
    // A broker's value is stated again even if it is the same: restating it is how a broker is told to load a key store anew.
    let restated = |key: &str| resource.resource_type == ResourceType::Broker && touched.contains(key);
    let keys: BTreeSet<&String> = current.keys().chain(wanted.keys()).collect();
    Ok(keys
        .into_iter()
        .filter(|key| current.get(*key) != wanted.get(*key) || restated(key))
        .map(|key| record(resource, key, wanted.get(key).cloned()))
        .collect())
}

/// Judges the settings that a resource would have.
pub(super) fn check(
    image: &MetadataImage,
    context: &Context,
    resource: &Resource,
    settings: &Settings,
) -> Result<(), ApiError> {
    match resource.resource_type {
        ResourceType::Topic => {
            // What the topic leaves open it inherits from the node that decides, its dynamic values over the cluster's.
            let mut dynamic = Settings::clone(image.configs().of(ResourceType::Broker, ""));
            let own = image.configs().of(ResourceType::Broker, &context.node_id.to_string());
            dynamic.extend(own.iter().map(|(key, value)| (key.clone(), value.clone())));
            alter::check_topic(settings, &dynamic, &context.config)?;
        }
        ResourceType::Broker => alter::check_broker(settings, !resource.name.is_empty())?,
        ResourceType::ClientMetrics => alter::check_client_metrics(&resource.name, settings)?,
        ResourceType::Group if resource.name.is_empty() => {
            return Err(ApiError::new(
                ErrorCode::InvalidRequest,
                "there are no default settings of all groups; set group.* on the brokers",
            ));
        }
        ResourceType::Group => alter::check_group(settings, &context.config)?,
        ResourceType::BrokerLogger => {
            return Err(ApiError::new(
                ErrorCode::InvalidRequest,
                "levels of loggers are each broker's own; ask that broker",
            ));
        }
    }
    Ok(())
}

fn kind(resource: &Resource) -> Result<Kind, ApiError> {
    match resource.resource_type {
        ResourceType::Topic => Ok(Kind::Topic),
        ResourceType::Broker => Ok(Kind::Broker),
        ResourceType::ClientMetrics => Ok(Kind::ClientMetrics),
        ResourceType::Group => Ok(Kind::Group),
        ResourceType::BrokerLogger => {
            Err(ApiError::new(ErrorCode::InvalidRequest, "levels of loggers are each broker's own; ask that broker"))
        }
    }
}

fn exists(image: &MetadataImage, context: &Context, resource: &Resource) -> Result<(), ApiError> {
    match resource.resource_type {
        ResourceType::Topic if image.topic(&resource.name).is_none() => {
            let message = format!("there is no topic {}", resource.name);
            Err(ApiError::new(ErrorCode::UnknownTopicOrPartition, message))
        }
        ResourceType::Broker if !resource.name.is_empty() => {
            let id = resource.name.parse().map(NodeId).map_err(|_| {
                let message = format!("a broker is named by its number, and `{}` is none", resource.name);
                ApiError::new(ErrorCode::InvalidRequest, message)
            })?;
            if image.brokers().get(id).is_some() || id == context.node_id {
                return Ok(());
            }
            let message = format!("no broker has registered as {id}");
            Err(ApiError::new(ErrorCode::BrokerIdNotRegistered, message))
        }
        _ => Ok(()),
    }
}

/// The record that sets a key, or removes it.
pub(super) fn record(resource: &Resource, key: &str, value: Option<String>) -> MetadataRecord {
    MetadataRecord::Config(Config {
        resource_type: resource.resource_type.id(),
        resource_name: resource.name.clone(),
        name: key.to_owned(),
        value,
    })
}
