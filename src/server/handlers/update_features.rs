//! UpdateFeatures (57), versions 0-2. Finalises feature levels: all of a request, or none (KIP-584).
//!
//! - v1: ways of downgrading, dry runs (KIP-778)
//! - v2: one result for all (KIP-1022)

use std::sync::Arc;
use std::time::Duration;

use kafka_protocol::messages::update_features_request::{FeatureUpdateKey, UpdateFeaturesRequest};
use kafka_protocol::messages::update_features_response::{UpdatableFeatureResult, UpdateFeaturesResponse};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::controller::features::{UpdateFeatures, Upgrade};
use crate::server::context::Context;
use crate::server::error_map;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: UpdateFeaturesRequest = request.decode()?;
    let version = request.version();
    let operation = UpdateFeatures {
        updates: body.feature_updates.iter().map(|update| to_domain(version, update)).collect(),
        validate_only: body.validate_only,
    };
    let timeout = Duration::from_millis(u64::try_from(body.timeout_ms).unwrap_or(0));
    let ctx = Arc::clone(ctx);
    Ok(Handled::later(async move {
        let answer = match ctx.change(operation, timeout).await {
            Ok(Ok(())) => {
                UpdateFeaturesResponse::default().with_error_message(None).with_results(succeeded(version, &body))
            }
            Ok(Err(error)) => {
                let why = error.message.unwrap_or_else(|| error.code.name().to_owned());
                failed(error.code, format!("no feature was changed: {why}"))
            }
            Err(error) => failed(error_map::controller(&error), error.to_string()),
        };
        request.respond(&answer)
    }))
}

fn to_domain(version: i16, update: &FeatureUpdateKey) -> (String, i16, Upgrade) {
    let upgrade = match version {
        0 if update.allow_downgrade => Upgrade::SafeDowngrade,
        0 => Upgrade::Upgrade,
        _ => Upgrade::from_code(update.upgrade_type),
    };
    (update.feature.to_string(), update.max_version_level, upgrade)
}

/// Up to version 1 each feature is told of by itself.
fn succeeded(version: i16, body: &UpdateFeaturesRequest) -> Vec<UpdatableFeatureResult> {
    let told = body.feature_updates.iter().filter(|_| version <= 1);
    told.map(|update| UpdatableFeatureResult::default().with_feature(update.feature.clone())).collect()
}

fn failed(code: ErrorCode, message: String) -> UpdateFeaturesResponse {
    UpdateFeaturesResponse::default()
        .with_error_code(code.code())
        .with_error_message(Some(StrBytes::from_string(message)))
}
