//! SaslHandshake (17), versions 0-1. No listener here asks for SASL, so there is nothing to shake hands on.
//!
//! - v1: what follows comes in SaslAuthenticate requests (KIP-152)

use std::sync::Arc;

use kafka_protocol::messages::sasl_handshake_response::SaslHandshakeResponse;

use crate::base::error_code::ErrorCode;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(_: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let _: kafka_protocol::messages::SaslHandshakeRequest = request.decode()?;
    request.now(&SaslHandshakeResponse::default().with_error_code(ErrorCode::IllegalSaslState.code()))
}
