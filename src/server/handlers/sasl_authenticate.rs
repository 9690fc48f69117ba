//! SaslAuthenticate (36), versions 0-2. No listener here asks for SASL, so nobody can be in the middle of it.
//!
//! - v1: the session's lifetime (KIP-368)
//! - v2: flexible

use std::sync::Arc;

use kafka_protocol::messages::sasl_authenticate_response::SaslAuthenticateResponse;
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(_: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let _: kafka_protocol::messages::SaslAuthenticateRequest = request.decode()?;
    let words = "this listener does not use SASL, or no SaslHandshake came before";
    request.now(
        &SaslAuthenticateResponse::default()
            .with_error_code(ErrorCode::IllegalSaslState.code())
            .with_error_message(Some(StrBytes::from_static_str(words))),
    )
}
