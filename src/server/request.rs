//! One request as handlers see it: header, undecoded body, and who sent it.

use std::net::IpAddr;
use std::rc::Rc;

use bytes::Bytes;
use kafka_protocol::protocol::{Encodable, Message, Request as WireRequest};

use crate::protocol::api::ApiKey;
use crate::protocol::codec::{self, DecodeError, EncodeError};
use crate::protocol::header::RequestHeader;
use crate::protocol::response::Response;
use crate::server::connection_info::ConnectionInfo;
use crate::server::handlers::Handled;

/// Why a connection is closed instead of answered.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The body does not follow its schema.
    #[error("{api} version {version}: {source}")]
    Body {
        /// Which API was asked.
        api: ApiKey,
        /// In which version.
        version: i16,
        /// What is wrong with the bytes.
        source: DecodeError,
    },
    /// The request may not be made here: an unknown API or version, or one that this listener does not serve.
    #[error("{0}")]
    NotServed(String),
    /// An answer could not be encoded: a defect of ours, which costs this client its connection and no one else anything.
    #[error("the answer: {0}")]
    Encode(#[from] EncodeError),
}

/// A request, its body not yet decoded.
pub struct Request {
    /// Key, version, correlation id, client id.
    pub header: RequestHeader,
    /// The bytes behind the header.
    pub body: Bytes,
    /// The connection it came on.
    pub connection: Rc<ConnectionInfo>,
}

impl Request {
    /// The version asked for.
    pub fn version(&self) -> i16 {
        self.header.api_version
    }

    /// The client id, empty where none was sent.
    pub fn client_id(&self) -> &str {
        &self.header.client_id
    }

    /// The address the request came from.
    pub fn client_host(&self) -> IpAddr {
        self.connection.peer.ip()
    }

    /// Checks the body's lengths, then decodes it.
    pub fn decode<T: WireRequest>(&self) -> Result<T, Refusal> {
        codec::decode(self.version(), self.body.clone()).map_err(|error| self.undecodable(error))
    }

    /// What becomes of a body that its decoder refused.
    pub fn undecodable(&self, source: DecodeError) -> Refusal {
        Refusal::Body { api: self.header.api_key, version: self.version(), source }
    }

    /// Encodes an answer in the version asked for.
    pub fn respond<R: Encodable + Message>(&self, answer: &R) -> Result<Response, Refusal> {
        Ok(codec::response(self.header.api_key, self.version(), self.header.correlation_id, answer)?)
    }

    /// Encodes an answer that is ready at once.
    pub fn now<R: Encodable + Message>(&self, answer: &R) -> Result<Handled, Refusal> {
        self.respond(answer).map(Handled::Now)
    }
}
