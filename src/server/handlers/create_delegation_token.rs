//! CreateDelegationToken (38), versions 1-3. Refused on a connection that is not authenticated, as Kafka does; no other kind
//! is served yet.
//!
//! - v2: flexible
//! - v3: tokens for somebody else (KIP-373)

use std::sync::Arc;

use kafka_protocol::messages::create_delegation_token_request::CreateDelegationTokenRequest;
use kafka_protocol::messages::create_delegation_token_response::CreateDelegationTokenResponse;
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

/// Who is not authenticated.
const USER: &str = "User";
const ANONYMOUS: &str = "ANONYMOUS";

pub fn handle(_ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: CreateDelegationTokenRequest = request.decode()?;
    let requester = (StrBytes::from_static_str(USER), StrBytes::from_static_str(ANONYMOUS));
    let owner = match body.owner_principal_name.filter(|name| !name.is_empty()) {
        Some(name) => (body.owner_principal_type.unwrap_or_default(), name),
        None => requester.clone(),
    };
    let mut answer = CreateDelegationTokenResponse::default()
        .with_error_code(ErrorCode::DelegationTokenRequestNotAllowed.code())
        .with_principal_type(owner.0)
        .with_principal_name(owner.1)
        .with_issue_timestamp_ms(-1)
        .with_expiry_timestamp_ms(-1)
        .with_max_timestamp_ms(-1);
    if request.version() >= 3 {
        answer =
            answer.with_token_requester_principal_type(requester.0).with_token_requester_principal_name(requester.1);
    }
    request.now(&answer)
}
