//! Setting and removing SCRAM credentials (KIP-554). The keys were derived before they came here: no password does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Decision;
use super::api_error::ApiError;
use super::operation::Named;
use crate::base::error_code::ErrorCode;
use crate::metadata::image::MetadataImage;
use crate::metadata::record::{MetadataRecord, UserScramCredential};

/// Fewest iterations of the hash (both mechanisms).
pub const ITERATIONS_MIN: i32 = 4_096;
/// Most iterations.
pub const ITERATIONS_MAX: i32 = 16_384;

/// Credentials to set and to remove.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct AlterScramCredentials {
    /// User and mechanism of those to remove.
    pub deletions: Vec<(String, i8)>,
    /// Those to set.
    pub upsertions: Vec<UserScramCredential>,
}

/// One result for each user.
pub type AlterScramReply = Named<()>;

/// Decides.
pub fn decide(image: &MetadataImage, operation: &AlterScramCredentials) -> Decision<AlterScramReply> {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    let deleted = operation.deletions.iter().map(|(user, _)| user.as_str());
    let users: Vec<&str> =
        deleted.chain(operation.upsertions.iter().map(|credential| credential.name.as_str())).collect();
    for user in &users {
        *times.entry(user).or_default() += 1;
    }
    let twice = |user: &str| {
        let message = "the user is named twice in the request; send one change after the other";
        if times.get(user).is_some_and(|n| *n > 1) {
            Err(ApiError::new(ErrorCode::DuplicateResource, message))
        } else {
            Ok(())
        }
    };
    let mut records = Vec::new();
    let mut reply: AlterScramReply = Vec::new();
    for (user, mechanism) in &operation.deletions {
        let result = twice(user).and_then(|()| check_delete(image, user, *mechanism)).map(|()| {
            records.push(MetadataRecord::RemoveUserScramCredential { name: user.clone(), mechanism: *mechanism });
        });
        reply.push((user.clone(), result));
    }
    for credential in &operation.upsertions {
        let result = twice(&credential.name).and_then(|()| check_set(credential)).map(|()| {
            records.push(MetadataRecord::UserScramCredential(credential.clone()));
        });
        reply.push((credential.name.clone(), result));
    }
    // A user named twice is answered once.
    let mut answered = std::collections::BTreeSet::new();
    reply.retain(|(user, _)| answered.insert(user.clone()));
    Decision::new(records, reply)
}

fn check_name(user: &str, mechanism: i8) -> Result<(), ApiError> {
    if user.is_empty() {
        return Err(ApiError::new(ErrorCode::UnacceptableCredential, "the user's name is empty"));
    }
    if !matches!(mechanism, 1 | 2) {
        return Err(ApiError::new(
            ErrorCode::UnsupportedSaslMechanism,
            "there are SCRAM-SHA-256 (1) and SCRAM-SHA-512 (2)",
        ));
    }
    Ok(())
}

fn check_delete(image: &MetadataImage, user: &str, mechanism: i8) -> Result<(), ApiError> {
    check_name(user, mechanism)?;
    if image.scram().get(user, mechanism).is_none() {
        let message = "the user has no credential of this mechanism";
        return Err(ApiError::new(ErrorCode::ResourceNotFound, message));
    }
    Ok(())
}

fn check_set(credential: &UserScramCredential) -> Result<(), ApiError> {
    check_name(&credential.name, credential.mechanism)?;
    if credential.iterations < ITERATIONS_MIN {
        return Err(ApiError::new(
            ErrorCode::UnacceptableCredential,
            format!("allowed: {ITERATIONS_MIN} iterations or more"),
        ));
    }
    if credential.iterations > ITERATIONS_MAX {
        return Err(ApiError::new(
            ErrorCode::UnacceptableCredential,
            format!("allowed: {ITERATIONS_MAX} iterations or fewer"),
        ));
    }
    Ok(())
}
