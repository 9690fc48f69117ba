//! ExpireDelegationToken (40), versions 1-2. Refused on a connection that is not authenticated, as Kafka does; no other kind is
//! served yet.
//!
//! - v2: flexible

use std::sync::Arc;

use kafka_protocol::messages::expire_delegation_token_request::ExpireDelegationTokenRequest;
use kafka_protocol::messages::expire_delegation_token_response::ExpireDelegationTokenResponse;

use crate::base::error_code::ErrorCode;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(_ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let _body: ExpireDelegationTokenRequest = request.decode()?;
    request.now(
        &ExpireDelegationTokenResponse::default()
            .with_error_code(ErrorCode::DelegationTokenRequestNotAllowed.code())
            .with_expiry_timestamp_ms(-1),
    )
}
