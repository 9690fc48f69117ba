//! Envelope (58), version 0. A request that a broker passes on for its client, with who and where that client is (KIP-590); served on
//! the controllers' listener.
//!
//! The embedded request (header and body) goes to the same handler as if it had come by itself, and its answer (header and body) comes
//! back in the envelope. Only what Kafka calls forwardable is taken, so there is no envelope within an envelope. A controller that is
//! not the active one says so on the envelope, whatever is in it. Our own brokers pass operations on in frames of ours
//! (`peer/controller_channel`), whose answers tell from where on the metadata agree with them.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use kafka_protocol::messages::envelope_request::EnvelopeRequest;
use kafka_protocol::messages::envelope_response::EnvelopeResponse;

use crate::base::error_code::ErrorCode;
use crate::protocol::header::RequestHeader;
use crate::protocol::principal;
use crate::protocol::response::Response;
use crate::server::connection_info::ConnectionInfo;
use crate::server::context::Context;
use crate::server::handlers::{Handled, row};
use crate::server::request::{Refusal, Request};

pub fn handle(ctx: &Arc<Context>, request: Request) -> Result<Handled, Refusal> {
    let body: EnvelopeRequest = request.decode()?;
    let embedded = match open(&request, body) {
        Ok(embedded) => embedded,
        Err(code) => return refuse(&request, code),
    };
    let api = embedded.header.api_key;
    let served = row::find(api).filter(|entry| entry.is_on(request.connection.kind));
    let Some(entry) = served.filter(|entry| (entry.min..=entry.max).contains(&embedded.version())) else {
        return refuse(&request, ErrorCode::UnsupportedVersion);
    };
    if !ctx.controller.is_leader() {
        return refuse(&request, ErrorCode::NotController);
    }
    match (entry.handle)(ctx, embedded) {
        Ok(Handled::Now(answer)) => wrap(&request, answer).map(Handled::Now),
        Ok(Handled::Later(rest)) => Ok(Handled::later(async move { wrap(&request, rest.await?) })),
        Ok(Handled::Alone(rest)) => Ok(Handled::Alone(Box::pin(async move { wrap(&request, rest.await?) }))),
        // None of those that are forwarded goes without an answer.
        Ok(Handled::Silent) => refuse(&request, ErrorCode::InvalidRequest),
        Err(Refusal::Body { .. }) => refuse(&request, ErrorCode::UnsupportedVersion),
        Err(other) => Err(other),
    }
}

/// The embedded request, as it came from the client's address.
fn open(envelope: &Request, body: EnvelopeRequest) -> Result<Request, ErrorCode> {
    // Nobody is let in or kept out by name yet; who cannot be named is refused all the same.
    let named = body.request_principal.and_then(|bytes| principal::parse(&bytes).ok());
    let principal = named.ok_or(ErrorCode::PrincipalDeserializationFailure)?;
    let host = address(&body.client_host_address).ok_or(ErrorCode::InvalidRequest)?;
    let mut rest = body.request_data;
    let header = RequestHeader::parse(&mut rest).map_err(|_| ErrorCode::UnsupportedVersion)?;
    tracing::trace!(api = %header.api_key, %host, principal = principal.name, "a request in an envelope");
    if !header.api_key.is_forwardable() {
        return Err(ErrorCode::InvalidRequest);
    }
    let way = &envelope.connection;
    let connection = ConnectionInfo {
        peer: SocketAddr::new(host, way.peer.port()),
        local: way.local,
        listener: way.listener.clone(),
        kind: way.kind,
        software: RefCell::default(),
        node: RefCell::default(),
    };
    Ok(Request { header, body: rest, connection: Rc::new(connection) })
}

/// An address in the bytes of the network's order, four or sixteen of them.
fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

fn wrap(envelope: &Request, answer: Response) -> Result<Response, Refusal> {
    let payload: Option<Bytes> = answer.into_payload();
    let payload =
        payload.ok_or_else(|| Refusal::NotServed("an answer that lies in files, in an envelope".to_owned()))?;
    envelope.respond(&EnvelopeResponse::default().with_response_data(Some(payload)))
}

fn refuse(envelope: &Request, code: ErrorCode) -> Result<Handled, Refusal> {
    envelope.now(&EnvelopeResponse::default().with_error_code(code.code()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_four_bytes_or_sixteen() {
        assert_eq!(address(&[127, 0, 0, 1]), Some("127.0.0.1".parse().unwrap()));
        assert_eq!(address(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), Some("::1".parse().unwrap()));
        assert_eq!([address(&[]), address(&[1, 2, 3]), address(&[0; 15])], [None; 3]);
    }
}
