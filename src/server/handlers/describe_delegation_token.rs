//! DescribeDelegationToken (41), versions 1-3. Refused on a connection that is not authenticated, as Kafka does; no other kind
//! is served yet.
//!
//! - v2: flexible
//! - v3: who asked for each token (KIP-373)

use std::sync::Arc;

use kafka_protocol::messages::describe_delegation_token_request::DescribeDelegationTokenRequest;
use kafka_protocol::messages::describe_delegation_token_response::DescribeDelegationTokenResponse;

use crate::base::error_code::ErrorCode;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(_ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let _body: DescribeDelegationTokenRequest = request.decode()?;
    let code = ErrorCode::DelegationTokenRequestNotAllowed.code();
    request.now(&DescribeDelegationTokenResponse::default().with_error_code(code))
}
