//! DeleteAcls (31), versions 1-3. Without an authorizer every filter is refused.
//!
//! - v1: prefixed patterns (KIP-290)
//! - v2: flexible
//! - v3: user resources (KIP-373)

use std::sync::Arc;

use kafka_protocol::messages::delete_acls_request::DeleteAclsRequest;
use kafka_protocol::messages::delete_acls_response::{DeleteAclsFilterResult, DeleteAclsResponse};
use kafka_protocol::protocol::StrBytes;

use crate::base::error_code::ErrorCode;
use crate::server::context::Context;
use crate::server::handlers::Handled;
use crate::server::request::{Refusal, Request};

pub fn handle(_ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: DeleteAclsRequest = request.decode()?;
    let refused =
        DeleteAclsFilterResult::default().with_error_code(ErrorCode::SecurityDisabled.code()).with_error_message(Some(
            StrBytes::from_static_str("this broker checks no permissions: authorizer.class.name is not set"),
        ));
    request.now(&DeleteAclsResponse::default().with_filter_results(vec![refused; body.filters.len()]))
}
