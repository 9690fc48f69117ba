//! DescribeAcls (29), versions 1-3. Without an authorizer there is nothing to describe.
//!
//! - v1: prefixed patterns (KIP-290)
//! - v2: flexible
//! - v3: user resources (KIP-373)

use std::sync::Arc;

use kafka_protocol::messages::describe_acls_request::DescribeAclsRequest;
use kafka_protocol::messages::describe_acls_response::DescribeAclsResponse;
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(_ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let _body: DescribeAclsRequest = request.decode()?;
    let message = StrBytes::from_static_str("this broker checks no permissions: authorizer.class.name is not set");
    request.now(
        &DescribeAclsResponse::default()
            .with_error_code(ErrorCode::SecurityDisabled.code())
            .with_error_message(Some(message)),
    )
}
