//! From a frame to its handler: header, is it served, hand over.
//!
//! A version that is not served closes the connection, as Kafka does, except for ApiVersions, which answers in version 0
//! with `UNSUPPORTED_VERSION` and the table, so that a newer client can fall back (KIP-511).

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;

use crate::protocol::api::{ApiKey, ListenerKind};
use crate::protocol::header::RequestHeader;
use crate::protocol::internal;
use crate::server::connection_info::ConnectionInfo;
use crate::server::context::Context;
use crate::server::handlers::{Handled, api_versions, row};
use crate::server::request::{Refusal, Request};
use crate::server::request_metrics;

/// Hands one frame (without its size) to the API it asks for.
pub fn handle(ctx: &Arc<Context>, connection: &Rc<ConnectionInfo>, frame: Bytes) -> Result<Handled, Refusal> {
    if internal::is_internal(&frame) && connection.kind == ListenerKind::Controller {
        return crate::server::internal::handle(ctx, connection, frame);
    }
    let mut rest = frame;
    let header = RequestHeader::parse(&mut rest).map_err(|e| Refusal::NotServed(format!("the request header: {e}")))?;
    let api = header.api_key;
    let Some(entry) = row::find(api).filter(|entry| entry.is_on(connection.kind)) else {
        return Err(Refusal::NotServed(format!("{} is not served on the listener {}", api, connection.listener)));
    };
    let version = header.api_version;
    let request = Request { header, body: rest, connection: Rc::clone(connection) };
    request_metrics::count(api);
    if version < entry.min || version > entry.max {
        if api == ApiKey::ApiVersions {
            return api_versions::fall_back(&request);
        }
        return Err(Refusal::NotServed(format!(
            "{} version {version} is not served; versions {} to {} are",
            api, entry.min, entry.max
        )));
    }
    (entry.handle)(ctx, request)
}
