//! ApiVersions (18), versions 0-4. What is answered here: the row of handlers, and the feature levels in force.
//!
//! - v3: flexible; the client's software name and version (KIP-511); features (KIP-584)
//! - v4: features that start at version 0 are shown (KAFKA-17011)
//!
//! A version that is not known gets a version-0 answer with `UNSUPPORTED_VERSION` and this API's range, whatever was asked.

use std::sync::Arc;

use kafka_protocol::messages::api_versions_request::ApiVersionsRequest;
use kafka_protocol::messages::api_versions_response::{
    ApiVersion, ApiVersionsResponse, FinalizedFeatureKey, SupportedFeatureKey,
};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::protocol::api::{ApiKey, PRODUCE_ADVERTISED_MIN};
use crate::protocol::codec;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::handlers::row::ROW;
use crate::server::request::{Refusal, Request};

/// The first version in which a client names its software.
const SOFTWARE_VERSION_MIN: i16 = 3;
/// The first version in which a feature may start at level 0.
const FEATURE_ZERO_VERSION_MIN: i16 = 4;

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: ApiVersionsRequest = request.decode()?;
    let version = request.version();
    if version >= SOFTWARE_VERSION_MIN {
        if !is_software_name(&body.client_software_name) || !is_software_name(&body.client_software_version) {
            return request.now(&ApiVersionsResponse::default().with_error_code(ErrorCode::InvalidRequest.code()));
        }
        let software = (body.client_software_name.to_string(), body.client_software_version.to_string());
        *request.connection.software.borrow_mut() = Some(software);
    }
    let image = ctx.metadata();
    let row = ROW.iter().filter(|api| api.is_on(request.connection.kind));
    let supported = image.features().supported().filter(|f| f.min > 0 || version >= FEATURE_ZERO_VERSION_MIN);
    let answer = ApiVersionsResponse::default()
        .with_api_keys(row.map(|api| advertised(api.key, api.min, api.max)).collect())
        .with_supported_features(
            supported
                .map(|f| {
                    SupportedFeatureKey::default()
                        .with_name(StrBytes::from_static_str(f.name))
                        .with_min_version(f.min)
                        .with_max_version(f.max)
                })
                .collect(),
        )
        .with_finalized_features_epoch(image.offset().0)
        .with_finalized_features(
            image
                .features()
                .finalized()
                .map(|(name, level)| {
                    FinalizedFeatureKey::default()
                        .with_name(StrBytes::from_string(name.to_owned()))
                        .with_min_version_level(level)
                        .with_max_version_level(level)
                })
                .collect(),
        );
    request.now(&answer)
}

/// The answer to a version that is not served: in version 0, so that any client can read it.
pub fn fall_back(request: &Request) -> Result<Handled, Refusal> {
    let own = ROW.iter().filter(|api| api.key == ApiKey::ApiVersions);
    let answer = ApiVersionsResponse::default()
        .with_error_code(ErrorCode::UnsupportedVersion.code())
        .with_api_keys(own.map(|api| advertised(api.key, api.min, api.max)).collect());
    Ok(Handled::Now(codec::response(ApiKey::ApiVersions, 0, request.header.correlation_id, &answer)?))
}

fn advertised(key: ApiKey, min: i16, max: i16) -> ApiVersion {
    let min = if key == ApiKey::Produce { PRODUCE_ADVERTISED_MIN } else { min };
    ApiVersion::default().with_api_key(key.number()).with_min_version(min).with_max_version(max)
}

/// Letters, digits, dots and dashes, beginning and ending with a letter or digit (KIP-511).
fn is_software_name(name: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric();
    name.starts_with(edge) && name.ends_with(edge) && name.chars().all(|c| edge(c) || c == '.' || c == '-')
}

#[cfg(test)]
mod tests {
    use super::is_software_name;

    #[test]
    fn software_names_follow_kip_511() {
        for good in ["a", "apache-kafka-java", "3.7.0", "v1.2-rc.3", "0"] {
            assert!(is_software_name(good), "{good}");
        }
        for bad in ["", "-a", "a-", ".a", "a b", "a_b", "ä"] {
            assert!(!is_software_name(bad), "{bad}");
        }
    }
}
