//! What a registration must say of the broker, whoever else is registered: where it listens, what it can do, where it keeps its logs.

use std::collections::BTreeSet;

use super::api_error::ApiError;
use super::brokers::RegisterBroker;
use crate::base::error_code::ErrorCode;
use crate::base::ids::{NodeId, Uuid};
use crate::metadata::features::METADATA_VERSION;
use crate::metadata::image::MetadataImage;

/// The highest number of a security protocol: SASL_SSL.
const SECURITY_PROTOCOL_MAX: i16 = 3;
/// Directory ids below this one stand for something else than a directory: lost, migrating, unassigned.
const RESERVED_DIRECTORIES: u128 = 100;

/// Checks it.
pub(super) fn check(image: &MetadataImage, operation: &RegisterBroker) -> Result<(), ApiError> {
    directories(image, operation)?;
    listeners(operation)?;
    features(image, operation)
}

fn invalid(id: NodeId, what: &str) -> Result<(), ApiError> {
    Err(ApiError::new(ErrorCode::InvalidRegistration, format!("broker {id} {what}")))
}

fn directories(image: &MetadataImage, operation: &RegisterBroker) -> Result<(), ApiError> {
    let (id, dirs) = (operation.broker_id, &operation.log_dirs);
    if dirs.is_empty() {
        return invalid(id, "tells of no log directory");
    }
    if dirs.iter().any(|dir| u128::from_be_bytes(dir.0) < RESERVED_DIRECTORIES) {
        return invalid(id, "has a log directory whose id is reserved");
    }
    let distinct: BTreeSet<Uuid> = dirs.iter().copied().collect();
    if distinct.len() != dirs.len() {
        return invalid(id, "tells of one log directory twice");
    }
    let others = image.brokers().iter().filter(|other| other.broker_id != id);
    match others
        .flat_map(|other| other.log_dirs.iter().map(move |dir| (other, dir)))
        .find(|(_, dir)| distinct.contains(dir))
    {
        Some((other, dir)) => {
            invalid(id, &format!("has the log directory {dir} of broker {}: a copy of its disk?", other.broker_id))
        }
        None => Ok(()),
    }
}

fn listeners(operation: &RegisterBroker) -> Result<(), ApiError> {
    let (id, endpoints) = (operation.broker_id, &operation.endpoints);
    if endpoints.is_empty() {
        return invalid(id, "tells of no listener, so that nobody could reach it");
    }
    match endpoints.iter().find(|endpoint| !(0..=SECURITY_PROTOCOL_MAX).contains(&endpoint.security_protocol)) {
        Some(endpoint) => invalid(
            id,
            &format!(
                "has a listener {} of the unknown security protocol {}",
                endpoint.name, endpoint.security_protocol
            ),
        ),
        None => Ok(()),
    }
}

/// A feature that a broker does not speak of is one that it does not have.
fn features(image: &MetadataImage, operation: &RegisterBroker) -> Result<(), ApiError> {
    if !operation.features.iter().any(|feature| feature.name == METADATA_VERSION) {
        return invalid(operation.broker_id, &format!("does not say which levels of {METADATA_VERSION} it knows"));
    }
    for (name, level) in image.features().finalized().filter(|(_, level)| *level != 0) {
        let able = operation.features.iter().any(|f| f.name == name && (f.min..=f.max).contains(&level));
        if !able {
            let message = format!(
                "the cluster runs {name} at level {level}, which this broker does not know; upgrade its program"
            );
            return Err(ApiError::new(ErrorCode::UnsupportedVersion, message));
        }
    }
    // What the cluster does not use is at level 0: who has begun beyond that cannot go without.
    let used = |name: &str| image.features().finalized().any(|(other, level)| other == name && level != 0);
    match operation.features.iter().find(|f| !used(&f.name) && f.name != METADATA_VERSION && f.min > 0) {
        Some(f) => Err(ApiError::new(
            ErrorCode::UnsupportedVersion,
            format!("the cluster does not use {}, and this broker needs level {} of it at least", f.name, f.min),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
#[path = "registration_test.rs"]
mod tests;
