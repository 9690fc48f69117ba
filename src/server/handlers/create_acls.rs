//! CreateAcls (30), versions 1-3. Without an authorizer every rule is refused.
//!
//! - v1: prefixed patterns (KIP-290)
//! - v2: flexible
//! - v3: user resources (KIP-373)

use std::sync::Arc;

use kafka_protocol::messages::create_acls_request::CreateAclsRequest;
use kafka_protocol::messages::create_acls_response::{AclCreationResult, CreateAclsResponse};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(_ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: CreateAclsRequest = request.decode()?;
    let refused = AclCreationResult::default().with_error_code(ErrorCode::SecurityDisabled.code()).with_error_message(
        Some(StrBytes::from_static_str("this broker checks no permissions: authorizer.class.name is not set")),
    );
    request.now(&CreateAclsResponse::default().with_results(vec![refused; body.creations.len()]))
}
