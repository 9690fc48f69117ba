//! DescribeUserScramCredentials (50), version 0. Which mechanisms each user has, with how many iterations (KIP-554).

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::messages::describe_user_scram_credentials_request::DescribeUserScramCredentialsRequest;
use kafka_protocol::messages::describe_user_scram_credentials_response::{
    CredentialInfo, DescribeUserScramCredentialsResponse, DescribeUserScramCredentialsResult,
};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::metadata::image::MetadataImage;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: DescribeUserScramCredentialsRequest = request.decode()?;
    let image = ctx.metadata();
    // How often each user is asked for.
    let mut users: BTreeMap<String, usize> = BTreeMap::new();
    match body.users.as_deref() {
        None | Some([]) => users.extend(image.scram().iter().map(|credential| (credential.name.clone(), 1))),
        Some(named) => named.iter().for_each(|user| *users.entry(user.name.to_string()).or_default() += 1),
    }
    let results = users.iter().map(|(user, times)| describe(&image, user, *times)).collect();
    request.now(&DescribeUserScramCredentialsResponse::default().with_results(results))
}

fn describe(image: &MetadataImage, user: &str, times: usize) -> DescribeUserScramCredentialsResult {
    let result = DescribeUserScramCredentialsResult::default().with_user(StrBytes::from_string(user.to_owned()));
    let refused = |code: ErrorCode, message: String| {
        result.clone().with_error_code(code.code()).with_error_message(Some(StrBytes::from_string(message)))
    };
    if times > 1 {
        let message = format!("user {user} is named {times} times in the request");
        return refused(ErrorCode::DuplicateResource, message);
    }
    let found: Vec<_> = image
        .scram()
        .iter()
        .filter(|credential| credential.name == user)
        .map(|c| CredentialInfo::default().with_mechanism(c.mechanism).with_iterations(c.iterations))
        .collect();
    if found.is_empty() {
        let message = format!("user {user} has no SCRAM credential");
        return refused(ErrorCode::ResourceNotFound, message);
    }
    result.with_credential_infos(found)
}
