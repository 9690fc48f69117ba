//! One connection to a broker: requests go out as they come, answers come back in the same order.
//!
//! ```text
//!  send ──► queue ──► writer task ──► socket ──► reader task ──► whoever waits at the head of the line
//!                        └── line of (correlation id, waiter), in the order of writing ──┘
//! ```
//!
//! Kafka answers the requests of a connection in order, so the line is a queue and the correlation id a check. A frame's size is
//! checked before anything is allocated for it. When either task ends, all waiters learn why.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use kafka_protocol::protocol::{Request, StrBytes};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};

use super::address::Address;
use super::dial::{Dialled, dial};
use super::error::{LostError, PeerError};
use super::versions::ApiVersions;
use super::wire;
use crate::base::error_code::ErrorCode;
use crate::protocol::api::ApiKey;
use crate::protocol::codec;
use crate::protocol::header::{self, RequestHeader};
use crate::protocol::internal::{self, Identity, InternalApi};

/// How a connection behaves.
#[derive(Debug, Clone)]
pub struct ConnectionOptions {
    /// What this client calls itself in every request.
    pub client_id: String,
    /// How long an attempt to connect may take, to all addresses of a name together.
    pub connect_timeout: Duration,
    /// How long an answer may take.
    pub request_timeout: Duration,
    /// The largest response that is taken (bytes).
    pub response_bytes_max: usize,
}

impl Default for ConnectionOptions {
    fn default() -> Self {
        Self {
            client_id: "ottla".to_string(),
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            response_bytes_max: 256 << 20,
        }
    }
}

/// Requests that may wait for the socket before a sender has to wait itself.
const QUEUED_REQUESTS: usize = 32;
/// What is allocated for a response before its first byte has come (bytes); more only as it arrives.
const RESPONSE_BYTES_AT_FIRST: usize = 4 << 20;

/// A connection. Cloning it gives a second handle to the same one; it closes with the last handle.
#[derive(Clone)]
pub struct Connection {
    shared: Arc<Shared>,
}

struct Shared {
    address: Address,
    options: ConnectionOptions,
    versions: ApiVersions,
    queue: mpsc::Sender<Outgoing>,
    line: Arc<Mutex<Line>>,
    next_correlation_id: AtomicI32,
}

struct Outgoing {
    frame: Bytes,
    /// Who waits, unless the request has no answer (Produce with acks=0).
    waiter: Option<Waiter>,
}

struct Waiter {
    correlation_id: i32,
    /// Of the header that the answer has.
    header_version: i16,
    answer: oneshot::Sender<Bytes>,
}

/// Who waits for answers, in the order of the requests; why there will be no more, once that is so.
#[derive(Default)]
struct Line {
    waiters: VecDeque<Waiter>,
    lost: Option<LostError>,
}

impl Line {
    fn lose(&mut self, reason: LostError) {
        self.lost.get_or_insert(reason);
        // Dropping the waiters wakes those who wait.
        self.waiters.clear();
    }
}

/// An answer that is still to come.
pub struct Pending<R: Request> {
    connection: Connection,
    version: i16,
    api: ApiKey,
    answer: oneshot::Receiver<Bytes>,
    expired: Pin<Box<tokio::time::Sleep>>,
    marker: PhantomData<fn() -> R>,
}

impl Connection {
    /// Connects and asks for the broker's versions.
    pub async fn open(address: &Address, options: &ConnectionOptions) -> Result<Self, PeerError> {
        let lost = |reason| PeerError::Lost { address: address.clone(), reason };
        let dialled = tokio::time::timeout(options.connect_timeout, dial(address))
            .await
            .map_err(|_| lost(LostError::ConnectTimeout(options.connect_timeout)))?
            .map_err(lost)?;
        let (queue, queued) = mpsc::channel(QUEUED_REQUESTS);
        let line = Arc::new(Mutex::new(Line::default()));
        match dialled {
            Dialled::Tcp(socket) => {
                let (read, write) = socket.into_split();
                tokio::spawn(write_all(write, queued, Arc::clone(&line)));
                tokio::spawn(read_all(read, Arc::clone(&line), options.response_bytes_max));
            }
            Dialled::Simulated(stream) => {
                let (read, write) = tokio::io::split(stream);
                tokio::spawn(write_all(write, queued, Arc::clone(&line)));
                tokio::spawn(read_all(read, Arc::clone(&line), options.response_bytes_max));
            }
        }
        let mut shared = Shared {
            address: address.clone(),
            options: options.clone(),
            versions: ApiVersions::default(),
            queue,
            line,
            next_correlation_id: AtomicI32::new(0),
        };
        shared.versions = shared.negotiate().await?;
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The address that was dialled.
    pub fn address(&self) -> &Address {
        &self.shared.address
    }

    /// What the broker speaks.
    pub fn versions(&self) -> &ApiVersions {
        &self.shared.versions
    }

    /// Whether it can no longer be used.
    pub fn is_lost(&self) -> bool {
        self.shared.queue.is_closed() || self.shared.line.lock().lost.is_some()
    }

    /// The highest version of `R` that both sides speak and that is at most `cap`.
    pub fn version<R: Request>(&self, cap: i16) -> Result<i16, PeerError> {
        let api = api_of::<R>();
        self.shared.versions.pick::<R>(api, cap).ok_or_else(|| PeerError::Unsupported {
            address: self.shared.address.clone(),
            api,
            ours: ApiVersions::ours::<R>(api),
            theirs: self.shared.versions.range(api),
        })
    }

    /// Asks, in the highest common version, and waits for the answer.
    pub async fn call<R: Request>(&self, request: &R) -> Result<R::Response, PeerError> {
        let version = self.version::<R>(i16::MAX)?;
        self.send(version, request).await?.answer().await
    }

    /// Sends a request; the answer is waited for apart, so that many can be on their way.
    pub async fn send<R: Request>(&self, version: i16, request: &R) -> Result<Pending<R>, PeerError> {
        let api = api_of::<R>();
        let answer = self.shared.send(api, version, request).await?;
        // The time runs from the sending on, however late the answer is waited for.
        let expired = Box::pin(tokio::time::sleep(self.shared.options.request_timeout));
        Ok(Pending { connection: self.clone(), version, api, answer, expired, marker: PhantomData })
    }

    /// Sends a request; what comes back is the answer's body, for [`Self::read_answer`]. How long it is waited for is the asker's affair.
    pub(super) async fn send_unhurried<R: Request>(
        &self,
        version: i16,
        request: &R,
    ) -> Result<oneshot::Receiver<Bytes>, PeerError> {
        self.shared.send(api_of::<R>(), version, request).await
    }

    /// The answer to a request of that version.
    pub(super) fn read_answer<R: Request>(&self, version: i16, body: Bytes) -> Result<R::Response, PeerError> {
        self.shared.read_answer::<R>(version, body)
    }

    /// Sends a question of one node to another (`protocol/internal.rs`); what comes back is the answer behind its correlation id.
    pub(super) async fn send_internal(
        &self,
        api: InternalApi,
        from: &Identity,
        payload: &[u8],
    ) -> Result<oneshot::Receiver<Bytes>, PeerError> {
        let shared = &self.shared;
        let correlation_id = shared.next_correlation_id.fetch_add(1, Ordering::Relaxed);
        let garbage = || LostError::Garbage(format!("{} does not fit a frame", api.name()));
        let frame = internal::encode_request(api, correlation_id, from, payload)
            .ok_or_else(|| PeerError::Lost { address: shared.address.clone(), reason: garbage() })?;
        let (answer, receiver) = oneshot::channel();
        let waiter = Waiter { correlation_id, header_version: 0, answer };
        shared.enqueue(Outgoing { frame, waiter: Some(waiter) }).await?;
        Ok(receiver)
    }

    /// Sends a request that has no answer: Produce with acks=0.
    pub async fn post<R: Request>(&self, version: i16, request: &R) -> Result<(), PeerError> {
        let (frame, _) = self.shared.encode(api_of::<R>(), version, request)?;
        self.shared.enqueue(Outgoing { frame, waiter: None }).await
    }
}

impl<R: Request> Pending<R> {
    /// Waits for the answer, at most the connection's request timeout from the moment of sending.
    pub async fn answer(self) -> Result<R::Response, PeerError> {
        let shared = &self.connection.shared;
        let after = shared.options.request_timeout;
        let body = tokio::select! {
            // An answer that is there counts, even if nobody looked for it in time.
            biased;
            body = self.answer => body.map_err(|_| shared.lost())?,
            () = self.expired => {
                return Err(PeerError::Timeout { address: shared.address.clone(), api: self.api, after });
            }
        };
        shared.read_answer::<R>(self.version, body)
    }
}

impl Shared {
    fn read_answer<R: Request>(&self, version: i16, body: Bytes) -> Result<R::Response, PeerError> {
        codec::decode_response(api_of::<R>(), version, body)
            .map_err(|source| PeerError::Decode { address: self.address.clone(), source })
    }

    fn lost(&self) -> PeerError {
        let reason = self.line.lock().lost.clone().unwrap_or(LostError::Closed);
        PeerError::Lost { address: self.address.clone(), reason }
    }

    fn encode<R: Request>(&self, api: ApiKey, version: i16, request: &R) -> Result<(Bytes, i32), PeerError> {
        let correlation_id = self.next_correlation_id.fetch_add(1, Ordering::Relaxed);
        let client_id = StrBytes::from_string(self.options.client_id.clone());
        let header = RequestHeader { api_key: api, api_version: version, correlation_id, client_id };
        Ok((codec::request(&header, request)?, correlation_id))
    }

    async fn enqueue(&self, outgoing: Outgoing) -> Result<(), PeerError> {
        self.queue.send(outgoing).await.map_err(|_| self.lost())
    }

    async fn send<R: Request>(
        &self,
        api: ApiKey,
        version: i16,
        request: &R,
    ) -> Result<oneshot::Receiver<Bytes>, PeerError> {
        let (frame, correlation_id) = self.encode(api, version, request)?;
        let (answer, receiver) = oneshot::channel();
        let waiter = Waiter { correlation_id, header_version: api.response_header_version(version), answer };
        self.enqueue(Outgoing { frame, waiter: Some(waiter) }).await?;
        Ok(receiver)
    }

    /// Asks for the version table: in the newest form first, then in the form that the broker's refusal names. A broker that
    /// does not know the form asked in answers in version 0.
    async fn negotiate(&self) -> Result<ApiVersions, PeerError> {
        let mut version = ApiVersions::ours::<ApiVersionsRequest>(ApiKey::ApiVersions).max;
        loop {
            let mut request = ApiVersionsRequest::default();
            if version >= 3 {
                request.client_software_name = wire::text("ottla");
                request.client_software_version = wire::text(env!("CARGO_PKG_VERSION"));
            }
            let body = self.first_answer(version, &request).await?;
            let refused = body.starts_with(&ErrorCode::UnsupportedVersion.code().to_be_bytes());
            let decode = |version| {
                codec::decode_response::<ApiVersionsResponse>(ApiKey::ApiVersions, version, body.clone())
                    .map_err(|source| PeerError::Decode { address: self.address.clone(), source })
            };
            if !refused {
                let response = decode(version)?;
                wire::check(response.error_code, None, || format!("ask {} for its API versions", self.address))?;
                return Ok(ApiVersions::of(&response));
            }
            // Brokers before 2.4 put nothing but the error into the answer.
            let named = decode(0)
                .ok()
                .and_then(|r| ApiVersions::of(&r).range(ApiKey::ApiVersions))
                .map_or(0, |range| range.max);
            if version == 0 {
                return Err(PeerError::refused("agree on a protocol version", ErrorCode::UnsupportedVersion, None));
            }
            version = named.clamp(0, version - 1);
        }
    }

    async fn first_answer(&self, version: i16, request: &ApiVersionsRequest) -> Result<Bytes, PeerError> {
        let answer = self.send(ApiKey::ApiVersions, version, request).await?;
        let (after, api) = (self.options.request_timeout.min(self.options.connect_timeout), ApiKey::ApiVersions);
        match tokio::time::timeout(after, answer).await {
            Err(_) => Err(PeerError::Timeout { address: self.address.clone(), api, after }),
            Ok(Ok(body)) => Ok(body),
            Ok(Err(_)) => Err(match self.lost() {
                PeerError::Lost { address, reason: LostError::Closed } => {
                    PeerError::Lost { address, reason: LostError::ClosedAtOnce }
                }
                other => other,
            }),
        }
    }
}

fn api_of<R: Request>() -> ApiKey {
    ApiKey::from_number(R::KEY).expect("every message of the crate belongs to an API of the table")
}

async fn write_all(mut socket: impl AsyncWrite + Unpin, mut queue: mpsc::Receiver<Outgoing>, line: Arc<Mutex<Line>>) {
    while let Some(outgoing) = queue.recv().await {
        if let Some(waiter) = outgoing.waiter {
            let mut line = line.lock();
            if line.lost.is_some() {
                return;
            }
            line.waiters.push_back(waiter);
        }
        if let Err(error) = socket.write_all(&outgoing.frame).await {
            line.lock().lose(LostError::Io(error.to_string()));
            return;
        }
    }
    let _ = socket.shutdown().await;
}

async fn read_all(mut socket: impl AsyncRead + Unpin, line: Arc<Mutex<Line>>, bytes_max: usize) {
    let reason = loop {
        let mut frame = match read_frame(&mut socket, bytes_max).await {
            Ok(frame) => frame,
            Err(reason) => break reason,
        };
        let Some(waiter) = line.lock().waiters.pop_front() else {
            break LostError::Garbage("it comes unasked".to_string());
        };
        match header::read_response_header_as(&mut frame, waiter.header_version) {
            Ok(id) if id == waiter.correlation_id => {
                // Whoever asked may have given up; that is no concern of those behind.
                let _ = waiter.answer.send(frame);
            }
            Ok(id) => {
                let expected = waiter.correlation_id;
                line.lock().lose(LostError::Garbage(format!("correlation id {id} instead of {expected}")));
                return;
            }
            Err(error) => {
                line.lock().lose(LostError::Garbage(error.to_string()));
                return;
            }
        }
    };
    line.lock().lose(reason);
}

async fn read_frame(socket: &mut (impl AsyncRead + Unpin), bytes_max: usize) -> Result<Bytes, LostError> {
    let mut prefix = [0; 4];
    match socket.read_exact(&mut prefix).await {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Err(LostError::Closed),
        Err(error) => return Err(LostError::Io(error.to_string())),
    }
    let size = match usize::try_from(i32::from_be_bytes(prefix)) {
        Ok(size) if size <= bytes_max && size >= 4 => size,
        _ => return Err(LostError::Garbage(what_it_looks_like(prefix, bytes_max))),
    };
    let mut frame = BytesMut::with_capacity(size.min(RESPONSE_BYTES_AT_FIRST));
    while frame.len() < size {
        let missing = size - frame.len();
        if frame.capacity() == frame.len() {
            frame.reserve(missing.min(frame.len()));
        }
        match (&mut *socket).take(missing as u64).read_buf(&mut frame).await {
            Ok(0) => return Err(LostError::Closed),
            Ok(_) => {}
            Err(error) => return Err(LostError::Io(error.to_string())),
        }
    }
    Ok(frame.freeze())
}

fn what_it_looks_like(prefix: [u8; 4], bytes_max: usize) -> String {
    match &prefix {
        b"HTTP" => "it is an HTTP server's".to_string(),
        [0x15, 3, ..] => "it is a TLS alert: the listener wants TLS, and this client speaks plaintext only".to_string(),
        _ => format!("a frame of {} bytes, where 4 to {bytes_max} are possible", i32::from_be_bytes(prefix)),
    }
}

#[cfg(test)]
#[path = "connection_test.rs"]
mod tests;
