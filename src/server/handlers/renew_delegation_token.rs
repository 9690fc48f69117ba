//! RenewDelegationToken (39), versions 1-2. Refused on a connection that is not authenticated, as Kafka does; no other kind is
//! served yet.
//!
//! - v2: flexible

use std::sync::Arc;

use kafka_protocol::messages::renew_delegation_token_request::RenewDelegationTokenRequest;
use kafka_protocol::messages::renew_delegation_token_response::RenewDelegationTokenResponse;

use crate::base::error_code::ErrorCode;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(_ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let _body: RenewDelegationTokenRequest = request.decode()?;
    request.now(
        &RenewDelegationTokenResponse::default()
            .with_error_code(ErrorCode::DelegationTokenRequestNotAllowed.code())
            .with_expiry_timestamp_ms(-1),
    )
}
